"""The connectors of a camera: what its pins carry, their waveforms, and what may trigger it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from fullwell.camera.controls import Control
from fullwell.camera.device import Device, Triggerable
from fullwell.camera.frame import Frame
from fullwell.camera.port import (
    TRIGGER_INPUTS,
    decode_register,
    encode_registers,
    port_range,
    require_firmware,
    trigger_inputs,
)
from fullwell.camera.request import real, switch, whole, within
from fullwell.camera.states import Command
from fullwell.errors import InvalidValue, NotSupported, UnknownName
from fullwell.models.connector import PINS, PortMode, Signal
from fullwell.readout.gps import stamp_bytes
from fullwell.readout.pins import LedPulse, PortUse, Shot, pin_trace
from fullwell.readout.rows import RowTiming
from fullwell.readout.waveforms import Trace

__all__ = ["PinSettings", "Pins"]

REMEMBERED_LEVELS: Final = 10_000
"""How many changes of the outputs are remembered for the waveforms."""


@dataclass(frozen=True, slots=True)
class PinSettings:
    """How the connectors are used.

    Attributes
    ----------
    mode : PortMode
        Of the GPIO socket.
    trig_out : bool
        Whether pulses come out.
    sma_output : Signal
        What the SMA output carries; `Signal.NONE` where there is none.
    trigger_input : str
        What starts an exposure: "off" (it starts at once), "soft" (`Camera.trigger`), "gpio" or "sma" (an edge
        there, or `Camera.trigger`).
    trigger_filter_s : float
        After a trigger, further edges count as bounce for so long; 0 = off.
    """

    mode: PortMode
    trig_out: bool
    sma_output: Signal
    trigger_input: str
    trigger_filter_s: float


class Pins:
    """GPIO socket and SMA ports of a camera; ``Camera.pins``.

    Parameters
    ----------
    device : Device
        The far end of the cable, with a socket.
    tell : callable
        Sends controls and their values to the device, under a command that the camera allows now.
    timing : callable
        Gives the clockwork in force.
    """

    def __init__(
        self,
        device: Device,
        tell: Callable[[Command, Mapping[Control, float]], None],
        timing: Callable[[], RowTiming],
    ) -> None:
        connector = device.model.connector
        if connector is None:
            raise NotSupported(f"the {device.model.name} has no GPIO socket.")
        self._device, self._model, self._connector = device, device.model, connector
        self._tell, self._timing = tell, timing
        self._settings = PinSettings(
            mode=connector.modes[0],
            trig_out=False,
            sma_output=connector.sma_outputs[0] if connector.sma_outputs else Signal.NONE,
            trigger_input="off",
            trigger_filter_s=connector.trigger_filter_s,
        )
        self._levels: deque[tuple[int, int]] = deque([(0, 0)], REMEMBERED_LEVELS)
        self._led: LedPulse | None = None

    @property
    def modes(self) -> tuple[PortMode, ...]:
        """The modes that the socket has."""
        return self._connector.modes

    @property
    def settings(self) -> PinSettings:
        """How the connectors are used now; kept over `close` and `open` of the camera."""
        return self._settings

    @property
    def outputs(self) -> tuple[bool, ...]:
        """Levels of GPIO1 to GPIO4 in the mode "outputs"."""
        return tuple(bool(self._levels[-1][1] >> pin & 1) for pin in range(PINS))

    @property
    def registers(self) -> dict[int, int]:
        """The registers of the camera's logic that stand for the settings; empty where there are none."""
        return encode_registers(self._connector, _numbers(self._connector.sma_outputs, self._settings))

    def configure(
        self,
        *,
        mode: str | int | None = None,
        trig_out: bool | None = None,
        sma_output: str | None = None,
        trigger_input: str | None = None,
        trigger_filter_s: float | None = None,
    ) -> PinSettings:
        """Change any of the settings. The whole request is checked before anything changes.

        Parameters
        ----------
        mode : str or int, optional
            Of the GPIO socket, by name or number.
        trig_out : bool, optional
            Let pulses out; all modes but the first need it.
        sma_output : str, optional
            "shutter measure" or "trig out", where there is an SMA output.
        trigger_input : {"off", "soft", "gpio", "sma"}, optional
            What starts an exposure.
        trigger_filter_s : float, optional
            0 to 100 s.

        Returns
        -------
        PinSettings
            What is in force now.

        Raises
        ------
        InvalidValue, OutOfRange, UnknownName
            If a value is undefined, or the parts do not fit together.
        NotSupported
            If this camera cannot, or its logic is too old.
        NotConnected, Busy
            If the camera is not open, or is doing something.
        """
        old = self._settings
        wanted = PinSettings(
            mode=old.mode if mode is None else self._connector.mode(mode),
            trig_out=old.trig_out if trig_out is None else switch("trig_out", trig_out),
            sma_output=old.sma_output if sma_output is None else self._sma_output(sma_output),
            trigger_input=old.trigger_input if trigger_input is None else self._trigger_input(trigger_input),
            trigger_filter_s=(
                old.trigger_filter_s if trigger_filter_s is None else self._filter_s(trigger_filter_s)
            ),
        )
        self._check(wanted)
        return self._apply(wanted)

    def write_register(self, number: int, value: int) -> PinSettings:
        """Switch the connectors as the vendor describes it for cameras that have registers for it.

        Parameters
        ----------
        number, value : int
            See `Connector.registers` of the model: QHY42 Pro, REG39 and REG142.

        Raises
        ------
        InvalidValue, UnknownName
            If bits have an undefined value, or there is no such register.
        NotSupported, NotConnected, Busy
            See `configure`.
        """
        numbers = decode_register(self._connector, whole("register", number), whole("value", value))
        wanted = self._settings
        if "gpio_mode" in numbers:
            wanted = replace(wanted, mode=self._connector.modes[numbers["gpio_mode"]])
        if "sma_output" in numbers:
            wanted = replace(wanted, sma_output=self._connector.sma_outputs[numbers["sma_output"]])
        if "trig_out" in numbers:
            wanted = replace(wanted, trig_out=bool(numbers["trig_out"]))
        require_firmware(self._model, self._device.identity.fpga)
        return self._apply(wanted)

    def set_outputs(self, *levels: bool) -> None:
        """Set GPIO1 to GPIO4 high or low, in the mode "outputs"; also during an exposure.

        Parameters
        ----------
        *levels : bool
            One per pin, from GPIO1.

        Raises
        ------
        InvalidValue
            If there are not four, or the mode is another one.
        NotConnected
            If the camera is not open.
        """
        if len(levels) != PINS:
            raise InvalidValue(f"there are {PINS} outputs, not {len(levels)}.", "Give a level for each.")
        if Signal.OUTPUT not in self._settings.mode.pins:
            raise InvalidValue(
                f"in mode {self._settings.mode.name!r} no pin is an output of the program.",
                f"Choose the mode {self._connector.modes[0].name!r} first.",
            )
        bits = sum(switch("level", level) << pin for pin, level in enumerate(levels))
        self._tell(Command.CONTROL, {Control.GPIO_OUTPUTS: float(bits)})
        self._levels.append((self._device.clock.now_ns(), bits))

    def flash_led(self, delay_ns: int, width_ns: int) -> None:
        """Let the LED of the mode "led-calibration" flash in each frame.

        Parameters
        ----------
        delay_ns : int
            From the falling edge of the shutter measure; negative = before it.
        width_ns : int
            0 = no flash.

        Raises
        ------
        OutOfRange
            If one of them is longer than an hour, or the width is negative.
        NotSupported, NotConnected
            If the socket has no LED pin, or the camera is not open.
        """
        delay, width = whole("delay_ns", delay_ns), whole("width_ns", width_ns)
        for name, number, control in (
            ("delay", delay, Control.LED_DELAY_NS),
            ("width", width, Control.LED_WIDTH_NS),
        ):
            within(f"{name} of the LED pulse", number, port_range(self._model, control), "ns")
        self._tell_led(delay, width)
        self._led = LedPulse(delay, width) if width else None

    def waveforms(self, frames: int | Sequence[Frame] = 3, between_ns: tuple[int, int] | None = None) -> Trace:
        """What an oscilloscope on the pins shows.

        Parameters
        ----------
        frames : int or sequence of Frame
            Frames that were taken; or how many of a live run that starts now, with the settings in force.
        between_ns : tuple of int, optional
            Begin and end, UTC; default is round all the frames.

        Raises
        ------
        InvalidValue
            If there are no frames, or too many edges.
        NotConnected
            If the camera was never open.
        """
        shots = self._coming(frames) if isinstance(frames, int) else [_shot(frame) for frame in frames]
        return pin_trace(self._model, self._use(shots), shots, between_ns)

    def restore(self) -> None:
        """Send everything again, to a camera that was opened anew."""
        self._apply(self._settings)
        self._tell(Command.CONTROL, {Control.GPIO_OUTPUTS: float(self._levels[-1][1])})
        if self._led is not None:
            self._tell_led(self._led.delay_ns, self._led.width_ns)

    def _tell_led(self, delay_ns: int, width_ns: int) -> None:
        self._tell(
            Command.CONTROL, {Control.LED_DELAY_NS: float(delay_ns), Control.LED_WIDTH_NS: float(width_ns)}
        )

    def _apply(self, wanted: PinSettings) -> PinSettings:
        self._tell(Command.CONFIGURE, _controls(self._connector.sma_outputs, wanted))
        self._settings = wanted
        return wanted

    def _coming(self, frames: int) -> list[Shot]:
        timing, now_ns = self._timing(), self._device.clock.now_ns()
        return [Shot(now_ns + number * timing.frame_period_ns, timing) for number in range(frames)]

    def _use(self, shots: Sequence[Shot]) -> PortUse:
        used = self._settings
        triggers_ns: tuple[int, ...] = ()
        if isinstance(self._device, Triggerable) and shots:
            since_ns = shots[0].row0_start_ns - shots[0].timing.line_period_ns - self._connector.slowest_ns
            triggers_ns = self._device.trigger_edges_ns(since_ns, shots[-1].row0_end_ns)
        return PortUse(
            mode=used.mode,
            trig_out=used.trig_out,
            sma_output=used.sma_output,
            levels=tuple(self._levels),
            led=self._led,
            triggers_ns=triggers_ns,
            sma_input=used.trigger_input == "sma",
        )

    def _sma_output(self, name: str) -> Signal:
        if not self._connector.sma_outputs:
            raise NotSupported(f"the {self._model.name} has no SMA output.")
        if name not in self._connector.sma_outputs:
            raise UnknownName("signal for the SMA output", name, self._connector.sma_outputs)
        return Signal(name)

    def _trigger_input(self, name: str) -> str:
        known = trigger_inputs(self._connector)
        if name in TRIGGER_INPUTS and name not in known:
            raise NotSupported(
                f"the {self._model.name} has no trigger input {name!r}.", f"Use one of: {', '.join(known)}."
            )
        if name not in known:
            raise UnknownName("trigger input", name, known)
        return name

    def _filter_s(self, value: float) -> float:
        seconds = real("trigger filter", value)
        within("trigger filter", seconds, port_range(self._model, Control.TRIGGER_FILTER_S), "s")
        return seconds

    def _check(self, wanted: PinSettings) -> None:
        """See that the parts fit together."""
        if wanted.mode.needs_trig_out and not wanted.trig_out:
            raise InvalidValue(
                f"in mode {wanted.mode.name!r} the pins are silent until TrigOut is enabled.",
                "Give trig_out=True together with the mode.",
            )
        if wanted.trigger_input == "gpio" and Signal.TRIGGER_IN not in wanted.mode.pins:
            fitting = [mode.name for mode in self.modes if Signal.TRIGGER_IN in mode.pins]
            raise InvalidValue(
                f"in mode {wanted.mode.name!r} no pin listens for a trigger.",
                f"Choose the mode {' or '.join(map(repr, fitting))}, or trigger_input='sma'.",
            )
        in_step = {Signal.VSYNC, Signal.VSYNC_IN} & set(wanted.mode.pins)
        if in_step and wanted.trigger_input != "off":
            raise InvalidValue(
                f"a camera in mode {wanted.mode.name!r} does not wait for a trigger.",
                "Give trigger_input='off' together with the mode: the rows of the master start its slaves.",
            )
        if wanted.mode.needs_trig_out or wanted.trig_out:
            require_firmware(self._model, self._device.identity.fpga)


def _numbers(sma_outputs: tuple[Signal, ...], settings: PinSettings) -> dict[str, int]:
    """Settings as numbers, by name of the control."""
    numbers = {"gpio_mode": settings.mode.number, "trig_out": int(settings.trig_out)}
    if sma_outputs:
        numbers["sma_output"] = sma_outputs.index(settings.sma_output)
    return numbers


def _controls(sma_outputs: tuple[Signal, ...], settings: PinSettings) -> dict[Control, float]:
    controls = {Control(name): float(value) for name, value in _numbers(sma_outputs, settings).items()}
    controls[Control.TRIGGER_INPUT] = float(TRIGGER_INPUTS.index(settings.trigger_input))
    controls[Control.TRIGGER_FILTER_S] = settings.trigger_filter_s
    return controls


def _shot(frame: Any) -> Shot:
    if not isinstance(frame, Frame):
        raise InvalidValue(f"{frame!r} is no frame.", "Give frames of this camera, or how many.")
    stamp = stamp_bytes(frame.data) if frame.report.settings.gps else b""
    return Shot(frame.report.row0_start_ns, frame.report.timing, stamp)
