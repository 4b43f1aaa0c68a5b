"""Working memory of one thread: where each quantity of a block of pixels lies.

All numbers of a block stand in one array of float32, each quantity at a place of its own that is known when the
kernels are compiled. So the compiler sees that two of them never overlap, needs no check before each loop, and a
kernel is called with one pointer. Words of random bits lie there as the floats of those bits (`float_bits`).

Places are a little more than a block apart: a load that looks like a recent store, up to multiples of a page,
would wait for it. The array begins where a line of the cache does: a vector across two lines is written twice.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.sparse import ROOM
from fullwell.chance.words import BLOCK

_LINE: Final = 64
_STRIDE: Final = BLOCK + 3 * (_LINE // 4)

MEAN: Final = 0
"""Expected electrons."""
RATIO: Final = 1 * _STRIDE
"""Read noise relative to the median of the chain."""
UNIT: Final = 2 * _STRIDE
"""Standard normal numbers."""
JUMP: Final = 3 * _STRIDE
"""Electrons that come on top: telegraph noise, rare electrons of faint light."""
DEVIATION: Final = 4 * _STRIDE
"""Electrons less their mean, mostly with read noise."""
NOISE: Final = 5 * _STRIDE
"""Read noise by itself."""
SPARE: Final = 6 * _STRIDE
"""What is needed twice while its place is overwritten."""
WORDS: Final = 7 * _STRIDE
"""Random words, as the floats of their bits."""
ROOT: Final = 8 * _STRIDE
"""Standard deviation of shot and read noise together; before that, the logarithm behind normal numbers."""
SHARE: Final = 9 * _STRIDE
"""Read noise in that variance, a share of 0 to 1, negative."""
LIGHT: Final = 10 * _STRIDE
"""Electrons that a pixel of mean response would get from the light."""
EXTRA: Final = 11 * _STRIDE
"""Electrons of warm pixels; 0 but for the block at hand."""
_PLACES: Final = 12
ANGLES: Final = SHARE
"""More random words, for the angles of normal numbers."""
INVERSE: Final = WORDS
"""One by the standard deviation; the words have served by then."""
ENTRY: Final = ROOT
"""Index into a table, later what stands there, as the floats of their bits."""


class Workbench(NamedTuple):
    """Arrays of one thread.

    Attributes
    ----------
    own : ndarray of float32
        The places of this module, `BLOCK` numbers at each.
    pairs : ndarray of uint64
        The same memory, two numbers at a time.
    left : ndarray of float32, shape (chains,)
        The last normal number of the block before.
    kind : ndarray of uint64, shape (columns / 4,)
        Packed kinds of the pixels of a row, four in a number.
    kinds : ndarray of uint16, shape (columns,)
        The same memory.
    response : ndarray of uint64, shape (columns / 8,)
        Codes of their responses, eight in a number.
    codes : ndarray of uint8, shape (columns,)
        The same memory.
    picks, draws : ndarray of uint32, shape (BLOCK,)
        Random words of what is sparse.
    warm : ndarray of int32
        Columns of the warm pixels of a row.
    warm_e : ndarray of float32
        Their extra electrons.
    words : ndarray of uint16, shape (BLOCK,)
        A block that does not lie in the window as a whole.
    """

    own: NDArray[np.float32]
    pairs: NDArray[np.uint64]
    left: NDArray[np.float32]
    kind: NDArray[np.uint64]
    kinds: NDArray[np.uint16]
    response: NDArray[np.uint64]
    codes: NDArray[np.uint8]
    picks: NDArray[np.uint32]
    draws: NDArray[np.uint32]
    warm: NDArray[np.int32]
    warm_e: NDArray[np.float32]
    words: NDArray[np.uint16]


def workbench(total_width: int, chains: int) -> Workbench:
    """Working memory for rows of a sensor of so many columns, read by so many chains."""
    blocks = -(-total_width // BLOCK)
    columns = blocks * BLOCK
    shelf = _Shelf(4 * _PLACES * _STRIDE + 4 * chains + 3 * columns + 10 * BLOCK + 8 * (total_width + ROOM))
    kind, response = shelf.place(np.uint64, columns // 4), shelf.place(np.uint64, columns // 8)
    own = shelf.place(np.float32, _PLACES * _STRIDE)
    return Workbench(
        own=own,
        pairs=own.view(np.uint64),
        left=shelf.place(np.float32, chains),
        kind=kind,
        kinds=kind.view(np.uint16),
        response=response,
        codes=response.view(np.uint8),
        picks=shelf.place(np.uint32, BLOCK),
        draws=shelf.place(np.uint32, BLOCK),
        warm=shelf.place(np.int32, total_width + ROOM),
        warm_e=shelf.place(np.float32, total_width + ROOM),
        words=shelf.place(np.uint16, BLOCK),
    )


class _Shelf:
    """Arrays that begin where a line of the cache does, each at a place of its own within a page."""

    _PAGE: Final = 4096
    _GAP: Final = 5 * _LINE
    _MOST: Final = 16

    def __init__(self, size: int) -> None:
        memory = np.zeros(size + self._MOST * (self._GAP + self._PAGE), np.uint8)
        self._free = memory[-memory.ctypes.data % self._PAGE :]
        self._placed = 0

    def place(self, dtype: type[np.generic], size: int) -> NDArray[Any]:
        """Zeros; the n-th array begins n gaps after the beginning of a page."""
        start = self._placed * self._GAP
        taken, rest = np.split(self._free[start:], [size * np.dtype(dtype).itemsize])
        self._free = rest[-(rest.ctypes.data) % self._PAGE :]
        self._placed += 1
        return taken.view(dtype)
