"""The controls of a real camera: which call of the vendor's library each of them is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from fullwell.camera.controls import CONTROLS, Control
from fullwell.errors import NotSupported
from fullwell.models.facts import CameraModel
from fullwell.qhyccd.triggers import TriggerPort

MICROSECONDS: Final = 1e6
FULL_POWER: Final = 2.55
"""The library counts the cooler's power to 255, we to 100."""
WHEEL_SLOTS: Final = 44
ASCII_CODES: Final = 128
SLOT_DIGITS: Final = "0123456789ABCDEF"
DEFAULTS: Final = {
    Control.EXPOSURE_S: 0.02,
    Control.GAIN: 0.0,
    Control.OFFSET: 0.0,
    Control.USB_TRAFFIC: 0.0,
    Control.SPEED: 0.0,
    Control.ANTI_GLOW: 0.0,
    Control.TELEGRAPH_SUPPRESSION: 0.0,
    Control.GPS: 0.0,
    Control.OVERLAY: 0.0,
    Control.ANTI_RBI: 0.0,
}
"""What is reckoned with after an initialisation until the engine has sent its own."""
SWITCHES: Final = {
    Control.OVERLAY: "EnableQHYCCDImageOSD",
    Control.ANTI_RBI: "SetQHYCCDEnableLiveModeAntiRBI",
}
"""Controls that are functions of their own."""
SENSORS: Final = {Control.HUMIDITY_PERCENT: "humidity", Control.PRESSURE_HPA: "pressure"}


class Knobs:
    """What the camera was told, and what it uses.

    Parameters
    ----------
    model : CameraModel
    port : TriggerPort
        For the controls of the connectors.
    do : callable
        Has a command carried out in the process of the library.

    Attributes
    ----------
    values : dict of Control to float
        As read back.
    """

    def __init__(self, model: CameraModel, port: TriggerPort, do: Callable[..., Any]) -> None:
        self._model, self._port, self._do = model, port, do
        self._about: dict[str, Any] = {}
        self._target_c, self._cooler_on = 0.0, False
        self.forget()

    def connect(self, about: dict[str, Any]) -> None:
        """The camera was opened; `about` says what it has."""
        self._about = about
        if not self._cooler_on:
            self._learn_cooling()

    def _learn_cooling(self) -> None:
        """The library tells the power, not the target: a cooler at work counts as regulating to where it is."""
        with suppress(NotSupported):
            if self.get(Control.COOLER_POWER_PERCENT) > 0.0:
                self._target_c, self._cooler_on = self.get(Control.SENSOR_TEMPERATURE_C), True

    def forget(self) -> None:
        """The camera was initialised: it has its own values."""
        self.values = dict(DEFAULTS)

    @property
    def target_c(self) -> float | None:
        """Where the cooler regulates; None when it does not."""
        return self._target_c if self._cooler_on else None

    def set(self, control: Control, value: float) -> None:
        """Set a control; what the camera then uses is read back.

        Raises
        ------
        NotSupported
            If this camera has none.
        """
        if control in self._port.controls:
            self._port.set(control, value)
            return
        match control:
            case Control.TARGET_TEMPERATURE_C:
                self._target_c = value
                if self._cooler_on:
                    self._do("cool", value)
            case Control.COOLER_ON:
                self._cooler_on = bool(value)
                self._do("cool", self.target_c)
            case Control.COOLER_POWER_PERCENT:
                self._cooler_on = False
                self._do("set_power", float(round(value * FULL_POWER)))
            case Control.EXPOSURE_S:
                used_us = self._do("set_control", CONTROLS[control].sdk_id, value * MICROSECONDS)
                self.values[control] = used_us / MICROSECONDS
            case Control.OVERLAY | Control.ANTI_RBI:
                self._require_switch(control)
                if not self._do("call", SWITCHES[control], int(value)):
                    raise self._absent(control)
                self.values[control] = value
            case Control.WHEEL_POSITION:
                self._require_wheel()
                self._do("set_control", CONTROLS[control].sdk_id, float(ord(f"{int(value):X}")))
            case _:
                self.values[control] = self._do("set_control", self._number(control), value)

    def get(self, control: Control) -> float:
        """Read a control.

        Raises
        ------
        NotSupported
            If this camera has none.
        """
        if control in self._port.controls:
            return self._port.get(control)
        match control:
            case Control.TARGET_TEMPERATURE_C:
                return self._target_c
            case Control.COOLER_ON:
                return float(self._cooler_on)
            case Control.COOLER_POWER_PERCENT:
                return float(self._do("get_control", CONTROLS[control].sdk_id)) / FULL_POWER
            case Control.HUMIDITY_PERCENT | Control.PRESSURE_HPA:
                value = self._do(SENSORS[control])
                if value is None:
                    raise self._absent(control)
                return float(value)
            case Control.WHEEL_POSITION:
                self._require_wheel()
                return _slot(self._do("get_control", CONTROLS[control].sdk_id))
            case Control.EXPOSURE_S:
                return self.values[control]
            case Control.OVERLAY | Control.ANTI_RBI:
                self._require_switch(control)
                return self.values[control]
            case _:
                number = self._number(control)
                if control in self.values:
                    return self.values[control]
                return float(self._do("get_control", number))

    def wheel_slots(self) -> int:
        """How many positions the filter wheel has; 0 without one, and while it homes after power-up."""
        if self._about and not self._about["wheel"]:
            self._about["wheel"] = bool(self._do("wheel_plugged"))
        return int(self._do("get_control", WHEEL_SLOTS)) if self._about.get("wheel") else 0

    def _number(self, control: Control) -> int:
        number = CONTROLS[control].sdk_id
        if number is None or number not in self._about.get("controls", ()):
            raise self._absent(control)
        return number

    def _require_switch(self, control: Control) -> None:
        burst = self._model.burst
        absent = control is Control.ANTI_RBI and (burst is None or not burst.anti_rbi)
        if absent or SWITCHES[control] not in self._about.get("functions", ()):
            raise self._absent(control)

    def _require_wheel(self) -> None:
        if not self._about.get("wheel"):
            raise NotSupported("there is no filter wheel on the camera port.")

    def _absent(self, control: Control) -> NotSupported:
        return NotSupported(f"the {self._model.name} has no {CONTROLS[control].title.lower()}.")


def _slot(code: float) -> float:
    """The slot that the ASCII code of a hexadecimal digit names; -1, as of a wheel that moves, for any other.

    Examples
    --------
    >>> _slot(48.0), _slot(70.0), _slot(0.0)
    (0.0, 15.0, -1.0)
    """
    character = chr(int(code)) if 0 <= code < ASCII_CODES else " "
    return float(SLOT_DIGITS.find(character.upper()))
