"""Rare pixels of a row (warm ones, jumping ones), found without looking at the others.

Each pixel belongs to the set with the same small probability, independent of its neighbours. The gaps between
members then follow a geometric distribution; drawing gaps costs one number per member instead of one per pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import minus_log
from fullwell.chance.keys import row_key
from fullwell.chance.words import word
from fullwell.compiled import njit

ROOM = 128
"""Gaps are drawn so many at a time; the list of members needs that much room at its end."""
_NEVER = np.float32(1e9)
_LONGEST = np.float32(1e6)


@njit(cache=True, nogil=True, error_model="numpy")
def members(stream: np.uint64, row: int, width: int, mean_gap: np.float32, out: NDArray[np.int32]) -> int:
    """Columns of the members in one row.

    Parameters
    ----------
    stream : uint64
        From `fullwell.chance.keys.key`.
    row : int
        Row on the sensor (total px).
    width : int
        Columns of the sensor (total px); a window is cut out afterwards, so that it has the same members.
    mean_gap : float32
        From `mean_gap`.
    out : ndarray of int32
        Filled with ascending columns; at least ``width + ROOM`` long.

    Returns
    -------
    int
        How many.
    """
    if mean_gap >= _NEVER:
        return 0
    key = row_key(stream, row)
    first = np.uint32(key & np.uint64(0xFFFFFFFF))
    second = np.uint32(key >> np.uint64(32))
    count, column, drawn = 0, -1, 0
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
    >>> count = members(np.uint64(1), 0, 100_000, mean_gap(0.1), found)
    >>> abs(count - 10_000) < 500
    True
    """
    return np.float32(1.0 / -np.log1p(-fraction)) if fraction > 0 else _NEVER
