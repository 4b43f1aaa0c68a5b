"""Random bits turned into uniform and normal numbers: plainly for arrays, fast for kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fullwell.chance.lanes import (
    add,
    bits_float,
    both,
    exclusive_or,
    float_bits,
    shift_left,
    shift_right,
    signed_float,
    subtract,
)
from fullwell.chance.words import words
from fullwell.compiled import njit

_ROOT_HALF = np.uint32(0x3F3504F3)  # bits of sqrt(1/2)
_ONE_EXPONENT = np.uint32(1 << 23)
_LN2 = np.float32(np.log(2.0))
# Minimax fits on Chebyshev nodes: ln(1+t)/t for 1+t from sqrt(1/2) to sqrt(2), relative error 1.1e-6;
# sin(2 pi t)/t and cos(2 pi t) in t^2 for t up to 1/8, errors 2e-8 and 3e-8.
_LOG = tuple(
    np.float32(c) for c in (1.00000088, -0.50001397, 0.3331602, -0.24896855, 0.20454986, -0.1878217, 0.1220933)
)
_SINE = tuple(np.float32(c) for c in (6.28318529, -41.34166263, 81.59255351, -75.40206661))
_COSINE = tuple(np.float32(c) for c in (0.99999997, -19.73915223, 64.92125284, -83.59260972))

_PATTERN_MEAN = np.float32(3 * 63.5)
_PATTERN_SCALE = np.float32((3 * (128**2 - 1) / 12) ** -0.5)


def uniforms(stream: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Uniform numbers, above 0 and below 1, one per pixel.

    Parameters
    ----------
    stream : int
        From `fullwell.chance.keys.key`.
    rows, columns : ndarray of int64
        Sensor coordinates (total px).

    Examples
    --------
    >>> from fullwell.chance.keys import key
    >>> bool(abs(uniforms(key(1), np.arange(300), np.arange(300)).mean() - 0.5) < 0.005)
    True
    """
    return (words(stream, rows, columns).astype(np.float64) + 0.5) * 2.0**-32


def normals(stream: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Standard normal numbers, one per pixel, by the inverse of the normal distribution.

    Limits: at most 6.3 standard deviations.
    """
    return ndtri(uniforms(stream, rows, columns))


def pattern_normals(words: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Nearly normal numbers for patterns that are fixed in the sensor: the sum of three fields of 7 bits.

    Mean 0 and variance 1 are exact. Limits: uses the lowest 21 bits; at most 2.98 standard deviations.

    Parameters
    ----------
    words : ndarray of uint32

    References
    ----------
    Irwin 1927, Biometrika 19, 225; Hall 1927, Biometrika 19, 240.
    """
    total = np.zeros(words.shape)
    for field in range(3):
        total += (words >> np.uint32(7 * field)) & np.uint32(127)
    return (total - float(_PATTERN_MEAN)) * float(_PATTERN_SCALE)


@njit(inline="always")
def pattern_normal(word: np.uint32) -> np.float32:
    """One value of `pattern_normals`, for kernels."""
    lowest, middle = both(word, np.uint32(127)), both(shift_right(word, 7), np.uint32(127))
    total = add(add(lowest, middle), both(shift_right(word, 14), np.uint32(127)))
    return (signed_float(total) - _PATTERN_MEAN) * _PATTERN_SCALE


@njit(inline="always")
def minus_log(word: np.uint32) -> np.float32:
    """-ln u with u = (word/2 + 1/2) / 2^31: exponential, relative error 1e-6, from 0 to 22.2."""
    bits = float_bits(signed_float(shift_right(word, 1)) + np.float32(0.5))
    above = add(subtract(bits, _ROOT_HALF), _ONE_EXPONENT)
    exponent = shift_right(above, 23)
    mantissa = add(subtract(bits, shift_left(exponent, 23)), _ONE_EXPONENT)
    t = bits_float(mantissa) - np.float32(1.0)
    p = _LOG[6]
    p = p * t + _LOG[5]
    p = p * t + _LOG[4]
    p = p * t + _LOG[3]
    p = p * t + _LOG[2]
    p = p * t + _LOG[1]
    p = p * t + _LOG[0]
    octaves = np.float32(32.0) - signed_float(exponent)
    return max(octaves * _LN2 - p * t, np.float32(0.0))


@njit(inline="always")
def normal_pair(radius_word: np.uint32, angle_word: np.uint32) -> tuple[np.float32, np.float32]:
    """Two independent standard normal numbers from two random words (Box-Muller).

    29 bits of the second word are an angle within an eighth of a turn either side of 0; two choose the signs and
    one the exchange of sine and cosine. Relative error 3e-6; at most 6.66 standard deviations.

    References
    ----------
    Box & Muller 1958, Ann. Math. Statist. 29, 610.
    """
    radius = np.sqrt(np.float32(2.0) * minus_log(radius_word))
    turn = signed_float(both(angle_word, np.uint32(0xFFFFFFF8))) * np.float32(2.0**-34)
    square = turn * turn
    sine = turn * (_SINE[0] + square * (_SINE[1] + square * (_SINE[2] + square * _SINE[3])))
    cosine = _COSINE[0] + square * (_COSINE[1] + square * (_COSINE[2] + square * _COSINE[3]))
    exchange = both(angle_word, np.uint32(1)) != np.uint32(0)
    a = sine if exchange else cosine
    b = cosine if exchange else sine
    sign = both(shift_left(angle_word, 30), np.uint32(0x80000000))
    a = bits_float(exclusive_or(float_bits(a), sign))
    b = bits_float(exclusive_or(float_bits(b), shift_left(shift_right(both(angle_word, np.uint32(4)), 2), 31)))
    return radius * a, radius * b
