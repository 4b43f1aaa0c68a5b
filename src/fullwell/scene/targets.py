"""Extended objects at the centre of a field: a comet or a galaxy.

Limits: seeing only softens their centres; an error of the mount moves them, but does not smear them; no structure
beyond the laws below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma, gammaincinv

from fullwell.scene.limits import require_number
from fullwell.scene.photometry import Photometry
from fullwell.scene.spectra import WAVELENGTH_NM, Spectrum, of_magnitude_zero, star_spectrum

TABLE_STEPS = 4096


@dataclass(frozen=True, eq=False)
class Glow:
    """One smooth patch of light on the sensor: a law of elliptical radius, or of the distance along a tail.

    Attributes
    ----------
    rate_e_per_s : ndarray of float64, shape (channels,)
        Factor of the law, electrons per second and pixel.
    law : ndarray of float32
        Brightness at evenly spaced square roots of radius / `radius_px`, from 0 to 1.
    radius_px : float
        Where it ends, along the major axis.
    softening_px : float
        Added in quadrature to the radius, or to the width of a tail: the seeing.
    axis_ratio : float
        Minor over major axis; 0 = a tail.
    direction : tuple of float
        Unit vector of the major axis on the sensor (columns, rows).
    spread_px : float
        Of a tail: its Gaussian cross-section has the variance spread x distance, px.
    """

    rate_e_per_s: NDArray[np.float64]
    law: NDArray[np.float32]
    radius_px: float
    softening_px: float
    axis_ratio: float = 1.0
    direction: tuple[float, float] = (1.0, 0.0)
    spread_px: float = 0.0


class Target(Protocol):
    """Something that shines at the centre of the field."""

    def glows(
        self, photometry: Photometry, scale_arcsec: float, seeing_px: float, north_east: NDArray[np.float64]
    ) -> list[Glow]:
        """Its light on the sensor.

        Parameters
        ----------
        photometry : Photometry
        scale_arcsec : float
            Of a pixel.
        seeing_px : float
            Full width at half maximum.
        north_east : ndarray of float64, shape (2, 2)
            Steps on the sensor (columns, rows) for one arcsecond to the north and to the east, as rows.
        """
        ...

    def in_words(self) -> str:
        """For the answer key."""
        ...


def _direction(north_east: NDArray[np.float64], position_angle_deg: float) -> tuple[float, float]:
    angle = np.radians(position_angle_deg)
    vector = np.cos(angle) * north_east[0] + np.sin(angle) * north_east[1]
    vector /= np.hypot(*vector)
    return float(vector[0]), float(vector[1])


@dataclass(frozen=True, slots=True)
class Galaxy:
    """A galaxy: a de Vaucouleurs bulge in an exponential disc, both after Sersic's law.

    Parameters
    ----------
    magnitude : float
        Total V, -5 to 25.
    half_light_arcmin : float
        Radius along the major axis that holds half of the disc's light, 0.01 to 200.
    axis_ratio : float, default 0.5
        Of the disc, 0.05 to 1.
    position_angle_deg : float, default 0
        Of the major axis, from north through east, -360 to 360.
    bulge_share : float, default 0.25
        Of the light, 0 to 1.
    bulge_arcmin : float, optional
        Half-light radius of the bulge; a quarter of the disc's if not given.
    bv_mag : float, default 0.8
        Colour, -0.4 to 3.

    References
    ----------
    Graham A. W., Driver S. P. 2005, PASA 22, 118.
    """

    magnitude: float
    half_light_arcmin: float
    axis_ratio: float = 0.5
    position_angle_deg: float = 0.0
    bulge_share: float = 0.25
    bulge_arcmin: float | None = None
    bv_mag: float = 0.8

    def __post_init__(self) -> None:
        require_number("magnitude", self.magnitude, -5, 25, "mag")
        require_number("half_light_arcmin", self.half_light_arcmin, 0.01, 200, "arcmin")
        require_number("axis_ratio", self.axis_ratio, 0.05, 1)
        require_number("position_angle_deg", self.position_angle_deg, -360, 360, "deg")
        require_number("bulge_share", self.bulge_share, 0, 1)
        if self.bulge_arcmin is not None:
            require_number("bulge_arcmin", self.bulge_arcmin, 0.001, 200, "arcmin")
        require_number("bv_mag", self.bv_mag, -0.4, 3, "mag")

    def glows(
        self, photometry: Photometry, scale_arcsec: float, seeing_px: float, north_east: NDArray[np.float64]
    ) -> list[Glow]:
        """Its light on the sensor; see `Target`."""
        rate = photometry.star_rates(np.array([self.magnitude]), np.array([self.bv_mag]))[:, 0]
        bulge_arcmin = self.bulge_arcmin or self.half_light_arcmin / 4
        direction = _direction(north_east, self.position_angle_deg)
        round_bulge = (1 + self.axis_ratio) / 2
        glows = []
        for share, half_arcmin, index, ratio in (
            (1 - self.bulge_share, self.half_light_arcmin, 1.0, self.axis_ratio),
            (self.bulge_share, bulge_arcmin, 4.0, round_bulge),
        ):
            if share:
                half_px = half_arcmin * 60 / scale_arcsec
                law, reach = _sersic(index)
                total = rate * share / (half_px**2 * ratio)
                glows.append(Glow(total, law, half_px * reach, 0.4 * seeing_px, ratio, direction))
        return glows

    def in_words(self) -> str:
        """For the answer key."""
        return (
            f"galaxy of V {self.magnitude:g}, half-light radius {self.half_light_arcmin:g} arcmin, "
            f"axis ratio {self.axis_ratio:g}, bulge {100 * self.bulge_share:g} %"
        )


def _sersic(index: float) -> tuple[NDArray[np.float32], float]:
    """Sersic's law of total light 1 in units of the half-light radius, and the radius where it is cut.

    The cut at eight half-light radii fades to zero and loses less than 5 % of an index-4 profile; what is lost is
    given back.
    """
    reach = 8.0
    b = float(gammaincinv(2 * index, 0.5))
    radius = reach * np.linspace(0, 1, TABLE_STEPS + 1) ** 2
    edge = np.exp(-b * (reach ** (1 / index) - 1))
    law = np.exp(-b * (radius ** (1 / index) - 1)) - edge
    whole = 2 * np.pi * index * np.exp(b) * b ** (-2 * index) * gamma(2 * index)
    inside = np.trapezoid(2 * np.pi * radius * law, radius)
    return (law / max(inside, 0.5 * whole)).astype(np.float32), reach


@dataclass(frozen=True, slots=True)
class Comet:
    """A comet: a coma whose brightness falls as 1 / distance, and a straight tail.

    Half of the coma's light is sunlight from dust, half the green bands of C2, which the tail does not have.

    Parameters
    ----------
    magnitude : float
        Total V of the coma, -10 to 25.
    coma_arcmin : float, default 10
        Radius where the coma has faded, 0.1 to 300.
    tail_deg : float, default 1
        Length over which the tail falls to 1/e, 0 (no tail) to 30.
    tail_position_angle_deg : float, default 60
        Away from the sun, from north through east, -360 to 360.
    tail_share : float, default 0.5
        Light of the tail in units of the coma's, 0 to 10.

    References
    ----------
    1 / distance: gas and dust that leave the nucleus evenly and at constant speed. C2: Swan bands at 474, 516 and
    564 nm, A'Hearn M. F. et al. 1995, Icarus 118, 223.
    """

    magnitude: float
    coma_arcmin: float = 10.0
    tail_deg: float = 1.0
    tail_position_angle_deg: float = 60.0
    tail_share: float = 0.5

    def __post_init__(self) -> None:
        require_number("magnitude", self.magnitude, -10, 25, "mag")
        require_number("coma_arcmin", self.coma_arcmin, 0.1, 300, "arcmin")
        require_number("tail_deg", self.tail_deg, 0, 30, "deg")
        require_number("tail_position_angle_deg", self.tail_position_angle_deg, -360, 360, "deg")
        require_number("tail_share", self.tail_share, 0, 10)

    def glows(
        self, photometry: Photometry, scale_arcsec: float, seeing_px: float, north_east: NDArray[np.float64]
    ) -> list[Glow]:
        """Its light on the sensor; see `Target`."""
        sunlight = star_spectrum(0.65)
        bright = 10 ** (-0.4 * self.magnitude)
        coma = bright * photometry.rates((sunlight + _swan_bands()) / 2)
        radius_px = self.coma_arcmin * 60 / scale_arcsec
        glows = [Glow(coma / radius_px**2, _coma_law(), radius_px, 0.4 * seeing_px)]
        if self.tail_deg and self.tail_share:
            length_px = self.tail_deg * 3600 / scale_arcsec
            tail = bright * self.tail_share * photometry.rates(sunlight)
            direction = _direction(north_east, self.tail_position_angle_deg)
            law, reach = _tail_law()
            glows.append(
                Glow(
                    tail / length_px**2,
                    law,
                    reach * length_px,
                    seeing_px,
                    0.0,
                    direction,
                    TAIL_WIDTH**2 * length_px,
                )
            )
        return glows

    def in_words(self) -> str:
        """For the answer key."""
        return (
            f"comet of V {self.magnitude:g}, coma of {self.coma_arcmin:g} arcmin, tail of {self.tail_deg:g} deg"
        )


TAIL_WIDTH = 0.06  # standard deviation across at one 1/e length, in units of that length


def _swan_bands() -> Spectrum:
    """C2 emission of V = 0: bands that rise to a head and fade to the blue."""
    light = np.zeros_like(WAVELENGTH_NM)
    for head_nm, strength in ((473.7, 0.5), (516.5, 1.0), (563.6, 0.5)):
        below = head_nm - WAVELENGTH_NM
        light += strength * np.where(below >= 0, np.exp(-below / 6), 0.0)
    return of_magnitude_zero(light)


def _coma_law() -> NDArray[np.float32]:
    """1 / distance, fading to nothing at distance 1, of total light 1."""
    radius = np.linspace(0, 1, TABLE_STEPS + 1) ** 2
    # The total of 2 pi r (1/r - 1)(1 - r) from 0 to 1 is 2 pi / 3.
    law = (1 / np.maximum(radius, 1e-6) - 1) * (1 - radius) / (2 * np.pi / 3)
    return law.astype(np.float32)


def _tail_law() -> tuple[NDArray[np.float32], float]:
    """Brightness on the axis of a tail of total light 1 against distance in 1/e lengths, and where it is cut."""
    reach = 4.0
    distance = reach * np.linspace(0, 1, TABLE_STEPS + 1) ** 2
    fade = (np.exp(-distance) - np.exp(-reach)) / np.sqrt(distance + 0.01)
    across = np.sqrt(2 * np.pi) * TAIL_WIDTH * np.sqrt(distance)
    law = fade / np.trapezoid(fade * across, distance)
    return law.astype(np.float32), reach
