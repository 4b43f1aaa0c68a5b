"""Loops over a block of pixels: each does one step of the physics for the columns of one block of a row.

Every loop has a length that the compiler knows and works in one array (`fullwell.twin.workbench`), so that whole
vectors go at a time, nothing is checked before it starts, and all stays in the first-level cache. A loop is as
long as a processor can look ahead, some hundred operations: shorter ones load and store more than they compute,
in longer ones results wait for each other. The formulae are those of `fullwell.sensor` and `fullwell.readout`;
all rounding is spelt out (`multiply_add`), so that a pixel comes out the same in whichever loop.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import minus_log, normal_pair, turned
from fullwell.chance.keys import row_key
from fullwell.chance.lanes import (
    add,
    bits_float,
    both,
    float_bits,
    higher,
    lower,
    multiply_add,
    shift_left,
    shift_right,
    signed_float,
    subtract,
)
from fullwell.chance.patterns import GROUP_PX, GROUPS, RESPONSE_SHIFT
from fullwell.chance.poisson import grid_index, grid_poisson, poisson_quantile
from fullwell.chance.words import BLOCK, SPREAD, halves, mixed, spread_out, upper_word, whole_word, word
from fullwell.compiled import njit
from fullwell.twin.plan import NOISE_BASE
from fullwell.twin.workbench import (
    ANGLES,
    DEVIATION,
    ENTRY,
    EXTRA,
    INVERSE,
    JUMP,
    LIGHT,
    MEAN,
    NOISE,
    RATIO,
    ROOT,
    SHARE,
    SPARE,
    UNIT,
    WORDS,
)

F = np.float32
HALF_BLOCK: Final = BLOCK // 2
PART_PX: Final = 16
"""Where faint and bright pixels meet, so many of a block are looked at together."""
LARGE_MEAN: Final = 256.0
"""From this mean on the third order of the quantile of Poisson + Gauss is left out."""
BRIGHT_MEAN: Final = 40.0
"""From this mean on shot and read noise come from one normal number."""
BRIGHT, LARGE = F(BRIGHT_MEAN), F(LARGE_MEAN)
_NOISE_BASE = np.uint32(NOISE_BASE)
_GROUPS = BLOCK // GROUP_PX
_TO_WHOLE = F(1.5 * 2**23)
"""Added to a float32 below 2^22, it rounds it: the last bits of the sum are the whole number."""
ZERO_COUNT: Final = 2 * 0x4B400000 % 2**32
"""Twice the bits of that: what stands for a count of 0 in the sum of two such numbers."""
MOST_DN: Final = 4e6
"""Up to here that works."""
_ZERO_COUNT = np.uint32(ZERO_COUNT)
kernel = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
"""Without numba's reference counts: they cost as much as a whole step, and nothing is allocated here."""


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


