"""Every mode with every word depth, binning and shape of window; what the words mean."""

from __future__ import annotations

import numpy as np
import pytest

from contract.bench import Bench, buffer_for, expose, prepare, take
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.frame import FrameFormat
from fullwell.models.facts import Window


def windows(bench: Bench, bin_: int) -> list[Window]:
    """Small windows: at both corners of the sensor, with odd edges, one binned pixel, a column, a row."""
    area = bench.model.sensor.geometry.effective
    return [
        Window(0, 0, 8 * bin_, 6 * bin_),
        Window(5, 3, 7 * bin_, 5 * bin_),
        Window(area.width - 4 * bin_, area.height - 3 * bin_, 4 * bin_, 3 * bin_),
        Window(11, 7, bin_, bin_),
        Window(2, 9, bin_, 9 * bin_),
        Window(9, 2, 9 * bin_, bin_),
    ]


def test_every_format_of_every_mode_is_delivered_as_asked(bench: Bench) -> None:
    for mode in bench.model.modes:
        device = bench.device()
        prepare_link = device.link in mode.links
        if not prepare_link:
            continue
        prepare(device, mode.number)
        for bits in mode.output_bits:
            for bin_ in bench.model.bins:
                for window in windows(bench, bin_):
                    frame_format = FrameFormat(window, bin_, bits)
                    device.configure(frame_format)
                    data, report = expose(device, frame_format, len(mode.chains))
                    assert report.settings.format == frame_format
                    assert report.settings.mode == mode.number
                    assert report.shape == data.shape == frame_format.shape(len(mode.chains))
                    assert data.max() <= bin_**2 * (2**bits - 1)


def test_a_frame_fills_the_whole_buffer_and_nothing_else(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device)
    rows, columns = frame_format.shape()
    memory = np.full((rows + 2, columns), 54_321, np.uint16)
    device.start_exposure()
    device.read_frame(memory[1:-1])
    assert (memory[0] == 54_321).all()
    assert (memory[-1] == 54_321).all()
    assert not (memory[1:-1] == 54_321).any()


def test_short_words_are_the_upper_bits_of_the_long_ones(bench: Bench) -> None:
    for mode in bench.model.modes:
        if mode.links[0] != bench.device().link or len(mode.output_bits) < 2:
            continue
        longest = max(mode.output_bits)
        frames = {bits: take(bench, mode.number, bits=bits, rate_e_per_s=0.0) for bits in mode.output_bits}
        for bits, data in frames.items():
            assert np.array_equal(data, frames[longest] >> (longest - bits)), (mode.name, bits)


def test_binned_frames_are_exact_sums(bench: Bench) -> None:
    for bin_ in bench.model.bins:
        window = Window(3, 5, 6 * bin_, 5 * bin_)
        single = take(bench, window=window)
        binned = take(bench, window=window, bin=bin_)
        blocks = single.reshape(5, bin_, 6, bin_).astype(np.int64)
        assert np.array_equal(binned, blocks.sum(axis=(1, 3)))


def test_binned_frames_do_not_clip(bench: Bench) -> None:
    mode = bench.model.mode(bench.mode)
    bin_ = max(bench.model.bins)
    chain = mode.chains[0]
    highest = bench.model.gain.high
    flood = 100 * chain.pixel_well_e / 0.01
    window = Window(0, 0, 4 * bin_, 4 * bin_)
    wishes = {"rate_e_per_s": flood, "gain": min(highest, chain.curve.gain_setting[-1])}
    single = take(bench, window=window, **wishes)
    binned = take(bench, window=window, bin=bin_, **wishes)
    shape = (4, bin_, -1, bin_)
    assert np.array_equal(binned, single.reshape(shape).astype(np.int64).sum(axis=(1, 3)))
    assert binned.max() == bin_**2 * int(single.max())


def test_initialise_sets_back_gain_offset_exposure_and_format(bench: Bench) -> None:
    device = bench.device()
    prepare(device)
    model = bench.model
    device.set_control(Control.GAIN, model.gain.low + 1)
    device.set_control(Control.OFFSET, model.offset.low + 1)
    device.initialise(model.default_mode, Stream.SINGLE)
    assert device.get_control(Control.GAIN) == model.gain.default
    assert device.get_control(Control.OFFSET) == model.offset.default
    assert device.get_control(Control.EXPOSURE_S) == model.exposure_s.default
    assert device.precise_timing().read_ns > 0.9 * device.precise_timing().line_period_ns * (
        model.sensor.geometry.effective.height
    )


@pytest.mark.parametrize("stream", list(Stream))
def test_live_and_single_frames_have_the_same_words(bench: Bench, stream: Stream) -> None:
    device = bench.device()
    frame_format = prepare(device, stream=stream)
    if stream is Stream.LIVE:
        out = buffer_for(frame_format)
        device.start_live()
        assert device.read_live(out, 1.0) is not None
        device.stop_live()
    else:
        out, _ = expose(device, frame_format)
    assert np.array_equal(out, take(bench))
