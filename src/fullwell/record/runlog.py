"""What is written down of a recording beside its files: JSON lines, safe as soon as a frame is called recorded.

``docs/files.md`` explains the lines.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import orjson

from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Entry, Fate
from fullwell.errors import NotWritable
from fullwell.record.direct import DirectFile

ENDING: Final = ".frames.jsonl"
RESERVE_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class FrameNote:
    """What is written down of a frame.

    Attributes
    ----------
    sequence : int
        The camera's own counter.
    index : int
        Place in the recording, from 0.
    file : str
        Name of the file that holds it.
    start_ns : int
        UTC, start of exposure of the first row.
    exposure_ns, line_period_ns, rows_per_step, top, read_ns : int
        See `fullwell.readout.rows.RowTiming`.
    time_source : str
    time_uncertainty_ns : int
    lost_in_memory, lost_on_link : int
        Frames that the camera knows to have lost directly before this one.
    sensor_temperature_c : float or None
    datasum : int
        FITS checksum of the image, whatever the format.
    time_doubts : str
        Why a GPS stamp, or a calibration, was not used.
    alarms : str
        Kinds of what was wrong with the camera meanwhile.
    """

    sequence: int
    index: int
    file: str
    start_ns: int
    exposure_ns: int
    line_period_ns: int
    rows_per_step: int
    top: int
    read_ns: int
    time_source: str
    time_uncertainty_ns: int
    lost_in_memory: int
    lost_on_link: int
    sensor_temperature_c: float | None
    datasum: int
    time_doubts: str = ""
    alarms: str = ""

    @classmethod
    def of(cls, frame: Frame, index: int, file: str, datasum: int) -> Self:
        """The note of a frame."""
        report, timing = frame.report, frame.report.timing
        return cls(
            sequence=report.sequence,
            index=index,
            file=file,
            start_ns=report.row0_start_ns,
            exposure_ns=timing.exposure_ns,
            line_period_ns=timing.line_period_ns,
            rows_per_step=timing.rows_per_step,
            top=timing.top,
            read_ns=timing.read_ns,
            time_source=report.time_source,
            time_uncertainty_ns=report.time_uncertainty_ns,
            lost_in_memory=report.lost_in_memory,
            lost_on_link=report.lost_on_link,
            sensor_temperature_c=report.readings.sensor_temperature_c,
            datasum=datasum,
            time_doubts="; ".join(report.time_doubts),
            alarms="; ".join(alarm.kind for alarm in frame.alarms),
        )


class RunLog:
    """The log of a run, being written.

    Parameters
    ----------
    path : Path
        Must not exist.
    existing : bool
        It exists and shall be continued.

    Raises
    ------
    NotWritable
        If another process is at it.
    """

    def __init__(self, path: Path, existing: bool = False) -> None:
        self.path = path
        self._file = DirectFile(path, direct=False, existing=existing)
        if not self._file.lock():
            self._file.close()
            raise NotWritable(f"the recording of {str(path)!r} is still going on.", "Wait until it ends.")
        self._size_bytes = read_log(path).size_bytes if existing else 0

    def write(self, event: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Add lines; `sync` makes them safe."""
        if not lines:
            return
        data = b"".join(orjson.dumps({"event": event, **line}) + b"\n" for line in lines)
        with suppress(OSError):  # then there may still be room that was taken before
            self._file.reserve(self._size_bytes + len(data) + RESERVE_BYTES)
        self._file.patch(data, self._size_bytes)
        self._size_bytes += len(data)

    def frames(self, notes: Sequence[FrameNote]) -> None:
        """Add a line for each frame."""
        self.write("frame", [asdict(note) for note in notes])

    def sync(self) -> None:
        """Wait until the lines would survive a power cut."""
        self._file.sync()

    def close(self) -> None:
        """Make it safe and let go."""
        self._file.truncate(self._size_bytes)
        self._file.sync()
        self._file.close()


@dataclass(frozen=True, slots=True)
class Logged:
    """A log as it was found.

    Attributes
    ----------
    run : mapping
        What the first line says.
    notes : tuple of FrameNote
        Frames that were written, safe or not, in order.
    recorded : int
        How many of them are safe.
    fates : tuple of Entry
        Frames known not to be recorded.
    end : mapping or None
        What the last line says; None if the run was cut off.
    size_bytes : int
        How much of the file is whole lines.
    """

    run: Mapping[str, Any]
    notes: tuple[FrameNote, ...]
    recorded: int
    fates: tuple[Entry, ...]
    end: Mapping[str, Any] | None
    size_bytes: int


def read_log(path: Path) -> Logged:
    """Read a log, whole or cut off anywhere.

    Parameters
    ----------
    path : Path
    """
    run: Mapping[str, Any] = {}
    notes: list[FrameNote] = []
    fates: tuple[Entry, ...] = ()
    recorded, end, size_bytes = 0, None, 0
    for event, line, size in _lines(path.read_bytes()):
        size_bytes += size
        if event == "run":
            run = line
        elif event == "frame":
            notes.append(FrameNote(**line))
        elif event == "recorded":
            recorded = line["frames"]
        elif event == "fates":
            fates = tuple(Entry(first, last, Fate(fate)) for first, last, fate in line["entries"])
        elif event == "end":
            end = line
    return Logged(run, tuple(notes), recorded, fates, end, size_bytes)


def _lines(data: bytes) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Event, content and length of each line, up to the first one that was cut off or not written."""
    for text in data.splitlines(keepends=True):
        try:
            line = orjson.loads(text) if text.endswith(b"\n") else None
        except orjson.JSONDecodeError:
            return
        if not isinstance(line, dict):
            return
        yield line.pop("event"), line, len(text)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder would survive a power cut; not every system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
