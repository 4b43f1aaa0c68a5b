"""Frames in memory that library and engine share; ``source/engine.h`` says the same in C.

One page of words, then a few slots. The engine lays frame n of a live run into slot n modulo the number of slots
and then says so; the library copies it out and then says that it is taken. Neither waits for the other.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.serve.sdk.wire import MAGIC, PROTOCOL

SLOTS: Final = 3
FIRST_BYTE: Final = 65536
_MOST_SLOTS: Final = 8


class _Slot(ctypes.Structure):
    _fields_ = (
        ("number", ctypes.c_uint64),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("bits", ctypes.c_uint32),
        ("channels", ctypes.c_uint32),
        ("bytes", ctypes.c_uint64),
    )


class _Page(ctypes.Structure):
    _fields_ = (
        ("magic", ctypes.c_uint32),
        ("protocol", ctypes.c_uint32),
        ("slots", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("first_byte", ctypes.c_uint64),
        ("slot_bytes", ctypes.c_uint64),
        ("made", ctypes.c_uint64),
        ("taken", ctypes.c_uint64),
        ("live", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("bits", ctypes.c_uint32),
        ("channels", ctypes.c_uint32),
        ("slot", _Slot * _MOST_SLOTS),
    )


class SharedFrames:
    """The frames of one open camera.

    Parameters
    ----------
    largest_bytes : int
        Of a frame. Memory is used only as far as frames reach.
    """

    def __init__(self, largest_bytes: int) -> None:
        slot_bytes = -(-largest_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        size = FIRST_BYTE + SLOTS * slot_bytes
        self.file = os.memfd_create("fullwell-frames")
        os.ftruncate(self.file, size)
        self._memory = mmap.mmap(self.file, size)
        self._page = _Page.from_buffer(self._memory)
        page = self._page
        page.magic, page.protocol, page.slots = MAGIC, PROTOCOL, SLOTS
        page.first_byte, page.slot_bytes = FIRST_BYTE, slot_bytes

    def view(self, slot: int, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
        """A slot as an array.

        Parameters
        ----------
        slot : int
        shape : tuple of int
            (rows, columns).
        dtype : dtype
        """
        offset = FIRST_BYTE + slot * int(self._page.slot_bytes)
        return np.frombuffer(self._memory, dtype, prod(shape), offset).reshape(shape)

    def publish(self, slot: int, data: NDArray[Any]) -> None:
        """Say what lies in a slot."""
        place = self._page.slot[slot]
        place.height, place.width = data.shape
        place.bits, place.channels, place.bytes = 8 * data.itemsize, 1, data.nbytes

    def begin_run(self, width: int, height: int, bits: int) -> None:
        """A live run of such frames begins."""
        page = self._page
        page.width, page.height, page.bits, page.channels = width, height, bits, 1
        page.made = page.taken = 0
        page.live = 1

    def end_run(self) -> None:
        """The live run is over; what was not taken is gone."""
        self._page.live = 0

    def forget(self) -> None:
        """Frames that wait are not wanted any more."""
        self._page.taken = self._page.made

    @property
    def made(self) -> int:
        """Frames laid down in this run."""
        return int(self._page.made)

    @property
    def free_slot(self) -> int | None:
        """Where the next frame of the run may be laid; None while all slots wait to be taken."""
        page = self._page
        return int(page.made % SLOTS) if page.made - page.taken < SLOTS else None

    def lay(self, slot: int, data: NDArray[Any]) -> None:
        """The frame in `slot` is complete: let it be taken."""
        self.publish(slot, data)
        self._page.slot[slot].number = self._page.made + 1
        self._page.made += 1

    def close(self) -> None:
        """Give the memory back, as soon as no view of it is held."""
        os.close(self.file)
