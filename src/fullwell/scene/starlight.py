"""The kernel that adds the images of stars to a strip of rows.

A pixel comes out the same to the bit whatever strip it is drawn in: all positions are counted from the corner of
the effective area, and there is no fast-math.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.scene.seeing import RADIAL_STEPS_PER_PX

_RADIAL_STEPS = np.float32(RADIAL_STEPS_PER_PX)


@njit(cache=True, nogil=True, error_model="numpy")
def add_stars(
    out: NDArray[np.float32],
    left: int,
    top: int,
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    radius_px: NDArray[np.float64],
    rate: NDArray[np.float32],
    channel: NDArray[np.int64],
    path_x_px: NDArray[np.float64],
    path_y_px: NDArray[np.float64],
    core: NDArray[np.float32],
    radial: NDArray[np.float32],
) -> None:
    """Add stars to a strip.

    Parameters
    ----------
    out : ndarray of float32, shape (rows, columns)
        The strip, added to.
    left, top : int
        Its position in the effective area, px.
    x_px, y_px, radius_px : ndarray of float64, shape (stars,)
        Position (0-based pixel centres of the effective area) and reach of each image.
    rate : ndarray of float32, shape (channels, stars)
        Electrons of the whole image in each colour channel.
    channel : ndarray of int64, shape (2, 2)
        Colour channel by parity of row and column in the effective area.
    path_x_px, path_y_px : ndarray of float64, shape (rows or 1, steps)
        Displacements over the exposure of each row, of equal weight.
    core, radial : ndarray of float32
        See `fullwell.scene.seeing.StarImage`.
    """
    rows, columns = out.shape
    steps, half = core.shape[0] - 1, core.shape[2] // 2 - 1
    places = path_x_px.shape[1]
    own_paths = path_x_px.shape[0] > 1
    drift = np.abs(path_y_px).max()
    one = np.float32(1)
    for star in range(x_px.size):
        reach = radius_px[star]
        first_row = max(0, int(np.ceil(y_px[star] - reach - drift)) - top)
        last_row = min(rows - 1, int(np.floor(y_px[star] + reach + drift)) - top)
        for path in range(path_x_px.shape[0]):
            if own_paths:
                if path < first_row or path > last_row:
                    continue
                first_own, last_own = path, path
            else:
                first_own, last_own = first_row, last_row
            for place in range(places):
                x = x_px[star] + path_x_px[path, place]
                y = y_px[star] + path_y_px[path, place]
                whole_x, whole_y = int(np.floor(x)), int(np.floor(y))
                fine_x, fine_y = (x - whole_x) * steps, (y - whole_y) * steps
                q, p = int(fine_x), int(fine_y)
                fx, fy = np.float32(fine_x - q), np.float32(fine_y - p)
                w00, w01 = (one - fy) * (one - fx), (one - fy) * fx
                w10, w11 = fy * (one - fx), fy * fx
                upper, upper_right = core[p, q], core[p, q + 1]
                lower, lower_right = core[p + 1, q], core[p + 1, q + 1]
                for row in range(first_own, last_own + 1):
                    dy = top + row - y
                    chord = reach * reach - dy * dy
                    if chord < 0:
                        continue
                    chord = np.sqrt(chord)
                    begin = max(0, int(np.ceil(x - chord)) - left)
                    end = min(columns, int(np.floor(x + chord)) + 1 - left)
                    if end <= begin:
                        continue
                    parity = (top + row) & 1
                    even = rate[channel[parity, left & 1], star] / np.float32(places)
                    odd = rate[channel[parity, (left + 1) & 1], star] / np.float32(places)
                    core_row = top + row - whole_y + half
                    core_begin, core_end = end, end
                    if 0 <= core_row < upper.shape[0]:
                        core_begin = min(max(begin, whole_x - half - left), end)
                        core_end = max(min(end, whole_x + half + 2 - left), core_begin)
                    # Unsigned indices keep the compiler from allowing for negative ones.
                    i, r = np.uintp(core_row), np.uintp(row)
                    shift = left + half - whole_x
                    for column in range(core_begin, core_end):
                        j, c = np.uintp(column + shift), np.uintp(column)
                        share = w00 * upper[i, j] + w01 * upper_right[i, j]
                        share += w10 * lower[i, j] + w11 * lower_right[i, j]
                        out[r, c] += share * (odd if column & 1 else even)
                    for column in range(begin, core_begin):
                        share = _wing(np.float32(left + column - x), np.float32(dy), radial)
                        out[row, column] += share * (odd if column & 1 else even)
                    for column in range(core_end, end):
                        share = _wing(np.float32(left + column - x), np.float32(dy), radial)
                        out[row, column] += share * (odd if column & 1 else even)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _wing(dx: np.float32, dy: np.float32, radial: NDArray[np.float32]) -> np.float32:
    """Electrons of a pixel far from a star of 1 electron."""
    fine = np.sqrt(dx * dx + dy * dy) * _RADIAL_STEPS
    index = int(fine)
    part = np.float32(fine - index)
    return radial[index] + (radial[index + 1] - radial[index]) * part
