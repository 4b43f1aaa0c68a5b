"""Clock and GPS: whether frames come at the times that they claim."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.alarms import AlarmKind
from fullwell.camera.controls import Control
from fullwell.camera.frame import Frame
from fullwell.measure.doctor.patient import Patient
from fullwell.measure.doctor.verdict import Curve, Quantity, Trouble, Verdict, healthy, ill, unknown
from fullwell.models.facts import Window
from fullwell.readout.gps import Receiver

FRAMES: Final = 60
QUICK_FRAMES: Final = 30
PAUSES: Final = 6
PAUSE_S: Final = 2.0
EXPOSURE_S: Final = 0.05
LEAST_JUMP_S: Final = 0.001
"""No camera's own clock strays by so much from one frame to the next."""

CLOCK_REMEDY: Final = (
    "Synchronise the computer (NTP). A difference of 18 s means that the receiver does not know the leap "
    "seconds yet: wait a quarter of an hour."
)

LOCK_REMEDY: Final = (
    "Give the antenna a view of the sky, and wait some minutes after power-on. Until then GPS times are void."
)

FAR_S: Final = 1.0
"""GPS and computer are not the same clock if they differ by more."""


def examine(patient: Patient) -> Iterator[Verdict]:
    """Look at the spacing of live frames, then at the GPS box."""
    yield _spacing(patient)
    yield from _gps(patient)
    yield from _steps(patient)


def _spacing(patient: Patient) -> Verdict:
    wanted = QUICK_FRAMES if patient.wish.quick else FRAMES
    patient.set_up(patient.middle(64, 64), EXPOSURE_S)
    starts_ns, numbers, uncertain_ns = [], [], 0
    period_ns = patient.camera.timing().frame_period_ns
    for frame in patient.camera.live(frames=wanted):
        starts_ns.append(frame.start_ns)
        numbers.append(frame.report.sequence)
        uncertain_ns = max(uncertain_ns, frame.report.time_uncertainty_ns)
        patient.progress(0.6 * len(numbers) / wanted)
    spacing_ns = np.diff(np.array(starts_ns, np.int64))
    steps: NDArray[np.float64] = (spacing_ns - np.diff(np.array(numbers, np.int64)) * period_ns).astype(float)
    limit_s = max(LEAST_JUMP_S, 6e-9 * uncertain_ns)
    worst_s = float(np.abs(steps).max()) * 1e-9 if len(steps) else 0.0
    jump = Quantity("largest step off the frame period", worst_s * 1e3, "ms", high=limit_s * 1e3)
    curve = Curve(
        "Spacing of live frames",
        "frame",
        "off the frame period / ms",
        np.arange(1.0, len(steps) + 1.0),
        steps * 1e-6,
        points=True,
    )
    if jump.as_expected:
        return healthy("clock", "Live frames follow each other as the clockwork says.", [jump], [curve])
    words = f"The time jumped by {worst_s:.3g} s between two live frames."
    remedy = (
        "Let the computer's clock be slewed, not stepped (chrony without makestep), or use a GPS box; correct "
        "times of frames after the jump."
    )
    return ill("clock", Trouble.CLOCK_JUMP, words, remedy, [jump], [curve])


def _steps(patient: Patient) -> Iterator[Verdict]:
    """What the engine has noticed of the computer's clock since the camera was opened."""
    noticed = [event for event in patient.camera.alarms.events() if event.alarm.kind is AlarmKind.CLOCK_JUMPED]
    if noticed:
        last = noticed[-1].alarm
        yield ill("computer's clock", Trouble.CLOCK_JUMP, last.text, last.remedy)


def _gps(patient: Patient) -> Iterator[Verdict]:
    camera = patient.camera
    if Control.GPS not in camera.controls:
        yield unknown("GPS", "The camera has no GPS stamps.")
        return
    patient.set_up(Window(*_corner(patient)), EXPOSURE_S, bits=patient.mode.output_bits[0], gps=True)
    stamped, offsets_s = [], []
    for _ in range(PAUSES):
        before_ns = camera.clock.now_ns()
        frame = patient.expose()
        stamped.append(frame)
        if frame.report.time_source == "gps":
            offsets_s.append((frame.start_ns - before_ns) * 1e-9)
        camera.clock.sleep_until(camera.clock.now_ns() + round(PAUSE_S * 1e9))
    yield _lock(stamped)
    if offsets_s:
        yield _agreement(offsets_s)


def _corner(patient: Patient) -> tuple[int, int, int, int]:
    """A window that has room for a stamp."""
    return (0, 0, min(256, patient.model.sensor.geometry.effective.width), 64)


def _lock(stamped: list[Frame]) -> Verdict:
    stamps = [frame.report.gps for frame in stamped]
    told = [stamp for stamp in stamps if stamp is not None]
    if not told or all(stamp.sequence == 0 and stamp.end.receiver is Receiver.POWERED_ON for stamp in told):
        return unknown("GPS", "No GPS box answers.", "Plug one in, or live with the computer's clock.")
    sound = sum(stamp.locked and stamp.pps_is_sound for stamp in told)
    doubts = sorted({doubt for frame in stamped for doubt in frame.report.time_doubts})
    share = Quantity("locked stamps with pulses", 100.0 * sound / len(told), "%", low=100.0)
    because = f": {doubts[0]}." if doubts else "."
    if sound < len(told):
        words = f"{len(told) - sound} of {len(told)} stamps are not locked, or lack pulses{because}"
        return ill("GPS", Trouble.NO_GPS_LOCK, words, LOCK_REMEDY, [share])
    if doubts:
        words = f"The GPS box says that it is locked, but its stamps cannot be believed{because}"
        return ill("GPS", Trouble.CLOCK_WRONG, words, CLOCK_REMEDY, [share])
    return healthy("GPS", "The GPS box is locked.", [share])


def _agreement(offsets_s: list[float]) -> Verdict:
    worst_s = max(offsets_s, key=abs)
    offset = Quantity("GPS less computer", worst_s, "s", low=-FAR_S, high=FAR_S)
    if offset.as_expected:
        return healthy("GPS and computer", "They agree to within a second.", [offset])
    words = f"GPS and computer differ by {worst_s:.1f} s."
    return ill("GPS and computer", Trouble.CLOCK_WRONG, words, CLOCK_REMEDY, [offset])
