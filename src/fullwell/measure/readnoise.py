"""Read noise of each pixel from a stack of bias frames: its median, its rms, its map."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.measure.estimate import Estimate
from fullwell.measure.pixels import PixelStatistics

BLOCKS = 32
"""Bands of rows whose scatter gives the standard errors."""


@dataclass(frozen=True, eq=False)
class ReadNoise:
    """Temporal noise without light.

    Attributes
    ----------
    median_dn : Estimate
        Median over the pixels, corrected for the finite stack.
    rms_dn : Estimate
        Root mean square over the pixels.
    map_dn : ndarray of float64, shape (rows, columns)
        Of each pixel; a raw sample value with relative error 1 / sqrt(2 (frames - 1)).
    frames : int
        Length of the stack.
    """

    median_dn: Estimate
    rms_dn: Estimate
    map_dn: NDArray[np.float64]
    frames: int


def read_noise(biases: Iterable[NDArray[Any]], step_dn: float = 1.0) -> ReadNoise:
    """Read noise from bias frames.

    The median over pixels of a sample standard deviation lies off the median of the true ones: chi is skewed,
    and the scatter smears a skewed population. Both effects go with 1/frames, so the difference between the
    whole stack and its halves (frames taken alternately) takes them out to first order, a jackknife.

    Parameters
    ----------
    biases : iterable of ndarray, shape (rows, columns)
        DN; an even number of frames, at least 8, of at least 64 rows. Each is looked at once.
    step_dn : float
        Distance of the codes, DN: 1, or 16 where 12 bits stand in the upper bits of 16. The variance of rounding,
        a twelfth of its square, is taken off.

    Returns
    -------
    ReadNoise
        Standard errors from the scatter over 32 bands of rows, so noise common to a row is counted.

    Raises
    ------
    InvalidValue
        If there are too few frames or rows.

    Notes
    -----
    Limits: noise slower than the stack (drift of the bias level) counts as read noise; Sheppard's correction for
    rounding fails where the noise is below about 0.4 steps.

    References
    ----------
    J. Janesick, *Photon Transfer*, SPIE Press 2007, ch. 3 and 11. M. H. Quenouille, *Biometrika* 43 (1956) 353,
    the jackknife. W. F. Sheppard, *Proc. London Math. Soc.* 29 (1898) 353, the variance of rounding.
    """
    halves = (PixelStatistics(), PixelStatistics())
    count = 0
    for frame in biases:
        halves[count % 2].add(frame)
        count += 1
    if count < 8 or count % 2:
        raise InvalidValue(
            f"{count} bias frames were given.", "Read noise needs an even number of frames, at least 8."
        )
    rounding = step_dn**2 / 12.0
    variances = [np.maximum(half.variance_dn2 - rounding, 0.0) for half in halves]
    whole = np.maximum(halves[0].merged(halves[1]).variance_dn2 - rounding, 0.0)
    if whole.shape[0] < 2 * BLOCKS:
        raise InvalidValue(f"frames of {whole.shape[0]} rows are too low.", f"Give at least {2 * BLOCKS} rows.")

    def median(rows: slice) -> float:
        short = 0.5 * sum(float(np.median(np.sqrt(variance[rows]))) for variance in variances)
        return 2.0 * float(np.median(np.sqrt(whole[rows]))) - short

    def rms(rows: slice) -> float:
        return float(np.sqrt(np.mean(whole[rows])))

    return ReadNoise(
        median_dn=_over_bands(median, whole.shape[0]),
        rms_dn=_over_bands(rms, whole.shape[0]),
        map_dn=np.sqrt(whole),
        frames=count,
    )


def _over_bands(statistic: Callable[[slice], float], rows: int) -> Estimate:
    """A statistic of all rows, with the standard error that its values in bands of rows imply."""
    edges = np.linspace(0, rows, BLOCKS + 1).astype(int)
    values = [statistic(slice(top, bottom)) for top, bottom in pairwise(edges)]
    return Estimate(statistic(slice(0, rows)), float(np.std(values, ddof=1)) / BLOCKS**0.5)
