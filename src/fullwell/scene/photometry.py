"""Electrons per second of a star or of the sky, for one telescope, filter and sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.scene.optics import Optics
from fullwell.scene.spectra import Channels, Spectrum, air_transmission, star_spectrum

SKY_COLOUR_MAG = 0.9
ZERO_POINT_COLOUR_MAG = 0.65  # of the sun, and near the median of field stars
_COLOURS_MAG = np.linspace(-0.4, 3.0, 69)


@dataclass(frozen=True, eq=False)
class Photometry:
    """From magnitudes to electrons per second.

    Attributes
    ----------
    channels : Channels
        Filter, coating, colour filters.
    clear_cm2 : float
        Clear area x transmission of the telescope.
    air : ndarray of float64
        Transmission of the air.
    """

    channels: Channels
    clear_cm2: float
    air: Spectrum
    _of_colour: NDArray[np.float64]

    @classmethod
    def through(cls, optics: Optics, channels: Channels, airmass: float, extinction_mag: float) -> Photometry:
        """The photometry of a telescope under some air."""
        clear_cm2 = optics.area_cm2 * optics.transmission
        air = air_transmission(airmass, extinction_mag)
        rates = [channels.electrons(air * star_spectrum(bv_mag)) for bv_mag in _COLOURS_MAG]
        return cls(channels, clear_cm2, air, clear_cm2 * np.stack(rates, axis=1))

    def rates(self, spectrum: Spectrum) -> NDArray[np.float64]:
        """Electrons per second by channel of light that arrives above the air, photons/s/cm2/nm."""
        return np.asarray(self.clear_cm2 * self.channels.electrons(self.air * spectrum))

    def star_rates(self, v_mag: NDArray[np.float64], bv_mag: NDArray[np.float64]) -> NDArray[np.float64]:
        """Electrons per second of stars, as if every pixel had the channel's colour.

        Parameters
        ----------
        v_mag, bv_mag : ndarray of float64, shape (stars,)
            Magnitude above the air and colour; colours beyond -0.4 and 3.0 count as those.

        Returns
        -------
        ndarray of float64, shape (channels, stars)
        """
        rates = [np.interp(bv_mag, _COLOURS_MAG, row) for row in self._of_colour]
        return np.asarray(np.stack(rates) * 10 ** (-0.4 * v_mag))

    def sky_rates(self, v_mag_per_arcsec2: float, scale_arcsec: float) -> NDArray[np.float64]:
        """Electrons per second and pixel of the sky background, whose brightness is that seen from the ground.

        Returns
        -------
        ndarray of float64, shape (channels,)
        """
        rates = self.clear_cm2 * self.channels.electrons(star_spectrum(SKY_COLOUR_MAG))
        return np.asarray(rates * 10 ** (-0.4 * v_mag_per_arcsec2) * scale_arcsec**2)

    def over_mosaic(self, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over the pixels of the mosaic of values by channel (first axis)."""
        return np.asarray(rates[self.channels.index].mean(axis=(0, 1)))

    @property
    def zero_point_mag(self) -> float:
        """V of a sun-like star above the air that frees 1 electron per second, all pixels together."""
        rate = self.over_mosaic(self.star_rates(np.zeros(1), np.array([ZERO_POINT_COLOUR_MAG])))[0]
        return float(2.5 * np.log10(rate)) if rate > 0 else float("-inf")
