"""Patterns that are fixed in a sensor: properties of pixels, chosen for eight neighbours at a time.

Eight neighbours share one random word. Some of its bits choose a row of a table of 1024 rows by eight pixels, in
which each column holds the same distribution: one look-up instead of eight numbers of chance.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fullwell.chance.keys import key
from fullwell.chance.words import words

GROUPS: Final = 1024
"""Groups of neighbouring pixels to choose from; a power of two."""
GROUP_PX: Final = 8
RESPONSE_SHIFT: Final = 12
"""Which bits of a word choose the normal numbers: ten from here on; the ten highest choose the kinds."""
_CODES: Final = 255


def dealt(ascending: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Classes of a property dealt out to groups and columns by hashes.

    Parameters
    ----------
    ascending : ndarray of float64, shape (8192,)
        The classes. Of every eight successive ones each column takes one.
    name : str
        Another name, another deal.

    Returns
    -------
    ndarray of float64, shape (1024, 8)

    Examples
    --------
    >>> table = dealt(np.arange(8192.0), "any")
    >>> table.shape, sorted(table.ravel().tolist()) == list(range(8192))
    ((1024, 8), True)
    """
    level = ascending.reshape(GROUPS, GROUP_PX)
    for axis, direction in ((1, "columns"), (0, "groups")):
        drawn = words(key(name, direction), np.arange(GROUPS), np.arange(GROUP_PX))
        level = np.take_along_axis(level, np.argsort(drawn, axis=axis, kind="stable"), axis=axis)
    return level


@lru_cache(maxsize=1)
def normal_codes() -> tuple[NDArray[np.uint8], float, float]:
    """Normal numbers in 256 even steps.

    Returns
    -------
    codes : ndarray of uint8, shape (1024, 8)
    mean, deviation : float
        Of the codes: (code - mean) / deviation has mean 0 and variance 1.
    """
    classes = GROUPS * GROUP_PX
    normal = ndtri((np.arange(classes) + 0.5) / classes)
    codes = np.rint((normal / normal[-1] + 1.0) * (_CODES / 2))
    return dealt(codes, "normal").astype(np.uint8), float(codes.mean()), float(codes.std())


def pattern_normals(stream: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Normal numbers for patterns that are fixed in the sensor.

    Mean 0 and variance 1 are exact over all groups. Limits: 256 values, at most 3.84 standard deviations; the
    correlation of two neighbours in a group is that of 1024 drawn pairs (about 3 %), of any other two pixels 0.

    Parameters
    ----------
    stream : int
        From `fullwell.chance.keys.key`.
    rows, columns : ndarray of int64
        Sensor coordinates (total px).

    Returns
    -------
    ndarray of float64, shape (rows, columns)
    """
    codes, mean, deviation = normal_codes()
    drawn = words(stream, rows, columns // GROUP_PX) >> np.uint32(RESPONSE_SHIFT)
    code = codes[drawn & np.uint32(GROUPS - 1), columns % GROUP_PX]
    return (code.astype(np.float64) - mean) / deviation
