"""From magnitudes to electrons: spectra of stars and sky, the air, the glass and the sensor.

All are sampled every nanometre. A star of some B-V has the fluxes in U, B, V, R and I of a dwarf of that colour;
between the five wavelengths and beyond them they follow power laws, and the whole is scaled so that its energy in
Bessell's V band is that of its magnitude. Of the loss in the air at 550 nm, molecules and aerosols take half each
(after Hayes & Latham 1975).

Limits: no absorption lines or molecular bands, so that single wavelengths are off by 10 % (the sun from 445 to
480 nm) where a band of filter width is right; the Balmer jump is a slope; cool giants count as dwarfs of the same
B-V; 300 to 1100 nm only.

References
----------
.. [1] Bessell M. S. 1990, PASP 102, 1181 (V band), and Bessell M. S. et al. 1998, A&A 333, 231, table A2 (zero
   points in flux).
.. [2] Pecaut M. J., Mamajek E. E. 2013, ApJS 208, 9, table 5 (colours of dwarfs, rounded).
.. [3] Hayes D. S., Latham D. W. 1975, ApJ 197, 593 (atmospheric extinction).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import UnknownName
from fullwell.models.facts import Response, Sensor
from fullwell.scene.filters import BESSELL_V, BESSELL_V_NM, filter_named

Spectrum = NDArray[np.float64]  # photons/s/cm2/nm on WAVELENGTH_NM

WAVELENGTH_NM: Spectrum = np.arange(300.0, 1101.0)

_V_BAND: Spectrum = np.interp(WAVELENGTH_NM, BESSELL_V_NM, BESSELL_V, left=0.0, right=0.0)
_V_ZERO_W_PER_CM2_NM = 3.631e-15  # 363.1e-11 erg/s/cm2/A
_BAND_NM = np.array([366.0, 438.0, 545.0, 641.0, 798.0])
_BAND_ZERO = np.array([417.5, 632.0, 363.1, 217.7, 112.6])  # 1e-11 erg/s/cm2/A
_DWARF_BV = (-0.30, -0.16, 0.0, 0.29, 0.44, 0.65, 0.82, 1.15, 1.42, 1.50, 1.65)
_DWARF_UB = (-1.06, -0.58, 0.0, 0.05, -0.02, 0.15, 0.42, 1.06, 1.19, 1.15, 1.10)
_DWARF_VR = (-0.12, -0.06, 0.0, 0.17, 0.25, 0.36, 0.44, 0.71, 0.89, 1.00, 1.24)
_DWARF_VI = (-0.32, -0.15, 0.0, 0.34, 0.51, 0.71, 0.86, 1.32, 1.75, 2.06, 2.83)
_PHOTON_J_NM = 1.98644586e-16  # Planck's constant x speed of light


def black_body(temperature_k: float) -> Spectrum:
    """Photon spectrum of a black body of magnitude V = 0 above the air.

    Parameters
    ----------
    temperature_k : float
        Above 0.

    Returns
    -------
    ndarray of float64
        photons/s/cm2/nm at `WAVELENGTH_NM`.

    Examples
    --------
    >>> flux = black_body(9500.0)[WAVELENGTH_NM == 550.0]
    >>> 0.9e4 < float(flux[0]) < 1.1e4
    True
    """
    energy = WAVELENGTH_NM**-5 / np.expm1(1.438777e7 / (WAVELENGTH_NM * temperature_k))
    return of_magnitude_zero(energy * WAVELENGTH_NM)


def of_magnitude_zero(photons: Spectrum) -> Spectrum:
    """A photon spectrum of any scale, brought to V = 0."""
    energy = photons / WAVELENGTH_NM
    scale = _V_ZERO_W_PER_CM2_NM / _PHOTON_J_NM * float(_V_BAND.sum() / (energy * _V_BAND).sum())
    return np.asarray(photons * scale)


def star_spectrum(bv_mag: float) -> Spectrum:
    """Photon spectrum of a star of V = 0 and colour B-V, photons/s/cm2/nm above the air.

    Parameters
    ----------
    bv_mag : float
        Colours beyond -0.3 and 1.65 keep U-B, V-R and V-I of those.
    """
    ub, vr, vi = (np.interp(bv_mag, _DWARF_BV, column) for column in (_DWARF_UB, _DWARF_VR, _DWARF_VI))
    magnitude = np.array([bv_mag + ub, bv_mag, 0.0, -vr, -vi])
    flux = np.log(_BAND_ZERO * 10 ** (-0.4 * magnitude) * _BAND_NM)
    place, bands = np.log(WAVELENGTH_NM), np.log(_BAND_NM)
    between = np.interp(place, bands, flux)
    blue = (flux[1] - flux[0]) / (bands[1] - bands[0]) * np.minimum(place - bands[0], 0)
    red = (flux[4] - flux[3]) / (bands[4] - bands[3]) * np.maximum(place - bands[4], 0)
    return of_magnitude_zero(np.exp(between + blue + red))


def air_transmission(airmass: float, extinction_v_mag: float) -> Spectrum:
    """Share of light that comes through the air, 0 to 1.

    Parameters
    ----------
    airmass : float
        At least 1.
    extinction_v_mag : float
        Loss at 550 nm per air mass, mag.
    """
    shape = 0.5 * (WAVELENGTH_NM / 550) ** -4.05 + 0.5 * (WAVELENGTH_NM / 550) ** -1.2
    return np.asarray(10 ** (-0.4 * airmass * extinction_v_mag * shape))


@dataclass(frozen=True, eq=False)
class Channels:
    """The colour channels of a sensor behind a filter: one for mono, else one per letter of the mosaic.

    Attributes
    ----------
    index : ndarray of int64, shape (2, 2)
        Channel of each pixel of the mosaic by (row % 2, column % 2).
    response : ndarray of float64, shape (channels, wavelengths)
        Electrons per photon at the filter.
    """

    index: NDArray[np.int64]
    response: NDArray[np.float64]

    def electrons(self, spectrum: Spectrum) -> NDArray[np.float64]:
        """Electrons of each channel per unit of a photon spectrum per nm (1 nm steps)."""
        return np.asarray(self.response @ spectrum)


def channels(sensor: Sensor, coating: str, filter_name: str) -> Channels:
    """How a sensor sees behind a filter.

    Raises
    ------
    UnknownName
        If there is no such coating or filter.
    """
    glass = filter_named(filter_name).at(WAVELENGTH_NM)
    efficiency = glass * _at(_coating(sensor, coating))
    if sensor.bayer is None:
        return Channels(np.zeros((2, 2), np.int64), efficiency[np.newaxis])
    letters = sorted(set(sensor.bayer))
    index = np.array([letters.index(letter) for letter in sensor.bayer], np.int64).reshape(2, 2)
    return Channels(index, np.stack([efficiency * _at(sensor.mosaic[letter]) for letter in letters]))


def _coating(sensor: Sensor, name: str) -> Response:
    for response in sensor.coatings:
        if response.name == name:
            return response
    raise UnknownName("coating", name, (response.name for response in sensor.coatings))


def _at(response: Response) -> Spectrum:
    return np.interp(WAVELENGTH_NM, response.wavelength_nm, response.quantum_efficiency, left=0.0, right=0.0)
