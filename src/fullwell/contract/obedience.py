"""Checks: controls and settings are what was asked for, and impossible wishes change nothing."""

from __future__ import annotations

import math
from typing import Any, Final

from fullwell.camera.controls import CONTROLS, Control
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect, unfit
from fullwell.errors import InvalidValue, NotSupported
from fullwell.models.facts import Range, Window

KNOBS: Final = (Control.GAIN, Control.OFFSET, Control.USB_TRAFFIC, Control.SPEED)
"""Whole numbers."""


@check(
    "controls-read-back",
    "What the camera uses must be what was asked for; read-back is the only way to know.",
    "The camera or its SDK clips the value: use values inside the range that works.",
)
def controls_read_back(stand: Stand) -> str:
    """Ends and middle of each knob's range, and some exposures, are read back as set."""
    stand.configure()
    tried = []
    for control in (*KNOBS, Control.EXPOSURE_S):
        if control not in stand.camera.controls:
            continue
        allowed = stand.camera.limits(control)
        values = _exposures(allowed) if control is Control.EXPOSURE_S else _steps(allowed)
        only_live = False
        for value in values:
            stand.change(control, value)
            used = stand.camera.control(control)
            if used != value and control not in (Control.GAIN, Control.OFFSET, Control.EXPOSURE_S):
                used, only_live = _used_live(stand, control), True
            expect(
                math.isclose(used, value, rel_tol=1e-9, abs_tol=1e-9),
                f"{CONTROLS[control].title.lower()} {value:g} in use",
                f"{used:g}",
            )
        where = " (live only)" if only_live else ""
        tried.append(f"{CONTROLS[control].title.lower()} {min(values):g} to {max(values):g}{where}")
        stand.configure()
    return ", ".join(tried)


def _used_live(stand: Stand, control: Control) -> float:
    """What a live frame was taken with: the vendor's library takes some knobs of speed only there."""
    with stand.camera.live(frames=1) as run:
        return float(getattr(next(run).report.settings, control.value))


def _steps(allowed: Range) -> list[int]:
    return sorted({round(allowed.low), round((allowed.low + allowed.high) / 2), round(allowed.high)})


def _exposures(allowed: Range) -> list[float]:
    return [value for value in (0.001, 0.02, 1.0, 60.0, 600.0) if allowed.low <= value <= allowed.high]


@check(
    "controls-finite",
    "A control is there and has a value, or it is refused; values are never made up.",
    "Switch the camera off and on; look at the supply.",
)
def controls_finite(stand: Stand) -> str:
    """Everything that the camera says it has can be read and is a number."""
    stand.configure()
    for control in sorted(stand.camera.controls):
        value = stand.camera.control(control)
        expect(math.isfinite(value), f"a number for {CONTROLS[control].title.lower()}", value)
        expect(value < 2**32 - 1, f"a value for {CONTROLS[control].title.lower()}", f"the error code {value:g}")
    return f"{len(stand.camera.controls)} controls"


@check(
    "wrong-values-refused",
    "A mistyped number must not be clipped in silence, and must not leave half a request behind.",
    "Report it: the engine in front of the camera has let something through.",
)
def wrong_values_refused(stand: Stand) -> str:
    """Impossible requests raise, and afterwards settings and controls are those of before."""
    camera, model = stand.camera, stand.model
    before = stand.configure()
    for wish in _impossible(stand):
        try:
            camera.configure(**wish)
        except (InvalidValue, NotSupported):
            pass
        else:
            expect(False, f"{wish} to be refused", "no error")
        expect(camera.settings == before, f"{before} after refusing {wish}", camera.settings)
    for control in (Control.GAIN, Control.OFFSET, Control.EXPOSURE_S):
        asked = float(getattr(before, control.value))
        expect(camera.control(control) == asked, f"{control.value} {asked:g}", camera.control(control))
    frame = camera.expose()
    expect(frame.report.settings == before, f"a frame with {before}", frame.report.settings)
    return f"{len(_impossible(stand))} impossible requests to the {model.name} refused"


