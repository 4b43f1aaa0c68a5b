"""Loops over a chunk of pixels: each does one step of the physics for a few hundred columns of a row.

Every loop runs over a whole number of vectors and touches little memory, so that eight pixels go at a time and
all stays in the first-level cache. The formulae are those of `fullwell.sensor` and `fullwell.readout`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import normal_pair, pattern_normal
from fullwell.chance.keys import row_key
from fullwell.chance.lanes import both, shift_left, shift_right, signed_float, truncate
from fullwell.chance.poisson import SMALL_MEAN, poisson_quantile, small_index, small_poisson
from fullwell.chance.words import word
from fullwell.compiled import njit

PAIR_STEP = 64

F = np.float32
SMALL = F(SMALL_MEAN)
_kernel = njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy", _nrt=False)


@njit(inline="always")
def _halves(key: np.uint64) -> tuple[np.uint32, np.uint32]:
    return np.uint32(key & np.uint64(0xFFFFFFFF)), np.uint32(key >> np.uint64(32))


@_kernel
def normal_run(key: np.uint64, first: int, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
    """Normal numbers of the pairs `first` and on: columns p and p + half the sensor."""
    a, b = _halves(key)
    c, d = _halves(key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019))
    for i in range(low.size):
        place = np.uint32(first + i)
        low[i], high[i] = normal_pair(word(place, a, b), word(place, c, d))


@_kernel
def row_normals(stream: np.uint64, row: int, left: int, right: int, half: int, unit: NDArray[np.float32]) -> None:
    """Standard normal numbers of the columns left - 1 to right: column c in ``unit[c + 1]``.

    One pair of random words makes the numbers of two columns, half a sensor apart. Column -1 has a number of its
    own.
    """
    low, high = unit[1 : half + 1], unit[half + 1 : 2 * half + 1]
    key = row_key(stream, row)
    a, b = _halves(key)
    unit[0], _ = normal_pair(word(np.uint32(0xFFFFFFFF), a, b), word(np.uint32(0xFFFFFFFF), b, a))
    left = max(left - 1, 0)
    if right <= half or left >= half:
        start = left if right <= half else left - half
        stop = right if right <= half else right - half
        start, stop = start // PAIR_STEP * PAIR_STEP, -(-stop // PAIR_STEP) * PAIR_STEP
        normal_run(key, start, low[start:stop], high[start:stop])
        return
    start, stop = left // PAIR_STEP * PAIR_STEP, -(-(right - half) // PAIR_STEP) * PAIR_STEP
    if stop >= start:
        normal_run(key, 0, low, high)
        return
    normal_run(key, start, low[start:], high[start:])
    normal_run(key, 0, low[:stop], high[:stop])


@_kernel
def fill(value: np.float32, out: NDArray[np.float32]) -> None:
    """Set all; numba's own assignment to a slice is several times slower."""
    for i in range(out.size):
        out[i] = value


