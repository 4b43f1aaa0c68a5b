"""Noise common to a row: its size in one frame, and periodic bands in the spectrum of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.measure.background import flattened
from fullwell.measure.estimate import Estimate


@dataclass(frozen=True, slots=True)
class RowNoise:
    """Excess scatter of the rows (or columns) of one frame over what their pixels explain.

    Attributes
    ----------
    row_dn, column_dn : Estimate
        Standard deviation of the level of a row, a column, DN; 0 where there is no excess.
    row_variance_dn2, column_variance_dn2 : Estimate
        The same as variances, which are unbiased and may be below 0.
    """

    row_dn: Estimate
    column_dn: Estimate
    row_variance_dn2: Estimate
    column_variance_dn2: Estimate


@dataclass(frozen=True, slots=True)
class Band:
    """The strongest periodic band.

    Attributes
    ----------
    frequency_per_step : float
        Cycles per row, or per step of rows that are read together, 0 to 0.5.
    amplitude_dn : Estimate
        Of the sine, DN.
    false_alarm_probability : float
        That noise alone shows so strong a line anywhere in the spectrum.
    """

    frequency_per_step: float
    amplitude_dn: Estimate
    false_alarm_probability: float

    def frequency_hz(self, step_period_ns: float) -> float:
        """Frequency in time, up to aliases (multiples of the step rate, plus or minus it).

        Parameters
        ----------
        step_period_ns : float
            Time from one step to the next: row period x rows per step.
        """
        return self.frequency_per_step / (step_period_ns * 1e-9)


def row_noise(frame: NDArray[Any], rows_per_step: int = 1) -> RowNoise:
    """Noise common to the pixels of a row, from one frame, stars or not.

    Sky and stars are taken out first (see `fullwell.measure.background.flattened`). Neighbours are compared, so
    slow gradients do not count: half the mean squared difference of successive levels, less what the scatter of
    their pixels explains.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
        DN, at least 64 by 64.
    rows_per_step : int
        Rows that are read together and share their noise; the frame starts with the first of such a group.

    Notes
    -----
    Limits: bands wider than a few rows are weakened by the comparison of neighbours.

    References
    ----------
    EMVA Standard 1288, release 4.0, section 8.2: row, column and pixel parts of the non-uniformity.
    """
    flat = flattened(frame)
    row, column = _excess(flat, rows_per_step), _excess(flat.T, 1)
    return RowNoise(_root(row), _root(column), row, column)


def _excess(flat: np.ma.MaskedArray[Any, Any], group: int) -> Estimate:
    """Variance common to a group of rows beyond that of the mean of its pixels."""
    level, of_mean = _levels(flat, group)
    steps = np.diff(level)
    total = 0.5 * float(np.mean(steps**2))
    # successive differences share a level, which makes their mean square worth 2/3 of its count
    error = total * (3.0 / len(steps)) ** 0.5
    return Estimate(total - float(np.mean(of_mean)), error)


def _root(variance: Estimate) -> Estimate:
    """Standard deviation of a variance estimate; its error holds where it is well above 0."""
    value = max(variance.value, 0.0) ** 0.5
    return Estimate(value, variance.standard_error / (2.0 * max(value, variance.standard_error**0.5)))


def row_levels(frame: NDArray[Any], rows_per_step: int = 1) -> NDArray[np.float64]:
    """Level of each row relative to the local background.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
        DN, at least 64 by 64.
    rows_per_step : int
        Rows that are read together and share their noise; the frame starts with the first of such a group.

    Returns
    -------
    ndarray of float64, shape (rows // rows_per_step,)
        DN.
    """
    return _levels(flattened(frame), rows_per_step)[0]


def _levels(flat: np.ma.MaskedArray[Any, Any], group: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level of each group of rows, and the variance that the scatter of its pixels gives it."""
    groups = flat.shape[0] // group
    together = flat[: groups * group].reshape(groups, -1)
    of_mean = together.var(axis=1, ddof=1) / together.count(axis=1)
    return np.asarray(together.mean(axis=1), float), np.asarray(of_mean, float)


def strongest_band(levels: NDArray[np.float64]) -> Band:
    """The strongest line in the spectrum of the rows.

    Parameters
    ----------
    levels : ndarray of float64, shape (steps,)
        From `row_levels`, at least 64. Their noise must be white: where rows are read in pairs, give levels of
        pairs. Average those of a stack to see bands that keep their phase.

    Raises
    ------
    InvalidValue
        If there are fewer than 64.

    References
    ----------
    A. Schuster, *Terrestrial Magnetism* 3 (1898) 13; J. D. Scargle, *ApJ* 263 (1982) 835: power over mean noise
    power is exponentially distributed, hence the false-alarm probability.
    """
    count = len(levels)
    if count < 64:
        raise InvalidValue(f"{count} levels are too few for a spectrum.", "Give at least 64.")
    power = np.abs(np.fft.rfft(levels - levels.mean())[1 : (count + 1) // 2]) ** 2
    peak = int(np.argmax(power))
    # median of an exponential distribution is ln 2 of its mean; unlike the mean it ignores the line itself
    noise = float(np.median(power)) / np.log(2.0)
    single = -float(np.expm1(len(power) * np.log1p(-np.exp(-min(power[peak] / noise, 700.0)))))
    amplitude = 2.0 / count * float(power[peak]) ** 0.5
    return Band(
        frequency_per_step=(peak + 1) / count,
        amplitude_dn=Estimate(amplitude, 2.0 / count * (noise / 2.0) ** 0.5),
        false_alarm_probability=single,
    )
