"""The noise alone: the loops of the twin put together to what numpy is asked for, and no more.

Light, and what is fixed in the pixels (response, dark current, read noise), are given; drawn are shot noise and
read noise; then well, gain, offset, rounding, clipping. What a frame of the twin has besides is left out: the
look-up of what is fixed, warm pixels, telegraph noise, overscan, windows, bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fullwell.chance.keys import row_key
from fullwell.chance.poisson import GRID, add_remainders
from fullwell.chance.words import BLOCK
from fullwell.compiled import njit
from fullwell.twin import fused
from fullwell.twin.kernels.loops import F, copy, fill
from fullwell.twin.kernels.noise import (
    BRIGHT,
    LARGE,
    bright_means,
    bright_signal,
    normals,
    poisson_entries,
    read_noise,
    whole_signal,
)
from fullwell.twin.kernels.pixels import expected, take_light
from fullwell.twin.kernels.rows import _bounds, _fixed, _read_out
from fullwell.twin.kernels.words import (
    apart_words,
    bright_words,
    brighter_words,
    large_words,
    least_words,
    middle_words,
    small_words,
)
from fullwell.twin.kernels.workbench import JUMP, MEAN, workbench
from fullwell.twin.plan import Plan

LEAST = F(GRID)


@njit(nogil=True, error_model="numpy", _nrt=False)
def _fix(numbers, tables, kinds, codes, bench):
    """Lay out what is fixed in the pixels of some rows, as numpy is given its response."""
    for row in range(kinds.shape[0]):
        _fixed(numbers, tables, row, 0, kinds.shape[1] // BLOCK, bench)
        copy(bench.kinds[: kinds.shape[1]], kinds[row])
        copy(bench.codes[: kinds.shape[1]], codes[row])


@njit(nogil=True, error_model="numpy", _nrt=False)
def _draw(numbers, tables, light, kinds, codes, bench, out):
    own = bench.own
    steps = numbers.prnu_step, numbers.prnu_least, numbers.dark_step_e, F(0.0)
    stream, shot = tables.chain_streams[0], numbers.shot_stream
    for row in range(out.shape[0]):
        chain = _read_out(tables, 0, 0)
        key = row_key(shot ^ np.uint64(0x5555555555555555), row)
        fixed = row % kinds.shape[0]
        for block in range(out.shape[1] // BLOCK):
            part = slice(block * BLOCK, (block + 1) * BLOCK)
            words, column_dn, share = out[row, part], tables.column_dn[0, part], tables.glow_column_share[part]
            kind, code = kinds[fixed, part], codes[fixed, part]
            least, most = take_light(light[row, part], own)
            low, high = _bounds(numbers, F(0.0), least, most)
            normals(stream, row, block, own)
            if low >= BRIGHT and high < numbers.top_e:
                bright_means(*steps, chain.noise_e, share, kind, code, own)
                if low >= LARGE:
                    large_words(chain, column_dn, own, words)
                elif high < LARGE:
                    middle_words(chain, column_dn, own, words)
                else:
                    bright_words(chain, column_dn, own, words)
                continue
            expected(*steps, share, kind, code, own)
            rare = own[JUMP : JUMP + BLOCK]
            fill(F(0.0), rare)
            if high >= numbers.top_e:  # stars that fill the well, on a sky of 40 e- or more
                bright_signal(chain.noise_e, own)
                whole_signal(shot, row, block, numbers.top_e, own)
                read_noise(chain.noise_e, own)
                apart_words(chain, numbers.top_e, column_dn, own, words)
                fill(F(0.0), rare)
                continue
            add_remainders(key, block, BRIGHT, tables.alias, own[MEAN : MEAN + BLOCK], bench.picks, rare)
            if high < LEAST:
                least_words(chain, column_dn, own, words)
            else:
                poisson_entries(shot, row, block, tables.alias, own, bench.pairs)
                small_words(chain, column_dn, own, words)
            if high >= BRIGHT:
                brighter_words(chain, column_dn, own, words)
            fill(F(0.0), rare)


class Alone:
    """The noise of an array of light, drawn again and again.

    Parameters
    ----------
    plan : Plan
        Read noise, gain, offset, well, response, dark current; its sensor is as wide as the light at least.
    light : ndarray of float32
        Expected electrons; whole blocks of columns are drawn.
    """

    ROWS = 32
    """Rows of pixels that differ from each other; then they come again, so that they stay in the caches."""

    def __init__(self, plan: Plan, light: Any) -> None:
        width = light.shape[1] // BLOCK * BLOCK
        self.numbers, self.tables = fused._numbers(plan), fused._tables(plan)
        self.bench = workbench(plan.total_width, 1)
        self.light = light
        self.kinds, self.codes = np.empty((self.ROWS, width), np.uint16), np.empty((self.ROWS, width), np.uint8)
        self.out = np.empty((light.shape[0], width), np.uint16)
        _fix(self.numbers, self.tables, self.kinds, self.codes, self.bench)

    def draw(self) -> Any:
        """One frame, overwritten by the next."""
        _draw(self.numbers, self.tables, self.light, self.kinds, self.codes, self.bench, self.out)
        return self.out
