"""Frames as FITS files: plain and compressed images by fast paths of our own, tables by astropy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from fullwell.camera.frame import Frame, Truth
from fullwell.errors import UnknownName
from fullwell.record import checksum
from fullwell.record.answers import answer_hdus
from fullwell.record.atomic import whole_file
from fullwell.record.cards import BLOCK_BYTES, header_bytes
from fullwell.record.header import Card, header, in_ascii
from fullwell.record.packing import Packer
from fullwell.record.rice import BLOCK_PX
from fullwell.record.rowtable import row_times_hdu
from fullwell.record.word_order import MASKS, store

STRIP_BYTES: Final = 1 << 21


def write_fits(
    frame: Frame,
    path: str | Path,
    compress: Literal["rice"] | None = None,
    truth: Truth | None = None,
    overwrite: bool = False,
    *,
    row_times: bool = False,
) -> Path:
    """Write a frame with everything that is known of it.

    The file appears whole or not at all; ``docs/decisions/0008-files.md`` explains the header.

    Parameters
    ----------
    frame : Frame
        The picture. Its data are written as they are.
    path : str or Path
        File name, by custom ending in ``.fits`` (``.fits.fz`` if compressed).
    compress : "rice", optional
        Lossless tile compression that ``funpack`` and astropy undo. The image is then in the first extension.
    truth : Truth, optional
        The answer key, added as extensions TRUTH, STARS, EFFECTS.
    overwrite : bool
        Whether a file of that name may be replaced.
    row_times : bool
        Whether to add the times of each row as extension ROWTIMES; the header tells the same in short.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    NotWritable
        No such folder, no permission, or the file exists.
    DiskFull
        No space for it. Nothing else is harmed.
    InvalidValue
        If a card that the client adds is impossible.
    UnknownName
        If there is no such compression.
    """
    if compress not in (None, "rice"):
        raise UnknownName("compression", compress, ("rice",))
    target = Path(path)
    head = primary_header(frame)
    extensions = [row_times_hdu(frame)] if row_times else []
    if truth is not None:
        extensions += answer_hdus(frame, truth, compress is not None)
    with whole_file(target, overwrite) as part:
        if compress is None:
            _write_plain(part, frame.data, head)
        else:
            _write_packed(part, frame.data, head.cards)
        _append(part, extensions)
    return target


def _write_plain(part: Path, data: NDArray[Any], head: PrimaryHeader) -> None:
    """A primary image: data in one pass that also sums, then the header with the sums."""
    words = np.ascontiguousarray(data).reshape(-1)
    strip = np.empty(min(STRIP_BYTES, words.nbytes), np.uint8)
    step = STRIP_BYTES // words.itemsize
    total = 0
    with part.open("xb", buffering=0) as file:
        file.seek(len(head.bytes(0)))
        for first in range(0, words.size, step):
            piece = words[first : first + step]
            total += store(piece, strip[: piece.nbytes], big_endian=True)
            write_all(file, strip[: piece.nbytes].data)
        write_all(file, bytes(-words.nbytes % BLOCK_BYTES))
        file.seek(0)
        write_all(file, head.bytes(checksum.fold(total)))


@dataclass(frozen=True)
class PrimaryHeader:
    """The header of a primary image, all but its sums.

    Attributes
    ----------
    structure, cards : sequence of Card
        What describes the array, and what describes the frame.
    """

    structure: Sequence[Card]
    cards: Sequence[Card]

    def bytes(self, data_sum: int) -> bytes:
        """The whole header.

        Parameters
        ----------
        data_sum : int
            One's complement sum of the data; decides nothing about the length.
        """
        return summed_header(self.structure, self.cards, data_sum)


def primary_header(frame: Frame, images: int | None = None) -> PrimaryHeader:
    """The header of a frame as a primary image.

    Parameters
    ----------
    frame : Frame
    images : int, optional
        Number of images in a cube that begins with this frame; default is a plain image.
    """
    return PrimaryHeader(structure(frame.data, images), in_ascii(header(frame)))


def structure(data: NDArray[Any], images: int | None = None) -> list[Card]:
    """The cards that describe the array."""
    axes = [Card("NAXIS1", data.shape[1], "columns"), Card("NAXIS2", data.shape[0], "rows")]
    if images is not None:
        axes.append(Card("NAXIS3", images, "frames"))
    return [
        Card("SIMPLE", True, "conforms to the FITS standard"),
        Card("BITPIX", 8 * data.itemsize, "bits per word"),
        Card("NAXIS", len(axes), "image" if images is None else "images"),
        *axes,
        Card("EXTEND", True, "extensions may follow"),
        *unsigned(data.itemsize),
    ]


def unsigned(itemsize: int) -> list[Card]:
    """The cards that make signed words unsigned ones."""
    if itemsize == 1:
        return []
    return [
        Card("BSCALE", 1, "counts = BSCALE x word + BZERO"),
        Card("BZERO", MASKS[itemsize], "unsigned words"),
    ]


def summed_header(structure: Sequence[Card], cards: Sequence[Card], data_sum: int) -> bytes:
    """A header with the sums that the standard describes.

    Parameters
    ----------
    structure, cards : sequence of Card
        See `fullwell.record.cards.header_bytes`.
    data_sum : int
        One's complement sum of the data.
    """

    def text(check: str) -> bytes:
        sums = (
            Card("CHECKSUM", check, "sum over header and data is -0"),
            Card("DATASUM", str(data_sum), "sum over the data"),
        )
        return header_bytes(structure, cards, sums)

    blank = checksum.sum_bytes(text("0" * 16))
    return text(checksum.encode(checksum.fold(blank + data_sum)))


def write_all(file: FileIO, data: bytes | memoryview) -> None:
    """Write everything: one call to the system may take less than it was given."""
    left = memoryview(data).cast("B")
    while left:
        left = left[file.write(left) :]


def _write_packed(part: Path, data: NDArray[Any], cards: Sequence[Card]) -> None:
    """An empty primary and the image as a tile-compressed extension, as ``fpack`` does it."""
    packer = Packer(data.shape, data.dtype)
    head_bytes = packed_head_bytes(data, cards)
    with part.open("xb", buffering=0) as file, packer:
        file.seek(head_bytes)
        total, heap_bytes = 0, 0
        for piece in packer.pack(data):
            total += checksum.rotated(checksum.sum_octets(piece), heap_bytes)
            write_all(file, piece.data)
            heap_bytes += piece.size
        write_all(file, bytes(-(8 * data.shape[0] + heap_bytes) % BLOCK_BYTES))
        file.seek(0)
        write_all(file, packed_head(data, cards, packer.lengths, checksum.fold(total))[0])


def packed_head_bytes(data: NDArray[Any], cards: Sequence[Card]) -> int:
    """How much stands before the compressed rows: empty primary, header, table."""
    return len(packed_head(data, cards, np.zeros(data.shape[0], np.int64), 0)[0])


def packed_head(
    data: NDArray[Any], cards: Sequence[Card], lengths: NDArray[np.int64], heap_sum: int
) -> tuple[bytes, int]:
    """What stands before the compressed rows, and the checksum of table and rows.

    Parameters
    ----------
    data : ndarray
        The image; only its shape and its words' size count.
    cards : sequence of Card
    lengths : ndarray of int64, shape (rows,)
        Of the compressed rows, bytes.
    heap_sum : int
        One's complement sum of the compressed rows.
    """
    table = np.empty((lengths.size, 2), ">i4")
    table[:, 0] = lengths
    table[:, 1] = np.cumsum(lengths) - lengths
    rows = table.tobytes()
    data_sum = checksum.fold(checksum.sum_bytes(rows) + heap_sum)
    primary = summed_header(_EMPTY_PRIMARY, (), 0)
    return primary + summed_header(_packed_structure(data, lengths), cards, data_sum) + rows, data_sum


def _packed_structure(data: NDArray[Any], lengths: NDArray[np.int64]) -> list[Card]:
    rows, columns = data.shape
    return [
        Card("XTENSION", "BINTABLE", "binary table extension"),
        Card("BITPIX", 8, "bytes"),
        Card("NAXIS", 2, "table"),
        Card("NAXIS1", 8, "bytes in a row of the table"),
        Card("NAXIS2", rows, "rows of the table"),
        Card("PCOUNT", int(lengths.sum()), "bytes of compressed rows"),
        Card("GCOUNT", 1, "one group"),
        Card("TFIELDS", 1, "columns of the table"),
        Card("TTYPE1", "COMPRESSED_DATA"),
        Card("TFORM1", f"1PB({int(lengths.max(initial=0))})", "arrays of bytes"),
        Card("ZIMAGE", True, "this is a compressed image"),
        Card("ZSIMPLE", True, "it was a primary image"),
        Card("ZBITPIX", 8 * data.itemsize, "bits per word"),
        Card("ZNAXIS", 2, "image"),
        Card("ZNAXIS1", columns, "columns"),
        Card("ZNAXIS2", rows, "rows"),
        Card("ZEXTEND", True, "extensions may follow"),
        Card("ZTILE1", columns, "columns compressed together"),
        Card("ZTILE2", 1, "rows compressed together"),
        Card("ZCMPTYPE", "RICE_1", "compression"),
        Card("ZNAME1", "BLOCKSIZE"),
        Card("ZVAL1", BLOCK_PX, "pixels in a block"),
        Card("ZNAME2", "BYTEPIX"),
        Card("ZVAL2", data.itemsize, "bytes per pixel"),
        Card("EXTNAME", "COMPRESSED_IMAGE"),
        *unsigned(data.itemsize),
    ]


_EMPTY_PRIMARY: Final = (
    Card("SIMPLE", True, "conforms to the FITS standard"),
    Card("BITPIX", 8, "bits per word"),
    Card("NAXIS", 0, "no image here"),
    Card("EXTEND", True, "the image is in the first extension"),
)


def _append(part: Path, extensions: list[Any]) -> None:
    """Add extensions behind the image."""
    if not extensions:
        return
    with fits.open(part, mode="append") as opened:
        for hdu in extensions:
            hdu.add_checksum()
            opened.append(hdu)
