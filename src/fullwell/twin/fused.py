"""The fast form of `fullwell.twin.expose`: row by row through small buffers, eight pixels at a time.

Same physics, same fixed patterns, other random numbers. Each pixel's value depends on its plan, its light and its
own coordinates only, so that windows and numbers of threads make no difference to a single bit:

* all loops over pixels run over whole multiples of a vector in padded buffers, so that no pixel meets the scalar
  rest of a loop, where contraction to fused multiply-adds might round otherwise;
* only operations that IEEE 754 defines exactly are used (no estimates of reciprocals, no library logarithms).

Shot noise and read noise (docs/decisions/0003-exact-noise.md):

* expected electrons below 64: exact Poisson numbers from alias tables, plus a normal number;
* from 64 to near the full well, one chain: one normal number through the Cornish-Fisher quantile of the sum of
  Poisson and Gaussian noise;
* near the full well, or with two chains that read the same electrons: whole electrons by the quantile of the
  Poisson distribution, plus a normal number for each chain.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fullwell.camera.frame import FrameFormat, Settings
from fullwell.chance.deviates import normal_pair, pattern_normal
from fullwell.chance.keys import row_key
from fullwell.chance.lanes import both, shift_right, signed_float
from fullwell.chance.poisson import SMALL_MEAN, alias_tables, poisson_quantile, small_index, small_poisson
from fullwell.chance.words import word
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.readout.noise import memory_weights
from fullwell.readout.telegraph import telegraph_jumps
from fullwell.readout.timing import row_timing
from fullwell.scene.light import BoundScene
from fullwell.sensor.dark import warm_pixels
from fullwell.twin.expose import gather_light, lit_part, strips
from fullwell.twin.plan import Plan, plan

__all__ = ["compile_kernels", "expected_electrons", "expose"]

_CHUNK = 512
"""Columns worked on at a time: all their buffers fit the first-level cache."""
_PAIR_STEP = 64
_STRIP_ROWS = 32
_KERNEL = {"cache": True, "nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}

F = np.float32
_SMALL = F(SMALL_MEAN)


class _Numbers(NamedTuple):
    """A plan in the words of the kernels."""

    left: int
    width: int
    total_width: int
    pixel_stream: np.uint64
    warm_stream: np.uint64
    telegraph_body: np.uint64
    telegraph_frame: np.uint64
    shot_stream: np.uint64
    prnu: np.float32
    dark_e: np.float32
    noise_unit: np.float32
    warm_gap: np.float32
    warm_median_e: np.float32
    warm_log_sigma: np.float32
    telegraph_gap: np.float32
    own: np.float32
    neighbour: np.float32
    top_e: np.float32
    shot_noise: bool
    shift_up: int
    shift_down: int


class _Tables(NamedTuple):
    """Arrays of a plan, as the kernels want them."""

    glow_row_e: NDArray[np.float32]
    glow_column_share: NDArray[np.float32]
    kinds: NDArray[np.uint32]
    telegraph: NDArray[np.float32]
    alias: NDArray[np.uint32]
    dark_areas: NDArray[np.int64]
    blank_areas: NDArray[np.int64]
    chain_streams: NDArray[np.uint64]
    chain_numbers: NDArray[np.float32]
    row_dn: NDArray[np.float32]
    column_dn: NDArray[np.float32]


def expose(plan: Plan, light: BoundScene | None, out: NDArray[Any], threads: int = 1) -> None:
    """Take one frame.

    Parameters
    ----------
    plan : Plan
        From `fullwell.twin.expose.plan`.
    light : BoundScene or None
        What falls on the sensor; None = nothing.
    out : ndarray of uint8, uint16 or uint32, shape ``plan.shape``
        Overwritten. Two chains stand side by side.
    threads : int
        How many strips of rows are worked on at a time.
    """
    numbers, tables = _numbers(plan), _tables(plan)

    def work(parts: list[tuple[int, int]]) -> None:
        rows = max(last - first for first, last in parts)
        room = np.empty(rows * plan.area.width, np.float32)
        words = np.empty((rows, len(plan.chains), _padded(plan.area.width)), np.uint16)
        for first, last in parts:
            lit, corner = _light(plan, light, first, last, room)
            strip = words[: last - first]
            _expose_rows(numbers, tables, lit, *corner, plan.area.top, first, strip)
            _deliver(strip, plan.area.width, plan.bin, out[first // plan.bin : last // plan.bin])

    _over_strips(plan, work, threads)


def expected_electrons(plan: Plan, light: BoundScene | None, threads: int = 1) -> NDArray[np.float32]:
    """Expected electrons of each pixel of the window, before shot noise: the answer key.

    Returns
    -------
    ndarray of float32, shape (window rows, window columns)
        Unbinned, one chain.
    """
    numbers, tables = _numbers(plan), _tables(plan)
    result = np.empty((plan.area.height, plan.area.width), np.float32)

    def work(parts: list[tuple[int, int]]) -> None:
        room = np.empty(max(last - first for first, last in parts) * plan.area.width, np.float32)
        for first, last in parts:
            lit, corner = _light(plan, light, first, last, room)
            _expected_rows(numbers, tables, lit, *corner, plan.area.top + first, result[first:last])

    _over_strips(plan, work, threads)
    return result


def compile_kernels() -> None:
    """Compile all kernels, or load them from the cache, so that the first frame does not wait for it."""
    model = load("qhy600-pro")
    mode = model.modes[model.default_mode]
    window = Window(0, 0, 64, 64)
    timing = row_timing(model, mode.number, window, exposure_s=0.001, link=model.links[0].name)
    for bits, factor in ((16, 1), (8, 1), (16, 2), (8, 2)):
        picture = FrameFormat(window, factor, bits)
        settings = Settings(mode.number, 0.001, 0, 0, 0, 0, picture, False, False, model.links[0].name)
        tiny = plan(model, mode, settings, 0.0, 0, 0, timing, 0)
        expose(tiny, None, np.empty(tiny.shape, picture.dtype))
    expected_electrons(tiny, None)


def _over_strips(plan: Plan, work: Callable[[list[tuple[int, int]]], None], threads: int) -> None:
    """Deal the strips of a frame out to threads; each keeps its own buffers."""
    parts = list(strips(plan, _STRIP_ROWS))
    shares = [parts[i::threads] for i in range(min(threads, len(parts)))]
    if len(shares) == 1:
        work(parts)
        return
    with ThreadPoolExecutor(len(shares)) as pool:
        for _ in pool.map(work, shares):
            pass


def _light(
    plan: Plan, light: BoundScene | None, first: int, last: int, room: NDArray[np.float32]
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Light of a strip (in `room`), and where its corner lies in the strip."""
    part = lit_part(plan, first, last)
    if light is None or part is None:
        return room[:0].reshape(0, 0), (0, 0)
    lit = room[: part.height * part.width].reshape(part.height, part.width)
    gather_light(plan, light, part, lit)
    return lit, (part.left - plan.area.left, part.top - plan.area.top - first)


