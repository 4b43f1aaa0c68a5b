"""The sensor in live mode: when each frame starts and is read, from the instant at which the run began and the
settings that were changed since.

Nothing runs: every answer is computed from the clock. What happens to a frame after the sensor is the matter of
`fullwell.twin.stream`.
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
    link_ns : int
        How long the frame occupies the cable when it comes out of the memory, ns.
    """

    settings: Settings
    timing: RowTiming
    filter_name: str
    link_ns: int = 0


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
        """UTC, end of exposure of row 0, which is read then."""
        return self.start_ns + self.setup.timing.exposure_ns

    @property
    def read_end_ns(self) -> int:
        """UTC, end of the read-out of the last rows."""
        timing = self.setup.timing
        return self.light_end_ns + timing.read_ns + timing.rows_per_step * timing.line_period_ns

    @property
    def arrival_ns(self) -> int:
        """UTC at which the frame is in the computer if nothing is in its way."""
        return self.light_end_ns + self.setup.timing.read_ns + self.setup.timing.transfer_ns

    def later(self, frames: int) -> Exposure:
        """The exposure that comes `frames` later in an undisturbed run."""
        return Exposure(
            self.index + frames, self.start_ns + frames * self.setup.timing.frame_period_ns, self.setup
        )


class FreeRun:
    """A sensor that runs by itself.

    Parameters
    ----------
    setup : Setup
        In force at the beginning.
    start_ns : int
        UTC, start of the first frame.

    Examples
    --------
    A setting that is changed in the middle of frame 0 holds from frame 1:

    >>> clockwork = RowTiming(1000, 2, 0, 50_000, frame_period_ns=60_000, read_ns=9_000, transfer_ns=500,
    ...                       reference_to_row0_end_ns=0)
    >>> run = FreeRun(Setup("old", clockwork, "L"), start_ns=0)
    >>> run.change(Setup("new", clockwork, "L"), now_ns=10_000)
    >>> [(run.frame(n).start_ns, run.frame(n).setup.settings) for n in (0, 1)]
    [(0, 'old'), (60000, 'new')]
    """

    def __init__(self, setup: Setup, start_ns: int) -> None:
        self._segments = deque([Exposure(0, start_ns, setup)])

    def change(self, setup: Setup, now_ns: int) -> None:
        """Use other settings from the next frame that starts at or after `now_ns`.

        That frame starts later where its rows would else be read while the rows of the one before still are.
        """
        last = self._segments[-1]
        period_ns = last.setup.timing.frame_period_ns
        first = last.later(max(0, -((last.start_ns - now_ns) // period_ns)))
        start_ns = first.start_ns
        if first.index == last.index:
            self._segments.pop()
        if self._segments:
            before = self._segments[-1].later(first.index - 1 - self._segments[-1].index)
            due_ns = before.start_ns + before.setup.timing.frame_period_ns
            start_ns = max(due_ns, min(now_ns, start_ns), before.read_end_ns - setup.timing.exposure_ns)
        self._segments.append(Exposure(first.index, start_ns, setup))

    def frame(self, index: int) -> Exposure:
        """A frame of the run, not older than what was forgotten."""
        segment = next(each for each in reversed(self._segments) if each.index <= index)
        return segment.later(index - segment.index)

    def forget_before(self, index: int) -> None:
        """Frames before this one are not asked for any more."""
        while len(self._segments) > 1 and self._segments[1].index <= index:
            self._segments.popleft()

    def read_begun(self, now_ns: int) -> int:
        """Number of frames whose first row has been read."""
        until: int | None = None
        for segment in reversed(self._segments):
            if now_ns >= segment.light_end_ns:
                frames = (now_ns - segment.light_end_ns) // segment.setup.timing.frame_period_ns + 1
                reached = segment.index + frames
                return reached if until is None else min(reached, until)
            until = segment.index
        return until or 0
