"""Random telegraph noise: which pixels jump, how far, and how long they stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fullwell.compiled import njit
from fullwell.errors import InvalidValue
from fullwell.measure.estimate import Estimate

ITERATIONS = 40


@dataclass(frozen=True, eq=False)
class TelegraphCensus:
    """Pixels with three levels: centre, centre - jump, centre + jump.

    Attributes
    ----------
    fraction : Estimate
        Share of pixels that were found to jump.
    row, column : ndarray of int64, shape (found,)
        Where they are.
    jump_dn, core_dn : ndarray of float64, shape (found,)
        Size of the jump; standard deviation about each level, DN.
    no_jump, lower, upper : ndarray of float64, shape (found,)
        Share of the frames spent at the centre, below, above; they add up to 1.
    frames : int
        Length of the stack.
    """

    fraction: Estimate
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    jump_dn: NDArray[np.float64]
    core_dn: NDArray[np.float64]
    no_jump: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    frames: int


@njit(cache=True, nogil=True)
def _fit(values, centre, jump, core, best) -> None:  # type: ignore[no-untyped-def]
    """Expectation maximisation of three equidistant Gaussians of one width; keeps the better of this and `best`.

    `best`: log-likelihood, centre, jump, core, share of centre, lower, upper.
    """
    share = np.array([0.6, 0.2, 0.2])
    count = len(values)
    likelihood = -np.inf
    for _ in range(ITERATIONS):
        hold = np.zeros(3)
        first = np.zeros(3)
        second = 0.0
        total = 0.0
        for value in values:
            below = share[1] * np.exp(-0.5 * ((value - centre + jump) / core) ** 2)
            at = share[0] * np.exp(-0.5 * ((value - centre) / core) ** 2)
            above = share[2] * np.exp(-0.5 * ((value - centre - jump) / core) ** 2)
            weight = below + at + above + 1e-300
            total += np.log(weight / core)
            below, at, above = below / weight, at / weight, above / weight
            hold[0] += at
            hold[1] += below
            hold[2] += above
            first[0] += at * value
            first[1] += below * value
            first[2] += above * value
            second += (
                at * (value - centre) ** 2
                + below * (value - centre + jump) ** 2
                + above * (value - centre - jump) ** 2
            )
        side = hold[1] + hold[2]
        tilt = hold[2] - hold[1]
        # least squares of centre and jump, given who belongs where
        spread = side - tilt * tilt / count
        if spread < 0.5:
            break
        everything = first[0] + first[1] + first[2]
        new_jump = (first[2] - first[1] - tilt * everything / count) / spread
        centre = (everything - tilt * new_jump) / count
        jump = abs(new_jump)
        core = max(np.sqrt(second / count), 0.2)
        for k in range(3):
            share[k] = max(hold[k] / count, 1e-6)
        if abs(total - likelihood) < 1e-5 * count:
            likelihood = total
            break
        likelihood = total
    likelihood += np.log(share[0])  # of equals, the one whose centre is occupied
    if likelihood > best[0]:
        best[0], best[1], best[2], best[3] = likelihood, centre, jump, core
        best[4], best[5], best[6] = share[0], share[1], share[2]


@njit(cache=True, nogil=True)
def _census(stack, usual, margin, found) -> None:  # type: ignore[no-untyped-def]
    """Best three-level fit of each pixel that beats one Gaussian, into `found` (pixels, 7); 0 = none."""
    frames, pixels = stack.shape
    values = np.empty(frames)
    for pixel in range(pixels):
        mean = 0.0
        for k in range(frames):
            values[k] = stack[k, pixel]
            mean += values[k]
        mean /= frames
        variance = 0.0
        farthest = 0.0
        for value in values:
            variance += (value - mean) ** 2
            farthest = max(farthest, abs(value - mean))
        variance = variance / frames + 1.0 / 12.0
        found[pixel, 0] = 0.0
        if farthest < 3.5 * usual and variance < 1.3 * usual * usual:
            continue
        single = -frames * (0.5 + np.log(np.sqrt(variance)))
        best = np.zeros(7)
        best[0] = -np.inf
        ordered = np.sort(values)
        reach = ordered[-1] - ordered[0] - 6.0 * usual
        for part in (frames // 5, frames // 2, frames - 1 - frames // 5):
            _fit(values, ordered[part], max(0.5 * reach, usual), usual, best)
            _fit(values, ordered[part], max(reach, usual), usual, best)
        if best[0] - single > margin and best[2] > 2.0 * best[3]:
            found[pixel] = best


def telegraph_census(stack: NDArray[Any], false_alarm: float = 1e-5) -> TelegraphCensus:
    """Find the pixels of a stack of bias frames that jump between three levels.

    Each suspicious pixel is fitted with three equidistant Gaussians of one width by expectation maximisation and
    counts if that is better than one Gaussian by a likelihood ratio (three more parameters) and if the jump is
    at least twice the width.

    Parameters
    ----------
    stack : ndarray, shape (frames, rows, columns)
        DN of bias frames; at least 50 frames, better 300 and more. Levels common to a row should be taken out
        first where they matter.
    false_alarm : float
        Nominal probability that an ordinary Gaussian pixel counts.

    Raises
    ------
    InvalidValue
        If the stack is not three-dimensional or has fewer than 50 frames.

    Notes
    -----
    Limits: pixels that jump in fewer than about 2 frames of the stack, or by less than twice their width, stay
    unseen; of those that jump by two to three widths some are missed.

    References
    ----------
    A. Dempster, N. Laird, D. Rubin, *J. R. Stat. Soc. B* 39 (1977) 1 (expectation maximisation). C. Layden et
    al., arXiv 2605.19022 (three-peak signals of the IMX455). S. S. Wilks, *Ann. Math. Stat.* 9 (1938) 60.
    """
    if stack.ndim != 3 or stack.shape[0] < 50:
        raise InvalidValue(
            f"a stack of shape {stack.shape} is too small for a census.",
            "Give (frames, rows, columns) with at least 50 frames.",
        )
    frames, rows, columns = stack.shape
    flat = np.ascontiguousarray(stack.reshape(frames, rows * columns), np.float32)
    sample = flat[:, :: max(1, flat.shape[1] // 4096)]
    low, high = np.percentile(sample, (25, 75), axis=0)
    usual = max(float(np.median(high - low)) / 1.349, 0.3)
    found = np.zeros((flat.shape[1], 7))
    _census(flat, usual, 0.5 * float(stats.chi2.isf(false_alarm, 3)), found)
    jumping = np.flatnonzero(found[:, 0])
    share = len(jumping) / flat.shape[1]
    chosen = found[jumping]
    return TelegraphCensus(
        fraction=Estimate(share, (max(share * (1 - share), 1 / flat.shape[1]) / flat.shape[1]) ** 0.5),
        row=jumping // columns,
        column=jumping % columns,
        jump_dn=chosen[:, 2],
        core_dn=chosen[:, 3],
        no_jump=chosen[:, 4],
        lower=chosen[:, 5],
        upper=chosen[:, 6],
        frames=frames,
    )
