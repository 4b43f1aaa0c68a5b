"""The state machine: one command at a time, and nobody waits behind a read-out.

One lock serialises commands. It is never held while a frame is waited for: a thread that goes into the device to
wait "takes the cable" and gives it back when it comes out. Commands that need the cable for themselves are
either refused in that state or, after an abort, wait until the abandoned thread has come out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.far_end import FarEnd
from fullwell.camera.frame import Frame, FrameReport, Settings
from fullwell.camera.live import Live, LivePlan, LiveRun
from fullwell.camera.states import Command, State, after
from fullwell.errors import (
    Busy,
    DeviceFault,
    DeviceLost,
    ExposureAborted,
    FrameTimeout,
    FullwellError,
    TriggerTimeout,
)

log = logging.getLogger(__name__)

LET_GO_S: Final = 10.0
"""How long a device may take to let go of a frame that was abandoned, real time."""


@dataclass(slots=True)
class Exposure:
    """A single exposure from its start to its frame.

    Attributes
    ----------
    asked : Settings
        In force at its start.
    length_ns : int
        How long it is to last.
    begin_ns : int or None
        When it began, UTC; None while it waits for a trigger.
    end_ns : int
        When it will be or was over, UTC; 0 while it waits.
    awaited : bool
        Whether somebody waits for its frame.
    """

    asked: Settings
    length_ns: int
    begin_ns: int | None = None
    end_ns: int = 0
    awaited: bool = False

    def begin(self, begin_ns: int) -> None:
        """It has begun."""
        self.end_ns = begin_ns + self.length_ns
        self.begin_ns = begin_ns

    def progress_percent(self, now_ns: int) -> int:
        """How much of it has passed, 0 to 100."""
        if self.begin_ns is None:
            return 0
        return min(100, 100 * (now_ns - self.begin_ns) // max(1, self.end_ns - self.begin_ns))


class Machine:
    """What a camera is doing, and who waits for it.

    Parameters
    ----------
    far_end : FarEnd

    Attributes
    ----------
    lock : threading.Condition
        Held by whoever commands.
    last_error : Exception or None
        What put the camera into the state ERROR.
    on_lost : callable or None
        Called with the error when the camera has failed, with the lock held.
    """

    def __init__(self, far_end: FarEnd) -> None:
        self._far_end, self._device = far_end, far_end.device
        self.lock = threading.Condition()
        self.last_error: Exception | None = None
        self._state = State.CLOSED
        self._exposure: Exposure | None = None
        self._run: LiveRun | None = None
        self._cable_taken = False
        self._orphan: Exposure | None = None
        self.on_lost: Callable[[Exception], None] | None = None

    @property
    def cable_taken(self) -> bool:
        """Whether a thread waits in the device."""
        return self._cable_taken

    @property
    def state(self) -> State:
        """What the camera is doing now."""
        state, exposure = self._state, self._exposure
        if state is not State.EXPOSING or exposure is None:
            return state
        if not self._has_begun(exposure):
            return State.ARMED
        return State.READING if self._device.clock.now_ns() >= exposure.end_ns else state

    def check(self, command: Command) -> State:
        """The state after a command, or its refusal. Needs no lock."""
        return after(self.state, command, self.last_error)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """A fault of the device inside puts the camera into the state ERROR. Needs no lock."""
        try:
            yield
        except DeviceFault as fault:
            with self.lock:
                self._fail(fault)
            raise

    @contextmanager
    def settled(self) -> Iterator[None]:
        """The lock, with no thread left in the device whose frame was abandoned."""
        with self.lock:
            if self._state is State.IDLE:
                self._wait_for_cable()
            yield

    def connect(self, settings: Settings, only_if_lost: bool = False) -> bool:
        """Open the device; False = it was open, or `only_if_lost` and it is not in the state ERROR."""
        with self.lock:
            if only_if_lost and self._state is not State.ERROR:
                return False
            if self._state in (State.CLOSED, State.ERROR):
                self._wait_for_cable()
            if self._state not in (State.CLOSED, State.ERROR):  # or somebody else has opened it meanwhile
                return False
            with self.faults():
                self._far_end.connect()
                resumed = self._orphan is not None and self._far_end.resume(self._orphan.asked)
                if not resumed:
                    self._far_end.tell(settings, Stream.SINGLE)
            self._exposure, self._orphan = self._orphan if resumed else None, None
            self._state, self.last_error = State.EXPOSING if resumed else State.IDLE, None
            return True

    @property
    def holds_exposure(self) -> bool:
        """Whether somebody waited for an exposure when the camera was lost, with which it may come back."""
        return self._orphan is not None

    def take_up(self) -> bool:
        """Whether the camera has come back with that exposure; if not, it is not waited for any more."""
        with self.lock:
            self._orphan = None
            return self._state is State.EXPOSING and self._exposure is not None and self._exposure.awaited

    def lose(self, error: DeviceLost) -> None:
        """Somebody found out that the camera is gone."""
        with self.lock:
            if self._state not in (State.CLOSED, State.ERROR):
                self._fail(error)

    def disconnect(self) -> None:
        """Abandon whatever runs, and let the device go, whether it listens or not."""
        with self.lock:
            with suppress(DeviceFault):
                self._abandon()
            self._state, self._orphan = State.CLOSED, None
            self.lock.wait_for(lambda: not self._cable_taken, LET_GO_S)
            if self._state is State.CLOSED:  # nobody has opened it while this thread waited
                with suppress(DeviceFault):
                    self._far_end.let_go()

    def tell(self, command: Command, settings: Settings) -> None:
        """Send other settings to the device. To be called `settled`."""
        self.check(command)
        with self.faults():
            self._far_end.tell(settings)

    def set_control(self, control: Control, value: float) -> None:
        """Set a control that may change at any time."""
        with self.lock:
            self.check(Command.CONTROL)
            with self.faults():
                self._device.set_control(control, value)

    def start(self, settings: Settings) -> None:
        """Begin an exposure. To be called `settled`."""
        next_state = self.check(Command.START)
        with self.faults():
            self._far_end.tell(settings, Stream.SINGLE)
            self._device.start_exposure()
        exposure = Exposure(settings, self._far_end.timing.exposure_ns)
        if not self._far_end.waits():
            exposure.begin(self._device.clock.now_ns())
        self._exposure, self._state = exposure, next_state

    def trigger(self) -> None:
        """Start what waits for a trigger."""
        with self.lock:
            self.check(Command.TRIGGER)
            with self.faults():
                self._far_end.soft_trigger()

    def read(
        self, lend: Callable[[], NDArray[Any]], trigger_timeout_s: float | None
    ) -> tuple[NDArray[Any], FrameReport, Exposure]:
        """Wait for the exposure, and fetch its frame into the buffer that `lend` gives."""
        with self.lock:
            buffer = lend()
            self.check(Command.READ)
            if self._cable_taken or self._exposure is None:
                raise Busy("cannot read a frame: another thread waits for it.", "Read each frame once.")
            exposure, self._cable_taken = self._exposure, True
            exposure.awaited = True
        try:
            self._far_end.wait_for_start(trigger_timeout_s)
            report = self._device.read_frame(buffer)
        except BaseException as error:
            self._come_out(exposure, error)
            raise
        self._come_out(exposure)
        if report.settings != exposure.asked:
            log.warning("frame %d: used %s, asked for %s", report.sequence, report.settings, exposure.asked)
        return buffer, report, exposure

    def reset_frame_counter(self) -> None:
        """Let the camera's own frame counter start again from zero."""
        with self.lock:
            self.check(Command.CONTROL)
            with self.faults():
                self._far_end.burst_port().reset_counter()

    def remaining_s(self) -> float:
        """Time until `read` would not wait any more, s; infinite before a trigger. Needs no lock."""
        if self.check(Command.CONTROL) not in (State.ARMED, State.EXPOSING, State.READING):
            return 0.0
        with self.faults():
            return self._device.exposure_remaining_s()

    def progress_percent(self) -> int:
        """How much of the exposure has passed, 0 to 100; 0 when there is none. Needs no lock."""
        exposure = self._exposure
        if self.check(Command.CONTROL) not in (State.EXPOSING, State.READING) or exposure is None:
            return 0
        return exposure.progress_percent(self._device.clock.now_ns())

    def stop(self) -> None:
        """End the exposure now, or the live run; what was collected is kept."""
        with self.lock:
            state, next_state = self.state, self.check(Command.STOP)
            with self.faults():
                if state is State.EXPOSING and self._exposure is not None:
                    self._device.stop_exposure()
                    self._exposure.end_ns = min(self._exposure.end_ns, self._device.clock.now_ns())
                self._end_run()
            self._state = next_state

    def abort(self) -> None:
        """Abandon the exposure or the live run."""
        with self.lock:
            next_state = self.check(Command.ABORT)
            with self.faults():
                self._abandon()
            self._state = next_state

    def go_live(
        self,
        settings: Settings,
        plan: LivePlan,
        *,
        lend: Callable[[], NDArray[Any]],
        deliver: Callable[[NDArray[Any], FrameReport], Frame],
    ) -> Live:
        """Let the sensor run freely; see `LiveRun` for the arguments. To be called `settled`."""
        next_state = self.check(Command.GO_LIVE if plan.burst is None else Command.BURST)
        if plan.burst is not None:
            self._far_end.burst_port()
        with self.faults():
            self._far_end.tell(settings, Stream.LIVE)
            begin_ns = self._device.clock.now_ns()
            self._far_end.go_live(plan.burst)
        run = LiveRun(
            self._device,
            plan=plan,
            begin_ns=begin_ns,
            lend=lend,
            deliver=deliver,
            timing=lambda: self._far_end.timing,
            ended=self._run_came_out,
        )
        self._run, self._cable_taken, self._state = run, True, next_state
        run.begin()
        return Live(run, self._leave_run)

    # Methods below run with the lock held unless they say otherwise.

    def _has_begun(self, exposure: Exposure) -> bool:
        """Whether an exposure has begun; the far end knows, if it waited. Needs no lock."""
        if exposure.begin_ns is None:
            with suppress(FullwellError):  # whoever reads the frame gets it
                begin_ns = self._far_end.exposure_start_ns()
                if begin_ns is not None:
                    exposure.begin(begin_ns)
        return exposure.begin_ns is not None

    def _wait_for_cable(self) -> None:
        if not self.lock.wait_for(lambda: not self._cable_taken, LET_GO_S):
            fault = FrameTimeout(
                f"the camera did not let go of an abandoned frame within {LET_GO_S:g} s.",
                "Switch it off and on, then open() it again.",
            )
            self._fail(fault)
            raise fault

    def _come_out(self, exposure: Exposure, error: BaseException | None = None) -> None:
        """A reading thread has come out of the device. Takes the lock itself."""
        with self.lock:
            self._cable_taken = False
            self.lock.notify_all()
            if self._state is State.ERROR and self.last_error is not None:
                raise self.last_error
            if exposure is not self._exposure:
                raise ExposureAborted("the exposure was aborted.", "Start another one.") from error
            if isinstance(error, DeviceFault):
                self._fail(error)
                return
            if isinstance(error, TriggerTimeout):
                exposure.awaited = False
                return  # it goes on waiting
            self._exposure, self._state = None, State.IDLE
            if error is not None:
                with self.faults():
                    self._device.cancel_exposure()

    def _abandon(self) -> None:
        """End an exposure or a live run without its frames."""
        if self._exposure is not None:
            self._exposure = None
            self._device.cancel_exposure()
        if self._run is not None:
            self._run.discard(ExposureAborted("the live run was aborted.", "Start another one."))
            self._end_run()

    def _end_run(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.stop()

    def _leave_run(self, run: LiveRun, patient: bool) -> None:
        """The client has done with a live run. Takes the lock itself, if need be only when it is free."""
        if not self.lock.acquire(blocking=patient):
            run.forsake()
            return
        try:
            if self._run is run:
                with self.faults():
                    self._end_run()
                self._state = State.IDLE
                self.lock.wait_for(lambda: not self._cable_taken, LET_GO_S)
        finally:
            self.lock.release()

    def _run_came_out(self, run: LiveRun, error: Exception | None) -> None:
        """The thread of a live run has come out of the device. Takes the lock itself."""
        with self.lock:
            self._cable_taken = False
            self.lock.notify_all()
            if error is not None:
                self._fail(error)
            elif self._run is run:
                self._state, self._run = State.IDLE, None

    def _fail(self, error: Exception) -> None:
        """Whoever waits for a frame gets `error`; the device is let go as far as it still listens."""
        if self._state is State.CLOSED:
            return
        if self._state is not State.ERROR:  # and not one attempt of many to open it again
            log.error("the camera has failed: %s", error)
        self._state, self.last_error = State.ERROR, error
        self._far_end.forget()
        run, self._run = self._run, None
        exposure, self._exposure = self._exposure, None
        if isinstance(error, DeviceLost) and exposure is not None and exposure.awaited:
            self._orphan = exposure
        with suppress(FullwellError):
            if run is not None:
                run.fail(error)
                run.stop()
            if exposure is not None:
                self._device.cancel_exposure()
        if self.on_lost is not None:
            self.on_lost(error)
