"""How evenly the optics light the sensor: natural and mechanical vignetting, and the shadows of dust.

The map is kept on a coarse grid and read with straight lines between its nodes, so that it costs next to nothing
per pixel. It belongs to the telescope and the filter, not to the scene: a `Sky` and a `Flat` with the same optics
and the same camera body have the same map, and a flat field corrects what it should.

Limits: the optical axis meets the centre of the sensor; dust lies still; shadows finer than the grid (8 px) are
smoothed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.models.facts import Geometry
from fullwell.scene.dust import shadow_grid
from fullwell.scene.optics import GRID_STEP_PX, Optics

BAFFLE_SHARE = 0.15
"""Of the pupil covered at twice the image circle: an assumption; 19 % lost at 21.6 mm by default."""


def illumination_grid(geometry: Geometry, optics: Optics, filter_name: str, seed: int) -> NDArray[np.float32]:
    """Relative illumination at every eighth pixel of the effective area, 1 on the axis but for dust.

    cos^4 of the field angle, times the share of the pupil that a baffle leaves. The baffle covers a segment of it
    that grows with the 3/2 power of the distance from the edge of the image circle.

    Parameters
    ----------
    geometry : Geometry
    optics : Optics
    filter_name : str
        The filter brings its own dust.
    seed : int
        Of the camera body, which has dust on its window.

    Returns
    -------
    ndarray of float32, shape (ceil(rows / 8) + 1, ceil(columns / 8) + 1)
        Node (i, j) lies at row 8 i, column 8 j.
    """
    area, pitch_mm = geometry.effective, geometry.pixel_size_um / 1e3
    y_mm, x_mm = (
        (GRID_STEP_PX * np.arange(-(-size // GRID_STEP_PX) + 1) - (size - 1) / 2) * pitch_mm
        for size in (area.height, area.width)
    )
    square_mm2 = y_mm[:, np.newaxis] ** 2 + x_mm**2
    natural = (1 + square_mm2 / optics.focal_length_mm**2) ** -2
    circle_mm = optics.image_circle_mm / 2
    beyond = np.maximum(np.sqrt(square_mm2) / circle_mm - 1, 0.0)
    mechanical = np.maximum(1 - BAFFLE_SHARE * beyond**1.5, 0.0)
    dust = shadow_grid(square_mm2.shape, geometry, optics, filter_name, seed)
    return np.asarray(natural * mechanical * dust, dtype=np.float32)


@njit(cache=True, nogil=True)
def _shade_pixels(pixels: NDArray[np.float32], line: NDArray[np.float32], left: int, factor: np.float32) -> None:
    """Multiply the pixels of a row one by one; for its ends, which fill no group of eight."""
    for k in range(pixels.size):
        node, part = divmod(left + k, 8)
        share = line[node] + (line[node + 1] - line[node]) * (np.float32(part) * np.float32(0.125))
        pixels[k] = pixels[k] * share * factor


@njit(cache=True, nogil=True)
def shade(
    out: NDArray[np.float32],
    left: int,
    top: int,
    grid: NDArray[np.float32],
    factor: NDArray[np.float32],
) -> None:
    """Multiply a strip by the illumination, then by a factor for each row, in place.

    The result is the same to the bit however the area is cut into strips, and whether the factor is applied here
    or afterwards: no fast-math.

    Parameters
    ----------
    out : ndarray of float32, shape (rows, columns)
    left, top : int
        Position of the strip in the effective area, px.
    grid : ndarray of float32
        From `illumination_grid`.
    factor : ndarray of float32, shape (rows,)
    """
    rows, columns = out.shape
    nodes = grid.shape[1]
    line = np.empty(nodes, np.float32)
    for row in range(rows):
        node_row, part = divmod(top + row, 8)
        weight = np.float32(part) * np.float32(0.125)
        for node in range(nodes):
            upper = grid[node_row, node]
            line[node] = upper + (grid[node_row + 1, node] - upper) * weight
        first = min((8 - left % 8) % 8, columns)
        last = columns - (columns - first) % 8
        _shade_pixels(out[row, :first], line, left, factor[row])
        begin = np.uintp((left + first) // 8)
        for group in range(np.uintp((last - first) // 8)):
            start = line[begin + group]
            slope = (line[begin + group + np.uintp(1)] - start) * np.float32(0.125)
            corner = np.uintp(first) + group * np.uintp(8)
            for k in range(np.uintp(8)):
                share = start + slope * np.float32(k)
                out[row, corner + k] = out[row, corner + k] * share * factor[row]
        _shade_pixels(out[row, last:], line, left + last, factor[row])


@njit(cache=True, nogil=True)
def at_positions(
    grid: NDArray[np.float32], x_px: NDArray[np.float64], y_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Relative illumination at points of the effective area (0-based pixel centres; clamped to its edge)."""
    value = np.empty(x_px.size)
    for i in range(x_px.size):
        x = min(max(x_px[i] / 8, 0.0), grid.shape[1] - 1.000001)
        y = min(max(y_px[i] / 8, 0.0), grid.shape[0] - 1.000001)
        column, row = int(x), int(y)
        fx, fy = x - column, y - row
        upper = grid[row, column] * (1 - fx) + grid[row, column + 1] * fx
        lower = grid[row + 1, column] * (1 - fx) + grid[row + 1, column + 1] * fx
        value[i] = upper * (1 - fy) + lower * fy
    return value


@njit(cache=True, nogil=True)
def fill_mosaic(out: NDArray[np.float32], left: int, top: int, pattern: NDArray[np.float32]) -> None:
    """Fill a strip with a 2x2 pattern that starts at the corner of the effective area."""
    rows, columns = out.shape
    for row in range(rows):
        even = pattern[(top + row) & 1, left & 1]
        odd = pattern[(top + row) & 1, (left + 1) & 1]
        if even == odd:
            out[row, :] = even
        else:
            for column in range(0, columns, 2):
                out[row, column] = even
            for column in range(1, columns, 2):
                out[row, column] = odd
