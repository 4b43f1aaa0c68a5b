"""What a client asks for, checked as a whole against the facts of the camera before anything changes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, Final

import numpy as np

from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.frame import FrameFormat, Overlay, Settings
from fullwell.camera.port import PORT_CONTROLS, port_range
from fullwell.errors import InvalidValue, InvalidWindow, NotSupported, OutOfRange, UnknownName
from fullwell.models.facts import CameraModel, Range, ReadMode, Window

FIELDS: Final = {
    "exposure_s": Control.EXPOSURE_S,
    "gain": Control.GAIN,
    "offset": Control.OFFSET,
    "usb_traffic": Control.USB_TRAFFIC,
    "speed": Control.SPEED,
    "anti_glow": Control.ANTI_GLOW,
    "telegraph_suppression": Control.TELEGRAPH_SUPPRESSION,
    "gps": Control.GPS,
    "overlay": Control.OVERLAY,
    "anti_rbi": Control.ANTI_RBI,
}
"""Fields of `Settings` that are controls of the device."""

SWITCHES: Final = ("anti_glow", "telegraph_suppression", "gps", "anti_rbi")

EXTRAS: Final = (*SWITCHES, "overlay")
"""What not every camera has; off by default."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Settings together with what of them the user has chosen himself and may not be lost in silence.

    Attributes
    ----------
    settings : Settings
    window_chosen : bool
        Whether the window was given; otherwise it follows mode, binning and overscan as the full frame.
    bits_chosen : bool
        Whether the word depth was given; otherwise it follows the mode.
    """

    settings: Settings
    window_chosen: bool = False
    bits_chosen: bool = False


def default_choice(model: CameraModel, link: str) -> Choice:
    """What a camera starts with.

    Parameters
    ----------
    model : CameraModel
    link : str
        Name of the cable.
    """
    mode = model.mode(model.default_mode)
    return Choice(
        Settings(
            mode=mode.number,
            exposure_s=model.exposure_s.default,
            gain=round(model.gain.default),
            offset=round(model.offset.default),
            usb_traffic=round(model.usb_traffic.default),
            speed=round(model.speed.default),
            format=FrameFormat(full_frame(model, 1, overscan=False), 1, mode.output_bits[0]),
            anti_glow=False,
            telegraph_suppression=False,
            link=link,
        )
    )


def resolve(model: CameraModel, now: Choice, asked: Mapping[str, Any]) -> Choice:
    """The settings that a request leads to.

    Parameters
    ----------
    model : CameraModel
    now : Choice
        What is in force.
    asked : mapping of str to object
        Any subset of the arguments of `Camera.configure`; what is not in it stays as it is.

    Returns
    -------
    Choice

    Raises
    ------
    InvalidValue, OutOfRange, UnknownName, InvalidWindow
        If any part of the request is impossible for this camera.
    NotSupported
        If the mode does not exist on the cable in use.
    """
    old = now.settings
    mode = model.mode(asked.get("mode", old.mode))
    if old.link not in mode.links:
        raise NotSupported(
            f"mode {mode.name!r} does not exist on the link {old.link!r}.",
            f"Connect the camera by {' or '.join(mode.links)}.",
        )
    numbers: dict[str, Any] = {
        name: _number(model, mode, name, asked.get(name, getattr(old, name))) for name in FIELDS
    }
    frame_format, window_chosen, bits_chosen = _resolve_format(model, mode, now, asked)
    settings = replace(old, mode=mode.number, format=frame_format, **numbers)
    _require_room_for_stamp(model, mode, settings)
    return Choice(settings, window_chosen, bits_chosen)


def limits(model: CameraModel, mode: ReadMode, control: Control) -> Range:
    """What a control accepts in a read mode.

    Parameters
    ----------
    model : CameraModel
    mode : ReadMode
    control : Control

    Raises
    ------
    NotSupported
        If the control cannot be set.
    """
    facts = CONTROLS[control]
    if not facts.writable:
        raise NotSupported(f"{facts.title} can only be read.")
    if control is Control.WHEEL_POSITION:
        return Range(0, model.wheel_slots - 1, 1, 0)
    if control is Control.OVERLAY:
        return Range(0, len(Overlay) - 1, 1, 0)
    if control is Control.COOLER_POWER_PERCENT:
        return Range(0, 100, 0.1, 0)
    if control in PORT_CONTROLS:
        return port_range(model, control)
    if facts.range_field is None:
        return Range(0, 1, 1, 0)
    allowed: Range = getattr(model, facts.range_field)
    if control is Control.GAIN:
        low = max(allowed.low, *(float(chain.curve.gain_setting[0]) for chain in mode.chains))
        high = min(allowed.high, *(float(chain.curve.gain_setting[-1]) for chain in mode.chains))
        return replace(allowed, low=low, high=high)
    return allowed


def full_frame(model: CameraModel, binning: int, *, overscan: bool) -> Window:
    """The largest window whose sides are multiples of the binning factor."""
    geometry = model.sensor.geometry
    width, height = (
        (geometry.total_width, geometry.total_height)
        if overscan
        else (geometry.effective.width, geometry.effective.height)
    )
    return Window(0, 0, width - width % binning, height - height % binning)


def whole(name: str, value: object) -> int:
    """A whole number, as int.

    Parameters
    ----------
    name : str
        What the number is, as the caller knows it.
    value : object
        An integer of any kind, or a float without a fraction; no bool, no text.

    Raises
    ------
    InvalidValue
        If it is something else.
    """
    number = real(name, value)
    if not number.is_integer():
        raise InvalidValue(f"{name} must be a whole number, not {value!r}.", "Give an integer.")
    return int(value) if isinstance(value, Integral) else int(number)


def real(name: str, value: object) -> float:
    """A finite number, as float.

    Parameters
    ----------
    name : str
        What the number is, as the caller knows it.
    value : object
        Any real number; no bool, no text, no NaN, no infinity.

    Raises
    ------
    InvalidValue
        If it is something else.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise InvalidValue(f"{name} must be a number, not {value!r}.", "Give a number.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidValue(f"{name} must be finite, not {value!r}.", "Give a finite number.")
    return number


def switch(name: str, value: object) -> bool:
    """True or False, and nothing that merely resembles them.

    Raises
    ------
    InvalidValue
        If it is something else.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidValue(f"{name} must be True or False, not {value!r}.", "Give True or False.")
    return bool(value)


def within(name: str, value: float, allowed: Range, unit: str = "") -> None:
    """Check a number against its range.

    Raises
    ------
    OutOfRange
        If it lies outside.
    """
    if not allowed.low <= value <= allowed.high:
        raise OutOfRange(name, value, allowed.low, allowed.high, unit)


def _overlay(value: object) -> Overlay:
    try:
        return Overlay(value)  # type: ignore[arg-type]
    except ValueError:
        raise UnknownName("overlay", value, Overlay) from None


def _number(model: CameraModel, mode: ReadMode, name: str, value: object) -> float | int | bool | Overlay:
    """One control of a request, in the type that `Settings` keeps."""
    if name in SWITCHES:
        return switch(name, value)
    if name == "overlay":
        return _overlay(value)
    control = FIELDS[name]
    unit = CONTROLS[control].unit
    number = real(name, value) if control is Control.EXPOSURE_S else whole(name, value)
    allowed = limits(model, mode, control)
    if allowed.low == allowed.high != number:
        raise NotSupported(
            f"the {model.name} has no {CONTROLS[control].title} knob: it stays at {allowed.low:g}.",
            f"Leave {name} away.",
        )
    within(name.removesuffix("_s"), number, allowed, unit)
    return number


def _resolve_format(
    model: CameraModel, mode: ReadMode, now: Choice, asked: Mapping[str, Any]
) -> tuple[FrameFormat, bool, bool]:
    """Format, and whether window and word depth are the user's own choice."""
    old = now.settings.format
    binning = _binning(model, asked.get("bin", old.bin))
    overscan = switch("overscan", asked.get("overscan", old.overscan))
    bits, bits_chosen = old.bits, now.bits_chosen
    if "bits" in asked:
        bits, bits_chosen = asked["bits"], asked["bits"] is not None
    if not bits_chosen:
        bits = mode.output_bits[0]
    window, window_chosen = old.window, now.window_chosen
    if "window" in asked:
        window, window_chosen = asked["window"], asked["window"] is not None
    elif window_chosen and overscan != old.overscan:
        raise InvalidWindow(
            "the window in force is counted from another corner when overscan is switched.",
            "Give the new window together with overscan, or window=None for the full frame.",
        )
    if not window_chosen:
        window = full_frame(model, binning, overscan=overscan)
    window = _checked_window(window, full_frame(model, 1, overscan=overscan), binning)
    return FrameFormat(window, binning, _word_depth(mode, bits), overscan), window_chosen, bits_chosen


def _binning(model: CameraModel, value: object) -> int:
    binning = whole("bin", value)
    if binning not in model.bins:
        raise InvalidValue(f"there is no binning of {binning}.", f"Choose {_listed(model.bins)}.")
    return binning


def _word_depth(mode: ReadMode, value: object) -> int:
    bits = whole("bits", value)
    if bits not in mode.output_bits:
        raise InvalidValue(
            f"mode {mode.name!r} has no words of {bits} bits.", f"Choose {_listed(mode.output_bits)}."
        )
    return bits


def _checked_window(given: object, area: Window, binning: int) -> Window:
    """The window in plain integers, if it lies on the sensor and holds whole bins."""
    if not isinstance(given, Window):
        raise InvalidValue(f"window must be a Window, not {given!r}.", "Give Window(left, top, width, height).")
    left, top, width, height = (
        whole(f"window {side}", getattr(given, side)) for side in ("left", "top", "width", "height")
    )
    window = Window(left, top, width, height)
    if width < 1 or height < 1 or not area.contains(window):
        complaint = f"does not fit on the {area.width} x {area.height} px of the sensor"
    elif width % binning or height % binning:
        complaint = f"does not hold whole bins of {binning} x {binning} px"
    else:
        return window
    raise InvalidWindow(f"{_spoken(window)} {complaint}.", _nearest(window, area, binning))


def _require_room_for_stamp(model: CameraModel, mode: ReadMode, settings: Settings) -> None:
    """The GPS stamp stands in the pixels: there must be enough of them."""
    rows, columns = settings.format.shape(len(mode.chains))
    frame_bytes, needed = rows * columns * settings.format.dtype.itemsize, model.shutter_signal.stamp_bytes
    if settings.gps and frame_bytes < needed:
        raise InvalidWindow(
            f"a frame of {columns} x {rows} px has {frame_bytes} bytes, the GPS stamp overwrites {needed}.",
            "Choose a larger window, or switch gps off.",
        )


def _nearest(window: Window, area: Window, binning: int) -> str:
    """The remedy for a bad window: the legal one that is nearest."""

    def side(start: int, length: int, available: int) -> tuple[int, int]:
        length = min(max(round(length / binning), 1) * binning, available - available % binning)
        return min(max(start, 0), available - length), length

    left, width = side(window.left, window.width, area.width)
    top, height = side(window.top, window.height, area.height)
    return f"The nearest that is possible is {_spoken(Window(left, top, width, height))}."


def _spoken(window: Window) -> str:
    return f"the window left={window.left} top={window.top} width={window.width} height={window.height}"


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
