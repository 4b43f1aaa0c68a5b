"""How the engine copes: it notices that a camera is gone, brings it back, and says what is wrong meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fullwell.camera.alarms import AlarmKind, Alarms, Severity
from fullwell.camera.controls import Control
from fullwell.camera.far_end import FarEnd
from fullwell.camera.frame import FrameReport
from fullwell.camera.heartbeat import Heartbeat, Regular, pulse
from fullwell.camera.machine import Machine
from fullwell.camera.recovery import Recovery
from fullwell.camera.states import State
from fullwell.camera.vigil import Vigil, quietly
from fullwell.errors import DeviceFault, FullwellError

HEARTBEAT_S: Final = 2.0
LOOK_NS: Final = 10_000_000_000
"""Heartbeats ask one question; so often all else is looked at."""

LOOK_AGAIN_NS: Final = 200_000_000
"""How often a reader whose camera was lost looks whether it is back."""

NOTE_PAUSE_NS: Final = 1_000_000_000
"""What happens to every frame is noted no more often."""


class Care:
    """Looks after the camera of an engine.

    Parameters
    ----------
    far_end : FarEnd
    machine : Machine
    reopen : callable
        Opens a lost camera; False if it is not lost any more.
    recover : bool
        Whether a lost camera is opened again by itself.
    heartbeat_s : float
        How often it is asked whether it is there, s; 0 = never.
    resume_s : float
        How long a reader waits for a lost camera to come back with the exposure, s.
    target_c : callable, optional
        To which temperature the sensor is being led; None = the camera's own target is all there is.

    Attributes
    ----------
    alarms : Alarms
    recovery : Recovery
    """

    def __init__(
        self,
        far_end: FarEnd,
        machine: Machine,
        reopen: Callable[[], bool],
        *,
        recover: bool,
        heartbeat_s: float,
        resume_s: float,
        target_c: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._target_c = target_c
        self._far_end, self._machine, self._reopen = far_end, machine, reopen
        self._recover, self._resume_ns = recover, round(resume_s * 1e9)
        self._clock = far_end.device.clock
        self._standing: dict[Control, float] = {}
        self._wheel_since_ns = 0
        self._next_look_ns = 0
        self._held_back: dict[AlarmKind, tuple[int, int]] = {}
        self.alarms = Alarms(self._clock)
        self.recovery = Recovery(self._clock, self._come_back, self._is_lost, self._is_back)
        self._heart = Heartbeat(self._ask, machine.lose)
        self._vigil = Vigil(far_end.device, self.alarms, quietly(self._reading), self._wheel)
        self._regular = Regular(self._clock, heartbeat_s, self._beat)
        machine.on_lost = self._was_lost

    def begin(self) -> None:
        """The camera is open."""
        self._next_look_ns = self._clock.now_ns() + LOOK_NS
        self._vigil.begin()
        self._heart.begin()
        self._regular.begin()
        self.alarms.end(AlarmKind.CAMERA_LOST)

    def end(self) -> None:
        """The camera is closed."""
        self._regular.end()
        self.alarms.forget()

    def keep(self, control: Control, value: float) -> None:
        """The client has set this, and it shall hold after the camera was lost, too."""
        self._standing[control] = value
        if control is Control.WHEEL_POSITION:
            self._wheel_since_ns = self._clock.now_ns()

    def restore(self) -> None:
        """Tell a camera that was lost what the client had set; its wheel is turned back by itself."""
        for control, value in self._standing.items():
            if control is Control.WHEEL_POSITION:
                continue
            try:
                self._machine.set_control(control, value)
            except DeviceFault:
                raise
            except FullwellError as error:
                self.alarms.note(
                    AlarmKind.SETTINGS_DIFFER, f"{control} could not be restored to {value:g}: {error}"
                )
        if Control.WHEEL_POSITION in self._standing:
            self._wheel_since_ns = self._clock.now_ns()

    def returned(self) -> bool:
        """Wait whether a lost camera comes back with the exposure that a reader waits for."""
        end_ns = self._clock.now_ns() + self._resume_ns
        while self._machine.holds_exposure and self.recovery.under_way and self._clock.now_ns() < end_ns:
            self._clock.sleep_until(min(end_ns, self._clock.now_ns() + LOOK_AGAIN_NS))
        return self._machine.take_up()

    def frame(self, report: FrameReport, doubts: tuple[str, ...]) -> None:
        """Look at what a frame says."""
        if report.losses:
            lost = sum(entry.frames for entry in report.losses)
            where = "; ".join(dict.fromkeys(entry.fate for entry in report.losses))
            self._note_frames(AlarmKind.FRAMES_LOST, lost, f"before frame {report.sequence}: {where}")
        if doubts:
            self._note_frames(AlarmKind.FRAME_DOUBTFUL, 1, f"frame {report.sequence}: {'; '.join(doubts)}")

    def _note_frames(self, kind: AlarmKind, frames: int, text: str) -> None:
        now_ns = self._clock.now_ns()
        quiet_until_ns, held_back = self._held_back.get(kind, (0, 0))
        frames += held_back
        if now_ns < quiet_until_ns:
            self._held_back[kind] = quiet_until_ns, frames
            return
        self._held_back[kind] = now_ns + NOTE_PAUSE_NS, 0
        self.alarms.note(kind, f"{frames} {'frame' if frames == 1 else 'frames'}, {text}.")

    def _beat(self) -> None:
        if self._machine.state in (State.CLOSED, State.ERROR) or not self._heart.beat():
            return
        if self._clock.now_ns() >= self._next_look_ns:
            self._next_look_ns = self._clock.now_ns() + LOOK_NS
            self._vigil.look()

    def _ask(self) -> None:
        control = pulse(self._far_end.controls)
        if control is not None:
            self._far_end.device.get_control(control)

    def _reading(self, control: Control) -> float:
        self._far_end.require(control)
        target_c = self._target_c() if control is Control.TARGET_TEMPERATURE_C else None
        if target_c is not None:
            return target_c
        return self._far_end.device.get_control(control)

    def _wheel(self) -> tuple[float, int] | None:
        slot = self._standing.get(Control.WHEEL_POSITION)
        return None if slot is None else (slot, self._wheel_since_ns)

    def _was_lost(self, error: Exception) -> None:
        """The camera has failed. With the lock of the machine held."""
        remedy = "It is opened again as soon as it answers." if self._recover else "open() it again."
        self.alarms.sound(AlarmKind.CAMERA_LOST, str(error), remedy, Severity.ERROR)
        if self._recover:
            self.recovery.begin()

    def _is_lost(self) -> bool:
        return self._machine.state is State.ERROR

    def _come_back(self) -> bool:
        return not self._machine.cable_taken and self._reopen()

    def _is_back(self, took_ns: int, attempts: int) -> None:
        self.alarms.note(
            AlarmKind.CAMERA_BACK,
            f"open again after {took_ns * 1e-9:.1f} s, at attempt {attempts}; its settings are restored.",
            severity=Severity.INFO,
        )
