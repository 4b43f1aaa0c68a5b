"""How the two chains of a dual frame fit together, from the frames themselves: high = k x low + b."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.reduce.hdr import FADE_FROM, HdrCalibration

WORST_ERROR: Final = 0.01
"""Relative error of k from which on the frames show no line."""


@dataclass(frozen=True, slots=True)
class Splice:
    """The line that leads from low-gain to high-gain words.

    Attributes
    ----------
    k, b_dn : float
        High-gain word = k x low-gain word + b.
    k_error, b_error_dn : float
        Standard errors.
    pixels : int
        How many pixels they rest on.
    """

    k: float
    b_dn: float
    k_error: float
    b_error_dn: float
    pixels: int

    def apply(self, calibration: HdrCalibration) -> HdrCalibration:
        """A calibration whose low-gain chain continues its high-gain chain along this line."""
        high, low = calibration.high, calibration.low
        gain = high.e_per_dn * self.k
        fitted = replace(
            low,
            e_per_dn=gain,
            bias_dn=(high.bias_dn - self.b_dn) / self.k,
            noise_e=low.noise_e * gain / low.e_per_dn,
        )
        return replace(calibration, low=fitted)


def fit_splice(frames: Iterable[NDArray[Any]], calibration: HdrCalibration) -> Splice:
    """Fit the line through all pixels that the high-gain chain can show.

    The vendor's library does this as "compute k, b once" (CONTROL_HDR = 2); how, it does not say.

    Parameters
    ----------
    frames : iterable of ndarray, shape (rows, 2 columns)
        Dual frames of one setting, together with a good range of light: a picture, or flats of several levels.
    calibration : HdrCalibration
        Where the high-gain chain ends, and its noise.

    Returns
    -------
    Splice

    Raises
    ------
    InvalidValue
        If there are too few such pixels, or they are all about equally bright.

    Notes
    -----
    Low-gain words are fitted to high-gain words, and pixels chosen by the latter, whose noise is the far smaller
    one; the rest of it is taken off the variance. Errors assume that pixels are independent, which leaves out the
    fixed pattern of the columns.

    References
    ----------
    W. A. Fuller, *Measurement Error Models*, Wiley 1987, section 1.2 (slope with a known error variance).
    """
    high = calibration.high
    ceiling_dn = high.bias_dn + FADE_FROM * (high.saturation_dn - high.bias_dn)
    sums = np.zeros(6)
    for frame in frames:
        sums += _sums(frame, calibration, ceiling_dn)
    pixels = int(sums[0])
    if pixels > 2:
        splice = _line(sums / pixels, pixels, calibration)
        if splice is not None and splice.k_error < WORST_ERROR * splice.k:
            return splice
    raise InvalidValue(
        f"{pixels} pixels below saturation with too small a range of light show no line between the chains.",
        "Give frames with several levels of light up to the top of the high-gain chain.",
    )


def _line(means: NDArray[np.float64], pixels: int, calibration: HdrCalibration) -> Splice | None:
    """The line of means of words, squares and product; None where the high-gain words are noise and no more."""
    high, low = calibration.high, calibration.low
    mean_high, mean_low = float(means[1]), float(means[2])
    covariance = float(means[5]) - mean_high * mean_low
    true_variance = float(means[3]) - mean_high**2 - (high.noise_e / high.e_per_dn) ** 2
    if true_variance <= 0.0 or covariance <= 0.0:
        return None
    slope = covariance / true_variance
    scatter = max(float(means[4]) - mean_low**2 - slope * covariance, 0.0) / pixels
    k = 1.0 / slope
    k_error = k**2 * (scatter / true_variance) ** 0.5
    b_dn = mean_high + high.bias_dn - k * (mean_low + low.bias_dn)
    b_error_dn = math.hypot(k * scatter**0.5, k_error * (mean_low + low.bias_dn))
    return Splice(k, b_dn, k_error, b_error_dn, pixels)


def _sums(frame: NDArray[Any], calibration: HdrCalibration, ceiling_dn: float) -> NDArray[np.float64]:
    """Number of pixels, and sums of both words above their bias, of their squares, and of their product."""
    left, right = np.hsplit(frame, 2)
    chosen = left < ceiling_dn
    chosen[0, : calibration.stamped_px] = False
    high = left[chosen].astype(np.float64) - calibration.high.bias_dn
    low = right[chosen].astype(np.float64) - calibration.low.bias_dn
    return np.array([high.size, high.sum(), low.sum(), high @ high, low @ low, high @ low])
