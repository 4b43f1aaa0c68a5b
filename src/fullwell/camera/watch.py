"""Frames that are not what they claim to be: torn, repeated, empty or stale ones, found at little cost.

Cameras and their libraries hand over, with no error, frames of zeros, the same frame twice, a frame of an earlier
run that waited in the camera's memory, or one that is put together from two. The noise of a sensor never repeats:
two frames that agree in many noisy pixels are copies. So a sparse sample is kept of each frame, pieces of up to
64 rows from the first to the last, and compared with the sample of the frame before.

Limits. Copies are reported when chance would make as many pixels agree less than once in 10^13 looks, by the
noise that the facts of the camera promise for each pixel. Where there is too little noise for that (dark frames
of 8 bits, saturated ones) nothing can be told, and nothing is. A tear that leaves a stretch of less than 1/63 of
the rows, or some columns only, of another frame is missed unless it holds a sampled row; the first and the last
row are always sampled, so a frame whose top or bottom belongs to another one is found whatever the size of the
piece. Shifted blocks inside a frame are not looked for. A look takes 0.05 ms with warm caches, at any size.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameReport, Settings
from fullwell.models.facts import CameraModel

ROWS: Final = 64
"""Rows of the sample."""

COLUMNS: Final = 64
"""Neighbouring pixels of each row: two cache lines."""

EVIDENCE_NATS: Final = 30.0
"""How improbable an agreement must be to count: e^-30 is 1e-13."""

QUIET_PIXELS: Final = 0.7
"""Read noise of a quiet pixel, as a part of the median: by the facts few pixels are below."""

REMEMBERED: Final = 64
"""Of so many earlier frames a copy is recognised."""

GOLDEN: Final = 0.6180339887498949
"""Steps of the golden ratio spread the pieces evenly over the columns."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """What is kept of a frame."""

    number: int
    settings: Settings
    pixels: NDArray[Any]


class FrameWatch:
    """Looks at each frame of a camera, in the order in which they arrive.

    Parameters
    ----------
    model : CameraModel
    """

    def __init__(self, model: CameraModel) -> None:
        self._model = model
        self._seen: OrderedDict[bytes, int] = OrderedDict()
        self.forget()

    def forget(self) -> None:
        """The camera was opened afresh: its numbers begin again."""
        self._before: _Sample | None = None
        self._highest: int | None = None
        self._begin_ns: int | None = None
        self._seen.clear()

    def begin(self, now_ns: int) -> None:
        """A run begins: frames that were exposed before are stale."""
        self._begin_ns = now_ns

    def look(self, data: NDArray[Any], report: FrameReport) -> tuple[str, ...]:
        """What speaks against a frame.

        Parameters
        ----------
        data : ndarray, shape (rows, columns)
        report : FrameReport
            As it came from the device, with the device's own time.

        Returns
        -------
        tuple of str
            Each begins with "zero", "repeated", "torn", "stale" or "number" and a colon.
        """
        sample = _Sample(report.sequence, report.settings, _pixels(data))
        doubts = [*self._by_number(report), *self._by_pixels(sample, data.shape[0])]
        self._before = sample
        return tuple(doubts)

    def _by_number(self, report: FrameReport) -> list[str]:
        number, highest = report.sequence, self._highest
        self._highest = number if highest is None else max(number, highest)
        if self._begin_ns is not None and report.begun_before(self._begin_ns):
            early_s = (self._begin_ns - report.row0_start_ns) * 1e-9
            return [f"stale: frame {number} was exposed {early_s:.3g} s before the run began"]
        if highest is not None and number <= highest:
            return [f"number: frame {number} came after frame {highest}"]
        return []

    def _by_pixels(self, sample: _Sample, rows: int) -> list[str]:
        pixels = sample.pixels
        empty: NDArray[np.bool_] = np.logical_not(_words(pixels).any(axis=1))
        if empty.all():
            return ["zero: all sampled pixels are 0"]
        copied = self._copied(sample)
        if copied:
            return copied
        doubts = []
        tail = _tail(empty)
        if tail and pixels[tail - 1].all():
            doubts.append(f"torn: zeros from about row {_row(tail, len(empty), rows)} on")
        return doubts + self._torn(sample, rows)

    def _copied(self, sample: _Sample) -> list[str]:
        """The whole frame came before."""
        content = sample.pixels.tobytes()
        original = self._seen.get(content)
        if original is None:
            self._seen[content] = sample.number
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return []
        if self._evidence_nats(sample.pixels, sample.settings) < EVIDENCE_NATS:
            return []
        return [f"repeated: the pixels of frame {original}"]

    def _torn(self, sample: _Sample, rows: int) -> list[str]:
        """Some rows are those of the frame before."""
        before = self._before
        if before is None or before.pixels.shape != sample.pixels.shape:
            return []
        if before.pixels.dtype != sample.pixels.dtype:
            return []
        found = np.flatnonzero((_words(before.pixels) == _words(sample.pixels)).all(axis=1))
        if not found.size or self._evidence_nats(sample.pixels[found], sample.settings) < EVIDENCE_NATS:
            return []
        first, last = (_row(int(place), len(sample.pixels), rows) for place in (found[0], found[-1]))
        return [f"torn: rows from about {first} to {last} are those of frame {before.number}"]

    def _evidence_nats(self, pixels: NDArray[Any], settings: Settings) -> float:
        """Minus the logarithm of the probability that so many pixels agree by chance."""
        noise = np.min([each.noise_steps(pixels) for each in _chains(self._model, settings)], axis=0)
        place = np.minimum(noise / _GRID_STEPS, len(_agreement()) - 1).astype(np.intp)
        return float(-np.log(_agreement()[place]).sum())


def _pixels(data: NDArray[Any]) -> NDArray[Any]:
    """The sample of a frame: shape (up to ROWS, up to COLUMNS)."""
    rows, columns = _places(*data.shape)
    pixels: NDArray[Any] = data[rows, columns]
    return pixels


def _words(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same bytes in words of 8, where the rows are long enough: fewer to look at."""
    return pixels if pixels.shape[1] * pixels.itemsize % 8 else pixels.view(np.uint64)


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    count, length = min(ROWS, height), min(COLUMNS, width)
    rows = np.linspace(0, height - 1, count).round().astype(np.intp)
    # From the second piece's width on: text and time stamps of the camera stand at the left of the first rows.
    first = min(COLUMNS, width - length)
    starts = first + ((np.arange(count) * GOLDEN % 1.0) * (width - length - first + 1)).astype(np.intp)
    return rows[:, None], starts[:, None] + np.arange(length)


