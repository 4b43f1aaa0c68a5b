"""The plain and the fast form of the physics are the same; frames do not depend on how they are cut up."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from fullwell.models.facts import Window
from fullwell.twin import expose as plain
from fullwell.twin import fused
from fullwell.twin.kernels.workbench import workbench

WORD = {8: np.uint8, 16: np.uint16}


def frame(form, made, light, dtype=np.uint16, threads=1):
    out = np.full(made.shape, 77, dtype)
    form.expose(made, light, out, threads=threads)
    return out


@pytest.mark.parametrize(
    ("key", "mode", "gain", "bits", "bin", "window"),
    [
        ("qhy600-pro", 1, 30, 16, 1, Window(4000, 100, 1500, 70)),
        ("qhy600-pro", 0, 26, 8, 1, Window(0, 0, 700, 40)),
        ("qhy600-pro", 1, 56, 16, 3, Window(9, 6, 300, 60)),
        ("qhy268m-pro", 2, 0, 16, 2, Window(3000, 64, 400, 66)),
        ("qhy42-pro", 0, 20, 12, 1, Window(0, 0, 900, 50)),
        ("qhy42-pro", 2, 20, 16, 2, Window(100, 1900, 900, 100)),
    ],
)
def test_without_noise_the_two_forms_agree_to_rounding(plan_for, ramp, quiet, key, mode, gain, bits, bin, window):
    made = quiet(plan_for(key, mode, window, gain=gain, bits=bits, bin=bin, exposure_s=30.0, temperature_c=10.0))
    dtype = np.uint32 if bin > 1 else WORD[8 if bits == 8 else 16]
    chain = made.chains[-1]
    light = ramp(0.0, 1.1 * chain.e_per_dn * 2**chain.adc_bits, window.right)
    slow, fast = frame(plain, made, light, dtype).astype(int), frame(fused, made, light, dtype).astype(int)
    difference = np.abs(slow - fast)
    # float32 holds 65,535 DN to 1/256: about one pixel in a hundred lies close enough to a step to fall beyond it
    step = 2 ** max(made.output_bits - made.chains[0].adc_bits, 0)
    assert set(np.unique(difference)) <= {step * k for k in range(bin * bin + 1)}
    assert np.mean(difference > 0) < 0.02 * bin * bin
    assert len(np.unique(slow)) > 20


def test_expected_electrons_agree(plan_for, ramp):
    made = plan_for(window=Window(0, 6300, 9600, 122), overscan=True, exposure_s=300.0, temperature_c=5.0)
    light = ramp(0.0, 40_000.0, 9576)
    slow, fast = plain.expected_electrons(made, light), fused.expected_electrons(made, light, threads=2)
    np.testing.assert_allclose(fast, slow, rtol=3e-6, atol=3e-4)


def test_a_window_is_a_crop_of_the_full_frame(plan_for, ramp):
    whole = plan_for(window=Window(0, 6000, 9600, 422), overscan=True)
    light = ramp(0.0, 3000.0, 9576)
    full = frame(fused, whole, light)
    for left, top, width, height in [
        (0, 0, 37, 5),
        (23, 380, 1501, 42),
        (4700, 3, 333, 64),
        (9400, 100, 200, 99),
    ]:
        start_ns = int(whole.row_start_ns[top])
        window = Window(left, 6000 + top, width, height)
        part = plan_for(window=window, overscan=True, row0_start_ns=start_ns)
        crop = full[top : top + height, left : left + width]
        np.testing.assert_array_equal(frame(fused, part, light), crop)


def test_any_number_of_threads_gives_the_same_frame(plan_for, ramp):
    made = plan_for("qhy42-pro", 0, window=Window(0, 0, 2048, 333), gain=10)
    light = ramp(0.0, 95_000.0, 2048)
    one = frame(fused, made, light)
    for threads in (2, 3, 7, 100):
        np.testing.assert_array_equal(frame(fused, made, light, threads=threads), one)


def test_frames_repeat_and_differ_by_sequence_and_body(plan_for, even):
    small = Window(0, 0, 200, 100)
    first = frame(fused, plan_for(window=small), even(100.0))
    assert np.array_equal(first, frame(fused, plan_for(window=small), even(100.0)))
    assert np.mean(first == frame(fused, plan_for(window=small, sequence=12), even(100.0))) < 0.05
    assert np.mean(first == frame(fused, plan_for(window=small, seed=4), even(100.0))) < 0.05


@pytest.mark.parametrize("form", [plain, fused])
def test_zones_of_the_sensor(plan_for, even, form):
    made = plan_for(window=Window(0, 6350, 9600, 72), overscan=True, exposure_s=60.0, temperature_c=20.0)
    electrons = form.expected_electrons(made, even(500.0))
    picture = frame(form, made, even(500.0))
    light, black = np.s_[:38, 24:], np.s_[:38, :22]
    assert abs(np.median(electrons[light]) - 500 - 60 * 0.223) < 1.0
    assert 12 < np.median(electrons[black]) < 14
    assert np.all(electrons[40:, 24:] == 0)
    assert np.all(picture[:, 22:24] == 0)
    bias = made.chains[0].bias_dn
    for virtual in (picture[40:, 24:], picture[40:, :22]):
        assert abs(virtual.mean() - bias) < 0.5
    assert picture[light].mean() > bias + 400
    assert bias < np.median(picture[black]) < bias + 40


def test_binned_words_are_sums_of_the_unbinned(plan_for, even):
    one = frame(fused, plan_for(window=Window(0, 0, 240, 96), gain=100), even(1e6))
    for factor in (2, 3, 4):
        made = plan_for(window=Window(0, 0, 240, 96), gain=100, bin=factor)
        blocks = one.reshape(96 // factor, factor, 240 // factor, factor).astype(np.uint32)
        np.testing.assert_array_equal(frame(fused, made, even(1e6), np.uint32), blocks.sum(axis=(1, 3)))
        assert blocks.sum(axis=(1, 3)).max() == 65535 * factor**2


def test_two_chains_see_the_same_electrons_with_their_own_read_noise(plan_for, even):
    made = plan_for("qhy42-pro", 0, window=Window(0, 0, 512, 512), gain=0)
    flat = replace(made, prnu_fraction=0.0, telegraph_table=made.telegraph_table * np.float32([1, 1, 0, 0]))
    high, low = np.split(frame(fused, flat, even(400.0)).astype(float), 2, axis=1)
    for light, shared in ((400.0, True), (0.0, False)):
        high, low = np.split(frame(fused, flat, even(light)).astype(float), 2, axis=1)
        covariance_e2 = np.cov(high.ravel(), low.ravel())[0, 1]
        covariance_e2 *= flat.chains[0].e_per_dn * flat.chains[1].e_per_dn / 16**2
        spread = (high.std() * flat.chains[0].e_per_dn / 16) * (low.std() * flat.chains[1].e_per_dn / 16)
        bound = 6 * spread / np.sqrt(high.size)
        expected = 400.0 if shared else 0.0
        assert abs(covariance_e2 - expected) < bound + 0.02 * expected


@pytest.mark.parametrize("electrons", [0.0, 0.3, 20.0, 39.9, 40.1, 255.0, 257.0, 500.0, 51_000.0])
def test_with_noise_the_two_forms_have_the_same_distribution(plan_for, even, electrons):
    made = plan_for(window=Window(40, 64, 512, 128), gain=56, neighbour_correlation=0.0)
    slow, fast = frame(plain, made, even(electrons)).ravel(), frame(fused, made, even(electrons)).ravel()
    edges = np.unique(np.quantile(slow, np.linspace(0, 1, 41)[1:-1]))
    counts = [np.histogram(x, np.concatenate([[-np.inf], edges, [np.inf]]))[0] for x in (slow, fast)]
    used = np.sum(counts, axis=0) > 10
    _, p, _, _ = stats.chi2_contingency(np.array(counts)[:, used])
    assert p > 1e-5  # fixed seeds; false alarm 1e-5 per case


def test_noise_of_neighbours_is_correlated_as_stated(plan_for, even):
    made = plan_for(window=Window(0, 0, 4096, 256), prnu_fraction=0.0)
    made = replace(made, neighbour_correlation=0.05, telegraph_traps=0.0, warm_gap=2e9)
    made = replace(
        made, chains=tuple(replace(c, column_dn=c.column_dn * 0, row_dn=c.row_dn * 0) for c in made.chains)
    )
    for form, light in ((fused, 0.0), (fused, 1000.0)):
        picture = frame(form, made, even(light)).astype(float)
        deviation = picture - picture.mean()
        measured = (deviation[:, 1:] * deviation[:, :-1]).mean() / picture.var()
        assert abs(measured - 0.05) < 5 / np.sqrt(picture.size) + 0.002
        assert abs((deviation[:, 2:] * deviation[:, :-2]).mean() / picture.var()) < 5 / np.sqrt(picture.size)
        assert abs((deviation[1:] * deviation[:-1]).mean() / picture.var()) < 5 / np.sqrt(picture.size)


def test_a_star_beside_the_faint_sky_has_the_bits_that_it_has_in_bright_light(plan_for):
    """Each pixel is a function of its own light: blocks of one kind and mixed ones go different ways to it."""

    class Checks:
        """Light that changes from place to place within a block, or is the same throughout."""

        def __init__(self, levels, only=None):
            self.levels, self.only = levels, only

        def expose(self, out, left, top, interval):
            columns = np.arange(left, left + out.shape[1])
            level = np.asarray(self.levels)[columns // 5 % len(self.levels)]
            out[...] = level if self.only is None else self.levels[self.only]

    levels = (0.0, 0.02, 3.0, 39.0, 41.0, 200.0, 300.0, 9000.0)
    made = plan_for(window=Window(0, 0, 2048, 40), exposure_s=60.0, temperature_c=15.0)
    mixed = frame(fused, made, Checks(levels))
    for number in range(len(levels)):
        here = np.arange(2048) // 5 % len(levels) == number
        alike = frame(fused, made, Checks(levels, number))
        np.testing.assert_array_equal(mixed[:, here], alike[:, here])


def test_working_memory_begins_where_lines_of_the_cache_do():
    own = workbench(9600, 2)
    views = ("pairs", "kinds", "codes")  # other names of the same memory
    arrays = {name: array for name, array in own._asdict().items() if name not in views}
    assert [name for name, array in arrays.items() if array.ctypes.data % 64] == []
    spans = sorted((array.ctypes.data, array.nbytes) for array in arrays.values())
    assert all(start + size <= following for (start, size), (following, _) in pairwise(spans))
