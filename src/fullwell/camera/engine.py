"""The camera: one object that clients command, whatever hangs at the far end of the cable.

Every method may be called from any thread. `Camera.state`, `Camera.abort`, `Camera.stop`, `Camera.readings` and
`Camera.remaining_s` answer at once during an exposure or a read-out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.buffers import Pool, checked
from fullwell.camera.burst import burst_plan
from fullwell.camera.care import HEARTBEAT_S
from fullwell.camera.controls import Control
from fullwell.camera.device import Device, Stream, TruthSource
from fullwell.camera.frame import Frame, FrameReport, Overlay, Settings, Truth
from fullwell.camera.housing import Housing
from fullwell.camera.live import Live, LivePlan, WhenFull, live_plan
from fullwell.camera.pins import Pins
from fullwell.camera.request import default_choice, real, resolve
from fullwell.camera.sparing import SparingLog
from fullwell.camera.states import Command, State
from fullwell.camera.timekeeper import Timekeeper, conditions
from fullwell.camera.watch import FrameWatch
from fullwell.camera.wheel import Wheel
from fullwell.errors import DeviceLost, NotSupported, OutOfRange, TriggerTimeout
from fullwell.models.facts import Window
from fullwell.readout.calibration import RowOffset
from fullwell.readout.precise import PreciseExposure, precise_exposure
from fullwell.readout.rows import RowTiming

log = logging.getLogger(__name__)

__all__ = ["KEEP", "Camera", "State"]

ADJUSTABLE: Final = frozenset({"exposure_s", "gain", "offset"})
"""What may change while the camera is live."""

WHEEL_HOMES_S: Final = 30.0
"""So long after opening a wheel that was not there is looked for again: it homes after power-up."""


class _Keep(Enum):
    KEEP = "keep"


KEEP: Final = _Keep.KEEP
"""Stands for "as it is" in `Camera.configure`."""


class Camera(Housing):
    """A camera that can be imaged with.

    Parameters
    ----------
    device : Device
        The far end of the cable. Not yet open.
    recover : bool
        Whether a camera that is lost while it is open is opened again by itself, as soon as it is back: with the
        settings, the target temperature, the cooler and the filter as they were. What was running when it was
        lost ends with `DeviceLost`; until the camera is back its state is ERROR.
    heartbeat_s : float
        How often a camera is asked whether it is still there, s; 0 = never. After two answers missed it is lost.
    resume_s : float
        How long `read` waits for a lost camera to come back with the exposure, s, where a device goes on with
        it; with 0, and without `recover`, it raises `DeviceLost` at once.
    """

    def __init__(
        self,
        device: Device,
        recover: bool = False,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        resume_s: float = 120.0,
    ) -> None:
        super().__init__(device, recover=recover, heartbeat_s=heartbeat_s, resume_s=resume_s)
        self._choice = default_choice(device.model, device.link)
        self._wheel: Wheel | None = None
        self._wheel_until_ns = 0
        self._pins: Pins | None = None
        self._pool = Pool()
        self._timekeeper = Timekeeper(device.model)
        self._watch = FrameWatch(device.model)
        self._log = SparingLog(log, device.clock)
        self._number = 0

    # Who and what it is: answered at once, in every state.

    @property
    def settings(self) -> Settings:
        """What is in force; kept over `close` and `open`."""
        return self._choice.settings

    @property
    def state(self) -> State:
        """What the camera is doing now."""
        return self._machine.state

    @property
    def last_error(self) -> Exception | None:
        """What put the camera into the state ERROR, None when nothing did since it was opened."""
        return self._machine.last_error

    @property
    def wheel(self) -> Wheel | None:
        """The filter wheel on the camera port; None where there is none, and before the first `open`."""
        if self._wheel is None and self.state is State.IDLE and self.clock.now_ns() < self._wheel_until_ns:
            with self._machine.faults():
                self._wheel = self._find_wheel()
        return self._wheel

    @property
    def pins(self) -> Pins | None:
        """GPIO socket and SMA ports; None where there are none, and before the first `open`."""
        return self._pins

    # Opening and closing.

    def open(self) -> None:
        """Connect, and send the settings in force. Harmless when open; recovers a camera in state ERROR.

        Raises
        ------
        DeviceLost
            If the camera does not answer.
        """
        self._open()

    def _open(self, only_if_lost: bool = False) -> bool:
        was_lost = self.state is State.ERROR
        if not self._machine.connect(self.settings, only_if_lost):
            return False
        if self.state is State.IDLE:
            self._begin_afresh()
        if was_lost:
            self._restore()
        self._guard.begin(self.controls)
        self._care.begin()
        return True

    def _begin_afresh(self) -> None:
        """The camera was set back by being opened; one that goes on with an exposure was not."""
        self._number = 0
        self._timekeeper.begin()
        self._watch.forget()
        with self._machine.faults():
            self._wheel = self._find_wheel()
            self._find_pins()
        self._wheel_until_ns = self.clock.now_ns() + round(WHEEL_HOMES_S * 1e9)

    def _restore(self) -> None:
        """Tell the camera what the client had set, and turn its wheel back as soon as that answers."""
        self._care.restore()
        if (
            self._wheel is not None and self.state is State.IDLE
        ):  # one that goes on exposing has not lost its place
            self._wheel.restore()

    def close(self, *, warm_up: bool = False) -> None:
        """Abandon whatever runs, and let the camera go. Harmless when closed.

        A cooler is never cut: a cold camera is left as it is, with a warning that says why that is not good.

        Parameters
        ----------
        warm_up : bool
            Warm the sensor up before, and wait for that; see `warm_up`.
        """
        if warm_up and self.state not in (State.CLOSED, State.ERROR):
            self.warm_up()
        self._guard.end(self.model.name)
        self._machine.disconnect()
        self._care.end()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Settings.

    def configure(
        self,
        *,
        mode: str | int | _Keep = KEEP,
        exposure_s: float | _Keep = KEEP,
        gain: int | _Keep = KEEP,
        offset: int | _Keep = KEEP,
        bin: int | _Keep = KEEP,
        window: Window | _Keep | None = KEEP,
        bits: int | _Keep | None = KEEP,
        overscan: bool | _Keep = KEEP,
        usb_traffic: int | _Keep = KEEP,
        speed: int | _Keep = KEEP,
        anti_glow: bool | _Keep = KEEP,
        telegraph_suppression: bool | _Keep = KEEP,
        gps: bool | _Keep = KEEP,
        overlay: Overlay | str | _Keep = KEEP,
        anti_rbi: bool | _Keep = KEEP,
    ) -> Settings:
        """Change any of the settings. The whole request is checked before anything changes.

        A change of mode keeps gain, offset, exposure and everything else: they are sent to the camera again.
        While the camera is live, exposure, gain and offset may change and reach the frames one to three later.

        Parameters
        ----------
        mode : str or int
            Read mode, by name or number.
        exposure_s : float
            s, within the range of the model.
        gain, offset : int
            The vendor's knobs.
        bin : int
            Square binning factor.
        window : Window or None
            Unbinned px, relative to the effective area, or to the whole sensor with `overscan`; width and height
            are multiples of `bin`. None = the full frame, which then follows mode, binning and overscan.
        bits : int or None
            Word depth, one that the mode has. None = the mode's own, which then follows the mode.
        overscan : bool
            Read the whole sensor output, with optical black and overscan.
        usb_traffic, speed : int
            The vendor's knobs.
        anti_glow, telegraph_suppression : bool
            Switches of cameras that have them.
        gps : bool
            Let the GPS box write its stamp over the first pixels of each frame. A camera takes this switch
            whether a box is attached or not; without one the stamp says that there is no lock.
        overlay : {"none", "frame number", "gps"}
            Text that the camera writes into the picture: raw pixels are altered, and the frame says so.
        anti_rbi : bool
            Flush the sensor before each live frame; cameras that can.

        Returns
        -------
        Settings
            What is in force now.

        Raises
        ------
        InvalidValue, OutOfRange, UnknownName, InvalidWindow, NotSupported
            If any part is impossible for this camera.
        NotConnected, Busy
            If the camera is not open, or is doing something.
        DeviceFault
            If the camera fails.
        """
        asked = {
            name: value
            for name, value in {
                "mode": mode,
                "exposure_s": exposure_s,
                "gain": gain,
                "offset": offset,
                "bin": bin,
                "window": window,
                "bits": bits,
                "overscan": overscan,
                "usb_traffic": usb_traffic,
                "speed": speed,
                "anti_glow": anti_glow,
                "telegraph_suppression": telegraph_suppression,
                "gps": gps,
                "overlay": overlay,
                "anti_rbi": anti_rbi,
            }.items()
            if value is not KEEP
        }
        command = Command.ADJUST if asked.keys() <= ADJUSTABLE else Command.CONFIGURE
        with self._machine.settled():
            choice = resolve(self.model, self._choice, asked)
            self._far_end.require_switches(choice.settings)
            self._machine.tell(command, choice.settings)
            self._choice = choice
            return choice.settings

    def timing(self) -> RowTiming:
        """The clockwork for the settings in force.

        Raises
        ------
        NotConnected
            If the camera has not been opened yet.
        """
        self._machine.check(Command.CONTROL)
        return self._far_end.timing

    def precise_exposure(self) -> PreciseExposure:
        """Pixel, line and frame period, and the exposure as done, for the settings in force.

        Raises
        ------
        NotConnected
            If the camera has not been opened yet.
        """
        return precise_exposure(self.model, self.settings.mode, self.timing())

    @property
    def row_offsets(self) -> tuple[RowOffset, ...]:
        """The calibrations that GPS times use where they fit; without any the vendor's figures serve."""
        return self._timekeeper.offsets

    def use_row_offsets(self, records: Iterable[RowOffset], *, stream: Stream | None = None) -> None:
        """Use these calibrations for the row times of frames with a GPS stamp.

        Each frame uses the latest one that fits its settings. Where the settings change later so that none fits,
        the frames say so and use the vendor's figures.

        Parameters
        ----------
        records : iterable of RowOffset
            From `fullwell.readout.calibration.load_offsets`, or from an LED calibration; empty = none.
        stream : Stream, optional
            What is going to be taken; default is either.

        Raises
        ------
        InvalidValue
            If none of them fits the settings in force, with the reasons.
        """
        streams = tuple(Stream) if stream is None else (stream,)
        wanted = tuple(conditions(self.model, self.settings, each) for each in streams)
        self._timekeeper.use(records, wanted)

    # Single exposures.

    def start(self) -> None:
        """Begin an exposure and return at once.

        Raises
        ------
        NotConnected, Busy
            If the camera is not open, or is doing something.
        DeviceFault
            If the camera fails.
        """
        if self._wheel is not None:
            self._wheel.look()
        with self._machine.settled():
            self._machine.start(self.settings)

    def read(self, out: NDArray[Any] | None = None, *, trigger_timeout_s: float | None = None) -> Frame:
        """Wait for the exposure that was started, and fetch its frame.

        Parameters
        ----------
        out : ndarray, optional
            C-contiguous, of the frame's shape and dtype; the frame is written there. Default is a buffer of the
            camera's, which is used again only when nobody holds the frame any more.
        trigger_timeout_s : float, optional
            How long to wait for a trigger, s, where exposures wait for one; default is as long as it takes.

        Raises
        ------
        InvalidValue
            If `out` does not fit.
        NotConnected, Busy, NoImage
            If the camera is not open, is live or being read by another thread, or no exposure was started.
        TriggerTimeout
            If no trigger came in time. The exposure goes on waiting.
        ExposureAborted
            If `abort` or `close` ended the exposure.
        DeviceFault
            If the camera fails.
        """
        lend = self._lend if out is None else partial(self._checked, out)
        if trigger_timeout_s is not None and real("trigger_timeout_s", trigger_timeout_s) < 0:
            raise OutOfRange("trigger_timeout_s", trigger_timeout_s, 0, float("inf"), "s")
        while True:
            try:
                buffer, report, exposure = self._machine.read(lend, trigger_timeout_s)
            except DeviceLost:
                if not self._care.returned():
                    raise
            else:
                return self._frame(buffer, report, exposure.asked, Stream.SINGLE)

    def expose(self, out: NDArray[Any] | None = None, *, trigger_timeout_s: float | None = None) -> Frame:
        """Take one frame: `start` and `read`. Without a trigger in time, the exposure is aborted.

        Parameters
        ----------
        out, trigger_timeout_s
            See `read`.
        """
        if out is not None:
            self._checked(out)
        self.start()
        try:
            return self.read(out, trigger_timeout_s=trigger_timeout_s)
        except TriggerTimeout as error:
            self.abort()
            raise TriggerTimeout(error.message, "Check the source of the trigger.") from None

    def trigger(self) -> None:
        """Start what waits for a trigger: the exposure that was started, or the next frame of a live run.

        Raises
        ------
        InvalidOperation
            If nothing waits for a trigger; see `Pins.configure`.
        NotConnected, Busy
            If the camera is not open, or the exposure has begun.
        """
        self._machine.trigger()

    def remaining_s(self) -> float:
        """Time until `read` would not wait any more, s; infinite before a trigger, 0 when no exposure runs."""
        return self._machine.remaining_s()

    def progress_percent(self) -> int:
        """How much of the exposure time has passed, 0 to 100; 0 when no exposure runs."""
        return self._machine.progress_percent()

    def stop(self) -> None:
        """End the exposure now and keep its frame, or end the live run after the frames that have arrived.

        Harmless when idle, or when the exposure is over.

        Raises
        ------
        NotConnected
            If the camera is not open.
        NotSupported
            If the camera cannot keep a shortened exposure.
        """
        self._machine.stop()

    def abort(self) -> None:
        """Abandon the exposure or the live run; whoever waits for a frame gets `ExposureAborted`.

        Harmless when idle.

        Raises
        ------
        NotConnected
            If the camera is not open.
        """
        self._machine.abort()

    # Live.

    def live(
        self, frames: int | None = None, ring: int = 4, *, every: int = 1, when_full: WhenFull = "wait"
    ) -> Live:
        """Let the sensor run freely and iterate over its frames.

        A thread fetches frames while earlier ones are worked on. Frames stay valid as long as they are held.
        `Live.ledger` says what became of every frame of the sensor.

        Parameters
        ----------
        frames : int, optional
            How many; default is until the iterator is closed, or `stop` or `abort` is called.
        ring : int
            How many frames may wait for the client, 1 or more.
        every : int
            Keep the first and then each `every`-th frame that arrives; the others are skipped.
        when_full : {"wait", "drop"}
            What happens when `ring` frames wait for the client. "wait": no more are fetched; the camera keeps
            them as long as its memory has room. "drop": they are fetched, and the newest are dropped.

        Returns
        -------
        Live
            Iterator and context manager.

        Raises
        ------
        InvalidValue, OutOfRange
            If `frames`, `ring` or `every` is not a positive whole number.
        UnknownName
            If `when_full` is none of the two.
        NotConnected, Busy
            If the camera is not open, or is doing something.
        DeviceFault
            If the camera fails.
        """
        return self._go_live(live_plan(frames, ring, every, when_full))

    def burst(
        self, frames: int | None = None, *, start: int | None = None, end: int | None = None, ring: int = 4
    ) -> Live:
        """Take a few frames of the free run: the camera sends these and no others.

        Give either the number of frames, or the vendor's two numbers: the camera counts frames from 0 when the
        burst begins, and sends those strictly between `start` and `end`. What a camera is known to do otherwise
        (`fullwell.models.facts.Burst`) is made good: it is asked for more where it would leave out the first
        frame, and what comes beyond the wish stands in the ledger as skipped.

        Parameters
        ----------
        frames : int, optional
            How many, 1 or more.
        start, end : int, optional
            1 and 6 give four frames, with counters 2, 3, 4, 5.
        ring : int
            How many frames may wait for the client, 1 or more. Further ones wait in the camera's memory.

        Returns
        -------
        Live
            Iterator and context manager, as from `live`.

        Raises
        ------
        NotSupported
            If the camera has no burst mode.
        InvalidValue, OutOfRange
            If the numbers are none, or make no burst.
        NotConnected, Busy
            If the camera is not open, or is doing something.
        DeviceFault
            If the camera fails.
        """
        burst = burst_plan(self.model, self.settings.link, frames=frames, start=start, end=end)
        return self._go_live(replace(live_plan(burst.frames, ring, 1, "wait"), burst=burst))

    def reset_frame_counter(self) -> None:
        """Let the camera's own frame counter start again from zero; frames show it as ``report.counter``.

        Raises
        ------
        NotSupported
            If the camera cannot; each burst starts from zero anyway.
        NotConnected
            If the camera is not open.
        """
        self._machine.reset_frame_counter()

    # The answer key.

    def truth(self, frame: Frame) -> Truth:
        """The answer key of a frame of this camera.

        Raises
        ------
        NotSupported
            If the camera is real.
        NoImage
            If the frame is not remembered any more.
        """
        if not isinstance(self._device, TruthSource):
            raise NotSupported("a real camera has no answer key.", "Use a twin.")
        return self._device.truth(frame.report.sequence)

    # Inside.

    def _go_live(self, plan: LivePlan) -> Live:
        if self._wheel is not None:
            self._wheel.look()
        with self._machine.settled():
            self._watch.begin(self.clock.now_ns())
            live = self._machine.go_live(self.settings, plan, lend=self._lend, deliver=self._live_frame)
            self._pool.kept = plan.ring + 2
        return live

    def _find_wheel(self) -> Wheel | None:
        names, slot = self._device.wheel_names(), Control.WHEEL_POSITION
        if not names or (self._wheel is not None and self._wheel.names == names):
            return self._wheel
        return Wheel(names, partial(self.control, slot), partial(self._set, slot), self._device.clock)

    def _find_pins(self) -> None:
        if self._pins is not None:
            self._pins.restore()
        elif Control.GPIO_MODE in self.controls:
            self._pins = Pins(self._device, self._tell_pins, self.timing)

    def _tell_pins(self, command: Command, values: Mapping[Control, float]) -> None:
        for control in values:
            self._far_end.require(control)
        with self._machine.settled():
            self._machine.check(command)
            for control, value in values.items():
                self._machine.set_control(control, value)

    def _shape_and_dtype(self) -> tuple[tuple[int, int], np.dtype[Any]]:
        settings = self.settings
        chains = len(self.model.mode(settings.mode).chains)
        return settings.format.shape(chains), settings.format.dtype

    def _lend(self) -> NDArray[Any]:
        return self._pool.take(*self._shape_and_dtype())

    def _checked(self, out: NDArray[Any]) -> NDArray[Any]:
        return checked(out, *self._shape_and_dtype())

    def _frame(self, buffer: NDArray[Any], report: FrameReport, asked: Settings, stream: Stream) -> Frame:
        self._number += 1
        doubts = self._watch.look(buffer, report)
        timed = self._timekeeper.timed(buffer, report, stream)
        if self._wheel is not None:
            doubts += self._wheel.doubts(timed.row0_start_ns, timed.exposure_end_ns)
        for doubt in doubts:
            self._log.warn(f"frame {report.sequence}: {doubt}")
        self._care.frame(timed, doubts)
        alarms = self.alarms.during(timed.row0_start_ns, self.clock.now_ns())
        return Frame(buffer, self._number, timed, self.model, self.identity, asked, doubts=doubts, alarms=alarms)

    def _live_frame(self, buffer: NDArray[Any], report: FrameReport) -> Frame:
        return self._frame(buffer, report, self.settings, Stream.LIVE)
