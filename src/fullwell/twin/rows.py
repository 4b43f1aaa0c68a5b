"""Rows of a frame from light to words, by the loops of `fullwell.twin.kernels`, chunk by chunk."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.sparse import ROOM
from fullwell.compiled import njit
from fullwell.readout.telegraph import telegraph_jumps
from fullwell.sensor.dark import warm_pixels
from fullwell.twin.kernels import (
    PAIR_STEP,
    SMALL,
    F,
    census,
    convert,
    copy,
    expected,
    fill,
    levels,
    noisy_signal,
    pixel_kinds,
    read_noise,
    row_normals,
    small_signal,
    whole_signal,
)

CHUNK = 512
"""Columns worked on at a time: all their buffers fit the first-level cache."""
_kernel = njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy", _nrt=False)
"""Without numba's reference counts: they cost as much as a whole step, and nothing is allocated here."""


class Numbers(NamedTuple):
    """A plan in the words of the kernels."""

    left: int
    width: int
    total_width: int
    half_width: int
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


class Tables(NamedTuple):
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


class Bench(NamedTuple):
    """Working memory of one thread; see `bench`."""

    unit: NDArray[np.float32]
    mean: NDArray[np.float32]
    ratio: NDArray[np.float32]
    deviation: NDArray[np.float32]
    noise: NDArray[np.float32]
    level_dn: NDArray[np.float32]
    spare: NDArray[np.float32]
    pixel: NDArray[np.uint32]
    kind: NDArray[np.uint32]
    warm: NDArray[np.int32]
    warm_e: NDArray[np.float32]
    jumping: NDArray[np.int32]
    jump_e: NDArray[np.float32]
    rank: NDArray[np.uint32]


def bench(total_width: int, chains: int) -> Bench:
    """Working memory for rows of a sensor of so many columns, read by so many chains."""

    def real(size: int = CHUNK) -> NDArray[np.float32]:
        return np.zeros(size, np.float32)

    def place() -> NDArray[np.int32]:
        return np.zeros(total_width + ROOM, np.int32)

    return Bench(
        unit=np.zeros((chains, 2 * half_width(total_width) + 1 + CHUNK), np.float32),
        mean=real(),
        ratio=real(),
        deviation=real(),
        noise=real(),
        level_dn=real(),
        spare=real(),
        pixel=np.zeros(CHUNK, np.uint32),
        kind=np.zeros(CHUNK, np.uint32),
        warm=place(),
        warm_e=real(total_width + ROOM),
        jumping=place(),
        jump_e=real(total_width + ROOM),
        rank=np.zeros(total_width + ROOM, np.uint32),
    )


