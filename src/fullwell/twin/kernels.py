"""Loops over a block of pixels: each does one step of the physics for the columns of one block of a row.

Every loop runs over a whole number of vectors and touches little memory, so that eight pixels go at a time and
all stays in the first-level cache. Short loops, one after the other, are faster than a long one: a processor
looks ahead over some hundred operations, and the chain of those that wait for each other must fit in there. The
formulae are those of `fullwell.sensor` and `fullwell.readout`; all rounding is spelt out (`multiply_add`), so
that a pixel comes out the same in whichever loop.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import minus_log, normal_pair, pattern_sums, turned
from fullwell.chance.keys import row_key
from fullwell.chance.lanes import (
    add,
    bits_float,
    both,
    float_bits,
    higher,
    lower,
    multiply_add,
    nearest,
    shift_left,
    shift_right,
    signed_float,
    truncate,
)
from fullwell.chance.poisson import SMALL_MEAN, add_remainders, grid_index, grid_poisson, poisson_quantile
from fullwell.chance.words import BLOCK, halves, upper_word, upper_words, whole_word
from fullwell.compiled import njit
from fullwell.twin.plan import NOISE_BASE

F = np.float32
HALF_BLOCK: Final = BLOCK // 2
PARTS: Final = 8
"""A block in which faint and bright pixels meet is looked at in so many parts."""
PART_PX: Final = BLOCK // PARTS
LARGE_MEAN: Final = 256.0
"""From this mean on the third order of the quantile of Poisson + Gauss is left out."""
SMALL, LARGE = F(SMALL_MEAN), F(LARGE_MEAN)
_NOISE_BASE = np.uint32(NOISE_BASE)
_ONE = F(1.0)
kernel = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
"""Without numba's reference counts: they cost as much as a whole step, and nothing is allocated here."""


@kernel
def fill(value: np.float32, out: NDArray[np.float32]) -> None:
    """Set all; numba's own assignment to a slice is several times slower."""
    for i in range(out.size):
        out[i] = value


@kernel
def copy(source: NDArray[Any], out: NDArray[Any]) -> None:
    """Copy all; see `fill`."""
    for i in range(out.size):
        out[i] = source[i]


@njit(inline="always")
def _pair_keys(stream: np.uint64, row: int) -> tuple[np.uint64, np.uint64]:
    key = row_key(stream, row)
    return key, key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)


