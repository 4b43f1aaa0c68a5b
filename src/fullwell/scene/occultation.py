"""A star hidden for a while by a body of the solar system.

The shadow of a circular body passes the telescope at constant speed. Without diffraction the star goes out
where its disc lies behind the body's; with it, the light is that of `fullwell.scene.diffraction`, averaged over
the wavelengths that the sensor sees and over the disc of the star.

Limits: a circular body without air; an evenly bright disc of the star (no limb darkening, no companion); the
path of the shadow is straight; star and body stay at the same place in the picture; on a colour sensor all
pixels see the fringes of the mean colour.

References
----------
.. [1] Roques F., Moncuquet M., Sicardy B. 1987, AJ 93, 1549.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.scene.diffraction import AU_KM, REACH, STEPS_PER_SCALE, fresnel_scale_km, shadow_profile
from fullwell.scene.light_curve import LightCurve
from fullwell.scene.limits import require_instant, require_number

Points = NDArray[np.float64]

_MAS_RAD = float(np.radians(1 / 3.6e6))
_DISC_STEPS = 200
_RINGS, _SECTORS = 12, 24

LARGEST_STAR = 8.0
"""Fresnel scales; the disc of a larger star leaves fringes of less than 1 % of its light, which are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occultation:
    """An occultation in a field of the sky: give it to `fullwell.scene.Sky` as one of its `events`.

    Parameters
    ----------
    mid_time_ns : int
        UTC ns since 1970: the middle of the event.
    diameter_km : float
        Of the body, 0.01 to 1e5.
    shadow_speed_km_s : float
        Speed of the shadow across the telescope, 0.01 to 1000.
    distance_au : float, default 2
        Of the body, 0.001 to 1000.
    impact_km : float, default 0
        How far from the shadow's centre the telescope passes it, 0 to 1e5.
    magnitude : float, optional
        V of the star, -2 to 26, which is added to the field. Without it, the brightest star of the field within
        30 arcsec of the position is the one that is hidden.
    bv_mag : float, default 0.65
        Its colour, -0.4 to 3, if `magnitude` is given.
    ra_deg, dec_deg : float, optional
        Its position, ICRS; the centre of the field by default.
    star_diameter_mas : float, default 0
        Angular diameter of the star, 0 to 100.
    body_magnitude : float, optional
        V of the body, whose own light stays, -2 to 30; none by default.
    diffraction : bool, default False
        Fresnel fringes; else the edge of the shadow is sharp but for the star's own disc.

    Examples
    --------
    >>> event = Occultation(mid_time_ns=10**18, diameter_km=30, shadow_speed_km_s=15, impact_km=9)
    >>> [(contact - event.mid_time_ns) / 1e9 for contact in event.contacts_ns]
    [-0.8, 0.8]
    >>> event.light_curve().mean(np.array([10**18 - 10**9]), np.array([10**18]))
    array([0.2])
    """

    mid_time_ns: int
    diameter_km: float
    shadow_speed_km_s: float
    distance_au: float = 2.0
    impact_km: float = 0.0
    magnitude: float | None = None
    bv_mag: float = 0.65
    ra_deg: float | None = None
    dec_deg: float | None = None
    star_diameter_mas: float = 0.0
    body_magnitude: float | None = None
    diffraction: bool = False

    def __post_init__(self) -> None:
        require_instant("mid_time_ns", self.mid_time_ns)
        require_number("diameter_km", self.diameter_km, 0.01, 1e5, "km")
        require_number("shadow_speed_km_s", self.shadow_speed_km_s, 0.01, 1000, "km/s")
        require_number("distance_au", self.distance_au, 1e-3, 1000, "au")
        require_number("impact_km", self.impact_km, 0, 1e5, "km")
        require_number("bv_mag", self.bv_mag, -0.4, 3, "mag")
        require_number("star_diameter_mas", self.star_diameter_mas, 0, 100, "mas")
        if self.magnitude is not None:
            require_number("magnitude", self.magnitude, -2, 26, "mag")
        if self.body_magnitude is not None:
            require_number("body_magnitude", self.body_magnitude, -2, 30, "mag")
        require_place(self.ra_deg, self.dec_deg)

    @property
    def star_radius_km(self) -> float:
        """Radius of the star's disc at the distance of the body."""
        return self.star_diameter_mas / 2 * _MAS_RAD * self.distance_au * AU_KM

    @property
    def contacts_ns(self) -> tuple[int, int] | None:
        """UTC ns when the star's centre goes behind the limb and comes out; None if it passes outside."""
        half_km = self._half_chord_km(self.diameter_km / 2)
        if half_km <= 0:
            return None
        half_ns = round(half_km / self.shadow_speed_km_s * 1e9)
        return self.mid_time_ns - half_ns, self.mid_time_ns + half_ns

    def light_curve(self, wavelength_nm: Points | None = None) -> LightCurve:
        """Light of the star over time.

        Parameters
        ----------
        wavelength_nm : ndarray of float64, optional
            Wavelengths of equal weight, for diffraction; 550 nm alone by default.

        Returns
        -------
        LightCurve
        """
        wavelengths = np.array([550.0]) if wavelength_nm is None else wavelength_nm
        scale_km = fresnel_scale_km(float(wavelengths.mean()), self.distance_au)
        if self.diffraction and self.star_radius_km < LARGEST_STAR * scale_km:
            along_km, light = self._fringes(wavelengths)
        elif self.star_radius_km > 0:
            along_km, light = self._discs()
        else:
            half_km = self._half_chord_km(self.diameter_km / 2)
            along_km = np.array([-half_km, -half_km, half_km, half_km])
            light = np.array([1.0, 0.0, 0.0, 1.0]) if half_km > 0 else np.ones(4)
        return LightCurve(self.mid_time_ns, along_km / self.shadow_speed_km_s, light)

    def in_words(self) -> str:
        """For the answer key."""
        edge = "Fresnel diffraction" if self.diffraction else "no diffraction"
        told = f"{self.diameter_km:g} km at {self.distance_au:g} au, {self.shadow_speed_km_s:g} km/s, {edge}"
        if self.contacts_ns is None:
            return f"{told}; the star passes outside the limb"
        begin, end = (_iso(instant) for instant in self.contacts_ns)
        return f"{told}; from {begin} to {end} UTC"

    def _half_chord_km(self, radius_km: float) -> float:
        return float(np.sqrt(max(radius_km**2 - self.impact_km**2, 0.0)))

    def _crossing_km(self, margin_km: float, step_km: float) -> Points:
        """Places along the path, from within `margin_km` of the limb on both sides."""
        radius_km = self.diameter_km / 2
        outer, inner = (self._half_chord_km(max(radius_km + side, 0.0)) for side in (margin_km, -margin_km))
        if outer <= inner:
            return np.zeros(2)
        out = np.linspace(inner, outer, int(np.ceil((outer - inner) / step_km)) + 2)
        return np.concatenate([-out[::-1], out])

    def _discs(self) -> tuple[Points, Points]:
        star_km = self.star_radius_km
        along_km = self._crossing_km(star_km * 1.0001, star_km / _DISC_STEPS)
        hidden = covered_share(star_km, self.diameter_km / 2, np.hypot(along_km, self.impact_km))
        return along_km, 1 - hidden

    def _fringes(self, wavelength_nm: Points) -> tuple[Points, Points]:
        star_km, radius_km = self.star_radius_km, self.diameter_km / 2
        scale_km = fresnel_scale_km(float(wavelength_nm.max()), self.distance_au)
        step_km = fresnel_scale_km(float(wavelength_nm.min()), self.distance_au) / STEPS_PER_SCALE
        along_km = self._crossing_km(REACH * scale_km + star_km, step_km)
        away_km = np.hypot(along_km, self.impact_km)
        nearest, farthest = max(float(away_km.min()) - star_km, 0.0), float(away_km.max()) + star_km
        table_km = np.linspace(nearest, farthest, int((farthest - nearest) / step_km) + 2)
        table = shadow_profile(radius_km, self.distance_au, wavelength_nm, table_km)
        light = np.interp(away_km, table_km, table)
        if star_km > 0:
            light = _over_disc(star_km, away_km, table_km, table)
        light[[0, -1]] = 1.0
        return along_km, light


