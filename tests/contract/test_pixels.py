"""Which pixel is where: windows, twin images, optical black, blank columns."""

from __future__ import annotations

import numpy as np

from contract.bench import WINDOW, Bench, expose, prepare, take
from fullwell.camera.controls import Control
from fullwell.camera.frame import FrameFormat
from fullwell.models.facts import Window


def crop(data: np.ndarray, outer: Window, inner: Window, chains: int = 1) -> np.ndarray:
    """The part of a frame of `outer` that shows `inner`."""
    halves = np.split(data, chains, axis=1)
    rows = slice(inner.top - outer.top, inner.bottom - outer.top)
    columns = slice(inner.left - outer.left, inner.right - outer.left)
    return np.hstack([half[rows, columns] for half in halves])


def test_windows_are_crops_of_larger_frames_bit_for_bit(bench: Bench) -> None:
    area = bench.model.sensor.geometry.effective
    outer = Window(0, 0, min(300, area.width), min(160, area.height))
    inner = [WINDOW, Window(7, 5, 31, 23), Window(0, 1, 13, 2), Window(outer.width - 9, outer.height - 7, 9, 7)]
    for mode in bench.model.modes:
        if bench.device().link not in mode.links:
            continue
        whole = take(bench, mode.number, window=outer)
        for window in inner:
            part = take(bench, mode.number, window=window, part_of=FrameFormat(outer))
            assert np.array_equal(part, crop(whole, outer, window, len(mode.chains))), (mode.name, window)


def test_the_effective_area_lies_in_the_whole_output_where_the_facts_say(bench: Bench) -> None:
    geometry = bench.model.sensor.geometry
    outer = Window(0, 0, min(200, geometry.total_width), min(100, geometry.total_height))
    whole = take(bench, window=outer, overscan=True)
    image = take(bench, window=WINDOW, part_of=FrameFormat(outer, overscan=True))
    moved = Window(
        WINDOW.left + geometry.effective.left, WINDOW.top + geometry.effective.top, WINDOW.width, WINDOW.height
    )
    assert np.array_equal(image, crop(whole, outer, moved))


def test_shielded_pixels_do_not_know_of_light(bench: Bench) -> None:
    geometry = bench.model.sensor.geometry
    for area in (*geometry.optical_black, *geometry.overscan):
        window = Window(area.left, area.top, min(area.width, 60), min(area.height, 40))
        dark, lit = (
            take(bench, window=window, overscan=True, rate_e_per_s=rate, offset=bench.model.offset.high)
            for rate in (0.0, 1e6)
        )
        assert np.array_equal(dark, lit), area
        assert dark.std() > 0, area


def test_blank_pixels_read_exactly_zero(bench: Bench) -> None:
    for area in bench.model.sensor.geometry.blank:
        window = Window(area.left, area.top, min(area.width, 60), min(area.height, 40))
        assert not take(bench, window=window, overscan=True, offset=bench.model.offset.high).any(), area


def test_shielded_pixels_stand_at_the_level_of_the_offset_law(bench: Bench) -> None:
    geometry, model, mode = bench.model.sensor.geometry, bench.model, bench.model.mode(bench.mode)
    chain = mode.chains[0]
    dn_per_e = 2.0 ** (mode.output_bits[0] - chain.adc_bits) / chain.curve.at(int(model.gain.default)).e_per_dn
    row_noise_dn = model.sensor.banding.row_noise_e * dn_per_e
    for area in geometry.optical_black:
        window = Window(area.left, area.top, min(area.width, 60), min(area.height, 200))
        for offset in (model.offset.default, model.offset.high):
            data = take(bench, window=window, overscan=True, offset=offset, exposure_s=0.001)
            depth_factor = 2.0 ** (mode.output_bits[0] - 16)
            expected = (model.offset_dn_zero + model.offset_dn_per_step * offset) * depth_factor
            # 5.3 sigma (1e-7) of the mean of independent pixels and of independent steps of rows, half a count.
            pixels_dn2 = data.var(ddof=1) / data.size
            steps = max(1, data.shape[0] // mode.timing.rows_per_step)
            error = 5.3 * np.sqrt(pixels_dn2 + row_noise_dn**2 / steps) + 0.5
            assert abs(data.mean() - expected) < error, (area, offset)


def test_twin_images_are_the_same_pixels_through_two_chains(bench: Bench) -> None:
    for mode in bench.model.modes:
        if len(mode.chains) != 2 or bench.device().link not in mode.links:
            continue
        signal_e = 1000.0
        window = Window(10, 10, 60, 40)
        both = take(bench, mode.number, window=window, exposure_s=0.02, rate_e_per_s=signal_e / 0.02, gain=0)
        assert both.shape == (40, 120)
        high, low = (half.astype(float).ravel() for half in np.hsplit(both, 2))
        # Shot noise of 32 e- is common to both, everything else is smaller: the correlation of 2400 pixels
        # that share nothing is below 0.11 with a probability of 1 - 1e-7.
        assert np.corrcoef(high, low)[0, 1] > 0.5
        assert high.mean() > 2.0 * low.mean()


def test_frames_differ_from_each_other_and_from_those_of_another_body(bench: Bench) -> None:
    device = bench.device(rate_e_per_s=1e5)
    frame_format = prepare(device)
    first, _ = expose(device, frame_format)
    second, _ = expose(device, frame_format)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, take(bench, rate_e_per_s=1e5, seed=8))


def test_a_session_can_be_repeated(bench: Bench) -> None:
    """Same body, same instants, same numbers (counted from each opening): same frames."""
    sessions = []
    for _ in range(2):
        device = bench.device()
        device.open()
        device.close()
        frame_format = prepare(device)
        sessions.append([expose(device, frame_format)[0] for _ in range(3)])
    assert np.array_equal(sessions[0], sessions[1])


def test_gain_brightens_and_offset_lifts(bench: Bench) -> None:
    model = bench.model
    top = min(model.gain.high, model.mode(bench.mode).chains[0].curve.gain_setting[-1])
    levels = [take(bench, rate_e_per_s=2e4, gain=gain, offset=model.offset.low).mean() for gain in (0, top)]
    assert levels[1] > levels[0]
    lifted = [take(bench, offset=offset).astype(float).mean() for offset in (model.offset.low, model.offset.high)]
    assert lifted[1] > lifted[0]


def test_controls_that_the_frame_used_stand_in_its_report(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device)
    device.set_control(Control.GAIN, bench.model.gain.low + 2)
    device.set_control(Control.OFFSET, bench.model.offset.low + 3)
    _, report = expose(device, frame_format)
    assert (report.settings.gain, report.settings.offset) == (
        bench.model.gain.low + 2,
        bench.model.offset.low + 3,
    )
    assert report.settings.exposure_s == 0.01
    assert report.settings.link == device.link
