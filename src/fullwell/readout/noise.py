"""Read noise: a Gaussian in each pixel, of a width that differs from pixel to pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.models.facts import NoiseSpread


def spread_levels(spread: NoiseSpread, kinds: int) -> NDArray[np.float64]:
    """Read noise relative to its median in classes of equally many pixels.

    Parameters
    ----------
    spread : NoiseSpread
        Quantile table, linear between its nodes.
    kinds : int
        How many classes.

    Returns
    -------
    ndarray of float64, shape (kinds,)
        Root mean square within each class, ascending: the rms over all pixels is that of the table, the median
        lies between the two middle classes.

    Examples
    --------
    >>> levels = spread_levels(NoiseSpread((0.0, 0.5, 1.0), (0.8, 1.0, 2.0)), 2048)
    >>> round(float(np.median(levels)), 3)
    1.0
    """
    per_class = 64
    rank = (np.arange(kinds * per_class) + 0.5) / (kinds * per_class)
    ratio = np.interp(rank, spread.quantiles, spread.ratio)
    return np.sqrt((ratio**2).reshape(kinds, per_class).mean(axis=1))


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
