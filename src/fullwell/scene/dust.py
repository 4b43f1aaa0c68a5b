"""Shadows of dust on the filter and on the sensor window.

They are rings where the telescope has a central obstruction, discs where it has none. Of a cone of light of focal
ratio N, a speck of diameter d at a distance z before the sensor covers a part: its shadow is z / N wide and
(d N / z)^2 deep.

Limits: round opaque specks; no diffraction rings; sizes and distances are assumptions for a clean camera.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import key
from fullwell.models.facts import Geometry
from fullwell.scene.draws import uniform
from fullwell.scene.optics import GRID_STEP_PX, Optics

_WINDOW_MM = (3.0, 8.0)
_FILTER_MM = (12.0, 20.0)
_SPECK_MM = (0.03, 0.18)
_DEEPEST = 0.5


def shadow_grid(
    shape: tuple[int, int], geometry: Geometry, optics: Optics, filter_name: str, seed: int
) -> NDArray[np.float32]:
    """Share of light that the dust lets through, on the grid of `fullwell.scene.illumination`.

    Every other speck lies on the filter and moves with it; the others lie on the window of the camera body.

    Parameters
    ----------
    shape : tuple of int
        Of the grid.
    seed : int
        Of the camera body.

    Returns
    -------
    ndarray of float32
    """
    grid = np.ones(shape, np.float32)
    number = np.arange(optics.dust)
    for name, mine, distance_mm in (
        (filter_name, number[1::2], _FILTER_MM),
        ("window", number[0::2], _WINDOW_MM),
    ):

        def draw(purpose: str, low: float, high: float) -> NDArray[np.float64]:
            return low + (high - low) * uniform(key(seed, "dust", name, purpose), mine)  # noqa: B023

        rows = draw("row", 0, geometry.effective.height)
        columns = draw("column", 0, geometry.effective.width)
        blur_mm = draw("distance", *distance_mm) / optics.focal_ratio
        speck_mm = np.exp(draw("size", *np.log(_SPECK_MM)))
        for one in zip(rows, columns, blur_mm, speck_mm, strict=True):
            _shade_one(grid, *one, optics.obstruction, geometry.pixel_size_um * 1e-3)
    return grid


def _shade_one(
    grid: NDArray[np.float32],
    row: float,
    column: float,
    blur_mm: float,
    speck_mm: float,
    obstruction: float,
    pitch_mm: float,
) -> None:
    """Multiply the shadow of one speck into the grid."""
    radius = (blur_mm + speck_mm) / 2 / pitch_mm
    soft = max(speck_mm / pitch_mm, GRID_STEP_PX)
    depth = min((speck_mm / blur_mm) ** 2 / (1 - obstruction**2), _DEEPEST)
    reach = radius + soft
    i, j = (
        slice(max(0, int((at - reach) // GRID_STEP_PX)), max(0, int((at + reach) // GRID_STEP_PX) + 2))
        for at in (row, column)
    )
    part = grid[i, j]
    y = (np.arange(i.start, i.start + part.shape[0]) * GRID_STEP_PX - row)[:, np.newaxis]
    x = np.arange(j.start, j.start + part.shape[1]) * GRID_STEP_PX - column
    distance = np.sqrt(y**2 + x**2)
    shadow = np.clip((radius - distance) / soft + 0.5, 0, 1)
    if obstruction:
        shadow = shadow * np.clip((distance - obstruction * radius) / soft + 0.5, 0, 1)
    part *= (1 - depth * shadow).astype(np.float32)
