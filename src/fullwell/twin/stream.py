"""The way of live frames from the sensor to the computer: the camera's memory, the cable, the computer's buffers.

The memory is a queue. The cable takes the oldest frame out of it, at its own rate, as soon as the computer has a
buffer free; so a slow reader stalls the cable, and the memory fills. A frame that finds no room in it when its
first row is read is lost. Nothing runs: all is computed from the clock when somebody asks.

Limits: frames are kept and lost whole (a real camera that runs over may send pieces). That the newest frame is
lost, and not the oldest, is assumed: the vendor's library counts the bytes that wait in the memory and has a fill
above which reading begins, which is how a queue works, and such a queue refuses what comes when it is full; users
report that frames stop coming when it runs over. Whole rows travel and are kept, as in `readout.timing`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Final, Self

from fullwell.camera.frame import Settings
from fullwell.camera.ledger import Entry, Fate
from fullwell.models.facts import CameraModel
from fullwell.readout.timing import link_frame_ns
from fullwell.twin.driven import DrivenRun
from fullwell.twin.freerun import Exposure, FreeRun

COMPUTER_FRAMES: Final = 2
"""Frames that the vendor's library holds for a reader (users of the library count two)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame behind the sensor.

    Attributes
    ----------
    exposure : Exposure
    instant_ns : int
        UTC at which it is in the computer.
    whole : bool
        Whether the cable brings it whole.
    """

    exposure: Exposure
    instant_ns: int
    whole: bool


def memory_frames(model: CameraModel, settings: Settings) -> int:
    """How many frames of a format the camera's memory holds: whole rows of words of one or two bytes.

    Examples
    --------
    >>> from fullwell.camera.request import default_choice
    >>> from fullwell.models import load
    >>> {key: memory_frames(load(key), default_choice(load(key), "usb3").settings)
    ...  for key in ("qhy600-pro", "qhy268m-pro", "qhy42-pro")}
    {'qhy600-pro': 17, 'qhy268m-pro': 40, 'qhy42-pro': 16}
    """
    return max(1, model.buffer_bytes // frame_bytes(model, settings))


def link_ns(model: CameraModel, settings: Settings) -> int:
    """How long a frame of a format occupies the cable, ns."""
    rows, bits = settings.format.window.height, settings.format.bits
    mode = model.mode(settings.mode)
    return link_frame_ns(model, mode, rows=rows, bits=bits, link=settings.link)[0]


def frame_bytes(model: CameraModel, settings: Settings) -> int:
    """Room of a frame of a format in the camera's memory."""
    chains = len(model.mode(settings.mode).chains)
    word_bytes = 1 if settings.format.bits <= 8 else 2
    return settings.format.window.height * model.sensor.geometry.total_width * chains * word_bytes


