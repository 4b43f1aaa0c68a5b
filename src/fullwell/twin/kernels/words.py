"""From the electrons of a block to the words of the frame: well, bend, gain, offset, ADC, depth, bins."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import row_key
from fullwell.chance.lanes import add, bits_float, float_bits, higher, lower, multiply_add
from fullwell.chance.poisson import grid_index
from fullwell.chance.words import BLOCK, halves, word
from fullwell.compiled import njit
from fullwell.twin.kernels.loops import F, kernel
from fullwell.twin.kernels.noise import (
    BRIGHT,
    LARGE,
    PART_PX,
    bright_deviation,
    largest_mean,
    quantile_orders,
    shot_and_read,
    whole_and_read,
)
from fullwell.twin.kernels.workbench import (
    DEVIATION,
    ENTRY,
    INVERSE,
    JUMP,
    MEAN,
    NOISE,
    RATIO,
    ROOT,
    SHARE,
    UNIT,
    WORDS,
)

_TO_WHOLE = F(1.5 * 2**23)
"""Added to a float32 below 2^22, it rounds it: the last bits of the sum are the whole number."""
ZERO_COUNT: Final = 2 * 0x4B400000 % 2**32
"""Twice the bits of that: what stands for a count of 0 in the sum of two such numbers."""
MOST_DN: Final = 4e6
"""Up to here that works."""
_ZERO_COUNT = np.uint32(ZERO_COUNT)


class ReadOut(NamedTuple):
    """A row of one read-out chain.

    Attributes
    ----------
    noise_e : float32
        Read noise of a pixel of ratio 1.
    well_e : float32
        Where a pixel saturates.
    bend_per_e2 : float32
        Nonlinearity; see `fullwell.sensor.electrons.bend`.
    dn_per_e : float32
    row_dn : float32
        Level of the row without light, counts of the ADC.
    most_count : uint32
        The largest count of the ADC, plus `ZERO_COUNT`.
    """

    noise_e: np.float32
    well_e: np.float32
    bend_per_e2: np.float32
    dn_per_e: np.float32
    row_dn: np.float32
    most_count: np.uint32


@njit(inline="always")
def _word(mean: np.float32, deviation: np.float32, column_dn: np.float32, chain: ReadOut) -> np.uint32:
    """The count of one pixel in the lower half: bend (``deviation - bend electrons^3``), gain, offset, ADC.

    Mean and deviation from it go separate ways until both are whole counts: near 50,000 counts float32 has steps
    of 1/256, and a sum rounded to those would fill some counts with one step more than their neighbours.
    """
    electrons = mean + deviation
    bent = multiply_add(-(chain.bend_per_e2 * electrons), electrons * electrons, deviation)
    word: np.uint32 = _digits(mean, bent, column_dn, chain)
    return word


@njit(inline="always")
def _digits(mean: np.float32, deviation: np.float32, column_dn: np.float32, chain: ReadOut) -> np.uint32:
    """The second half of `_word`: counts of mean and deviation, added up."""
    base = multiply_add(mean, chain.dn_per_e, chain.row_dn + column_dn)
    whole = base + _TO_WHOLE
    rest = multiply_add(deviation, chain.dn_per_e, base - (whole - _TO_WHOLE)) + _TO_WHOLE
    count = add(float_bits(whole), float_bits(rest))
    # the zero of counts, twice the bits of `_TO_WHOLE`, is 0 in the lower half of a word
    word: np.uint32 = lower(higher(count, _ZERO_COUNT), chain.most_count)
    return word


@kernel
def large_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of means from 256 on, after `bright_means`."""
    for i in range(BLOCK):
        orders, _ = quantile_orders(own[INVERSE + i], own[SHARE + i], own[UNIT + i])
        d = shot_and_read(own[ROOT + i], own[SHARE + i], own[UNIT + i], orders) + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def middle_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of means from 40 to below 256, after `bright_means`."""
    for i in range(BLOCK):
        _, orders = quantile_orders(own[INVERSE + i], own[SHARE + i], own[UNIT + i])
        d = shot_and_read(own[ROOT + i], own[SHARE + i], own[UNIT + i], orders) + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def bright_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of any means from 40 on, after `bright_means`."""
    for i in range(BLOCK):
        two, three = quantile_orders(own[INVERSE + i], own[SHARE + i], own[UNIT + i])
        orders = two if own[MEAN + i] >= LARGE else three
        d = shot_and_read(own[ROOT + i], own[SHARE + i], own[UNIT + i], orders) + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def brighter_words(
    chain: ReadOut,
    column_dn: NDArray[np.float32],
    own: NDArray[np.float32],
    out: NDArray[np.uint16],
) -> None:
    """Words of the pixels of a block that reach 40 electrons, where others do not."""
    noise2 = chain.noise_e * chain.noise_e
    for begin in range(0, BLOCK, PART_PX):
        if largest_mean(begin, own) >= BRIGHT:
            for i in range(begin, begin + PART_PX):
                m = own[MEAN + i]
                bright = _word(m, bright_deviation(noise2, own, i) + own[JUMP + i], column_dn[i], chain)
                out[i] = np.uint16(bright) if m >= BRIGHT else out[i]


