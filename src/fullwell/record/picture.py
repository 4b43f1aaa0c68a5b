"""What a file tells of one of its frames without reading all its pixels: header, size, first and last row, times.

A SER file of ours says of each frame when it began, in units of 100 ns; everything else about its times, to the
nanosecond, is in the log beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import DoubtfulTime, InvalidValue, MissingFile
from fullwell.record.foreign import model_of
from fullwell.record.instants import iso
from fullwell.record.opened import first_picture, opened_fits, require_file
from fullwell.record.runlog import ENDING, FrameNote, read_log
from fullwell.record.ser import HEADER, TICK_NS, TICKS_TO_1970, ticks

__all__ = ["Picture", "Told", "log_of", "open_picture"]

SER_MAGIC: Final = b"LUCAM-RECORDER"
COLOURED: Final = (100, 101)
"""SER's numbers for three values a pixel."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a table or a log tells of the times of one frame of many; see `FrameNote`."""

    start_ns: int
    exposure_ns: int
    line_period_ns: int
    rows_per_step: int
    top: int
    time_source: str
    time_uncertainty_ns: int
    time_doubts: str


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame of a file.

    Attributes
    ----------
    path : Path
    frame, frames : int
        Number in the file, from 0; how many there are.
    header : mapping
        Cards of the image; of a SER file the same as far as they are known.
    rows, columns : int
    first, last : ndarray, shape (columns,)
        First and last row.
    told : Told or None
        Of this very frame, in files of many.
    """

    path: Path
    frame: int
    frames: int
    header: Mapping[str, Any]
    rows: int
    columns: int
    first: NDArray[Any]
    last: NDArray[Any]
    told: Told | None = None


def open_picture(path: Path, frame: int = 0) -> Picture:
    """Open a frame of a FITS or SER file.

    Parameters
    ----------
    path : Path
        FITS: plain or tile-compressed; the first image counts.
    frame : int
        Number in a cube or SER, from 0.

    Raises
    ------
    MissingFile
        If the file is not there, is of another kind, or holds no image.
    InvalidValue
        If there is no such frame.
    DoubtfulTime
        If a SER file and its log disagree.
    """
    require_file(path)
    try:
        with path.open("rb") as file:
            start = file.read(HEADER.size)
        return _ser(path, start, frame) if start.startswith(SER_MAGIC) else _fits(path, frame)
    except PermissionError as error:
        raise MissingFile(f"no permission to read {str(path)!r}.", "Have its permissions changed.") from error


def _check(path: Path, frame: int, frames: int) -> None:
    if not 0 <= frame < frames:
        raise InvalidValue(f"there is no frame {frame} in {path.name}.", f"Choose one from 0 to {frames - 1}.")


def _fits(path: Path, frame: int) -> Picture:
    with opened_fits(path) as opened:
        return _image(path, opened, first_picture(path, opened), frame)


def _image(path: Path, opened: Any, hdu: Any, frame: int) -> Picture:
    cube = len(hdu.shape) == 3
    frames = hdu.shape[0] if cube else 1
    _check(path, frame, frames)
    rows, columns = hdu.shape[-2:]
    plane = (frame,) if cube else ()
    first, last = (np.asarray(hdu.section[(*plane, slice(row, row + 1))]).ravel() for row in (0, rows - 1))
    told = _of_table(opened["FRAMES"].data[frame]) if cube and "FRAMES" in opened else None
    return Picture(path, frame, frames, dict(hdu.header), rows, columns, first, last, told)


def _of_table(line: Any) -> Told:
    numbers = ("start_ns", "exposure_ns", "line_period_ns", "rows_per_step", "top", "time_uncertainty_ns")
    words = ("time_source", "time_doubts")
    known = {name: int(line[name]) for name in numbers} | {name: str(line[name]) for name in words}
    return Told(**known)  # type: ignore[arg-type]


def _ser(path: Path, start: bytes, frame: int) -> Picture:
    if len(start) < HEADER.size:
        raise MissingFile(f"{str(path)!r} was cut short.", "Copy or take it again.")
    _, _, colour, big_endian, columns, rows, bits, frames, _, camera, *_ = HEADER.unpack(start)
    _check(path, frame, frames)
    word = np.dtype(np.uint8) if bits <= 8 else np.dtype(">u2" if big_endian else "<u2")
    across = columns * (3 if colour in COLOURED else 1)
    frame_bytes = rows * across * word.itemsize
    with path.open("rb") as file:
        first, last = (
            _read(path, file, HEADER.size + frame * frame_bytes + row * across * word.itemsize, across, word)
            for row in (0, rows - 1)
        )
        file.seek(HEADER.size + frames * frame_bytes + 8 * frame)
        tick = int.from_bytes(file.read(8), "little")
    log = log_of(path)
    header: dict[str, Any] = {"INSTRUME": camera.rstrip(b" \0").decode("ascii", "replace")}
    told = None
    if tick:
        header["DATE-OBS"] = iso((tick - TICKS_TO_1970) * TICK_NS, 7)
    if log.is_file():
        logged = read_log(log)
        told = _of_log(log, logged.notes, frame, tick)
        header |= _cards(logged.run)
    native = word.newbyteorder("=")
    return Picture(path, frame, frames, header, rows, columns, first.astype(native), last.astype(native), told)


def _read(path: Path, file: Any, place: int, count: int, word: np.dtype[Any]) -> NDArray[Any]:
    file.seek(place)
    row = np.frombuffer(file.read(count * word.itemsize), word)
    if row.size < count:
        raise MissingFile(f"{str(path)!r} was cut short.", "Copy or take it again.")
    return row


def log_of(path: Path) -> Path:
    """Where the log of a recording in one file is."""
    return path.with_name(f"{path.name}{ENDING}")


def _of_log(log: Path, notes: tuple[FrameNote, ...], frame: int, tick: int) -> Told:
    """The note of a frame, which must be the one that the trailer means."""
    if frame >= len(notes) or (tick and ticks(notes[frame].start_ns) != tick):
        raise DoubtfulTime(
            f"the log {log.name} and the times in the file disagree about frame {frame}.",
            "Put the log beside the file that was recorded with it.",
        )
    return Told(**{name: getattr(notes[frame], name) for name in Told.__slots__})


def _cards(run: Mapping[str, Any]) -> dict[str, Any]:
    """What the first line of a log says, as cards."""
    settings = run.get("settings", {})
    cards = {"INSTRUME": run.get("camera", ""), "GPSSTAMP": bool(settings.get("gps"))}
    model = model_of(str(cards["INSTRUME"]))
    if model is not None and "mode" in settings:
        cards["READOUTM"] = model.mode(settings["mode"]).name
    if "format" in settings:
        cards["YBINNING"] = settings["format"]["bin"]
    return cards
