"""The live stream: a thread fetches frames into lent buffers while the client works on earlier ones.

When the client is slow and all buffers of the ring wait for it, the thread stops fetching: the camera's memory
fills, and what finds no room there is lost, which shows as a gap in the frame numbers. Or, if the client wants
it so, the thread goes on fetching and drops the newest frames. Either way the ledger of the run says which.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self, get_args

from numpy.typing import NDArray

from fullwell.camera.burst import BurstPlan
from fullwell.camera.device import Device, Triggerable
from fullwell.camera.frame import Frame, FrameReport
from fullwell.camera.ledger import Fate, Ledger
from fullwell.camera.request import whole
from fullwell.camera.sparing import SparingLog
from fullwell.errors import FrameTimeout, OutOfRange, UnknownName
from fullwell.readout.rows import RowTiming

log = logging.getLogger(__name__)

WhenFull = Literal["wait", "drop"]
"""What happens to frames when the ring is full."""

LATE_PERIODS: Final = 5
"""How many frame periods a frame may take (the first one comes up to three late)."""

LATE_S: Final = 10.0
"""What it may take beyond that."""

NOTICE_S: Final = 0.5
"""How soon the thread notices, while the client lets it wait, that the client is gone."""


@dataclass(frozen=True, slots=True)
class LivePlan:
    """What a client wants of a live run.

    Attributes
    ----------
    frames : int or None
        How many frames it gets; None = until stopped.
    ring : int
        How many may wait for it.
    every : int
        Keep one frame of so many; the others are skipped on purpose.
    waits : bool
        Whether a full ring stops the fetching, so that the camera's memory fills; otherwise the newest frames
        are dropped.
    burst : BurstPlan or None
        Of the camera's frames only those of a burst are wanted, and no more will come.
    """

    frames: int | None = None
    ring: int = 4
    every: int = 1
    waits: bool = True
    burst: BurstPlan | None = None


def live_plan(frames: int | None, ring: int, every: int, when_full: str) -> LivePlan:
    """A plan of the arguments of `Camera.live`.

    Raises
    ------
    InvalidValue, OutOfRange
        If a number is not a positive whole one.
    UnknownName
        If `when_full` is none of `WhenFull`.
    """
    for name, count in (("frames", frames), ("ring", ring), ("every", every)):
        if count is not None and whole(name, count) < 1:
            raise OutOfRange(name, count, 1, float("inf"))
    if when_full not in get_args(WhenFull):
        raise UnknownName("way to go on with a full ring", when_full, get_args(WhenFull))
    return LivePlan(frames, ring, every, waits=when_full == "wait")


class LiveRun:
    """The side of a live run that fetches; lives as long as its thread.

    Parameters
    ----------
    device : Device
        Already started.
    plan : LivePlan
        What the client wants of it.
    begin_ns : int
        UTC at which the device was told to start; what was exposed before is none of the frames of this run.
    lend : callable
        Gives the buffer of one frame.
    deliver : callable
        Makes a frame of buffer and report.
    timing : callable
        Gives the clockwork in force.
    ended : callable
        Called once, in the thread, after the device was stopped; gets the error that ended the run, or None.
    """

    def __init__(
        self,
        device: Device,
        *,
        plan: LivePlan,
        begin_ns: int,
        lend: Callable[[], NDArray[Any]],
        deliver: Callable[[NDArray[Any], FrameReport], Frame],
        timing: Callable[[], RowTiming],
        ended: Callable[[LiveRun, Exception | None], None],
    ) -> None:
        self._device, self._plan, self._begin_ns = device, plan, begin_ns
        self._lend, self._deliver, self._timing, self._ended = lend, deliver, timing, ended
        self._queue: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._over = False
        self._error: Exception | None = None
        self._next_number: int | None = None
        self._log = SparingLog(log, device.clock)
        self.ledger = Ledger()

    def begin(self) -> None:
        """Start to fetch."""
        threading.Thread(target=self._fetch_all, name="fullwell-live", daemon=True).start()

    def stop(self) -> None:
        """Fetch no more; frames that have arrived can still be taken."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._device.stop_live()

    def forsake(self) -> None:
        """Fetch no more; for callers that must not wait for a lock. The thread notices within half a second."""
        self._stopping = True

    def fail(self, error: Exception) -> None:
        """Whoever asks for a frame when no more are left gets `error`."""
        with self._changed:
            self._error = error

    def discard(self, error: Exception | None = None) -> None:
        """Let go of the frames that wait; whoever asks for one gets `error`, or the end."""
        with self._changed:
            for frame in self._queue:
                self.ledger.settle(frame.report.sequence, Fate.SKIPPED)
            self._queue.clear()
            self._error, self._over = error, True
            self._changed.notify_all()

    def take(self) -> Frame | None:
        """Wait for the next frame; None = there will be no more."""
        with self._changed:
            while not self._queue and not self._over:
                self._changed.wait()
            if self._queue:
                self._changed.notify_all()
                return self._queue.popleft()
            error, self._error = self._error, None
        if error is not None:
            raise error
        return None

    def poll(self) -> Frame | None:
        """The next frame if one waits."""
        with self._changed:
            if not self._queue:
                return None
            self._changed.notify_all()
            return self._queue.popleft()

    def _fetch_all(self) -> None:
        error: Exception | None = None
        try:
            self._fetch()
        except Exception as caught:  # it is raised again where the client waits
            error = caught
        try:
            self._device.stop_live()
        except Exception as caught:
            error = error or caught
        self._ended(self, error)
        with self._changed:
            self._over, self._error = True, self._error or error
            self._changed.notify_all()

    def _fetch(self) -> None:
        buffer: NDArray[Any] | None = None
        report: FrameReport | None = None
        arrived = kept = 0
        burst = self._plan.burst
        while self._room() and kept != self._plan.frames:
            buffer = self._lend() if buffer is None else buffer
            try:
                report = self._report(buffer)
            except FrameTimeout:
                if burst is None or report is None:
                    raise
                self._lose_rest(report.sequence - _counter(report) + burst.end)
                return
            if report is None:
                return
            fate = self._fate(report, arrived)
            arrived += 1
            self._account(report, fate)
            if fate is Fate.DELIVERED:  # else the buffer takes the next frame
                frame, buffer = self._deliver(buffer, report), None
                self.ledger.doubt(report.sequence, frame.doubts)
                kept += 1
                self._enqueue(frame)
                del frame
            if burst is not None and burst.ends_with(_counter(report)):
                return

    def _fate(self, report: FrameReport, arrived: int) -> Fate:
        """What is to become of a frame; only this thread adds to the queue."""
        burst = self._plan.burst
        if arrived % self._plan.every or (burst is not None and not burst.wants(_counter(report))):
            return Fate.SKIPPED
        return Fate.DELIVERED if len(self._queue) < self._plan.ring else Fate.DROPPED_IN_QUEUE

    def _enqueue(self, frame: Frame) -> None:
        with self._changed:
            if self._over:
                self.ledger.settle(frame.report.sequence, Fate.SKIPPED)
            else:
                self._queue.append(frame)
            self._changed.notify_all()

    def _account(self, report: FrameReport, fate: Fate) -> None:
        """Write down a frame that has arrived, and the ones before it that have not."""
        number = report.sequence
        if number in self.ledger:
            self._log.warn(f"frame {number} came once more")
            return
        if report.begun_before(self._begin_ns):
            self.ledger.enter(number, fate)
            return
        expected = self._next_number
        if expected is None and self._plan.burst is not None:
            expected = self._before_burst(number - _counter(report), number)
        elif expected is None:
            expected = report.losses[0].first if report.losses else number
        for loss in report.losses:
            self._lose(expected, loss.first, Fate.LOST_ON_LINK)
            self._lose(max(expected, loss.first), loss.last + 1, loss.fate)
            expected = max(expected, loss.last + 1)
        self._lose(expected, number, Fate.LOST_ON_LINK)
        self.ledger.enter(number, fate)
        if fate is Fate.DROPPED_IN_QUEUE:
            self._log.warn(f"frame {number} {fate}: {len(self._queue)} of {self._plan.ring} wait")
        self._next_number = max(expected, number + 1)

    def _before_burst(self, zero: int, number: int) -> int:
        """Write down the frames before those that are wanted.

        Parameters
        ----------
        zero : int
            Number of the first frame after the release.
        number : int
            Of the first that has arrived.

        Returns
        -------
        int
            Number of the frame that is expected first.
        """
        assert self._plan.burst is not None
        expected = min(number, zero + self._plan.burst.start + 1)
        if expected > zero:
            self.ledger.enter(zero, Fate.SKIPPED, expected - zero)
        return expected

    def _lose_rest(self, end: int) -> None:
        """Write down that a burst ended before its last frame: nothing came behind that could tell of it."""
        in_memory = self.ledger.count(Fate.LOST_IN_MEMORY) > 0
        fate = Fate.LOST_IN_MEMORY if in_memory else Fate.LOST_ON_LINK
        self._lose(end if self._next_number is None else self._next_number, end, fate)

    def _lose(self, first: int, end: int, fate: Fate) -> None:
        """Write down that the frames from `first` to before `end`, if any, have not arrived."""
        if first < end:
            self.ledger.enter(first, fate, end - first)
            self._log.warn(f"frames {first} to {end - 1} {fate}; {self.ledger.lost} lost so far")

    def _room(self) -> bool:
        """Wait until a fetched frame could be put somewhere; False = the run is to end."""
        with self._changed:
            while self._plan.waits and len(self._queue) >= self._plan.ring and not self._stopping:
                self._changed.wait(NOTICE_S)
            return not self._stopping

    def _report(self, buffer: NDArray[Any]) -> FrameReport | None:
        """Fill one buffer; None = the run was stopped meanwhile."""
        begin_ns = self._device.clock.now_ns()
        while True:
            periods = LATE_PERIODS if self._plan.burst is None else LATE_PERIODS + self._plan.burst.end
            patience_s = periods * self._timing().frame_period_ns * 1e-9 + LATE_S
            left_s = patience_s - (self._device.clock.now_ns() - begin_ns) * 1e-9
            if left_s <= 0 and isinstance(self._device, Triggerable) and self._device.waits():
                begin_ns = self._device.clock.now_ns()
                continue
            if left_s <= 0:
                raise FrameTimeout(
                    f"no live frame came in {patience_s:.3g} s.",
                    "Check the cable, then close() and open() again.",
                )
            report = self._device.read_live(buffer, left_s)
            if report is not None or self._stopping:
                return report


