"""GPS stamps in files: in the pixels, wherever flips have put them, or in the cards that N.I.N.A. writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.readout.gps import (
    Edge,
    GpsStamp,
    decode,
    latitude_word,
    longitude_word,
    resembles_a_stamp,
    stamp_bytes,
)

__all__ = ["Found", "in_cards", "in_pixels"]

CUT_NS: Final = 1_000
"""N.I.N.A. cuts the ticks of a stamp to whole microseconds."""


class Found(NamedTuple):
    """A stamp, and what its place tells of the file.

    Attributes
    ----------
    stamp : GpsStamp
    flipped, mirrored : bool
        Whether the first pixel that was read is in the last row, or in the last column.
    """

    stamp: GpsStamp
    flipped: bool
    mirrored: bool


def in_pixels(first: NDArray[Any], last: NDArray[Any]) -> Found | None:
    """The stamp at one of the four corners of a frame.

    Parameters
    ----------
    first, last : ndarray, shape (columns,)
        First and last row of the file.

    Returns
    -------
    Found or None
        None where nothing resembles a stamp.
    """
    for flipped, mirrored in ((False, False), (True, False), (False, True), (True, True)):
        row = _words(last if flipped else first)
        if row is None or row.nbytes < 44:
            return None
        stamp = decode(stamp_bytes(row[::-1] if mirrored else row))
        if resembles_a_stamp(stamp):
            return Found(stamp, flipped, mirrored)
    return None


def _words(row: NDArray[Any]) -> NDArray[Any] | None:
    """Pixels as the unsigned words that the camera sent; None where they are anything else."""
    if row.dtype.kind == "u" and row.itemsize <= 4:
        return row
    if row.dtype.kind not in "if":
        return None
    with np.errstate(invalid="ignore"):
        words = row.astype(np.uint16)
    return words if np.array_equal(words, row) else None


def in_cards(header: Mapping[str, Any]) -> GpsStamp | None:
    """The stamp that N.I.N.A. has copied into the header; None where it has not.

    Its counts are whole microseconds: times are up to `CUT_NS` early.
    """
    try:
        return GpsStamp(
            sequence=int(header.get("GPS_SEQ", 1)),
            temporary=0,
            width=int(header["GPS_W"]),
            height=int(header["GPS_H"]),
            latitude_word=latitude_word(float(header["GPS_LAT"])),
            longitude_word=longitude_word(float(header["GPS_LON"])),
            start=_edge(header, "S"),
            end=_edge(header, "E"),
            now=_edge(header, "N"),
            pps_count=int(header["GPS_PPS"]),
        )
    except (KeyError, TypeError, ValueError, InvalidValue):
        return None


def _edge(header: Mapping[str, Any], letter: str) -> Edge:
    state = int(header[f"GPS_{letter}FLG"])
    return Edge((state & 3) << 4, int(header[f"GPS_{letter}SEC"]), 10 * int(header[f"GPS_{letter}US"]))