@kernel
def take_light(light: NDArray[np.float32], own: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """Take over the light of a block, wherever in memory it begins; the least and the most of it."""
    least, most = np.uint32(0x7F800000), np.uint32(0)
    for i in range(BLOCK):
        own[LIGHT + i] = light[i]
        least, most = lower(least, float_bits(light[i])), higher(most, float_bits(light[i]))
    return bits_float(least), bits_float(most)


@kernel
def extremes(place: int, own: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """The least and the largest number of a block; none is negative."""
    least, most = np.uint32(0x7F800000), np.uint32(0)
    for i in range(place, place + BLOCK):
        least, most = lower(least, float_bits(own[i])), higher(most, float_bits(own[i]))
    return bits_float(least), bits_float(most)


@njit(inline="always")
def _pair_keys(stream: np.uint64, row: int) -> tuple[np.uint64, np.uint64]:
    key = row_key(stream, row)
    return key, key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)


@kernel
def normals(stream: np.uint64, row: int, block: int, own: NDArray[np.float32]) -> None:
    """Standard normal numbers of a block; one pair of random words makes two, half a block apart."""
    radius_key, angle_key = _pair_keys(stream, row)
    a, b = halves(radius_key)
    c, d = halves(angle_key)
    first = np.uint32(block * HALF_BLOCK)
    x, y = spread_out(first, a), spread_out(first, c)
    for i in range(HALF_BLOCK):
        own[WORDS + i], own[ANGLES + i] = bits_float(mixed(x, b)), bits_float(mixed(y, d))
        x, y = add(x, SPREAD), add(y, SPREAD)
    for i in range(HALF_BLOCK):
        own[ROOT + i] = minus_log(float_bits(own[WORDS + i]))
    for i in range(HALF_BLOCK):
        root = np.sqrt(own[ROOT + i])
        here, there = turned(float_bits(own[WORDS + i]), float_bits(own[ANGLES + i]), root)
        own[UNIT + i], own[UNIT + HALF_BLOCK + i] = here, there


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
def remember_left(weight: np.float32, neighbour: np.float32, left: np.float32, own: NDArray[np.float32]) -> None:
    """Correlate unit noise with that of the left neighbours; `left` is that of the block before."""
    for i in range(BLOCK):
        own[SPARE + i] = own[UNIT + i]
    own[UNIT] = multiply_add(weight, own[SPARE], neighbour * left)
    for i in range(1, BLOCK):
        own[UNIT + i] = multiply_add(weight, own[SPARE + i], neighbour * own[SPARE + i - 1])


@kernel
def pixel_kinds(
    stream: np.uint64,
    row: int,
    block: int,
    kind_table: NDArray[np.uint64],
    response_table: NDArray[np.uint64],
    own: NDArray[np.float32],
    kind: NDArray[np.uint64],
    response: NDArray[np.uint64],
) -> None:
    """The packed properties of the pixels of a block, four to a number, and their responses, eight."""
    a, b = halves(row_key(stream, row))
    x = spread_out(np.uint32(block * _GROUPS), a)
    for i in range(_GROUPS):
        own[WORDS + i] = bits_float(whole_word(mixed(x, b)))
        x = add(x, SPREAD)
    for i in range(_GROUPS):
        drawn = float_bits(own[WORDS + i])
        group = shift_right(drawn, 22)
        kind[2 * i], kind[2 * i + 1] = kind_table[2 * group], kind_table[2 * group + 1]
        response[i] = response_table[both(shift_right(drawn, RESPONSE_SHIFT), GROUPS - 1)]


@njit(inline="always")
def _mean(
    dark_step_e: np.float32,
    glow_e: np.float32,
    glow_share: np.float32,
    kind: np.uint16,
    light: np.float32,
    prnu_step: np.float32,
    prnu_least: np.float32,
    code: np.uint8,
    extra_e: np.float32,
) -> np.float32:
    """Expected electrons of a pixel: light, dark current, glow, what warm pixels have besides."""
    response = multiply_add(prnu_step, signed_float(np.uint32(code)), prnu_least)
    dark = multiply_add(glow_e, glow_share, dark_step_e * signed_float(both(np.uint32(kind), np.uint32(127))))
    mean: np.float32 = multiply_add(light, response, dark) + extra_e
    return mean


@njit(inline="always")
def _ratio(kind: np.uint16) -> np.float32:
    """Read noise of a pixel in its packed unit."""
    ratio: np.float32 = bits_float(add(shift_left(shift_right(np.uint32(kind), 7), 16), _NOISE_BASE))
    return ratio


@kernel
def expected(
    prnu_step: np.float32,
    prnu_least: np.float32,
    dark_step_e: np.float32,
    glow_e: np.float32,
    glow_share: NDArray[np.float32],
    kinds: NDArray[np.uint16],
    codes: NDArray[np.uint8],
    own: NDArray[np.float32],
) -> None:
    """Expected electrons of pixels, and their read noise in its packed unit."""
    for i in range(BLOCK):
        own[RATIO + i] = _ratio(kinds[i])
        own[MEAN + i] = _mean(
            dark_step_e,
            glow_e,
            glow_share[i],
            kinds[i],
            own[LIGHT + i],
            prnu_step,
            prnu_least,
            codes[i],
            own[EXTRA + i],
        )


@njit(inline="always")
def _inverse_root(square: np.float32) -> np.float32:
    """One by the square root, relative error 6.5e-4: where it serves corrections only.

    References
    ----------
    Kadlec 2010, "Improving the fast inverse square root": one step of Newton's with fitted constants, from the
    halved and negated bits of the float.
    """
    guess = bits_float(subtract(np.uint32(0x5F1FFFF9), shift_right(float_bits(square), 1)))
    better: np.float32 = (F(0.703952253) * guess) * multiply_add(-(square * guess), guess, F(2.38924456))
    return better


@njit(inline="always")
def _spreads(
    noise2: np.float32, ratio: np.float32, mean: np.float32
) -> tuple[np.float32, np.float32, np.float32]:
    """Standard deviation of shot and read noise, about one by it, negative share of read noise in its square."""
    own2 = noise2 * (ratio * ratio)
    square = mean + own2
    inverse = _inverse_root(square)
    return np.sqrt(square), inverse, -(own2 * inverse) * inverse


@njit(inline="always")
def _orders(inverse: np.float32, share: np.float32, unit: np.float32) -> tuple[np.float32, np.float32]:
    """Twelve times what the quantile of Poisson + Gauss has besides its normal number, by a: two orders, three.

    All cumulants of the sum from the third on are the mean m; with v = m + sigma^2, a = m / v = 1 + b, r = v^-1/2
    and h = w^2 - 1 the expansion of Cornish and Fisher for a normal number w is through r

        w / r + a [h / 6 + r w (b / 12 + h (1/24 - a / 18))].

    The next term is a r^2 (A h^2 + B h + C). Of A, B and C, which are quadratic in b, straight lines have been
    fitted, so that the exact distribution and this one differ least from 40 electrons on and for read noise from
    0.8 e- on (docs/decisions/0003-exact-noise.md).

    References
    ----------
    Cornish & Fisher 1938, Rev. Inst. Int. Stat. 5, 307; Abramowitz & Stegun 26.2.49.
    """
    h = multiply_add(unit, unit, F(-1.0))
    second = multiply_add(h, multiply_add(share, F(-2 / 3), F(-1 / 6)), share)
    two = multiply_add(inverse * unit, second, h + h)
    third = multiply_add(
        h, multiply_add(share, F(0.253824), F(0.042216)), multiply_add(share, F(-0.35994), F(0.026796))
    )
    third = multiply_add(h, third, multiply_add(share, F(-0.5049), F(-0.083208)))
    return two, multiply_add(inverse * inverse, third, two)


@njit(inline="always")
def _deviation(root: np.float32, share: np.float32, unit: np.float32, orders: np.float32) -> np.float32:
    """Electrons less their mean, shot and read noise together; see `_orders`."""
    deviation: np.float32 = multiply_add(root, unit, multiply_add(share, F(1 / 12), F(1 / 12)) * orders)
    return deviation


@njit(inline="always")
def _word(mean: np.float32, deviation: np.float32, column_dn: np.float32, chain: ReadOut) -> np.uint32:
    """The count of one pixel: bend (``deviation - bend electrons^3``), gain, offset, ADC.

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
    # twice the bits of `_TO_WHOLE` are the zero of counts, and vanish in the lower half of a word
    word: np.uint32 = lower(higher(count, _ZERO_COUNT), chain.most_count)
    return word


@kernel
def bright_means(
    prnu_step: np.float32,
    prnu_least: np.float32,
    dark_step_e: np.float32,
    glow_e: np.float32,
    noise_e: np.float32,
    glow_share: NDArray[np.float32],
    kinds: NDArray[np.uint16],
    codes: NDArray[np.uint8],
    own: NDArray[np.float32],
) -> None:
    """Expected electrons of a block of pixels with 40 or more, and what the words of those are made of."""
    noise2 = noise_e * noise_e
    for i in range(BLOCK):
        m = _mean(
            dark_step_e,
            glow_e,
            glow_share[i],
            kinds[i],
            own[LIGHT + i],
            prnu_step,
            prnu_least,
            codes[i],
            own[EXTRA + i],
        )
        own[MEAN + i] = m
        own[ROOT + i], own[INVERSE + i], own[SHARE + i] = _spreads(noise2, _ratio(kinds[i]), m)


@kernel
def large_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of means from 256 on, after `bright_means`."""
    for i in range(BLOCK):
        orders, _ = _orders(own[INVERSE + i], own[SHARE + i], own[UNIT + i])
        d = _deviation(own[ROOT + i], own[SHARE + i], own[UNIT + i], orders) + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def middle_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of means from 40 to below 256, after `bright_means`."""
    for i in range(BLOCK):
        _, orders = _orders(own[INVERSE + i], own[SHARE + i], own[UNIT + i])
        d = _deviation(own[ROOT + i], own[SHARE + i], own[UNIT + i], orders) + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def bright_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of any means from 40 on, after `bright_means`."""
    for i in range(BLOCK):
        two, three = _orders(own[INVERSE + i], own[SHARE + i], own[UNIT + i])
        orders = two if own[MEAN + i] >= LARGE else three
        d = _deviation(own[ROOT + i], own[SHARE + i], own[UNIT + i], orders) + own[JUMP + i]
        out[i] = np.uint16(_word(own[MEAN + i], d, column_dn[i], chain))


@kernel
def poisson_entries(
    stream: np.uint64,
    row: int,
    block: int,
    tables: NDArray[np.uint32],
    own: NDArray[np.float32],
    pairs: NDArray[np.uint64],
) -> None:
    """Random words, and the entries of the alias tables that make Poisson numbers of them; `pairs` is `own`."""
    a, b = halves(row_key(stream, row))
    x = spread_out(np.uint32(block * BLOCK), a)
    for i in range(BLOCK):
        drawn = whole_word(mixed(x, b))
        x = add(x, SPREAD)
        own[WORDS + i] = bits_float(drawn)
        own[ENTRY + i] = bits_float(grid_index(own[MEAN + i], drawn))
    for i in range(ENTRY // 2, (ENTRY + BLOCK) // 2):
        two = pairs[i]
        high = np.uint64(tables[two >> np.uint64(32)]) << np.uint64(32)
        pairs[i] = high | np.uint64(tables[two & np.uint64(0xFFFFFFFF)])


@njit(inline="always")
def _small(noise_e: np.float32, own: NDArray[np.float32], i: int) -> np.float32:
    """Whole electrons of a mean below 64, less the mean, with read noise; what the grid lacks is in the jumps."""
    count = grid_poisson(float_bits(own[WORDS + i]), float_bits(own[ENTRY + i]))
    deviation: np.float32 = multiply_add(noise_e * own[RATIO + i], own[UNIT + i], count - own[MEAN + i])
    return deviation


@kernel
def small_words(
    chain: ReadOut, column_dn: NDArray[np.float32], own: NDArray[np.float32], out: NDArray[np.uint16]
) -> None:
    """Words of a block of means below 64, after `poisson_entries`."""
    for i in range(BLOCK):
        d = _small(chain.noise_e, own, i) + own[JUMP + i]
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
            _word(own[MEAN + i], _small(chain.noise_e, own, i) + own[JUMP + i], column_dn[i], chain)
        )


@njit(inline="always")
def _largest(begin: int, own: NDArray[np.float32]) -> np.float32:
    """The largest mean of a part of a block."""
    most = np.uint32(0)
    for i in range(PART_PX):
        most = higher(most, float_bits(own[MEAN + begin + i]))
    largest: np.float32 = bits_float(most)
    return largest


@njit(inline="always")
def _of_its_order(noise2: np.float32, own: NDArray[np.float32], i: int) -> np.float32:
    """Electrons less their mean for a mean of 40 or more."""
    root, inverse, share = _spreads(noise2, own[RATIO + i], own[MEAN + i])
    two, three = _orders(inverse, share, own[UNIT + i])
    orders = two if own[MEAN + i] >= LARGE else three
    deviation: np.float32 = _deviation(root, share, own[UNIT + i], orders)
    return deviation


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
        if _largest(begin, own) >= BRIGHT:
            for i in range(begin, begin + PART_PX):
                m = own[MEAN + i]
                bright = _word(m, _of_its_order(noise2, own, i) + own[JUMP + i], column_dn[i], chain)
                out[i] = np.uint16(bright) if m >= BRIGHT else out[i]


@kernel
def lay_extra(
    columns: NDArray[np.int32], extra_e: NDArray[np.float32], start: int, own: NDArray[np.float32]
) -> None:
    """Lay out the electrons of the warm pixels of a block, well before `expected` wants them.

    A vector that is loaded while part of it is on its way to the memory waits for all that was stored before.
    """
    for k in range(columns.size):
        own[EXTRA + columns[k] - start] = extra_e[k]


@kernel
def clear_extra(columns: NDArray[np.int32], start: int, own: NDArray[np.float32]) -> None:
    """Take up again what `lay_extra` laid."""
    for k in range(columns.size):
        own[EXTRA + columns[k] - start] = F(0.0)


@kernel
def read_noise(noise_e: np.float32, own: NDArray[np.float32]) -> None:
    """Read noise of each pixel by itself, electrons."""
    for i in range(BLOCK):
        own[NOISE + i] = noise_e * own[RATIO + i] * own[UNIT + i]


@kernel
def still(top_e: np.float32, own: NDArray[np.float32]) -> None:
    """No electron deviates from its mean; below `top_e` the deviation is the read noise."""
    for i in range(BLOCK):
        own[DEVIATION + i] = own[NOISE + i] if own[MEAN + i] < top_e else F(0.0)


@kernel
def small_signal(noise_e: np.float32, own: NDArray[np.float32]) -> None:
    """Deviations of means below 64, after `poisson_entries`; of no use where the mean is larger."""
    for i in range(BLOCK):
        own[DEVIATION + i] = _small(noise_e, own, i)


@kernel
def bright_signal(noise_e: np.float32, own: NDArray[np.float32]) -> None:
    """Deviations of means of 40 or more; the others stay."""
    noise2 = noise_e * noise_e
    for begin in range(0, BLOCK, PART_PX):
        if _largest(begin, own) >= BRIGHT:
            for i in range(begin, begin + PART_PX):
                d = _of_its_order(noise2, own, i)
                own[DEVIATION + i] = d if own[MEAN + i] >= BRIGHT else own[DEVIATION + i]


@kernel
def whole_signal(stream: np.uint64, row: int, block: int, limit: np.float32, own: NDArray[np.float32]) -> None:
    """Whole electrons less their mean from a mean of `limit` on, by the quantile of the Poisson distribution."""
    a, b = halves(row_key(stream ^ np.uint64(0x3333333333333333), row))
    c, d = halves(row_key(stream ^ np.uint64(0x7777777777777777), row))
    first = np.uint32(block * BLOCK)
    x, y = spread_out(first, a), spread_out(first, c)
    for i in range(BLOCK):
        m = own[MEAN + i]
        normal, _ = normal_pair(mixed(x, b), mixed(y, d))
        x, y = add(x, SPREAD), add(y, SPREAD)
        deviation = poisson_quantile(m, normal) - m
        own[DEVIATION + i] = deviation if m >= limit else own[DEVIATION + i]


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
