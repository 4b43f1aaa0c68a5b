"""Memory of frames: checked when the caller brings it, reused when the camera lends it.

A fresh buffer of 123 MB costs as much time in page faults as the frame in it, so memory is kept; but a buffer
returns to the pool only when the array that was lent and every view of it are gone. Nothing that a caller still
holds is ever written to again.
"""

from __future__ import annotations

import mmap
import weakref
from collections import deque
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue


class Pool:
    """Lends arrays and takes their memory back when nobody holds them any more.

    Parameters
    ----------
    kept : int
        How many unused buffers it keeps.

    Examples
    --------
    >>> pool = Pool()
    >>> lent = pool.take((2, 3), np.dtype(np.uint16))
    >>> address = lent.ctypes.data
    >>> row = lent[0]
    >>> del lent
    >>> pool.take((2, 3), np.dtype(np.uint16)).ctypes.data == address  # a view is still held
    False
    >>> del row
    >>> pool.take((2, 3), np.dtype(np.uint16)).ctypes.data == address
    True
    """

    def __init__(self, kept: int = 2) -> None:
        self.kept = kept
        self._size_bytes = 0
        self._idle: deque[mmap.mmap] = deque()

    def take(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
        """An array with arbitrary content.

        Parameters
        ----------
        shape : tuple of int
            (rows, columns).
        dtype : dtype
        """
        size_bytes = prod(shape) * dtype.itemsize
        if size_bytes != self._size_bytes:
            self._size_bytes = size_bytes
            self._idle.clear()
        memory = self._idle.pop() if self._idle else None
        if memory is None or len(memory) != size_bytes:
            memory = _fresh(size_bytes)
        lent: NDArray[Any] = np.ndarray(shape, dtype, memory)
        weakref.finalize(lent, self._take_back, memory).atexit = False
        return lent

    def _take_back(self, memory: mmap.mmap) -> None:
        """Runs in any thread at any moment, so it takes no lock."""
        if len(memory) == self._size_bytes and len(self._idle) < self.kept:
            self._idle.append(memory)


def _fresh(size_bytes: int) -> mmap.mmap:
    """New memory, in huge pages where the system has them.

    It must not belong to an ndarray: numpy would make that the base of every view, and the array that was lent
    could die before its views.
    """
    memory = mmap.mmap(-1, size_bytes)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def checked(out: NDArray[Any], shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The caller's own buffer, if a frame fits into it as it is.

    Parameters
    ----------
    out : ndarray
        What the caller gave.
    shape : tuple of int
        (rows, columns) of the frame to come.
    dtype : dtype
        Word of the frame to come.

    Raises
    ------
    InvalidValue
        If shape or dtype differ, or the memory is not contiguous, aligned and writable.
    """
    remedy = f"Give numpy.empty({shape}, numpy.{dtype.name}), or leave `out` away."
    if not isinstance(out, np.ndarray):
        raise InvalidValue(f"`out` is a {type(out).__name__}, not a numpy array.", remedy)
    if out.shape != shape or out.dtype != dtype:
        raise InvalidValue(f"`out` is {out.shape} of {out.dtype}; the frame will be {shape} of {dtype}.", remedy)
    if not (out.flags.c_contiguous and out.flags.writeable and out.flags.aligned):
        raise InvalidValue("`out` must be contiguous, aligned and writable.", remedy)
    return out
