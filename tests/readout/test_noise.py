"""Read noise, telegraph noise, banding, ADC."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell.chance.keys import key
from fullwell.chance.poisson import alias_tables
from fullwell.chance.words import BLOCK
from fullwell.models import keys as model_keys
from fullwell.models import load
from fullwell.readout.adc import bias_dn, bin_sum, quantise, words_out
from fullwell.readout.banding import band_amplitude_e, periodic_bands_e
from fullwell.readout.noise import memory_weights, remember_left, spread_levels
from fullwell.readout.telegraph import class_table, showers, telegraph_jumps, trap_codes, traps_per_block


@pytest.mark.parametrize("name", model_keys())
def test_spread_keeps_median_and_rms_of_the_table(name):
    spread = load(name).sensor.read_noise_spread
    levels = spread_levels(spread, 2048)
    rank = (np.arange(1_000_000) + 0.5) / 1_000_000
    drawn = np.interp(rank, spread.quantiles, spread.ratio)
    assert np.median(levels) == pytest.approx(np.median(drawn), rel=1e-3)
    assert np.sqrt(np.mean(levels**2)) == pytest.approx(np.sqrt(np.mean(drawn**2)), rel=1e-4)


@given(st.floats(0.0, 0.5))
def test_memory_weights_leave_the_variance_alone(correlation):
    own, left = memory_weights(correlation)
    assert own**2 + left**2 == pytest.approx(1.0)
    assert own * left == pytest.approx(correlation, abs=1e-12)


def test_remembered_noise_is_correlated_with_the_left_neighbour_only():
    unit = np.random.default_rng(1).standard_normal((400, 2001))
    noise = remember_left(unit, 0.1)
    assert noise.shape == (400, 2000)
    bound = 5 / np.sqrt(noise.size)
    assert abs(noise.std() - 1) < bound
    assert abs((noise[:, 1:] * noise[:, :-1]).mean() - 0.1) < bound
    assert abs((noise[:, 2:] * noise[:, :-2]).mean()) < bound


def test_telegraph_pixels_stay_and_their_levels_are_occupied_as_stated():
    facts = load("qhy600-pro").sensor.telegraph
    table = class_table(facts, suppressed=False)
    blocks, (number, traps) = 19, showers(traps_per_block(facts.fraction))
    codes, alias = trap_codes(table), alias_tables()
    room, more_room = np.empty((2, 128), np.uint32)
    jumps = np.empty((400, blocks, BLOCK), np.float32)
    for frame in range(len(jumps)):
        body, now = np.uint64(key("body")), np.uint64(key("frame", frame))
        for block in range(blocks):
            out = jumps[frame, block]
            telegraph_jumps(body, now, 17, block, number, traps, alias, codes, room, more_room, out)
    levels = jumps.reshape(len(jumps), -1)
    width = levels.shape[1]
    levels = levels[:, np.any(levels != 0, axis=0)]
    count = levels.shape[1]
    # a pixel stays without a jump in 400 frames with the probability 0.97^400 at most
    assert abs(count - width * facts.fraction) < 5 * np.sqrt(width * facts.fraction)
    silent = np.mean(levels == 0, axis=0)
    assert abs(silent.mean() - table[:, 0].mean()) < 5 * table[:, 0].std() / np.sqrt(count) + 1e-3
    for pixel in levels.T:
        assert len(np.unique(np.abs(pixel[pixel != 0]))) <= 1
    assert abs(np.mean(levels[:-1] * levels[1:] == 0) - np.mean(1 - (1 - silent) ** 2)) < 0.01


def test_suppression_shrinks_the_jumps_only():
    facts = load("qhy600-pro").sensor.telegraph
    on, off = class_table(facts, suppressed=True), class_table(facts, suppressed=False)
    np.testing.assert_array_equal(on[:, :2], off[:, :2])
    np.testing.assert_allclose(on[:, 2:], facts.suppressed_factor * off[:, 2:], rtol=1e-6)


def test_bands_have_their_period_in_time_and_vanish_at_the_quiet_traffic():
    banding = replace(load("qhy600-pro").sensor.banding, quiet_traffic=30.0, periodic_amplitude_e=0.5)
    assert band_amplitude_e(banding, 30.0) == 0.0
    line_ns = 38_906
    row_end_ns = 1_800_000_000_000_000_000 + line_ns * np.arange(65_536, dtype=np.int64)
    bands = periodic_bands_e(row_end_ns, banding, 0.0)
    spectrum = np.abs(np.fft.rfft(bands * np.hanning(len(bands))))
    peak_hz = np.argmax(spectrum) / (len(bands) * line_ns * 1e-9)
    assert peak_hz == pytest.approx(banding.periodic_frequency_hz, abs=0.5)
    assert np.abs(bands).max() == pytest.approx(band_amplitude_e(banding, 0.0), rel=1e-3)
    assert np.all(periodic_bands_e(row_end_ns, banding, 30.0) == 0)


def test_bias_is_scaled_with_the_depth_of_the_adc():
    model = load("qhy600-pro")
    assert bias_dn(model, 30, 16) == model.offset_dn_zero + 30 * model.offset_dn_per_step
    assert bias_dn(model, 30, 12) == bias_dn(model, 30, 16) / 16


@given(st.integers(8, 16), st.sampled_from([8, 12, 14, 16]), st.floats(-1e6, 1e6))
def test_words_fit_their_depth(adc_bits, output_bits, signal_dn):
    counts = quantise(np.array([signal_dn]), adc_bits)
    assert 0 <= counts[0] < 2**adc_bits
    assert 0 <= words_out(counts, adc_bits, output_bits)[0] < 2**output_bits


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 6, 8])
def test_sums_of_full_words_do_not_overflow(factor):
    assert bin_sum(np.full((24, 48), 65535), factor).max() == 65535 * factor**2