def _padded(width: int) -> int:
    return -(-width // _CHUNK) * _CHUNK


def _numbers(plan: Plan) -> _Numbers:
    own, neighbour = memory_weights(plan.neighbour_correlation)
    well_e = min(chain.pixel_well_e for chain in plan.chains)
    top_e = well_e - 12.0 * well_e**0.5 if len(plan.chains) == 1 else 0.0
    shift = plan.output_bits - plan.chains[0].adc_bits
    return _Numbers(
        left=plan.area.left,
        width=plan.area.width,
        total_width=plan.total_width,
        pixel_stream=np.uint64(plan.body.pixel),
        warm_stream=np.uint64(plan.body.warm),
        telegraph_body=np.uint64(plan.body.telegraph),
        telegraph_frame=np.uint64(plan.telegraph_stream),
        shot_stream=np.uint64(plan.shot_stream),
        prnu=F(plan.prnu_fraction),
        dark_e=F(plan.dark_e * plan.kinds.dark_unit),
        noise_unit=F(plan.kinds.noise_unit),
        warm_gap=F(plan.warm_gap),
        warm_median_e=F(plan.warm_median_e),
        warm_log_sigma=F(plan.warm_log_sigma),
        telegraph_gap=F(plan.telegraph_gap),
        own=F(own),
        neighbour=F(neighbour),
        top_e=F(max(top_e, SMALL_MEAN)),
        shot_noise=plan.shot_noise,
        shift_up=max(shift, 0),
        shift_down=max(-shift, 0),
    )


def _tables(plan: Plan) -> _Tables:
    return _Tables(
        glow_row_e=plan.glow_row_e.astype(F),
        glow_column_share=_pad(plan.glow_column_share[plan.area.left : plan.area.right]),
        kinds=plan.kinds.packed,
        telegraph=plan.telegraph_table,
        alias=alias_tables(),
        dark_areas=_corners(plan.dark_areas),
        blank_areas=_corners(plan.blank_areas),
        chain_streams=np.array([chain.noise_stream for chain in plan.chains], np.uint64),
        chain_numbers=np.array(
            [
                (c.pixel_well_e, c.bend_per_e2, c.gaussian_median_e, 1.0 / c.e_per_dn, 2.0**c.adc_bits - 1.0)
                for c in plan.chains
            ],
            F,
        ),
        row_dn=np.stack([c.row_dn + c.bias_dn for c in plan.chains]).astype(F),
        column_dn=np.stack([_pad(c.column_dn[plan.area.left : plan.area.right]) for c in plan.chains]),
    )


def _pad(row: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.pad(row.astype(F), (0, _padded(len(row)) - len(row)))


def _corners(areas: tuple[Window, ...]) -> NDArray[np.int64]:
    corners = [(area.left, area.top, area.right, area.bottom) for area in areas]
    return np.array(corners, np.int64).reshape(-1, 4)


@njit(inline="always")
def _halves(key: np.uint64) -> tuple[np.uint32, np.uint32]:
    return np.uint32(key & np.uint64(0xFFFFFFFF)), np.uint32(key >> np.uint64(32))


@njit(**_KERNEL)
def _normal_run(key: np.uint64, first: int, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
    """Normal numbers of the pairs `first` and on: columns p and p + half the sensor."""
    a, b = _halves(key)
    c, d = _halves(key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019))
    for i in range(low.size):
        place = np.uint32(first + i)
        low[i], high[i] = normal_pair(word(place, a, b), word(place, c, d))


@njit(**_KERNEL)
def _row_normals(
    stream: np.uint64, row: int, left: int, right: int, half: int, unit: NDArray[np.float32]
) -> None:
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
        start, stop = start // _PAIR_STEP * _PAIR_STEP, -(-stop // _PAIR_STEP) * _PAIR_STEP
        _normal_run(key, start, low[start:stop], high[start:stop])
        return
    start, stop = left // _PAIR_STEP * _PAIR_STEP, -(-(right - half) // _PAIR_STEP) * _PAIR_STEP
    if stop >= start:
        _normal_run(key, 0, low, high)
        return
    _normal_run(key, start, low[start:], high[start:])
    _normal_run(key, 0, low[:stop], high[:stop])


@njit(**_KERNEL)
def _pixels(
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


@njit(**_KERNEL)
def _means(
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


@njit(**_KERNEL)
def _chunk_means(
    numbers: _Numbers,
    tables: _Tables,
    light: NDArray[np.float32],
    light_left: int,
    row: int,
    start: int,
    warm: NDArray[np.int32],
    warm_e: NDArray[np.float32],
    pixel: NDArray[np.uint32],
    kind: NDArray[np.uint32],
    mean: NDArray[np.float32],
    ratio: NDArray[np.float32],
) -> None:
    """Expected electrons and relative read noise of some columns of one row, `start` counted from the window."""
    column = numbers.left + start
    low, high = max(light_left - start, 0), min(light_left + light.size - start, _CHUNK)
    if low > 0 or high < _CHUNK:
        mean[:] = F(0.0)
    if high > low:
        mean[low:high] = light[start + low - light_left : start + high - light_left]
    _pixels(numbers.pixel_stream, row, column, tables.kinds, pixel, kind)
    glow_e, glow_share = tables.glow_row_e[row], tables.glow_column_share[start : start + _CHUNK]
    _means(numbers.prnu, numbers.dark_e, numbers.noise_unit, glow_e, glow_share, pixel, kind, mean, ratio)
    for i in range(warm.size):
        mean[warm[i] - column] += warm_e[i]
    for i in range(tables.dark_areas.shape[0]):
        low, high = _span(tables.dark_areas[i], row, column)
        for place in range(low, high):
            mean[place] = F(0.0)


@njit(inline="always")
def _span(area: NDArray[np.int64], row: int, column: int) -> tuple[int, int]:
    """Part of a chunk that starts at `column` in an area given by its corners; empty if there is none."""
    if area[1] <= row < area[3]:
        return max(area[0] - column, 0), min(area[2] - column, _CHUNK)
    return 0, 0


@njit(inline="always")
def _upto(columns: NDArray[np.int32], first: int, count: int, column: int) -> int:
    """Index of the first of the ascending `columns` that is not below `column`."""
    while first < count and columns[first] < column:
        first += 1
    return first


@njit(**_KERNEL)
def _mix(
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


@njit(**_KERNEL)
def _small(
    stream: np.uint64,
    row: int,
    left: int,
    tables: NDArray[np.uint32],
    mean: NDArray[np.float32],
    index: NDArray[np.uint32],
    entry: NDArray[np.uint32],
    out: NDArray[np.float32],
) -> None:
    """Exact Poisson numbers of small means."""
    a, b = _halves(row_key(stream, row))
    c, d = _halves(row_key(stream ^ np.uint64(0x5555555555555555), row))
    for i in range(out.size):
        index[i] = small_index(mean[i], word(np.uint32(left + i), a, b))
    for i in range(out.size):
        entry[i] = tables[index[i]]
    for i in range(out.size):
        place = np.uint32(left + i)
        out[i] = small_poisson(mean[i], word(place, a, b), word(place, c, d), entry[i])


@njit(**_KERNEL)
def _top(stream: np.uint64, row: int, left: int, mean: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Whole electrons of large means by the quantile of the Poisson distribution."""
    a, b = _halves(row_key(stream ^ np.uint64(0x3333333333333333), row))
    c, d = _halves(row_key(stream ^ np.uint64(0x7777777777777777), row))
    for i in range(out.size):
        place = np.uint32(left + i)
        normal, _ = normal_pair(word(place, a, b), word(place, c, d))
        out[i] = poisson_quantile(mean[i], normal)


@njit(**_KERNEL)
def _sum(
    median_e: np.float32,
    own: np.float32,
    neighbour: np.float32,
    ratio: NDArray[np.float32],
    here: NDArray[np.float32],
    left: NDArray[np.float32],
    mean: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Signal with shot and read noise from one normal number: Cornish-Fisher quantile of Poisson + Gauss.

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
        out[i] = m + (c0 + w * (c1 + w * (c2 + w * (c3 + w * c4))))


@njit(**_KERNEL)
def _census(mean: NDArray[np.float32], top_e: np.float32) -> tuple[int, int]:
    """How many means are small, and how many near the top."""
    small, top = np.int32(0), np.int32(0)
    for i in range(mean.size):
        small += np.int32(mean[i] < _SMALL)
        top += np.int32(mean[i] >= top_e)
    return small, top


@njit(**_KERNEL)
def _electrons(
    numbers: _Numbers,
    median_e: np.float32,
    alias: NDArray[np.uint32],
    row: int,
    column: int,
    mean: NDArray[np.float32],
    ratio: NDArray[np.float32],
    here: NDArray[np.float32],
    left: NDArray[np.float32],
    index: NDArray[np.uint32],
    entry: NDArray[np.uint32],
    spare: NDArray[np.float32],
    electrons: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> None:
    """Signal of each pixel, and the read noise of the first chain that is not yet in it (units of the median)."""
    own, neighbour, top_e = numbers.own, numbers.neighbour, numbers.top_e
    if not numbers.shot_noise:
        electrons[:] = mean
        _mix(own, neighbour, ratio, here, left, noise)
        return
    small, top = _census(mean, top_e)
    if small == 0 and top == 0:
        _sum(median_e, own, neighbour, ratio, here, left, mean, electrons)
        noise[:] = F(0.0)
        return
    _mix(own, neighbour, ratio, here, left, noise)
    if small == _CHUNK:
        _small(numbers.shot_stream, row, column, alias, mean, index, entry, electrons)
        return
    if small + top < _CHUNK:
        _sum(median_e, own, neighbour, ratio, here, left, mean, electrons)
        for i in range(_CHUNK):
            noise[i] = noise[i] if mean[i] < _SMALL or mean[i] >= top_e else F(0.0)
    if small > 0:
        _small(numbers.shot_stream, row, column, alias, mean, index, entry, spare)
        for i in range(_CHUNK):
            electrons[i] = spare[i] if mean[i] < _SMALL else electrons[i]
    if top > 0:
        _top(numbers.shot_stream, row, column, mean, spare)
        for i in range(_CHUNK):
            electrons[i] = spare[i] if mean[i] >= top_e else electrons[i]


@njit(**_KERNEL)
def _read(
    chain: NDArray[np.float32],
    shift_up: int,
    shift_down: int,
    electrons: NDArray[np.float32],
    noise: NDArray[np.float32],
    level_dn: NDArray[np.float32],
    out: NDArray[np.uint16],
) -> None:
    """Words of one row: well, bend, gain, noise, offset, ADC, depth."""
    well_e, bend, median_e, dn_per_e, rail = chain[0], chain[1], chain[2], chain[3], chain[4]
    up, down = np.uint32(shift_up), np.uint32(shift_down)
    for i in range(out.size):
        e = min(electrons[i], well_e)
        e = e - bend * e * (e * e)
        dn = (e + median_e * noise[i]) * dn_per_e + (level_dn[i] + F(0.5))
        count = np.uint32(np.int32(min(max(dn, F(0.0)), rail)))
        out[i] = np.uint16((count << up) >> down)


@njit(**_KERNEL)
def _levels(
    row_dn: np.float32,
    column_dn: NDArray[np.float32],
    dn_per_e: np.float32,
    column: int,
    jumping: NDArray[np.int32],
    jump_e: NDArray[np.float32],
    level_dn: NDArray[np.float32],
) -> None:
    """What lies under the signal of each pixel: bias, row, column, telegraph jumps; ADC counts."""
    for i in range(level_dn.size):
        level_dn[i] = row_dn + column_dn[i]
    for i in range(jumping.size):
        level_dn[jumping[i] - column] += jump_e[i] * dn_per_e


@njit(**_KERNEL)
def _expose_rows(
    numbers: _Numbers,
    tables: _Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    first: int,
    words: NDArray[np.uint16],
) -> None:
    """Rows `first` and on of the window: from light to unbinned words."""
    rows, chains, size = words.shape
    half = -(-numbers.total_width // (2 * _PAIR_STEP)) * _PAIR_STEP
    unit = np.zeros((chains, 2 * half + 1 + _CHUNK), np.float32)
    mean, ratio = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
    electrons, noise = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
    level_dn, spare = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
    pixel, kind = np.empty(_CHUNK, np.uint32), np.empty(_CHUNK, np.uint32)
    warm, warm_e = np.empty(numbers.total_width, np.int32), np.empty(numbers.total_width, np.float32)
    jumping, jump_e = np.empty(numbers.total_width, np.int32), np.empty(numbers.total_width, np.float32)
    right = numbers.left + numbers.width
    dark = lit[:0].reshape(-1)
    for i in range(rows):
        row = top + first + i
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        warms = _warm(numbers, row, warm, warm_e)
        jumps = _jumping(numbers, tables.telegraph, row, jumping, jump_e)
        for chain in range(chains):
            _row_normals(tables.chain_streams[chain], row, numbers.left, right, half, unit[chain])
        w0, j0 = _upto(warm, 0, warms, numbers.left), _upto(jumping, 0, jumps, numbers.left)
        for start in range(0, size, _CHUNK):
            column = numbers.left + start
            w1, j1 = _upto(warm, w0, warms, column + _CHUNK), _upto(jumping, j0, jumps, column + _CHUNK)
            _chunk_means(
                numbers,
                tables,
                light,
                lit_left,
                row,
                start,
                warm[w0:w1],
                warm_e[w0:w1],
                pixel,
                kind,
                mean,
                ratio,
            )
            here, left = unit[0, column + 1 : column + 1 + _CHUNK], unit[0, column : column + _CHUNK]
            _electrons(
                numbers,
                tables.chain_numbers[0, 2],
                tables.alias,
                row,
                column,
                mean,
                ratio,
                here,
                left,
                pixel,
                kind,
                spare,
                electrons,
                noise,
            )
            for area in tables.dark_areas:
                low, high = _span(area, row, column)
                for j in range(j0, j1):
                    if low <= jumping[j] - column < high:
                        jump_e[j] = F(0.0)
            for chain in range(chains):
                if chain > 0:
                    here, left = (
                        unit[chain, column + 1 : column + 1 + _CHUNK],
                        unit[chain, column : column + _CHUNK],
                    )
                    _mix(numbers.own, numbers.neighbour, ratio, here, left, noise)
                numbers_dn = tables.chain_numbers[chain]
                _levels(
                    tables.row_dn[chain, first + i],
                    tables.column_dn[chain, start : start + _CHUNK],
                    numbers_dn[3],
                    column,
                    jumping[j0:j1],
                    jump_e[j0:j1],
                    level_dn,
                )
                out = words[i, chain, start : start + _CHUNK]
                _read(numbers_dn, numbers.shift_up, numbers.shift_down, electrons, noise, level_dn, out)
                for area in tables.blank_areas:
                    low, high = _span(area, row, column)
                    for place in range(low, high):
                        out[place] = 0
            w0, j0 = w1, j1


@njit(**_KERNEL)
def _warm(numbers: _Numbers, row: int, column: NDArray[np.int32], extra: NDArray[np.float32]) -> int:
    return warm_pixels(
        numbers.warm_stream,
        row,
        numbers.total_width,
        numbers.warm_gap,
        numbers.warm_median_e,
        numbers.warm_log_sigma,
        column,
        extra,
    )


@njit(**_KERNEL)
def _jumping(
    numbers: _Numbers,
    table: NDArray[np.float32],
    row: int,
    column: NDArray[np.int32],
    jump_e: NDArray[np.float32],
) -> int:
    return telegraph_jumps(
        numbers.telegraph_body,
        numbers.telegraph_frame,
        row,
        numbers.total_width,
        numbers.telegraph_gap,
        table,
        column,
        jump_e,
    )


@njit(**_KERNEL)
def _expected_rows(
    numbers: _Numbers,
    tables: _Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    out: NDArray[np.float32],
) -> None:
    """Expected electrons of some rows of the window."""
    mean, ratio = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
    pixel, kind = np.empty(_CHUNK, np.uint32), np.empty(_CHUNK, np.uint32)
    warm, warm_e = np.empty(numbers.total_width, np.int32), np.empty(numbers.total_width, np.float32)
    dark = lit[:0].reshape(-1)
    for i in range(out.shape[0]):
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        warms = _warm(numbers, top + i, warm, warm_e)
        w0 = _upto(warm, 0, warms, numbers.left)
        for start in range(0, numbers.width, _CHUNK):
            w1 = _upto(warm, w0, warms, numbers.left + start + _CHUNK)
            _chunk_means(
                numbers,
                tables,
                light,
                lit_left,
                top + i,
                start,
                warm[w0:w1],
                warm_e[w0:w1],
                pixel,
                kind,
                mean,
                ratio,
            )
            stop = min(start + _CHUNK, numbers.width)
            out[i, start:stop] = mean[: stop - start]
            w0 = w1


@njit(cache=True, nogil=True)
def _deliver(words: NDArray[np.uint16], width: int, factor: int, out: NDArray[Any]) -> None:
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
