"""RICE compression of words: the encoder of FITS tiles, without loss.

A row is a tile. Differences of neighbours are folded to unsigned numbers (0, -1, 1, -2 ... to 0, 1, 2, 3 ...);
each block of 32 is written with the number of low bits that suits its mean, the rest in unary. Blocks of zeros
take one code, blocks of noise beyond compression are written as they are.

References
----------
.. [1] FITS Standard 4.0, section 10.4.1 (RICE_1).
.. [2] R. Rice, P.-S. Yeh, W. Miller 1993, "Algorithms for a very high speed universal noiseless coding module",
   JPL Publication 91-1.
.. [3] W. D. Pence, R. Seaman, R. L. White 2009, PASP 121, 414 (FITS tile compression).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.record.word_order import MASKS

__all__ = ["BLOCK_PX", "encode_rows", "longest_tile_bytes"]

BLOCK_PX: Final = 32
"""Pixels that share one number of low bits."""


def longest_tile_bytes(columns: int, itemsize: int) -> int:
    """No row takes more than this when encoded.

    A block is written in unary only where its mean is small for the chosen number of low bits, which keeps it
    below the size of raw words plus two bits a pixel.
    """
    blocks = -(-columns // BLOCK_PX)
    return itemsize + columns * itemsize + -(-columns // 4) + blocks + 16


def encode_rows(rows: NDArray[Any], target: NDArray[np.uint8], ends: NDArray[np.int64]) -> int:
    """Encode rows, one behind the other.

    Parameters
    ----------
    rows : ndarray of uint8, uint16 or uint32, shape (rows, columns), C-contiguous
        In the byte order of this machine.
    target : ndarray of uint8
        At least `longest_tile_bytes` for each row.
    ends : ndarray of int64, shape (rows,)
        Gets the offset in `target` of the end of each row.

    Returns
    -------
    int
        How many bytes were written in all.

    Examples
    --------
    >>> row = np.zeros((1, 4), np.uint8)
    >>> target, ends = np.zeros(longest_tile_bytes(4, 1), np.uint8), np.zeros(1, np.int64)
    >>> encode_rows(row, target, ends), target[:2].tobytes().hex()  # the first pixel, and "all zero" in 3 bits
    (2, '0000')
    """
    bits = 8 * rows.itemsize
    code_bits, raw_code = {8: (3, 6), 16: (4, 14), 32: (5, 25)}[bits]
    return int(_encode_rows(rows, target, ends, MASKS[rows.itemsize], bits, code_bits, raw_code))


@njit(cache=True, nogil=True)
def _encode_rows(
    rows: NDArray[Any],
    target: NDArray[np.uint8],
    ends: NDArray[np.int64],
    mask: int,
    bits: int,
    code_bits: int,
    raw_code: int,
) -> np.int64:
    """See `encode_rows`; `code_bits` announce a block, of which `raw_code` low bits and more mean raw words."""
    columns = rows.shape[1]
    folded = np.empty(columns, np.uint32)
    words = np.empty(target.size // rows.shape[0] // 4 + 4, np.uint32)
    place = np.int64(0)
    for row in range(rows.shape[0]):
        _fold(rows[row], folded, bits)
        size = _encode_row(np.uint32(rows[row, 0]) ^ np.uint32(mask), folded, words, bits, code_bits, raw_code)
        # Big-endian, by whole words: what is written too much is overwritten by the next row.
        for i in range(size // 4):
            words[i] = _turned(words[i])
        if size % 4:
            words[size // 4] = _turned(words[size // 4])
        octets = words.view(np.uint8)
        for i in range(size):
            target[place + i] = octets[i]
        place += size
        ends[row] = place
    return place


@njit(cache=True, nogil=True, inline="always")
def _turned(word: np.uint32) -> np.uint32:
    """The bytes of a word in the other order."""
    pairs = ((word & np.uint32(0x00FF00FF)) << np.uint32(8)) | ((word >> np.uint32(8)) & np.uint32(0x00FF00FF))
    return np.uint32((pairs << np.uint32(16)) | (pairs >> np.uint32(16)))


@njit(cache=True, nogil=True)
def _fold(row: NDArray[Any], folded: NDArray[np.uint32], bits: int) -> None:
    """Differences of neighbours, modulo the word, as unsigned numbers."""
    up = np.uint32(32 - bits)
    folded[0] = 0
    left, right, target = row[:-1], row[1:], folded[1:]  # indices that cannot be negative are faster
    for i in range(left.size):
        step = np.uint32((np.uint32(right[i]) - np.uint32(left[i])) << up)  # the sign is now the highest bit
        sign = np.uint32(np.int32(step) >> np.int32(31))
        target[i] = np.uint32(np.uint32(step << np.uint32(1)) ^ sign) >> up


@njit(cache=True, nogil=True)
def _encode_row(
    first_word: np.uint32,
    folded: NDArray[np.uint32],
    words: NDArray[np.uint32],
    bits: int,
    code_bits: int,
    raw_code: int,
) -> np.int64:
    """Encode one row into 32-bit words, highest bit first; gives the size in bytes.

    Fewer than 32 bits wait between pixels, in the low end of `waiting`. Their word is written for every pixel and
    counted when it is full: no branch that the processor cannot foresee.
    """
    one, full = np.uint64(1), np.uint64(31)
    waiting = np.uint64(first_word)
    place = np.uint64(bits // 32)
    words[0] = first_word
    count = np.uint64(bits % 32)
    for first in range(0, folded.size, 32):
        block = folded[first : min(first + 32, folded.size)]
        total = np.uint64(0)
        for value in block:
            total += np.uint64(value)
        low_bits = _low_bits(total, block.size)
        raw = low_bits >= raw_code
        code = raw_code + 1 if raw else (low_bits + 1 if total else np.int64(0))
        waiting = (waiting << np.uint64(code_bits)) | np.uint64(code)
        count += np.uint64(code_bits)
        words[place] = np.uint32(waiting >> (count & full))
        place += count >> np.uint64(5)
        count &= full
        if raw:
            for value in block:
                waiting = (waiting << np.uint64(bits)) | np.uint64(value)
                count += np.uint64(bits)
                words[place] = np.uint32(waiting >> (count & full))
                place += count >> np.uint64(5)
                count &= full
        elif code:
            shift = np.uint64(low_bits)
            stop = one << shift
            for value in block:
                top = np.uint64(value) >> shift
                low = stop | (np.uint64(value) & (stop - one))
                while top + shift > full:  # a long run of zeros, in parts
                    part = min(top, full)
                    waiting <<= part
                    count += part
                    words[place] = np.uint32(waiting >> (count & full))
                    place += count >> np.uint64(5)
                    count &= full
                    top -= part
                    if top == 0:
                        break
                length = top + shift + one
                waiting = (waiting << length) | low
                count += length
                words[place] = np.uint32(waiting >> (count & full))
                place += count >> np.uint64(5)
                count &= full
    size = np.int64(np.uint64(4) * place + ((count + np.uint64(7)) >> np.uint64(3)))
    if count:
        words[place] = np.uint32(waiting << (np.uint64(32) - count))
    return size


@njit(cache=True, nogil=True, inline="always")
def _low_bits(total: np.uint64, size: int) -> np.int64:
    """How many low bits suit a block: those of half its mean."""
    spread = np.int64(total) - size // 2 - 1
    half = 0 if spread < 0 else (spread // size) >> 1
    count = np.int64(0)
    while half > 0:
        count += 1
        half >>= 1
    return count
