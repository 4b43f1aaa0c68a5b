"""Frames that wait for something outside: a trigger, or the rows of another camera.

Nothing runs: which frames have begun follows from the edges that have come when somebody asks.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from fullwell.camera.clock import Clock
from fullwell.twin.freerun import Exposure, Setup

NEVER_NS: Final = 2**62
"""An instant that does not come."""

NAP_S: Final = 0.5
"""How long a wait for nothing known lasts at most, so that whoever waits looks round, real time."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What starts a frame.

    Attributes
    ----------
    edge_ns : int
        UTC of the edge.
    start_ns : int
        UTC at which row 0 begins to expose.
    setup : Setup
        For this frame.
    """

    edge_ns: int
    start_ns: int
    setup: Setup


class Driver(Protocol):
    """What starts frames."""

    def cue(self, armed_ns: int, previous_ns: int | None, ready_ns: int, setup: Setup) -> Cue | None:
        """The next cue, as far as it is known now.

        Parameters
        ----------
        armed_ns : int
            UTC since when the camera waits.
        previous_ns : int or None
            The edge of the frame before.
        ready_ns : int
            UTC from which on the sensor can begin.
        setup : Setup
            In force.
        """
        ...

    def taken(self, cue: Cue) -> None:
        """A frame has begun."""
        ...


class DrivenRun:
    """The frames that a driver starts, asked for like those of a `FreeRun`.

    Parameters
    ----------
    driver : Driver
    setup : Setup
        In force at the beginning.
    armed_ns : int
        UTC since when the camera waits.
    """

    def __init__(self, driver: Driver, setup: Setup, armed_ns: int) -> None:
        self._driver, self._setup, self._armed_ns = driver, setup, armed_ns
        self._begun: deque[Exposure] = deque()
        self._last: Cue | None = None
        self._forgotten = 0

    def change(self, setup: Setup, now_ns: int) -> None:
        """Use other settings for frames that begin from now on."""
        self.begun(now_ns)
        self._setup = setup

    def begun(self, now_ns: int) -> int:
        """Number of frames that have begun to expose."""
        while (cue := self._next(self._last)) is not None and cue.start_ns <= now_ns:
            self._driver.taken(cue)
            self._begun.append(Exposure(self._forgotten + len(self._begun), cue.start_ns, cue.setup))
            self._last = cue
        return self._forgotten + len(self._begun)

    def read_begun(self, now_ns: int) -> int:
        """Number of frames whose first row has been read."""
        self.begun(now_ns)
        return self._forgotten + sum(exposure.light_end_ns <= now_ns for exposure in self._begun)

    def frame(self, index: int) -> Exposure:
        """A frame, not older than what was forgotten; at `NEVER_NS` where nothing is known to start it."""
        if index - self._forgotten < len(self._begun):
            return self._begun[index - self._forgotten]
        cue = self._last
        for _ in range(index - self._forgotten - len(self._begun) + 1):
            cue = self._next(cue)
            if cue is None:
                return Exposure(index, NEVER_NS, self._setup)
        assert cue is not None
        return Exposure(index, cue.start_ns, cue.setup)

    def forget_before(self, index: int) -> None:
        """Frames before this one are not asked for any more."""
        while self._begun and self._forgotten < index:
            self._begun.popleft()
            self._forgotten += 1

    def _next(self, last: Cue | None) -> Cue | None:
        if last is None:
            return self._driver.cue(self._armed_ns, None, self._armed_ns, self._setup)
        timing = last.setup.timing
        busy_ns = max(timing.exposure_ns + timing.read_ns, timing.frame_period_ns)
        return self._driver.cue(self._armed_ns, last.edge_ns, last.start_ns + busy_ns, self._setup)


def sleep_until(clock: Clock, instant_ns: int, wake: threading.Event) -> None:
    """Wait for an instant that may never come, or for `wake`: simulated clocks must not jump there.

    Parameters
    ----------
    clock : Clock
    instant_ns : int
        UTC; `NEVER_NS` = only `wake` ends the wait, or half a second of real time.
    wake : threading.Event
    """
    if instant_ns >= NEVER_NS:
        wake.wait(NAP_S)
    else:
        clock.sleep_until(instant_ns, wake)
