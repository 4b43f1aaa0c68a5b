"""Take the sky and its stars out of a frame, so that its noise can be looked at."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fullwell.errors import InvalidValue

BOX_PX = 16
CLIP_SIGMA = 4.0
GROW_PX = 3


def flattened(frame: NDArray[Any]) -> np.ma.MaskedArray[Any, Any]:
    """Frame less its smooth background, objects masked.

    Background: medians of 16 px boxes, interpolated. Objects: wherever the frame, smoothed over 3 by 3 pixels,
    stands 4 standard deviations above the background, and 3 px round it; single pixels beyond 4 standard
    deviations either way are masked alone.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
        DN, at least 64 by 64.

    Returns
    -------
    masked array of float64
        DN relative to the background. Clipping at 4 standard deviations lowers a Gaussian's variance by 0.1 %.

    Raises
    ------
    InvalidValue
        If the frame is smaller than 64 by 64.
    """
    if frame.ndim != 2 or min(frame.shape) < 4 * BOX_PX:
        raise InvalidValue(f"a frame of shape {frame.shape} is too small.", "Give at least 64 by 64 pixels.")
    values = np.asarray(frame, np.float64)
    residual = values - _background(values)
    sigma = _sigma(residual)
    smooth = ndimage.uniform_filter(residual, 3)
    objects = smooth > max(CLIP_SIGMA * _sigma(smooth), 1e-9)
    objects = ndimage.binary_opening(objects, np.ones((2, 2), bool))
    objects = ndimage.binary_dilation(objects, iterations=GROW_PX)
    mask = objects | (np.abs(residual) > CLIP_SIGMA * sigma)
    return np.ma.MaskedArray(residual, mask)


def _background(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians of boxes, interpolated linearly between the centres of the boxes."""
    rows, columns = (max(1, side // BOX_PX) for side in values.shape)
    row_edges = np.linspace(0, values.shape[0], rows + 1).astype(int)
    column_edges = np.linspace(0, values.shape[1], columns + 1).astype(int)
    medians = np.array(
        [
            [np.median(values[top:bottom, left:right]) for left, right in pairwise(column_edges)]
            for top, bottom in pairwise(row_edges)
        ]
    )
    medians = ndimage.median_filter(medians, 3, mode="nearest")
    row_at = np.interp(np.arange(values.shape[0]), (row_edges[1:] + row_edges[:-1] - 1) / 2, np.arange(rows))
    column_at = np.interp(
        np.arange(values.shape[1]), (column_edges[1:] + column_edges[:-1] - 1) / 2, np.arange(columns)
    )
    grid = np.meshgrid(row_at, column_at, indexing="ij")
    return np.asarray(ndimage.map_coordinates(medians, grid, order=1), np.float64)


def _sigma(values: NDArray[np.float64]) -> float:
    """Standard deviation of the crowd, from the quartiles of a Gaussian."""
    low, high = np.percentile(values, (25, 75))
    return float(high - low) / 1.349
