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

from fullwell.chance.keys import key, row_key
from fullwell.chance.lanes import shift_right, signed_float
from fullwell.chance.sparse import members
from fullwell.chance.words import BLOCK, halves, upper_word, words
from fullwell.compiled import njit
from fullwell.models.facts import Telegraph

CLASSES = 1024
"""Classes of jumping pixels; a power of two."""


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
    ndarray of float32, shape (4, 1024)
        Probability of no jump, of that or a downward one; the downward jump and the upward one in electrons.
        The share of the downward among the jumps has a rank of its own, dealt out to the classes by a hash.
    """
    percent = (np.arange(CLASSES) + 0.5) * (100.0 / CLASSES)
    deal = np.argsort(
        words(key("telegraph classes"), np.zeros(1, np.int64), np.arange(CLASSES))[0], kind="stable"
    )
    no_jump, lower, jump = (
        np.interp(percent, telegraph.percentiles, column)
        for column in (telegraph.no_jump, telegraph.lower_share, telegraph.jump_e)
    )
    size_e = jump * (telegraph.suppressed_factor if suppressed else 1.0)
    return np.stack([no_jump, no_jump + (1.0 - no_jump) * lower[deal], -size_e, size_e]).astype(np.float32)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def telegraph_jumps(
    body: np.uint64,
    frame: np.uint64,
    row: int,
    block: int,
    gap: np.float32,
    table: NDArray[np.float32],
    column: NDArray[np.int32],
    jump: NDArray[np.float32],
    nature: NDArray[np.uint32],
) -> int:
    """The jumping pixels of one block of a row and what they add in this frame.

    Parameters
    ----------
    body, frame : uint64
        Keys: which pixels jump and how belongs to the body, whether they do so now to the frame.
    row, block : int
        Row, and which block of columns (`fullwell.chance.words.BLOCK`) of the sensor (total px).
    gap : float32
        `fullwell.chance.sparse.mean_gap` of the share of jumping pixels.
    table : ndarray of float32, shape (4, 1024)
        From `class_table`.
    column, jump : ndarray
        Filled with columns, counted from the first of the block, and electrons (0, -jump, +jump); at least
        ``BLOCK + ROOM`` long.
    nature : ndarray of uint32
        Working memory, as long.

    Returns
    -------
    int
        How many pixels may jump.

    Notes
    -----
    Limits: successive frames are independent (no memory of the trap), three levels only.
    """
    count = members(row_key(body, row), 2 * BLOCK * block, BLOCK, gap, column)
    first, second = halves(row_key(body ^ np.uint64(0xFFFFFFFF), row))
    first_now, second_now = halves(row_key(frame, row))
    start = block * BLOCK
    for i in range((count + 7) // 8 * 8):
        place = np.uint32(start + column[i])
        nature[i] = shift_right(upper_word(place, first, second), 22)
        jump[i] = signed_float(shift_right(upper_word(place, first_now, second_now), 1)) * np.float32(2.0**-31)
    for i in range(count):
        kind = nature[i]
        size = table[2, kind] if jump[i] < table[1, kind] else table[3, kind]
        jump[i] = np.float32(0.0) if jump[i] < table[0, kind] else size
    return count
