"""The noise alone: the loops of the twin put together to what numpy is asked for in `bench.noise`, and no more.

Light, and what is fixed in the pixels (response, dark current, read noise), are given; drawn are shot noise and
read noise; then gain, offset, rounding, clipping. What a frame of the twin has besides is left out: the look-up
of what is fixed, warm pixels, telegraph noise, the windows and ways of blocks.
"""

from __future__ import annotations

import numpy as np

from fullwell.chance.keys import row_key
from fullwell.chance.poisson import GRID, add_remainders
from fullwell.chance.words import BLOCK
from fullwell.compiled import njit
from fullwell.twin import fused
from fullwell.twin.kernels.loops import F, copy, fill
from fullwell.twin.kernels.noise import BRIGHT, LARGE, bright_means, normals, poisson_entries
from fullwell.twin.kernels.pixels import expected, take_light
from fullwell.twin.kernels.rows import _fixed, _read_out
from fullwell.twin.kernels.words import large_words, least_words, middle_words, small_words
from fullwell.twin.kernels.workbench import JUMP, MEAN, workbench
from fullwell.twin.plan import Plan

LEAST = F(GRID)


@njit(nogil=True, error_model="numpy", _nrt=False)
def _fix(numbers, tables, rows, kinds, codes, bench):
    """Lay out what is fixed in the pixels of some rows, as numpy is given its response."""
    for row in range(rows):
        _fixed(numbers, tables, row, 0, kinds.shape[1] // BLOCK, bench)
        copy(bench.kinds[: kinds.shape[1]], kinds[row])
        copy(bench.codes[: kinds.shape[1]], codes[row])


@njit(nogil=True, error_model="numpy", _nrt=False)
def _draw(numbers, tables, light, kinds, codes, level, bench, out):
    own = bench.own
    for row in range(out.shape[0]):
        chain = _read_out(tables, 0, row)
        stream, shot = tables.chain_streams[0], numbers.shot_stream
        key = row_key(shot ^ np.uint64(0x5555555555555555), row)
        for block in range(out.shape[1] // BLOCK):
            part = slice(block * BLOCK, (block + 1) * BLOCK)
            words, column_dn = out[row, part], tables.column_dn[0, part]
            kind, code, share = kinds[row, part], codes[row, part], tables.glow_column_share[part]
            steps = numbers.prnu_step, numbers.prnu_least, numbers.dark_step_e, F(0.0)
            take_light(light[row, part], own)
            normals(stream, row, block, own)
            if level >= BRIGHT:
                bright_means(*steps, chain.noise_e, share, kind, code, own)
                if level >= LARGE:
                    large_words(chain, column_dn, own, words)
                else:
                    middle_words(chain, column_dn, own, words)
                continue
            expected(*steps, share, kind, code, own)
            fill(F(0.0), own[JUMP : JUMP + BLOCK])
            mean, rare = own[MEAN : MEAN + BLOCK], own[JUMP : JUMP + BLOCK]
            add_remainders(key, block, BRIGHT, tables.alias, mean, bench.picks, rare)
            if level < LEAST:
                least_words(chain, column_dn, own, words)
            else:
                poisson_entries(shot, row, block, tables.alias, own, bench.pairs)
                small_words(chain, column_dn, own, words)


class Alone:
    """The noise of some rows of a plan, drawn again and again."""

    def __init__(self, plan: Plan, rows: int, electrons: float) -> None:
        width = plan.total_width // BLOCK * BLOCK
        self.numbers, self.tables = fused._numbers(plan), fused._tables(plan)
        self.bench = workbench(plan.total_width, 1)
        self.light = np.full((rows, width), electrons, F)
        self.kinds, self.codes = np.empty((rows, width), np.uint16), np.empty((rows, width), np.uint8)
        self.out = np.empty((rows, width), np.uint16)
        self.level = F(electrons)
        _fix(self.numbers, self.tables, rows, self.kinds, self.codes, self.bench)

    def draw(self) -> np.ndarray:
        """One frame, overwritten by the next."""
        _draw(self.numbers, self.tables, self.light, self.kinds, self.codes, self.level, self.bench, self.out)
        return self.out
