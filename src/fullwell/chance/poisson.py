"""Poisson numbers of small mean, exact: alias tables on a grid of means, and the rare remainder.

A Poisson number of mean m is the sum of two independent ones, of the grid value g just below m and of m - g.
The first comes from an alias table with one look-up. The second is almost always 0: candidates for it fall onto
the row like rain, 16 to a block of 512 pixels in the mean, and each counts with probability (m - g) / (1/32), a
thinned Poisson process. No approximation enters but the 32 bits of the random words.

References
----------
Lewis & Shedler 1979, Nav. Res. Logist. Q. 26, 403 (thinning); Walker 1977, ACM Trans. Math. Softw. 3, 253 (alias
method); Vose 1991, IEEE Trans. Softw. Eng. 17, 972.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from fullwell.chance.lanes import add, below, both, multiply, shift_left, shift_right, signed_float, truncate
from fullwell.chance.words import BLOCK, halves, upper_words, word
from fullwell.compiled import njit

SMALL_MEAN: Final = 64.0
"""Means below this are drawn from tables."""
GRID: Final = 1.0 / 32.0
"""Distance of the means of the tables; below it nothing needs a table."""
_OUTCOMES: Final = 128
_PER_UNIT: Final = round(1 / GRID)
_INDEX_BITS: Final = 7
_ALIAS_MASK = np.uint32(_OUTCOMES - 1)
_STEPS = np.float32(_PER_UNIT)
_CANDIDATES = np.float32(BLOCK / _PER_UNIT)
_MARK_BITS: Final = 32 - (BLOCK.bit_length() - 1)
_MARK_MASK = np.uint32((1 << _MARK_BITS) - 1)
_MARK = np.float32(2.0**-_MARK_BITS)
_LARGEST = np.nextafter(np.float32(SMALL_MEAN), np.float32(0.0))


@lru_cache(maxsize=1)
def alias_tables() -> NDArray[np.uint32]:
    """Alias tables of all grid means, one after the other: 2048 means of 128 outcomes, 1 MiB.

    Returns
    -------
    ndarray of uint32, shape (262144,)
        Upper 25 bits: share of a cell that keeps its own outcome; lower 7 bits: outcome of the rest.
    """
    means = np.arange(int(SMALL_MEAN * _PER_UNIT)) / _PER_UNIT
    share = np.asarray(poisson.pmf(np.arange(_OUTCOMES)[None, :], means[:, None]))
    return _vose(share / share.sum(axis=1, keepdims=True)).ravel()


@njit(cache=True)
def _vose(share: NDArray[np.float64]) -> NDArray[np.uint32]:
    rows, outcomes = share.shape
    table = np.empty((rows, outcomes), np.uint32)
    short, long = np.empty(outcomes, np.int64), np.empty(outcomes, np.int64)
    for row in range(rows):
        filled = share[row] * outcomes
        shorts, longs = 0, 0
        for i in range(outcomes):
            if filled[i] < 1.0:
                short[shorts] = i
                shorts += 1
            else:
                long[longs] = i
                longs += 1
        while shorts > 0:
            shorts -= 1
            poor = short[shorts]
            if longs == 0:
                table[row, poor] = 0xFFFFFF80 | poor
                continue
            rich = long[longs - 1]
            kept = min(np.int64(np.rint(filled[poor] * 2.0**25)), np.int64(2**25 - 1))
            table[row, poor] = (kept << 7) | rich
            filled[rich] -= 1.0 - filled[poor]
            if filled[rich] < 1.0:
                longs -= 1
                short[shorts] = rich
                shorts += 1
        for i in range(longs):
            table[row, long[i]] = 0xFFFFFF80 | long[i]
    return table


@njit(inline="always")
def grid_index(mean: np.float32, word: np.uint32) -> np.uint32:
    """Where in `alias_tables` the entry for `grid_poisson` lies, for kernels; means from 64 on count as less."""
    grid = truncate(min(mean, _LARGEST) * _STEPS)
    return add(multiply(grid, np.uint32(_OUTCOMES)), shift_right(word, 32 - _INDEX_BITS))


@njit(inline="always")
def grid_poisson(word: np.uint32, entry: np.uint32) -> np.float32:
    """Poisson number of the grid value below a mean from 0 to below 64, for kernels.

    Parameters
    ----------
    word : uint32
        Random.
    entry : uint32
        Of `alias_tables`, at `grid_index` of the mean and the same word.
    """
    keeps = below(shift_left(word, _INDEX_BITS), both(entry, np.uint32(0xFFFFFF80)))
    return signed_float(shift_right(word, 32 - _INDEX_BITS) if keeps else both(entry, _ALIAS_MASK))


@njit(inline="always")
def rain_count(tables: NDArray[np.uint32], mean: np.float32, word: np.uint32) -> int:
    """How many points fall somewhere: Poisson, of a mean below 64 that is rounded down to a multiple of 1/32."""
    return int(grid_poisson(word, tables[grid_index(mean, word)]))


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def add_remainders(
    row_key: np.uint64,
    block: int,
    limit: np.float32,
    tables: NDArray[np.uint32],
    mean: NDArray[np.float32],
    candidate: NDArray[np.uint32],
    count: NDArray[np.float32],
) -> None:
    """Add to `grid_poisson` numbers of a block what is missing to those of the means themselves.


    Parameters
    ----------
    row_key : uint64
        From `fullwell.chance.keys.row_key`.
    block : int
        Which block of columns of the sensor.
    limit : float32
        Means from here on get nothing; 64 at most.
    tables : ndarray of uint32
        From `alias_tables`.
    mean : ndarray of float32, shape (BLOCK,)
    candidate : ndarray of uint32
        Working memory, at least 128 long.
    count : ndarray of float32, shape (BLOCK,)
        Changed.
    """
    first, second = halves(row_key)
    start = block * _OUTCOMES
    candidates = rain_count(tables, _CANDIDATES, word(np.uint32(start), second, first))
    upper_words(row_key, start, candidate[: (candidates + 7) // 8 * 8])
    for i in range(candidates):
        place = candidate[i] >> np.uint32(_MARK_BITS)
        mark = signed_float(both(candidate[i], _MARK_MASK)) * _MARK
        small = mean[place] if mean[place] < limit else np.float32(0.0)
        rest = small * _STEPS
        count[place] += np.float32(mark < rest - signed_float(truncate(rest)))


@njit(inline="always")
def poisson_quantile(mean: np.float32, normal: np.float32) -> np.float32:
    """Poisson number of a mean of 64 or more from a standard normal number, for kernels.

    The Cornish-Fisher expansion of the inverse distribution, continuity included, through 1/mean, rounded down.
    The whole part of the mean is set aside, so that float32 rounds only the deviation.

    References
    ----------
    Giles 2016, "Algorithm 955: approximation of the inverse Poisson cumulative distribution function", ACM
    Trans. Math. Softw. 42, 7.
    """
    whole = np.floor(mean)
    root = np.sqrt(mean)
    r = np.float32(1.0) / root
    square = normal * normal
    q = normal * root + (np.float32(1 / 3) + square * np.float32(1 / 6))
    q = q - r * normal * (np.float32(1 / 36) + square * np.float32(1 / 72))
    q = q + r * r * (np.float32(-8 / 405) + square * (np.float32(7 / 810) + square * np.float32(1 / 270)))
    return max(whole + np.floor((mean - whole) + q), np.float32(0.0))
