"""The fast form of `fullwell.twin.expose`: block by block through small buffers, eight pixels at a time.

Same physics, same fixed patterns, other random numbers. The value of each pixel depends on its plan, its light
and its own coordinates only, so that windows and numbers of threads make no difference to a single bit: only
operations that IEEE 754 defines exactly are used (no estimates of reciprocals, no library functions), and where a
product and a sum are rounded together, the code says so.

How shot noise and read noise are drawn: `fullwell.twin.kernels.rows` and docs/decisions/0003-exact-noise.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameFormat, Settings
from fullwell.chance.patterns import normal_codes
from fullwell.chance.poisson import alias_tables
from fullwell.chance.words import BLOCK
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.readout.noise import memory_weights
from fullwell.readout.telegraph import showers, trap_codes
from fullwell.readout.timing import row_timing
from fullwell.scene.light import BoundScene
from fullwell.twin.expose import gather_light, lit_part, strips
from fullwell.twin.kernels.loops import F
from fullwell.twin.kernels.rows import Numbers, Tables, expected_rows, expose_rows
from fullwell.twin.kernels.words import MOST_DN, ZERO_COUNT, deliver
from fullwell.twin.kernels.workbench import workbench
from fullwell.twin.plan import Plan, plan

__all__ = ["compile_kernels", "expected_electrons", "expose"]

_STRIP_PX = 300_000
"""Pixels of a strip: few enough for the caches, enough that handing strips out costs nothing."""
_SMALL_WELL_E = 1000.0
"""Wells up to this are looked at in each pixel."""


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

    width, chains = plan.area.width, len(plan.chains)
    direct = plan.bin == 1 and out.dtype == np.uint16

    def work(parts: Iterator[tuple[int, int]]) -> None:
        rows = _strip_rows(plan)
        room = np.empty(rows * width, np.float32)
        words = np.empty((0 if direct else rows, chains, width), np.uint16)
        bench = workbench(plan.total_width, chains)
        for first, last in parts:
            lit, corner = _light(plan, light, first, last, room)
            target = out[first // plan.bin : last // plan.bin]
            strip = target.reshape(-1, chains, width) if direct else words[: last - first]
            expose_rows(numbers, tables, lit, *corner, plan.area.top, first, bench, strip)
            if not direct:
                deliver(strip, width, plan.bin, target)

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

    def work(parts: Iterator[tuple[int, int]]) -> None:
        room = np.empty(_strip_rows(plan) * plan.area.width, np.float32)
        bench = workbench(plan.total_width, len(plan.chains))
        for first, last in parts:
            lit, corner = _light(plan, light, first, last, room)
            expected_rows(numbers, tables, lit, *corner, plan.area.top + first, bench, result[first:last])

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


def _over_strips(plan: Plan, work: Callable[[Iterator[tuple[int, int]]], None], threads: int) -> None:
    """Let threads take the strips of a frame one by one; each keeps its own buffers."""
    parts = list(strips(plan, _strip_rows(plan)))
    queue = iter(parts)
    threads = min(threads, len(parts))
    if threads == 1:
        work(queue)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, [queue] * threads):
            pass


def _strip_rows(plan: Plan) -> int:
    """Unbinned rows of a strip, whole bins."""
    return max(1, _STRIP_PX // (plan.area.width * plan.bin)) * plan.bin


def _light(
    plan: Plan, light: BoundScene | None, first: int, last: int, room: NDArray[np.float32]
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Light of a strip (in `room`), and where its corner lies: column of the sensor, row of the strip."""
    part = lit_part(plan, first, last)
    if light is None or part is None:
        return room[:0].reshape(0, 0), (0, 0)
    lit = room[: part.height * part.width].reshape(part.height, part.width)
    gather_light(plan, light, part, lit)
    return lit, (part.left, part.top - plan.area.top - first)


def _numbers(plan: Plan) -> Numbers:
    own, neighbour = memory_weights(plan.neighbour_correlation)
    well_e = min(chain.pixel_well_e for chain in plan.chains)
    top_e = 0.0
    if len(plan.chains) == 1 and well_e > _SMALL_WELL_E:
        top_e = min(well_e - 12.0 * well_e**0.5, 0.5 * MOST_DN * plan.chains[0].e_per_dn)
    number, traps = showers(plan.telegraph_traps)
    codes, code_mean, code_deviation = normal_codes()
    step = plan.prnu_fraction / code_deviation
    return Numbers(
        left=plan.area.left,
        width=plan.area.width,
        total_width=plan.total_width,
        kind_stream=np.uint64(plan.body.kind),
        warm_stream=np.uint64(plan.body.warm),
        telegraph_body=np.uint64(plan.body.telegraph),
        telegraph_frame=np.uint64(plan.telegraph_stream),
        shot_stream=np.uint64(plan.shot_stream),
        prnu_step=F(step),
        prnu_least=F(1.0 - step * code_mean),
        prnu_most=F(1.0 + step * (float(codes.max()) - code_mean)),
        dark_step_e=F(plan.dark_e * plan.kinds.dark_unit),
        dark_most_e=F(plan.dark_e * plan.kinds.dark_level.max()),
        glow_most=F(plan.glow_column_share.max()),
        warm_gap=F(plan.warm_gap),
        warm_median_e=F(plan.warm_median_e),
        warm_log_sigma=F(plan.warm_log_sigma),
        showers=number,
        telegraph_traps=traps,
        own=F(own),
        neighbour=F(neighbour),
        top_e=F(top_e),
        shot_noise=plan.shot_noise,
        up=max(plan.output_bits - plan.chains[0].adc_bits, 0),
        down=max(plan.chains[0].adc_bits - plan.output_bits, 0),
    )


def _tables(plan: Plan) -> Tables:
    return Tables(
        glow_row_e=plan.glow_row_e.astype(F),
        glow_column_share=_pad(plan.glow_column_share),
        kinds=plan.kinds.packed.ravel(),
        responses=normal_codes()[0].view(np.uint64).ravel(),
        telegraph=trap_codes(plan.telegraph_table),
        alias=alias_tables(),
        dark_areas=_corners(plan.dark_areas),
        blank_areas=_corners(plan.blank_areas),
        chain_streams=np.array([chain.noise_stream for chain in plan.chains], np.uint64),
        chain_numbers=np.array(
            [
                (
                    c.pixel_well_e,
                    c.bend_per_e2,
                    c.gaussian_median_e * plan.kinds.noise_unit,
                    1.0 / c.e_per_dn,
                )
                for c in plan.chains
            ],
            F,
        ),
        chain_most=np.array([ZERO_COUNT + 2**c.adc_bits - 1 for c in plan.chains], np.uint32),
        row_dn=np.stack([c.row_dn + c.bias_dn for c in plan.chains]).astype(F),
        column_dn=np.stack([_pad(c.column_dn) for c in plan.chains]),
    )


def _pad(row: NDArray[np.float64]) -> NDArray[np.float32]:
    """Columns of the sensor in whole blocks."""
    return np.pad(row.astype(F), (0, -len(row) % BLOCK))


def _corners(areas: tuple[Window, ...]) -> NDArray[np.int64]:
    corners = [(area.left, area.top, area.right, area.bottom) for area in areas]
    return np.array(corners, np.int64).reshape(-1, 4)
