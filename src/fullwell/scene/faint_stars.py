"""Stars fainter than the catalogue: invented, but the same ones for every camera and every night.

The sky is cut into cells of a quarter of a degree. Each cell has, in each bin of half a magnitude, a number of
stars drawn from the counts, each with a place, a magnitude and a colour that follow from cell, bin and number
alone. A field takes the bins down to its own limit; a deeper one has the same stars and more.

Where the catalogue begins to lose stars, between magnitudes 11 and 13, only the missing share is added.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import key
from fullwell.scene.catalogue import SOURCES, Stars, angle_deg
from fullwell.scene.counts import brighter_per_deg2, galactic
from fullwell.scene.draws import identities, poisson, uniform

CELL_DEG = 0.25
BANDS = int(180 / CELL_DEG)
CELLS_PER_BAND = int(360 / CELL_DEG)
BIN_MAG = 0.5
BRIGHTEST_MAG = 11.0
FAINTEST_MAG = 26.0

# Share of the stars that the catalogue has, by magnitude (bin centres) and galactic latitude; counted from both.
_SHARE_MAG = (10.75, 11.25, 11.75, 12.25, 12.75, 13.25)
_SHARE_LATITUDE_DEG = (5.0, 15.0, 29.0, 55.0)
_SHARE = np.array(
    [
        [1.00, 0.71, 0.25, 0.03, 0.00, 0.0],
        [1.00, 0.98, 0.53, 0.10, 0.01, 0.0],
        [1.00, 1.00, 0.80, 0.27, 0.04, 0.0],
        [1.00, 0.99, 0.77, 0.35, 0.06, 0.0],
    ]
)


def faint_stars(ra_deg: float, dec_deg: float, radius_deg: float, limit_mag: float, most: int) -> Stars:
    """Invented stars around a point.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Centre, ICRS.
    radius_deg : float
        Radius of the circle, 0 to 89.
    limit_mag : float
        No star fainter than this is of interest.
    most : int
        Faint bins are left out as a whole from where more stars than this would be expected.

    Returns
    -------
    Stars
    """
    bins = np.arange(BRIGHTEST_MAG, min(limit_mag, FAINTEST_MAG), BIN_MAG)
    # Even at the pole, where stars are fewest, there would be too many: spares the work of finding out by cells.
    area_deg2 = 2 * np.pi * np.degrees(1) ** 2 * (1 - np.cos(np.radians(radius_deg)))
    fewest = brighter_per_deg2(bins, np.array(180.0), np.array(90.0)) * area_deg2
    bins = bins[fewest <= 4 * most]
    cell, band = _cells(ra_deg, dec_deg, radius_deg)
    expected = _expected(cell, band, bins)
    circle = np.pi * radius_deg**2 / max(len(cell) * CELL_DEG**2 * np.cos(np.radians(dec_deg)), 1e-9)
    affordable = np.cumsum(expected.sum(axis=0)) * min(circle, 1.0) <= most
    bins, expected = bins[affordable], expected[:, affordable]
    index = (cell[:, np.newaxis] * 64 + np.arange(len(bins))).ravel()
    number = poisson(key("faint stars", "number"), index, expected.ravel())
    box = np.repeat(np.arange(len(index)), number)
    within = np.arange(len(box)) - np.repeat(np.cumsum(number) - number, number)
    identity = identities(key("faint stars", "identity"), index)[box] + within.astype(np.uint64)
    stars = _place(identity, cell[box // max(len(bins), 1)], bins[box % max(len(bins), 1)])
    near = angle_deg(ra_deg, dec_deg, stars.ra_deg, stars.dec_deg) <= radius_deg
    return stars.where(near & (stars.v_mag <= limit_mag))


def _in_band(band: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of cells of a band of declination."""
    middle = np.radians((band + 0.5) * CELL_DEG - 90)
    return np.maximum(1, np.round(CELLS_PER_BAND * np.cos(middle))).astype(np.int64)


def _cells(ra_deg: float, dec_deg: float, radius_deg: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells that a circle may touch, and the band of each."""
    first = max(0, int((dec_deg - radius_deg + 90) / CELL_DEG))
    last = min(BANDS - 1, int((dec_deg + radius_deg + 90) / CELL_DEG))
    cells = []
    for band in range(first, last + 1):
        count = int(_in_band(np.array([band]))[0])
        edge = np.radians([band * CELL_DEG - 90, (band + 1) * CELL_DEG - 90])
        # Half the width of the circle in right ascension is largest at one of the edges or at its own tangent.
        reach = np.sin(np.radians(min(radius_deg, 90)))
        cos_dec = min(np.cos(edge).min(), np.cos(np.radians(dec_deg)))
        half_deg = np.degrees(np.arcsin(reach / cos_dec)) if reach < cos_dec else 180.0
        width_deg = 360 / count
        low = int(np.floor((ra_deg - half_deg) / width_deg))
        high = int(np.floor((ra_deg + half_deg) / width_deg))
        across = np.unique(np.arange(low, min(high, low + count - 1) + 1) % count)
        cells.append(band * CELLS_PER_BAND + across)
    cell = np.concatenate(cells)
    return cell, cell // CELLS_PER_BAND


def _expected(cell: NDArray[np.int64], band: NDArray[np.int64], bins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean number of stars of each cell (rows) and bin (columns) that the catalogue does not have."""
    width_deg = 360 / _in_band(band)
    ra = np.asarray((cell % CELLS_PER_BAND + 0.5) * width_deg)
    south = np.radians(band * CELL_DEG - 90)
    north = np.radians((band + 1) * CELL_DEG - 90)
    area_deg2 = width_deg * np.degrees(np.sin(north) - np.sin(south))
    longitude, latitude = galactic(ra, np.asarray((band + 0.5) * CELL_DEG - 90))
    edges = np.append(bins, bins[-1:] + BIN_MAG)
    brighter = brighter_per_deg2(edges, longitude[:, np.newaxis], latitude[:, np.newaxis])
    missing = 1 - _catalogued(bins + BIN_MAG / 2, latitude)
    return np.asarray(np.diff(brighter, axis=1) * missing * area_deg2[:, np.newaxis])


def _catalogued(magnitude: NDArray[np.float64], latitude_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    by_magnitude = np.stack([np.interp(magnitude, _SHARE_MAG, row) for row in _SHARE])
    place = np.interp(np.abs(latitude_deg), _SHARE_LATITUDE_DEG, np.arange(4.0))
    lower = np.minimum(place.astype(int), 2)
    part = (place - lower)[:, np.newaxis]
    return np.asarray(by_magnitude[lower] * (1 - part) + by_magnitude[lower + 1] * part)


def _place(identity: NDArray[np.uint64], cell: NDArray[np.int64], brightest_mag: NDArray[np.float64]) -> Stars:
    """Each star at its own place in its cell and bin."""
    band = cell // CELLS_PER_BAND
    width_deg = 360 / _in_band(band)
    own = identity.view(np.int64)
    ra = (cell % CELLS_PER_BAND + uniform(key("faint stars", "ra"), own)) * width_deg
    south, north = (np.sin(np.radians((band + edge) * CELL_DEG - 90)) for edge in (0, 1))
    sin_dec = south + (north - south) * uniform(key("faint stars", "dec"), own)
    magnitude = brightest_mag + BIN_MAG * uniform(key("faint stars", "magnitude"), own)
    source = np.full(len(identity), SOURCES.index("counts"), np.uint8)
    return Stars(ra, np.degrees(np.arcsin(sin_dec)), magnitude, np.full(len(ra), np.nan), identity, source)
