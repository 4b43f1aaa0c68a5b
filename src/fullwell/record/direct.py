"""Files written past the page cache: aligned memory, aligned places, room taken beforehand.

Through the page cache a recording at sensor speed costs a copy and, worse, the system's own schedule of writing
back: measured here, 0.3 GB/s and a busy core against 1.5 GB/s and an idle one.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import NotWritable

ALIGNMENT_BYTES: Final = 4096
"""Places, lengths and addresses of direct writes are multiples of this: the largest sector in use."""

DIRECT_FROM_BYTES: Final = 1 << 16
"""Frames smaller than this are left to the page cache, which gathers them."""

KEEP_SIZE: Final = 1
"""FALLOC_FL_KEEP_SIZE: room is taken, the length of the file is not changed."""


def aligned_memory(size_bytes: int) -> NDArray[np.uint8]:
    """Memory that direct writes can start from, in huge pages where the system has them."""
    memory = mmap.mmap(-1, size_bytes)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def round_up(size_bytes: int, unit_bytes: int) -> int:
    """The next multiple of a unit.

    Examples
    --------
    >>> round_up(2881, 2880), round_up(2880, 2880)
    (5760, 2880)
    """
    return -(-size_bytes // unit_bytes) * unit_bytes


class DirectFile:
    """A file for large writes.

    Parameters
    ----------
    path : Path
        Must not exist.
    direct : bool
        Whether to bypass the page cache; where the file system cannot, or for small pieces, that is not done.
    existing : bool
        The file exists and shall be changed, through the page cache.

    Attributes
    ----------
    path : Path
    alignment_bytes : int
        What offsets and lengths of `write` must be multiples of: 1 where the page cache is used.
    """

    def __init__(self, path: Path, direct: bool = True, existing: bool = False) -> None:
        self.path = path
        if existing:
            self._fd, self.alignment_bytes = os.open(path, os.O_RDWR | os.O_CLOEXEC), 1
        else:
            self._fd, self.alignment_bytes = _create(path, direct)
        self._reserved_bytes = 0
        self._block: NDArray[np.uint8] | None = None

    def write(self, memory: NDArray[np.uint8], offset: int) -> None:
        """Write all of `memory` at `offset`, both aligned."""
        done = 0
        while done < memory.size:
            count = os.pwrite(self._fd, memory.data[done:], offset + done)
            count -= count % self.alignment_bytes
            if count == 0:  # a part of a sector is all that there was room for
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += count

    def patch(self, data: bytes, offset: int) -> None:
        """Replace a few bytes anywhere; past the page cache, where the file already has them."""
        if self.alignment_bytes == 1:
            self.write(np.frombuffer(data, np.uint8), offset)
            return
        first = offset // ALIGNMENT_BYTES * ALIGNMENT_BYTES
        end = round_up(offset + len(data), ALIGNMENT_BYTES)
        if self._block is None or self._block.size < end - first:
            self._block = aligned_memory(end - first)
        block = self._block[: end - first]
        os.preadv(self._fd, [block.data], first)
        block[offset - first : offset - first + len(data)] = np.frombuffer(data, np.uint8)
        self.write(block, first)

    def read(self, size_bytes: int, offset: int) -> bytes:
        """Read a few bytes, through the page cache only."""
        return os.pread(self._fd, size_bytes, offset)

    @property
    def size_bytes(self) -> int:
        """How long the file is."""
        return os.fstat(self._fd).st_size

    def lock(self) -> bool:
        """Claim the file for this process, as long as it is open; False if another one has it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK):
                raise
        return True

    def reserve(self, end_bytes: int) -> None:
        """Take the room up to `end_bytes` without lengthening the file; a full disk says so here."""
        if end_bytes <= self._reserved_bytes:
            return
        _allocate(self._fd, self._reserved_bytes, end_bytes - self._reserved_bytes)
        self._reserved_bytes = end_bytes

    def truncate(self, size_bytes: int) -> None:
        """Cut the file to its length, and give back room that was taken beyond."""
        os.ftruncate(self._fd, size_bytes)
        self._reserved_bytes = min(self._reserved_bytes, size_bytes)

    def sync(self) -> None:
        """Wait until all that was written would survive a power cut."""
        os.fdatasync(self._fd)

    def is_named(self) -> bool:
        """Whether the file can still be found under its path."""
        try:
            there = self.path.stat()
        except OSError:
            return False
        here = os.fstat(self._fd)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def require_name(self) -> None:
        """Make sure that what is written can be found again.

        Raises
        ------
        NotWritable
            If the file was moved or removed meanwhile.
        """
        if not self.is_named():
            raise NotWritable(
                f"{str(self.path)!r} was moved or removed while it was being written.",
                "Leave a recording alone until it ends.",
            )

    def close(self) -> None:
        """Let go. Harmless when closed."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def _create(path: Path, direct: bool) -> tuple[int, int]:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    by_pass = getattr(os, "O_DIRECT", 0) if direct else 0
    if by_pass:
        try:
            return os.open(path, flags | by_pass, 0o666), ALIGNMENT_BYTES
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            path.unlink(missing_ok=True)  # some systems create it before they refuse
    return os.open(path, flags, 0o666), 1


@cache
def _fallocate() -> Any:
    function = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return function


def _allocate(fd: int, offset: int, size_bytes: int) -> None:
    """Take room; systems and file systems that cannot do it go without."""
    function = _fallocate()
    if function is not None and function(fd, KEEP_SIZE, offset, size_bytes) != 0:
        code = ctypes.get_errno()
        if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OSError(code, os.strerror(code))
