"""Cosmic rays: straight tracks of muons through the silicon.

Each row of the sensor is hit by a Poisson number of muons, from all directions (Lambert's law). A muon frees
about 75 electrons per micrometre (log-normal spread), in a layer 5 um thick: assumed, for back-illuminated chips.

Limits: no crooked tracks of slow electrons, no showers, no hits during read-out; the shot noise of the sensor is
added to the charge, which in truth is already a count.

References
----------
.. [1] Workman R. L. et al. (Particle Data Group) 2022, PTEP 083C01, ch. 30 (one muon per cm2 and minute at sea
   level) and 34.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import key, row_key
from fullwell.compiled import njit
from fullwell.scene.draws import identities, normal, uniform
from fullwell.scene.light import Interval

LAYER_UM = 5.0
ELECTRONS_PER_UM = 75.0
SPREAD = 0.35
LONGEST_PX = 100
_POINTS_PER_PX = 4


def add_cosmic_rays(
    out: NDArray[np.float32],
    left: int,
    top: int,
    interval: Interval,
    rate_per_cm2_min: float,
    pixel_size_um: float,
    size: tuple[int, int],
) -> None:
    """Add the tracks that cross a strip.

    Parameters
    ----------
    out : ndarray of float32, shape (rows, columns)
        Electrons, added to.
    left, top : int
        Position of the strip in the effective area, px.
    interval : Interval
        Its exposure, and the key from which the hits are drawn. Rows outside the strip, whose tracks may reach
        into it, count as exposed like its nearest row.
    rate_per_cm2_min : float
        Muons per square centimetre and minute.
    pixel_size_um : float
    size : tuple of int
        Rows and columns of the effective area.
    """
    rows, columns = size
    first_row = max(0, top - LONGEST_PX)
    number = np.empty(min(rows, top + out.shape[0] + LONGEST_PX) - first_row, np.int64)
    rate_per_row_ns = rate_per_cm2_min * columns * (pixel_size_um * 1e-4) ** 2 / 60e9
    stream = np.uint64(key(interval.key, "cosmic rays"))
    if not _count_hits(number, stream, first_row, top, interval.start_ns, interval.stop_ns, rate_per_row_ns):
        return
    row = np.repeat(first_row + np.arange(len(number)), number)
    within = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
    hit = identities(key(interval.key, "cosmic rays", "identity"), row * 4096 + within).view(np.int64)

    def draw(purpose: str) -> NDArray[np.float64]:
        return uniform(key("cosmic rays", purpose), hit)

    y = row + draw("row") - 0.5
    x = columns * draw("column") - 0.5
    turn = 2 * np.pi * draw("direction")
    cos = np.maximum(np.sqrt(draw("slope")), LAYER_UM / (LONGEST_PX * pixel_size_um))
    length_px = np.minimum(LAYER_UM * np.sqrt(1 - cos**2) / cos / pixel_size_um, LONGEST_PX)
    charge = LAYER_UM / cos * ELECTRONS_PER_UM * np.exp(SPREAD * normal(key("cosmic rays", "charge"), hit))
    for one in zip(x, y, turn, length_px, charge, strict=True):
        _add_track(out, left, top, *one)


@njit(cache=True, nogil=True)
def _count_hits(
    number: NDArray[np.int64],
    stream: np.uint64,
    first_row: int,
    top: int,
    start_ns: NDArray[np.int64],
    stop_ns: NDArray[np.int64],
    rate_per_row_ns: float,
) -> int:
    """Draw the number of hits of each row from `first_row` on; returns their sum."""
    total = 0
    for i in range(number.size):
        row = first_row + i
        own = min(max(row - top, 0), start_ns.size - 1)
        mean = rate_per_row_ns * (stop_ns[own] - start_ns[own])
        chance = ((row_key(stream, row) >> np.uint64(11)) + 0.5) * 2.0**-53
        count, share = 0, np.exp(-mean)
        reached = share
        while chance > reached and share > 0:
            count += 1
            share *= mean / count
            reached += share
        number[i] = count
        total += count
    return total


def _add_track(
    out: NDArray[np.float32], left: int, top: int, x: float, y: float, turn: float, length: float, charge: float
) -> None:
    """Add one track that starts at (x, y), its charge shared by evenly spaced points."""
    points = int(length * _POINTS_PER_PX) + 1
    along = (np.arange(points) + 0.5) / points * length
    column = np.round(x + along * np.cos(turn)).astype(np.int64) - left
    row = np.round(y + along * np.sin(turn)).astype(np.int64) - top
    inside = (row >= 0) & (row < out.shape[0]) & (column >= 0) & (column < out.shape[1])
    np.add.at(out, (row[inside], column[inside]), np.float32(charge / points))
