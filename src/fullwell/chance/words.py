"""32 random bits for each pixel of a stream: a hash of the column, keyed by the row.

The row's 64-bit key is split into two words; the column, spread over all bits by a first multiplication, goes
through a mixer of two more, one word entering before each. Without the spreading, columns a power of two apart
are visibly correlated (tests/chance). AVX2 has no 64-bit multiplication of vectors, hence 32 bits: eight pixels
at a time.

Limits: within one row the words of one stream are distinct (a bijection of the column), a departure from
independence of one part in 2^32 / 9600.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import row_keys
from fullwell.chance.lanes import add, exclusive_or, multiply, shift_right
from fullwell.compiled import njit

BLOCK: Final = 512
"""Columns that kernels work on at a time; block 0 begins at column 0 of the sensor, whatever the window."""
SPREAD = np.uint32(0x9E3779B1)
"""From one column to the next `spread_out` grows by this."""
_M1 = np.uint32(0x21F0AAAD)
_M2 = np.uint32(0xD35A2D97)


@njit(inline="always")
def halves(row_key: np.uint64) -> tuple[np.uint32, np.uint32]:
    """Lower and upper half of a row's key, for kernels."""
    return np.uint32(row_key & np.uint64(0xFFFFFFFF)), np.uint32(row_key >> np.uint64(32))


@njit(inline="always")
def word(column: np.uint32, first: np.uint32, second: np.uint32) -> np.uint32:
    """The random word of one pixel, for kernels.

    Parameters
    ----------
    column : uint32
        Column on the sensor (total px).
    first, second : uint32
        Lower and upper half of the row's key.

    References
    ----------
    Multipliers and shifts: Wellons & Degski, "hash-prospector", the best known two-round 32-bit mixer
    (``16 21f0aaad 15 d35a2d97 15``).
    """
    return whole_word(upper_word(column, first, second))


@njit(inline="always")
def whole_word(upper: np.uint32) -> np.uint32:
    """The `word` that belongs to an `upper_word`."""
    return exclusive_or(upper, shift_right(upper, 15))


@njit(inline="always")
def upper_word(column: np.uint32, first: np.uint32, second: np.uint32) -> np.uint32:
    """A `word` before the last step of the mixer, for kernels that want its upper bits.

    The upper 15 bits are those of `word`; the lower the bit, the less it depends on the upper ones of the column.
    """
    return mixed(spread_out(column, first), second)


@njit(inline="always")
def spread_out(column: np.uint32, first: np.uint32) -> np.uint32:
    """The beginning of an `upper_word`, for kernels that go from column to column: add `SPREAD` each time."""
    return add(multiply(column, SPREAD), first)


@njit(inline="always")
def mixed(spread: np.uint32, second: np.uint32) -> np.uint32:
    """The `upper_word` whose beginning is given."""
    x = multiply(exclusive_or(spread, shift_right(spread, 16)), _M1)
    x = add(exclusive_or(x, shift_right(x, 15)), second)
    return multiply(x, _M2)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def upper_words(row_key: np.uint64, first_column: int, out: NDArray[np.uint32]) -> None:
    """The `upper_word` of a run of columns, for kernels."""
    first, second = halves(row_key)
    x = spread_out(np.uint32(first_column), first)
    for i in range(out.size):
        out[i] = mixed(x, second)
        x = add(x, SPREAD)


def words(stream: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The random words of a rectangle of pixels.

    Parameters
    ----------
    stream : int
        From `fullwell.chance.keys.key`.
    rows, columns : ndarray of int64
        Sensor coordinates (total px).

    Returns
    -------
    ndarray of uint32, shape (rows, columns)

    Examples
    --------
    >>> from fullwell.chance.keys import key
    >>> whole = words(key(1), np.arange(4), np.arange(6))
    >>> bool((whole[1:3, 2:] == words(key(1), np.arange(1, 3), np.arange(2, 6))).all())
    True
    """
    keys = row_keys(stream, np.asarray(rows, np.int64))[:, None]
    first = (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    second = (keys >> np.uint64(32)).astype(np.uint32)
    x = np.asarray(columns).astype(np.uint32)[None, :] * SPREAD + first
    x = (x ^ (x >> np.uint32(16))) * _M1
    x = (x ^ (x >> np.uint32(15))) + second
    x = x * _M2
    return x ^ (x >> np.uint32(15))
