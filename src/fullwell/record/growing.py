"""One file that takes all frames of a recording and is whole at any moment.

Its header counts the frames that are safe: the count is raised only when their pixels are on the disk. What lies
behind them after a kill or a power cut is not part of the file; `fullwell.record.repair` cuts it off.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Entry
from fullwell.record.direct import DIRECT_FROM_BYTES, DirectFile, round_up
from fullwell.record.drain import Drain, Outflow
from fullwell.record.runlog import FrameNote, sync_folder

RESERVE_BYTES: Final = 1 << 27
"""Room taken at a time where nobody knows how many frames will come."""


class Extent(NamedTuple):
    """What the header of a file says of its frames.

    Attributes
    ----------
    frames : int
    head_bytes, frame_bytes : int
        Length of the header and of a frame.
    itemsize : int
        Bytes of a word.
    """

    frames: int
    head_bytes: int
    frame_bytes: int
    itemsize: int


@dataclass(frozen=True)
class GrowingForm:
    """A kind of file that can grow.

    Attributes
    ----------
    big_endian : bool
        Signed big-endian words, or little-endian ones as they are.
    head : callable
        Makes the header, with a count of 0, from the first frame.
    count_place : int
        Where the count stands in the header, within one sector of 512 bytes.
    count : callable
        Makes its bytes.
    measure : callable
        Reads the header of a file; None if it is not whole.
    finish : callable
        Cuts off what follows the frames given, and adds what belongs to the end.
    """

    big_endian: bool
    head: Callable[[Frame], bytes]
    count_place: int
    count: Callable[[int], bytes]
    measure: Callable[[DirectFile], Extent | None]
    finish: Callable[[Path, Sequence[FrameNote], Sequence[Entry]], None]


class GrowingFile:
    """Frames become parts of one file.

    Parameters
    ----------
    path : Path
        Must not exist.
    form : GrowingForm
    drain : Drain
    frames : int or None
        How many will come, if that is known: their room is taken beforehand.

    Attributes
    ----------
    paths : list of Path
        The file, once it holds a frame that is safe.
    """

    def __init__(self, path: Path, form: GrowingForm, drain: Drain, frames: int | None = None) -> None:
        self.paths: list[Path] = []
        self._path, self._form, self._drain, self._frames = path, form, drain, frames
        self._file: DirectFile | None = None
        self._flow: Outflow | None = None
        self._head_bytes = 0

    def put(self, frame: Frame, index: int) -> FrameNote:
        """Convert a frame and send it off."""
        words = np.ascontiguousarray(frame.data).reshape(-1)
        if self._file is None or self._flow is None:
            self._file, self._flow = self._begin(frame)
        if self._frames is None:
            self._reserve(self._file, self._head_bytes + (index + 1) * words.nbytes)
        data_sum = self._flow.words(words, self._form.big_endian)
        self._flow.flush()
        return FrameNote.of(frame, index, self._path.name, data_sum)

    def make_safe(self, notes: Sequence[FrameNote]) -> None:
        """Wait until the pixels are on the disk, then count them in the header."""
        assert self._file is not None
        self._file.sync()
        self._file.patch(self._form.count(notes[-1].index + 1), self._form.count_place)
        self._file.sync()
        self._file.require_name()
        if not self.paths:
            sync_folder(self._path.parent)
            self.paths = [self._path]

    def finish(self, notes: Sequence[FrameNote], entries: Sequence[Entry]) -> None:
        """Close the file; without a frame there is none."""
        if self._flow is not None:
            self._flow.end()
        if self._file is None:
            return
        found = self._file.is_named()
        self._file.close()
        if found and notes:
            self._form.finish(self._path, notes, entries)
        elif found:
            self._path.unlink()

    def _reserve(self, file: DirectFile, end: int) -> None:
        """Take room ahead, as long as there is plenty: a system that finds too little keeps what it found."""
        ahead = round_up(end, RESERVE_BYTES)
        state = os.statvfs(self._path.parent)
        file.reserve(ahead if state.f_bavail * state.f_frsize > 2 * RESERVE_BYTES else end)

    def _begin(self, frame: Frame) -> tuple[DirectFile, Outflow]:
        head = self._form.head(frame)
        self._head_bytes = len(head)
        file = DirectFile(self._path, direct=frame.data.nbytes >= DIRECT_FROM_BYTES)
        if self._frames is not None:
            file.reserve(len(head) + self._frames * frame.data.nbytes)
        flow = Outflow(self._drain, file)
        flow.words(np.frombuffer(head, np.uint8), big_endian=False)
        return file, flow
