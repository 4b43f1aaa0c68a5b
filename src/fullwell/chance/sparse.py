"""Rare pixels (warm ones, jumping ones), found without looking at the others.

Each pixel belongs to the set with the same small probability, independent of its neighbours. The gaps between
members then follow a geometric distribution; drawing gaps costs one number per member instead of one per pixel.
Gaps are drawn for a whole row or for each of its blocks: what a window finds must not depend on where it begins.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import minus_log
from fullwell.chance.words import halves, word
from fullwell.compiled import njit

ROOM: Final = 64
"""Gaps are drawn so many at a time; the list of members needs that much room at its end."""
_NEVER = np.float32(1e9)
_LONGEST = np.float32(1e6)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def members(row_key: np.uint64, first_draw: int, width: int, mean_gap: np.float32, out: NDArray[np.int32]) -> int:
    """Members among some columns of one row.

    Parameters
    ----------
    row_key : uint64
        From `fullwell.chance.keys.row_key`.
    first_draw : int
        Where in the row's random words to begin: at distances of ``2 * width`` nothing is used twice.
    width : int
        How many columns.
    mean_gap : float32
        From `mean_gap`.
    out : ndarray of int32
        Filled with ascending columns, from 0 on; at least ``width + ROOM`` long.

    Returns
    -------
    int
        How many.
    """
    if mean_gap >= _NEVER:
        return 0
    first, second = halves(row_key)
    count, column, drawn = 0, -1, first_draw
    while True:
        gaps = out[count : count + ROOM]
        for i in range(ROOM):
            gap = minus_log(word(np.uint32(drawn + i), first, second)) * mean_gap
            gaps[i] = np.int32(min(gap, _LONGEST))
        drawn += ROOM
        for i in range(ROOM):
            column += 1 + gaps[i]
            if column >= width:
                return count
            gaps[i] = column
            count += 1


def mean_gap(fraction: float) -> np.float32:
    """Scale of the gaps between members.

    Parameters
    ----------
    fraction : float
        Probability of a pixel to be a member, 0 to below 1.

    Examples
    --------
    >>> found = np.empty(100_000 + ROOM, np.int32)
    >>> abs(members(np.uint64(1), 0, 100_000, mean_gap(0.1), found) - 10_000) < 500
    True
    """
    return np.float32(1.0 / -np.log1p(-fraction)) if fraction > 0 else _NEVER
