"""Bands: whether the rows show a periodic disturbance, and the USB traffic at which it is weakest.

Random levels of rows average out in a stack, periodic ones need not: a stack of frames that begin at a multiple
of their period keeps them. So bands are looked for by the spectrum of the rows, frame by frame: phases do not
matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.measure.doctor.patient import FALSE_ALARM, Patient
from fullwell.measure.doctor.spectrum import Line, RowSpectra, row_spectra, true_frequency_hz
from fullwell.measure.doctor.verdict import Curve, Quantity, Trouble, Verdict, healthy, ill
from fullwell.readout.timing import frame_rate_fps

ROWS, COLUMNS = 512, 256
FRAMES: Final = 8
"""At the USB traffic as found."""

SCAN_FRAMES: Final = 4
"""At each other value."""

QUICK_STEP: Final = 6
SMOOTHED: Final = 2
"""Values on either side that steady the amplitude at one: it changes smoothly."""

CLEAN: Final = 0.3
"""Amplitude of a clean value relative to the largest."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows at one USB traffic.

    Attributes
    ----------
    traffic : int
    rate_fps : float
        Frame rate that it allows with the settings as found.
    spectra : RowSpectra
    line : Line
    """

    traffic: int
    rate_fps: float
    spectra: RowSpectra
    line: Line


@dataclass(frozen=True, eq=False, slots=True)
class Search:
    """What a search over the USB traffic found.

    Attributes
    ----------
    traffic : ndarray of int64
        Values that were tried.
    rate_fps : ndarray of float64
        Frame rate that each allows with the settings as found.
    amplitude_e : ndarray of float64
        Of the bands, electrons, steadied over neighbours.
    frequency_hz : float or None
        None where no bands were seen at any value.
    best : int or None
        The quietest value that allows the wanted rate, None where none does.
    clean : tuple of int
        Values without bands.
    """

    traffic: NDArray[np.int64]
    rate_fps: NDArray[np.float64]
    amplitude_e: NDArray[np.float64]
    frequency_hz: float | None
    best: int | None
    clean: tuple[int, ...]

    @property
    def clean_words(self) -> str:
        """The clean values as ranges: "0 to 7, 20"."""
        return ranges(self.clean)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Look for bands as the camera is set, and over all values of the USB traffic."""
    has_knob = patient.model.usb_traffic.high > patient.model.usb_traffic.low
    found = _read(patient, patient.found.usb_traffic, FRAMES)
    banded = found.line.false_alarm_probability < FALSE_ALARM
    amplitude2 = found.spectra.amplitude2(found.line.frequency_hz, found.line.noise_power)
    gain = patient.gain.e_per_dn
    amplitude_e = max(0.0, amplitude2) ** 0.5 * gain
    steps = found.spectra.levels.shape[1]
    error_e = 2.0 / steps * (found.line.noise_power / 2.0 / FRAMES) ** 0.5 * gain
    told = [Quantity("bands as found", amplitude_e if banded else 0.0, "e-", error_e, high=0.0)]
    drawn = [_spectrum_curve(found, gain)]
    if not has_knob:
        yield _without_knob(banded, found, told, drawn)
        return
    if patient.wish.quick and not banded:
        yield healthy("bands", f"None at USB traffic {found.traffic}. (Others were not tried.)", told, drawn)
        return
    search = find_quietest(patient)
    drawn.append(
        Curve(
            "Bands over the USB traffic",
            "USB traffic",
            "amplitude / e-",
            search.traffic.astype(float),
            search.amplitude_e,
            marks=() if search.best is None else (float(search.best),),
            points=True,
        )
    )
    patient.advised_traffic = search.best
    yield _verdict(patient, found, banded, search, told, drawn)


def find_quietest(patient: Patient) -> Search:
    """Try the values of the USB traffic.

    Parameters
    ----------
    patient : Patient
        Its wish names the frame rate, and whether a coarse search will do.
    """
    limits = patient.model.usb_traffic
    tried = range(int(limits.low), int(limits.high) + 1, QUICK_STEP if patient.wish.quick else 1)
    readings = []
    for traffic in tried:
        readings.append(_read(patient, traffic, SCAN_FRAMES))
        patient.progress(len(readings) / len(tried))
    strongest = min(readings, key=lambda each: each.line.false_alarm_probability)
    traffics = np.array([each.traffic for each in readings], np.int64)
    rates = np.array([each.rate_fps for each in readings])
    wanted = patient.wish.frame_rate_fps or 0.0
    fast_enough = rates >= wanted
    if strongest.line.false_alarm_probability >= FALSE_ALARM:
        best = int(traffics[fast_enough][0]) if fast_enough.any() else None
        return Search(traffics, rates, np.zeros(len(traffics)), None, best, tuple(tried))
    noises = [each.line.noise_power for each in readings]
    frequency_hz = true_frequency_hz(
        [each.spectra for each in readings], noises, strongest.line, strongest.spectra.step_s
    )
    amplitude2 = np.array(
        [each.spectra.amplitude2(frequency_hz, noise) for each, noise in zip(readings, noises, strict=True)]
    )
    steady = _steadied(amplitude2, 1 if patient.wish.quick else SMOOTHED)
    amplitude_e = np.sqrt(np.maximum(steady, 0.0)) * patient.gain.e_per_dn
    quiet = amplitude_e < CLEAN * amplitude_e.max()
    seen = np.array([each.line.false_alarm_probability < FALSE_ALARM for each in readings])
    best = int(traffics[fast_enough][np.argmin(steady[fast_enough])]) if fast_enough.any() else None
    clean = tuple(int(each) for each in traffics[quiet & ~seen])
    return Search(traffics, rates, amplitude_e, frequency_hz, best, clean)


