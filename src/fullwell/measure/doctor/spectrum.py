"""Lines in the spectrum of the rows of several frames, and how strong one of them is at other line periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SKIPPED: Final = 2
"""Lowest frequencies that are left out: slopes of the background."""

BESIDE: Final = 2
"""Frequencies on either side of a line that it leaks into."""

CLIP_SIGMA: Final = 5.0


@dataclass(frozen=True, eq=False, slots=True)
class RowSpectra:
    """Levels of the rows of some frames with equal settings.

    Attributes
    ----------
    levels : ndarray of float64, shape (frames, steps)
        Mean of each step of rows, less the mean of the frame.
    step_s : float
        Time from one step to the next, s.
    """

    levels: NDArray[np.float64]
    step_s: float

    @property
    def power(self) -> NDArray[np.float64]:
        """Mean over the frames of the power at each frequency from the third on. Phases do not matter."""
        spectra = np.abs(np.fft.rfft(self.levels, axis=1)) ** 2
        return np.asarray(spectra.mean(axis=0)[1 + SKIPPED : (self.levels.shape[1] + 1) // 2])

    @property
    def frequency_hz(self) -> NDArray[np.float64]:
        """Of `power`."""
        return (np.arange(len(self.power)) + 1 + SKIPPED) / (self.levels.shape[1] * self.step_s)

    def strongest(self) -> Line:
        """The strongest line, with the probability that noise makes one as strong anywhere."""
        power, frames = self.power, len(self.levels)
        peak = int(np.argmax(power))
        others = np.delete(power, slice(max(0, peak - BESIDE), peak + BESIDE + 1))
        noise = float(others.mean())
        single = stats.f.logsf(power[peak] / noise, 2 * frames, 2 * frames * len(others))
        chance = -float(np.expm1(len(power) * np.log1p(-np.exp(min(float(single), -1e-300)))))
        return Line(self._refined_hz(float(self.frequency_hz[peak])), max(chance, 1e-300), noise)

    def amplitude2(self, frequency_hz: float, noise_power: float) -> float:
        """Squared amplitude of a sine of that frequency, unbiased: below 0 where noise makes it seem less.

        Parameters
        ----------
        frequency_hz : float
            Also above the Nyquist frequency of the rows.
        noise_power : float
            From `strongest`.
        """
        return 4.0 / self.levels.shape[1] ** 2 * (self._power_at(frequency_hz) - noise_power)

    def _power_at(self, frequency_hz: float) -> float:
        times_s = np.arange(self.levels.shape[1]) * self.step_s
        waves = (self.levels * np.exp(-2j * np.pi * frequency_hz * times_s)).sum(axis=1)
        return float(np.mean(np.abs(waves) ** 2))

    def _refined_hz(self, frequency_hz: float) -> float:
        """The frequency of the peak to a tenth of the resolution."""
        bin_hz = 1.0 / (self.levels.shape[1] * self.step_s)
        nearby = frequency_hz + bin_hz * np.linspace(-1.0, 1.0, 21)
        return float(nearby[np.argmax([self._power_at(each) for each in nearby])])


@dataclass(frozen=True, slots=True)
class Line:
    """A line in the spectrum.

    Attributes
    ----------
    frequency_hz : float
    false_alarm_probability : float
        That white noise shows so strong a line anywhere in the spectrum.
    noise_power : float
        Mean power of the other frequencies.

    References
    ----------
    J. D. Scargle, *ApJ* 263 (1982) 835. Powers of white noise are exponentially distributed, means of n of them
    over a mean of others like F with 2 n degrees of freedom and so on.
    """

    frequency_hz: float
    false_alarm_probability: float
    noise_power: float


def row_spectra(frames: Sequence[NDArray[Any]], rows_per_step: int, line_period_ns: int) -> RowSpectra:
    """Levels of the steps of rows of frames without stars.

    Parameters
    ----------
    frames : sequence of ndarray, shape (rows, columns)
        Begin with the first row of a step.
    rows_per_step : int
        Rows that are read together.
    line_period_ns : int
        Time per row, ns.

    Notes
    -----
    Pixels beyond 5 standard deviations count as 5: hot ones and jumps do not drown the bands.
    """
    levels = []
    for frame in frames:
        low, middle, high = np.percentile(frame[::4, ::4], (25, 50, 75))
        reach = CLIP_SIGMA * max((high - low) / 1.349, 0.5)
        rows = np.clip(frame, middle - reach, middle + reach).mean(axis=1)
        steps = rows[: len(rows) // rows_per_step * rows_per_step].reshape(-1, rows_per_step).mean(axis=1)
        levels.append(steps - steps.mean())
    return RowSpectra(np.array(levels, np.float64), rows_per_step * line_period_ns * 1e-9)


def true_frequency_hz(spectra: Sequence[RowSpectra], noises: Sequence[float], line: Line, step_s: float) -> float:
    """Which of the frequencies that look alike at one line period fits those at all of them.

    Parameters
    ----------
    spectra : sequence of RowSpectra
        At different line periods.
    noises : sequence of float
        Noise power of each.
    line : Line
        As seen where it is strongest.
    step_s : float
        Time per step there, s.
    """
    rate_hz = 1.0 / step_s
    folded = line.frequency_hz
    candidates = [folded, rate_hz - folded, rate_hz + folded, 2 * rate_hz - folded]
    sums = [
        sum(each.amplitude2(frequency, noise) for each, noise in zip(spectra, noises, strict=True))
        for frequency in candidates
    ]
    return candidates[int(np.argmax(sums))]
