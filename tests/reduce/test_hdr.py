"""Merging two images of the same electrons: unbiased, with a true variance, whatever the numbers are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from fullwell.errors import InvalidValue
from fullwell.reduce import Channel, HdrCalibration, Mask, Merged, fit_splice, merge_hdr
from fullwell.reduce.hdr import FADE_FROM, FADE_TO

CHAINS = HdrCalibration(Channel(0.5, 200.0, 1.6, 4095.0), Channel(21.0, 150.0, 16.0, 4095.0))
FALSE_ALARM = 1e-6
PIXELS = (1000, 1000)


def dual(electrons: np.ndarray, rng: np.random.Generator, chains: HdrCalibration = CHAINS) -> np.ndarray:
    """What two 12-bit chains make of these electrons; the noise of a channel includes its rounding."""
    halves = []
    for channel in (chains.high, chains.low):
        noise_e = (channel.noise_e**2 - channel.e_per_dn**2 / 12) ** 0.5
        seen_e = electrons + noise_e * rng.standard_normal(electrons.shape)
        halves.append(np.clip(np.rint(channel.bias_dn + seen_e / channel.e_per_dn), 0, 4095))
    return np.hstack(halves).astype(np.uint16)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.76, 0.8, 0.85, 0.9, 0.94, 0.96, 1.0, 1.05, 3.0])
def test_no_bias_anywhere_round_the_change_of_chains(share):
    """The same electrons in a million pixels: only read-out noise is left."""
    electrons = np.full(PIXELS, share * CHAINS.high.range_e)
    merged = merge_hdr(dual(electrons, np.random.default_rng(int(1000 * share))), CHAINS)
    error_e = merged.electrons.astype(float) - electrons
    bound_e = norm.isf(FALSE_ALARM / 24) * error_e.std() / 1000.0
    steepest = 1.5 / ((FADE_TO - FADE_FROM) * CHAINS.high.range_e)
    stein_e = CHAINS.high.noise_e**2 * steepest
    assert abs(error_e.mean()) < bound_e + stein_e
    assert stein_e < 0.011


def test_a_threshold_would_be_biased_where_this_is_not():
    """What the smooth share is for."""
    electrons = np.full(PIXELS, 0.85 * CHAINS.high.range_e)
    data = dual(electrons, np.random.default_rng(1))
    high, low = (
        (half - chain.bias_dn) * chain.e_per_dn
        for half, chain in zip(np.hsplit(data.astype(float), 2), (CHAINS.high, CHAINS.low), strict=True)
    )
    threshold = np.where(high < electrons, high, low)
    assert (threshold - electrons).mean() < -0.4
    assert abs((merge_hdr(data, CHAINS).electrons - electrons).mean()) < 0.1


@pytest.mark.parametrize("mean_e", [100, 1000, 1500, 1650, 1750, 1900, 5000, 40_000])
def test_chi_square_is_one_with_photon_noise(mean_e):
    """Sum of the squares of (merged - expected) over the sum of the variances: both sums are free of bias."""
    rng = np.random.default_rng(mean_e)
    merged = merge_hdr(dual(rng.poisson(mean_e, PIXELS).astype(float), rng), CHAINS)
    square = (merged.electrons.astype(float) - mean_e) ** 2
    excess = square.sum() / merged.variance.sum(dtype=float) - 1.0
    bound = norm.isf(FALSE_ALARM / 16) * (2.0 / square.size) ** 0.5
    assert abs(excess) < bound


def test_faint_pixels_have_the_noise_of_both_chains_together():
    merged = merge_hdr(dual(np.zeros(PIXELS), np.random.default_rng(3)), CHAINS)
    expected_e2 = 1.0 / (1.0 / CHAINS.high.noise_e**2 + 1.0 / CHAINS.low.noise_e**2)
    measured_e2 = float(merged.electrons.var(dtype=float))
    assert measured_e2 == pytest.approx(expected_e2, rel=norm.isf(FALSE_ALARM / 2) * (2e-6) ** 0.5)
    assert expected_e2 < CHAINS.high.noise_e**2
    dark = merged.variance[merged.electrons <= 0]
    assert dark == pytest.approx(expected_e2, rel=1e-5)


def test_masks():
    data = np.array([[200, 4094, 4095, 4095, 150, 500, 4094, 4095]], np.uint16)
    merged = merge_hdr(data, CHAINS)
    assert merged.mask.tolist() == [[0, 0, Mask.HIGH_SATURATED, Mask.HIGH_SATURATED | Mask.SATURATED]]
    assert np.isfinite(merged.variance).tolist() == [[True, True, True, False]]
    assert merged.electrons[0, 2:] == pytest.approx([(4094 - 150) * 21.0, (4095 - 150) * 21.0])


def test_pixels_under_a_stamp_come_from_the_other_chain():
    rng = np.random.default_rng(5)
    electrons = np.full((20, 60), 1000.0)
    data = dual(electrons, rng)
    plain = merge_hdr(data, CHAINS)
    data[0, :32] = rng.integers(0, 65536, 32, dtype=np.uint16)
    merged = merge_hdr(data, replace(CHAINS, stamped_px=32))
    assert (merged.mask[0, :32] == Mask.STAMPED).all()
    assert np.abs(merged.electrons[0, :32] - 1000.0).max() < 6 * 16.0
    assert merged.variance[0, :32] == pytest.approx(merged.electrons[0, :32] + 16.0**2)
    assert np.array_equal(merged.electrons[1:], plain.electrons[1:])
    assert np.array_equal(merged.electrons[0, 32:], plain.electrons[0, 32:])


def test_threads_and_buffers_make_no_difference():
    data = dual(np.linspace(0, 9e4, 700 * 900).reshape(700, 900), np.random.default_rng(7))
    one = merge_hdr(data, CHAINS, threads=1)
    out = Merged.empty(700, 900)
    assert merge_hdr(data, CHAINS, threads=5, out=out) is out
    for name in ("electrons", "variance", "mask"):
        assert np.array_equal(getattr(one, name), getattr(out, name))


def test_kernel_is_the_formula():
    """The same by plain arrays."""
    data = dual(np.linspace(0, 9e4, 300 * 400).reshape(300, 400), np.random.default_rng(8))
    high, low = (
        (half - chain.bias_dn) * chain.e_per_dn
        for half, chain in zip(np.hsplit(data.astype(float), 2), (CHAINS.high, CHAINS.low), strict=True)
    )
    rise = np.clip((FADE_TO - high / CHAINS.high.range_e) / (FADE_TO - FADE_FROM), 0, 1)
    weight = (16.0**2 / (16.0**2 + 1.6**2)) * rise**2 * (3 - 2 * rise)
    value = weight * high + (1 - weight) * low
    variance = np.maximum(value, 0) + (weight * 1.6) ** 2 + ((1 - weight) * 16.0) ** 2
    merged = merge_hdr(data, CHAINS)
    good = (merged.mask & Mask.SATURATED) == 0
    assert merged.electrons == pytest.approx(value, rel=2e-5, abs=2e-3)
    assert merged.variance[good] == pytest.approx(variance[good], rel=2e-5)


@pytest.mark.parametrize(
    "data",
    [
        np.zeros((4, 5), np.uint16),
        np.zeros((4, 6), np.float32),
        np.zeros((2, 4, 6), np.uint16),
        np.zeros(6, np.uint16),
    ],
    ids=["odd", "float", "cube", "line"],
)
def test_what_is_no_dual_frame_is_refused(data):
    with pytest.raises(InvalidValue, match="dual"):
        merge_hdr(data, CHAINS)


def test_a_buffer_of_the_wrong_size_is_refused():
    with pytest.raises(InvalidValue, match="out"):
        merge_hdr(np.zeros((4, 6), np.uint16), CHAINS, out=Merged.empty(4, 6))


# --- the line between the chains ------------------------------------------------------------------------------


def test_the_splice_is_found_and_heals_wrong_facts():
    """The facts are 4 % and 12 DN off; flats of several levels put that right."""
    rng = np.random.default_rng(9)
    frames = [dual(rng.poisson(level, (300, 300)).astype(float), rng) for level in (20, 200, 600, 1000, 1300)]
    low = replace(CHAINS.low, e_per_dn=1.04 * 21.0, bias_dn=162.0)
    wrong = HdrCalibration(CHAINS.high, low)
    splice = fit_splice(frames, wrong)
    k, b_dn = 21.0 / 0.5, 200.0 - 150.0 * 21.0 / 0.5
    sigmas = norm.isf(FALSE_ALARM / 4)
    assert abs(splice.k - k) < sigmas * splice.k_error
    assert abs(splice.b_dn - b_dn) < sigmas * splice.b_error_dn
    assert splice.k_error < 1e-3 * k
    healed = splice.apply(wrong)
    assert healed.low.e_per_dn == pytest.approx(21.0, rel=1e-3)
    assert healed.low.bias_dn == pytest.approx(150.0, abs=0.1)
    bright = np.full((300, 300), 50_000.0)
    data = dual(bright, rng)
    assert merge_hdr(data, wrong).electrons.mean() == pytest.approx(51_738, rel=1e-3)
    assert merge_hdr(data, healed).electrons.mean() == pytest.approx(50_000, rel=1e-3)


def test_the_errors_of_the_splice_are_true():
    """Spread of 200 fits against their own errors: within 6 sigma of a chi distribution of 199 degrees."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found.append(fit_splice([dual(rng.uniform(0, 1300, (60, 60)), rng)], CHAINS))
    spread = np.std([each.k for each in found], ddof=1)
    assert spread == pytest.approx(np.mean([each.k_error for each in found]), rel=6 / (2 * 199) ** 0.5)


def test_without_a_range_of_light_there_is_no_line():
    rng = np.random.default_rng(1)
    for frames in ([dual(np.full((50, 50), 100.0), rng)], [dual(np.full((50, 50), 5000.0), rng)], []):
        with pytest.raises(InvalidValue, match="range of light"):
            fit_splice(frames, CHAINS)
