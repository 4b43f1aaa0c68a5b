"""Dark current: its temperature law, its spread over the pixels, and the warm ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaincinv

from fullwell.chance.deviates import exponential, normal_pair
from fullwell.chance.keys import row_key
from fullwell.chance.sparse import members
from fullwell.chance.words import halves, word
from fullwell.compiled import njit
from fullwell.models.facts import Dark


def dark_rate_e_per_s(dark: Dark, temperature_c: float) -> float:
    """Mean dark current of ordinary pixels: log-linear between the nodes, end slopes beyond them.

    Parameters
    ----------
    dark : Dark
        Facts of the sensor.
    temperature_c : float
        Of the sensor.

    Examples
    --------
    >>> facts = Dark((-20.0, -10.0), (0.0022, 0.0046), 0.3, 0.0, 1.0, 0.5)
    >>> round(dark_rate_e_per_s(facts, -20.0), 4), round(dark_rate_e_per_s(facts, 0.0), 4)
    (0.0022, 0.0096)
    """
    node_c, log_rate = np.asarray(dark.temperature_c), np.log(dark.rate_e_per_s)
    if len(node_c) == 1:
        return float(dark.rate_e_per_s[0])
    segment = int(np.clip(np.searchsorted(node_c, temperature_c) - 1, 0, len(node_c) - 2))
    slope = (log_rate[segment + 1] - log_rate[segment]) / (node_c[segment + 1] - node_c[segment])
    return float(np.exp(log_rate[segment] + slope * (temperature_c - node_c[segment])))


def even_temperature_c(dark: Dark, temperatures_c: NDArray[np.float64]) -> float:
    """The constant temperature at which as many thermal electrons are made as during a change.

    Parameters
    ----------
    dark : Dark
        Facts of the sensor.
    temperatures_c : ndarray of float64, shape (n,)
        During the exposure, evenly spaced from its beginning to its end.

    Notes
    -----
    Limits: all rows get the same mean, that of the whole exposure.

    Examples
    --------
    >>> facts = Dark((-20.0, -10.0, 0.0), (1.0, 2.0, 4.0), 0.3, 0.0, 1.0, 0.5)
    >>> even_temperature_c(facts, np.array([-20.0, -20.0])), even_temperature_c(facts, np.array([-20.0, 0.0]))
    (-20.0, -6.78...)
    """
    warmest_c, coldest_c = float(temperatures_c.max()), float(temperatures_c.min())
    if warmest_c == coldest_c:
        return warmest_c
    rates = np.array([dark_rate_e_per_s(dark, float(each)) for each in temperatures_c])
    mean = (rates.sum() - 0.5 * (rates[0] + rates[-1])) / (len(rates) - 1)

    def too_many(temperature_c: float) -> float:
        return dark_rate_e_per_s(dark, temperature_c) - float(mean)

    if too_many(coldest_c) >= 0:  # rounding: a mean of equal rates need not be that rate
        return coldest_c
    return warmest_c if too_many(warmest_c) <= 0 else float(brentq(too_many, coldest_c, warmest_c))


def dark_levels(relative_deviation: float, kinds: int) -> NDArray[np.float64]:
    """Dark current of ordinary pixels relative to the mean (DSNU) in classes of equally many pixels.

    Parameters
    ----------
    relative_deviation : float
        Standard deviation / mean; gamma distributed.
    kinds : int
        How many classes.

    Returns
    -------
    ndarray of float64, shape (kinds,)
        Mean of each class, ascending; their own mean is 1.

    Notes
    -----
    Limits: the pattern does not change with temperature.

    Examples
    --------
    >>> levels = dark_levels(0.3, 2048)
    >>> round(float(levels.mean()), 12), round(float(levels.std()), 3)
    (1.0, 0.3)
    """
    if relative_deviation == 0.0:
        return np.ones(kinds)
    shape = relative_deviation**-2
    per_class = 8
    rank = (np.arange(kinds * per_class) + 0.5) / (kinds * per_class)
    level = gammaincinv(shape, rank).reshape(kinds, per_class).mean(axis=1)
    return level / level.mean()


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
def warm_pixels(
    stream: np.uint64,
    row: int,
    width: int,
    gap: np.float32,
    median: np.float32,
    log_sigma: np.float32,
    column: NDArray[np.int32],
    extra: NDArray[np.float32],
) -> int:
    """Warm and hot pixels of one row, with their extra dark electrons (log-normal).

    Parameters
    ----------
    stream : uint64
        Key of the body's warm pixels.
    row, width : int
        Row, and columns of the sensor (total px).
    gap : float32
        `fullwell.chance.sparse.mean_gap` of the share of warm pixels.
    median : float32
        Median of the extra electrons in this exposure at this temperature.
    log_sigma : float32
        Standard deviation of their natural logarithm.
    column, extra : ndarray
        Filled; at least ``width + ROOM`` long.

    Returns
    -------
    int
        How many.

    Notes
    -----
    Limits: all warm pixels follow the temperature law of the ordinary ones.
    """
    count = members(row_key(stream, row), 0, width, gap, column)
    first, second = halves(row_key(stream ^ np.uint64(0xFFFFFFFF), row))
    for i in range((count + 7) // 8 * 8):
        place = np.uint32(column[i])
        normal, _ = normal_pair(word(place, first, second), word(place, second, first))
        extra[i] = median * exponential(log_sigma * normal)
    return count
