"""Each estimator against made-up cameras whose truth is known: right value, honest error.

Fixed seeds; a pull (distance from truth in standard errors) is standard normal, so |pull| < 4.9 fails by chance
once in a million.
"""

from __future__ import annotations

import numpy as np
import pytest

from fullwell import measure
from fullwell.errors import InvalidOperation, InvalidValue

GAIN_E_PER_DN = 0.42
NOISE_E = 3.1
BIAS_DN = 400.0
WELL_E = 20_000.0
PULL = 4.9


def camera(
    generator: np.random.Generator, electrons: float, shape: tuple[int, int], row_e: float = 0.0
) -> np.ndarray:
    """A plain camera: shot noise, read noise, row noise, well, gain, rounding."""
    signal = np.minimum(generator.poisson(electrons, shape), WELL_E) + generator.normal(0, NOISE_E, shape)
    signal += generator.normal(0, row_e, (shape[0], 1)) if row_e else 0.0
    return np.clip(np.round(signal / GAIN_E_PER_DN + BIAS_DN), 0, 65535).astype(np.uint16)


def pair(
    generator: np.random.Generator, electrons: float, shape: tuple[int, int] = (128, 256), row_e: float = 0.8
):
    return camera(generator, electrons, shape, row_e), camera(generator, electrons, shape, row_e)


def transfer_curve(seed: int) -> measure.PhotonTransfer:
    generator = np.random.default_rng(seed)
    light = (500, 1000, 2000, 4000, 8000, 12000, 16000, 18500, 40000)
    flats = [pair(generator, level) for level in light]
    return measure.photon_transfer(pair(generator, 0), flats, light)


def test_photon_transfer_finds_gain_noise_and_well():
    curve = transfer_curve(1)
    assert abs(curve.system_gain_e_per_dn.pull(GAIN_E_PER_DN)) < PULL
    assert abs(curve.dark_noise_e.pull(np.hypot(NOISE_E, GAIN_E_PER_DN / 12**0.5))) < PULL
    assert curve.full_well_e is not None
    assert abs(curve.full_well_e.pull(WELL_E)) < PULL
    assert curve.system_gain_e_per_dn.relative_error < 0.005


def test_a_straight_camera_has_no_linearity_error():
    curve = transfer_curve(2)
    assert curve.linearity_error_fraction is not None
    assert curve.linearity_error_fraction.value < PULL * 2e-4
    assert np.isnan(curve.deviation_fraction[-1])


def test_a_bent_camera_shows_its_bend():
    light = np.array([500, 1000, 2000, 4000, 8000, 12000, 16000, 18500, 40000])
    generator = np.random.default_rng(3)
    flats = [pair(generator, level * (1 - 0.03 * level / WELL_E)) for level in light[:-1]]
    curve = measure.photon_transfer(pair(generator, 0), [*flats, pair(generator, 40000)], light)
    assert curve.linearity_error_fraction is not None
    assert 0.005 < curve.linearity_error_fraction.value < 0.03


def test_errors_of_the_gain_are_honest():
    pulls = [transfer_curve(100 + seed).system_gain_e_per_dn.pull(GAIN_E_PER_DN) for seed in range(40)]
    # chi-square of 40 standard normal pulls: 1e-6 limits
    assert 12.0 < np.sum(np.square(pulls)) < 99.0
    assert abs(np.mean(pulls)) < PULL / 40**0.5


def test_no_full_well_without_saturation():
    generator = np.random.default_rng(4)
    curve = measure.photon_transfer(pair(generator, 0), [pair(generator, level) for level in (500, 2000, 8000)])
    assert curve.full_well_e is None


def test_smeared_charge_needs_the_neighbours():
    """A memory of 3 % moves variance into covariance: the plain gain is wrong by 6 %, the full one is not."""
    generator = np.random.default_rng(5)

    def smeared(electrons: float) -> np.ndarray:
        clean = generator.poisson(electrons, (256, 257)).astype(float)
        return np.round((0.97 * clean[:, 1:] + 0.03 * clean[:, :-1]) / 0.1 + 500).astype(np.uint16)

    flats = [(smeared(level), smeared(level)) for level in (500, 1000, 2000, 4000, 6000)]
    bias = (smeared(0), smeared(0))
    plain = measure.photon_transfer(bias, flats, fit_up_to=1.0).system_gain_e_per_dn
    full = measure.photon_transfer(bias, flats, fit_up_to=1.0, with_neighbours=True).system_gain_e_per_dn
    assert plain.value > 0.105
    assert abs(full.pull(0.1)) < PULL


