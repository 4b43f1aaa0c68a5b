"""Comets and galaxies: total light, shape, direction; cosmic rays: how many, how long, how bright."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from fullwell.scene import Comet, Galaxy, Sky, Tracking
from fullwell.scene.cosmic_rays import ELECTRONS_PER_UM, LAYER_UM, SPREAD, add_cosmic_rays
from fullwell.scene.light import Interval

EMPTY = {
    "sky_brightness_mag": 30,
    "faintest_mag": -2,
    "cosmic_rays_per_cm2_min": 0,
    "dust": 0,
    "image_circle_mm": 1e4,
}


def target_light(make_sensor, expose, target, *, size=1501, focal_length_mm=500, filter_name="G", bayer=None):
    """Electrons of a target in one second, without the sky, and the scene."""
    sensor = make_sensor(size, size, bayer=bayer)
    sky = Sky(200.0, 40.0, focal_length_mm=focal_length_mm, target=target, **EMPTY)
    bound = sky.bind(sensor, "standard", filter_name, 1)
    sky_pattern = np.tile(bound.background_e_per_s, (size // 2 + 1, size // 2 + 1))[:size, :size]
    return expose(bound, sensor) - sky_pattern.astype(np.float64), bound


def magnitude(light, bound):
    return bound.zero_point_mag - 2.5 * np.log10(light.sum())


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_galaxy_has_its_magnitude(make_sensor, expose, share):
    galaxy = Galaxy(9.0, half_light_arcmin=1.5, axis_ratio=0.4, bulge_share=share, bv_mag=0.65)
    light, bound = target_light(make_sensor, expose, galaxy)
    assert magnitude(light, bound) == pytest.approx(9.0, abs=0.05)


def test_half_of_a_disc_lies_within_its_half_light_ellipse(make_sensor, expose):
    galaxy = Galaxy(9.0, half_light_arcmin=3, axis_ratio=0.5, position_angle_deg=0, bulge_share=0)
    light, bound = target_light(make_sensor, expose, galaxy)
    y, x = np.mgrid[-750:751, -750:751] * bound.projection.scale_arcsec / 60
    inside = np.hypot(y, x / 0.5) < 3
    assert light[inside].sum() / light.sum() == pytest.approx(0.5, abs=0.01)


def test_position_angle_counts_from_north_through_east(make_sensor, expose):
    light, _ = target_light(make_sensor, expose, Galaxy(9.0, 2, axis_ratio=0.2, position_angle_deg=45))
    upper_left, upper_right = light[:700, :700].sum(), light[:700, 801:].sum()
    assert upper_left > 5 * upper_right


def test_light_of_a_coma_grows_with_the_radius_of_the_aperture(make_sensor, expose):
    light, bound = target_light(make_sensor, expose, Comet(8.0, coma_arcmin=30, tail_deg=0))
    y, x = np.mgrid[-750:751, -750:751]
    radius = np.hypot(y, x)
    within = [light[radius < limit].sum() for limit in (20, 40, 80)]
    # Far inside the coma, 1 / distance makes the light within r proportional to r.
    assert within[1] / within[0] == pytest.approx(2, rel=0.06)
    assert within[2] / within[1] == pytest.approx(2, rel=0.12)
    assert bound.pointing.ra_deg == 200.0


def test_the_tail_points_away_and_has_its_share(make_sensor, expose):
    bare = Comet(6.0, coma_arcmin=2, tail_deg=0)
    tailed = Comet(6.0, coma_arcmin=2, tail_deg=0.15, tail_position_angle_deg=90, tail_share=0.5)
    coma, _ = target_light(make_sensor, expose, bare)
    both, _ = target_light(make_sensor, expose, tailed)
    tail = both - coma
    assert tail[:, :750].sum() > 0.99 * tail.sum()
    # Through G the coma has more light for its V magnitude than the sunlit tail, for the bands of C2.
    assert 0.25 < tail.sum() / coma.sum() < 0.5


def test_the_coma_is_green(make_sensor, expose):
    ratios = []
    for target in (Comet(6.0, tail_deg=0), Galaxy(6.0, 3, bv_mag=0.65)):
        light, _ = target_light(make_sensor, expose, target, size=1500, filter_name="L", bayer="RGGB")
        red, green, blue = light[0::2, 0::2].sum(), light[0::2, 1::2].sum(), light[1::2, 1::2].sum()
        ratios.append((green / red, green / blue))
    (green_red, green_blue), (sun_red, sun_blue) = ratios
    assert green_red > 1.3 * sun_red
    assert green_blue > 1.1 * sun_blue


def test_a_target_drifts_with_the_stars(make_sensor, expose):
    sensor = make_sensor(801, 801)
    sky = Sky(200.0, 40.0, target=Comet(6.0, tail_deg=0), tracking=Tracking(drift_east_arcsec_per_s=10), **EMPTY)
    bound = sky.bind(sensor, "standard", "L", 1)
    frame = expose(bound, sensor, 20.0)
    row, column = np.unravel_index(np.argmax(frame), frame.shape)
    # East is towards column 0; the mean place in 20 s is 100 arcsec away.
    assert row == 400
    assert column == round(400 - 100 / bound.projection.scale_arcsec)


RATE, ROWS, COLUMNS, PIXEL_UM = 40.0, 1000, 1500, 5.0


def cosmic(key, exposure_s=60.0, strip=1000):
    out = np.zeros((ROWS, COLUMNS), np.float32)
    for top in range(0, ROWS, strip):
        start = np.zeros(strip, np.int64)
        interval = Interval(start, start + round(exposure_s * 1e9), key)
        add_cosmic_rays(out[top : top + strip], 0, top, interval, RATE, PIXEL_UM, (ROWS, COLUMNS))
    return out


def test_charge_of_cosmic_rays():
    """Hits are Poisson, directions follow Lambert's law: the charge goes as 1 / cos, cut at the longest."""
    frames = [cosmic(key).sum(dtype=np.float64) for key in range(40)]
    hits = RATE * ROWS * COLUMNS * (PIXEL_UM * 1e-4) ** 2 * len(frames)
    least = LAYER_UM / (100 * PIXEL_UM)
    # cos = sqrt(u): mean of 1/max(cos, least) and of its square.
    mean = 2 - least
    square = 1 - 2 * np.log(least)
    spread = np.exp(SPREAD**2 / 2), np.exp(2 * SPREAD**2)
    unit = LAYER_UM * ELECTRONS_PER_UM
    expected = hits * unit * mean * spread[0]
    sigma = np.sqrt(hits * square * spread[1]) * unit
    # Tracks that leave the edges lose little: 1 % for their mean length of 2 px on 1000.
    assert abs(sum(frames) - expected) < 4.9 * sigma + 0.01 * expected


def test_number_of_hits_is_poisson():
    touched = sum(int(cosmic(key, exposure_s=0.5).any()) for key in range(400))
    mean = RATE * ROWS * COLUMNS * (PIXEL_UM * 1e-4) ** 2 * 0.5 / 60
    share = 1 - np.exp(-mean)
    assert abs(touched - 400 * share) < 4.9 * np.sqrt(400 * share * (1 - share)) + 4
    assert poisson.pmf(0, mean) == pytest.approx(1 - share)


def test_cosmic_rays_do_not_depend_on_strips_and_differ_from_frame_to_frame():
    np.testing.assert_array_equal(cosmic(3, strip=10), cosmic(3))
    assert not np.array_equal(cosmic(3), cosmic(4))
