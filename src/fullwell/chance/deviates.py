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
    multiply_add,
    nearest,
    shift_left,
    shift_right,
    signed_float,
    subtract,
    truncate,
)
from fullwell.chance.words import words
from fullwell.compiled import njit

_MANTISSA = np.uint32(0x7FFFFF)
_BITS_2_31 = np.uint32(0x4F000000)  # bits of the float32 2^31
_LN2 = np.log(2.0)
_BITS_LN2 = np.float32(-_LN2 * 2.0**-23)
_LOG2_E = np.float32(1.0 / _LN2)
_ROOT2 = np.sqrt(2.0)
# Minimax fits: (ln(1+t) - t ln 2) / (t (1-t)) for t from 0 to 1, so that the logarithm is off by 1.6e-6 at most;
# sin(2 pi t)/t and cos(2 pi t) in t^2 for t up to 1/4, errors 6e-7 and 7e-6; 2^t for t up to 1/2, relative 8e-8.
_SAG = tuple(np.float32(c) for c in (0.306748762, -0.191031381, 0.126116686, -0.0665110808, 0.0179115477))
_SINE = tuple(np.float32(c * _ROOT2) for c in (6.28316405, -41.3371433, 81.3408019, -70.9937519))
_COSINE = tuple(np.float32(c * _ROOT2) for c in (0.999993299, -19.7357534, 64.6606064, -78.2169046))
_POWER = tuple(
    np.float32(c) for c in (1.00000007, 0.693146967, 0.240221196, 0.0555071351, 0.00967554853, 0.00132764054)
)


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


@njit(inline="always")
def minus_log(word: np.uint32) -> np.float32:
    """-ln u with u = (word/2 + 1/2) / 2^31: exponential, from 0 to 22.2, absolute error 2e-6.

    The bits of a float32, read as an integer, are the logarithm with straight lines between the powers of two; a
    polynomial adds by how much the logarithm sags above the lines.
    """
    bits = float_bits(signed_float(shift_right(word, 1)) + np.float32(0.5))
    lines = signed_float(subtract(bits, _BITS_2_31)) * _BITS_LN2
    t = signed_float(both(bits, _MANTISSA)) * np.float32(2.0**-23)
    sag = multiply_add(_SAG[4], t, _SAG[3])
    sag = multiply_add(sag, t, _SAG[2])
    sag = multiply_add(sag, t, _SAG[1])
    sag = multiply_add(sag, t, _SAG[0])
    return max(multiply_add(-sag, multiply_add(-t, t, t), lines), np.float32(0.0))


@njit(inline="always")
def normal_pair(radius_word: np.uint32, angle_word: np.uint32) -> tuple[np.float32, np.float32]:
    """Two independent standard normal numbers from two random words (Box-Muller).

    The upper 31 bits of the first word are the radius, the lowest is the sign of the cosine; the second word
    is an angle within a quarter of a turn either side of 0. Error 7e-6 of the radius, which is 6.66 at most.

    References
    ----------
    Box & Muller 1958, Ann. Math. Statist. 29, 610.
    """
    return turned(radius_word, angle_word, np.sqrt(minus_log(radius_word)))


@njit(inline="always")
def turned(radius_word: np.uint32, angle_word: np.uint32, root: np.float32) -> tuple[np.float32, np.float32]:
    """The second half of `normal_pair`: `root` is the root of the `minus_log` of the first word."""
    turn = signed_float(angle_word) * np.float32(2.0**-33)
    square = turn * turn
    sine = multiply_add(_SINE[3], square, _SINE[2])
    sine = multiply_add(sine, square, _SINE[1])
    sine = multiply_add(sine, square, _SINE[0])
    cosine = multiply_add(_COSINE[3], square, _COSINE[2])
    cosine = multiply_add(cosine, square, _COSINE[1])
    cosine = multiply_add(cosine, square, _COSINE[0])
    cosine = bits_float(exclusive_or(float_bits(cosine), shift_left(radius_word, 31)))
    return (root * turn) * sine, root * cosine


@njit(inline="always")
def exponential(x: np.float32) -> np.float32:
    """Give e to the power of x for kernels, relative error 1e-6 from -10 to 10; limits: -80 to 80."""
    octaves = x * _LOG2_E
    whole = nearest(octaves)
    t = octaves - whole
    power = multiply_add(_POWER[5], t, _POWER[4])
    power = multiply_add(power, t, _POWER[3])
    power = multiply_add(power, t, _POWER[2])
    power = multiply_add(power, t, _POWER[1])
    power = multiply_add(power, t, _POWER[0])
    return bits_float(add(float_bits(power), shift_left(truncate(whole), 23)))
