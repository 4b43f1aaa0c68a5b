"""The FITS checksum: 32-bit one's complement sums and their text form.

References
----------
.. [1] FITS Standard 4.0, Appendix J; Seaman, Pence, Rots 2012, "FITS Checksum Proposal".
"""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MASK: Final = 0xFFFFFFFF
_OUTSIDE_LETTERS_AND_DIGITS: Final = frozenset(b":;<=>?@[\\]^_`")


def fold(total: int) -> int:
    """A plain sum of 32-bit words as their one's complement sum: carries are added at the low end."""
    while total >> 32:
        total = (total & MASK) + (total >> 32)
    return total


def sum_bytes(data: bytes) -> int:
    """One's complement sum of bytes taken as big-endian 32-bit words.

    Parameters
    ----------
    data : bytes
        Zeros are thought at the end up to a whole word.

    Examples
    --------
    >>> hex(sum_bytes(bytes.fromhex("ffffffff00000002")))
    '0x2'
    """
    return fold(int(np.frombuffer(data + bytes(-len(data) % 4), ">u4").sum(dtype=np.uint64)))


def sum_octets(octets: NDArray[np.uint8]) -> int:
    """One's complement sum of many bytes taken as big-endian 32-bit words, without a copy."""
    whole = octets.size // 4 * 4
    total = int(octets[:whole].view(">u4").sum(dtype=np.uint64))
    return fold(total + sum_bytes(octets[whole:].tobytes()))


def rotated(total: int, offset: int) -> int:
    """The sum of bytes that do not begin with a 32-bit word.

    Parameters
    ----------
    total : int
        Their sum as if they did.
    offset : int
        Where they begin.

    Examples
    --------
    2^32 = 1 in one's complement, so a shift of the bytes is a rotation of their sum.

    >>> rotated(sum_bytes(b"12"), 6) == sum_bytes(bytes(6) + b"12")
    True
    """
    phase = offset % 4
    return fold(total << (32 - 8 * phase)) if phase else total


def sum_words(words: NDArray[Any]) -> int:
    """One's complement sum of the bytes that `words` have when written big-endian.

    Parameters
    ----------
    words : ndarray of uint8, uint16 or uint32, contiguous
        In the byte order of this machine.

    Examples
    --------
    >>> sum_words(np.array([1, 2, 3], np.uint16)) == sum_bytes(bytes([0, 1, 0, 2, 0, 3]))
    True
    """
    if words.itemsize == 1 or words.nbytes % 4:
        return sum_bytes(words.astype(words.dtype.newbyteorder(">")).tobytes())
    total = int(words.view(np.uint32).sum(dtype=np.uint64))
    if words.itemsize == 2 and sys.byteorder == "little":
        # The first of two words lies in the low half; 2^32 = 1 in one's complement, so 16 bits left is a swap.
        total <<= 16
    return fold(total)


def encode(checksum: int) -> str:
    """A header-plus-data sum as the 16 letters of the CHECKSUM card that bring the total to -0.

    Parameters
    ----------
    checksum : int
        Sum of the whole HDU with sixteen "0" in the card.

    Examples
    --------
    The example of the standard's Appendix J.

    >>> encode(868229149)
    'hcHjjc9ghcEghc9g'
    """
    complement = (~checksum & MASK).to_bytes(4, "big")
    columns = [_four_letters(byte) for byte in complement]
    text = bytes(columns[column][row] for row in range(4) for column in range(4))
    return (text[-1:] + text[:-1]).decode("ascii")


def _four_letters(byte: int) -> list[int]:
    """Four letters or digits whose codes sum to `byte` + 4 x 48."""
    quotient, remainder = divmod(byte, 4)
    letters = [48 + quotient + remainder, 48 + quotient, 48 + quotient, 48 + quotient]
    while any(letter in _OUTSIDE_LETTERS_AND_DIGITS for letter in letters):
        for pair in (0, 2):
            if not _OUTSIDE_LETTERS_AND_DIGITS.isdisjoint(letters[pair : pair + 2]):
                letters[pair] += 1
                letters[pair + 1] -= 1
    return letters
