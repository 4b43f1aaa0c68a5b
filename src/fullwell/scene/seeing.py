"""The image of a star: a Moffat profile, blurred by the jitter of the mount and summed over each pixel.

Near the centre the profile is integrated over the pixel and tabulated for fine steps of the star's position
within its pixel; between steps it is linear, which keeps flux and centroid exact. Further out the profile is so
smooth that its value and curvature at the pixel's centre give the integral.

Limits: the same image all over the field and for all colours; no diffraction spikes or reflections.

References
----------
.. [1] Moffat A. F. J. 1969, A&A 3, 455.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

LARGEST_RADIUS_PX = 1000.0
RADIAL_STEPS_PER_PX = 16
SHARPEST_PX = 0.4
"""No lens is sharper, and the table is exact down to here."""


@dataclass(frozen=True, eq=False)
class StarImage:
    """The image of a star of 1 electron.

    Attributes
    ----------
    core : ndarray of float32, shape (steps + 1, steps + 1, 2 half + 2, 2 half + 2)
        Electrons by (fraction of y, fraction of x, row, column): element (p, q, half + i, half + j) is what
        pixel (i, j) gets of a star at (p / steps, q / steps).
    steps : int
        Positions per pixel.
    half : int
        Rows and columns of the core before the star's pixel, px.
    radial : ndarray of float32
        Electrons per pixel at distance n / 16 px.
    scale_px : float
        The Moffat profile's alpha.
    beta : float
        The Moffat profile's beta.
    """

    core: NDArray[np.float32]
    steps: int
    half: int
    radial: NDArray[np.float32]
    scale_px: float
    beta: float

    def enclosed(self, radius_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the light within a radius."""
        return np.asarray(1 - (1 + (radius_px / self.scale_px) ** 2) ** (1 - self.beta))

    def radius_px(self, electrons: NDArray[np.float64], faintest: float) -> NDArray[np.float64]:
        """Where the image of a star of so many electrons falls below `faintest` electrons per pixel.

        At least three times the full width at half maximum, at most `LARGEST_RADIUS_PX`.
        """
        peak = (self.beta - 1) / (np.pi * self.scale_px**2) * electrons
        square = np.maximum(peak / faintest, 1.0) ** (1 / self.beta) - 1
        width = 2 * self.scale_px * np.sqrt(2 ** (1 / self.beta) - 1)
        return np.asarray(np.clip(self.scale_px * np.sqrt(square), 3 * width, LARGEST_RADIUS_PX))


def star_image(fwhm_px: float, beta: float, jitter_px: float = 0.0) -> StarImage:
    """Tabulate the image of a star.

    Parameters
    ----------
    fwhm_px : float
        Full width at half maximum before jitter and pixel, px; smaller ones count as `SHARPEST_PX`.
    beta : float
        Power of the wings, above 1.
    jitter_px : float, default 0
        Standard deviation of the mount's jitter in each direction, px.

    Returns
    -------
    StarImage
    """
    fwhm_px = max(fwhm_px, SHARPEST_PX)
    scale = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    width = np.hypot(fwhm_px, 2.355 * jitter_px)
    steps = 2 * int(np.clip(np.ceil(16 / width), 1, 16))  # even: pixel edges fall on steps
    half = int(np.clip(np.ceil(3 * width), 6, 60))
    return StarImage(
        _core(scale, beta, jitter_px, steps, half), steps, half, _radial(scale, beta, jitter_px), scale, beta
    )


def _core(scale: float, beta: float, jitter_px: float, steps: int, half: int) -> NDArray[np.float32]:
    margin = 2 + int(np.ceil(5 * jitter_px))
    reach = half + margin
    fine = (np.arange(2 * reach * steps) + 0.5) / steps - reach
    profile = (1 + (fine[:, np.newaxis] ** 2 + fine**2) / scale**2) ** -beta
    profile *= (beta - 1) / (np.pi * scale**2 * steps**2)
    if jitter_px > 0:
        profile = gaussian_filter(profile, jitter_px * steps, mode="nearest", truncate=5)
    total = np.zeros((len(fine) + 1, len(fine) + 1))
    total[1:, 1:] = profile.cumsum(axis=0).cumsum(axis=1)
    pixels = total[steps:, steps:] - total[:-steps, steps:] - total[steps:, :-steps] + total[:-steps, :-steps]
    # pixels[k] is centred at k / steps - reach + 1/2; a star at fraction p / steps sees pixel i at i - p / steps.
    offset = np.arange(2 * half + 2) - half
    index = [(offset * steps - phase) + reach * steps - steps // 2 for phase in range(steps + 1)]
    grid = np.array(index)
    return np.ascontiguousarray(
        pixels[grid[:, np.newaxis, :, np.newaxis], grid[np.newaxis, :, np.newaxis, :]], np.float32
    )


def _radial(scale: float, beta: float, jitter_px: float) -> NDArray[np.float32]:
    radius = np.arange(int(LARGEST_RADIUS_PX * RADIAL_STEPS_PER_PX) + 33) / RADIAL_STEPS_PER_PX
    base = 1 + (radius / scale) ** 2
    curvature = 4 * beta / scale**2 * ((beta + 1) * (base - 1) / base - 1) * base ** -(beta + 1)
    value = base**-beta + (1 / 24 + jitter_px**2 / 2) * curvature
    return np.asarray(value * (beta - 1) / (np.pi * scale**2), dtype=np.float32)
