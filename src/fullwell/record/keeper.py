"""From written to safe: a thread that syncs a group of frames at a time and then calls them recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Entry, Fate, Ledger
from fullwell.record.drain import Drain
from fullwell.record.runlog import FrameNote, RunLog

SYNC_S: Final = 0.5
"""How long a written frame may wait until it is safe: what a power cut can take, beside what is on its way."""


class Keeping(Protocol):
    """A way to keep the frames of a recording in files."""

    @property
    def paths(self) -> Sequence[Path]:
        """Files that hold frames that are safe."""
        ...

    def put(self, frame: Frame, index: int) -> FrameNote:
        """Convert a frame and send it off. Called in order, by one thread."""
        ...

    def make_safe(self, notes: Sequence[FrameNote]) -> None:
        """Make frames safe whose pixels have been written. Called in order, by another thread."""
        ...

    def finish(self, notes: Sequence[FrameNote], entries: Sequence[Entry]) -> None:
        """End the files; all frames that are safe, and the ledger of the run, are given."""
        ...


class Keeper:
    """Makes written frames safe, writes that down, settles their fate.

    Parameters
    ----------
    keeping : Keeping
    drain : Drain
        Its errors are noticed here.
    log : RunLog
    ledger : Ledger
    failed : callable
        Called once, in a thread of its own, when something goes wrong: nothing more can be kept.

    Attributes
    ----------
    error : Exception or None
        What went wrong.
    notes : list of FrameNote
        Frames that are safe.
    """

    def __init__(
        self, keeping: Keeping, drain: Drain, log: RunLog, ledger: Ledger, failed: Callable[[], None]
    ) -> None:
        self.error: Exception | None = None
        self.notes: list[FrameNote] = []
        self._keeping, self._drain, self._log, self._ledger, self._failed = keeping, drain, log, ledger, failed
        self._logged_fates: list[Entry] = []
        self._queue: SimpleQueue[tuple[FrameNote, bool] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._keep_all, name="fullwell-keeper", daemon=True)
        self._thread.start()

    def keep(self, note: FrameNote) -> None:
        """A frame that has passed the drain: its pixels are written, or the drain has failed."""
        self._queue.put((note, self._drain.error is None))

    def close(self) -> None:
        """Wait until everything is safe."""
        self._queue.put(None)
        self._thread.join()

    def fail(self, error: Exception) -> None:
        """Nothing more can be kept."""
        if self.error is None:
            self.error = error
            threading.Thread(target=self._failed, name="fullwell-stop", daemon=True).start()

    def settle(self, sequence: int, fate: Fate) -> None:
        """Say what became of a frame; one that came twice has its fate already."""
        if self._ledger.fate(sequence) is Fate.DELIVERED:
            self._ledger.settle(sequence, fate)

    def _keep_all(self) -> None:
        over = broken = False
        while not over:
            group, over = self._gather()
            written = [note for note, is_written in group if is_written]
            if not broken and len(written) < len(group) and self._drain.error is not None:
                self.fail(self._drain.error)
            if written and not broken:
                try:
                    self._make_safe(written)
                except Exception as error:  # told to whoever waits for the recording
                    broken = True
                    self.fail(error)
            for note, is_written in group:
                self.settle(note.sequence, Fate.RECORDED if is_written and not broken else Fate.FAILED_ON_DISK)

    def _gather(self) -> tuple[list[tuple[FrameNote, bool]], bool]:
        """The frames of the next group, whether each is written, and whether they are the last."""
        group: list[tuple[FrameNote, bool]] = []
        end_s = float("inf")
        while True:
            try:
                found = self._queue.get(timeout=max(0.0, end_s - time.monotonic()) if group else None)
            except Empty:
                return group, False
            if found is None:
                return group, True
            if not group:
                end_s = time.monotonic() + SYNC_S
            group.append(found)

    def _make_safe(self, notes: Sequence[FrameNote]) -> None:
        """First what the frames are, then the frames, then that they are recorded."""
        self._log.frames(notes)
        self.log_fates()
        self._log.sync()
        self._keeping.make_safe(notes)
        self._log.write("recorded", [{"frames": notes[-1].index + 1}])
        self._log.sync()
        self.notes.extend(notes)

    def log_fates(self) -> None:
        """Write down all frames that were not recorded, if that has changed."""
        settled = {Fate.RECORDED, Fate.DELIVERED}
        fates = [entry for entry in self._ledger if entry.fate not in settled]
        if fates != self._logged_fates:
            self._logged_fates = fates
            self._log.write(
                "fates", [{"entries": [[entry.first, entry.last, str(entry.fate)] for entry in fates]}]
            )
