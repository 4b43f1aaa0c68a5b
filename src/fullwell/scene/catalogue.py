"""The bright stars: 1.87 million stars of Tycho-2, filled up with the brightest ones of XHIP.

``tycho2.npz`` holds one array per degree of declination (``zone000`` begins at the south pole), so that a field
touches only the few zones it lies in. Each array is made of byte planes: steps in right ascension from star to
star (4 planes, little-endian, unit 360/2^26 degree = 19 mas), declination above the lower edge of the zone (4, of
the same unit), magnitude (2, signed, millimagnitudes), colour index (1, signed, unit 0.05 mag, -128 = unknown),
origin (1, 0 = Tycho-2, 1 = XHIP). `tycho2.md` beside it has the licences.

Limits: positions are those of epoch J2000 without proper motion; the magnitude is Tycho's V_T taken as Johnson V,
which is up to 0.1 mag too faint for red stars; the catalogue thins out beyond magnitude 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

TURN_DEG = 360 / 2**26
COLOUR_UNIT_MAG = 0.05
COLOUR_UNKNOWN = -128


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars of a field, one array element each.

    Attributes
    ----------
    ra_deg, dec_deg : ndarray of float64
        ICRS.
    v_mag : ndarray of float64
        Visual magnitude.
    bv_mag : ndarray of float64
        Colour index B-V; NaN where unknown.
    identity : ndarray of uint64
        A number that is the star's own, whatever the field.
    source : ndarray of uint8
        Index into `SOURCES`.
    """

    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    v_mag: NDArray[np.float64]
    bv_mag: NDArray[np.float64]
    identity: NDArray[np.uint64]
    source: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ra_deg)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Stars:
        """The stars that a mask or an index array picks."""
        return Stars(
            self.ra_deg[chosen],
            self.dec_deg[chosen],
            self.v_mag[chosen],
            self.bv_mag[chosen],
            self.identity[chosen],
            self.source[chosen],
        )


SOURCES = ("Tycho-2", "XHIP", "counts")


def join(parts: list[Stars]) -> Stars:
    """Several lists of stars as one."""
    return Stars(
        np.concatenate([part.ra_deg for part in parts]),
        np.concatenate([part.dec_deg for part in parts]),
        np.concatenate([part.v_mag for part in parts]),
        np.concatenate([part.bv_mag for part in parts]),
        np.concatenate([part.identity for part in parts]),
        np.concatenate([part.source for part in parts]),
    )


def angle_deg(
    ra_deg: float, dec_deg: float, other_ra_deg: NDArray[np.float64], other_dec_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Angular distance of points from one point (haversine form, exact for small angles)."""
    ra, dec, ra2, dec2 = (np.radians(value) for value in (ra_deg, dec_deg, other_ra_deg, other_dec_deg))
    square = np.sin((dec2 - dec) / 2) ** 2 + np.cos(dec) * np.cos(dec2) * np.sin((ra2 - ra) / 2) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.minimum(square, 1.0)))))


def cone(ra_deg: float, dec_deg: float, radius_deg: float) -> Stars:
    """The catalogue stars around a point.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Centre, ICRS.
    radius_deg : float
        Radius of the circle, 0 to 180.

    Returns
    -------
    Stars
        In order of declination zone and right ascension.

    Examples
    --------
    >>> stars = cone(ra_deg=279.2347, dec_deg=38.7837, radius_deg=0.02)
    >>> round(float(stars.v_mag.min()), 2)
    0.03
    """
    parts = [_near(zone, ra_deg, dec_deg, radius_deg) for zone in _zones(dec_deg, radius_deg)]
    return join(parts)


def _near(zone: Stars, ra_deg: float, dec_deg: float, radius_deg: float) -> Stars:
    return zone.where(angle_deg(ra_deg, dec_deg, zone.ra_deg, zone.dec_deg) <= radius_deg)


def _zones(dec_deg: float, radius_deg: float) -> Iterator[Stars]:
    first = max(0, int(np.floor(dec_deg - radius_deg + 90)))
    last = min(179, int(np.floor(dec_deg + radius_deg + 90)))
    with as_file(files("fullwell.scene") / "tycho2.npz") as path, np.load(path) as archive:
        for number in range(first, last + 1):
            yield _decode(archive[f"zone{number:03d}"], number)


def _decode(planes: NDArray[np.uint8], zone: int) -> Stars:
    def column(first: int, kind: str) -> NDArray[np.int64]:
        size = np.dtype(kind).itemsize
        return np.ascontiguousarray(planes[first : first + size].T).view(kind)[:, 0].astype(np.int64)

    ra = np.cumsum(column(0, "<u4"))
    colour = column(10, "i1")
    return Stars(
        ra_deg=np.asarray(ra * TURN_DEG),
        dec_deg=np.asarray(column(4, "<u4") * TURN_DEG + (zone - 90)),
        v_mag=np.asarray(column(8, "<i2") * 1e-3),
        bv_mag=np.where(colour == COLOUR_UNKNOWN, np.nan, colour * COLOUR_UNIT_MAG),
        identity=np.uint64(zone << 32) + np.arange(len(ra), dtype=np.uint64),
        source=planes[11].copy(),
    )
