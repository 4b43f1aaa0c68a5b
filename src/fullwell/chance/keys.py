"""Keys: 64-bit numbers that name a stream of chance, made of seeds, names and counters."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB


def mix(value: int) -> int:
    """The 64-bit finaliser of SplitMix64: each bit of the input changes each bit of the output half the time.

    References
    ----------
    Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA; variant 13 of Stafford.

    Examples
    --------
    >>> hex(mix(1))
    '0x5692161d100b05e5'
    """
    value &= _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def key(*parts: int | str) -> int:
    """A 64-bit key that names one stream of chance.

    Parameters
    ----------
    *parts : int or str
        Seeds, counters, purposes, from general to special. Their order matters; integers count modulo 2^64.

    Returns
    -------
    int
        0 to 2^64 - 1.

    Examples
    --------
    >>> key(1, "shot noise", 7) == key(1, "shot noise", 7)
    True
    >>> key(1, "shot noise", 7) == key(1, 7, "shot noise")
    False
    """
    state = _GOLDEN
    for part in parts:
        if isinstance(part, str):
            text = part.encode()
            state = mix(state + _GOLDEN * (len(text) + 1))
            for start in range(0, len(text), 8):
                state = mix(state + _GOLDEN + int.from_bytes(text[start : start + 8], "little"))
        else:
            state = mix(state + _GOLDEN + int(part))
        state = mix(state ^ _SECOND)
    return state


def row_keys(stream: int, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The key of each row of a stream.

    Parameters
    ----------
    stream : int
        From `key`.
    rows : ndarray of int64
        Row numbers on the sensor (total px).
    """
    value = np.uint64(stream) + (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(_FIRST)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(_SECOND)
    return value ^ (value >> np.uint64(31))


@njit(inline="always")
def row_key(stream: np.uint64, row: int) -> np.uint64:
    """One value of `row_keys`, for kernels."""
    value = stream + (np.uint64(row) + np.uint64(1)) * np.uint64(_GOLDEN)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(_FIRST)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(_SECOND)
    return value ^ (value >> np.uint64(31))
