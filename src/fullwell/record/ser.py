"""All frames of a recording in one SER file, the format of planetary and occultation programs.

The trailer of times follows at the end of the run; times to the nanosecond, sums and fates stand in the run's log
beside the file.

References
----------
.. [1] H. Wilkens, "SER format description, version 3" (2014): header, Bayer colour numbers, trailer of times in
   100 ns since the year 1, UTC.
.. [2] The field LittleEndian is 0 for little-endian words in practice: the first programs wrote it so, and Siril,
   FireCapture and others read it so.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Entry
from fullwell.errors import MissingFile, NotSupported
from fullwell.record.direct import DirectFile
from fullwell.record.growing import Extent, GrowingForm
from fullwell.record.header import plain_ascii
from fullwell.record.runlog import FrameNote
from fullwell.record.section import Section

HEADER: Final = struct.Struct("<14s7i40s40s40s2q")
FILE_ID: Final = b"LUCAM-RECORDER"
COUNT: Final = struct.Struct("<i")
COUNT_PLACE: Final = 38
TICK_NS: Final = 100
TICKS_TO_1970: Final = 621_355_968_000_000_000
LITTLE_ENDIAN_AS_READ: Final = 0
COLOURS: Final = {None: 0, "RGGB": 8, "GRBG": 9, "GBRG": 10, "BGGR": 11}
DEEPEST_BITS: Final = 16


def ticks(instant_ns: int) -> int:
    """An instant as SER counts: 100 ns since the year 1, rounded down.

    Examples
    --------
    >>> ticks(0), ticks(1_700_000_000_123_456_789) - ticks(1_700_000_000_000_000_000)
    (621355968000000000, 1234567)
    """
    return TICKS_TO_1970 + instant_ns // TICK_NS


def require_ser(bits: int, item_bits: int) -> None:
    """Make sure that SER can hold such words.

    Raises
    ------
    NotSupported
        If they have more than 16 bits.
    """
    if item_bits > DEEPEST_BITS:
        raise NotSupported(
            f"SER holds at most {DEEPEST_BITS} bits a pixel; sums of {bits}-bit pixels need {item_bits}.",
            "Record a FITS cube (--format cube), or without binning.",
        )


def ser_header(frame: Frame, count: int = 0) -> bytes:
    """The 178 bytes at the beginning.

    Parameters
    ----------
    frame : Frame
        The first of the file.
    count : int
        Frames in the file.

    Raises
    ------
    NotSupported
        If the words have more than 16 bits.
    """
    form, seen = frame.report.settings.format, frame.report.observation
    item_bits = 8 * frame.data.itemsize
    require_ser(form.bits, item_bits)
    mosaic = Section.of(form, frame.model.sensor.geometry).bayer(frame.model.sensor.bayer)
    telescope = "" if seen.focal_length_mm is None else f"f = {seen.focal_length_mm:g} mm"
    if seen.aperture_mm is not None:
        telescope += f", D = {seen.aperture_mm:g} mm"
    rows, columns = frame.data.shape
    return HEADER.pack(
        FILE_ID,
        0,
        COLOURS[mosaic],
        LITTLE_ENDIAN_AS_READ,
        columns,
        rows,
        form.bits if form.bin == 1 else item_bits,
        count,
        _text(str(frame.extra.get("OBSERVER", ""))),
        _text(frame.model.name),
        _text(telescope),
        ticks(frame.start_ns),
        ticks(frame.start_ns),
    )


def _text(text: str) -> bytes:
    return plain_ascii(text).encode("ascii")[:40]


def finish_ser(path: Path, notes: Sequence[FrameNote], entries: Sequence[Entry] = ()) -> None:
    """Make a file of the frames that are safe, whatever follows them: count, trailer, no loose end.

    Parameters
    ----------
    path : Path
        A file as a recording leaves it at any moment, or a finished one.
    notes : sequence of FrameNote
        Of as many frames as the file shall have.
    entries : sequence of Entry
        Not used: a SER file has no place for fates; they are in the log.
    """
    del entries
    file = DirectFile(path, existing=True)
    try:
        found = measure_ser(file)
        if found is None:
            raise MissingFile(f"{str(path)!r} is no SER file.", "Name a file that was recorded as SER.")
        end = found.head_bytes + len(notes) * found.frame_bytes
        file.truncate(end)
        file.patch(np.array([ticks(note.start_ns) for note in notes], "<i8").tobytes(), end)
        file.sync()
        file.patch(COUNT.pack(len(notes)), COUNT_PLACE)
        file.sync()
    finally:
        file.close()


def measure_ser(file: DirectFile) -> Extent | None:
    """What the header of a file says; None if it was cut off."""
    head = file.read(HEADER.size, 0)
    if len(head) < HEADER.size or not head.startswith(FILE_ID):
        return None
    columns, rows, bits, frames = HEADER.unpack(head)[4:8]
    itemsize = 1 if bits <= 8 else 2
    return Extent(frames, HEADER.size, columns * rows * itemsize, itemsize)


SER: Final = GrowingForm(
    big_endian=False,
    head=ser_header,
    count_place=COUNT_PLACE,
    count=COUNT.pack,
    measure=measure_ser,
    finish=finish_ser,
)
