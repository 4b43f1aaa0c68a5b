"""Rows of a frame from light to words, by the loops of `fullwell.twin.kernels`, block by block.

A block is 512 columns of the sensor, whatever the window: what a pixel becomes is a function of the keys, its
row, its column and its light. Three loops make the electrons, chosen by the expected ones m:

* m below 64: exact Poisson numbers from tables;
* from there to near the full well: shot and read noise together from one normal number;
* near the full well, or with two chains that read the same electrons (``m >= top_e``): whole electrons, and read
  noise *apart*, behind the well.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.lanes import bits_float
from fullwell.chance.poisson import GRID
from fullwell.chance.sparse import ROOM
from fullwell.chance.words import BLOCK
from fullwell.compiled import njit
from fullwell.readout.telegraph import telegraph_jumps
from fullwell.sensor.dark import warm_pixels
from fullwell.twin.kernels import (
    HALF_BLOCK,
    LARGE,
    PART_PX,
    PARTS,
    SMALL,
    F,
    convert,
    convert_apart,
    copy,
    expected,
    extremes,
    fill,
    kernel,
    large_signal,
    last_normal,
    least_signal,
    middle_signal,
    normals,
    pixel_kinds,
    read_noise,
    remember_left,
    replace_below,
    replace_from,
    small_signal,
    whole_signal,
    with_read_noise,
)
from fullwell.twin.plan import GROUP_PX

LEAST = F(GRID)


class Numbers(NamedTuple):
    """A plan in the words of the kernels."""

    left: int
    width: int
    total_width: int
    pixel_stream: np.uint64
    kind_stream: np.uint64
    warm_stream: np.uint64
    telegraph_body: np.uint64
    telegraph_frame: np.uint64
    shot_stream: np.uint64
    prnu_step: np.float32
    prnu_least: np.float32
    dark_step_e: np.float32
    warm_gap: np.float32
    warm_median_e: np.float32
    warm_log_sigma: np.float32
    telegraph_traps: np.float32
    own: np.float32
    neighbour: np.float32
    top_e: np.float32
    shot_noise: bool
    step: np.float32


class Tables(NamedTuple):
    """Arrays of a plan, as the kernels want them."""

    glow_row_e: NDArray[np.float32]
    glow_column_share: NDArray[np.float32]
    kinds: NDArray[np.uint64]
    telegraph: NDArray[np.float32]
    alias: NDArray[np.uint32]
    dark_areas: NDArray[np.int64]
    blank_areas: NDArray[np.int64]
    chain_streams: NDArray[np.uint64]
    chain_numbers: NDArray[np.float32]
    row_dn: NDArray[np.float32]
    column_dn: NDArray[np.float32]


class Bench(NamedTuple):
    """Working memory of one thread; see `bench`."""

    light: NDArray[np.float32]
    mean: NDArray[np.float32]
    ratio: NDArray[np.float32]
    fresh: NDArray[np.float32]
    unit: NDArray[np.float32]
    deviation: NDArray[np.float32]
    noise: NDArray[np.float32]
    spare: NDArray[np.float32]
    other: NDArray[np.float32]
    picks: NDArray[np.uint32]
    draws: NDArray[np.uint32]
    root: NDArray[np.float32]
    least: NDArray[np.float32]
    most: NDArray[np.float32]
    kind: NDArray[np.uint64]
    kind_parts: NDArray[np.uint16]
    warm: NDArray[np.int32]
    warm_e: NDArray[np.float32]
    jump_e: NDArray[np.float32]
    words: NDArray[np.uint16]


def bench(total_width: int, chains: int) -> Bench:
    """Working memory for rows of a sensor of so many columns, read by so many chains."""
    shelf = _Shelf(8 * (total_width + ROOM) + 8 * BLOCK * (20 + chains))
    kind = shelf.place(np.uint64, BLOCK // 4)
    return Bench(
        light=shelf.place(F, BLOCK),
        mean=shelf.place(F, BLOCK),
        ratio=shelf.place(F, BLOCK),
        fresh=shelf.place(F, chains, BLOCK + 1),
        unit=shelf.place(F, BLOCK),
        deviation=shelf.place(F, BLOCK),
        noise=shelf.place(F, BLOCK),
        spare=shelf.place(F, BLOCK),
        other=shelf.place(F, BLOCK),
        picks=shelf.place(np.uint32, BLOCK),
        draws=shelf.place(np.uint32, BLOCK),
        root=shelf.place(F, BLOCK // 2),
        least=shelf.place(F, PARTS),
        most=shelf.place(F, PARTS),
        kind=kind,
        kind_parts=kind.view(np.uint16),
        warm=shelf.place(np.int32, total_width + ROOM),
        warm_e=shelf.place(F, total_width + ROOM),
        jump_e=shelf.place(F, BLOCK),
        words=shelf.place(np.uint16, BLOCK),
    )


class _Shelf:
    """Arrays that begin where a line of the cache does, hardly two of them at the same place of a page.

    A vector across two lines is written twice; a load that looks like a recent store, up to multiples of a page,
    waits for it. Together this costs 4 % of a frame.
    """

    _LINE: Final = 64

    def __init__(self, size: int) -> None:
        memory = np.zeros(size + 4096, np.uint8)
        self._free = memory[-memory.ctypes.data % 4096 :]

    def place(self, dtype: type[np.generic], *shape: int) -> NDArray[Any]:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        taken, self._free = self._free[:size], self._free[(size // self._LINE + 2) * self._LINE :]
        return taken.view(dtype).reshape(shape)


@kernel
def _meets(areas: NDArray[np.int64], row: int) -> bool:
    """Whether any of some areas (left, top, right, bottom) has pixels in a row."""
    met = False
    for i in range(areas.shape[0]):
        met = met or areas[i, 1] <= row < areas[i, 3]
    return met


@kernel
def _clear(areas: NDArray[np.int64], row: int, start: int, out: NDArray[Any]) -> bool:
    """Set to 0 what lies in some areas; `out` is a block that begins at column `start`. Whether any does."""
    met = False
    for i in range(areas.shape[0]):
        if areas[i, 1] <= row < areas[i, 3]:
            for place in range(max(areas[i, 0] - start, 0), min(areas[i, 2] - start, out.size)):
                out[place] = 0
                met = True
    return met


@njit(inline="always")
def _block_light(
    numbers: Numbers, light: NDArray[np.float32], light_left: int, start: int, room: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The light of a block that begins at column `start`: part of its row, or a copy with darkness round it.

    Beyond the window goes on what falls on its edge: nobody sees it, and darkness there would make a block of
    bright and faint pixels out of one of bright ones, which costs twice as much.
    """
    low, high = max(light_left - start, 0), min(light_left + light.size - start, BLOCK)
    whole = low == 0 and high == BLOCK
    if not whole:
        fill(F(0.0), room)
        if high > low:
            copy(light[start + low - light_left : start + high - light_left], room[low:high])
            if light_left == numbers.left:
                fill(room[low], room[:low])
            if light_left + light.size == numbers.left + numbers.width:
                fill(room[high - 1], room[high:])
    return light[start - light_left : start - light_left + BLOCK] if whole else room


