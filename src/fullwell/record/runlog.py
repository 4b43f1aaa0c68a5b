"""What is written down of a recording beside its files: JSON lines, safe as soon as a frame is called recorded.

``docs/files.md`` explains the lines.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import orjson

from fullwell.camera.frame import Frame
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
        )


class RunLog:
    """The log of a run, being written.

    Parameters
    ----------
    path : Path
        Must not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = DirectFile(path, direct=False)
        self._size_bytes = 0

    def write(self, event: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Add lines; `sync` makes them safe."""
        if not lines:
            return
        data = b"".join(orjson.dumps({"event": event, **line}) + b"\n" for line in lines)
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
    end : mapping or None
        What the last line says; None if the run was cut off.
    """

    run: Mapping[str, Any]
    notes: tuple[FrameNote, ...]
    recorded: int
    end: Mapping[str, Any] | None


def read_log(path: Path) -> Logged:
    """Read a log, whole or cut off anywhere.

    Parameters
    ----------
    path : Path
    """
    run: Mapping[str, Any] = {}
    notes: list[FrameNote] = []
    recorded, end = 0, None
    for text in path.read_bytes().split(b"\n")[:-1]:  # a line without its end was cut off
        line = orjson.loads(text)
        event = line.pop("event")
        if event == "run":
            run = line
        elif event == "frame":
            notes.append(FrameNote(**line))
        elif event == "recorded":
            recorded = line["frames"]
        elif event == "end":
            end = line
    return Logged(run, tuple(notes), recorded, end)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder would survive a power cut; not every system can."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
