"""Checks: what pixels say of offset, gain and light."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.controls import Control
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect, unfit
from fullwell.models.facts import ReadMode

SATURATED: Final = 0.9
"""Part of the full scale from which on nothing is measured."""
LEAST_RATIO: Final = 1.2
"""Of noise at two gains by the facts, below which gain cannot be told by noise."""


@check(
    "offset-lifts-bias",
    "The offset lifts the bias; without it faint signal is cut off at zero.",
    "The camera does not take its offset: set it again after the change of mode, or use another SDK version.",
)
def offset_lifts_bias(stand: Stand) -> str:
    """Between two offsets the level of the shortest exposure rises by at least half of what the facts say."""
    model, mode = stand.model, stand.model.mode(stand.model.default_mode)
    low = round(model.offset.default)
    high = round((model.offset.default + model.offset.high) / 2)
    scale = 2.0 ** (mode.output_bits[0] - 16)
    levels = [_level(stand, offset=offset) for offset in (low, high)]
    if max(levels) > SATURATED * stand.full_scale_dn:
        unfit("it is too bright.")
    expected = model.offset_dn_per_step * (high - low) * scale
    got = levels[1] - levels[0]
    expect(got > expected / 2, f"about {expected:.1f} DN more at offset {high} than at {low}", f"{got:.1f} DN")
    return f"offset {low} to {high}: {got:+.1f} DN, by the facts {expected:+.1f}"


def _level(stand: Stand, **changes: float) -> float:
    return float(stand.pixels(1, **{"exposure_s": stand.shortest_s, **changes})[0].mean())


@check(
    "gain-taken",
    "The gain reaches the sensor: noise in DN rises with it, noise in electrons falls.",
    "The camera does not take its gain: set it again after the change of mode, or use another SDK version.",
)
def gain_taken(stand: Stand) -> str:
    """Noise at the lowest and the highest gain rises more nearly as the facts say than not at all."""
    mode = stand.model.mode(stand.model.default_mode)
    allowed = stand.camera.limits(Control.GAIN)
    gains = round(allowed.low), round(allowed.high)
    expected = _least_ratio(mode, *gains)
    if expected < LEAST_RATIO:
        unfit("by the facts its noise says nothing of its gain.")
    noises = [_noise_dn(stand, gain) for gain in gains]
    if noises[0] == 0.0:
        unfit("there is no noise at the lowest gain: every pixel is saturated, or cut off at zero.")
    ratio = noises[1] / noises[0]
    expect(
        ratio > math.sqrt(expected),
        f"{expected:.1f} times the noise at gain {gains[1]} that is at gain {gains[0]}",
        f"{ratio:.2f} times ({noises[0]:.2f} and {noises[1]:.2f} DN)",
    )
    points = [mode.chains[0].curve.at(gain) for gain in gains]
    scale = 2.0 ** (mode.output_bits[0] - mode.chains[0].adc_bits)
    electrons = [dn / scale * point.e_per_dn for dn, point in zip(noises, points, strict=True)]
    return (
        f"gain {gains[0]}: {noises[0]:.2f} DN = {electrons[0]:.2f} e-; "
        f"gain {gains[1]}: {noises[1]:.2f} DN = {electrons[1]:.2f} e-"
    )


def _least_ratio(mode: ReadMode, low: int, high: int) -> float:
    """By how much noise in DN rises at least: read noise alone, or shot noise alone, by the facts."""
    points = [mode.chains[0].curve.at(gain) for gain in (low, high)]
    read_dn = [math.hypot(point.read_noise_median_e / point.e_per_dn, 12**-0.5) for point in points]
    return min(read_dn[1] / read_dn[0], math.sqrt(points[0].e_per_dn / points[1].e_per_dn))


def _noise_dn(stand: Stand, gain: int) -> float:
    """Temporal noise of the shortest exposures, DN."""
    frames = stand.pixels(3, gain=gain, exposure_s=stand.shortest_s)
    if max(frame.mean() for frame in frames) > SATURATED * stand.full_scale_dn:
        unfit(f"it is too bright at gain {gain}.")
    return _temporal_noise(frames)


def _temporal_noise(frames: list[NDArray[np.float64]]) -> float:
    """Of frames with the same settings, rms over the pixels, without what is common to a row, DN."""
    steps = [one - other for one, other in pairwise(frames)]
    return float(np.mean([(step - step.mean(axis=1, keepdims=True)).std() for step in steps]) / math.sqrt(2.0))


@check(
    "levels-survive-streams",
    "Gain and offset still hold after a change to live and back, which initialises the camera anew.",
    "The SDK sets them back at initialisation: set them again after each change of mode or stream.",
)
def levels_survive_streams(stand: Stand) -> str:
    """Level and noise of the shortest exposures before, in, and after a live run stay what they were."""
    model = stand.model
    gain = round(stand.camera.limits(Control.GAIN).high)
    offset = round((model.offset.default + model.offset.high) / 2)
    stand.configure(gain=gain, offset=offset, exposure_s=stand.shortest_s)
    before = [stand.camera.expose().data.astype(np.float64) for _ in range(3)]
    if np.mean(before) > SATURATED * stand.full_scale_dn:
        unfit("it is too bright.")
    with stand.camera.live(frames=3) as run:
        live = [frame.data.astype(np.float64) for frame in run]
    after = [stand.camera.expose().data.astype(np.float64) for _ in range(3)]
    noise_dn = _temporal_noise(before)
    default_rise = model.offset_dn_per_step * (offset - round(model.offset.default))
    mode = model.mode(model.default_mode)
    tolerance = abs(default_rise) * 2.0 ** (mode.output_bits[0] - 16) / 2
    for name, frames in (("live", live), ("after the live run", after)):
        shift = float(np.mean(frames) - np.mean(before))
        expect(
            abs(shift) < tolerance,
            f"the same level {name}, at offset {offset}",
            f"{shift:+.1f} DN, as if the offset were another one",
        )
        ratio = _temporal_noise(frames) / noise_dn if noise_dn else 1.0
        expect(0.5 < ratio < 2.0, f"the same noise {name}, at gain {gain}", f"{ratio:.2f} times")
    return f"gain {gain}, offset {offset}: the same level and noise before, in and after a live run"


@check(
    "signal-follows-exposure",
    "Twice the exposure gives twice the signal.",
    "Look for changing light or a shutter; else the exposure is not the one that was asked for.",
)
def signal_follows_exposure(stand: Stand) -> str:
    """Three exposures in a row of steady light, in proportion; the last repeats the first."""
    bias = _level(stand)
    if bias > SATURATED * stand.full_scale_dn:
        unfit("it is too bright.")
    top = SATURATED * stand.full_scale_dn
    for longest_s in (0.05, 0.2, 1.0) if stand.quick else (0.05, 0.2, 1.0, 5.0):
        signal = _level(stand, exposure_s=longest_s) - bias
        if signal > 30.0 or bias + signal > top:
            break
    if bias + signal > top:
        unfit("it is too bright.")
    if signal <= 30.0:
        unfit(f"it is dark: {longest_s:g} s give {signal:+.1f} DN.")
    half, again = _level(stand, exposure_s=longest_s / 2) - bias, _level(stand, exposure_s=longest_s) - bias
    scatter = 6.0 * _uncertainty(stand, signal)
    if abs(again - signal) > scatter + 0.02 * signal:
        unfit(f"the light is not steady: {signal:.1f}, then {again:.1f} DN.")
    begin_s = stand.shortest_s
    expected = signal * (longest_s / 2 - begin_s) / (longest_s - begin_s)
    bound = scatter + (0.02 + stand.model.sensor.nonlinearity_fraction) * signal
    expect(
        abs(half - expected) < bound,
        f"{expected:.1f} DN +- {bound:.1f} in {longest_s / 2:g} s",
        f"{half:.1f} DN ({signal:.1f} DN in {longest_s:g} s)",
    )
    return f"{half:.1f} DN in {longest_s / 2:g} s, {signal:.1f} DN in {longest_s:g} s"


def _uncertainty(stand: Stand, signal: float) -> float:
    """Standard error of the mean of a frame with so much signal: one electron per DN at the least, DN."""
    form = stand.camera.settings.format
    rows, columns = form.shape()
    return math.sqrt(signal / (rows * columns)) + 0.5


CHECKS: Final[tuple[Check, ...]] = (
    offset_lifts_bias,
    gain_taken,
    levels_survive_streams,
    signal_follows_exposure,
)
