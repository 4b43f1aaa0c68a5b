"""A pixel and its neighbours: correlation of their noise, and pixels that stand alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fullwell.errors import InvalidValue
from fullwell.measure.background import flattened
from fullwell.measure.estimate import Estimate


@dataclass(frozen=True, slots=True)
class NeighbourCorrelation:
    """Correlation coefficient of the noise of adjacent pixels.

    Attributes
    ----------
    in_row, in_column : Estimate
        Of a pixel and the next in its row, in its column.
    """

    in_row: Estimate
    in_column: Estimate


def neighbour_correlation(frame: NDArray[Any]) -> NeighbourCorrelation:
    """Correlation of adjacent pixels in one frame, stars or not.

    Sky and stars are taken out first, then the level of each row and column, so that banding does not count.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
        DN, at least 64 by 64.

    Notes
    -----
    Limits: unresolved faint stars raise both correlations; the differences of frames of the same field do not
    have this error.
    """
    flat = flattened(frame)
    flat = flat - flat.mean(axis=1, keepdims=True)
    flat = flat - flat.mean(axis=0, keepdims=True)
    return NeighbourCorrelation(
        _correlation(flat[:, :-1], flat[:, 1:], flat.shape[1]),
        _correlation(flat[:-1], flat[1:], flat.shape[0]),
    )


def _correlation(one: np.ma.MaskedArray[Any, Any], other: np.ma.MaskedArray[Any, Any], length: int) -> Estimate:
    """Correlation coefficient; the mean that was taken off had cost 1 / length."""
    both = ~(np.ma.getmaskarray(one) | np.ma.getmaskarray(other))
    x, y = one.data[both], other.data[both]
    value = float(np.mean(x * y) / np.sqrt(np.mean(x * x) * np.mean(y * y)))
    return Estimate(value + 1.0 / length, (1.0 - value**2) / float(both.sum()) ** 0.5)


def isolated_bright_pixels(frame: NDArray[Any], threshold_dn: float) -> Estimate:
    """Share of pixels that stand alone above their neighbours: warm pixels, telegraph jumps, cosmic rays.

    A pixel counts if it exceeds the median of its 8 neighbours by more than the threshold and the brightest of
    them does so by less than half of it; a star spreads over its neighbours and does not count.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
        DN; the outermost pixels are not judged.
    threshold_dn : float
        Above 0, well above the pixel noise.

    Raises
    ------
    InvalidValue
        If the threshold is not above 0 or the frame smaller than 3 by 3.
    """
    if threshold_dn <= 0 or frame.ndim != 2 or min(frame.shape) < 3:
        raise InvalidValue(
            f"threshold of {threshold_dn:g} DN on a frame of shape {frame.shape}.",
            "Give a threshold above 0 and at least 3 by 3 pixels.",
        )
    values = np.asarray(frame, np.float32)
    around = np.ones((3, 3), bool)
    around[1, 1] = False
    crowd = ndimage.median_filter(values, footprint=around)
    brightest = ndimage.maximum_filter(values, footprint=around)
    alone = (values - crowd > threshold_dn) & (brightest - crowd < 0.5 * threshold_dn)
    inner = alone[1:-1, 1:-1]
    share = float(inner.mean())
    return Estimate(share, (max(share * (1 - share), 1 / inner.size) / inner.size) ** 0.5)
