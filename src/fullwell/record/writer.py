"""Frames to files at the speed of the disk: converted here, written by one thread, made safe by another."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Fate, Ledger
from fullwell.errors import FullwellError, NotWritable, UnknownName
from fullwell.record.atomic import in_words, refuse_existing, worded
from fullwell.record.drain import Drain
from fullwell.record.fits_cube import CUBE
from fullwell.record.fits_sequence import FitsSequence
from fullwell.record.growing import GrowingFile
from fullwell.record.keeper import Keeper, Keeping
from fullwell.record.naming import FileNames, single_path
from fullwell.record.runlog import ENDING, RunLog, sync_folder
from fullwell.record.ser import SER

FORMATS: Final = ("fits", "cube", "ser")
ENDINGS: Final = {"cube": (".fits", ".fit", ".fts"), "ser": (".ser",)}


class FrameWriter:
    """Keeps frames that are put into it, in order.

    Parameters
    ----------
    out : Path
        A folder, or the file; for one file a frame, a file name that gets numbers.
    first : Frame
        What the first frame will be: its header begins the file. It is not written yet.
    form : {"fits", "cube", "ser"}
    ledger : Ledger
        Where the fates of the frames are settled.
    compress : bool
        Only for "fits".
    frames : int or None
        How many will come, if that is known.
    what : str
        What is in the frames, for made-up names.
    run : mapping
        What the log says of the run.
    failed : callable
        Called once, in a thread of its own, when nothing more can be written.

    Raises
    ------
    NotWritable, DiskFull
        If the files cannot be begun.
    """

    def __init__(
        self,
        out: Path,
        first: Frame,
        form: str,
        ledger: Ledger,
        *,
        compress: bool = False,
        frames: int | None = None,
        what: str = "frame",
        run: Mapping[str, Any] | None = None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.ledger = ledger
        self._index = 0
        run_id = secrets.token_hex(4)
        about: dict[str, Any] = {"format": form, "compressed": compress, "id": run_id, **(run or {})}
        self._keeping: Keeping
        if form == "fits":
            names = FileNames(out, what, several=True, compressed=compress)
            made = single_path(names.folder, first, what, ENDING)
            self.log_path = made if names.made_up else names.folder / f"{names.stem}{ENDING}"
            self._log = self._begin_log(about)
            self.drain = Drain()
            self._keeping = FitsSequence(names.next, self.drain, run_id, compress)
        else:
            path = single_path(out, first, what, ENDINGS[form][0])
            refuse_existing(path, overwrite=False)
            self.log_path = path.with_name(f"{path.name}{ENDING}")
            self._log = self._begin_log({**about, "file": path.name})
            self.drain = Drain()
            self._keeping = GrowingFile(path, CUBE if form == "cube" else SER, self.drain, frames)
        self.keeper = Keeper(self._keeping, self.drain, self._log, ledger, failed)

    def _begin_log(self, about: Mapping[str, Any]) -> RunLog:
        """A log that says what the run is, on the disk before anything else."""
        refuse_existing(self.log_path, overwrite=False)
        with in_words(self.log_path):
            log = RunLog(self.log_path)
            log.write("run", [about])
            log.sync()
            sync_folder(self.log_path.parent)
        return log

    @property
    def paths(self) -> list[Path]:
        """Files that hold frames that are safe."""
        return list(self._keeping.paths)

    def put(self, frame: Frame) -> None:
        """Take a frame. When this returns its memory may be used again; its fate is settled later."""
        if self.keeper.error is None:
            try:
                note = self._keeping.put(frame, self._index)
            except (OSError, FullwellError) as error:
                self.keeper.fail(error)
            else:
                self._index += 1
                self.drain.then(partial(self.keeper.keep, note))
                return
        self.keeper.settle(frame.report.sequence, Fate.FAILED_ON_DISK)

    def close(self) -> None:
        """Make everything safe and end the files.

        Raises
        ------
        DiskFull, NotWritable
            What has stopped the writing. Frames that the ledger calls recorded are safe.
        """
        self.drain.close()
        self.keeper.close()
        for entry in self.ledger:
            if entry.fate is Fate.DELIVERED:  # was on its way here when the run was ended
                for sequence in range(entry.first, entry.last + 1):
                    self.keeper.settle(sequence, Fate.SKIPPED)
        error = self.keeper.error
        try:
            self._keeping.finish(self.keeper.notes, list(self.ledger))
            self._end_log(error)
        except (OSError, FullwellError) as late:
            error = error or late
        if error is not None:
            raise self._stopped(error) from error

    def _end_log(self, error: Exception | None) -> None:
        self.keeper.log_fates()
        counts = {str(fate): count for fate, count in self.ledger.counts().items() if count}
        self._log.write("end", [{"counts": counts, "error": "" if error is None else str(error)}])
        self._log.close()

    def _stopped(self, error: Exception) -> FullwellError:
        """The error, with what is safe."""
        safe = len(self.keeper.notes)
        where = f"{safe} frames are safe; the log is {str(self.log_path)!r}."
        known = worded(error, self.log_path) if isinstance(error, OSError) else error
        if not isinstance(known, FullwellError):
            raise known
        return type(known)(f"{known.message} {where}", known.remedy)


def require_place(out: Path, form: str, compress: bool = False) -> Path:
    """Make sure that a recording could begin at a place.

    Parameters
    ----------
    out : Path
        See `FrameWriter`.
    form : {"fits", "cube", "ser"}
    compress : bool

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UnknownName
        If there is no such format.
    NotWritable
        If there is no such folder, the name does not fit the format, or the file exists.
    """
    if form not in FORMATS:
        raise UnknownName("format", form, FORMATS)
    if form == "fits":
        return FileNames(out, several=True, compressed=compress).folder
    if out.is_dir():
        return out
    endings = ENDINGS[form]
    if not out.name.lower().endswith(endings):
        raise NotWritable(
            f"there is no folder {str(out)!r}, and the name of such a file ends in {endings[0]}.",
            f"Create the folder (mkdir -p {out}) or name a file.",
        )
    if not out.parent.is_dir():
        raise NotWritable(f"there is no folder {str(out.parent)!r}.", f"Create it: mkdir -p {out.parent}")
    refuse_existing(out, overwrite=False)
    refuse_existing(out.with_name(f"{out.name}{ENDING}"), overwrite=False)
    return out.parent
