"""Rows of a frame from light to words, by the loops of `fullwell.twin.kernels`, chunk by chunk."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fullwell.readout.telegraph import telegraph_jumps
from fullwell.sensor.dark import warm_pixels
from fullwell.twin.kernels import (
    PAIR_STEP,
    SMALL,
    F,
    census,
    convert,
    expected,
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
_kernel = njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")


class Numbers(NamedTuple):
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


@njit(inline="always")
def _span(area: NDArray[np.int64], row: int, column: int) -> tuple[int, int]:
    """Part of a chunk that starts at `column` in an area given by its corners; empty if there is none."""
    if area[1] <= row < area[3]:
        return max(area[0] - column, 0), min(area[2] - column, CHUNK)
    return 0, 0


@njit(inline="always")
def _upto(columns: NDArray[np.int32], first: int, count: int, column: int) -> int:
    """Index of the first of the ascending `columns` that is not below `column`."""
    while first < count and columns[first] < column:
        first += 1
    return first


@_kernel
def _chunk_means(
    numbers: Numbers,
    tables: Tables,
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
    low, high = max(light_left - start, 0), min(light_left + light.size - start, CHUNK)
    if low > 0 or high < CHUNK:
        mean[:] = F(0.0)
    if high > low:
        mean[low:high] = light[start + low - light_left : start + high - light_left]
    pixel_kinds(numbers.pixel_stream, row, column, tables.kinds, pixel, kind)
    glow_e, glow_share = tables.glow_row_e[row], tables.glow_column_share[start : start + CHUNK]
    expected(numbers.prnu, numbers.dark_e, numbers.noise_unit, glow_e, glow_share, pixel, kind, mean, ratio)
    for i in range(warm.size):
        mean[warm[i] - column] += warm_e[i]
    for i in range(tables.dark_areas.shape[0]):
        low, high = _span(tables.dark_areas[i], row, column)
        for place in range(low, high):
            mean[place] = F(0.0)


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
    electrons: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> None:
    """Signal of each pixel, and the read noise of the first chain that is not yet in it (units of the median)."""
    own, neighbour, top_e = numbers.own, numbers.neighbour, numbers.top_e
    if not numbers.shot_noise:
        electrons[:] = mean
        read_noise(own, neighbour, ratio, here, left, noise)
        return
    small, top = census(mean, top_e)
    if small == 0 and top == 0:
        noisy_signal(median_e, own, neighbour, ratio, here, left, mean, electrons)
        noise[:] = F(0.0)
        return
    read_noise(own, neighbour, ratio, here, left, noise)
    if small == CHUNK:
        small_signal(numbers.shot_stream, row, column, alias, mean, index, entry, electrons)
        return
    if small + top < CHUNK:
        noisy_signal(median_e, own, neighbour, ratio, here, left, mean, electrons)
        for i in range(CHUNK):
            noise[i] = noise[i] if mean[i] < SMALL or mean[i] >= top_e else F(0.0)
    if small > 0:
        small_signal(numbers.shot_stream, row, column, alias, mean, index, entry, spare)
        for i in range(CHUNK):
            electrons[i] = spare[i] if mean[i] < SMALL else electrons[i]
    if top > 0:
        whole_signal(numbers.shot_stream, row, column, mean, spare)
        for i in range(CHUNK):
            electrons[i] = spare[i] if mean[i] >= top_e else electrons[i]


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


@_kernel
def expose_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    first: int,
    words: NDArray[np.uint16],
) -> None:
    """Rows `first` and on of the window: from light to unbinned words."""
    rows, chains, size = words.shape
    half = -(-numbers.total_width // (2 * PAIR_STEP)) * PAIR_STEP
    unit = np.zeros((chains, 2 * half + 1 + CHUNK), np.float32)
    mean, ratio = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    electrons, noise = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    level_dn, spare = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    pixel, kind = np.empty(CHUNK, np.uint32), np.empty(CHUNK, np.uint32)
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
            row_normals(tables.chain_streams[chain], row, numbers.left, right, half, unit[chain])
        w0, j0 = _upto(warm, 0, warms, numbers.left), _upto(jumping, 0, jumps, numbers.left)
        for start in range(0, size, CHUNK):
            column = numbers.left + start
            w1, j1 = _upto(warm, w0, warms, column + CHUNK), _upto(jumping, j0, jumps, column + CHUNK)
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
            here, left = unit[0, column + 1 : column + 1 + CHUNK], unit[0, column : column + CHUNK]
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
                        unit[chain, column + 1 : column + 1 + CHUNK],
                        unit[chain, column : column + CHUNK],
                    )
                    read_noise(numbers.own, numbers.neighbour, ratio, here, left, noise)
                numbers_dn = tables.chain_numbers[chain]
                levels(
                    tables.row_dn[chain, first + i],
                    tables.column_dn[chain, start : start + CHUNK],
                    numbers_dn[3],
                    column,
                    jumping[j0:j1],
                    jump_e[j0:j1],
                    level_dn,
                )
                out = words[i, chain, start : start + CHUNK]
                convert(numbers_dn, numbers.shift_up, numbers.shift_down, electrons, noise, level_dn, out)
                for area in tables.blank_areas:
                    low, high = _span(area, row, column)
                    for place in range(low, high):
                        out[place] = 0
            w0, j0 = w1, j1


@_kernel
def expected_rows(
    numbers: Numbers,
    tables: Tables,
    lit: NDArray[np.float32],
    lit_left: int,
    lit_top: int,
    top: int,
    out: NDArray[np.float32],
) -> None:
    """Expected electrons of some rows of the window."""
    mean, ratio = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    pixel, kind = np.empty(CHUNK, np.uint32), np.empty(CHUNK, np.uint32)
    warm, warm_e = np.empty(numbers.total_width, np.int32), np.empty(numbers.total_width, np.float32)
    dark = lit[:0].reshape(-1)
    for i in range(out.shape[0]):
        light = lit[i - lit_top] if 0 <= i - lit_top < lit.shape[0] else dark
        warms = _warm(numbers, top + i, warm, warm_e)
        w0 = _upto(warm, 0, warms, numbers.left)
        for start in range(0, numbers.width, CHUNK):
            w1 = _upto(warm, w0, warms, numbers.left + start + CHUNK)
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
            stop = min(start + CHUNK, numbers.width)
            out[i, start:stop] = mean[: stop - start]
            w0 = w1
