"""Photon transfer: system gain, full well and linearity from pairs of evenly lit frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.errors import InvalidValue
from fullwell.measure.estimate import Estimate

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Two frames of the same light, DN, shape (rows, columns)."""

LINEAR_TO = 0.95
"""Share of full well up to which linearity is judged."""


@dataclass(frozen=True, slots=True)
class PairStatistics:
    """What two frames of the same light say together.

    Attributes
    ----------
    mean_dn : Estimate
        Level, bias included.
    variance_dn2 : Estimate
        Temporal variance of one pixel of one frame; noise common to a row is taken out.
    covariance_dn2 : Estimate
        Temporal covariance of neighbours in a row.
    """

    mean_dn: Estimate
    variance_dn2: Estimate
    covariance_dn2: Estimate


@dataclass(frozen=True, eq=False)
class PhotonTransfer:
    """The photon transfer curve and what follows from it.

    Attributes
    ----------
    system_gain_e_per_dn : Estimate
        Electrons per count.
    dark_noise_e : Estimate
        Noise at no signal, the foot of the curve: rms over the pixels, quantisation included.
    full_well_e : Estimate or None
        Largest mean signal; None unless the last pair is saturated.
    linearity_error_fraction : Estimate or None
        Largest distance of a level up to 95 % of full well from the straight line, relative to that level; None
        without `light`.
    signal_dn, variance_dn2 : ndarray of float64, shape (pairs,)
        The curve, bias taken off the signal.
    used : ndarray of bool, shape (pairs,)
        Pairs that gave the gain.
    deviation_fraction : ndarray of float64, shape (pairs,)
        Relative distance from the straight line, NaN where it was not looked at.
    """

    system_gain_e_per_dn: Estimate
    dark_noise_e: Estimate
    full_well_e: Estimate | None
    linearity_error_fraction: Estimate | None
    signal_dn: NDArray[np.float64]
    variance_dn2: NDArray[np.float64]
    used: NDArray[np.bool_]
    deviation_fraction: NDArray[np.float64]


@njit(cache=True, nogil=True)
def _row_moments(first, second, out) -> None:  # type: ignore[no-untyped-def]
    """Per row: both levels; second and fourth moment and lag-1 product of the difference, centred."""
    rows, columns = first.shape
    for row in range(rows):
        level_one = 0.0
        level_two = 0.0
        for column in range(columns):
            level_one += first[row, column]
            level_two += second[row, column]
        drift = (level_one - level_two) / columns
        square = 0.0
        fourth = 0.0
        product = 0.0
        previous = 0.0
        for column in range(columns):
            difference = np.float64(first[row, column]) - np.float64(second[row, column]) - drift
            squared = difference * difference
            square += squared
            fourth += squared * squared
            product += difference * previous
            previous = difference
        out[row, 0] = level_one / columns
        out[row, 1] = level_two / columns
        out[row, 2] = square
        out[row, 3] = fourth
        out[row, 4] = product


def pair_statistics(first: NDArray[Any], second: NDArray[Any]) -> PairStatistics:
    """Level, temporal variance and neighbour covariance of a pair of frames.

    The difference of the two is centred row by row: fixed pattern, drift of the lamp and noise common to a row
    drop out.

    Parameters
    ----------
    first, second : ndarray, shape (rows, columns)
        DN; at least 2 rows of 16 columns.

    Raises
    ------
    InvalidValue
        If the shapes differ or are too small.
    """
    if first.shape != second.shape or first.ndim != 2 or first.shape[0] < 2 or first.shape[1] < 16:
        raise InvalidValue(
            f"frames of shape {first.shape} and {second.shape} make no pair.",
            "Give two frames of one shape, at least 2 rows of 16 columns.",
        )
    rows, columns = first.shape
    moments = np.empty((rows, 5))
    _row_moments(first, second, moments)
    level_one, level_two, square, fourth, product = moments.T
    pixels = rows * columns
    freedom = rows * (columns - 1)
    double_variance = float(square.sum()) / freedom
    double_covariance = (float(product.sum()) + float(square.sum()) / columns) / freedom
    kurtosis_term = max(float(fourth.sum()) / pixels - double_variance**2, 0.0)
    return PairStatistics(
        mean_dn=Estimate(
            float(np.mean(level_one + level_two)) / 2,
            float(np.std(level_one - level_two, ddof=1)) / 2 / rows**0.5,
        ),
        variance_dn2=Estimate(double_variance / 2, (kurtosis_term / pixels) ** 0.5 / 2),
        covariance_dn2=Estimate(double_covariance / 2, double_variance / pixels**0.5 / 2),
    )