def ranges(values: Sequence[int]) -> str:
    """Ascending whole numbers in words.

    Examples
    --------
    >>> ranges([0, 1, 2, 7, 9, 10]), ranges([])
    ('0 to 2, 7, 9 to 10', 'none')
    """
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(values)) if b > a + 1), len(values)]
    runs = [(values[a], values[b - 1]) for a, b in pairwise(breaks)] if values else []
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs) or "none"


def _read(patient: Patient, traffic: int, frames: int) -> Reading:
    patient.restore_settings()
    patient.camera.configure(usb_traffic=traffic)
    rate_fps = frame_rate_fps(patient.camera.timing())
    patient.set_up(patient.middle(ROWS, COLUMNS), patient.still_exposure_s, usb_traffic=traffic)
    timing = patient.camera.timing()
    taken = [patient.take() for _ in range(frames)]
    spectra = row_spectra(taken, timing.rows_per_step, timing.line_period_ns)
    return Reading(traffic, rate_fps, spectra, spectra.strongest())


def _steadied(amplitude2: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Mean over neighbours; at the ends over those there are."""
    weights = np.concatenate([np.arange(1, reach + 2), np.arange(reach, 0, -1)]).astype(float)
    ones = np.convolve(np.ones_like(amplitude2), weights, mode="same")
    return np.asarray(np.convolve(amplitude2, weights, mode="same") / ones)


def _verdict(
    patient: Patient,
    found: Reading,
    banded: bool,
    search: Search,
    told: list[Quantity],
    drawn: list[Curve],
) -> Verdict:
    rate = next((r for t, r in zip(search.traffic, search.rate_fps, strict=True) if t == search.best), 0.0)
    told.append(Quantity("rate at the traffic as found", found.rate_fps, "fps"))
    if search.best is not None:
        told += [Quantity("quietest USB traffic", search.best), Quantity("rate there", float(rate), "fps")]
    clean = f"Clean: {search.clean_words}."
    if not banded:
        return healthy("bands", f"None at USB traffic {found.traffic}. {clean}", told, drawn)
    frequency_hz = search.frequency_hz or found.line.frequency_hz
    words = (
        f"Periodic bands of {frequency_hz:.0f} Hz at USB traffic {found.traffic}; they do not vanish in a stack."
    )
    if search.best is None:
        wish = f"No USB traffic allows {patient.wish.frame_rate_fps:g} fps"
        remedy = f"{wish}: read fewer rows, or be content with less. {clean}"
    elif search.best in search.clean:
        remedy = f"Set the USB traffic to {search.best}: {rate:.3g} fps. {clean}"
    else:
        remedy = (
            f"USB traffic {search.best} is the quietest at the wanted rate, but not clean; {clean.lower()} Try "
            "another supply and ground the telescope and the computer at one point."
        )
    return ill("bands", Trouble.PERIODIC_BANDING, words, remedy, told, drawn)


def _without_knob(banded: bool, found: Reading, told: list[Quantity], drawn: list[Curve]) -> Verdict:
    if not banded:
        return healthy("bands", "None. (The camera has no USB traffic to set.)", told, drawn)
    words = f"Periodic bands of {found.line.frequency_hz:.0f} Hz; they do not vanish in a stack."
    remedy = "Try another supply, and ground telescope and computer at one point: this camera has no USB traffic."
    return ill("bands", Trouble.PERIODIC_BANDING, words, remedy, told, drawn)


def _spectrum_curve(found: Reading, gain_e_per_dn: float) -> Curve:
    steps = found.spectra.levels.shape[1]
    amplitude_e = 2.0 / steps * np.sqrt(found.spectra.power) * gain_e_per_dn
    return Curve(
        f"Spectrum of the rows at USB traffic {found.traffic}",
        "frequency / Hz",
        "amplitude / e-",
        found.spectra.frequency_hz,
        amplitude_e,
    )
