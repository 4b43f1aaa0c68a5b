"""Random telegraph noise ("random change thermal noise"): some pixels jump between three levels.

A trap in the source follower of the pixel is found empty or full at each of the two samples of a read-out; their
difference is 0, minus or plus one jump, anew in each frame and regardless of the exposure time.

References
----------
C. Layden et al. 2026, arXiv 2605.19022 (IMX455); the percentiles are in the facts of each sensor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import row_key
from fullwell.chance.lanes import shift_right, signed_float
from fullwell.chance.sparse import members
from fullwell.chance.words import word
from fullwell.compiled import njit
from fullwell.models.facts import Telegraph

CLASSES = 1024


def class_table(telegraph: Telegraph, suppressed: bool) -> NDArray[np.float32]:
    """Parameters of the jumping pixels in 1024 classes of equally many.

    Parameters
    ----------
    telegraph : Telegraph
        Percentiles; linear between.
    suppressed : bool
        Whether the camera's suppression is on: jumps are multiplied by ``telegraph.suppressed_factor``.

    Returns
    -------
    ndarray of float32, shape (3, 1024)
        Probability of no jump, jump in electrons (both by the pixel's first rank), share of the downward among
        the jumps (by its second rank).
    """
    percent = (np.arange(CLASSES) + 0.5) * (100.0 / CLASSES)
    no_jump, lower, jump = (
        np.interp(percent, telegraph.percentiles, column)
        for column in (telegraph.no_jump, telegraph.lower_share, telegraph.jump_e)
    )
    factor = telegraph.suppressed_factor if suppressed else 1.0
    return np.stack([no_jump, jump * factor, lower]).astype(np.float32)


@njit(cache=True, nogil=True)
def telegraph_jumps(
    body: np.uint64,
    frame: np.uint64,
    row: int,
    width: int,
    gap: np.float32,
    table: NDArray[np.float32],
    column: NDArray[np.int32],
    jump: NDArray[np.float32],
    rank: NDArray[np.uint32],
) -> int:
    """The jumping pixels of one row and what they add in this frame.

    Parameters
    ----------
    body, frame : uint64
        Keys: which pixels jump and how belongs to the body, whether they do so now to the frame.
    row, width : int
        Row, and columns of the sensor (total px).
    gap : float32
        `fullwell.chance.sparse.mean_gap` of the share of jumping pixels.
    table : ndarray of float32, shape (3, 1024)
        From `class_table`.
    column, jump : ndarray
        Filled with columns and electrons (0, -jump, +jump); at least ``width + ROOM`` long.
    rank : ndarray of uint32
        Working memory, as long.

    Returns
    -------
    int
        How many pixels may jump.

    Notes
    -----
    Limits: successive frames are independent (no memory of the trap), three levels only.
    """
    count = members(body, row, width, gap, column)
    nature = row_key(body ^ np.uint64(0xFFFFFFFF), row)
    first, second = np.uint32(nature & np.uint64(0xFFFFFFFF)), np.uint32(nature >> np.uint64(32))
    now = row_key(frame, row)
    first_now, second_now = np.uint32(now & np.uint64(0xFFFFFFFF)), np.uint32(now >> np.uint64(32))
    for i in range(count):
        place = np.uint32(column[i])
        rank[i] = word(place, first, second)
        jump[i] = signed_float(shift_right(word(place, first_now, second_now), 1)) * np.float32(2.0**-31)
    for i in range(count):
        size_class, side_class = rank[i] >> np.uint32(22), (rank[i] >> np.uint32(12)) & np.uint32(1023)
        no_jump = table[0, size_class]
        lower = no_jump + (np.float32(1.0) - no_jump) * table[2, side_class]
        signed = np.float32(-1.0) if jump[i] < lower else np.float32(1.0)
        jump[i] = table[1, size_class] * (np.float32(0.0) if jump[i] < no_jump else signed)
    return count
