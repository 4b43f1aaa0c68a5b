"""Frames as FITS files: plain images by a fast path of our own, compressed ones and tables by astropy."""

from __future__ import annotations

import sys
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
from fullwell.record.header import Card, header, in_ascii

BLOCK: Final = 2880
STRIP_PX: Final = 1 << 20
LONGEST_TEXT: Final = 68
MASKS: Final = {1: 0, 2: 0x8000, 4: 0x80000000}


def write_fits(
    frame: Frame,
    path: str | Path,
    compress: Literal["rice"] | None = None,
    truth: Truth | None = None,
    overwrite: bool = False,
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
    cards = in_ascii(header(frame))
    answers = answer_hdus(frame, truth, compress is not None) if truth is not None else []
    with whole_file(target, overwrite) as part:
        if compress is None:
            _write_plain(part, frame.data, cards)
            _append(part, answers)
        else:
            _write_compressed(part, frame.data, cards, answers)
    return target


def _write_plain(part: Path, data: NDArray[Any], cards: tuple[Card, ...]) -> None:
    """A primary image: header with blank sums, data in one pass that also sums, header again."""
    top = _primary_header(data, cards)
    with part.open("xb", buffering=0) as file:
        _write_all(file, _as_bytes(top))
        data_sum = _write_pixels(file, data)
        top["DATASUM"] = str(data_sum)
        top["CHECKSUM"] = checksum.encode(checksum.fold(checksum.sum_bytes(_as_bytes(top)) + data_sum))
        file.seek(0)
        _write_all(file, _as_bytes(top))


def _primary_header(data: NDArray[Any], cards: tuple[Card, ...]) -> fits.Header:
    top = fits.Header()
    top["SIMPLE"] = (True, "conforms to the FITS standard")
    top["BITPIX"] = (8 * data.itemsize, "bits per word")
    top["NAXIS"] = (2, "image")
    top["NAXIS1"] = (data.shape[1], "columns")
    top["NAXIS2"] = (data.shape[0], "rows")
    top["EXTEND"] = (True, "extensions may follow")
    if data.itemsize > 1:
        top["BSCALE"] = (1, "counts = BSCALE x word + BZERO")
        top["BZERO"] = (MASKS[data.itemsize], "unsigned words")
    _add(top, cards)
    top["CHECKSUM"] = ("0" * 16, "sum over header and data is -0")
    top["DATASUM"] = ("0", "sum over the data")
    return top


def _add(top: fits.Header, cards: tuple[Card, ...]) -> None:
    if any(isinstance(card.value, str) and len(card.value) > LONGEST_TEXT for card in cards):
        top.append(("LONGSTRN", "OGIP 1.0", "long texts go on in CONTINUE cards"), end=True)
    for keyword, value, comment in cards:
        if keyword == "HISTORY":
            top.add_history(value)
            continue
        used = len(fits.Card(keyword, value).image.rstrip())
        # A comment that does not fit behind a long text gives way to it.
        top.append((keyword, value, comment if used + len(" / ") + len(comment) <= 80 else ""), end=True)


def _as_bytes(top: fits.Header) -> bytes:
    return bytes(top.tostring().encode("ascii"))


def _write_pixels(file: FileIO, data: NDArray[Any]) -> int:
    """Write the words as big-endian signed ones, padded to whole blocks; return their checksum."""
    flat = np.ascontiguousarray(data).reshape(-1)
    mask = flat.dtype.type(MASKS[flat.itemsize])
    strip = np.empty(min(STRIP_PX, flat.size), flat.dtype)
    total = 0
    for first in range(0, flat.size, STRIP_PX):
        words = strip[: min(STRIP_PX, flat.size - first)]
        np.bitwise_xor(flat[first : first + words.size], mask, out=words)
        total += checksum.sum_words(words)
        if sys.byteorder == "little":
            words.byteswap(inplace=True)
        _write_all(file, words.data)
    _write_all(file, bytes(-flat.nbytes % BLOCK))
    return checksum.fold(total)


def _write_all(file: FileIO, data: bytes | memoryview) -> None:
    """Write everything: one call to the system may take less than it was given."""
    left = memoryview(data).cast("B")
    while left:
        left = left[file.write(left) :]


def _write_compressed(part: Path, data: NDArray[Any], cards: tuple[Card, ...], answers: list[Any]) -> None:
    """An empty primary and the image as a tile-compressed extension, as ``fpack`` does it."""
    was_primary = fits.Header([("SIMPLE", True)])  # so that funpack makes a plain primary image of it again
    image = fits.CompImageHDU(data, was_primary, compression_type="RICE_1")
    _add(image.header, cards)
    fits.HDUList([fits.PrimaryHDU(), image, *answers]).writeto(part, checksum=True)


def _append(part: Path, answers: list[Any]) -> None:
    """Add extensions behind the plain image."""
    if not answers:
        return
    with fits.open(part, mode="append") as opened:
        for hdu in answers:
            hdu.add_checksum()
            opened.append(hdu)