def _row(place: int, sampled: int, rows: int) -> int:
    return round(place * (rows - 1) / max(1, sampled - 1))


def _tail(rows: NDArray[np.bool_]) -> int:
    """Where the last unbroken stretch of True begins that reaches the end; 0 if there is none."""
    if not rows[-1]:
        return 0
    others = np.flatnonzero(~rows)
    return int(others[-1]) + 1 if others.size else 0


@dataclass(frozen=True, slots=True)
class _ChainNoise:
    """What noise a value promises, read by one chain.

    Attributes
    ----------
    bias_dn, high_dn : float
        Level without light, and where the response begins to saturate; of one unbinned pixel, as delivered.
    e_per_dn, step_e : float
        Electrons per count as delivered, and per step of the digitisation.
    read_noise_e : float
    summed : int
        How many pixels are summed.
    """

    bias_dn: float
    high_dn: float
    e_per_dn: float
    step_e: float
    read_noise_e: float
    summed: int

    def noise_steps(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """Standard deviation in steps, 0 where a value is clipped."""
        value = pixels / self.summed
        light_e = np.maximum(0.0, (value - self.bias_dn) * self.e_per_dn)
        steps = np.sqrt(self.summed * (self.read_noise_e**2 + light_e)) / self.step_e
        clipped = (pixels == 0) | (value > self.high_dn)
        result: NDArray[np.float64] = np.where(clipped, 0.0, steps)
        return result


@lru_cache(maxsize=16)
def _chains(model: CameraModel, settings: Settings) -> tuple[_ChainNoise, ...]:
    form = settings.format
    per_dn16 = 2.0 ** (form.bits - 16)
    bias_dn = (settings.offset * model.offset_dn_per_step + model.offset_dn_zero) * per_dn16
    noises = []
    for chain in model.mode(settings.mode).chains:
        point = chain.curve.at(settings.gain)
        e_per_dn = point.e_per_dn * 2.0 ** (chain.adc_bits - form.bits)
        noises.append(
            _ChainNoise(
                bias_dn=bias_dn,
                high_dn=min(0.98 * 2.0**form.bits, bias_dn + 0.9 * point.full_well_e / e_per_dn),
                e_per_dn=e_per_dn,
                step_e=max(e_per_dn, point.e_per_dn),
                read_noise_e=QUIET_PIXELS * point.read_noise_median_e,
                summed=form.bin**2,
            )
        )
    return tuple(noises)


_GRID_STEPS: Final = 0.02


@lru_cache(maxsize=1)
def _agreement() -> NDArray[np.float64]:
    """Highest probability that two values with Gaussian noise agree once digitised, by noise in units of a step.

    It is highest where the mean lies in the middle of a step. The table ends at 2 steps; above, the last serves.
    """
    noises = _GRID_STEPS * np.arange(101)
    table = [1.0]
    for noise in noises[1:]:
        below = [0.5 * (1.0 + math.erf((k - 0.5) / (noise * math.sqrt(2.0)))) for k in range(-12, 14)]
        table.append(float(np.sum(np.diff(below) ** 2)))
    return np.array(table)
