"""The whole physics on one page: from the light of a scene to the words that leave the camera.

This is the plain form, in float64 and with every effect visible. `fullwell.twin.fused` does the same in one pass
over the pixels and is held against it. A frame is a function of its `Plan` and its light alone: a window has the
very pixels that the full frame has there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import normals, uniforms
from fullwell.chance.patterns import GROUP_PX
from fullwell.chance.poisson import alias_tables
from fullwell.chance.sparse import ROOM
from fullwell.chance.words import BLOCK, words
from fullwell.models.facts import Window
from fullwell.readout.adc import bin_sum, quantise, words_out
from fullwell.readout.noise import remember_left
from fullwell.readout.telegraph import showers, telegraph_jumps, trap_codes
from fullwell.scene.light import BoundScene
from fullwell.sensor.dark import warm_pixels
from fullwell.sensor.electrons import bend, saturate, shot_noise
from fullwell.sensor.response import photo_response
from fullwell.twin.plan import ChainPlan, Plan, plan

__all__ = ["Plan", "expected_electrons", "expose", "plan"]

_STRIP_ROWS = 64


def expose(plan: Plan, light: BoundScene | None, out: NDArray[Any], threads: int = 1) -> None:  # noqa: ARG001
    """Take one frame.

    Parameters
    ----------
    plan : Plan
        From `plan`.
    light : BoundScene or None
        What falls on the sensor; None = nothing.
    out : ndarray of uint8, uint16 or uint32, shape ``plan.shape``
        Overwritten. Two chains stand side by side.
    threads : int
        Of no effect here; the fast form uses them.
    """
    columns = np.arange(plan.area.left, plan.area.right, dtype=np.int64)
    width = plan.area.width // plan.bin
    for first, last in strips(plan):
        rows = np.arange(plan.area.top + first, plan.area.top + last, dtype=np.int64)
        expected = _expected(plan, light, rows, columns)
        electrons = expected
        if plan.shot_noise:
            electrons = shot_noise(expected, uniforms(plan.shot_stream, rows, columns))
        jumps = _telegraph(plan, rows)
        for number, chain in enumerate(plan.chains):
            signal_e = bend(saturate(electrons, chain.pixel_well_e), chain.bend_per_e2)
            noise_e = _read_noise(plan, chain, rows, columns) + jumps
            level_dn = chain.bias_dn + chain.row_dn[first:last, None] + chain.column_dn[columns]
            counts = quantise((signal_e + noise_e) / chain.e_per_dn + level_dn, chain.adc_bits)
            for blank in inside(plan.area, plan.blank_areas, rows):
                counts[blank] = 0
            words = words_out(counts, chain.adc_bits, plan.output_bits)
            target = out[first // plan.bin : last // plan.bin, number * width : (number + 1) * width]
            target[...] = bin_sum(words, plan.bin)


def expected_electrons(plan: Plan, light: BoundScene | None, threads: int = 1) -> NDArray[np.float32]:  # noqa: ARG001
    """Expected electrons of each pixel of the window, before shot noise: the answer key.

    Returns
    -------
    ndarray of float32, shape (window rows, window columns)
        Unbinned, one chain.
    """
    columns = np.arange(plan.area.left, plan.area.right, dtype=np.int64)
    result = np.empty((plan.area.height, plan.area.width), np.float32)
    for first, last in strips(plan):
        rows = np.arange(plan.area.top + first, plan.area.top + last, dtype=np.int64)
        result[first:last] = _expected(plan, light, rows, columns)
    return result


def strips(plan: Plan, rows: int = _STRIP_ROWS) -> Iterator[tuple[int, int]]:
    """Rows of the window in strips of whole bins: (first, beyond the last), unbinned."""
    step = max(1, rows // plan.bin) * plan.bin
    for first in range(0, plan.area.height, step):
        yield first, min(first + step, plan.area.height)


def lit_part(plan: Plan, first: int, last: int) -> Window | None:
    """The part of a strip of the window on which light falls, total px; None where there is none."""
    left, right = max(plan.area.left, plan.effective.left), min(plan.area.right, plan.effective.right)
    top = max(plan.area.top + first, plan.effective.top)
    bottom = min(plan.area.top + last, plan.effective.bottom)
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None


def gather_light(plan: Plan, light: BoundScene, part: Window, out: NDArray[np.float32]) -> None:
    """Ask a scene for the light on part of the effective area (total px)."""
    first = part.top - plan.area.top
    interval = plan.interval(first, first + part.height)
    light.expose(out, part.left - plan.effective.left, part.top - plan.effective.top, interval)


def inside(area: Window, parts: tuple[Window, ...], rows: NDArray[np.int64]) -> Iterator[tuple[slice, slice]]:
    """Where some parts of the sensor lie in a strip of the window."""
    for part in parts:
        top, bottom = max(part.top - rows[0], 0), min(part.bottom - rows[0], len(rows))
        left, right = max(part.left - area.left, 0), min(part.right - area.left, area.width)
        if bottom > top and right > left:
            yield slice(top, bottom), slice(left, right)


def _expected(
    plan: Plan, light: BoundScene | None, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    first = int(rows[0]) - plan.area.top
    part = lit_part(plan, first, first + len(rows))
    electrons = np.zeros((len(rows), len(columns)))
    if light is not None and part is not None:
        lit = np.empty((part.height, part.width), np.float32)
        gather_light(plan, light, part, lit)
        top, left = part.top - int(rows[0]), part.left - plan.area.left
        electrons[top : top + part.height, left : left + part.width] = lit
    electrons *= photo_response(plan.body.kind, rows, columns, plan.prnu_fraction)
    electrons += plan.dark_e * _of_its_kind(plan.kinds.dark_level, plan, rows, columns)
    electrons += plan.glow_row_e[rows, None] * plan.glow_column_share[columns]
    electrons += _warm(plan, rows)
    for virtual in inside(plan.area, plan.dark_areas, rows):
        electrons[virtual] = 0.0
    return electrons


def _of_its_kind(
    table: NDArray[np.float64], plan: Plan, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """A property of each pixel: eight neighbours share a random word, which picks a row of eight numbers."""
    group = words(plan.body.kind, rows, columns // GROUP_PX) >> np.uint32(22)
    return np.asarray(table[group, columns % GROUP_PX])


def _read_noise(
    plan: Plan, chain: ChainPlan, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    with_left = np.concatenate([columns[:1] - 1, columns])
    unit = remember_left(normals(chain.noise_stream, rows, with_left), plan.neighbour_correlation)
    return chain.gaussian_median_e * _of_its_kind(plan.kinds.noise_ratio, plan, rows, columns) * unit


def _warm(plan: Plan, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    values = np.zeros((len(rows), plan.total_width))
    column, extra = np.empty(plan.total_width + ROOM, np.int32), np.empty(plan.total_width + ROOM, np.float32)
    stream, gap = np.uint64(plan.body.warm), np.float32(plan.warm_gap)
    median, log_sigma = np.float32(plan.warm_median_e), np.float32(plan.warm_log_sigma)
    for i, row in enumerate(rows):
        count = warm_pixels(stream, int(row), plan.total_width, gap, median, log_sigma, column, extra)
        values[i, column[:count]] = extra[:count]
    return values[:, plan.area.left : plan.area.right]


def _telegraph(plan: Plan, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    blocks = range(plan.area.left // BLOCK, -(-plan.area.right // BLOCK))
    jumps = np.empty((len(rows), len(blocks), BLOCK), np.float32)
    body, frame = np.uint64(plan.body.telegraph), np.uint64(plan.telegraph_stream)
    number, traps = showers(plan.telegraph_traps)
    codes, alias = trap_codes(plan.telegraph_table), alias_tables()
    room, more_room = np.empty((2, 128), np.uint32)
    for i, row in enumerate(rows):
        for j, block in enumerate(blocks):
            out = jumps[i, j]
            telegraph_jumps(body, frame, int(row), block, number, traps, alias, codes, room, more_room, out)
    start = plan.area.left - blocks.start * BLOCK
    of_window = jumps.reshape(len(rows), -1)[:, start : start + plan.area.width].astype(np.float64)
    for virtual in inside(plan.area, plan.dark_areas, rows):
        of_window[virtual] = 0.0
    return of_window
