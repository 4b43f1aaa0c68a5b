"""The single exposure of a twin: it waits for its start, collects light, is read out, arrives."""

from __future__ import annotations

import math
import threading

from fullwell.camera.clock import Clock
from fullwell.errors import ExposureAborted, InvalidOperation, NoImage
from fullwell.twin.driven import NEVER_NS, DrivenRun, Driver, sleep_until
from fullwell.twin.freerun import Exposure, Setup
from fullwell.twin.reach import Reach


class SingleExposure:
    """What is under way, if anything. Methods that wait take the lock themselves; all others need it held.

    Parameters
    ----------
    clock : Clock
    lock : threading.RLock
        Of the device.
    wake : threading.Event
        Set whenever something may have changed.
    reach : Reach
        Whether the computer gets the frame.
    """

    def __init__(self, clock: Clock, lock: threading.RLock, wake: threading.Event, reach: Reach) -> None:
        self._clock, self._lock, self._wake, self._reach = clock, lock, wake, reach
        self._shot: Exposure | None = None
        self._armed: DrivenRun | None = None

    @property
    def under_way(self) -> bool:
        """Whether one waits, is exposed or read, or waits to be fetched."""
        return self._shot is not None or self._armed is not None

    def begin(self, setup: Setup) -> None:
        """It begins now."""
        self._shot = Exposure(0, self._clock.now_ns(), setup)

    def arm(self, setup: Setup, driver: Driver) -> None:
        """It begins when its driver says so."""
        self._armed = DrivenRun(driver, setup, self._clock.now_ns())

    def cancel(self) -> None:
        """It is abandoned."""
        self._shot = self._armed = None

    def waits(self) -> bool:
        """Whether it waits for its start; if that has come meanwhile, it is under way from then on."""
        armed = self._armed
        if armed is not None and armed.begun(self._clock.now_ns()):
            self._shot, self._armed = armed.frame(0), None
        return self._armed is not None

    def start_ns(self) -> int | None:
        """UTC at which it began; None while it waits, and when there is none."""
        return None if self.waits() or self._shot is None else self._shot.start_ns

    def remaining_s(self) -> float:
        """Time until it has arrived, infinite while it waits, 0 when there is none, s."""
        if self.waits():
            return math.inf
        if self._shot is None:
            return 0.0
        return max(0, self._shot.arrival_ns - self._clock.now_ns()) * 1e-9

    def collecting(self) -> tuple[Setup, int] | None:
        """Its set-up, and how long it has been collecting light, ns; None when its light is complete.

        Raises
        ------
        InvalidOperation
            If nothing has begun.
        """
        if self.waits() or self._shot is None:
            raise InvalidOperation("there is no exposure to stop.", "Start one first.")
        elapsed_ns = self._clock.now_ns() - self._shot.start_ns
        setup = self._shot.setup
        return (setup, elapsed_ns) if elapsed_ns < setup.timing.exposure_ns else None

    def shorten(self, setup: Setup) -> None:
        """It goes on with another set-up."""
        if self._shot is not None:
            self._shot = Exposure(0, self._shot.start_ns, setup)
            self._wake.set()

    def finish(self, shot: Exposure) -> None:
        """Its frame is fetched.

        Raises
        ------
        ExposureAborted
            If it was abandoned meanwhile.
        """
        if self._shot is not shot:
            raise aborted()
        self._shot = None

    def require(self) -> None:
        """Raise `NoImage` if there is none."""
        if not self.under_way:
            raise NoImage("there is no exposure to read.", "Start one first.")

    def wait_for_start(self, timeout_s: float | None) -> bool:
        """Wait until it begins; False if it has not in that time. None = as long as it takes.

        Raises
        ------
        ExposureAborted
            If it is abandoned meanwhile.
        """
        limit_ns = NEVER_NS if timeout_s is None else self._clock.now_ns() + round(timeout_s * 1e9)
        while True:
            with self._lock:
                self._reach.require_connection()
                if not self.waits():
                    if self._shot is None:
                        raise aborted()
                    return True
                self._wake.clear()
                begin_ns = NEVER_NS if self._armed is None else self._armed.frame(0).start_ns
            if self._clock.now_ns() >= limit_ns:
                return False
            sleep_until(self._clock, min(begin_ns, limit_ns), self._wake)

    def wait_for_light(self) -> Exposure:
        """Wait until row 0 has all its light, with an eye on `shorten` and `cancel`."""
        while True:
            with self._lock:
                self._reach.require_connection()
                shot = self._shot
                self._wake.clear()
            if shot is None:
                raise aborted()
            if self._clock.sleep_until(shot.light_end_ns, self._wake):
                return shot

    def wait_for_arrival(self, shot: Exposure) -> None:
        """Wait until the frame is in the computer."""
        while True:
            with self._lock:
                self._wake.clear()
                self._reach.require_connection()
                if self._shot is not shot:
                    raise aborted()
                look_ns = self._reach.look_ns(shot.arrival_ns)
            if self._clock.sleep_until(look_ns, self._wake) and not self._reach.silent:
                return


def aborted() -> ExposureAborted:
    """What whoever waits for an abandoned exposure gets."""
    return ExposureAborted("the exposure was abandoned before its frame could be read.", "Start another one.")
