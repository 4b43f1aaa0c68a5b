"""Words on their way to a file: copied, put into the order of the format and summed, in one pass at memory speed.

The sum is the FITS one (big-endian 32-bit words, one's complement), whatever the format: it identifies a frame in
every kind of file.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.record.checksum import fold, rotated, sum_bytes

__all__ = ["MASKS", "store", "warm_up"]

MASKS: Final = {1: 0, 2: 0x8000, 4: 0x80000000}
"""What turns an unsigned word into the signed one of FITS, by size in bytes."""

_LOW: Final = np.uint32(0x00FF00FF)
_EIGHT: Final = np.uint32(8)
_SIXTEEN: Final = np.uint32(16)


def store(words: NDArray[Any], target: NDArray[np.uint8], big_endian: bool, phase: int = 0) -> int:
    """Copy words into bytes.

    Parameters
    ----------
    words : ndarray of uint8, uint16 or uint32, 1-D, contiguous
        In the byte order of this machine.
    target : ndarray of uint8, as many bytes
    big_endian : bool
        True: signed big-endian words, as FITS wants them. False: little-endian ones, as they are.
    phase : int
        Bytes of the same image stored before these, modulo 4.

    Returns
    -------
    int
        Their share in the FITS checksum of the image.

    Examples
    --------
    >>> target = np.empty(4, np.uint8)
    >>> hex(store(np.array([1, 2], np.uint16), target, big_endian=True)), target.tobytes().hex()
    ('0x80018002', '80018002')
    """
    whole = words.nbytes // 4 * 4
    total = 0
    if whole and sys.byteorder == "little":
        pairs = words[: whole // words.itemsize].view(np.uint32)
        total = fold(_store_four(words.itemsize, pairs, target[:whole].view(np.uint32), big_endian))
    else:
        whole = 0
    rest = words[whole // words.itemsize :]
    if rest.size:
        masked = (rest ^ rest.dtype.type(MASKS[rest.itemsize])).astype(rest.dtype.newbyteorder(">"))
        kept = masked if big_endian else rest.astype(rest.dtype.newbyteorder("<"))
        target[whole:] = np.frombuffer(kept.tobytes(), np.uint8)
        total = fold(total + sum_bytes(masked.tobytes()))
    return rotated(total, phase)


def warm_up(dtype: np.dtype[Any]) -> None:
    """Have the loops for such words ready, so that the first frame of a recording does not wait for them.

    Parameters
    ----------
    dtype : dtype
        uint8, uint16 or uint32.
    """
    words, octets = np.zeros(16, dtype), np.zeros(16 * dtype.itemsize + 2, np.uint8)
    for place in (0, 2):
        target = octets[place : place + words.nbytes]
        store(words, target, big_endian=True)
        store(words[1:], target[dtype.itemsize :], big_endian=False)


def _store_four(itemsize: int, source: NDArray[np.uint32], target: NDArray[np.uint32], big_endian: bool) -> int:
    if itemsize == 1:
        return int(_copy_bytes(source, target))
    if itemsize == 2:
        # The first of two words lies in the low half here and in the high half there.
        return int(_store_halves(source, target, np.uint32(0x80008000), big_endian)) << 16
    return int(_store_words(source, target, np.uint32(0x80000000), big_endian))


@njit(cache=True, nogil=True)
def _copy_bytes(source: NDArray[np.uint32], target: NDArray[np.uint32]) -> np.uint64:
    total = np.uint64(0)
    for i in range(source.size):
        word = source[i]
        target[i] = word
        turned = ((word & _LOW) << _EIGHT) | ((word >> _EIGHT) & _LOW)
        total += np.uint64(np.uint32((turned << _SIXTEEN) | (turned >> _SIXTEEN)))
    return total


@njit(cache=True, nogil=True)
def _store_halves(
    source: NDArray[np.uint32], target: NDArray[np.uint32], mask: np.uint32, big_endian: bool
) -> np.uint64:
    total = np.uint64(0)
    if big_endian:
        for i in range(source.size):
            word = source[i] ^ mask
            total += np.uint64(word)
            target[i] = ((word & _LOW) << _EIGHT) | ((word >> _EIGHT) & _LOW)
    else:
        for i in range(source.size):
            total += np.uint64(source[i] ^ mask)
            target[i] = source[i]
    return total


@njit(cache=True, nogil=True)
def _store_words(
    source: NDArray[np.uint32], target: NDArray[np.uint32], mask: np.uint32, big_endian: bool
) -> np.uint64:
    total = np.uint64(0)
    for i in range(source.size):
        word = source[i] ^ mask
        total += np.uint64(word)
        if big_endian:
            turned = ((word & _LOW) << _EIGHT) | ((word >> _EIGHT) & _LOW)
            target[i] = (turned << _SIXTEEN) | (turned >> _SIXTEEN)
        else:
            target[i] = source[i]
    return total
