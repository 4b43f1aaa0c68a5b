"""The kernel that adds a smooth patch of light to a strip of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit


@njit(cache=True, nogil=True, error_model="numpy")
def add_glow(
    out: NDArray[np.float32],
    left: int,
    top: int,
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    pattern: NDArray[np.float32],
    law: NDArray[np.float32],
    radius_px: float,
    softening_px: float,
    axis_ratio: float,
    direction: tuple[float, float],
    spread_px: float,
) -> None:
    """Add one `fullwell.scene.targets.Glow` to a strip.

    Parameters
    ----------
    out : ndarray of float32, shape (rows, columns)
        The strip, added to.
    left, top : int
        Its position in the effective area, px.
    x_px, y_px : ndarray of float64, shape (rows,) or (1,)
        Centre of the glow during the exposure of each row, 0-based pixel centres of the effective area.
    pattern : ndarray of float32, shape (2, 2)
        Electrons per second and pixel by parity of row and column, to be multiplied with the law.
    law, radius_px, softening_px, axis_ratio, direction, spread_px
        See `Glow`.
    """
    steps = np.float32(law.size - 1)
    first_row = max(0, int(np.ceil(y_px.min() - radius_px)) - top)
    last_row = min(out.shape[0] - 1, int(np.floor(y_px.max() + radius_px)) - top)
    along_x, along_y = np.float32(direction[0]), np.float32(direction[1])
    scale = np.float32(1 / radius_px)
    soft = np.float32((softening_px / radius_px) ** 2)
    spread = np.float32(spread_px / radius_px)
    flatten = np.float32(1 / axis_ratio if axis_ratio > 0 else 0)
    for row in range(first_row, last_row + 1):
        x = x_px[row] if x_px.size > 1 else x_px[0]
        y = y_px[row] if y_px.size > 1 else y_px[0]
        dy = np.float32((top + row - y) / radius_px)
        chord = np.sqrt(max(np.float32(1) - dy * dy, np.float32(0))) * radius_px
        begin = max(0, int(np.ceil(x - chord)) - left)
        end = min(out.shape[1], int(np.floor(x + chord)) + 1 - left)
        even, odd = pattern[(top + row) & 1, left & 1], pattern[(top + row) & 1, (left + 1) & 1]
        for column in range(begin, end):
            dx = np.float32(left + column - x) * scale
            along = dx * along_x + dy * along_y
            across = dy * along_x - dx * along_y
            weight = odd if column & 1 else even
            if axis_ratio > 0:
                across *= flatten
                root = np.sqrt(np.sqrt(along * along + across * across + soft))
            else:
                if along <= 0:
                    continue
                square = across * across / (spread * along + soft)
                if square > 36:
                    continue
                weight *= np.exp(np.float32(-0.5) * square)
                root = np.sqrt(along)
            fine = root * steps
            index = np.uintp(np.int64(fine))
            if fine < steps:
                value = law[index] + (law[index + np.uintp(1)] - law[index]) * (fine - np.float32(np.int64(fine)))
                out[row, column] += weight * value
