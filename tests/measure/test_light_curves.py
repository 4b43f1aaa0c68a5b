"""Apertures against their definition, fits of occultations against drawn light curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from fullwell.errors import InvalidValue
from fullwell.measure import (
    Aperture,
    StarLight,
    centroid,
    expected_light,
    fit_occultation,
    sharp_edge,
    soft_edge,
    star_light,
)

FALSE_ALARM = 1e-6
EPOCH_NS = 1_800_000_000_000_000_000
PERIOD_S, EXPOSURE_S = 0.0417, 0.0416
FULL_E, BACKGROUND_E2 = 1500.0, 250.0
STAR = Aperture(20.3, 19.6, 5.0, (8.0, 15.0))


def star_picture(electrons: float, sky: float = 12.0) -> np.ndarray:
    y, x = np.mgrid[:41, :41]
    profile = np.exp(-((x - STAR.x_px) ** 2 + (y - STAR.y_px) ** 2) / 4) / (4 * np.pi)
    return sky + electrons * profile


def test_aperture_has_the_star_and_not_the_sky():
    light = STAR.measure(star_picture(5000.0))
    assert light.flux == pytest.approx(5000 * (1 - np.exp(-25 / 4)), rel=1e-3)
    assert light.sky == pytest.approx(12.0, abs=1e-3)
    assert STAR.covered().sum() == pytest.approx(np.pi * 25, rel=0.01)


def test_noise_pixels_are_those_of_the_flux():
    rng = np.random.default_rng(1)
    flux = [STAR.measure(rng.normal(100, 3, (41, 41))).flux for _ in range(2000)]
    light = STAR.measure(star_picture(0.0))
    # Clipping at 4 standard deviations takes 0.1 % of the ring's scatter; 2000 draws know theirs to 1.6 %.
    assert np.std(flux) == pytest.approx(3 * np.sqrt(light.noise_pixels), rel=5 * 0.016)


def test_a_star_in_the_ring_does_not_count():
    picture = star_picture(5000.0)
    picture[20, 32] += 3000
    assert STAR.measure(picture).flux == pytest.approx(STAR.measure(star_picture(5000.0)).flux, rel=1e-4)


def test_centroid_finds_the_star():
    off = Aperture(22.0, 18.0, 5.0, (8.0, 15.0))
    picture = star_picture(5000.0)
    found = centroid(picture[off.box], off)
    assert (found.x_px, found.y_px) == pytest.approx((STAR.x_px, STAR.y_px), abs=0.02)


def test_star_light_measures_its_own_background():
    rng = np.random.default_rng(2)
    boxes = rng.normal(star_picture(5000.0)[STAR.box], 2.0, (300, 33, 33))
    light = star_light(boxes, STAR, np.arange(300), np.arange(300) + 1, e_per_dn=0.5)
    assert light.flux_e.mean() == pytest.approx(0.5 * STAR.measure(star_picture(5000.0)).flux, rel=2e-3)
    assert light.background_e2[0] == pytest.approx(light.flux_e.var(), rel=5 * np.sqrt(2 / 300))


def drawn(rng: np.random.Generator, begin_s: float, end_s: float, edge=None, frames: int = 48) -> StarLight:
    start_ns = EPOCH_NS + np.round(np.arange(frames) * PERIOD_S * 1e9).astype(np.int64)
    stop_ns = start_ns + round(EXPOSURE_S * 1e9)
    edge = sharp_edge() if edge is None else edge
    start_s, stop_s = ((instant - EPOCH_NS) * 1e-9 for instant in (start_ns, stop_ns))
    share = edge.mean_from(start_s - begin_s, stop_s - begin_s) + edge.mean_from(end_s - stop_s, end_s - start_s)
    expected = FULL_E * share
    flux_e = rng.normal(expected, np.sqrt(expected + BACKGROUND_E2))
    return StarLight(start_ns, stop_ns, flux_e, np.full(frames, BACKGROUND_E2))


@pytest.mark.parametrize("kind", ["sharp", "soft"])
def test_fits_have_no_bias_and_honest_errors(kind):
    edge = sharp_edge() if kind == "sharp" else soft_edge(3.0, 2.0, 0.5, np.linspace(500, 600, 50))
    rng = np.random.default_rng(3)
    errors, told = [], []
    for _ in range(12):
        begin, end = rng.uniform(0.5, 0.7), rng.uniform(1.2, 1.5)
        found = fit_occultation(drawn(rng, begin, end, edge), edge)
        for estimate, truth in ((found.disappearance_s, begin), (found.reappearance_s, end)):
            errors.append(estimate.value - truth)
            told.append(estimate.standard_error)
    errors, told = np.array(errors), np.array(told)
    count = len(errors)
    assert abs((errors / told).mean()) < norm.isf(FALSE_ALARM / 2) / np.sqrt(count)
    ratio = (errors**2).sum() / (told**2).sum()
    assert chi2.ppf(FALSE_ALARM, count) / count < ratio < chi2.isf(FALSE_ALARM, count) / count


def test_without_noise_the_instants_come_back():
    light = drawn(np.random.default_rng(4), 0.6123, 1.3377)
    start_s, stop_s = ((edge - EPOCH_NS) * 1e-9 for edge in (light.start_ns, light.stop_ns))
    begin, end = np.clip(0.6123, start_s, stop_s), np.clip(1.3377, start_s, stop_s)
    share = ((begin - start_s) + (stop_s - end)) / (stop_s - start_s)
    found = fit_occultation(replace(light, flux_e=FULL_E * share, background_e2=np.full(48, 1e-3)))
    assert found.disappearance_s.value == pytest.approx(0.6123, abs=2e-4)
    assert found.reappearance_s.value == pytest.approx(1.3377, abs=2e-4)
    assert found.full_e == pytest.approx(FULL_E, rel=1e-3)
    assert found.disappearance_ns == EPOCH_NS + round(found.disappearance_s.value * 1e9)
    np.testing.assert_allclose(expected_light(light, found), FULL_E * share, atol=0.01 * FULL_E)


def test_edges_fall_from_one_to_zero():
    for edge in (soft_edge(5, 2.0, 1.0), soft_edge(5, 2.0, 0.0, np.array([550.0])), soft_edge(5, 2.0, 2.0, BAND)):
        assert edge.light[0] == 1
        assert edge.light[-1] == 0
    assert soft_edge(5, 2.0, 1.0).at(np.array([0]))[0] == pytest.approx(0.5, abs=1e-3)
    assert soft_edge(5, 2.0, 0.0, np.array([550.0])).at(np.array([0]))[0] == pytest.approx(0.25, abs=1e-3)
    assert soft_edge(5, 2.0).time_s.tolist() == [0, 0]


BAND = np.linspace(500, 600, 20)


def test_noise_alone_is_no_occultation():
    light = drawn(np.random.default_rng(5), 50.0, 60.0)
    with pytest.raises(InvalidValue, match="no occultation"):
        fit_occultation(light)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Aperture(5, 5, 0, (2, 4)),
        lambda: Aperture(5, 5, 3, (2, 4)),
        lambda: STAR.measure(np.zeros((20, 20))),
        lambda: fit_occultation(StarLight(np.arange(3), np.arange(3) + 1, np.ones(3), np.ones(3))),
    ],
)
def test_bad_input_is_refused(make):
    with pytest.raises(InvalidValue) as caught:
        make()
    assert caught.value.remedy