@_kernel
def copy(source: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Copy all; see `fill`."""
    for i in range(out.size):
        out[i] = source[i]


@_kernel
def pixel_kinds(
    stream: np.uint64,
    row: int,
    left: int,
    kinds: NDArray[np.uint32],
    pixel: NDArray[np.uint32],
    kind: NDArray[np.uint32],
) -> None:
    """The word of each pixel, and the packed properties of its kind."""
    a, b = _halves(row_key(stream, row))
    for i in range(pixel.size):
        pixel[i] = word(np.uint32(left + i), a, b)
        kind[i] = shift_right(word(np.uint32(left + i), a, b), 21)
    for i in range(kind.size):
        kind[i] = kinds[kind[i]]


@_kernel
def expected(
    prnu: np.float32,
    dark_e: np.float32,
    noise_unit: np.float32,
    glow_e: np.float32,
    glow_share: NDArray[np.float32],
    pixel: NDArray[np.uint32],
    kind: NDArray[np.uint32],
    mean: NDArray[np.float32],
    ratio: NDArray[np.float32],
) -> None:
    """Turn the light in `mean` into expected electrons of ordinary pixels; read noise relative to the median."""
    for i in range(mean.size):
        response = F(1.0) + prnu * pattern_normal(pixel[i])
        dark = dark_e * signed_float(shift_right(kind[i], 16))
        mean[i] = mean[i] * response + (dark + glow_e * glow_share[i])
        ratio[i] = noise_unit * signed_float(both(kind[i], np.uint32(0xFFFF)))


@_kernel
def read_noise(
    own: np.float32,
    neighbour: np.float32,
    ratio: NDArray[np.float32],
    here: NDArray[np.float32],
    left: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> None:
    """Read noise of each pixel in units of the median, neighbours correlated."""
    for i in range(noise.size):
        noise[i] = ratio[i] * (own * here[i] + neighbour * left[i])


@_kernel
def small_signal(
    stream: np.uint64,
    row: int,
    left: int,
    tables: NDArray[np.uint32],
    mean: NDArray[np.float32],
    index: NDArray[np.uint32],
    entry: NDArray[np.uint32],
    out: NDArray[np.float32],
) -> None:
    """Exact Poisson numbers of small means, less the mean."""
    a, b = _halves(row_key(stream, row))
    c, d = _halves(row_key(stream ^ np.uint64(0x5555555555555555), row))
    for i in range(out.size):
        index[i] = small_index(mean[i], word(np.uint32(left + i), a, b))
    for i in range(out.size):
        entry[i] = tables[index[i]]
    for i in range(out.size):
        place = np.uint32(left + i)
        out[i] = small_poisson(mean[i], word(place, a, b), word(place, c, d), entry[i]) - mean[i]


@_kernel
def whole_signal(
    stream: np.uint64, row: int, left: int, mean: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Whole electrons of large means by the quantile of the Poisson distribution, less the mean."""
    a, b = _halves(row_key(stream ^ np.uint64(0x3333333333333333), row))
    c, d = _halves(row_key(stream ^ np.uint64(0x7777777777777777), row))
    for i in range(out.size):
        place = np.uint32(left + i)
        normal, _ = normal_pair(word(place, a, b), word(place, c, d))
        out[i] = poisson_quantile(mean[i], normal) - mean[i]


@_kernel
def noisy_signal(
    median_e: np.float32,
    own: np.float32,
    neighbour: np.float32,
    ratio: NDArray[np.float32],
    here: NDArray[np.float32],
    left: NDArray[np.float32],
    mean: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Shot and read noise together from one normal number: Cornish-Fisher quantile of Poisson + Gauss.

    All cumulants of the sum from the third on are the mean m; with v = m + sigma^2, a = m / v, r = v^-1/2 the
    expansion is carried through r^2.

    References
    ----------
    Cornish & Fisher 1938, Rev. Inst. Int. Stat. 5, 307; Abramowitz & Stegun 26.2.49.
    """
    for i in range(out.size):
        m = mean[i]
        w = own * here[i] + neighbour * left[i]
        sigma = median_e * ratio[i]
        s = np.sqrt(m + sigma * sigma)
        r = F(1.0) / s
        r2 = r * r
        a = m * r2
        c4 = r2 * a * (F(1 / 120) - a * (F(1 / 24) - a * F(1 / 27)))
        c3 = r * a * (F(1 / 24) - a * F(1 / 18))
        c2 = a * (F(1 / 6) - r2 * (F(1 / 20) - a * (F(5 / 24) - a * F(53 / 324))))
        c1 = s - r * a * (F(1 / 8) - a * F(5 / 36))
        c0 = a * (F(-1 / 6) + r2 * (F(1 / 40) - a * (F(1 / 12) - a * F(17 / 324))))
        out[i] = c0 + w * (c1 + w * (c2 + w * (c3 + w * c4)))


@_kernel
def census(mean: NDArray[np.float32], top_e: np.float32) -> tuple[np.int32, np.int32]:
    """How many means are small, and how many near the top."""
    small, top = np.int32(0), np.int32(0)
    for i in range(mean.size):
        small += np.int32(mean[i] < SMALL)
        top += np.int32(mean[i] >= top_e)
    return small, top


@_kernel
def levels(
    row_dn: np.float32,
    column_dn: NDArray[np.float32],
    dn_per_e: np.float32,
    column: int,
    jumping: NDArray[np.int32],
    jump_e: NDArray[np.float32],
    first: int,
    last: int,
    level_dn: NDArray[np.float32],
) -> None:
    """What lies under the signal of each pixel: bias, row, column, telegraph jumps; ADC counts."""
    for i in range(level_dn.size):
        level_dn[i] = row_dn + column_dn[i]
    for i in range(first, last):
        level_dn[jumping[i] - column] += jump_e[i] * dn_per_e


@_kernel
def convert(
    chain: NDArray[np.float32],
    shift_up: int,
    shift_down: int,
    mean: NDArray[np.float32],
    deviation: NDArray[np.float32],
    noise: NDArray[np.float32],
    level_dn: NDArray[np.float32],
    out: NDArray[np.uint16],
) -> None:
    """Words of one row: well, bend, gain, noise, offset, ADC, depth.

    Mean and deviation from it go separate ways until both are whole counts: near 50,000 counts float32 has steps
    of 1/256, and a sum rounded to those would fill some counts with one step more than their neighbours.
    """
    well_e, bend, median_e, dn_per_e, rail = chain[0], chain[1], chain[2], chain[3], chain[4]
    up, down = np.uint32(shift_up), np.uint32(shift_down)
    for i in range(out.size):
        m = mean[i]
        d = min(deviation[i], well_e - m)
        e = m + d
        base = m * dn_per_e + (level_dn[i] + F(0.5))
        whole = np.floor(base)
        dn = (d - bend * e * (e * e) + median_e * noise[i]) * dn_per_e + (base - whole)
        count = truncate(min(max(whole + np.floor(dn), F(0.0)), rail))
        out[i] = np.uint16(shift_right(shift_left(count, up), down))


@_kernel
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
