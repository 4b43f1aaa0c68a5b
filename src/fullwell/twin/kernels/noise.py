"""What chance adds to the expected electrons of a block: shot noise and read noise.

docs/decisions/0003-exact-noise.md says which way is exact where.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import minus_log, normal_pair, turned
from fullwell.chance.keys import row_key
from fullwell.chance.lanes import (
    add,
    bits_float,
    float_bits,
    higher,
    multiply_add,
    shift_right,
    subtract,
)
from fullwell.chance.poisson import grid_index, grid_poisson, poisson_quantile
from fullwell.chance.words import BLOCK, SPREAD, halves, mixed, spread_out, upper_word, whole_word
from fullwell.compiled import njit
from fullwell.twin.kernels.loops import F, kernel
from fullwell.twin.kernels.pixels import mean_e, noise_ratio
from fullwell.twin.kernels.workbench import (
    ANGLES,
    DEVIATION,
    ENTRY,
    EXTRA,
    INVERSE,
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

HALF_BLOCK: Final = BLOCK // 2
PART_PX: Final = 16
"""Where faint and bright pixels meet, so many of a block are looked at together."""
LARGE_MEAN: Final = 256.0
"""From this mean on the third order of the quantile of Poisson + Gauss is left out."""
BRIGHT_MEAN: Final = 40.0
"""From this mean on shot and read noise come from one normal number."""
BRIGHT, LARGE = F(BRIGHT_MEAN), F(LARGE_MEAN)


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
        m = mean_e(
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
        own[ROOT + i], own[INVERSE + i], own[SHARE + i] = _spreads(noise2, noise_ratio(kinds[i]), m)


@njit(inline="always")
def quantile_orders(inverse: np.float32, share: np.float32, unit: np.float32) -> tuple[np.float32, np.float32]:
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
def shot_and_read(root: np.float32, share: np.float32, unit: np.float32, orders: np.float32) -> np.float32:
    """Electrons less their mean, shot and read noise together; see `_orders`."""
    deviation: np.float32 = multiply_add(root, unit, multiply_add(share, F(1 / 12), F(1 / 12)) * orders)
    return deviation


@njit(inline="always")
def largest_mean(begin: int, own: NDArray[np.float32]) -> np.float32:
    """The largest mean of a part of a block."""
    most = np.uint32(0)
    for i in range(PART_PX):
        most = higher(most, float_bits(own[MEAN + begin + i]))
    largest: np.float32 = bits_float(most)
    return largest


@njit(inline="always")
def bright_deviation(noise2: np.float32, own: NDArray[np.float32], i: int) -> np.float32:
    """Electrons less their mean for a mean of 40 or more."""
    root, inverse, share = _spreads(noise2, own[RATIO + i], own[MEAN + i])
    two, three = quantile_orders(inverse, share, own[UNIT + i])
    orders = two if own[MEAN + i] >= LARGE else three
    deviation: np.float32 = shot_and_read(root, share, own[UNIT + i], orders)
    return deviation


@kernel
def bright_signal(noise_e: np.float32, own: NDArray[np.float32]) -> None:
    """Deviations of means of 40 or more; the others stay."""
    noise2 = noise_e * noise_e
    for begin in range(0, BLOCK, PART_PX):
        if largest_mean(begin, own) >= BRIGHT:
            for i in range(begin, begin + PART_PX):
                d = bright_deviation(noise2, own, i)
                own[DEVIATION + i] = d if own[MEAN + i] >= BRIGHT else own[DEVIATION + i]


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
def whole_and_read(noise_e: np.float32, own: NDArray[np.float32], i: int) -> np.float32:
    """Whole electrons of a mean below 64, less the mean, with read noise; what the grid lacks is in the jumps."""
    count = grid_poisson(float_bits(own[WORDS + i]), float_bits(own[ENTRY + i]))
    deviation: np.float32 = multiply_add(noise_e * own[RATIO + i], own[UNIT + i], count - own[MEAN + i])
    return deviation


@kernel
def small_signal(noise_e: np.float32, own: NDArray[np.float32]) -> None:
    """Deviations of means below 64, after `poisson_entries`; of no use where the mean is larger."""
    for i in range(BLOCK):
        own[DEVIATION + i] = whole_and_read(noise_e, own, i)


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
def read_noise(noise_e: np.float32, own: NDArray[np.float32]) -> None:
    """Read noise of each pixel by itself, electrons."""
    for i in range(BLOCK):
        own[NOISE + i] = noise_e * own[RATIO + i] * own[UNIT + i]


@kernel
def still(top_e: np.float32, own: NDArray[np.float32]) -> None:
    """No electron deviates from its mean; below `top_e` the deviation is the read noise."""
    for i in range(BLOCK):
        own[DEVIATION + i] = own[NOISE + i] if own[MEAN + i] < top_e else F(0.0)
