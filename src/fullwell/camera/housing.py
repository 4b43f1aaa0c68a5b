"""The body of a camera as clients see it: everything about it that takes no pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Final

from fullwell.camera.alarms import AlarmKind, Alarms, Severity
from fullwell.camera.care import Care
from fullwell.camera.clock import Clock
from fullwell.camera.controls import Control
from fullwell.camera.cooling import ASSUMED_RAMP_C_PER_MIN, Cooling, CoolingGuard, settle, warm_up
from fullwell.camera.device import Device, Troubled, UndervoltageMemory
from fullwell.camera.drying import Drying
from fullwell.camera.far_end import FarEnd
from fullwell.camera.firmware import Firmware
from fullwell.camera.frame import DeviceIdentity, Readings, Settings
from fullwell.camera.machine import Machine
from fullwell.camera.request import limits, real, switch, within
from fullwell.camera.states import Command
from fullwell.camera.troubles import TroubleBoard
from fullwell.camera.undervoltage import Undervoltage, explain
from fullwell.errors import DeviceLost, InvalidOperation, NotSupported
from fullwell.models.facts import CameraModel, Range

__all__ = ["Housing"]

BOOT_TIMEOUT_S: Final = 60.0
BOOT_POLL_S: Final = 0.5
"""How long a camera may take to boot after a change of its firmware, and how often it is tried."""


class Housing(ABC):
    """Identity, cooler, window, supply, firmware and troubles of a `fullwell.camera.engine.Camera`.

    Parameters
    ----------
    device, recover, heartbeat_s, resume_s
        See `fullwell.camera.engine.Camera`.
    """

    def __init__(self, device: Device, *, recover: bool, heartbeat_s: float, resume_s: float) -> None:
        self._device = device
        self._far_end = FarEnd(device)
        self._machine = Machine(self._far_end)
        self._guard = CoolingGuard(
            device.clock,
            self.control,
            self._tell,
            device.model.temperature_c,
            device.model.thermal.ramp_c_per_min if device.model.thermal else ASSUMED_RAMP_C_PER_MIN,
            self._held_back,
        )
        self._care = Care(
            self._far_end,
            self._machine,
            partial(self._open, only_if_lost=True),
            recover=recover,
            heartbeat_s=heartbeat_s,
            resume_s=resume_s,
            target_c=self._guard.target_c,
        )

    @property
    @abstractmethod
    def settings(self) -> Settings:
        """What is in force."""

    @abstractmethod
    def _open(self, only_if_lost: bool = False) -> bool:
        """Connect, and send the settings in force; False = it was open, or only a lost one was to be opened."""

    @abstractmethod
    def _restore(self) -> None:
        """Bring an opened camera to what it was told before."""

    @property
    def model(self) -> CameraModel:
        """The facts of the camera."""
        return self._device.model

    @property
    def device(self) -> Device:
        """The far end of the cable. Whoever speaks to it while the camera is open confuses the engine."""
        return self._device

    @property
    def identity(self) -> DeviceIdentity:
        """Who is at the far end of the cable."""
        return self._device.identity

    @property
    def clock(self) -> Clock:
        """The time in which the camera lives."""
        return self._device.clock

    @property
    def controls(self) -> frozenset[Control]:
        """The controls that this camera has; empty before the first `open`."""
        return self._far_end.controls

    def limits(self, control: Control) -> Range:
        """What a control accepts in the present read mode.

        Raises
        ------
        NotSupported
            If the control can only be read.
        """
        return limits(self.model, self.model.mode(self.settings.mode), control)

    @property
    def recoveries(self) -> int:
        """How often the camera was lost and has come back by itself."""
        return self._care.recovery.recoveries

    @property
    def alarms(self) -> Alarms:
        """What is wrong now, and what has happened; see `fullwell.camera.alarms.Alarms.subscribe`."""
        return self._care.alarms

    def control(self, control: Control) -> float:
        """The present value of a control, in its own unit; also during a read-out.

        Raises
        ------
        NotSupported
            If the camera does not have it.
        NotConnected
            If the camera is not open.
        """
        self._machine.check(Command.CONTROL)
        with self._machine.faults():
            return self._device.get_control(control)

    def set_target_temperature(self, temperature_c: float) -> None:
        """Choose where the cooler regulates the sensor. It is led there gradually.

        Parameters
        ----------
        temperature_c : float
            C, within the range of the model.

        Raises
        ------
        OutOfRange
            If it is outside.
        NotSupported, NotConnected
            If there is no cooler, or the camera is not open.
        """
        value = real("target temperature", temperature_c)
        within("target temperature", value, self.limits(Control.TARGET_TEMPERATURE_C), "C")
        self._guard.aim(value)

    def set_cooler(self, on: bool) -> None:
        """Switch regulation on or off. A cold sensor is warmed up gradually before the cooler goes off.

        Raises
        ------
        NotSupported, NotConnected
            If there is no cooler, or the camera is not open.
        """
        self._guard.switch(switch("cooler", on))

    def set_cooler_power(self, percent: float) -> None:
        """Give the cooler a fixed power, to which it is led gradually; it does not regulate then.

        Parameters
        ----------
        percent : float
            0 to 100 %; 0 = stop.

        Raises
        ------
        OutOfRange
            If it is outside.
        NotSupported, NotConnected
            If there is no cooler, or the camera is not open.
        """
        value = real("cooler power", percent)
        within("cooler power", value, Range(0.0, 100.0, 0.1, 0.0), "%")
        self._guard.drive(value)

    @property
    def cooling(self) -> Cooling | None:
        """What the cooler is doing, and where it is being led; None where it only does what it is told."""
        return self._guard.cooling()

    def settle_temperature(
        self, tolerance_c: float = 0.5, progress: Callable[[Cooling], None] | None = None
    ) -> Cooling | None:
        """Wait until the sensor has come to its target.

        Parameters
        ----------
        tolerance_c : float
            How near it must be.
        progress : callable, optional
            Called once per second with what the cooler is doing.

        Raises
        ------
        TemperatureNotReached
            If the sensor stands still elsewhere; the error says what can be reached.
        InvalidOperation
            If the cooler is off.
        """
        return settle(self._guard, self.clock, tolerance_c, progress)

    def warm_up(self, *, wait: bool = True, progress: Callable[[Cooling], None] | None = None) -> None:
        """Warm the sensor up gradually, then switch the cooler off.

        Parameters
        ----------
        wait : bool
            Return when it is done; else at once.
        progress : callable, optional
            Called once per second with what the cooler is doing.
        """
        self._guard.switch(False)
        if wait:
            warm_up(self._guard, self.clock, progress)

    def dry(self) -> Drying:
        """Begin to dry the chamber; until that is ended, the cooler cannot be switched on.

        Returns
        -------
        Drying
            Call its `end`, or use it in a ``with`` statement. At a real camera connect the tube, and the pump,
            inside.

        Raises
        ------
        InvalidOperation
            If the cooler is on, or the sensor is cold.
        NotConnected
            If the camera is not open.
        """
        return Drying(self._device, self._guard, self.control)

    def set_window_heater(self, on: bool) -> None:
        """Switch the heater of the chamber's window on or off.

        Raises
        ------
        NotSupported, NotConnected
            If there is none that can be switched, or the camera is not open.
        """
        self._set(Control.WINDOW_HEATER, float(switch("window heater", on)))

    def set_fan(self, on: bool) -> None:
        """Switch the fan of the heat sink on or off.

        Raises
        ------
        NotSupported, NotConnected
            If there is none that can be switched, or the camera is not open.
        """
        self._set(Control.FAN, float(switch("fan", on)))

    def readings(self) -> Readings:
        """What the camera measures now; None for what it cannot.

        The target is the one that was asked for, also while the cooler is being led there.

        Raises
        ------
        NotConnected
            If the camera is not open.
        """
        self._machine.check(Command.CONTROL)
        with self._machine.faults():
            return self._guard.with_target(self._far_end.readings())

    def undervoltage(self) -> Undervoltage:
        """What the camera says of its supply, in words, with what to do.

        Raises
        ------
        NotSupported
            If it has no under-voltage lock-out.
        NotConnected
            If the camera is not open.
        """
        known = Control.SUPPLY_VOLTAGE_V in self.controls
        voltage_v = self.control(Control.SUPPLY_VOLTAGE_V) if known else None
        return explain(self.model, int(self.control(Control.UVLO_STATUS)), voltage_v)

    def reset_undervoltage(self) -> None:
        """Erase the camera's memory of an under-voltage event: its cooler may have full power again.

        Raises
        ------
        NotSupported
            If it has no under-voltage lock-out.
        NotConnected
            If the camera is not open.
        """
        self._far_end.require(Control.UVLO_STATUS)
        if not isinstance(self._device, UndervoltageMemory):
            raise NotSupported(f"the {self.model.name} has no memory of under-voltage that can be erased.")
        with self._machine.settled():
            self._machine.check(Command.CONTROL)
            with self._machine.faults():
                self._device.reset_undervoltage()

    @property
    def firmware(self) -> Firmware:
        """Versions of firmware and FPGA; on twins also their change."""
        return Firmware(self._device, self._change_firmware)

    @property
    def troubles(self) -> TroubleBoard:
        """What can go wrong on request, and what does; see `fullwell.camera.troubles.TroubleBoard`.

        Raises
        ------
        NotSupported
            If the camera is real.
        """
        if not isinstance(self._device, Troubled):
            raise NotSupported("troubles cannot be set on a real camera: it has its own.", "Use a twin.")
        return self._device.troubles

    # Inside.

    def _change_firmware(self, change: Callable[[], object]) -> None:
        """Do it while nothing else is done; the camera boots, and is opened again as it was."""
        self._machine.check(Command.UPDATE)
        cooling = self._guard.cooling()
        if cooling is not None and cooling.cold:
            raise InvalidOperation(
                f"the firmware is not changed while the sensor is cooled (to {cooling.sensor_c:.1f} C, with "
                f"{cooling.power_percent:.0f} % power): the camera boots then, and its cooler goes off at once.",
                "Call warm_up() first.",
            )
        with self._machine.settled():
            self._machine.check(Command.UPDATE)
            with self._machine.faults():
                change()
        self._machine.disconnect()
        deadline_ns = self.clock.now_ns() + round(BOOT_TIMEOUT_S * 1e9)
        while True:
            try:
                self._open()
            except DeviceLost:
                if self.clock.now_ns() > deadline_ns:
                    raise
                self.clock.sleep_until(self.clock.now_ns() + round(BOOT_POLL_S * 1e9))
            else:
                return self._restore()

    def _tell(self, control: Control, value: float) -> None:
        self._far_end.require(control)
        self._machine.set_control(control, value)

    def _set(self, control: Control, value: float) -> None:
        self._tell(control, value)
        self._care.keep(control, value)

    def _held_back(self, text: str) -> None:
        self._care.alarms.note(AlarmKind.RAMP, text, severity=Severity.INFO)
