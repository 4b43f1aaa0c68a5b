"""Random numbers that belong to things of the sky: the same star has the same draw for ever."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtrik

from fullwell.chance.keys import row_keys

Draws = NDArray[np.float64]


def identities(stream: int, index: NDArray[np.integer]) -> NDArray[np.uint64]:
    """A 64-bit number for each index, practically unique."""
    return row_keys(stream, index.astype(np.int64))


def uniform(stream: int, index: NDArray[np.integer]) -> Draws:
    """A number above 0 and below 1 for each index.

    Parameters
    ----------
    stream : int
        From `fullwell.chance.keys.key`.
    index : ndarray of integer
        What the numbers belong to.
    """
    return np.asarray(((identities(stream, index) >> np.uint64(11)) + 0.5) * 2.0**-53)


def normal(stream: int, index: NDArray[np.integer]) -> Draws:
    """A standard normal number for each index."""
    return np.asarray(ndtri(uniform(stream, index)))


def poisson(stream: int, index: NDArray[np.integer], mean: Draws) -> NDArray[np.int64]:
    """A Poisson number for each index, by the inverse of its distribution.

    Parameters
    ----------
    mean : ndarray of float64
        Of each, 0 or more.
    """
    chance = uniform(stream, index)
    some = chance > np.exp(-mean)
    count = np.zeros(len(chance), np.int64)
    count[some] = np.ceil(pdtrik(chance[some], mean[some]))
    return count
