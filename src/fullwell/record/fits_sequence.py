"""One FITS file for each frame of a recording. Each gets its name when it is safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Entry
from fullwell.record.atomic import publish
from fullwell.record.cards import BLOCK_BYTES
from fullwell.record.checksum import fold
from fullwell.record.direct import DIRECT_FROM_BYTES, DirectFile
from fullwell.record.drain import Drain, Outflow
from fullwell.record.fits import packed_head, packed_head_bytes, primary_header
from fullwell.record.packing import Packer
from fullwell.record.runlog import FrameNote, sync_folder


def part_name(name: str, run_id: str) -> str:
    """The name that a file has before it is safe.

    Examples
    --------
    >>> part_name("a.fits", "1f")
    '.a.fits.1f.part'
    """
    return f".{name[:180]}.{run_id}.part"


PACKING_THREADS: Final = 2


class FitsSequence:
    """Frames become FITS files, plain or compressed.

    Parameters
    ----------
    name : callable
        Gives the path of a frame.
    drain : Drain
    run_id : str
        Part of the names of unfinished files, so that they can be told from those of others.
    compress : bool

    Attributes
    ----------
    paths : list of Path
        Files that are safe.
    """

    def __init__(self, name: Callable[[Frame], Path], drain: Drain, run_id: str, compress: bool = False) -> None:
        self.paths: list[Path] = []
        self._name, self._drain, self._run_id, self._compress = name, drain, run_id, compress
        self._pending: dict[int, tuple[DirectFile, Path, int]] = {}
        self._packer: Packer | None = None

    def put(self, frame: Frame, index: int) -> FrameNote:
        """Convert a frame and send it off."""
        path = self._name(frame)
        part = path.with_name(part_name(path.name, self._run_id))
        file = DirectFile(part, direct=frame.data.nbytes >= DIRECT_FROM_BYTES)
        self._pending[index] = file, path, 0
        size_bytes, data_sum = (self._packed if self._compress else self._plain)(frame, file)
        self._pending[index] = file, path, size_bytes
        return FrameNote.of(frame, index, path.name, data_sum)

    def make_safe(self, notes: Sequence[FrameNote]) -> None:
        """Wait until the files are on the disk and give them their names."""
        files = [self._pending[note.index] for note in notes]
        for file, _, size_bytes in files:
            file.truncate(size_bytes)
            file.sync()
        for file, path, _ in files:
            publish(file.path, path)
            file.path.unlink(missing_ok=True)
        for folder in {path.parent for _, path, _ in files}:
            sync_folder(folder)
        for note in notes:
            file, path, _ = self._pending.pop(note.index)
            file.close()
            self.paths.append(path)

    def finish(self, notes: Sequence[FrameNote], entries: Sequence[Entry]) -> None:
        """Remove what was not finished."""
        del notes, entries  # each file has its own
        if self._packer is not None:
            self._packer.close()
        for file, _, _ in self._pending.values():
            file.close()
            file.path.unlink(missing_ok=True)
        self._pending.clear()

    def _plain(self, frame: Frame, file: DirectFile) -> tuple[int, int]:
        """Size and checksum of a plain image."""
        head = primary_header(frame)
        head_bytes = len(head.bytes(0))
        words = np.ascontiguousarray(frame.data).reshape(-1)
        padding = -words.nbytes % BLOCK_BYTES
        file.reserve(head_bytes + words.nbytes + padding)
        flow = Outflow(self._drain, file, head_bytes)
        try:
            data_sum = flow.words(words, big_endian=True)
            flow.zeros(padding)
            flow.release(head.bytes(data_sum))
        finally:
            flow.end()
        return flow.position, data_sum

    def _packed(self, frame: Frame, file: DirectFile) -> tuple[int, int]:
        """Size and checksum of a compressed image."""
        if self._packer is None:
            self._packer = Packer(frame.data.shape, frame.data.dtype, PACKING_THREADS)
        cards = primary_header(frame).cards
        head_bytes = packed_head_bytes(frame.data, cards)
        flow = Outflow(self._drain, file, head_bytes)
        try:
            heap_sum = 0
            for piece in self._packer.pack(frame.data):
                offset = flow.position - head_bytes
                heap_sum += flow.words(piece, big_endian=True, phase=offset % 4)
            heap_bytes = flow.position - head_bytes
            flow.zeros(-(8 * frame.data.shape[0] + heap_bytes) % BLOCK_BYTES)
            head, data_sum = packed_head(frame.data, cards, self._packer.lengths, fold(heap_sum))
            flow.release(head)
        finally:
            flow.end()
        return flow.position, data_sum
