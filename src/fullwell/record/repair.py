"""Finish the files of a recording that was cut off by a kill, a power cut, or a disk without room for the end."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits

from fullwell.camera.ledger import Entry, Fate, Ledger
from fullwell.errors import MissingFile, NotWritable
from fullwell.record.atomic import in_words, publish
from fullwell.record.checksum import sum_octets
from fullwell.record.direct import DirectFile
from fullwell.record.fits_cube import CUBE
from fullwell.record.growing import Extent, GrowingForm
from fullwell.record.runlog import ENDING, FrameNote, Logged, RunLog, read_log, sync_folder
from fullwell.record.ser import SER
from fullwell.record.word_order import store

__all__ = ["Repaired", "repair"]

FORMS: Final = {"cube": CUBE, "ser": SER}


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a recording.

    Attributes
    ----------
    log : Path
        The log of the run.
    paths : tuple of Path
        Files that hold its frames.
    frames : int
        How many frames they hold.
    salvaged : int
        How many of them had not been called recorded.
    was_whole : bool
        Whether there was nothing to do.
    """

    log: Path
    paths: tuple[Path, ...]
    frames: int
    salvaged: int
    was_whole: bool


def repair(path: str | Path) -> tuple[Repaired, ...]:
    """Finish recordings that were cut off. Harmless for those that were not.

    Frames that were called recorded are there in any case; others whose pixels are complete are kept as well.
    What follows them is cut off, and tables, times and sums are added.

    Parameters
    ----------
    path : str or Path
        A file of a recording, its log, or a folder with logs.

    Returns
    -------
    tuple of Repaired

    Raises
    ------
    MissingFile
        If there is no such file, or no log beside it.
    NotWritable
        If the recording still goes on, or a file may not be changed.
    """
    return tuple(_repair(log) for log in _logs(Path(path)))


def _logs(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(path.glob(f"*{ENDING}"))
    elif path.name.endswith(ENDING):
        found = [path] if path.is_file() else []
    else:
        beside = path.with_name(f"{path.name}{ENDING}")
        found = [beside] if beside.is_file() else []
    if not found:
        raise MissingFile(
            f"there is no recording {str(path)!r} with its log.",
            f"Name a file with a log beside it (its name and {ENDING}), the log, or a folder with logs.",
        )
    return found


def _repair(path: Path) -> Repaired:
    with in_words(path):
        log = RunLog(path, existing=True)
        try:
            logged = read_log(path)
            if not logged.run:  # cut off before the first frame
                return Repaired(path, (), 0, 0, was_whole=False)
            form = FORMS.get(str(logged.run["format"]))
            if form is None:
                done = _repair_sequence(path, logged)
            else:
                done = _repair_growing(path, path.with_name(str(logged.run["file"])), form, logged)
            if not done.was_whole:
                counts = _counts(_entries(logged, {note.index for note in logged.notes[: done.frames]}))
                log.write("end", [{"counts": counts, "error": "", "repaired": True, "frames": done.frames}])
        finally:
            log.close()
    return done


def _repair_growing(log: Path, path: Path, form: GrowingForm, logged: Logged) -> Repaired:
    if logged.end is not None and not logged.end["error"]:
        return Repaired(log, (path,), logged.recorded, 0, was_whole=True)
    if not path.exists():
        return Repaired(log, (), 0, 0, was_whole=False)
    file = DirectFile(path, existing=True)
    try:
        extent = form.measure(file)
        whole = 0 if extent is None else extent.frames
        while extent is not None and whole < len(logged.notes):
            if not _is_whole(file, logged.notes[whole], extent, form):
                break
            whole += 1
    finally:
        file.close()
    notes = logged.notes[:whole]
    if not notes:
        path.unlink()
        return Repaired(log, (), 0, 0, was_whole=False)
    form.finish(path, notes, _entries(logged, {note.index for note in notes}))
    sync_folder(path.parent)
    return Repaired(log, (path,), whole, whole - logged.recorded, was_whole=False)


def _is_whole(file: DirectFile, note: FrameNote, extent: Extent, form: GrowingForm) -> bool:
    """Whether all pixels of a frame are there that was not counted yet."""
    data = file.read(extent.frame_bytes, extent.head_bytes + note.index * extent.frame_bytes)
    if len(data) < extent.frame_bytes:
        return False
    octets = np.frombuffer(data, np.uint8)
    if form.big_endian:
        return sum_octets(octets) == note.datasum
    words = octets.view(f"<u{extent.itemsize}").astype(f"u{extent.itemsize}")
    return store(words, np.empty(extent.frame_bytes, np.uint8), big_endian=False) == note.datasum


def _repair_sequence(log: Path, logged: Logged) -> Repaired:
    parts = list(_parts(log, logged))
    salvaged = 0
    for part, name in parts:
        if _is_fits(part):
            try:
                publish(part, log.with_name(name))
                salvaged += 1
            except NotWritable:
                pass  # it has its name already
        part.unlink(missing_ok=True)
    sync_folder(log.parent)
    paths = tuple(path for note in logged.notes if (path := log.with_name(note.file)).exists())
    return Repaired(log, paths, len(paths), salvaged, was_whole=logged.end is not None and not parts)


def _parts(log: Path, logged: Logged) -> Iterator[tuple[Path, str]]:
    """Files of the run that have not got their names, with these names."""
    ending = f".{logged.run['id']}.part"
    for path in sorted(log.parent.glob(f".*{ending}")):
        yield path, path.name[1 : -len(ending)]


def _is_fits(path: Path) -> bool:
    """Whether a file is whole: its header is written last, and its sums hold. Cuts it to its length."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with (
                path.open("rb") as file,
                fits.open(file, checksum=True, disable_image_compression=True) as opened,
            ):
                where = opened[-1].fileinfo()
                end = where["datLoc"] + where["datSpan"]
    except Exception:  # a broken file makes astropy raise errors of many kinds
        return False
    cut = DirectFile(path, existing=True)
    try:
        cut.truncate(end)
        cut.sync()
    finally:
        cut.close()
    return True


def _entries(logged: Logged, kept: set[int]) -> Sequence[Entry]:
    """The ledger of the run, from its log."""
    ledger = Ledger()
    for entry in logged.fates:
        ledger.enter(entry.first, entry.fate, entry.frames)
    for note in logged.notes:
        if note.sequence not in ledger:
            ledger.enter(note.sequence, Fate.RECORDED if note.index in kept else Fate.FAILED_ON_DISK)
    return tuple(ledger)


def _counts(entries: Sequence[Entry]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[str(entry.fate)] = counts.get(str(entry.fate), 0) + entry.frames
    return counts
