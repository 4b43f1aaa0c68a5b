"""Checks: shapes, windows, binning, word depths, and the areas beyond the image."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from fullwell.camera.frame import Frame, FrameFormat
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect, unfit
from fullwell.models.facts import Window

FALSE_ALARM: Final = 1e-6
"""Probability with which a good camera fails a statistical comparison."""
PAIRS: Final = 4
PATTERN_PX: Final = 180
HOT_SIGMA: Final = 30.0
"""How much a hot pixel counts at most, so that a single one does not decide."""
PATTERN_SIGMA: Final = 7.0
"""How clearly a fixed pattern must show itself before it says where pixels are."""


@check(
    "windows",
    "A window gives its own pixels, with its own number of rows and columns.",
    "Report model, window and SDK version; use full frames until it is solved.",
)
def windows(stand: Stand) -> str:
    """Windows in corners, with odd edges, narrow ones, with every binning."""
    done = 0
    for factor in stand.model.bins:
        for window in _windows(stand, factor):
            used = stand.configure(window=window, bin=factor)
            frame = stand.camera.expose()
            _expect_format(frame, used.format, 1)
            done += 1
    return f"{done} windows, binning {', '.join(map(str, stand.model.bins))}"


def _windows(stand: Stand, factor: int) -> list[Window]:
    area = stand.model.sensor.geometry.effective
    width, height = 8 * factor, 6 * factor
    corners = [Window(0, 0, width, height), Window(area.width - width, area.height - height, width, height)]
    odd = [Window(5, 3, 7 * factor, 5 * factor), Window(11, 7, factor, factor)]
    long = [Window(2, 9, factor, 9 * factor), Window(9, 2, 9 * factor, factor)]
    return [*corners, odd[0]] if stand.quick else [*corners, *odd, *long]


def _expect_format(frame: Frame, form: FrameFormat, chains: int) -> None:
    shape, highest = form.shape(chains), form.bin**2 * (2**form.bits - 1)
    expect(frame.data.shape == shape, f"a frame of {shape} for {form}", frame.data.shape)
    expect(frame.data.dtype == form.dtype, f"words of {form.dtype} for {form}", frame.data.dtype)
    expect(int(frame.data.max()) <= highest, f"at most {highest} DN for {form}", int(frame.data.max()))


@check(
    "full-frame",
    "The largest frame comes whole.",
    "Raise the USB traffic, use a shorter cable, or another USB port.",
)
def full_frame(stand: Stand) -> str:
    """One full frame, and one with everything that is read out."""
    sizes = []
    for overscan in (False, True):
        used = stand.configure(window=None, overscan=overscan)
        frame = stand.camera.expose()
        _expect_format(frame, used.format, 1)
        rows_empty = np.flatnonzero(~frame.data.any(axis=1))
        blank = _blank_rows(stand, overscan)
        expect(set(rows_empty) <= blank, "no rows of zeros but the blank ones", f"{len(rows_empty)} such rows")
        sizes.append(f"{frame.data.shape[1]} x {frame.data.shape[0]} px")
    return ", ".join(sizes)


def _blank_rows(stand: Stand, overscan: bool) -> set[int]:
    areas = stand.model.sensor.geometry.blank if overscan else ()
    return {row for area in areas for row in range(area.top, area.bottom)}


@check(
    "window-position",
    "A window shows the pixels that were asked for, not those beside them.",
    "Report model, window and SDK version: the window is shifted.",
)
def window_position(stand: Stand) -> str:
    """The fixed pattern of a window lies in that of a larger one where it belongs, not a pixel beside."""
    big = stand.window()
    side = min(PATTERN_PX, big.width - 24, big.height - 40) // stand.grid * stand.grid
    small = Window(big.left + 20, big.top + 34, side, side)
    if side < 24 or small.right > big.right - 4 or small.bottom > big.bottom - 4:
        unfit("the sensor is too small for it.")
    exposure_s = 1.0 if stand.quick else 4.0
    whole = _pattern(stand, big, exposure_s)
    part = _pattern(stand, small, exposure_s)
    if not (whole.std() and part.std()):
        unfit("every pixel has the same value.")
    found = {}
    for down in range(-3, 4):
        for right in range(-3, 4):
            top, left = small.top - big.top + down, small.left - big.left + right
            cut = whole[top : top + small.height, left : left + small.width]
            found[down, right] = _likeness(cut, part)
    best = max(found, key=found.__getitem__)
    threshold = PATTERN_SIGMA / np.sqrt(part.size)
    if max(found.values()) < threshold:
        unfit("no fixed pattern and no picture shows which pixel is which.")
    expect(best == (0, 0), "the pattern of the same pixels", f"that of {best[0]:+d} rows, {best[1]:+d} columns")
    return f"correlation {found[0, 0]:.2f} at the right place, elsewhere at most {_second(found):.2f}"


def _pattern(stand: Stand, window: Window, exposure_s: float) -> NDArray[np.float64]:
    frames = stand.pixels(3, window=window, exposure_s=exposure_s)
    middle: NDArray[np.float64] = np.median(frames, axis=0)
    middle = middle - np.median(middle, axis=1, keepdims=True)
    width = 1.4826 * float(np.median(np.abs(middle))) or 1.0
    return np.clip(middle / width, -HOT_SIGMA, HOT_SIGMA)


def _likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _second(found: dict[tuple[int, int], float]) -> float:
    return max(value for place, value in found.items() if place != (0, 0))


@check(
    "binning-sums",
    "Binned pixels are sums of all their pixels, without clipping.",
    "Bin after the exposure instead, or lower gain and offset so that sums do not clip.",
)
def binning_sums(stand: Stand) -> str:
    """Levels of binned frames are those of single pixels times their number, within the scatter of frames."""
    told = []
    for factor in stand.model.bins:
        if factor == 1:
            continue
        single, binned = [], []
        for _ in range(PAIRS):
            single.append(float(stand.pixels(1)[0].mean()) * factor**2)
            binned.append(float(stand.pixels(1, bin=factor)[0].mean()))
        scatter = np.sqrt((np.var(single, ddof=1) + np.var(binned, ddof=1)) / PAIRS)
        bound = max(float(student.isf(FALSE_ALARM / 2, 2 * PAIRS - 2)) * float(scatter), 0.01 * factor**2)
        expected, got = float(np.mean(single)), float(np.mean(binned))
        expect(
            abs(got - expected) < bound,
            f"a mean of {expected:.1f} DN +- {bound:.1f} with binning {factor}",
            f"{got:.1f} DN",
        )
        told.append(f"{factor} x {factor}: {got:.1f} of {expected:.1f} DN")
    if not told:
        unfit("it does not bin.")
    return ", ".join(told)


@check(
    "word-depths",
    "Words have the depth that was asked for, and short words are the upper bits of long ones.",
    "Use 16 bits, which every camera gives.",
)
def word_depths(stand: Stand) -> str:
    """Every depth of every mode: type, largest value, and the level in proportion."""
    told = []
    for number in stand.modes:
        mode = stand.model.mode(number)
        levels = {}
        for bits in mode.output_bits:
            used = stand.configure(mode=number, bits=bits, gain=round(stand.model.gain.low))
            frame = stand.camera.expose()
            _expect_format(frame, used.format, len(mode.chains))
            levels[bits] = frame.data.astype(np.float64)
        long = max(levels)
        for bits, data in levels.items():
            expected = np.floor(levels[long] / 2 ** (long - bits)).mean()
            error = 6.0 * np.hypot(_error(data), _error(levels[long]) / 2 ** (long - bits)) + 0.5
            expect(
                abs(data.mean() - expected) < error,
                f"{expected:.1f} DN +- {error:.1f} in {bits} bits (mode {mode.name!r})",
                f"{data.mean():.1f} DN",
            )
        told.append(f"{mode.name}: {', '.join(map(str, levels))} bits")
    return "; ".join(told)


def _error(data: NDArray[np.float64]) -> float:
    """Standard error of the mean of a frame, with noise common to rows and groups of rows."""
    rows = data.mean(axis=1)
    groups = rows[: len(rows) // 4 * 4].reshape(-1, 4).mean(axis=1)
    return float(groups.std(ddof=1) / np.sqrt(len(groups))) if len(groups) > 1 else float(data.std())


@check(
    "dark-areas",
    "Optically black pixels and overscan are there, and see no light.",
    "Report model and mode: bias corrections by overscan would be wrong.",
)
def dark_areas(stand: Stand) -> str:
    """Areas beyond the image: there, at the level of the bias, dark when the image is not; blank ones zero."""
    geometry = stand.model.sensor.geometry
    beyond = [
        *(("black", area) for area in geometry.optical_black),
        *(("overscan", a) for a in geometry.overscan),
    ]
    if not beyond and not geometry.blank:
        unfit("its sensor has no such areas.")
    long_s = 0.2 if stand.quick else 1.0
    image = stand.window()
    light = _rise(stand, image, long_s, overscan=False)
    told = [f"image {light:+.1f} DN in {long_s:g} s"]
    for kind, area in beyond:
        rise = _rise(stand, _part(area), long_s, overscan=True)
        told.append(f"{kind} {rise:+.1f} DN")
        dark = _dark_dn(stand, long_s)
        if light > 10 * dark + 20:
            most = dark + 0.1 * light
            expect(rise < most, f"less than {most:.1f} DN of light in the {kind} area {area}", f"{rise:.1f} DN")
    for area in geometry.blank:
        frame = stand.frames(1, window=_part(area), overscan=True)[0]
        expect(not frame.data.any(), f"zeros in the blank area {area}", f"up to {frame.data.max()}")
    return ", ".join(told)


def _part(area: Window) -> Window:
    """As much of an area as is needed."""
    return Window(area.left, area.top, min(area.width, 256), min(area.height, 256))


def _rise(stand: Stand, window: Window, long_s: float, *, overscan: bool) -> float:
    """How much brighter a long exposure is than the shortest, DN."""
    levels = [
        float(stand.pixels(1, window=window, overscan=overscan, exposure_s=exposure_s)[0].mean())
        for exposure_s in (stand.shortest_s, long_s)
    ]
    return levels[1] - levels[0]


def _dark_dn(stand: Stand, exposure_s: float) -> float:
    """Dark current at the present temperature by the facts, DN."""
    dark, mode = stand.model.sensor.dark, stand.model.mode(stand.model.default_mode)
    temperature_c = stand.camera.readings().sensor_temperature_c
    here_c = max(dark.temperature_c) if temperature_c is None else temperature_c
    rate = np.exp(np.interp(here_c, dark.temperature_c, np.log(dark.rate_e_per_s)))
    point = mode.chains[0].curve.at(stand.camera.settings.gain)
    return float(rate) * exposure_s / point.e_per_dn * 2.0 ** (mode.output_bits[0] - mode.chains[0].adc_bits)


CHECKS: Final[tuple[Check, ...]] = (
    windows,
    full_frame,
    window_position,
    binning_sums,
    word_depths,
    dark_areas,
)
