"""Photo response: each pixel turns the same light into slightly different numbers of electrons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.patterns import pattern_normals


def photo_response(
    stream: int, rows: NDArray[np.int64], columns: NDArray[np.int64], prnu_fraction: float
) -> NDArray[np.float64]:
    """Relative response of each pixel (PRNU): 1 + prnu_fraction x n, with n normal.

    Parameters
    ----------
    stream : int
        Key of the body's pixels.
    rows, columns : ndarray of int64
        Sensor coordinates (total px).
    prnu_fraction : float
        Relative standard deviation.

    Returns
    -------
    ndarray of float64, shape (rows, columns)

    Notes
    -----
    Limits: white (no large-scale structure, no dependence on wavelength); at most 3.84 standard deviations.
    """
    return 1.0 + prnu_fraction * pattern_normals(stream, rows, columns)
