"""The kernel that adds a smooth patch of light to a strip of rows."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")
def add_glow(
    out: NDArray[np.float32],
    left: int,
    top: int,
    x_px: float,
    y_px: float,
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
    x_px, y_px : float
        Centre of the glow, 0-based pixel centres of the effective area.
    pattern : ndarray of float32, shape (2, 2)
        Electrons per second and pixel by parity of row and column, to be multiplied with the law.
    law, radius_px, softening_px, axis_ratio, direction, spread_px
        See `Glow`.
    """
    steps = law.size - 1
    first_row = max(0, int(np.ceil(y_px - radius_px)) - top)
    last_row = min(out.shape[0] - 1, int(np.floor(y_px + radius_px)) - top)
    along_x, along_y = direction
    for row in range(first_row, last_row + 1):
        dy = top + row - y_px
        chord = np.sqrt(max(radius_px * radius_px - dy * dy, 0.0))
        begin = max(0, int(np.ceil(x_px - chord)) - left)
        end = min(out.shape[1], int(np.floor(x_px + chord)) + 1 - left)
        for column in range(begin, end):
            dx = left + column - x_px
            along = dx * along_x + dy * along_y
            across = dy * along_x - dx * along_y
            weight = 1.0
            if axis_ratio > 0:
                across /= axis_ratio
                distance = np.sqrt(along * along + across * across + softening_px * softening_px)
            else:
                if along <= 0:
                    continue
                variance = spread_px * along + softening_px * softening_px
                weight = np.exp(-0.5 * across * across / variance)
                distance = along
            fine = np.sqrt(distance / radius_px) * steps
            index = int(fine)
            if index < steps:
                value = law[index] + (law[index + 1] - law[index]) * (fine - index)
                out[row, column] += pattern[(top + row) & 1, (left + column) & 1] * value * weight