@pytest.mark.parametrize("row_e", [0.0, 1.0])
def test_read_noise_of_a_skewed_population(row_e):
    """Log-normal noise over the pixels, 30 % wide: median and rms of the truth are exact here."""
    generator = np.random.default_rng(6)
    true_dn = 5.0 * np.exp(0.3 * generator.standard_normal((256, 256)))
    stack = (
        np.round(generator.normal(0, true_dn) + generator.normal(0, max(row_e, 1e-12), (256, 1)) + 300).astype(
            np.uint16
        )
        for _ in range(32)
    )
    found = measure.read_noise(stack)
    both = np.sqrt(true_dn**2 + row_e**2)
    assert abs(found.median_dn.pull(np.median(both))) < 6.5  # Student's t with 31 degrees of freedom, 1e-6
    assert abs(found.rms_dn.pull(np.sqrt(np.mean(both**2)))) < 6.5
    assert found.median_dn.relative_error < 0.01
    assert found.map_dn.shape == (256, 256)


def test_split_stacks_merge_to_the_whole():
    generator = np.random.default_rng(7)
    frames = generator.integers(0, 65536, (6, 5, 7), dtype=np.uint16)
    one, other = measure.PixelStatistics(), measure.PixelStatistics()
    for frame in frames[:2]:
        one.add(frame)
    for frame in frames[2:]:
        other.add(frame)
    both = one.merged(other)
    np.testing.assert_allclose(both.mean_dn, frames.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(both.variance_dn2, frames.var(axis=0, ddof=1), rtol=1e-12)


def test_dark_current_leaves_warm_pixels_out():
    generator = np.random.default_rng(8)
    rate = np.full((128, 256), 0.004)
    rate[3::16, 5::32] = 1.0

    def frame(exposure_s: float) -> np.ndarray:
        electrons = generator.poisson(rate * exposure_s) + generator.normal(0, NOISE_E, rate.shape)
        return np.round(electrons / GAIN_E_PER_DN + BIAS_DN).astype(np.uint16)

    found = measure.dark_current(
        (frame(600) for _ in range(6)), (frame(0) for _ in range(6)), 600.0, GAIN_E_PER_DN
    )
    assert abs(found.rate_e_per_s.pull(0.004)) < PULL
    assert found.rate_e_per_s.relative_error < 0.01
    assert abs(found.warm_fraction.value - 1 / 512) < 1e-4


def test_telegraph_census():
    generator = np.random.default_rng(9)
    frames, side, fraction = 300, 64, 0.09
    jumps = generator.random((side, side)) < fraction
    jump_dn = generator.uniform(8, 20, (side, side))
    centre = generator.uniform(0.3, 0.9, (side, side))
    rank = generator.random((frames, side, side))
    level = np.where(rank < centre, 0, np.where(rank < centre + 0.8 * (1 - centre), -1, 1))
    stack = np.round(300 + level * jumps * jump_dn + generator.normal(0, 1.6, level.shape)).astype(np.uint16)
    found = measure.telegraph_census(stack)
    seen = np.zeros_like(jumps)
    seen[found.row, found.column] = True
    assert (seen & ~jumps).sum() <= 3  # nominal 1e-5 of 3,700
    assert (jumps & ~seen).sum() <= 0.01 * jumps.sum()
    truth = jumps[found.row, found.column]
    at = found.row[truth], found.column[truth]
    pulls = (found.jump_dn[truth] - jump_dn[at]) / (1.6 / np.sqrt(frames * (1 - centre[at])))
    assert np.median(np.abs(pulls)) < 1.0
    off = found.no_jump[truth] - centre[at]
    assert abs(off.mean()) < PULL * np.sqrt(0.25 / frames / len(off))
    share = found.lower[truth] / (found.lower[truth] + found.upper[truth])
    assert abs(np.mean(share) - 0.8) < 0.01


def test_row_noise_by_pairs_of_rows():
    """Noise drawn for pairs of rows is seen whole by pairs, and by single rows only in every other step."""
    generator = np.random.default_rng(10)
    frame = 1600 + generator.normal(0, 10, (512, 512)) + np.repeat(generator.normal(0, 1.5, 256), 2)[:, None]
    frame = np.round(frame).astype(np.uint16)
    by_pair = measure.row_noise(frame, 2)
    assert abs(by_pair.row_variance_dn2.pull(2.25)) < PULL
    assert abs(by_pair.column_variance_dn2.pull(0.0)) < PULL
    assert measure.row_noise(frame).row_variance_dn2.value < 0.6 * by_pair.row_variance_dn2.value


def test_row_noise_is_zero_without_any():
    frame = np.random.default_rng(11).normal(1600, 10, (512, 512)).round().astype(np.uint16)
    assert abs(measure.row_noise(frame).row_variance_dn2.pull(0.0)) < PULL


def test_row_noise_under_stars_and_gradient():
    generator = np.random.default_rng(12)
    y, x = np.mgrid[:512, :512]
    sky = 1600 + 0.2 * y + 0.1 * x
    for _ in range(150):
        cy, cx = generator.uniform(0, 512, 2)
        sky += 10 ** generator.uniform(2, 4) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 4)
    frame = np.round(sky + generator.normal(0, 10, sky.shape) + generator.normal(0, 1.0, (512, 1)))
    found = measure.row_noise(frame.astype(np.uint16))
    assert abs(found.row_variance_dn2.pull(1.0)) < PULL


