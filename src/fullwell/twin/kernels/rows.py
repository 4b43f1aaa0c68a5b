"""Rows of a frame from light to words, by the loops of this folder, block by block.

A block is 512 columns of the sensor, whatever the window: what a pixel becomes is a function of the keys, its
row, its column and its light. Three ways make the electrons, chosen by the expected ones m:

* m below 40: exact Poisson numbers from tables;
* from there to near the full well: shot and read noise together from one normal number;
* near the full well, or with two chains that read the same electrons (``m >= top_e``): whole electrons, and read
  noise *apart*, behind the well; here the tables serve up to 64.

Nearly all blocks lie below the well, and the pixels of most go one way: their light says so beforehand
(`_bounds`), and few loops do all of it at once (`_words_at_once`). Stars and warm pixels that are brighter than
their block are done again, sixteen neighbours at a time. Other blocks go step by step (`_step_by_step`), to the
same bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import row_key
from fullwell.chance.poisson import GRID, SMALL_MEAN, add_remainders
from fullwell.chance.words import BLOCK
from fullwell.compiled import njit
from fullwell.readout.telegraph import telegraph_jumps
from fullwell.sensor.dark import warm_pixels
from fullwell.twin.kernels.loops import F, copy, extremes, fill, kernel
from fullwell.twin.kernels.noise import (
    BRIGHT,
    LARGE,
    bright_means,
    bright_signal,
    last_normal,
    normals,
    poisson_entries,
    read_noise,
    remember_left,
    small_signal,
    still,
    whole_signal,
)
from fullwell.twin.kernels.pixels import clear_extra, expected, lay_extra, pixel_kinds, take_light
from fullwell.twin.kernels.words import (
    ReadOut,
    apart_words,
    bright_words,
    brighter_words,
    joined_words,
    large_words,
    least_words,
    middle_words,
    narrow,
    small_words,
    warm_words,
)
from fullwell.twin.kernels.workbench import DEVIATION, JUMP, LIGHT, MEAN, UNIT, Workbench

_LEAST, SMALL = F(GRID), F(SMALL_MEAN)
_NONE = F(0.0)


class Numbers(NamedTuple):
    """A plan in the words of the kernels.

    `prnu_most`, `dark_most_e` and `glow_most` are the largest response, dark current and share of glow.
    """

    left: int
    width: int
    total_width: int
    kind_stream: np.uint64
    warm_stream: np.uint64
    telegraph_body: np.uint64
    telegraph_frame: np.uint64
    shot_stream: np.uint64
    prnu_step: np.float32
    prnu_least: np.float32
    prnu_most: np.float32
    dark_step_e: np.float32
    dark_most_e: np.float32
    glow_most: np.float32
    warm_gap: np.float32
    warm_median_e: np.float32
    warm_log_sigma: np.float32
    showers: int
    telegraph_traps: np.float32
    own: np.float32
    neighbour: np.float32
    top_e: np.float32
    shot_noise: bool
    up: int
    down: int


class Tables(NamedTuple):
    """Arrays of a plan, as the kernels want them."""

    glow_row_e: NDArray[np.float32]
    glow_column_share: NDArray[np.float32]
    kinds: NDArray[np.uint64]
    responses: NDArray[np.uint64]
    telegraph: NDArray[np.uint32]
    alias: NDArray[np.uint32]
    dark_areas: NDArray[np.int64]
    blank_areas: NDArray[np.int64]
    chain_streams: NDArray[np.uint64]
    chain_numbers: NDArray[np.float32]
    chain_most: NDArray[np.uint32]
    row_dn: NDArray[np.float32]
    column_dn: NDArray[np.float32]


@kernel
def _met(areas: NDArray[np.int64], row: int) -> tuple[int, int]:
    """In which blocks of a row some areas (left, top, right, bottom) have pixels: first, beyond the last."""
    first, last = 1 << 30, 0
    for i in range(areas.shape[0]):
        if areas[i, 1] <= row < areas[i, 3]:
            first, last = min(first, areas[i, 0] // BLOCK), max(last, (areas[i, 2] - 1) // BLOCK + 1)
    return first, last


@kernel
def _clear(areas: NDArray[np.int64], row: int, start: int, out: NDArray[Any]) -> None:
    """Set to 0 what lies in some areas; `out` is a block that begins at column `start`."""
    for i in range(areas.shape[0]):
        if areas[i, 1] <= row < areas[i, 3]:
            for place in range(max(areas[i, 0] - start, 0), min(areas[i, 2] - start, out.size)):
                out[place] = 0


@njit(inline="always")
def _light(
    numbers: Numbers, light: NDArray[np.float32], light_left: int, start: int, own: NDArray[np.float32]
) -> tuple[np.float32, np.float32]:
    """Put the light of a block that begins at column `start` into its place; the least and the most of it.

    Beyond the window goes on what falls on its edge: nobody sees it, and darkness there would make a block of
    bright and faint pixels out of one of bright ones, which costs twice as much.
    """
    low, high = max(light_left - start, 0), min(light_left + light.size - start, BLOCK)
    if low == 0 and high == BLOCK:
        return take_light(light[start - light_left :], own)
    room = own[LIGHT : LIGHT + BLOCK]
    fill(F(0.0), room)
    if high > low:
        copy(light[start + low - light_left : start + high - light_left], room[low:high])
        if light_left == numbers.left:
            fill(room[low], room[:low])
        if light_left + light.size == numbers.left + numbers.width:
            fill(room[high - 1], room[high:])
    return extremes(LIGHT, own)


@njit(inline="always")
def _warm(numbers: Numbers, row: int, bench: Workbench) -> int:
    """Warm pixels of a row, in `bench`; how many."""
    return warm_pixels(
        numbers.warm_stream,
        row,
        numbers.total_width,
        numbers.warm_gap,
        numbers.warm_median_e,
        numbers.warm_log_sigma,
        bench.warm,
        bench.warm_e,
    )


@kernel
def _upto(
    columns: NDArray[np.int32], extra_e: NDArray[np.float32], first: int, count: int, column: int
) -> tuple[int, np.float32]:
    """Index of the first of the ascending `columns` that is not below `column`, and the most of those before."""
    most = np.float32(0.0)
    while first < count and columns[first] < column:
        most = max(most, extra_e[first])
        first += 1
    return first, most


@njit(inline="always")
def _unit_noise(numbers: Numbers, stream: np.uint64, row: int, block: int, chain: int, bench: Workbench) -> None:
    """Unit read noise of a block; `bench.left` remembers the end of the block to the left of it."""
    own = bench.own
    normals(stream, row, block, own)
    if numbers.neighbour != 0.0:
        end = own[UNIT + BLOCK - 1]
        remember_left(numbers.own, numbers.neighbour, bench.left[chain], own)
        bench.left[chain] = end


@njit(inline="always")
def _fixed(numbers: Numbers, tables: Tables, row: int, begin: int, end: int, bench: Workbench) -> None:
    """What is fixed in the pixels of some blocks of a row, in one go while the tables are in the cache."""
    for block in range(begin, end):
        pixel_kinds(
            numbers.kind_stream,
            row,
            block,
            tables.kinds,
            tables.responses,
            bench.own,
            bench.kind[block * BLOCK // 4 : (block + 1) * BLOCK // 4],
            bench.response[block * BLOCK // 8 : (block + 1) * BLOCK // 8],
        )


@njit(inline="always")
def _means(numbers: Numbers, tables: Tables, row: int, block: int, bench: Workbench) -> None:
    """Expected electrons and read noise of the pixels of a block."""
    start = block * BLOCK
    expected(
        numbers.prnu_step,
        numbers.prnu_least,
        numbers.dark_step_e,
        tables.glow_row_e[row],
        tables.glow_column_share[start : start + BLOCK],
        bench.kinds[start : start + BLOCK],
        bench.codes[start : start + BLOCK],
        bench.own,
    )


@njit(inline="always")
def _bounds(
    numbers: Numbers, glow_e: np.float32, least: np.float32, most: np.float32
) -> tuple[np.float32, np.float32]:
    """Electrons that no ordinary pixel of a block falls short of, and that none exceeds."""
    low = least * max(numbers.prnu_least, _NONE) * F(0.99999)
    high = (most * numbers.prnu_most + numbers.dark_most_e + glow_e * numbers.glow_most) * F(1.00001)
    return low, high


@njit(inline="always")
def _words_at_once(
    numbers: Numbers,
    tables: Tables,
    low: np.float32,
    high: np.float32,
    row: int,
    block: int,
    first_warm: int,
    last_warm: int,
    warmest_e: np.float32,
    chain: ReadOut,
    column_dn: NDArray[np.float32],
    bench: Workbench,
    out: NDArray[np.uint16],
) -> None:
    """Words of a block below the well: all go the way of most of them, then the brighter ones again."""
    own, start = bench.own, block * BLOCK
    if low >= BRIGHT:
        bright_means(
            numbers.prnu_step,
            numbers.prnu_least,
            numbers.dark_step_e,
            tables.glow_row_e[row],
            chain.noise_e,
            tables.glow_column_share[start : start + BLOCK],
            bench.kinds[start : start + BLOCK],
            bench.codes[start : start + BLOCK],
            own,
        )
        if low >= LARGE:
            large_words(chain, column_dn, own, out)
        elif high + warmest_e < LARGE:
            middle_words(chain, column_dn, own, out)
        else:
            bright_words(chain, column_dn, own, out)
        return
    _means(numbers, tables, row, block, bench)
    _rare_electrons(numbers, tables, row, block, BRIGHT, JUMP, bench)
    if high < _LEAST:
        warm = bench.warm[first_warm:last_warm]
        least_words(chain, column_dn, own, out)
        warm_words(numbers.shot_stream, row, warm, start, tables.alias, chain, column_dn, own, out)
    else:
        poisson_entries(numbers.shot_stream, row, block, tables.alias, own, bench.pairs)
        small_words(chain, column_dn, own, out)
    if high + warmest_e >= BRIGHT:
        brighter_words(chain, column_dn, own, out)


@njit(inline="always")
def _rare_electrons(
    numbers: Numbers, tables: Tables, row: int, block: int, limit: np.float32, place: int, bench: Workbench
) -> None:
    """Add, at a place, the electrons between the grid of the tables and the means themselves, below a limit."""
    own = bench.own
    key = row_key(numbers.shot_stream ^ np.uint64(0x5555555555555555), row)
    add_remainders(
        key, block, limit, tables.alias, own[MEAN : MEAN + BLOCK], bench.picks, own[place : place + BLOCK]
    )


@njit(inline="always")
def _deviations(
    numbers: Numbers, tables: Tables, row: int, block: int, chain: ReadOut, bench: Workbench
) -> np.float32:
    """Deviations of the electrons of any block from their means, with read noise below `top_e`.

    Returns
    -------
    float32
        The largest mean.
    """
    own = bench.own
    low, high = extremes(MEAN, own)
    read_noise(chain.noise_e, own)
    if not numbers.shot_noise:
        still(numbers.top_e, own)
        return high
    joined = numbers.top_e > _NONE
    limit = BRIGHT if joined else SMALL
    if low < limit:
        poisson_entries(numbers.shot_stream, row, block, tables.alias, own, bench.pairs)
        small_signal(chain.noise_e if joined else _NONE, own)
        _rare_electrons(numbers, tables, row, block, limit, JUMP if joined else DEVIATION, bench)
    if high >= limit and joined:
        bright_signal(chain.noise_e, own)
    if high >= numbers.top_e:
        whole_signal(numbers.shot_stream, row, block, max(numbers.top_e, SMALL), own)
    return high


@njit(inline="always")
def _step_by_step(
    numbers: Numbers,
    tables: Tables,
    row: int,
    block: int,
    in_virtual: bool,
    chain: ReadOut,
    bench: Workbench,
) -> np.float32:
    """Means and deviations of a block of any kind; the largest mean."""
    own, start = bench.own, block * BLOCK
    _means(numbers, tables, row, block, bench)
    if in_virtual:
        _clear(tables.dark_areas, row, start, own[MEAN : MEAN + BLOCK])
        _clear(tables.dark_areas, row, start, own[JUMP : JUMP + BLOCK])
    return _deviations(numbers, tables, row, block, chain, bench)


@njit(inline="always")
def _read_out(tables: Tables, chain: int, row: int) -> ReadOut:
    """The numbers of a chain in a row of the window."""
    number = tables.chain_numbers[chain]
    return ReadOut(
        number[2],
        number[0],
        number[1],
        number[3],
        tables.row_dn[chain, row],
        tables.chain_most[chain],
    )


@kernel
def expose_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    first: int,
    bench: Workbench,
    words: NDArray[np.uint16],
) -> None:
    """Rows `first` and on of the window: from light to unbinned words, shape (rows, chains, window columns).

    `lit_left` is a column of the sensor, `lit_top` a row of `words`.
    """
    rows, chains, _ = words.shape
    begin, end = numbers.left // BLOCK, -(-(numbers.left + numbers.width) // BLOCK)
    dark = lit[:0].reshape(-1)
    own = bench.own
    plain = chains == 1 and numbers.shot_noise and numbers.top_e > _NONE
    for i in range(rows):
        row = top + first + i
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        for chain in range(chains):
            bench.left[chain] = last_normal(tables.chain_streams[chain], row, begin - 1)
        _fixed(numbers, tables, row, begin, end, bench)
        warms = _warm(numbers, row, bench)
        virtual, blank = _met(tables.dark_areas, row), _met(tables.blank_areas, row)
        w0, _ = _upto(bench.warm, bench.warm_e, 0, warms, begin * BLOCK)
        for block in range(begin, end):
            start = block * BLOCK
            w1, warmest_e = _upto(bench.warm, bench.warm_e, w0, warms, start + BLOCK)
            lay_extra(bench.warm[w0:w1], bench.warm_e[w0:w1], start, own)
            _unit_noise(numbers, tables.chain_streams[0], row, block, 0, bench)
            telegraph_jumps(
                numbers.telegraph_body,
                numbers.telegraph_frame,
                row,
                block,
                numbers.showers,
                numbers.telegraph_traps,
                tables.alias,
                tables.telegraph,
                bench.picks,
                bench.draws,
                own[JUMP : JUMP + BLOCK],
            )
            in_virtual, in_blank = virtual[0] <= block < virtual[1], blank[0] <= block < blank[1]
            least, most = _light(numbers, light, lit_left, start, own)
            low, high = _bounds(numbers, tables.glow_row_e[row], least, most)
            below_well = plain and high + warmest_e < numbers.top_e and not in_virtual
            left, right = max(numbers.left - start, 0), min(numbers.left + numbers.width - start, BLOCK)
            inside = left == 0 and right == BLOCK
            for chain in range(chains):
                out = words[i, chain]
                target = out[start - numbers.left : start - numbers.left + BLOCK] if inside else bench.words
                read_out = _read_out(tables, chain, first + i)
                column_dn = tables.column_dn[chain, start : start + BLOCK]
                if below_well:
                    _words_at_once(
                        numbers,
                        tables,
                        low,
                        high,
                        row,
                        block,
                        w0,
                        w1,
                        warmest_e,
                        read_out,
                        column_dn,
                        bench,
                        target,
                    )
                else:
                    if chain == 0:
                        high = _step_by_step(numbers, tables, row, block, in_virtual, read_out, bench)
                    else:
                        _unit_noise(numbers, tables.chain_streams[chain], row, block, chain, bench)
                        read_noise(read_out.noise_e, own)
                    if high >= numbers.top_e:
                        apart_words(read_out, numbers.top_e, column_dn, own, target)
                    else:
                        joined_words(read_out, column_dn, own, target)
                if numbers.up != numbers.down:
                    narrow(numbers.up, numbers.down, target)
                if in_blank:
                    _clear(tables.blank_areas, row, start, target)
                if not inside:
                    copy(target[left:right], out[start + left - numbers.left : start + right - numbers.left])
            clear_extra(bench.warm[w0:w1], start, own)
            w0 = w1


@kernel
def expected_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    bench: Workbench,
    out: NDArray[np.float32],
) -> None:
    """Expected electrons of some rows of the window."""
    begin, end = numbers.left // BLOCK, -(-(numbers.left + numbers.width) // BLOCK)
    dark = lit[:0].reshape(-1)
    own = bench.own
    for i in range(out.shape[0]):
        row = top + i
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        _fixed(numbers, tables, row, begin, end, bench)
        warms = _warm(numbers, row, bench)
        w0, _ = _upto(bench.warm, bench.warm_e, 0, warms, begin * BLOCK)
        for block in range(begin, end):
            start = block * BLOCK
            w1, _ = _upto(bench.warm, bench.warm_e, w0, warms, start + BLOCK)
            _light(numbers, light, lit_left, start, own)
            lay_extra(bench.warm[w0:w1], bench.warm_e[w0:w1], start, own)
            _means(numbers, tables, row, block, bench)
            clear_extra(bench.warm[w0:w1], start, own)
            _clear(tables.dark_areas, row, start, own[MEAN : MEAN + BLOCK])
            w0 = w1
            low, high = max(numbers.left - start, 0), min(numbers.left + numbers.width - start, BLOCK)
            copy(own[MEAN + low : MEAN + high], out[i, start + low - numbers.left : start + high - numbers.left])
