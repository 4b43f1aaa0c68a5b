"""What is fixed in the pixels of a block, its light, and the electrons to be expected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import row_key
from fullwell.chance.lanes import (
    add,
    bits_float,
    both,
    float_bits,
    higher,
    lower,
    multiply_add,
    shift_left,
    shift_right,
    signed_float,
)
from fullwell.chance.patterns import GROUP_PX, GROUPS, RESPONSE_SHIFT
from fullwell.chance.words import BLOCK, SPREAD, halves, mixed, spread_out, whole_word
from fullwell.compiled import njit
from fullwell.twin.kernels.loops import F, kernel
from fullwell.twin.kernels.workbench import EXTRA, LIGHT, MEAN, RATIO, WORDS
from fullwell.twin.plan import NOISE_BASE

_NOISE_BASE = np.uint32(NOISE_BASE)
_GROUPS = BLOCK // GROUP_PX


@kernel
def take_light(light: NDArray[np.float32], own: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """Take over the light of a block, wherever in memory it begins; the least and the most of it."""
    least, most = np.uint32(0x7F800000), np.uint32(0)
    for i in range(BLOCK):
        own[LIGHT + i] = light[i]
        least, most = lower(least, float_bits(light[i])), higher(most, float_bits(light[i]))
    return bits_float(least), bits_float(most)


@kernel
def pixel_kinds(
    stream: np.uint64,
    row: int,
    block: int,
    kind_table: NDArray[np.uint64],
    response_table: NDArray[np.uint64],
    own: NDArray[np.float32],
    kind: NDArray[np.uint64],
    response: NDArray[np.uint64],
) -> None:
    """The packed properties of the pixels of a block, four to a number, and their responses, eight."""
    a, b = halves(row_key(stream, row))
    x = spread_out(np.uint32(block * _GROUPS), a)
    for i in range(_GROUPS):
        own[WORDS + i] = bits_float(whole_word(mixed(x, b)))
        x = add(x, SPREAD)
    for i in range(_GROUPS):
        drawn = float_bits(own[WORDS + i])
        group = shift_right(drawn, 22)
        kind[2 * i], kind[2 * i + 1] = kind_table[2 * group], kind_table[2 * group + 1]
        response[i] = response_table[both(shift_right(drawn, RESPONSE_SHIFT), GROUPS - 1)]


@kernel
def lay_extra(
    columns: NDArray[np.int32], extra_e: NDArray[np.float32], start: int, own: NDArray[np.float32]
) -> None:
    """Lay out the electrons of the warm pixels of a block, well before `expected` wants them.

    A vector that is loaded while part of it is on its way to the memory waits for all that was stored before.
    """
    for k in range(columns.size):
        own[EXTRA + columns[k] - start] = extra_e[k]


@kernel
def clear_extra(columns: NDArray[np.int32], start: int, own: NDArray[np.float32]) -> None:
    """Take up again what `lay_extra` laid."""
    for k in range(columns.size):
        own[EXTRA + columns[k] - start] = F(0.0)


@njit(inline="always")
def mean_e(
    dark_step_e: np.float32,
    glow_e: np.float32,
    glow_share: np.float32,
    kind: np.uint16,
    light: np.float32,
    prnu_step: np.float32,
    prnu_least: np.float32,
    code: np.uint8,
    extra_e: np.float32,
) -> np.float32:
    """Expected electrons of a pixel: light, dark current, glow, what warm pixels have besides."""
    response = multiply_add(prnu_step, signed_float(np.uint32(code)), prnu_least)
    dark = multiply_add(glow_e, glow_share, dark_step_e * signed_float(both(np.uint32(kind), np.uint32(127))))
    mean: np.float32 = multiply_add(light, response, dark) + extra_e
    return mean


@njit(inline="always")
def noise_ratio(kind: np.uint16) -> np.float32:
    """Read noise of a pixel in its packed unit."""
    ratio: np.float32 = bits_float(add(shift_left(shift_right(np.uint32(kind), 7), 16), _NOISE_BASE))
    return ratio


@kernel
def expected(
    prnu_step: np.float32,
    prnu_least: np.float32,
    dark_step_e: np.float32,
    glow_e: np.float32,
    glow_share: NDArray[np.float32],
    kinds: NDArray[np.uint16],
    codes: NDArray[np.uint8],
    own: NDArray[np.float32],
) -> None:
    """Expected electrons of pixels, and their read noise in its packed unit."""
    for i in range(BLOCK):
        own[RATIO + i] = noise_ratio(kinds[i])
        own[MEAN + i] = mean_e(
            dark_step_e,
            glow_e,
            glow_share[i],
            kinds[i],
            own[LIGHT + i],
            prnu_step,
            prnu_least,
            codes[i],
            own[EXTRA + i],
        )