def test_strongest_band():
    generator = np.random.default_rng(13)
    rows = np.arange(1024)
    levels = generator.normal(0, 1, 1024) + 0.5 * np.sin(2 * np.pi * 0.125 * rows)
    band = measure.strongest_band(levels)
    assert band.frequency_per_step == 0.125
    assert abs(band.amplitude_dn.pull(0.5)) < PULL
    assert band.false_alarm_probability < 1e-6
    assert band.frequency_hz(50_000) == pytest.approx(2500)


def test_no_band_in_noise():
    """The false-alarm probability is uniform where there is only noise."""
    generator = np.random.default_rng(14)
    found = [measure.strongest_band(generator.normal(0, 1, 512)).false_alarm_probability for _ in range(400)]
    below = np.mean(np.array(found) < 0.5)
    # the noise level is itself estimated from 255 lines: that shifts the probability a little
    assert abs(below - 0.5) < PULL * (0.25 / 400) ** 0.5 + 0.05
    assert min(found) > 1e-6


@pytest.mark.parametrize("truth", [0.0, 0.02, -0.015])
def test_neighbour_correlation(truth):
    generator = np.random.default_rng(15)
    noise = generator.normal(0, 10, (512, 513))
    # an average of two neighbours with weights 1 and b has the correlation b / (1 + b^2)
    b = truth if truth == 0 else (1 - (1 - 4 * truth**2) ** 0.5) / (2 * truth)
    frame = np.round(1000 + noise[:, 1:] + b * noise[:, :-1]).astype(np.uint16)
    found = measure.neighbour_correlation(frame)
    assert abs(found.in_row.value - truth) < PULL * found.in_row.standard_error + 0.02 * abs(truth)
    assert abs(found.in_column.pull(0.0)) < PULL


def test_isolated_bright_pixels_ignore_stars():
    generator = np.random.default_rng(16)
    frame = generator.normal(1000, 5, (300, 300))
    y, x = np.mgrid[:300, :300]
    for cy, cx in generator.uniform(5, 295, (60, 2)):
        frame += 800 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 1.2**2))
    hot = generator.choice(300 * 300, 200, replace=False)
    frame.ravel()[hot] += 200
    found = measure.isolated_bright_pixels(frame.round().astype(np.uint16), 100)
    # warm pixels beside a star or another one are lost
    assert 0.9 * 200 <= found.value * 298**2 <= 200


def test_code_use_sees_a_missing_code_and_the_rail():
    generator = np.random.default_rng(17)
    frame = generator.normal(500, 20, (300, 300)).round().astype(np.uint16)
    frame[frame == 507] = 508
    frame[0, :40] = 65535
    use = measure.code_use(frame)
    assert use.missing_dn == (507,)
    assert (use.highest_dn, use.at_highest, use.step_dn) == (65535, 40, 1)


def test_code_use_of_twelve_bits_in_sixteen():
    frame = np.random.default_rng(18).normal(100, 5, (200, 200)).round().astype(np.uint16)
    use = measure.code_use(frame * 16)
    assert (use.step_dn, use.missing_dn) == (16, ())
    assert measure.code_use(frame).step_dn == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: measure.photon_transfer((np.zeros((8, 16), int),) * 2, []), InvalidValue),
        (lambda: measure.pair_statistics(np.zeros((8, 16)), np.zeros((8, 17))), InvalidValue),
        (lambda: measure.read_noise([np.zeros((64, 64), np.uint16)] * 3), InvalidValue),
        (lambda: measure.read_noise([np.zeros((8, 64), np.uint16)] * 8), InvalidValue),
        (lambda: measure.dark_current([], [], 0.0, 1.0), InvalidValue),
        (lambda: measure.telegraph_census(np.zeros((3, 8, 8))), InvalidValue),
        (lambda: measure.row_noise(np.zeros((10, 10))), InvalidValue),
        (lambda: measure.strongest_band(np.zeros(10)), InvalidValue),
        (lambda: measure.isolated_bright_pixels(np.zeros((10, 10)), 0), InvalidValue),
        (lambda: measure.code_use(np.zeros((2, 2))), InvalidValue),
        (lambda: measure.PixelStatistics().add(np.zeros(3)), InvalidValue),
        (lambda: measure.PixelStatistics().mean_dn, InvalidOperation),
    ],
)
def test_bad_input_is_named(call, error):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.remedy
