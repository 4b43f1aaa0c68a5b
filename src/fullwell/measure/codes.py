"""Use of the codes of the ADC: which are missing, where the frame is clipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from fullwell.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class CodeUse:
    """The histogram of a frame in words.

    Attributes
    ----------
    lowest_dn, highest_dn : int
        First and last code that occurs.
    at_lowest, at_highest : int
        Pixels at those; many at 0 or at the rail mean clipping.
    missing_dn : tuple of int
        Codes of the well-populated range that occur too seldom to be chance (family-wise probability 1e-6).
    step_dn : int
        Greatest common divisor of the distances of the codes used: 1, or 16 where 12 bits stand in the upper
        bits of 16.
    judged : int
        Codes that were populated well enough to be judged.
    """

    lowest_dn: int
    highest_dn: int
    at_lowest: int
    at_highest: int
    missing_dn: tuple[int, ...]
    step_dn: int
    judged: int


def code_use(frame: NDArray[Any], false_alarm: float = 1e-6) -> CodeUse:
    """How a frame uses the codes of its ADC.

    A code (in steps of the word) is judged against the mean of the 4 codes on either side: it is missing if a
    Poisson count that small has a probability below `false_alarm` over the number of codes judged, or less than
    a tenth of its neighbours' mean occurs.

    Parameters
    ----------
    frame : ndarray of unsigned integers
        DN.
    false_alarm : float
        That a perfect ADC is said to miss any code.

    Raises
    ------
    InvalidValue
        If the frame is empty or not of integers.
    """
    if frame.size == 0 or frame.dtype.kind not in "ui":
        raise InvalidValue(
            f"a frame of shape {frame.shape} and type {frame.dtype} has no codes.", "Give an array of whole DN."
        )
    counts = np.bincount(frame.ravel().astype(np.int64))
    occupied = np.flatnonzero(counts)
    lowest, highest = int(occupied[0]), int(occupied[-1])
    step = int(np.gcd.reduce(np.diff(occupied))) if len(occupied) > 1 else 1
    comb = counts[lowest : highest + 1 : step].astype(np.float64)
    around = np.ones(9) / 8
    around[4] = 0
    expected = ndimage.convolve1d(comb, around, mode="constant")
    judged = expected > 30
    judged[:4] = judged[-4:] = False
    limit = false_alarm / max(int(judged.sum()), 1)
    # the expectation is itself a count of 8 times its size: its noise adds an eighth to the variance
    seldom = stats.norm.logcdf((comb - expected) / np.sqrt(np.maximum(expected, 1) * 1.125)) < np.log(limit)
    missing = judged & seldom & (comb < 0.1 * expected)
    return CodeUse(
        lowest_dn=lowest,
        highest_dn=highest,
        at_lowest=int(counts[lowest]),
        at_highest=int(counts[highest]),
        missing_dn=tuple(int(lowest + step * code) for code in np.flatnonzero(missing)),
        step_dn=step,
        judged=int(judged.sum()),
    )
