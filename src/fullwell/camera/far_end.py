"""What the device at the far end of the cable has been told, so that it is told no more than it needs."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final

from fullwell.camera.burst import FLUSHING_PATCH_NUMBER, BurstPlan
from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.device import BurstPort, BurstSource, Device, Resumable, Stream, Triggerable
from fullwell.camera.frame import Readings, Settings
from fullwell.camera.request import EXTRAS, FIELDS
from fullwell.errors import DeviceFault, InvalidOperation, NotConnected, NotSupported, TriggerTimeout
from fullwell.readout.rows import RowTiming

log = logging.getLogger(__name__)

READINGS: Final = {
    "sensor_temperature_c": Control.SENSOR_TEMPERATURE_C,
    "target_temperature_c": Control.TARGET_TEMPERATURE_C,
    "cooler_power_percent": Control.COOLER_POWER_PERCENT,
    "ambient_temperature_c": Control.AMBIENT_TEMPERATURE_C,
    "humidity_percent": Control.HUMIDITY_PERCENT,
    "pressure_hpa": Control.PRESSURE_HPA,
}
"""Fields of `Readings` by control."""


class FarEnd:
    """A device and the settings it holds.

    Parameters
    ----------
    device : Device

    Attributes
    ----------
    controls : frozenset of Control
        What the device has; empty before the first `connect`.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self.controls: frozenset[Control] = frozenset()
        self._told: Settings | None = None
        self._stream: Stream | None = None
        self._timing: RowTiming | None = None
        self._burst_on: bool | None = None

    @property
    def timing(self) -> RowTiming:
        """The clockwork for what the device was told last.

        Raises
        ------
        NotConnected
            If it was never told anything.
        """
        if self._timing is None:
            raise NotConnected("the camera was never open.", "Call open() first.")
        return self._timing

    def connect(self) -> None:
        """Open the device afresh, and ask which controls it has."""
        self.forget()
        self._burst_on = None  # not known: another program may have left it on
        self.device.close()
        self.device.open()
        self.controls = frozenset(filter(self._exists, Control))

    def resume(self, settings: Settings) -> bool:
        """Take up the exposure that a lost camera went on with; False if it holds none. After `connect`.

        Parameters
        ----------
        settings : Settings
            Those with which it was started: the camera still has them.
        """
        if not (isinstance(self.device, Resumable) and self.device.resume()):
            return False
        self._told, self._stream = settings, Stream.SINGLE
        self._timing = self.device.precise_timing()
        return True

    def let_go(self) -> None:
        """Close the device, for the next program as it was found."""
        with suppress(DeviceFault):
            if self._burst_on:
                self._leave_burst()
        self.device.close()

    def forget(self) -> None:
        """What the device holds is not known any more: it will be told everything."""
        self._told = self._stream = None

    def tell(self, settings: Settings, stream: Stream | None = None) -> None:
        """Bring the device to these settings.

        After a change of mode or stream the device starts from its own defaults, so it is told everything; else
        only what changed. Each control is read back; a device that disobeys is logged, and its frames say what
        it used.

        Parameters
        ----------
        settings : Settings
        stream : Stream, optional
            Default is the present one, at first single.
        """
        stream = stream or self._stream or Stream.SINGLE
        told = self._told
        if told is None or told.mode != settings.mode or stream is not self._stream:
            self.forget()
            told = None
            if self._burst_on and stream is Stream.SINGLE:
                self._leave_burst()
            self.device.initialise(settings.mode, stream)
        if told is None or told.format != settings.format:
            self.device.configure(settings.format)
        for name, control in FIELDS.items():
            value = float(getattr(settings, name))
            if control in self.controls and (told is None or float(getattr(told, name)) != value):
                self.device.set_control(control, value)
                used = self.device.get_control(control)
                if used != value:
                    log.warning("%s: asked for %g, the camera uses %g", CONTROLS[control].title, value, used)
        self._told, self._stream = settings, stream
        self._timing = self.device.precise_timing()

    def go_live(self, burst: BurstPlan | None = None) -> None:
        """Start the free run; in a burst only the frames of its plan leave the camera.

        IDLE comes before everything else of a burst: a camera just connected would send frames at once.

        Raises
        ------
        NotSupported
            If the device has no burst mode.
        """
        if burst is None:
            if self._burst_on is not False:
                self._leave_burst()
            self.device.start_live()
            return
        port = self.burst_port()
        self._burst_on = True
        self.device.start_live()
        port.idle()
        port.enable(True)
        port.set_range(burst.told_start, burst.end)
        port.set_patch_number(FLUSHING_PATCH_NUMBER)
        port.release()

    def burst_port(self) -> BurstPort:
        """The burst calls.

        Raises
        ------
        NotSupported
            If the device has none.
        """
        if self._port is None:
            raise NotSupported(f"the {self.device.model.name} has no burst mode.", "Use live(frames=...).")
        return self._port

    def _leave_burst(self) -> None:
        if self._port is not None:
            self._port.enable(False)
        self._burst_on = False

    @property
    def _port(self) -> BurstPort | None:
        return self.device.burst if isinstance(self.device, BurstSource) else None

    def waits(self) -> bool:
        """Whether exposures wait for a trigger, or for another camera."""
        return isinstance(self.device, Triggerable) and self.device.waits()

    def soft_trigger(self) -> None:
        """Start what waits for a trigger.

        Raises
        ------
        InvalidOperation
            If exposures do not wait.
        """
        if not (isinstance(self.device, Triggerable) and self.device.waits()):
            raise InvalidOperation(
                "frames do not wait for a trigger.", "Choose pins.configure(trigger_input=...) before."
            )
        self.device.soft_trigger()

    def exposure_start_ns(self) -> int | None:
        """UTC at which the single exposure under way began; None while it waits."""
        return self.device.exposure_start_ns() if isinstance(self.device, Triggerable) else None

    def wait_for_start(self, timeout_s: float | None) -> None:
        """Wait until the single exposure under way begins.

        Raises
        ------
        TriggerTimeout
            If it has not begun in that time; it goes on waiting.
        """
        if isinstance(self.device, Triggerable) and not self.device.wait_for_start(timeout_s):
            raise TriggerTimeout(
                f"no trigger came in {timeout_s:g} s.",
                "The exposure goes on waiting: read() again, trigger() it, or abort() it.",
            )

    def require(self, control: Control) -> None:
        """See that the device has a control.

        Raises
        ------
        NotSupported
            If it has not. Nothing is known, and nothing raised, before the first `connect`.
        """
        if control is Control.WHEEL_POSITION and self.controls and control not in self.controls:
            self._look_for_wheel()
        if self.controls and control not in self.controls:
            raise NotSupported(f"the {self.device.model.name} has no {CONTROLS[control].title.lower()}.")

    def require_switches(self, settings: Settings) -> None:
        """See that the device has every switch that is on, and the overlay if one is asked for.

        Raises
        ------
        NotSupported
            If it has not.
        """
        for name in EXTRAS:
            if float(getattr(settings, name)):
                self.require(FIELDS[name])

    def readings(self) -> Readings:
        """What the device measures now; None for what it cannot."""
        known = {name: control for name, control in READINGS.items() if control in self.controls}
        return Readings(**{name: self.device.get_control(control) for name, control in known.items()})

    def _look_for_wheel(self) -> None:
        """A wheel that homed, or whose cable was out, when the camera was opened may be there now."""
        if self._exists(Control.WHEEL_POSITION):
            self.controls |= {Control.WHEEL_POSITION}

    def _exists(self, control: Control) -> bool:
        try:
            self.device.get_control(control)
        except NotSupported:
            return False
        return True