def half_width(total_width: int) -> int:
    """Distance of the two columns that share a pair of random words: half the sensor, in whole steps."""
    return -(-total_width // (2 * PAIR_STEP)) * PAIR_STEP


@_kernel
def _chunk_means(
    numbers: Numbers,
    kinds: NDArray[np.uint32],
    light: NDArray[np.float32],
    light_left: int,
    row: int,
    start: int,
    glow_e: np.float32,
    glow_share: NDArray[np.float32],
    pixel: NDArray[np.uint32],
    kind: NDArray[np.uint32],
    mean: NDArray[np.float32],
    ratio: NDArray[np.float32],
) -> None:
    """Expected electrons of ordinary pixels and relative read noise: a chunk, `start` columns into the window."""
    low, high = max(light_left - start, 0), min(light_left + light.size - start, CHUNK)
    if low > 0 or high < CHUNK:
        fill(F(0.0), mean)
    if high > low:
        copy(light[start + low - light_left : start + high - light_left], mean[low:high])
    pixel_kinds(numbers.pixel_stream, row, numbers.left + start, kinds, pixel, kind)
    glow = glow_share[start : start + CHUNK]
    expected(numbers.prnu, numbers.dark_e, numbers.noise_unit, glow_e, glow, pixel, kind, mean, ratio)


@_kernel
def _meets(areas: NDArray[np.int64], row: int) -> bool:
    """Whether any of some areas (left, top, right, bottom) has pixels in a row."""
    met = False
    for i in range(areas.shape[0]):
        met = met or areas[i, 1] <= row < areas[i, 3]
    return met


@_kernel
def _clear(areas: NDArray[np.int64], row: int, column: int, out: NDArray[Any]) -> None:
    """Set to 0 what lies in some areas; `out` is a chunk that starts at `column`."""
    for i in range(areas.shape[0]):
        if areas[i, 1] <= row < areas[i, 3]:
            for place in range(max(areas[i, 0] - column, 0), min(areas[i, 2] - column, out.size)):
                out[place] = 0


@_kernel
def _spare(
    areas: NDArray[np.int64], row: int, column: NDArray[np.int32], count: int, value: NDArray[np.float32]
) -> None:
    """Set to 0 the values of single pixels of a row that lie in some areas."""
    for i in range(areas.shape[0]):
        if areas[i, 1] <= row < areas[i, 3]:
            for j in range(count):
                if areas[i, 0] <= column[j] < areas[i, 2]:
                    value[j] = F(0.0)


@_kernel
def _upto(columns: NDArray[np.int32], first: int, count: int, column: int) -> int:
    """Index of the first of the ascending `columns` that is not below `column`."""
    while first < count and columns[first] < column:
        first += 1
    return first


@_kernel
def _electrons(
    numbers: Numbers,
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
    deviation: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> None:
    """Electrons less their mean, and the read noise of chain 0 not yet in them, in units of its median."""
    own, neighbour, top_e = numbers.own, numbers.neighbour, numbers.top_e
    if not numbers.shot_noise:
        fill(F(0.0), deviation)
        read_noise(own, neighbour, ratio, here, left, noise)
        return
    small, top = census(mean, top_e)
    if small == 0 and top == 0:
        noisy_signal(median_e, own, neighbour, ratio, here, left, mean, deviation)
        fill(F(0.0), noise)
        return
    read_noise(own, neighbour, ratio, here, left, noise)
    if small == CHUNK:
        small_signal(numbers.shot_stream, row, column, alias, mean, index, entry, deviation)
        return
    if small + top < CHUNK:
        noisy_signal(median_e, own, neighbour, ratio, here, left, mean, deviation)
        for i in range(CHUNK):
            noise[i] = noise[i] if mean[i] < SMALL or mean[i] >= top_e else F(0.0)
    if small > 0:
        small_signal(numbers.shot_stream, row, column, alias, mean, index, entry, spare)
        for i in range(CHUNK):
            deviation[i] = spare[i] if mean[i] < SMALL else deviation[i]
    if top > 0:
        whole_signal(numbers.shot_stream, row, column, mean, spare)
        for i in range(CHUNK):
            deviation[i] = spare[i] if mean[i] >= top_e else deviation[i]


@_kernel
def _warm(numbers: Numbers, row: int, column: NDArray[np.int32], extra: NDArray[np.float32]) -> int:
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


@_kernel
def _jumping(
    numbers: Numbers,
    table: NDArray[np.float32],
    row: int,
    column: NDArray[np.int32],
    jump_e: NDArray[np.float32],
    rank: NDArray[np.uint32],
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
        rank,
    )


@_kernel
def expose_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    first: int,
    bench: Bench,
    words: NDArray[np.uint16],
) -> None:
    """Rows `first` and on of the window: from light to unbinned words."""
    rows, chains, size = words.shape
    half = numbers.half_width
    unit, mean, ratio, deviation, noise = bench.unit, bench.mean, bench.ratio, bench.deviation, bench.noise
    level_dn, spare, pixel, kind = bench.level_dn, bench.spare, bench.pixel, bench.kind
    warm, warm_e, jumping, jump_e = bench.warm, bench.warm_e, bench.jumping, bench.jump_e
    kinds, alias, glow_share, column_dn = tables.kinds, tables.alias, tables.glow_column_share, tables.column_dn
    chain_numbers, virtual, blank = tables.chain_numbers, tables.dark_areas, tables.blank_areas
    dark = lit[:0].reshape(-1)
    for i in range(rows):
        row = top + first + i
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        in_virtual, in_blank, glow_e = _meets(virtual, row), _meets(blank, row), tables.glow_row_e[row]
        warms = _warm(numbers, row, warm, warm_e)
        jumps = _jumping(numbers, tables.telegraph, row, jumping, jump_e, bench.rank)
        _spare(virtual, row, jumping, jumps, jump_e)
        for chain in range(chains):
            stream = tables.chain_streams[chain]
            row_normals(stream, row, numbers.left, numbers.left + numbers.width, half, unit[chain])
        w0, j0 = _upto(warm, 0, warms, numbers.left), _upto(jumping, 0, jumps, numbers.left)
        for start in range(0, size, CHUNK):
            column = numbers.left + start
            w1, j1 = _upto(warm, w0, warms, column + CHUNK), _upto(jumping, j0, jumps, column + CHUNK)
            _chunk_means(
                numbers, kinds, light, lit_left, row, start, glow_e, glow_share, pixel, kind, mean, ratio
            )
            for j in range(w0, w1):
                mean[warm[j] - column] += warm_e[j]
            if in_virtual:
                _clear(virtual, row, column, mean)
            here, left = unit[0, column + 1 : column + 1 + CHUNK], unit[0, column : column + CHUNK]
            _electrons(
                numbers,
                chain_numbers[0, 2],
                alias,
                row,
                column,
                mean,
                ratio,
                here,
                left,
                pixel,
                kind,
                spare,
                deviation,
                noise,
            )
            for chain in range(chains):
                if chain > 0:
                    here = unit[chain, column + 1 : column + 1 + CHUNK]
                    left = unit[chain, column : column + CHUNK]
                    read_noise(numbers.own, numbers.neighbour, ratio, here, left, noise)
                levels(
                    tables.row_dn[chain, first + i],
                    column_dn[chain, start : start + CHUNK],
                    chain_numbers[chain, 3],
                    column,
                    jumping,
                    jump_e,
                    j0,
                    j1,
                    level_dn,
                )
                out = words[i, chain, start : start + CHUNK]
                convert(
                    chain_numbers[chain],
                    numbers.shift_up,
                    numbers.shift_down,
                    mean,
                    deviation,
                    noise,
                    level_dn,
                    out,
                )
                if in_blank:
                    _clear(blank, row, column, out)
            w0, j0 = w1, j1


@_kernel
def expected_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    bench: Bench,
    out: NDArray[np.float32],
) -> None:
    """Expected electrons of some rows of the window."""
    mean, ratio, pixel, kind = bench.mean, bench.ratio, bench.pixel, bench.kind
    warm, warm_e = bench.warm, bench.warm_e
    kinds, glow_share = tables.kinds, tables.glow_column_share
    dark = lit[:0].reshape(-1)
    for i in range(out.shape[0]):
        row = top + i
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        glow_e = tables.glow_row_e[row]
        warms = _warm(numbers, row, warm, warm_e)
        w0 = _upto(warm, 0, warms, numbers.left)
        for start in range(0, numbers.width, CHUNK):
            column = numbers.left + start
            w1 = _upto(warm, w0, warms, column + CHUNK)
            _chunk_means(
                numbers, kinds, light, lit_left, row, start, glow_e, glow_share, pixel, kind, mean, ratio
            )
            for j in range(w0, w1):
                mean[warm[j] - column] += warm_e[j]
            _clear(tables.dark_areas, row, column, mean)
            stop = min(start + CHUNK, numbers.width)
            copy(mean[: stop - start], out[i, start:stop])
            w0 = w1