def photon_transfer(
    bias: Pair,
    flats: Sequence[Pair],
    light: Sequence[float] | None = None,
    *,
    fit_up_to: float = 0.7,
    with_neighbours: bool = False,
) -> PhotonTransfer:
    """Photon transfer of one read-out chain at one gain setting.

    The variance of evenly lit pixels grows with the signal by 1 / gain; the pair of each level gives both. Levels
    are weighted by their own sampling errors.

    Parameters
    ----------
    bias : pair of frames
        Without light, shortest exposure.
    flats : sequence of pairs of frames
        In ascending order of light, at least 3. For the full well the last must be saturated: its noise has
        collapsed to less than half of that of the line, or it lies at one level throughout.
    light : sequence of float, optional
        Relative light of each pair (exposure time or lamp setting, any unit); gives the linearity.
    fit_up_to : float
        Share of the brightest level up to which levels enter the fit of the gain, 0.1 to 1.
    with_neighbours : bool
        Count the covariance of neighbours in a row with the variance. Right for a chain whose memory smears
        charge, which moves variance into covariance; wrong (by twice the correlation) where correlated noise has
        been added on top.

    Returns
    -------
    PhotonTransfer

    Raises
    ------
    InvalidValue
        If there are too few pairs, they do not ascend, or `light` has another length.

    Notes
    -----
    Limits: the variance is taken as linear in the signal, so non-linearity of n % within the fit shows as an
    error of that size in the gain; pixels differ in response (PRNU), which drops out of pairs.

    References
    ----------
    J. Janesick, *Photon Transfer*, SPIE Press 2007, ch. 5. EMVA Standard 1288, release 4.0, sections 6 and 7
    (linearity as the relative deviation from a line fitted with relative weights between 5 and 95 %).
    """
    if len(flats) < 3:
        raise InvalidValue(f"{len(flats)} pairs were given.", "Photon transfer needs at least 3 levels of light.")
    if light is not None and len(light) != len(flats):
        raise InvalidValue(f"{len(light)} light levels for {len(flats)} pairs.", "Give one number for each pair.")
    dark = pair_statistics(*bias)
    levels = [pair_statistics(*pair) for pair in flats]
    signal = np.array([level.mean_dn.value for level in levels]) - dark.mean_dn.value
    if signal[0] <= 0 or np.any(np.diff(signal) < 0):
        raise InvalidValue(
            f"the levels {np.array2string(signal, precision=1)} DN above bias do not ascend.",
            "Order the pairs by their light and check that there is some.",
        )
    variance, error = _noise(levels, with_neighbours)
    dark_variance, dark_error = _noise([dark], with_neighbours)
    used = signal <= fit_up_to * signal[-1]
    if used.sum() < 2:
        raise InvalidValue(
            f"only {used.sum()} levels lie up to {fit_up_to:g} of the brightest.", "Add darker levels."
        )
    foot, slope, covariance = _weighted_line(
        np.append(0.0, signal[used]), np.append(dark_variance, variance[used]), np.append(dark_error, error[used])
    )
    gain = Estimate(1.0 / slope, covariance[1, 1] ** 0.5 / slope**2)
    noise_dn = max(foot, 0.0) ** 0.5
    noise_error_dn = covariance[0, 0] ** 0.5 / (2.0 * max(noise_dn, 1e-300))
    saturated = variance[-1] < 0.5 * (foot + slope * signal[-1])
    signal_error = np.hypot([level.mean_dn.standard_error for level in levels], dark.mean_dn.standard_error)
    full_well = (
        Estimate(
            signal[-1] * gain.value,
            gain.value * float(np.hypot(signal_error[-1], signal[-1] * gain.relative_error)),
        )
        if saturated
        else None
    )
    linearity, deviation = (
        _linearity(signal, signal_error, np.asarray(light, float), saturated)
        if light is not None
        else (None, np.full(len(flats), np.nan))
    )
    return PhotonTransfer(
        system_gain_e_per_dn=gain,
        dark_noise_e=Estimate(noise_dn * gain.value, noise_error_dn * gain.value),
        full_well_e=full_well,
        linearity_error_fraction=linearity,
        signal_dn=signal,
        variance_dn2=variance,
        used=used,
        deviation_fraction=deviation,
    )


def _noise(
    levels: Sequence[PairStatistics], with_neighbours: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variance of each level and its standard error, DN squared."""
    value = np.array([level.variance_dn2.value for level in levels])
    error = np.array([level.variance_dn2.standard_error for level in levels])
    if with_neighbours:
        value += 2.0 * np.array([level.covariance_dn2.value for level in levels])
        error = np.hypot(error, 2.0 * np.array([level.covariance_dn2.standard_error for level in levels]))
    return value, error


def _weighted_line(
    x: NDArray[np.float64], y: NDArray[np.float64], error: NDArray[np.float64]
) -> tuple[float, float, NDArray[np.float64]]:
    """Foot, slope and their covariance of the weighted least-squares line."""
    floor = 1e-9 * max(float(np.max(np.abs(y))), 1e-300)
    weight = 1.0 / np.maximum(error, floor) ** 2
    design = np.stack([np.ones_like(x), x], axis=1)
    covariance = np.linalg.inv(design.T @ (design * weight[:, None]))
    foot, slope = covariance @ (design.T @ (weight * y))
    return float(foot), float(slope), np.asarray(covariance, np.float64)


def _linearity(
    signal: NDArray[np.float64], signal_error: NDArray[np.float64], light: NDArray[np.float64], saturated: bool
) -> tuple[Estimate | None, NDArray[np.float64]]:
    """Largest relative deviation from a straight line, and that of each level."""
    top = LINEAR_TO * signal[-1] if saturated else signal[-1]
    inside = (signal <= top) & (signal >= 0.05 * signal[-1])
    deviation = np.full(len(signal), np.nan)
    if inside.sum() < 3:
        return None, deviation
    foot, slope, _ = _weighted_line(light[inside], signal[inside], signal[inside])
    line = foot + slope * light[inside]
    deviation[inside] = (signal[inside] - line) / line
    worst = int(np.nanargmax(np.abs(deviation)))
    return Estimate(abs(float(deviation[worst])), float(signal_error[worst] / signal[worst])), deviation
