"""How kernels are compiled, and the simplest of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.lanes import bits_float, float_bits, higher, lower
from fullwell.chance.words import BLOCK
from fullwell.compiled import njit

F = np.float32
kernel = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
"""Without numba's reference counts: they cost as much as a whole step, and nothing is allocated here."""


@kernel
def fill(value: np.float32, out: NDArray[np.float32]) -> None:
    """Set all; numba's own assignment to a slice is several times slower."""
    for i in range(out.size):
        out[i] = value


@kernel
def copy(source: NDArray[Any], out: NDArray[Any]) -> None:
    """Copy all; see `fill`."""
    for i in range(out.size):
        out[i] = source[i]


@kernel
def extremes(place: int, own: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """The least and the largest number of a block; none is negative."""
    least, most = np.uint32(0x7F800000), np.uint32(0)
    for i in range(place, place + BLOCK):
        least, most = lower(least, float_bits(own[i])), higher(most, float_bits(own[i]))
    return bits_float(least), bits_float(most)
