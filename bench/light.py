"""The scene of the comparison: a sky with 5,000 stars as expected electrons, made once, read by every peer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 6422, 9600
SKY_E = 60.0
STARS = 5_000
FWHM_PX = 2.6
STAMP_PX = 12

DARK_E = 0.5
READ_NOISE_E = 3.9
GAIN_E_PER_DN = 0.43
BIAS_DN = 492
FULL_WELL_E = 27_700.0


def expected_electrons() -> NDArray[np.float32]:
    """Sky and stars of 10 to 19 mag, electrons, shape (6422, 9600)."""
    generator = np.random.default_rng(2026)
    light = np.full((ROWS, COLUMNS), SKY_E, np.float32)
    row = generator.uniform(STAMP_PX, ROWS - STAMP_PX, STARS)
    column = generator.uniform(STAMP_PX, COLUMNS - STAMP_PX, STARS)
    total = 10 ** (6.5 - 0.4 * 9 * generator.power(3.0, STARS))
    sigma = FWHM_PX / 2.355
    offset = np.arange(-STAMP_PX, STAMP_PX + 1)
    for y, x, electrons in zip(row, column, total, strict=True):
        i, j = int(y), int(x)
        profile_y = np.exp(-0.5 * ((offset + i - y) / sigma) ** 2)
        profile_x = np.exp(-0.5 * ((offset + j - x) / sigma) ** 2)
        stamp = np.outer(profile_y, profile_x)
        window = light[i - STAMP_PX : i + STAMP_PX + 1, j - STAMP_PX : j + STAMP_PX + 1]
        window += (electrons * stamp / stamp.sum())[: window.shape[0], : window.shape[1]]
    return light


def write(path: Path) -> None:
    """Save the light for the peers (247 MB)."""
    np.save(path, expected_electrons())
