"""Frames on their way to clients: axes swapped, in memory that is used again, as ImageBytes or as JSON.

Alpaca counts pixels [x][y]: all rows of the first column come first. Frames are (rows, columns), so the axes
must be swapped once per frame; done naively that takes five times as long as by tiles that fit in the cache.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from fullwell.camera.buffers import Pool

HEADER: Final = struct.Struct("<iiIIiiiiiii")
"""Metadata version, error number, client and server transaction, data start, image element type, transmission
element type, rank, three dimensions.

References
----------
ASCOM Alpaca API reference, section 8 "ImageBytes"."""

INT32: Final = 2
TRANSMISSION_TYPES: Final = {np.dtype(np.uint8): 6, np.dtype(np.uint16): 8, np.dtype(np.uint32): INT32}
"""ImageArrayElementTypes for the words that cross the wire. Binned sums of 32 bits travel as Int32: sums of up to
181 x 181 pixels of 16 bits fit below the sign."""

TILE: Final = 512
_JSON_PIXELS: Final = 65_536


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(os.cpu_count() or 1, 4), thread_name_prefix="alpaca-axes")


def swap_axes(frame: NDArray[Any], out: NDArray[Any]) -> None:
    """Write the transpose of a frame, strips of columns in parallel. The interpreter lock is free meanwhile.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
    out : ndarray, shape (columns, rows)
        Same dtype; overwritten.

    Examples
    --------
    >>> frame = np.arange(6, dtype=np.uint16).reshape(2, 3)
    >>> out = np.empty((3, 2), np.uint16)
    >>> swap_axes(frame, out)
    >>> out[2, 1] == frame[1, 2]
    np.True_
    """
    rows, columns = frame.shape

    def strip(left: int) -> None:
        right = left + TILE
        for top in range(0, rows, TILE):
            bottom = top + TILE
            out[left:right, top:bottom] = frame[top:bottom, left:right].T

    for _ in _threads().map(strip, range(0, columns, TILE)):
        pass


class Picture:
    """One frame as Alpaca wants it.

    Parameters
    ----------
    frame : ndarray of uint8, uint16 or uint32, shape (rows, columns)
        Not kept.
    buffers : Pool
        Where the memory comes from.
    """

    def __init__(self, frame: NDArray[Any], buffers: Pool) -> None:
        rows, columns = frame.shape
        self.pixels = buffers.take((columns, rows), frame.dtype)
        swap_axes(frame, self.pixels)

    def header(self, client_transaction: int, server_transaction: int) -> bytes:
        """What stands before the pixels in an ImageBytes reply."""
        columns, rows = self.pixels.shape
        element = TRANSMISSION_TYPES[self.pixels.dtype]
        return HEADER.pack(
            1, 0, client_transaction, server_transaction, HEADER.size, INT32, element, 2, columns, rows, 0
        )

    def payload(self) -> memoryview:
        """The pixels as bytes, without a copy; they stay in place as long as this view lives."""
        return self.pixels.data.cast("B")

    def json(self, client_transaction: int, server_transaction: int) -> Iterator[bytes]:
        """The whole JSON reply in pieces that each take well under a millisecond to make."""
        yield (
            orjson.dumps(
                {
                    "Type": INT32,
                    "Rank": 2,
                    "ClientTransactionID": client_transaction,
                    "ServerTransactionID": server_transaction,
                    "ErrorNumber": 0,
                    "ErrorMessage": "",
                }
            )[:-1]
            + b',"Value":['
        )
        columns, rows = self.pixels.shape
        step = max(1, _JSON_PIXELS // rows)
        for left in range(0, columns, step):
            strip = orjson.dumps(self.pixels[left : left + step], option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
            yield strip if left == 0 else b"," + strip
        yield b"]}"
