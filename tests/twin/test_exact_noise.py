"""Counts of the fast form against the exact distribution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.twin.exact import bare, distribution, draw, p_value

from fullwell.models.facts import Window
from fullwell.readout.telegraph import traps_per_block

READ_NOISE_E = (1.0, 1.1, 1.3, 1.7, 3.5, 7.4)
MEANS_E = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 45.0, 100.0, 300.0, 1000.0, 10_000.0, 51_000.0)
FRAME = Window(0, 0, 9216, 512)
FALSE_ALARM = 1e-6


def e_per_dn(mean_e):
    """A gain at which the signal fits into 16 bits."""
    return max(0.25, mean_e * 1.3 / 63_000)


@pytest.mark.parametrize(("read_noise_e", "mean_e"), [(1.0, 0.3), (1.0, 3.0), (1.1, 100.0), (3.5, 51_000.0)])
def test_counts_follow_the_exact_distribution(plan_for, even, read_noise_e, mean_e):
    made = bare(plan_for(window=FRAME), read_noise_e=read_noise_e, e_per_dn=e_per_dn(mean_e))
    counts = draw(made, even(mean_e), 1e8, f"{read_noise_e} {mean_e}")
    p, chi2, classes = p_value(counts, distribution(mean_e, read_noise_e, e_per_dn(mean_e)))
    assert p > FALSE_ALARM / 4, (chi2, classes)


@pytest.mark.parametrize(("read_noise_e", "mean_e"), [(1.0, 39.9), (1.0, 40.1), (3.5, 44.0), (7.4, 255.0)])
def test_counts_on_both_sides_of_the_limits_between_the_ways(plan_for, even, read_noise_e, mean_e):
    made = bare(plan_for(window=FRAME), read_noise_e=read_noise_e, e_per_dn=0.25)
    counts = draw(made, even(mean_e), 5e7, f"limits {read_noise_e} {mean_e}")
    p, chi2, classes = p_value(counts, distribution(mean_e, read_noise_e, 0.25))
    assert p > FALSE_ALARM / 4, (chi2, classes)


def test_counts_at_the_end_of_the_well(plan_for, even):
    made = bare(plan_for(window=FRAME), read_noise_e=3.5, e_per_dn=1.0, well_e=20_000.0)
    counts = draw(made, even(20_000.0), 2e7)
    assert p_value(counts, distribution(20_000.0, 3.5, 1.0, well_e=20_000.0))[0] > FALSE_ALARM


def test_counts_with_a_spread_of_read_noise_and_telegraph_jumps(plan_for, even):
    ratios = (0.8, 0.9, 1.0, 1.5)
    made = bare(plan_for(window=FRAME), read_noise_e=1.1, e_per_dn=0.3, ratios=ratios)
    nature = np.repeat(np.float32([[0.5, 0.625, -9.0, 9.0]]), 1024, axis=0)
    made = replace(made, telegraph_traps=traps_per_block(0.2), telegraph_table=nature)
    jumps = ((0.9, 0.0), (0.2 * 0.5 * 0.25, -9.0), (0.2 * 0.5 * 0.75, 9.0))
    counts = draw(made, even(2.0), 1e8)
    drawn_ratios = tuple(np.unique(made.kinds.noise_ratio))  # those of the packed form
    assert drawn_ratios == pytest.approx(ratios, rel=0.01)
    exact = distribution(2.0, 1.1, 0.3, jumps=jumps, ratios=drawn_ratios)
    # the shares of pixels are fixed per body, drawn once: their own scatter is that of 4.7 million pixels
    sampled = draw(made, even(2.0), 1e6)
    assert p_value(sampled, exact)[0] > FALSE_ALARM
    assert np.abs(counts / counts.sum() - exact).max() < 6 * np.sqrt(exact.max() / (FRAME.width * FRAME.height))


@pytest.mark.slow
def test_all_points_at_a_thousand_million_pixels(plan_for, even):
    values = []
    for read_noise_e in READ_NOISE_E:
        for mean_e in MEANS_E:
            made = bare(plan_for(window=FRAME), read_noise_e=read_noise_e, e_per_dn=e_per_dn(mean_e))
            counts = draw(made, even(mean_e), 1e9, f"{read_noise_e} {mean_e}")
            p = p_value(counts, distribution(mean_e, read_noise_e, e_per_dn(mean_e)))[0]
            print(f"read noise {read_noise_e} e-, mean {mean_e} e-: p = {p:.3g}")
            values.append(p)
    assert min(values) > FALSE_ALARM / len(values)
    assert stats.kstest(values, "uniform").pvalue > 1e-4
