"""The live stream: a thread fetches frames into lent buffers while the client works on earlier ones.

Nothing is thrown away here: when the client is slow and all buffers of the ring wait for it, the thread stops
fetching and the camera itself skips frames, which shows as a gap in its frame numbers and is counted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from numpy.typing import NDArray

from fullwell.camera.device import Device
from fullwell.camera.frame import Frame, FrameReport
from fullwell.errors import FrameTimeout
from fullwell.readout.rows import RowTiming

LATE_PERIODS: Final = 5
"""How many frame periods a frame may take (the first one comes up to three late)."""

LATE_S: Final = 10.0
"""What it may take beyond that."""

NOTICE_S: Final = 0.5
"""How soon the thread notices, while the client lets it wait, that the client is gone."""


class LiveRun:
    """The side of a live run that fetches; lives as long as its thread.

    Parameters
    ----------
    device : Device
        Already started.
    frames : int or None
        How many to fetch; None = until stopped.
    ring : int
        How many fetched frames may wait for the client.
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
        frames: int | None,
        ring: int,
        lend: Callable[[], NDArray[Any]],
        deliver: Callable[[NDArray[Any], FrameReport], Frame],
        timing: Callable[[], RowTiming],
        ended: Callable[[LiveRun, Exception | None], None],
    ) -> None:
        self._device, self._frames, self._ring = device, frames, ring
        self._lend, self._deliver, self._timing, self._ended = lend, deliver, timing, ended
        self._queue: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._over = False
        self._error: Exception | None = None
        self.lost = 0

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
        """Throw away the frames that wait; whoever asks for one gets `error`, or the end."""
        with self._changed:
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
        previous: int | None = None
        fetched = 0
        while self._room() and fetched != self._frames:
            buffer = self._lend()
            report = self._report(buffer)
            if report is None:
                return
            if previous is not None:
                self.lost += max(0, report.sequence - previous - 1)
            previous = report.sequence
            fetched += 1
            frame = self._deliver(buffer, report)
            del buffer
            with self._changed:
                if not self._over:
                    self._queue.append(frame)
                self._changed.notify_all()
            del frame

    def _room(self) -> bool:
        """Wait until a fetched frame could be put somewhere; False = the run is to end."""
        with self._changed:
            while len(self._queue) >= self._ring and not self._stopping:
                self._changed.wait(NOTICE_S)
            return not self._stopping

    def _report(self, buffer: NDArray[Any]) -> FrameReport | None:
        """Fill one buffer; None = the run was stopped meanwhile."""
        begin_ns = self._device.clock.now_ns()
        while True:
            patience_s = LATE_PERIODS * self._timing().frame_period_ns * 1e-9 + LATE_S
            left_s = patience_s - (self._device.clock.now_ns() - begin_ns) * 1e-9
            if left_s <= 0:
                raise FrameTimeout(
                    f"no live frame came in {patience_s:.3g} s.",
                    "Check the cable, then close() and open() again.",
                )
            report = self._device.read_live(buffer, left_s)
            if report is not None or self._stopping:
                return report


class Live:
    """What a client iterates over: the frames of a live run.

    A frame and its pixels stay valid as long as they are held; their memory is used again when nobody holds them
    any more. Leaving the ``with`` block, `close`, or dropping the iterator ends the run. Made by `Camera.live`.
    """

    def __init__(self, run: LiveRun, end: Callable[[LiveRun, bool], None]) -> None:
        self._run, self._end = run, end

    @property
    def lost(self) -> int:
        """Frames that the camera took and nobody fetched, from gaps in its frame numbers."""
        return self._run.lost

    def __iter__(self) -> Self:
        return self

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