@kernel
def normals(
    stream: np.uint64,
    row: int,
    block: int,
    radius_word: NDArray[np.uint32],
    angle_word: NDArray[np.uint32],
    root: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Standard normal numbers of a block; one pair of random words makes two, half a block apart."""
    radius_key, angle_key = _pair_keys(stream, row)
    upper_words(radius_key, block * HALF_BLOCK, radius_word)
    upper_words(angle_key, block * HALF_BLOCK, angle_word)
    half = out[HALF_BLOCK:]
    for i in range(half.size):
        root[i] = np.sqrt(minus_log(radius_word[i]))
    for i in range(half.size):
        out[i], half[i] = turned(radius_word[i], angle_word[i], root[i])


@kernel
def last_normal(stream: np.uint64, row: int, block: int) -> np.float32:
    """The last of the `normals` of a block; that of block -1 belongs to column -1."""
    radius_key, angle_key = _pair_keys(stream, row)
    a, b = halves(radius_key)
    c, d = halves(angle_key)
    place = np.uint32((block + 1) * HALF_BLOCK - 1)
    _, normal = normal_pair(upper_word(place, a, b), upper_word(place, c, d))
    return normal


@kernel
def pixel_kinds(
    stream: np.uint64,
    row: int,
    block: int,
    kinds: NDArray[np.uint64],
    index: NDArray[np.uint32],
    kind: NDArray[np.uint64],
) -> None:
    """The packed properties of the pixels of a block, four of them in a number."""
    upper_words(row_key(stream, row), block * index.size, index)
    for i in range(index.size):
        group = index[i] >> np.uint32(22)
        kind[2 * i], kind[2 * i + 1] = kinds[group, 0], kinds[group, 1]


@kernel
def expected(
    stream: np.uint64,
    row: int,
    block: int,
    prnu_step: np.float32,
    prnu_least: np.float32,
    dark_step_e: np.float32,
    glow_e: np.float32,
    glow_share: NDArray[np.float32],
    light: NDArray[np.float32],
    kind: NDArray[np.uint16],
    pixel: NDArray[np.uint32],
    mean: NDArray[np.float32],
    ratio: NDArray[np.float32],
) -> tuple[np.uint32, np.uint32]:
    """Expected electrons of ordinary pixels, and read noise in its packed unit.

    Returns
    -------
    tuple of uint32
        The bits of the least and the largest mean.
    """
    upper_words(row_key(stream, row), block * HALF_BLOCK, pixel)
    far = mean[HALF_BLOCK:]
    for i in range(far.size):
        here, there = pattern_sums(whole_word(pixel[i]))
        mean[i] = multiply_add(prnu_step, here, prnu_least)
        far[i] = multiply_add(prnu_step, there, prnu_least)
    least, most = np.uint32(0x7F800000), np.uint32(0)
    for i in range(mean.size):
        packed = np.uint32(kind[i])
        dark = multiply_add(glow_e, glow_share[i], dark_step_e * signed_float(both(packed, np.uint32(127))))
        m = multiply_add(light[i], mean[i], dark)
        mean[i] = m
        ratio[i] = bits_float(add(shift_left(shift_right(packed, 7), 16), _NOISE_BASE))
        least, most = lower(least, float_bits(m)), higher(most, float_bits(m))
    return least, most


@kernel
def remember_left(
    own: np.float32, neighbour: np.float32, unit: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Correlate unit noise with that of the left neighbours; ``unit[i + 1]`` belongs to pixel i."""
    here = unit[1:]
    for i in range(out.size):
        out[i] = multiply_add(own, here[i], neighbour * unit[i])


@kernel
def read_noise(
    noise_e: np.float32,
    ratio: NDArray[np.float32],
    unit: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> None:
    """Read noise of each pixel, electrons."""
    for i in range(noise.size):
        noise[i] = noise_e * ratio[i] * unit[i]


@kernel
def small_signal(
    stream: np.uint64,
    row: int,
    block: int,
    tables: NDArray[np.uint32],
    mean: NDArray[np.float32],
    index: NDArray[np.uint32],
    drawn: NDArray[np.uint32],
    count: NDArray[np.float32],
) -> None:
    """Exact Poisson numbers of small means."""
    upper_words(row_key(stream, row), block * BLOCK, drawn)
    for i in range(count.size):
        drawn[i] = whole_word(drawn[i])
        index[i] = grid_index(mean[i], drawn[i])
    for i in range(count.size):
        index[i] = tables[index[i]]
    for i in range(count.size):
        count[i] = grid_poisson(drawn[i], index[i])
    add_remainders(row_key(stream ^ np.uint64(0x5555555555555555), row), block, tables, mean, index, count)


@kernel
def least_signal(
    stream: np.uint64,
    row: int,
    block: int,
    tables: NDArray[np.uint32],
    mean: NDArray[np.float32],
    index: NDArray[np.uint32],
    count: NDArray[np.float32],
) -> None:
    """The same as `small_signal` where all means are below the first of the tables."""
    fill(F(0.0), count)
    add_remainders(row_key(stream ^ np.uint64(0x5555555555555555), row), block, tables, mean, index, count)


@kernel
def with_read_noise(
    noise_e: np.float32,
    ratio: NDArray[np.float32],
    unit: NDArray[np.float32],
    mean: NDArray[np.float32],
    count: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Counted electrons less their mean, with read noise."""
    for i in range(out.size):
        out[i] = multiply_add(noise_e * ratio[i], unit[i], count[i] - mean[i])


@kernel
def whole_signal(
    stream: np.uint64, row: int, block: int, mean: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Whole electrons of large means by the quantile of the Poisson distribution, less the mean."""
    a, b = halves(row_key(stream ^ np.uint64(0x3333333333333333), row))
    c, d = halves(row_key(stream ^ np.uint64(0x7777777777777777), row))
    first = block * BLOCK
    for i in range(out.size):
        place = np.uint32(first + i)
        normal, _ = normal_pair(upper_word(place, a, b), upper_word(place, c, d))
        out[i] = poisson_quantile(mean[i], normal) - mean[i]


@kernel
def large_signal(
    noise_e: np.float32,
    ratio: NDArray[np.float32],
    unit: NDArray[np.float32],
    mean: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Shot and read noise together from one normal number: Cornish-Fisher quantile of Poisson + Gauss.

    All cumulants of the sum from the third on are the mean m; with v = m + sigma^2, a = m / v, r = v^-1/2 the
    expansion is carried through r.

    References
    ----------
    Cornish & Fisher 1938, Rev. Inst. Int. Stat. 5, 307; Abramowitz & Stegun 26.2.49.
    """
    noise2 = noise_e * noise_e
    for i in range(out.size):
        m = mean[i]
        w = unit[i]
        s = np.sqrt(multiply_add(noise2, ratio[i] * ratio[i], m))
        r = _ONE / s
        a = m * (r * r)
        q = w * w
        first = multiply_add(q, F(1 / 6), F(-1 / 6))
        second = multiply_add(a, F(5 / 36), F(-1 / 8))
        second = multiply_add(q, multiply_add(a, F(-1 / 18), F(1 / 24)), second)
        out[i] = multiply_add(s, w, a * multiply_add(r * w, second, first))


@kernel
def middle_signal(
    noise_e: np.float32,
    ratio: NDArray[np.float32],
    unit: NDArray[np.float32],
    mean: NDArray[np.float32],
    spare: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """The same as `large_signal` for means from 64 on: the expansion is carried through r^2."""
    noise2 = noise_e * noise_e
    for i in range(out.size):
        s = np.sqrt(multiply_add(noise2, ratio[i] * ratio[i], mean[i]))
        out[i], spare[i] = s, _ONE / s
    for i in range(out.size):
        w = unit[i]
        s, r = out[i], spare[i]
        r2 = r * r
        a = mean[i] * r2
        q = w * w
        first = multiply_add(q, F(1 / 6), F(-1 / 6))
        second = multiply_add(a, F(5 / 36), F(-1 / 8))
        second = multiply_add(q, multiply_add(a, F(-1 / 18), F(1 / 24)), second)
        third = multiply_add(multiply_add(a, F(1 / 27), F(-1 / 24)), a, F(1 / 120))
        third = multiply_add(third, q, multiply_add(multiply_add(a, F(-53 / 324), F(5 / 24)), a, F(-1 / 20)))
        third = multiply_add(third, q, multiply_add(multiply_add(a, F(17 / 324), F(-1 / 12)), a, F(1 / 40)))
        sum_of_orders = multiply_add(r2, third, multiply_add(r * w, second, first))
        out[i] = multiply_add(s, w, a * sum_of_orders)


@kernel
def extremes(mean: NDArray[np.float32], least: NDArray[np.float32], most: NDArray[np.float32]) -> None:
    """The least and the largest mean of each part of a block."""
    for part in range(PARTS):
        low, high = np.uint32(0x7F800000), np.uint32(0)
        for i in range(part * PART_PX, part * PART_PX + PART_PX):  # a constant length: no loop remains
            low, high = lower(low, float_bits(mean[i])), higher(high, float_bits(mean[i]))
        least[part], most[part] = bits_float(low), bits_float(high)


@kernel
def replace_below(
    limit: np.float32, mean: NDArray[np.float32], source: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Take over `source` where the mean is below a limit."""
    for i in range(out.size):
        out[i] = source[i] if mean[i] < limit else out[i]


@kernel
def replace_from(
    limit: np.float32, mean: NDArray[np.float32], source: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Take over `source` from a limit of the mean on."""
    for i in range(out.size):
        out[i] = source[i] if mean[i] >= limit else out[i]


@njit(inline="always")
def _bent(bend: np.float32, electrons: np.float32, deviation: np.float32) -> np.float32:
    """A deviation from the mean less what the response lacks of the whole: ``deviation - bend electrons^3``."""
    bent: np.float32 = multiply_add(-(bend * electrons), electrons * electrons, deviation)
    return bent


@njit(inline="always")
def _counted(
    mean: np.float32,
    deviation: np.float32,
    level_dn: np.float32,
    dn_per_e: np.float32,
    rail: np.float32,
    step: np.float32,
) -> np.uint32:
    """The word of one pixel.

    Mean and deviation from it go separate ways until both are whole counts: near 50,000 counts float32 has steps
    of 1/256, and a sum rounded to those would fill some counts with one step more than their neighbours.
    """
    base = multiply_add(mean, dn_per_e, level_dn)
    whole = nearest(base)
    count = whole + nearest(multiply_add(deviation, dn_per_e, base - whole))
    word: np.uint32 = truncate(min(max(count, F(0.0)), rail) * step)
    return word


@kernel
def convert(
    chain: NDArray[np.float32],
    row_dn: np.float32,
    column_dn: NDArray[np.float32],
    step: np.float32,
    mean: NDArray[np.float32],
    deviation: NDArray[np.float32],
    jump: NDArray[np.float32],
    out: NDArray[np.uint16],
) -> None:
    """Words of one block: bend, gain, offset, ADC, depth; all noise is in the deviation, the well far away."""
    bend, dn_per_e, rail = chain[1], chain[3], chain[4]
    for i in range(out.size):
        m, d = mean[i], deviation[i] + jump[i]
        out[i] = np.uint16(_counted(m, _bent(bend, m + d, d), row_dn + column_dn[i], dn_per_e, rail, step))


@kernel
def convert_apart(
    chain: NDArray[np.float32],
    row_dn: np.float32,
    column_dn: NDArray[np.float32],
    step: np.float32,
    mean: NDArray[np.float32],
    deviation: NDArray[np.float32],
    noise: NDArray[np.float32],
    jump: NDArray[np.float32],
    top_e: np.float32,
    out: NDArray[np.uint16],
) -> None:
    """The same as `convert` with the well; from `top_e` on noise and jumps are added behind it."""
    well_e, bend, dn_per_e, rail = chain[0], chain[1], chain[3], chain[4]
    for i in range(out.size):
        m = mean[i]
        apart = m >= top_e
        d = min(deviation[i] + (F(0.0) if apart else jump[i]), well_e - m)
        behind = _bent(bend, m + d, d) + (noise[i] + jump[i] if apart else F(0.0))
        out[i] = np.uint16(_counted(m, behind, row_dn + column_dn[i], dn_per_e, rail, step))


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
