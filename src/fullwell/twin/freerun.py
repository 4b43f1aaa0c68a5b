"""The free run of live mode: when each frame starts and arrives, and which ones a slow reader has lost.

Nothing runs: start and arrival of frame n follow from the instant at which the run began, and from the settings
that were changed since.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from fullwell.camera.frame import Settings
from fullwell.readout.rows import RowTiming


@dataclass(frozen=True, slots=True)
class Setup:
    """What the sensor is told to do for a frame.

    Attributes
    ----------
    settings : Settings
    timing : RowTiming
        The clockwork that follows from them.
    filter_name : str
        In the light path.
    """

    settings: Settings
    timing: RowTiming
    filter_name: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure, on its way or done.

    Attributes
    ----------
    index : int
        Number within the run, from 0.
    start_ns : int
        UTC, start of row 0.
    setup : Setup
    """

    index: int
    start_ns: int
    setup: Setup

    @property
    def light_end_ns(self) -> int:
        """UTC, end of exposure of row 0."""
        return self.start_ns + self.setup.timing.exposure_ns

    @property
    def arrival_ns(self) -> int:
        """UTC at which the frame is in the computer: exposure, read-out and transfer are over."""
        return self.light_end_ns + self.setup.timing.read_ns + self.setup.timing.transfer_ns

    def later(self, frames: int) -> Exposure:
        """The exposure that comes `frames` later in an undisturbed run."""
        return Exposure(
            self.index + frames, self.start_ns + frames * self.setup.timing.frame_period_ns, self.setup
        )


class FreeRun:
    """A sensor that runs by itself, and the frame memory of the camera.

    Parameters
    ----------
    setup : Setup
        In force at the beginning.
    start_ns : int
        UTC, start of the first frame.
    memory_frames : int
        How many frames the camera keeps for a reader who is late, at least 1. Beyond that the oldest are
        overwritten (assumed: a ring; the vendor does not say).

    Attributes
    ----------
    output : range or None
        Numbers of the frames that leave the sensor, as in burst mode; None = all.

    Examples
    --------
    A setting that is changed in the middle of frame 0 holds from frame 1:

    >>> clockwork = RowTiming(1000, 2, 0, 50_000, frame_period_ns=60_000, read_ns=9_000, transfer_ns=500,
    ...                       reference_to_row0_end_ns=0)
    >>> run = FreeRun(Setup("old", clockwork, "L"), start_ns=0, memory_frames=4)
    >>> run.change(Setup("new", clockwork, "L"), now_ns=10_000)
    >>> [(frame.start_ns, frame.setup.settings) for frame in (run.take(), run.take())]
    [(0, 'old'), (60000, 'new')]
    """

    def __init__(self, setup: Setup, start_ns: int, memory_frames: int) -> None:
        self.output: range | None = None
        self._memory_frames = memory_frames
        self._segments = deque([Exposure(0, start_ns, setup)])
        self._next = 0

    def change(self, setup: Setup, now_ns: int) -> None:
        """Use other settings from the next frame that starts at or after `now_ns`."""
        last = self._segments[-1]
        period_ns = last.setup.timing.frame_period_ns
        first = last.later(max(0, -((last.start_ns - now_ns) // period_ns)))
        if first.index == last.index:
            self._segments.pop()
        self._segments.append(Exposure(first.index, first.start_ns, setup))

    @property
    def over(self) -> bool:
        """Whether no frame is to come any more."""
        return self.output is not None and self._next >= self.output.stop

    def peek(self) -> Exposure:
        """The frame that a reader gets next, on its way or in the memory. Not to be asked when all is `over`."""
        if self.output is not None:
            self._next = max(self._next, self.output.start)
        while len(self._segments) > 1 and self._segments[1].index <= self._next:
            self._segments.popleft()
        segment = self._segments[0]
        return segment.later(self._next - segment.index)

    def take(self) -> Exposure:
        """`peek`, and go on to the one after it."""
        frame = self.peek()
        self._next += 1
        return frame

    def forget_overwritten(self, now_ns: int) -> int:
        """Go past the frames that the memory no longer holds at `now_ns`.

        Returns
        -------
        int
            How many were lost.
        """
        arrived = self._arrived(now_ns)
        if self.output is not None:
            arrived = min(arrived, self.output.stop)
        oldest = arrived - self._memory_frames
        lost = max(0, oldest - self._next)
        self._next += lost
        return lost

    def _arrived(self, now_ns: int) -> int:
        """Number of frames whose arrival is past."""
        for position in reversed(range(len(self._segments))):
            segment = self._segments[position]
            if now_ns >= segment.arrival_ns:
                frames = (now_ns - segment.arrival_ns) // segment.setup.timing.frame_period_ns + 1
                until = self._segments[position + 1].index if position + 1 < len(self._segments) else None
                reached = segment.index + frames
                return reached if until is None else min(reached, until)
        return 0