@kernel
def small_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of means below 64, after `poisson_entries`."""
    for i in range(BLOCK):
        d = whole_and_read(chain.noise_e, own, i) + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def least_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """The same as `small_words` where means are below the first of the tables: all electrons are in the jumps."""
    for i in range(BLOCK):
        m = own[MEAN + i]
        d = multiply_add(chain.noise_e * own[RATIO + i], own[UNIT + i], -m) + own[JUMP + i]
        out[i] = np.uint16(_word(m, d, column_dn[i], chain))


@kernel
def warm_words(
    stream: np.uint64,
    row: int,
    columns: NDArray[np.int32],
    start: int,
    tables: NDArray[np.uint32],
    chain: ReadOut,
    column_dn: NDArray[np.float32],
    own: NDArray[np.float32],
    out: NDArray[np.uint16],
) -> None:
    """Words of warm pixels of a block of `least_words`."""
    first, second = halves(row_key(stream, row))
    for k in range(columns.size):
        i = columns[k] - start
        drawn = word(np.uint32(columns[k]), first, second)
        own[WORDS + i] = bits_float(drawn)
        own[ENTRY + i] = bits_float(tables[grid_index(own[MEAN + i], drawn)])
        out[i] = np.uint16(
            _word(own[MEAN + i], whole_and_read(chain.noise_e, own, i) + own[JUMP + i], column_dn[i], chain)
        )


@kernel
def joined_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block; all noise is in the deviation, the well far away."""
    for i in range(BLOCK):
        d = own[DEVIATION + i] + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def apart_words(
    chain: ReadOut,
    top_e: np.float32,
    column_dn: NDArray[np.float32],
    own: NDArray[np.float32],
    out: NDArray[np.uint16],
) -> None:
    """The same as `joined_words` with the well; from a mean of `top_e` on noise and jumps are added behind it."""
    full_e = min(chain.well_e, F(MOST_DN / 2) / chain.dn_per_e)
    for i in range(BLOCK):
        m = own[MEAN + i]
        apart = m >= top_e
        d = min(own[DEVIATION + i] + (F(0.0) if apart else own[JUMP + i]), full_e - m)
        brim = m + d >= full_e
        m, d = (full_e if brim else m), (F(0.0) if brim else d)
        electrons = m + d
        bent = multiply_add(-(chain.bend_per_e2 * electrons), electrons * electrons, d)
        behind = bent + (own[NOISE + i] + own[JUMP + i] if apart else F(0.0))
        out[i] = np.uint16(_digits(m, behind, column_dn[i], chain))


@kernel
def narrow(up: int, down: int, out: NDArray[np.uint16]) -> None:
    """Words of another depth than that of the ADC: so many bits wider or narrower."""
    for i in range(BLOCK):
        out[i] = np.uint16((np.uint32(out[i]) << np.uint32(up)) >> np.uint32(down))


@kernel
def deliver(words: NDArray[np.uint16], width: int, factor: int, out: NDArray[Any]) -> None:
    """Chains side by side; exact sums of square blocks."""
    columns = width // factor
    for chain in range(words.shape[1]):
        for i in range(words.shape[0]):
            source = words[i, chain]
            target = out[i // factor, chain * columns : (chain + 1) * columns]
            if factor == 1:
                for j in range(columns):
                    target[j] = source[j]
                continue
            if i % factor == 0:
                target[:] = 0
            for j in range(columns):
                for part in range(factor):
                    target[j] += source[j * factor + part]