def _impossible(stand: Stand) -> list[dict[str, Any]]:
    model = stand.model
    area = model.sensor.geometry.effective
    return [
        {"gain": round(model.gain.high) + 1},
        {"gain": round(model.gain.low) - 1},
        {"offset": round(model.offset.high) + 1},
        {"offset": float("nan")},
        {"exposure_s": model.exposure_s.high * 2},
        {"exposure_s": 0.0},
        {"exposure_s": float("inf")},
        {"mode": len(model.modes)},
        {"mode": "no such mode"},
        {"bin": max(model.bins) + 5},
        {"bits": 17},
        {"window": Window(0, 0, area.width + 1, area.height)},
        {"window": Window(-1, 0, 8, 8)},
        {"window": Window(0, area.height, 8, 8)},
        {"gain": round(model.gain.default), "offset": round(model.offset.high) + 1},
        {"exposure_s": 0.5, "mode": len(model.modes)},
    ]


@check(
    "settings-in-frame",
    "Each frame says with which settings it was taken; a file header must not lie.",
    "The camera did not take a setting in time: wait a frame after changes, or use another SDK version.",
)
def settings_in_frame(stand: Stand) -> str:
    """Frames report the settings in force, through a number of changes."""
    model = stand.model
    gains, offsets = _steps(stand.camera.limits(Control.GAIN)), _steps(model.offset)
    window = stand.window(60, 60)
    changes = 4 if stand.quick else 12
    for number in range(changes):
        asked = stand.configure(
            gain=gains[number % len(gains)],
            offset=offsets[number // 2 % len(offsets)],
            exposure_s=(0.01, 0.02, 0.03)[number % 3],
            window=Window(window.left, window.top + 2 * number, window.width, window.height),
            bin=model.bins[number % len(model.bins)],
        )
        frame = stand.camera.expose()
        expect(frame.report.settings == asked, f"settings {asked} in the frame", frame.report.settings)
        expect(frame.asked == asked, f"{asked} remembered as asked for", frame.asked)
    return f"{changes} changes, each in its frame"


@check(
    "modes-keep-settings",
    "A change of read mode must not set gain and offset back, as some SDK versions do.",
    "Set gain and offset again after each change of mode.",
)
def modes_keep_settings(stand: Stand) -> str:
    """Each read mode of this cable opens, keeps gain and offset, and gives a frame of its shape."""
    model, names = stand.model, []
    for number in (*stand.modes, model.default_mode):
        stand.configure(mode=model.default_mode)
        allowed = stand.camera.limits(Control.GAIN)
        asked_gain, asked_offset = round(allowed.low) + 1, round(model.offset.low) + 3
        stand.camera.configure(gain=asked_gain, offset=asked_offset)
        used = stand.camera.configure(mode=number)
        mode = model.mode(number)
        for name, asked in ((Control.GAIN, asked_gain), (Control.OFFSET, asked_offset)):
            got = stand.camera.control(name)
            expect(got == asked, f"{name.value} {asked} after the change to mode {mode.name!r}", f"{got:g}")
        frame = stand.camera.expose()
        shape = used.format.shape(len(mode.chains))
        expect(frame.data.shape == shape, f"frames of {shape} in mode {mode.name!r}", frame.data.shape)
        expect(frame.report.settings == used, f"settings {used} in the frame", frame.report.settings)
        names.append(mode.name)
    return ", ".join(dict.fromkeys(names))


@check(
    "switches",
    "Switches that a camera has stay as they are set; those that it has not are refused.",
    "Use another SDK version, or leave the switch alone.",
    quick=False,
)
def switches(stand: Stand) -> str:
    """Anti-glow, telegraph suppression and anti-RBI, on and off, by read-back."""
    tried = []
    for control in (Control.ANTI_GLOW, Control.TELEGRAPH_SUPPRESSION, Control.ANTI_RBI):
        stand.configure()
        if control not in stand.camera.controls:
            try:
                stand.change(control, True)
            except NotSupported:
                continue
            expect(False, f"{control.value} to be refused, the camera has none", "no error")
        for on in (True, False):
            stand.change(control, on)
            used = stand.camera.control(control)
            expect(used == float(on), f"{control.value} {on:d} in use", f"{used:g}")
        tried.append(CONTROLS[control].title.lower())
    if not tried:
        unfit("it has no switches.")
    return ", ".join(tried)


CHECKS: Final[tuple[Check, ...]] = (
    controls_read_back,
    controls_finite,
    wrong_values_refused,
    settings_in_frame,
    modes_keep_settings,
    switches,
)
