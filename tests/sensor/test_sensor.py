"""Photo response, dark current, warm pixels, glow, well and bend."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fullwell.chance.keys import key
from fullwell.chance.sparse import ROOM, mean_gap
from fullwell.models import keys as model_keys
from fullwell.models import load
from fullwell.models.facts import Glow
from fullwell.sensor.dark import dark_levels, dark_rate_e_per_s, even_temperature_c, warm_pixels
from fullwell.sensor.electrons import bend, bend_per_e2, saturate, shot_noise
from fullwell.sensor.glow import glow_profiles
from fullwell.sensor.response import photo_response

ROWS, COLUMNS = np.arange(500), np.arange(2000)


def test_photo_response_has_its_mean_and_spread():
    response = photo_response(key(1, "pixel"), ROWS, COLUMNS, 0.006)
    assert abs(response.mean() - 1) < 5 * 0.006 / np.sqrt(response.size)
    assert abs(response.std() / 0.006 - 1) < 5 / np.sqrt(2 * response.size)
    other = photo_response(key(2, "pixel"), ROWS, COLUMNS, 0.006)
    assert abs(np.corrcoef(response.ravel(), other.ravel())[0, 1]) < 5 / np.sqrt(response.size)


@pytest.mark.parametrize("name", model_keys())
def test_dark_rate_passes_through_its_nodes_and_rises_in_between(name):
    dark = load(name).sensor.dark
    for temperature_c, rate in zip(dark.temperature_c, dark.rate_e_per_s, strict=True):
        assert dark_rate_e_per_s(dark, temperature_c) == pytest.approx(rate, rel=1e-12)
    rates = [dark_rate_e_per_s(dark, t) for t in np.linspace(-40, 40, 161)]
    assert np.all(np.diff(rates) > 0)


@pytest.mark.parametrize("deviation", [0.0, 0.1, 0.3, 0.5])
def test_dark_levels_are_gamma_distributed(deviation):
    levels = dark_levels(deviation, 2048)
    assert levels.mean() == pytest.approx(1.0)
    assert levels.std() == pytest.approx(deviation, rel=0.01)
    if deviation:
        shape = deviation**-2
        ranks = stats.gamma.cdf(levels, shape, scale=1 / shape)
        assert np.abs(ranks - (np.arange(2048) + 0.5) / 2048).max() < 1 / 2048


def test_warm_pixels_are_as_many_and_as_warm_as_stated():
    column, extra = np.empty(9600 + ROOM, np.int32), np.empty(9600 + ROOM, np.float32)
    found = []
    for row in range(2000):
        gap = mean_gap(0.001)
        count = warm_pixels(
            np.uint64(key("warm")), row, 9600, gap, np.float32(10), np.float32(1.15), column, extra
        )
        found.append(extra[:count].copy())
    values = np.log(np.concatenate(found) / 10) / 1.15
    expected = 2000 * 9600 * 0.001
    assert abs(len(values) - expected) < 5 * np.sqrt(expected)
    assert stats.kstest(values, "norm").pvalue > 1e-6


def test_glow_falls_off_from_its_source_and_yields_to_the_control():
    geometry = load("qhy42-pro").sensor.geometry
    glow = Glow(rate_e_per_s=2.0, scale_px=600.0, column=1.0, row=0.0, anti_glow_factor=0.1)
    row, column = glow_profiles(glow, geometry, anti_glow=False)
    assert row[0] * column[-1] == pytest.approx(2.0)
    assert row[600] * column[-1] == pytest.approx(2.0 / np.e)
    assert np.all(np.diff(row) < 0)
    assert np.all(np.diff(column) > 0)
    calmed, _ = glow_profiles(glow, geometry, anti_glow=True)
    np.testing.assert_allclose(calmed, 0.1 * row)


@pytest.mark.parametrize("mean", [0.01, 0.7, 12.0, 300.0, 50_000.0])
def test_shot_noise_is_the_inverse_of_the_poisson_distribution(mean):
    uniform = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 2001), [2.0**-33, 1 - 2.0**-33]])
    exact = stats.poisson.ppf(uniform, mean)
    np.testing.assert_array_equal(shot_noise(np.full(uniform.shape, mean), uniform), exact)


def test_the_well_ends_and_the_response_bends_as_stated():
    electrons = np.array([0.0, 100.0, 0.95 * 51_000, 60_000.0])
    assert saturate(electrons, 51_000.0)[-1] == 51_000.0
    bent = bend(electrons, bend_per_e2(0.005, 51_000.0))
    assert bent[0] == 0.0
    assert bent[1] == pytest.approx(100.0, rel=1e-6)
    assert bent[2] == pytest.approx(0.995 * electrons[2])


@pytest.mark.parametrize("model", model_keys())
def test_even_temperature_of_a_sensor_that_hardly_changes(model: str) -> None:
    """Temperatures apart by the last bit of a number: the mean of their rates is rounded out of their range."""
    dark = load(model).sensor.dark
    rng = np.random.default_rng(1)
    for _ in range(300):
        cold_c = float(rng.uniform(-30, 30))
        warm_c = float(np.nextafter(cold_c, np.inf))
        even_c = even_temperature_c(dark, np.array([cold_c, warm_c] * 51))
        assert cold_c <= even_c <= warm_c