def covered_share(radius: float, by_radius: float, apart: Points) -> Points:
    """Share of a disc that another disc covers.

    Parameters
    ----------
    radius, by_radius : float
        Of the disc and of the one in front.
    apart : ndarray of float64
        Distances of their centres, in the same unit.

    Examples
    --------
    >>> covered_share(1.0, 1000.0, np.array([998.0, 1000.0, 1002.0])).round(3)
    array([1. , 0.5, 0. ])
    """
    overlap = np.zeros_like(apart)
    small = min(radius, by_radius)
    overlap[apart <= abs(radius - by_radius)] = np.pi * small**2
    partial = (apart > abs(radius - by_radius)) & (apart < radius + by_radius)
    d = apart[partial]
    own = (d**2 + radius**2 - by_radius**2) / (2 * d)
    for size, depth in ((radius, own), (by_radius, d - own)):
        angle = np.arccos(np.clip(depth / size, -1, 1))
        overlap[partial] += size**2 * (angle - np.sin(2 * angle) / 2)
    return np.asarray(overlap / (np.pi * radius**2))


def _over_disc(star_km: float, away_km: Points, table_km: Points, table: Points) -> Points:
    """Mean of a profile over the even disc of the star: Gauss points in the square of its radius."""
    node, weight = np.polynomial.legendre.leggauss(_RINGS)
    angle = (np.arange(_SECTORS) + 0.5) * np.pi / _SECTORS
    light = np.zeros_like(away_km)
    for share, part in zip((node + 1) / 2, weight / 2, strict=True):
        ring_km = star_km * np.sqrt(share)
        for direction in angle:
            there = np.hypot(away_km + ring_km * np.cos(direction), ring_km * np.sin(direction))
            light += part / _SECTORS * np.interp(there, table_km, table)
    return light


def require_place(ra_deg: float | None, dec_deg: float | None) -> None:
    """Refuse half a position, or one that is not on the sky."""
    if (ra_deg is None) != (dec_deg is None):
        raise InvalidValue("ra_deg and dec_deg go together.", "Give both, or none for the centre of the field.")
    if ra_deg is not None and dec_deg is not None:
        require_number("ra_deg", ra_deg, 0, 360, "deg")
        require_number("dec_deg", dec_deg, -90, 90, "deg")


def _iso(instant_ns: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant_ns // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
