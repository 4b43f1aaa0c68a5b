"""Dew dims and veils, frost dims in patches, and what is lost is told."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.scene import Sky, Uniform
from fullwell.scene.light import Interval
from fullwell.scene.misted import DROPS_COVER, SENT_ON, Mist, Misted

FIELD = {"ra_deg": 210.8, "dec_deg": 54.3, "focal_length_mm": 200.0, "aperture_mm": 100.0}


def rows_of(sensor, exposure_s=1.0):
    start = np.zeros(sensor.geometry.effective.height, np.int64)
    return Interval(start, start + round(exposure_s * 1e9), 1)


def behind(light, sensor, mist, seed=1):
    return Misted(light, sensor.geometry, mist, seed, 0, rows_of(sensor))


@pytest.fixture(scope="module")
def wide(make_sensor):
    return make_sensor(1200, 800, pixel_size_um=15.0)


def test_without_water_nothing_changes():
    assert not Mist()
    assert Mist().window_passes == 1.0
    assert Mist(sensor_um=0.1)


def test_grown_dew_covers_what_it_covers_on_both_sides():
    assert Mist(window_um=1000.0).window_passes == pytest.approx(1 - DROPS_COVER)
    assert Mist(window_um=1000.0, window_inner_um=1000.0).window_passes == pytest.approx((1 - DROPS_COVER) ** 2)
    thin, thick = Mist(window_um=0.1).window_passes, Mist(window_um=1.0).window_passes
    assert 1.0 > thin > thick > 1 - DROPS_COVER


def test_even_light_keeps_what_goes_forward(wide, expose):
    light = Uniform(1000.0).bind(wide, "standard", "none", 1)
    mist = Mist(window_um=2.0)
    passes = mist.window_passes
    seen = expose(behind(light, wide, mist), wide) / expose(light, wide)
    np.testing.assert_allclose(seen, passes + (1 - passes) * SENT_ON, rtol=1e-5)


def test_a_star_is_dimmer_and_its_light_lies_about_it(wide, expose):
    light = Sky(**FIELD, sky_brightness_mag=30.0).bind(wide, "standard", "none", 1)
    mist = Mist(window_um=3.0)
    clear, veiled = expose(light, wide), expose(behind(light, wide, mist), wide)
    brightest = np.unravel_index(np.argmax(clear[150:650, 150:1050]), (500, 900))
    y, x = brightest[0] + 150, brightest[1] + 150
    near = (slice(y - 30, y + 31), slice(x - 30, x + 31))
    assert veiled[y, x] / clear[y, x] == pytest.approx(mist.window_passes, abs=0.01)
    assert np.median(veiled[near]) > 2 * np.median(clear[near]), "a halo"
    assert veiled.sum() < clear.sum()


def test_frost_dims_in_patches_that_stay(wide, expose):
    light = Uniform(1000.0).bind(wide, "standard", "none", 1)
    seen, again = (expose(behind(light, wide, Mist(sensor_um=4.0)), wide) for _ in range(2))
    np.testing.assert_array_equal(seen, again)
    shares = seen / expose(light, wide)
    assert 0.3 < np.median(shares) < 0.8
    assert np.ptp(shares) > 0.2
    other = expose(behind(light, wide, Mist(sensor_um=4.0), seed=2), wide)
    assert not np.array_equal(seen, other)


def test_strips_and_windows_see_the_same(wide, expose):
    light = Sky(**FIELD).bind(wide, "standard", "none", 1)
    mist = Mist(window_um=1.0, window_inner_um=0.2, sensor_um=2.0)
    np.testing.assert_array_equal(
        expose(behind(light, wide, mist), wide, strip=64), expose(behind(light, wide, mist), wide, strip=37)
    )
    part = np.empty((50, 70), np.float32)
    interval = Interval(np.zeros(50, np.int64), np.full(50, 10**9), 1)
    behind(light, wide, mist).expose(part, 333, 444, interval)
    np.testing.assert_array_equal(part, expose(behind(light, wide, mist), wide)[444:494, 333:403])


def test_the_answer_key_tells_what_is_left_of_each_star(wide):
    light = Sky(**FIELD).bind(wide, "standard", "none", 1)
    mist = Mist(window_um=2.0)
    clear, veiled = (each.answers(0, rows_of(wide)) for each in (light, behind(light, wide, mist)))
    ratio = veiled.stars["electrons"] / clear.stars["electrons"]
    np.testing.assert_allclose(ratio, mist.window_passes, rtol=1e-5)
    assert "undisturbed" in veiled.effects["dew"]
    assert "dew" not in clear.effects
