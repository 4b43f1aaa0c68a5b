"""All frames of a recording in one FITS file: a cube that grows, and tables of its frames and of all fates.

Cards that are known at the end only have their place in the header from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits

from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Entry, Fate
from fullwell.record import checksum
from fullwell.record.cards import BLOCK_BYTES, CARD_BYTES, card_bytes, header_bytes
from fullwell.record.direct import DirectFile
from fullwell.record.fits import structure
from fullwell.record.growing import Extent, GrowingForm
from fullwell.record.header import Card, header, in_ascii, plain_ascii
from fullwell.record.instants import iso, mjd
from fullwell.record.runlog import FrameNote

COUNT_PLACE: Final = 5 * CARD_BYTES
"""Where NAXIS3 stands: behind SIMPLE, BITPIX, NAXIS, NAXIS1, NAXIS2, within the first sector of 512 bytes."""

OF_ONE_FRAME: Final = frozenset({"DATE-AVG", "DATE-END", "MJD-AVG", "MJD-END", "FRAMENUM"})
"""Cards that would mislead in the header of many frames."""

FATE_CARDS: Final = (
    (Fate.RECORDED, "NRECORD", "frames recorded"),
    (Fate.SKIPPED, "NSKIPPED", "frames left out on purpose"),
    (Fate.LOST_IN_MEMORY, "NLOSTMEM", "frames lost in the memory of the camera"),
    (Fate.LOST_ON_LINK, "NLOSTLNK", "frames lost on the link"),
    (Fate.DROPPED_IN_QUEUE, "NDROPPED", "frames dropped in the queue"),
    (Fate.FAILED_ON_DISK, "NFAILED", "frames that could not be written"),
)
PLACES_AT_END: Final = len(FATE_CARDS) + 4
"""DATE-END, MJD-END, CHECKSUM and DATASUM come at the end, too."""

NOTE_COLUMNS: Final = (
    ("sequence", "K", None),
    ("start_ns", "K", "ns"),
    ("exposure_ns", "K", "ns"),
    ("line_period_ns", "K", "ns"),
    ("read_ns", "K", "ns"),
    ("rows_per_step", "J", None),
    ("top", "J", None),
    ("time_uncertainty_ns", "K", "ns"),
    ("lost_in_memory", "J", None),
    ("lost_on_link", "J", None),
    ("datasum", "K", None),
)


def cube_head(frame: Frame) -> bytes:
    """The header of a cube that begins with a frame and holds none yet."""
    cards = [card for card in in_ascii(header(frame)) if card.keyword not in OF_ONE_FRAME]
    return header_bytes(structure(frame.data, 0), cards, [Card("", "")] * PLACES_AT_END)


def count_card(frames: int) -> bytes:
    """The card that says how many frames there are."""
    return card_bytes("NAXIS3", frames, "frames")


def finish_cube(path: Path, notes: Sequence[FrameNote], entries: Sequence[Entry]) -> None:
    """Make a file of the frames that are safe, whatever follows them: tables, sums, no loose end.

    Parameters
    ----------
    path : Path
        A cube as a recording leaves it at any moment, or a finished one.
    notes : sequence of FrameNote
        Of as many frames as the cube shall have.
    entries : sequence of Entry
        The ledger of the run.
    """
    file = DirectFile(path, existing=True)
    try:
        head = _read_header(file)
        frame_bytes = _extent(head).frame_bytes
        data_bytes = len(notes) * frame_bytes
        file.truncate(len(head) + data_bytes)
        file.patch(bytes(-data_bytes % BLOCK_BYTES) + _tables(notes, entries), len(head) + data_bytes)
        file.sync()
        file.patch(_finished(head, notes, entries, frame_bytes), 0)
        file.sync()
    finally:
        file.close()


def _read_header(file: DirectFile) -> bytes:
    """The header at the beginning of a file; what there is of it, if it was cut off."""
    head = b""
    while block := file.read(BLOCK_BYTES, len(head)):
        head += block
        if any(block[at : at + 8] == b"END     " for at in range(0, len(block), CARD_BYTES)):
            break
    return head


def measure_cube(file: DirectFile) -> Extent | None:
    """What the header of a cube says; None if it was cut off."""
    head = _read_header(file)
    whole = head.startswith(b"SIMPLE") and len(head) % BLOCK_BYTES == 0 and b"END     " in head[-BLOCK_BYTES:]
    return _extent(head) if whole else None


def _extent(head: bytes) -> Extent:
    """The numbers of BITPIX, NAXIS1, NAXIS2, NAXIS3, by their places."""
    bits, columns, rows, frames = (int(head[at * CARD_BYTES + 10 : at * CARD_BYTES + 30]) for at in (1, 3, 4, 5))
    return Extent(frames, len(head), bits // 8 * columns * rows, bits // 8)


def _finished(head: bytes, notes: Sequence[FrameNote], entries: Sequence[Entry], frame_bytes: int) -> bytes:
    """The header with its count and with the cards that are known at the end."""
    end_ns = notes[-1].start_ns + notes[-1].exposure_ns + notes[-1].read_ns
    total = checksum.fold(sum(checksum.rotated(note.datasum, note.index * frame_bytes) for note in notes))
    counts = {fate: sum(entry.frames for entry in entries if entry.fate is fate) for fate in Fate}

    def text(check: str) -> bytes:
        late = [
            *(card_bytes(keyword, counts[fate], comment) for fate, keyword, comment in FATE_CARDS),
            card_bytes("DATE-END", iso(end_ns), "end of exposure, last row of the last frame"),
            card_bytes("MJD-END", mjd(end_ns), "[d] end of exposure, last row of the last frame"),
            card_bytes("CHECKSUM", check, "sum over header and data is -0"),
            card_bytes("DATASUM", str(total), "sum over the data"),
        ]
        stop = _end_place(head)
        first = stop - len(late) * CARD_BYTES
        whole = head[:first] + b"".join(late) + head[stop:]
        return whole[:COUNT_PLACE] + count_card(len(notes)) + whole[COUNT_PLACE + CARD_BYTES :]

    blank = checksum.sum_bytes(text("0" * 16))
    return text(checksum.encode(checksum.fold(blank + total)))


def _end_place(head: bytes) -> int:
    return next(at for at in range(0, len(head), CARD_BYTES) if head[at : at + 8] == b"END     ")


def _tables(notes: Sequence[FrameNote], entries: Sequence[Entry]) -> bytes:
    """The extensions FRAMES and FATES."""
    columns = [
        fits.Column(name, code, unit, array=np.array([getattr(note, name) for note in notes]))
        for name, code, unit in NOTE_COLUMNS
    ]
    warm = [np.nan if n.sensor_temperature_c is None else n.sensor_temperature_c for n in notes]
    sources = np.array([note.time_source for note in notes], "S")
    columns.append(fits.Column("time_source", f"{sources.itemsize}A", array=sources))
    doubts = np.array([plain_ascii(note.time_doubts) for note in notes], "S")
    columns.append(fits.Column("time_doubts", f"{max(doubts.itemsize, 1)}A", array=doubts))
    columns.append(fits.Column("sensor_temperature_c", "E", "Celsius", array=np.array(warm)))
    fates = np.array([str(entry.fate) for entry in entries], "S")
    tables = (
        fits.BinTableHDU.from_columns(columns, name="FRAMES"),
        fits.BinTableHDU.from_columns(
            [
                fits.Column("first", "K", array=np.array([entry.first for entry in entries])),
                fits.Column("last", "K", array=np.array([entry.last for entry in entries])),
                fits.Column("fate", f"{max(fates.itemsize, 1)}A", array=fates),
            ],
            name="FATES",
        ),
    )
    for table in tables:
        table.add_checksum(when="")
    buffer = BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(buffer)
    return buffer.getvalue()[BLOCK_BYTES:]  # an empty primary comes first


CUBE: Final = GrowingForm(
    big_endian=True,
    head=cube_head,
    count_place=COUNT_PLACE,
    count=count_card,
    measure=measure_cube,
    finish=finish_cube,
)
