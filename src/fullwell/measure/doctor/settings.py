"""Asked against used: whether the camera does what it is told, also after a change of the read mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from fullwell.camera.frame import Settings
from fullwell.measure.doctor.patient import SIGMAS, Patient
from fullwell.measure.doctor.verdict import Quantity, Trouble, Verdict, healthy, ill

KEPT: Final = ("mode", "exposure_s", "gain", "offset", "usb_traffic", "speed", "format")
OFFSET_STEPS: Final = 40
"""By how much the offset is raised to see whether the bias level follows."""

TOLERANCE: Final = 0.1
"""Share by which the step of the bias level may differ from the facts: bodies differ by less (assumed)."""

REMEDY: Final = (
    "Send gain, offset and exposure again after each change of the read mode, and believe the settings that "
    "frames report, not those that were asked for."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Change the read mode and back, and look at what frames say; change the offset, and look at their level."""
    yield _mode_change(patient)
    yield _offset(patient)


def _mode_change(patient: Patient) -> Verdict:
    camera, found = patient.camera, patient.found
    subject = "settings after a change of the read mode"
    model = patient.model
    others = [mode for mode in model.modes if mode.number != found.mode and found.link in mode.links]
    wanted: dict[str, Any] = {
        "gain": _another(found.gain, model.gain.low, model.gain.high),
        "offset": _another(found.offset, model.offset.low, model.offset.high),
        "exposure_s": 0.0125,
        "window": patient.middle(64, 64),
        "overscan": False,
    }
    camera.configure(**wanted)
    wrong = {_differences(camera.settings, patient.expose().report.settings)}
    for other in others[:2]:
        for mode in (other.number, found.mode):
            camera.configure(mode=mode)
            wrong.add(_differences(camera.settings, patient.expose().report.settings))
    wrong.discard("")
    if wrong:
        return ill(subject, Trouble.SETTINGS_NOT_KEPT, f"Frames used other settings: {'; '.join(wrong)}.", REMEDY)
    changes = 2 * len(others[:2])
    return healthy(subject, f"Frames used what was asked for, also after {changes} changes of the read mode.")


def _offset(patient: Patient) -> Verdict:
    """The level itself tells whether the offset and the gain really reached the sensor."""
    subject = "offset that the sensor uses"
    offset = patient.quiet_offset
    raised = int(min(offset + OFFSET_STEPS, patient.model.offset.high))
    if raised == offset:
        offset = raised - OFFSET_STEPS
    levels = []
    for value in (offset, raised):
        patient.set_up(patient.middle(64, 256), patient.still_exposure_s, offset=value)
        rows = np.median(patient.take(), axis=1)
        levels.append((float(rows.mean()), float(rows.std(ddof=1)) / len(rows) ** 0.5))
    step_dn = levels[1][0] - levels[0][0]
    error_dn = float(np.hypot(levels[0][1], levels[1][1])) + 0.3  # medians of whole numbers
    expected_dn = patient.bias_dn(raised) - patient.bias_dn(offset)
    room_dn = TOLERANCE * expected_dn + SIGMAS * error_dn
    measured = Quantity(
        f"rise of the bias from offset {offset} to {raised}",
        step_dn,
        "DN",
        error_dn,
        expected_dn - room_dn,
        expected_dn + room_dn,
    )
    if measured.as_expected:
        return healthy(subject, "The bias level follows the offset as it should.", [measured])
    words = f"The bias level rose by {step_dn:.1f} DN, not by {expected_dn:.0f} DN."
    return ill(subject, Trouble.SETTINGS_NOT_KEPT, words, REMEDY, [measured])


def _another(value: int, low: float, high: float) -> int:
    """A value that is neither the present one nor a default by chance."""
    step = max(1, int(high - low) // 7)
    return int(value + step if value + step <= high else value - step)


def _differences(asked: Settings, used: Settings) -> str:
    pairs = ((name, getattr(asked, name), getattr(used, name)) for name in KEPT)
    return ", ".join(f"{name} {got} instead of {wish}" for name, wish, got in pairs if wish != got)
