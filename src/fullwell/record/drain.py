"""From memory to the disk: aligned chunks, filled by one thread while another writes those before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.record.checksum import fold
from fullwell.record.direct import ALIGNMENT_BYTES, DirectFile, aligned_memory, round_up
from fullwell.record.word_order import store

CHUNK_BYTES: Final = 8 << 20
"""Large enough for the disk's full speed with one write at a time."""

CHUNKS: Final = 5

Memory = NDArray[np.uint8]


class _Write(NamedTuple):
    file: DirectFile
    offset: int
    memory: Memory
    size_bytes: int


class Drain:
    """The thread that writes chunks, in the order in which they are given.

    Order matters: a frame that ends within a sector shares it with the next one.

    Parameters
    ----------
    chunks : int
        How many there are; whoever fills them waits when all are on their way.

    Attributes
    ----------
    error : OSError or None
        What has stopped the writing. Later chunks are thrown away.
    written_bytes : int
    """

    def __init__(self, chunks: int = CHUNKS) -> None:
        self.error: OSError | None = None
        self.written_bytes = 0
        self._chunks = chunks
        self._free: SimpleQueue[Memory] = SimpleQueue()
        self._work: SimpleQueue[_Write | Callable[[], None] | None] = SimpleQueue()
        for _ in range(chunks):
            self._free.put(aligned_memory(CHUNK_BYTES))
        self._thread = threading.Thread(target=self._write_all, name="fullwell-drain", daemon=True)
        self._thread.start()

    @property
    def fill_percent(self) -> float:
        """How many of the chunks are on their way."""
        return 100 * (1 - self._free.qsize() / self._chunks)

    def take(self) -> Memory:
        """A chunk to be filled; waits until one is free."""
        return self._free.get()

    def give_back(self, memory: Memory) -> None:
        """A chunk that is not needed after all."""
        self._free.put(memory)

    def write(self, file: DirectFile, offset: int, memory: Memory, size_bytes: int) -> None:
        """Write the first bytes of a chunk, which then is free again."""
        self._work.put(_Write(file, offset, memory, size_bytes))

    def then(self, call: Callable[[], None]) -> None:
        """Call something, in the thread, when all that was given before has been written or has failed."""
        self._work.put(call)

    def close(self) -> None:
        """Wait until everything is written."""
        self._work.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while (job := self._work.get()) is not None:
            if not isinstance(job, _Write):
                job()
                continue
            try:
                if self.error is None:
                    job.file.write(job.memory[: job.size_bytes], job.offset)
                    self.written_bytes += job.size_bytes
            except OSError as error:
                self.error = error
            self._free.put(job.memory)


class Outflow:
    """Bytes on their way to one file, from its beginning on.

    Parameters
    ----------
    drain : Drain
    file : DirectFile
    head_bytes : int
        How much at the beginning is left for `release`; with that, the first chunk is written last of all. 0 = no
        such thing.

    Attributes
    ----------
    position : int
        Offset in the file of the next byte.
    """

    def __init__(self, drain: Drain, file: DirectFile, head_bytes: int = 0) -> None:
        self._drain, self._file = drain, file
        self._chunk = drain.take()
        self._base = 0
        self._hold = head_bytes > 0
        self._held: tuple[Memory, int] | None = None
        self.position = head_bytes

    def words(self, words: NDArray[Any], big_endian: bool, phase: int = 0) -> int:
        """Add words, see `fullwell.record.word_order.store`; gives their share in the checksum."""
        total, done, itemsize = 0, 0, words.itemsize
        while done < words.size:
            here = self.position - self._base
            count = min(words.size - done, (CHUNK_BYTES - here) // itemsize)
            target = self._chunk[here : here + count * itemsize]
            total += store(words[done : done + count], target, big_endian, (phase + done * itemsize) % 4)
            done += count
            self.position += count * itemsize
            if self.position - self._base > CHUNK_BYTES - itemsize:
                self._submit()
        return fold(total)

    def zeros(self, size_bytes: int) -> None:
        """Add zeros, less than a chunk."""
        self.words(np.zeros(size_bytes, np.uint8), big_endian=True)

    def flush(self) -> None:
        """Send off what is there. What does not fill a sector is sent again with what follows."""
        if self.position > self._base:
            self._submit()

    def release(self, head: bytes) -> None:
        """Fill in the beginning and send it off, after everything else."""
        self.flush()
        assert self._held is not None
        memory, size_bytes = self._held
        memory[: len(head)] = np.frombuffer(head, np.uint8)
        self._held = None
        self._drain.write(self._file, 0, memory, size_bytes)

    def end(self) -> None:
        """Give the chunks back that have not been sent off."""
        self._drain.give_back(self._chunk)
        if self._held is not None:
            self._drain.give_back(self._held[0])
            self._held = None

    def _submit(self) -> None:
        """Send the chunk off and take another, which begins with the last bytes if they do not fill a sector."""
        used = self.position - self._base
        sector = self._file.alignment_bytes
        rest = used % sector
        filled = round_up(used, sector)
        self._chunk[used:filled] = 0
        following = self._drain.take()
        following[:rest] = self._chunk[used - rest : used]
        if self._hold:
            self._held, self._hold = (self._chunk, filled), False
        else:
            self._drain.write(self._file, self._base, self._chunk, filled)
        self._chunk = following
        self._base += used - rest


assert CHUNK_BYTES % ALIGNMENT_BYTES == 0