def _counter(report: FrameReport) -> int:
    return report.sequence if report.counter is None else report.counter


class Live:
    """What a client iterates over: the frames of a live run.

    A frame and its pixels stay valid as long as they are held; their memory is used again when nobody holds them
    any more. Leaving the ``with`` block, `close`, or dropping the iterator ends the run. Made by `Camera.live`
    and `Camera.burst`.
    """

    def __init__(self, run: LiveRun, end: Callable[[LiveRun, bool], None]) -> None:
        self._run, self._end = run, end

    @property
    def ledger(self) -> Ledger:
        """What became of every frame, from the first that arrived to the latest."""
        return self._run.ledger

    @property
    def lost(self) -> int:
        """Frames that the camera took and that never arrived."""
        return self._run.ledger.lost

    def __iter__(self) -> Self:
        return self

    def poll(self) -> Frame | None:
        """The next frame if one waits, else None at once; also when the run is over."""
        return self._run.poll()

    def __next__(self) -> Frame:
        frame = self._run.take()
        if frame is None:
            raise StopIteration
        return frame

    def close(self) -> None:
        """End the run now. Harmless when it is over."""
        self._run.discard()
        self._end(self._run, True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # The garbage collector may call this in any thread, even in one that another waits for with the lock.
        self._end(self._run, False)
