"""Read noise: a Gaussian in each pixel, of a width that differs from pixel to pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.words import words
from fullwell.models.facts import NoiseSpread

LEVELS = 256


def spread_levels(spread: NoiseSpread) -> NDArray[np.float64]:
    """Read noise relative to its median in 256 classes of equally many pixels.

    Parameters
    ----------
    spread : NoiseSpread
        Quantile table, linear between its nodes.

    Returns
    -------
    ndarray of float64, shape (256,)
        Root mean square within each class, ascending: the rms over all pixels is that of the table, the median
        lies between the two middle classes.
    """
    per_class = 64
    rank = (np.arange(LEVELS * per_class) + 0.5) / (LEVELS * per_class)
    ratio = np.interp(rank, spread.quantiles, spread.ratio)
    return np.sqrt((ratio**2).reshape(LEVELS, per_class).mean(axis=1))


def read_noise_ratio(
    stream: int, rows: NDArray[np.int64], columns: NDArray[np.int64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read noise of each pixel relative to the median.

    Parameters
    ----------
    stream : int
        Key of the body's pixel words; the highest byte is the pixel's class.
    rows, columns : ndarray of int64
        Sensor coordinates (total px).
    levels : ndarray of float64, shape (256,)
        From `spread_levels`.
    """
    return levels[words(stream, rows, columns) >> np.uint32(24)]


def memory_weights(neighbour_correlation: float) -> tuple[float, float]:
    """Weights c, s of a pixel's own and its left neighbour's number, c^2 + s^2 = 1, c s = correlation.

    A sum of two independent standard normal numbers with these weights is standard normal again: the
    correlation leaves the noise of the single pixel as it is.
    """
    angle = 0.5 * np.arcsin(2.0 * neighbour_correlation)
    return float(np.cos(angle)), float(np.sin(angle))


def remember_left(unit_noise: NDArray[np.float64], neighbour_correlation: float) -> NDArray[np.float64]:
    """Correlate neighbours in a row; the result has one column less than the input.

    Parameters
    ----------
    unit_noise : ndarray of float64, shape (rows, columns + 1)
        Independent standard normal numbers, one column to the left included.
    neighbour_correlation : float
        Of adjacent pixels, 0 to 0.5.

    Notes
    -----
    Limits: a property of the noise, not of the signal: bright pixels leave no trail.
    """
    own, left = memory_weights(neighbour_correlation)
    return own * unit_noise[:, 1:] + left * unit_noise[:, :-1]
