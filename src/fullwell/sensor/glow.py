"""Amplifier glow: infrared light of the read-out circuits, seen by the pixels near them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.models.facts import Geometry, Glow


def glow_profiles(
    glow: Glow, geometry: Geometry, anti_glow: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Glow rate as a product of a row and a column profile.

    Parameters
    ----------
    glow : Glow
        Facts of the sensor.
    geometry : Geometry
        The source is placed in fractions of the effective area.
    anti_glow : bool
        Whether the control is on: the rate is multiplied by ``glow.anti_glow_factor``.

    Returns
    -------
    row_rate_e_per_s : ndarray of float64, shape (total_height,)
    column_share : ndarray of float64, shape (total_width,)
        The rate of a pixel is the product of the two.

    Notes
    -----
    Limits: falls off as exp(-(|dx| + |dy|) / scale), the simplest law that is a product; real glow has
    structure of its own that no source prints for these sensors.
    """
    area = geometry.effective
    source_column = area.left + glow.column * (area.width - 1)
    source_row = area.top + glow.row * (area.height - 1)
    rate = glow.rate_e_per_s * (glow.anti_glow_factor if anti_glow else 1.0)
    row_rate = rate * np.exp(-np.abs(np.arange(geometry.total_height) - source_row) / glow.scale_px)
    column_share = np.exp(-np.abs(np.arange(geometry.total_width) - source_column) / glow.scale_px)
    return row_rate, column_share
