"""Dark current of the ordinary pixels, and how many are warm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.measure.estimate import Estimate
from fullwell.measure.pixels import stack_of

WARM_SIGMA = 6.0
"""How far above the crowd, in standard deviations of the mean frame, a pixel counts as warm."""


@dataclass(frozen=True, eq=False)
class DarkCurrent:
    """Thermal electrons.

    Attributes
    ----------
    rate_e_per_s : Estimate
        Mean over the ordinary pixels, per pixel.
    warm_fraction : Estimate
        Share of pixels that stand out of the crowd in these frames.
    map_e_per_s : ndarray of float64, shape (rows, columns)
        Of each pixel, with the noise of these frames.
    """

    rate_e_per_s: Estimate
    warm_fraction: Estimate
    map_e_per_s: NDArray[np.float64]


def dark_current(
    darks: Iterable[NDArray[Any]], biases: Iterable[NDArray[Any]], exposure_s: float, system_gain_e_per_dn: float
) -> DarkCurrent:
    """Dark current from long and shortest exposures in the dark.

    Parameters
    ----------
    darks, biases : iterable of ndarray, shape (rows, columns)
        DN, same gain, offset, mode and temperature; at least 2 of each.
    exposure_s : float
        Of the darks less that of the biases, s.
    system_gain_e_per_dn : float
        From photon transfer.

    Returns
    -------
    DarkCurrent
        The standard error counts pixel noise and noise common to a row, not that of the gain.

    Raises
    ------
    InvalidValue
        If the exposure or the gain is not above 0, or shapes differ.

    Notes
    -----
    Limits: a pixel a little warmer than its fellows cannot be told from noise and counts as ordinary; longer and
    more darks tell more of them apart. Glow of an amplifier counts as dark current.

    References
    ----------
    EMVA Standard 1288, release 4.0, section 7.1. J. Janesick, *Scientific Charge-Coupled Devices*, SPIE 2001.
    """
    if exposure_s <= 0 or system_gain_e_per_dn <= 0:
        raise InvalidValue(
            f"exposure of {exposure_s:g} s and gain of {system_gain_e_per_dn:g} e-/DN give no rate.",
            "Both must be above 0.",
        )
    dark, bias = stack_of(darks), stack_of(biases)
    if dark.mean_dn.shape != bias.mean_dn.shape:
        raise InvalidValue("darks and biases differ in shape.", "Take all frames with one window and binning.")
    to_rate = system_gain_e_per_dn / exposure_s
    rate = (dark.mean_dn - bias.mean_dn) * to_rate
    middle = float(np.median(rate))
    spread = 1.4826 * float(np.median(np.abs(rate - middle)))
    noise = np.sqrt(dark.variance_dn2 / dark.frames + bias.variance_dn2 / bias.frames) * to_rate
    ordinary = rate < middle + WARM_SIGMA * np.maximum(spread, noise)
    of_rows = np.array([np.mean(row[keep]) for row, keep in zip(rate, ordinary, strict=True) if keep.any()])
    pixels = rate.size
    warm = 1.0 - float(ordinary.mean())
    return DarkCurrent(
        rate_e_per_s=Estimate(
            float(np.mean(rate[ordinary])), float(np.std(of_rows, ddof=1)) / len(of_rows) ** 0.5
        ),
        warm_fraction=Estimate(warm, (max(warm * (1.0 - warm), 1.0 / pixels) / pixels) ** 0.5),
        map_e_per_s=rate,
    )