@njit(inline="always")
def _block_means(
    numbers: Numbers,
    tables: Tables,
    light: NDArray[np.float32],
    row: int,
    block: int,
    in_virtual: bool,
    first_warm: int,
    last_warm: int,
    own: Bench,
) -> tuple[np.float32, np.float32]:
    """Expected electrons and read noise of a block; the least and the largest of the former, or beyond."""
    start = block * BLOCK
    pixel_kinds(numbers.kind_stream, row, block, tables.kinds, own.picks[: BLOCK // GROUP_PX], own.kind)
    least, most = expected(
        numbers.pixel_stream,
        row,
        block,
        numbers.prnu_step,
        numbers.prnu_least,
        numbers.dark_step_e,
        tables.glow_row_e[row],
        tables.glow_column_share[start : start + BLOCK],
        light,
        own.kind_parts,
        own.picks[:HALF_BLOCK],
        own.mean,
        own.ratio,
    )
    low, high = bits_float(least), bits_float(most)
    for i in range(first_warm, last_warm):
        place = own.warm[i] - start
        own.mean[place] += own.warm_e[i]
        high = max(high, own.mean[place])
    if in_virtual and _clear(tables.dark_areas, row, start, own.mean):
        low = F(0.0)
    return low, high


@njit(inline="always")
def _warm(numbers: Numbers, row: int, own: Bench) -> int:
    return warm_pixels(
        numbers.warm_stream,
        row,
        numbers.total_width,
        numbers.warm_gap,
        numbers.warm_median_e,
        numbers.warm_log_sigma,
        own.warm,
        own.warm_e,
    )


@kernel
def _upto(columns: NDArray[np.int32], first: int, count: int, column: int) -> int:
    """Index of the first of the ascending `columns` that is not below `column`."""
    while first < count and columns[first] < column:
        first += 1
    return first


@njit(inline="always")
def _unit_noise(
    numbers: Numbers, stream: np.uint64, row: int, block: int, fresh: NDArray[np.float32], own: Bench
) -> None:
    """Unit read noise of a block in `own.unit`; `fresh` remembers the block to the left of it."""
    correlated = numbers.neighbour != 0.0
    fresh[0] = fresh[BLOCK]
    target = fresh[1:] if correlated else own.unit
    normals(stream, row, block, own.picks[:HALF_BLOCK], own.draws[:HALF_BLOCK], own.root, target)
    if correlated:
        remember_left(numbers.own, numbers.neighbour, fresh, own.unit)


@njit(inline="always")
def _counted_and_read(
    numbers: Numbers,
    noise_e: np.float32,
    alias: NDArray[np.uint32],
    row: int,
    block: int,
    high: np.float32,
    own: Bench,
    out: NDArray[np.float32],
) -> None:
    """Electrons of means below 64 with read noise, less their mean; of no use where the mean is larger."""
    if high < LEAST:
        least_signal(numbers.shot_stream, row, block, alias, own.mean, own.picks, own.noise)
    else:
        small_signal(numbers.shot_stream, row, block, alias, own.mean, own.picks, own.draws, own.noise)
    with_read_noise(noise_e, own.ratio, own.unit, own.mean, own.noise, out)


@njit(inline="always")
def _bright_part(noise_e: np.float32, part: int, own: Bench, out: NDArray[np.float32]) -> None:
    """Electrons with read noise, less their mean, in one part of a block, where the mean is 64 or more."""
    begin, end = part * PART_PX, (part + 1) * PART_PX
    mean, ratio, unit = own.mean[begin:end], own.ratio[begin:end], own.unit[begin:end]
    bright, other, spare = own.noise[begin:end], own.other[begin:end], own.root[:PART_PX]
    if own.most[part] >= LARGE:
        large_signal(noise_e, ratio, unit, mean, bright)
    if own.least[part] < LARGE:
        middle_signal(noise_e, ratio, unit, mean, spare, other)
        replace_below(LARGE, mean, other, bright)
    replace_from(SMALL, mean, bright, out[begin:end])


@njit(inline="always")
def _joined(
    numbers: Numbers,
    noise_e: np.float32,
    alias: NDArray[np.uint32],
    row: int,
    block: int,
    low: np.float32,
    high: np.float32,
    own: Bench,
    out: NDArray[np.float32],
) -> None:
    """Electrons with read noise, less their mean."""
    unit, mean, ratio = own.unit, own.mean, own.ratio
    if not numbers.shot_noise:
        read_noise(noise_e, ratio, unit, out)
    elif low >= LARGE:
        large_signal(noise_e, ratio, unit, mean, out)
    elif low >= SMALL and high < LARGE:
        middle_signal(noise_e, ratio, unit, mean, own.noise, out)
    else:
        if low < SMALL:
            _counted_and_read(numbers, noise_e, alias, row, block, high, own, out)
        if high >= SMALL:
            extremes(mean, own.least, own.most)
            for part in range(PARTS):
                if own.most[part] >= SMALL:
                    _bright_part(noise_e, part, own, out)


@njit(inline="always")
def _apart(
    numbers: Numbers,
    noise_e: np.float32,
    alias: NDArray[np.uint32],
    row: int,
    block: int,
    low: np.float32,
    high: np.float32,
    own: Bench,
) -> None:
    """Electrons less their mean, and read noise by itself, which counts from `top_e` on."""
    mean, deviation, noise, spare = own.mean, own.deviation, own.noise, own.spare
    fill(F(0.0), deviation)
    if numbers.shot_noise and high >= SMALL:
        whole_signal(numbers.shot_stream, row, block, mean, deviation)
    if numbers.shot_noise and low < SMALL:
        _counted_and_read(numbers, F(0.0), alias, row, block, high, own, spare)
        replace_below(SMALL, mean, spare, deviation)
    if low < numbers.top_e:
        _joined(numbers, noise_e, alias, row, block, low, high, own, spare)
        replace_below(numbers.top_e, mean, spare, deviation)
    read_noise(noise_e, own.ratio, own.unit, noise)


@njit(inline="always")
def _finish(
    numbers: Numbers,
    tables: Tables,
    chain: int,
    apart: bool,
    row_dn: np.float32,
    row: int,
    start: int,
    in_blank: bool,
    own: Bench,
    out: NDArray[np.uint16],
) -> None:
    """Words of a block of one chain, into a row of the window."""
    column_dn, number = tables.column_dn[chain, start : start + BLOCK], tables.chain_numbers[chain]
    low, high = max(numbers.left - start, 0), min(numbers.left + numbers.width - start, BLOCK)
    inside = low == 0 and high == BLOCK
    words = out[start - numbers.left : start - numbers.left + BLOCK] if inside else own.words
    if apart:
        convert_apart(
            number,
            row_dn,
            column_dn,
            numbers.step,
            own.mean,
            own.deviation,
            own.noise,
            own.jump_e,
            numbers.top_e,
            words,
        )
    else:
        convert(number, row_dn, column_dn, numbers.step, own.mean, own.deviation, own.jump_e, words)
    if in_blank:
        _clear(tables.blank_areas, row, start, words)
    if not inside:
        copy(words[low:high], out[start + low - numbers.left : start + high - numbers.left])


@kernel
def expose_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    first: int,
    own: Bench,
    words: NDArray[np.uint16],
) -> None:
    """Rows `first` and on of the window: from light to unbinned words, shape (rows, chains, window columns).

    `lit_left` is a column of the sensor, `lit_top` a row of `words`.
    """
    rows, chains, _ = words.shape
    begin, end = numbers.left // BLOCK, -(-(numbers.left + numbers.width) // BLOCK)
    dark = lit[:0].reshape(-1)
    for i in range(rows):
        row = top + first + i
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        in_virtual, in_blank = _meets(tables.dark_areas, row), _meets(tables.blank_areas, row)
        for chain in range(chains):
            own.fresh[chain, BLOCK] = last_normal(tables.chain_streams[chain], row, begin - 1)
        warms = _warm(numbers, row, own)
        w0 = _upto(own.warm, 0, warms, begin * BLOCK)
        for block in range(begin, end):
            start = block * BLOCK
            w1 = _upto(own.warm, w0, warms, start + BLOCK)
            _unit_noise(numbers, tables.chain_streams[0], row, block, own.fresh[0], own)
            block_light = _block_light(numbers, light, lit_left, start, own.light)
            low, high = _block_means(numbers, tables, block_light, row, block, in_virtual, w0, w1, own)
            w0 = w1
            noise_e = tables.chain_numbers[0, 2]
            apart = bool(high >= numbers.top_e)
            if apart:
                _apart(numbers, noise_e, tables.alias, row, block, low, high, own)
            else:
                _joined(numbers, noise_e, tables.alias, row, block, low, high, own, own.deviation)
            telegraph_jumps(
                numbers.telegraph_body,
                numbers.telegraph_frame,
                row,
                block,
                numbers.telegraph_traps,
                tables.alias,
                tables.telegraph,
                own.picks,
                own.draws,
                own.jump_e,
            )
            if in_virtual:
                _clear(tables.dark_areas, row, start, own.jump_e)
            for chain in range(chains):
                if chain > 0:
                    noise_e = tables.chain_numbers[chain, 2]
                    _unit_noise(numbers, tables.chain_streams[chain], row, block, own.fresh[chain], own)
                    read_noise(noise_e, own.ratio, own.unit, own.noise)
                row_dn = tables.row_dn[chain, first + i]
                _finish(numbers, tables, chain, apart, row_dn, row, start, in_blank, own, words[i, chain])


@kernel
def expected_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    own: Bench,
    out: NDArray[np.float32],
) -> None:
    """Expected electrons of some rows of the window."""
    begin, end = numbers.left // BLOCK, -(-(numbers.left + numbers.width) // BLOCK)
    dark = lit[:0].reshape(-1)
    for i in range(out.shape[0]):
        row = top + i
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        in_virtual = _meets(tables.dark_areas, row)
        warms = _warm(numbers, row, own)
        w0 = _upto(own.warm, 0, warms, begin * BLOCK)
        for block in range(begin, end):
            start = block * BLOCK
            w1 = _upto(own.warm, w0, warms, start + BLOCK)
            block_light = _block_light(numbers, light, lit_left, start, own.light)
            _block_means(numbers, tables, block_light, row, block, in_virtual, w0, w1, own)
            w0 = w1
            low, high = max(numbers.left - start, 0), min(numbers.left + numbers.width - start, BLOCK)
            copy(own.mean[low:high], out[i, start + low - numbers.left : start + high - numbers.left])
