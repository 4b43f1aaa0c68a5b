"""Random telegraph noise ("random change thermal noise"): some pixels jump between three levels.

A trap in the source follower of the pixel is found empty or full at each of the two samples of a read-out; their
difference is 0, minus or plus one jump, anew in each frame and regardless of the exposure time.

References
----------
C. Layden et al. 2026, arXiv 2605.19022 (IMX455); the percentiles are in the facts of each sensor.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import key, row_key
from fullwell.chance.lanes import below, bits_float, both, exclusive_or, shift_left, shift_right, subtract
from fullwell.chance.poisson import rain_count
from fullwell.chance.words import BLOCK, halves, upper_words, word, words
from fullwell.compiled import njit
from fullwell.models.facts import Telegraph

CLASSES: Final = 1024
"""Classes of jumping pixels; a power of two."""
_SHOWER = np.float32(60.0)
"""Traps are drawn at most so many at a time, in the mean."""
_SHOWER_ROOM: Final = 128
_HALF: Final = _SHOWER_ROOM // 2
_PLACE: Final = 32 - (BLOCK.bit_length() - 1)
_KIND: Final = _PLACE - (CLASSES.bit_length() - 1)
_LAST = np.uint32(4 * (CLASSES - 1))


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
    ndarray of float32, shape (1024, 4)
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
    downward = no_jump + (1.0 - no_jump) * lower[deal]
    return np.stack([no_jump, downward, -size_e, size_e], axis=1).astype(np.float32)


def traps_per_block(fraction: float) -> float:
    """Mean number of traps in a block of 512 pixels.

    Parameters
    ----------
    fraction : float
        Share of pixels that have one or more, 0 to below 1.
    """
    return -BLOCK * float(np.log1p(-fraction))


def showers(traps: float) -> tuple[int, np.float32]:
    """In how many showers the traps of a block fall, if their mean is as given, and the mean of each."""
    number = int(traps / _SHOWER) + 1
    return number, np.float32(traps / number)


def trap_codes(table: NDArray[np.float32]) -> NDArray[np.uint32]:
    """A `class_table` as `telegraph_jumps` wants it: probabilities as limits of random words, jumps as bits.

    The downward jump is taken to be as large as the upward one, as `class_table` makes it.

    Returns
    -------
    ndarray of uint32, shape (4096,)
        Four numbers for each class: limits of no jump and of those or a downward one, the upward jump, 0.
    """
    limits = np.minimum(np.rint(table[:, :2].astype(np.float64) * 2.0**32), 2.0**32 - 1).astype(np.uint32)
    upward = np.ascontiguousarray(table[:, 3:], np.float32).view(np.uint32)
    return np.hstack([limits, upward, np.zeros_like(upward)]).ravel()


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def telegraph_jumps(
    body: np.uint64,
    frame: np.uint64,
    row: int,
    block: int,
    number: int,
    traps: np.float32,
    alias: NDArray[np.uint32],
    codes: NDArray[np.uint32],
    natures: NDArray[np.uint32],
    draws: NDArray[np.uint32],
    jump: NDArray[np.float32],
) -> None:
    """What telegraph noise adds to the pixels of one block of a row in this frame.

    Parameters
    ----------
    body, frame : uint64
        Keys: which pixels jump and how belongs to the body, whether they do so now to the frame.
    row, block : int
        Row, and which block of columns (`fullwell.chance.words.BLOCK`) of the sensor (total px).
    number, traps
        From `showers`.
    alias : ndarray of uint32
        `fullwell.chance.poisson.alias_tables`.
    codes : ndarray of uint32
        From `trap_codes`.
    natures, draws : ndarray of uint32
        Working memory, at least 128 long.
    jump : ndarray of float32, shape (BLOCK,)
        Filled with electrons (0, -jump, +jump).

    Notes
    -----
    Traps fall on the row like rain, with the same probability everywhere; where two meet, the later counts.

    Limits: successive frames are independent (no memory of the trap), three levels only.
    """
    for i in range(BLOCK):
        jump[i] = np.float32(0.0)
    if traps <= 0:
        return
    body_key, frame_key = row_key(body, row), row_key(frame, row)
    first, second = halves(body_key)
    for shower in range(number):
        start = (block * number + shower) * _SHOWER_ROOM
        count = rain_count(alias, traps, word(np.uint32(start), second, first))
        for half in range(0, count, _HALF):  # nearly always once: little for the processor to guess
            upper_words(body_key, start + half, natures[half : half + _HALF])
            upper_words(frame_key, start + half, draws[half : half + _HALF])
        for i in range(count):
            nature, now = natures[i], draws[i]
            code = both(shift_right(nature, _KIND - 2), _LAST)
            down = shift_left(np.uint32(below(now, codes[code + 1])), 31)  # the sign; no branch, none to guess
            moves = subtract(np.uint32(below(now, codes[code])), np.uint32(1))  # all bits or none
            jump[shift_right(nature, _PLACE)] = bits_float(both(exclusive_or(codes[code + 2], down), moves))