class FrameStream:
    """The frames of a live run on their way to one reader.

    Parameters
    ----------
    sensor : FreeRun or DrivenRun
    memory_frames : int
        How many frames the camera's memory holds; the one that is read and the one on the cable always fit.
    first_number : int
        Hardware frame number of the first frame of the run.
    breaks : callable, optional
        Whether the frame with a hardware number and a start (UTC, ns) gets lost on the cable.

    Attributes
    ----------
    output : range or None
        Hardware numbers of the frames that leave the sensor, as in burst mode; None = all.

    Examples
    --------
    A reader who is late by ten periods, with a memory of three frames:

    >>> from fullwell.readout.rows import RowTiming
    >>> from fullwell.twin.freerun import Setup
    >>> clockwork = RowTiming(1000, 2, 0, 50_000, frame_period_ns=60_000, read_ns=9_000, transfer_ns=500,
    ...                       reference_to_row0_end_ns=0)
    >>> stream = FrameStream(FreeRun(Setup(None, clockwork, "L", link_ns=9_000), start_ns=0), memory_frames=3)
    >>> now_ns = 600_000
    >>> for _ in range(6):
    ...     frame = stream.coming(now_ns, now_ns + 60_000)
    ...     now_ns = max(now_ns, frame.instant_ns)
    ...     print(frame.exposure.index, [(loss.first, loss.last) for loss in stream.take(frame, now_ns)])
    0 []
    1 []
    2 []
    3 []
    4 []
    10 [(5, 9)]
    """

    def __init__(
        self,
        sensor: FreeRun | DrivenRun,
        memory_frames: int,
        first_number: int = 0,
        breaks: Callable[[int, int], bool] = lambda *_: False,
    ) -> None:
        self.sensor = sensor
        self._memory_frames = max(2, memory_frames)
        self._first_number = first_number
        self.output: range | None = None
        self._breaks = breaks
        self._next = 0
        self._waiting: deque[Exposure] = deque()
        self._sent: deque[Arrival] = deque()
        self._cable_free_ns = 0
        self._buffer_free_ns = deque([0] * COMPUTER_FRAMES)
        self._losses: list[Entry] = []

    def number(self, exposure: Exposure) -> int:
        """The hardware frame number of an exposure."""
        return self._first_number + exposure.index

    def next_number(self, now_ns: int) -> int:
        """The hardware number of the frame that is next in the memory, or else on the sensor."""
        self._advance(now_ns)
        behind_sensor = [*(each.exposure for each in self._sent), *self._waiting]
        return self.number(behind_sensor[0]) if behind_sensor else self._first_number + self._next

    def choose(self, output: range | None, now_ns: int) -> None:
        """Let only the frames with these numbers leave from now on; others that are under way are gone."""
        self._advance(now_ns)
        self.output = output
        if output is None:
            return
        kept = deque(each for each in self._sent if self.number(each.exposure) in output)
        self._buffer_free_ns.extend([now_ns] * sum(each.whole for each in self._sent if each not in kept))
        self._sent = kept
        self._waiting = deque(each for each in self._waiting if self.number(each) in output)
        self._send()

    def coming(self, now_ns: int, until_ns: int) -> Arrival | None:
        """The frame that a reader who asks from now on gets next; None if it does not come by `until_ns`.

        A change of settings may still alter a frame that has not started.
        """
        self._advance(now_ns)
        future = self._fork()
        while (first := future._first_whole()) is None:
            future._pass_silent()
            if future._over or self.sensor.frame(future._next).light_end_ns > until_ns:
                return None
            future._read_next()
        return first if first.instant_ns <= until_ns else None

    def take(self, arrival: Arrival, now_ns: int) -> tuple[Entry, ...] | None:
        """Hand over the frame that was `coming` and has arrived.

        Returns
        -------
        tuple of Entry or None
            The frames before it that were lost since the last one; None if the frame itself is gone.
        """
        self._advance(now_ns)
        head = self._first_whole()
        if head is None or head.exposure.index != arrival.exposure.index:
            return None
        while not (first := self._sent.popleft()).whole:
            self._lose(first.exposure.index, 1, Fate.LOST_ON_LINK)
        number = self.number(first.exposure)
        self._buffer_free_ns.append(now_ns)
        self._send()
        before = sorted((loss for loss in self._losses if loss.last < number), key=lambda loss: loss.first)
        self._losses = [loss for loss in self._losses if loss.last > number]
        self.sensor.forget_before(self._next)
        return tuple(before)

    def filled(self, now_ns: int) -> int:
        """How many frames the camera's memory holds now, those included that are being read or sent."""
        self._advance(now_ns)
        return self._occupied(now_ns)

    def _advance(self, now_ns: int) -> None:
        """Let everything happen that happens until now whatever the reader does later."""
        read = self.sensor.read_begun(now_ns)
        while self._next < read:
            self._pass_silent()
            if self._over or self._next >= read:
                self._next = read
            elif len(self._waiting) >= self._memory_frames:  # stalled: only the reader can change that
                end = read if self.output is None else min(read, self.output.stop - self._first_number)
                self._lose(self._next, end - self._next, Fate.LOST_IN_MEMORY)
                self._next = end
            else:
                self._read_next()

    @property
    def _over(self) -> bool:
        """Whether no further frame leaves the sensor."""
        return self.output is not None and self._first_number + self._next >= self.output.stop

    def _pass_silent(self) -> None:
        """Go past the frames that do not leave the sensor, up to the first that does."""
        if self.output is not None:
            self._next = max(self._next, self.output.start - self._first_number)

    def _read_next(self) -> None:
        """The sensor reads its next frame into the memory, if there is room."""
        exposure = self.sensor.frame(self._next)
        self._next += 1
        if self._occupied(exposure.light_end_ns) < self._memory_frames:
            self._waiting.append(exposure)
            self._send()
        else:
            self._lose(exposure.index, 1, Fate.LOST_IN_MEMORY)

    def _send(self) -> None:
        """Send what waits in the memory on its way, as far as buffers of the computer are or become free."""
        while self._waiting and self._buffer_free_ns:
            exposure = self._waiting.popleft()
            begin_ns = max(exposure.light_end_ns, self._cable_free_ns, self._buffer_free_ns[0])
            instant_ns = max(begin_ns + exposure.setup.link_ns, exposure.arrival_ns)
            whole = not self._breaks(self.number(exposure), exposure.start_ns)
            if whole:
                self._buffer_free_ns.popleft()
            self._sent.append(Arrival(exposure, instant_ns, whole))
            self._cable_free_ns = instant_ns

    def _occupied(self, instant_ns: int) -> int:
        on_the_way = sum(each.instant_ns > instant_ns for each in self._sent)
        return len(self._waiting) + on_the_way

    def _first_whole(self) -> Arrival | None:
        return next((each for each in self._sent if each.whole), None)

    def _lose(self, index: int, frames: int, fate: Fate) -> None:
        first = self._first_number + index
        last = first + frames - 1
        if self._losses and self._losses[-1].last == first - 1 and self._losses[-1].fate is fate:
            first = self._losses.pop().first
        self._losses.append(Entry(first, last, fate))

    def _fork(self) -> Self:
        """A copy that can be taken into the future."""
        other = copy(self)
        other._waiting, other._sent = self._waiting.copy(), self._sent.copy()
        other._buffer_free_ns, other._losses = self._buffer_free_ns.copy(), []
        return other
