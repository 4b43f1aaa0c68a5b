"""The knobs of the twin's sensor: their values, what they accept, and the settings that they add up to."""

from __future__ import annotations

from typing import Final

from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.frame import FrameFormat, Overlay, Settings
from fullwell.camera.port import PORT_CONTROLS, port_controls, port_range
from fullwell.errors import InvalidValue, NotSupported, OutOfRange
from fullwell.models.facts import CameraModel, Range

FORGOTTEN: Final = (Control.EXPOSURE_S, Control.GAIN, Control.OFFSET)
"""What `initialise` sets back, as the vendor documents."""

SENSOR_KNOBS: Final = (
    *FORGOTTEN,
    Control.USB_TRAFFIC,
    Control.SPEED,
    Control.ANTI_GLOW,
    Control.TELEGRAPH_SUPPRESSION,
    Control.GPS,
    Control.OVERLAY,
    Control.ANTI_RBI,
)


class Knobs:
    """Values of the controls that decide how frames are taken.

    Parameters
    ----------
    model : CameraModel
    wheel_slots : int
        Of the filter wheel; 0 = there is none.
    absent : frozenset of Control
        What this body of the model has not.
    """

    def __init__(self, model: CameraModel, wheel_slots: int, absent: frozenset[Control] = frozenset()) -> None:
        self._model = model
        self._absent = absent
        self._wheel_slots = wheel_slots
        controls = (*SENSOR_KNOBS, *port_controls(model))
        self._values = {control: self._range(control).default for control in controls}

    def __getitem__(self, control: Control) -> float:
        self.limits(control)
        return self._values[control]

    def __setitem__(self, control: Control, value: float) -> None:
        self._values[control] = value

    def reset(self) -> None:
        """Exposure, gain and offset as they are after `initialise`."""
        for control in FORGOTTEN:
            self._values[control] = self._range(control).default

    def limits(self, control: Control) -> Range:
        """What a control accepts.

        Raises
        ------
        NotSupported
            If this camera does not have it, or it can only be read.
        """
        sensor = self._model.sensor
        missing = {
            Control.ANTI_GLOW: sensor.glow.rate_e_per_s == 0.0,
            Control.TELEGRAPH_SUPPRESSION: sensor.telegraph.suppressed_factor == 1.0,
            Control.ANTI_RBI: self._model.burst is None or not self._model.burst.anti_rbi,
            Control.WHEEL_POSITION: self._wheel_slots == 0,
        }.get(control, not CONTROLS[control].writable)
        limits = self._range(control)
        if control in PORT_CONTROLS:
            return limits
        if missing or control in self._absent or limits.low == limits.high:
            raise NotSupported(f"the {self._model.name} has no control {control.value!r} to set.")
        return limits

    def check(self, control: Control, value: float) -> None:
        """Raise `NotSupported` or `OutOfRange` unless the control can be set to `value`."""
        limits, facts = self.limits(control), CONTROLS[control]
        if not limits.low <= value <= limits.high:
            raise OutOfRange(facts.title.lower(), value, limits.low, limits.high, facts.unit)
        if control in PORT_CONTROLS and limits.step == 1.0 and not value.is_integer():
            raise InvalidValue(f"{control} of {value!r} is no whole number.", "Give a whole number.")

    def settings(self, mode: int, frame_format: FrameFormat, link: str) -> Settings:
        """What a frame that starts now is taken with."""
        values = self._values
        return Settings(
            mode=mode,
            exposure_s=values[Control.EXPOSURE_S],
            gain=int(values[Control.GAIN]),
            offset=int(values[Control.OFFSET]),
            usb_traffic=int(values[Control.USB_TRAFFIC]),
            speed=int(values[Control.SPEED]),
            format=frame_format,
            anti_glow=bool(values[Control.ANTI_GLOW]),
            telegraph_suppression=bool(values[Control.TELEGRAPH_SUPPRESSION]),
            link=link,
            gps=bool(values[Control.GPS]),
            overlay=tuple(Overlay)[int(values[Control.OVERLAY])],
            anti_rbi=bool(values[Control.ANTI_RBI]),
        )

    def _range(self, control: Control) -> Range:
        if control is Control.WHEEL_POSITION:
            return Range(0.0, self._wheel_slots - 1.0, 1.0, 0.0)
        if control is Control.COOLER_POWER_PERCENT:
            return Range(0.0, 100.0, 0.1, 0.0)
        if control is Control.OVERLAY:
            return Range(0.0, len(Overlay) - 1.0, 1.0, 0.0)
        if control in PORT_CONTROLS:
            return port_range(self._model, control)
        field = CONTROLS[control].range_field
        limits: Range = getattr(self._model, field) if field else Range(0.0, 1.0, 1.0, 0.0)
        return limits
