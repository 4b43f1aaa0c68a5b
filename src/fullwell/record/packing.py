"""Images to compressed rows, strips of rows by several threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from fullwell.record.rice import encode_rows, longest_tile_bytes

STRIP_BYTES: Final = 1 << 21


class Packer:
    """Compresses one image after another into memory of its own. A context manager that ends its threads.

    Parameters
    ----------
    shape : tuple of int
        (rows, columns) of the images.
    dtype : dtype
        Of the images: uint8, uint16 or uint32.
    threads : int

    Attributes
    ----------
    lengths : ndarray of int64, shape (rows,)
        Of the rows compressed last, bytes.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], threads: int = 1) -> None:
        rows, columns = shape
        self.lengths = np.zeros(rows, np.int64)
        longest = longest_tile_bytes(columns, dtype.itemsize)
        step = max(1, STRIP_BYTES // longest)
        self._strips = [slice(first, min(first + step, rows)) for first in range(0, rows, step)]
        self._longest = longest
        # One thread fills as many strips as wait for the reader and no more, so memory stays in the cache.
        self._ahead = threads + 1
        self._memory = [np.empty(step * longest, np.uint8) for _ in range(self._ahead)]
        self._ends = np.zeros(rows, np.int64)
        self._pool = ThreadPoolExecutor(threads, "fullwell-pack")

    def pack(self, image: NDArray[Any]) -> Iterator[NDArray[np.uint8]]:
        """Compress an image.

        Parameters
        ----------
        image : ndarray

        Yields
        ------
        ndarray of uint8
            The compressed rows of one strip, one behind the other; valid until the next one is asked for.
        """
        rows = np.ascontiguousarray(image)
        waiting = [self._begin(rows, number) for number in range(min(self._ahead - 1, len(self._strips)))]
        for number, strip in enumerate(self._strips):
            size = waiting.pop(0).result()
            ends = self._ends[strip]
            self.lengths[strip] = np.diff(ends, prepend=0)
            if (following := number + self._ahead - 1) < len(self._strips):
                waiting.append(self._begin(rows, following))
            yield self._memory[number % self._ahead][:size]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, rows: NDArray[Any], number: int) -> Any:
        strip, memory = self._strips[number], self._memory[number % self._ahead]
        return self._pool.submit(encode_rows, rows[strip], memory, self._ends[strip])
