"""Stars on the sensor: flux, place, order of strips, memory, colour, tracking."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from fullwell.errors import InvalidValue, OutOfRange
from fullwell.scene import Comet, Flat, Galaxy, Moon, Sky, Tracking
from fullwell.scene.light import Interval

CLEAR = Sky(
    279.2347,
    38.7837,
    sky_brightness_mag=30,
    cosmic_rays_per_cm2_min=0,
    dust=0,
    image_circle_mm=1000,
    focal_length_mm=2000,
)
ORION = Sky(83.8, -5.4)


def together(exposure_ns):
    """One row, exposed from 0 on: the answer key takes it for all."""
    return Interval(np.array([0]), np.array([exposure_ns]), 1)


def above_background(frame, bound, exposure_s):
    """Electrons of a frame without those of the sky."""
    return frame.astype(np.float64) - float(bound.background_e_per_s.max()) * exposure_s


def test_vega_frees_the_electrons_of_the_answer_key(make_sensor, expose):
    sensor = make_sensor(2401, 2401)
    bound = CLEAR.bind(sensor, "standard", "L", 1)
    frame = expose(bound, sensor, 1e-3)
    stars = bound.answers(0, together(1_000_000)).stars
    assert stars["magnitude"].min() == pytest.approx(0.03, abs=0.01)
    assert above_background(frame, bound, 1e-3).sum() == pytest.approx(stars["electrons"].sum(), rel=1e-3)


def test_the_answer_key_counts_the_exposure_of_each_star_s_own_row(make_sensor):
    """Not the time from the first row's start to the last row's end, and windows need not begin at the top."""
    bound = replace(ORION, dust=0, image_circle_mm=1e4).bind(make_sensor(), "standard", "L", 1)
    start = np.arange(300, dtype=np.int64) * 10**7
    stop = start + np.linspace(1e9, 2e9, 300).astype(np.int64)
    still = bound.answers(0, together(10**9)).stars
    rolled = bound.answers(50, Interval(start, stop, 1)).stars
    row = np.clip(np.rint(still["y_px"]).astype(int) - 50, 0, 299)
    np.testing.assert_allclose(rolled["electrons"], still["electrons"] * (stop - start)[row] * 1e-9, rtol=1e-12)


def test_centroids_are_where_the_projection_says(make_sensor, expose):
    sensor = make_sensor(3000, 2000)
    sky = replace(CLEAR, ra_deg=120.0, dec_deg=60.0, focal_length_mm=400, faintest_mag=11)
    bound = sky.bind(sensor, "standard", "L", 1)
    light = above_background(expose(bound, sensor, 1.0), bound, 1.0)
    stars = bound.answers(0, together(10**9)).stars
    x, y = stars["x_px"], stars["y_px"]
    checked = 0
    for i in range(len(stars)):
        apart = np.hypot(x - x[i], y - y[i])
        apart[i] = np.inf
        if apart.min() < 60 or not (25 < x[i] < 2975 and 25 < y[i] < 1975):
            continue
        row, column = round(y[i]), round(x[i])
        box = light[row - 20 : row + 21, column - 20 : column + 21]
        offset = np.arange(-20, 21)
        assert column + (box * offset).sum() / box.sum() == pytest.approx(x[i], abs=0.02)
        assert row + (box * offset[:, np.newaxis]).sum() / box.sum() == pytest.approx(y[i], abs=0.02)
        assert box.sum() == pytest.approx(stars["electrons"][i], rel=5e-3)
        checked += 1
    assert checked >= 20


def test_two_cameras_see_the_same_stars(make_sensor):
    near = ORION.bind(make_sensor(1000, 800, 3.76), "standard", "L", 1)
    sky = replace(ORION, focal_length_mm=1200, aperture_mm=400, position_angle_deg=70)
    far = sky.bind(make_sensor(1100, 1100, 5.5), "standard", "L", 2)
    one, other = near.answers(0, together(10**9)).stars, far.answers(0, together(10**9)).stars
    deeper = set(zip(other["ra_deg"], other["dec_deg"], other["magnitude"], strict=True))
    x, y = far.projection.to_pixels(one["ra_deg"], one["dec_deg"])
    common = (x > 0) & (x < 1099) & (y > 0) & (y < 1099)
    assert np.count_nonzero(common) > 50
    assert "counts" in set(one["source"][common])
    shared = set(zip(one["ra_deg"][common], one["dec_deg"][common], one["magnitude"][common], strict=True))
    assert shared <= deeper


@pytest.mark.parametrize("tracking", [Tracking(), Tracking(drift_north_arcsec_per_s=0.5, periodic_arcsec=4)])
@pytest.mark.parametrize("bayer", [None, "RGGB"])
def test_order_of_strips_does_not_matter(make_sensor, expose, tracking, bayer):
    sensor = make_sensor(800, 600, bayer=bayer)
    sky = replace(ORION, cosmic_rays_per_cm2_min=500, tracking=tracking, target=Comet(6, coma_arcmin=4))
    bound = sky.bind(sensor, "standard", "L", 1)
    whole = expose(bound, sensor, 5.0, strip=600)
    for strip in (1, 37, 64):
        again = sky.bind(sensor, "standard", "L", 1)
        np.testing.assert_array_equal(expose(again, sensor, 5.0, strip=strip), whole)
    part = np.empty((101, 210), np.float32)[:, 3:206]
    start = np.zeros(101, np.int64)
    bound.expose(part, 111, 222, Interval(start, start + 5 * 10**9, 1))
    np.testing.assert_array_equal(part, whole[222:323, 111:314])


def test_a_stream_of_frames_is_remembered_and_changes_nothing(make_sensor, expose):
    sensor = make_sensor()
    bound = ORION.bind(sensor, "standard", "L", 1)
    first = expose(bound, sensor, 3.0, key=7)
    expose(bound, sensor, 3.0, key=8)
    assert bound._memory is None
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(lambda _: expose(bound, sensor, 3.0, key=7), range(8)))
    expose(bound, sensor, 3.0, key=9)
    frames.append(expose(bound, sensor, 3.0, key=7))
    assert bound._memory is not None
    for frame in frames:
        np.testing.assert_array_equal(frame, first)
    # Rows that were exposed for longer have more light, from the same memory.
    rows = np.empty((3, 600), np.float32)
    bound.expose(rows, 0, 5, Interval(np.zeros(3, np.int64), np.array([1, 2, 3]) * 3 * 10**9, 7))
    np.testing.assert_allclose(rows[1:], first[6:8] * [[2], [3]], rtol=1e-6)


def test_drift_draws_trails_that_keep_the_light(make_sensor, expose):
    sensor = make_sensor(2001, 2001)
    sky = replace(CLEAR, focal_length_mm=400, faintest_mag=3, tracking=Tracking(drift_east_arcsec_per_s=6))
    bound, steady = (one.bind(sensor, "standard", "L", 1) for one in (sky, replace(sky, tracking=Tracking())))
    trail, point = (above_background(expose(one, sensor, 10.0), bound, 10.0) for one in (bound, steady))
    assert trail.sum() == pytest.approx(point.sum(), rel=1e-3)
    stars = bound.answers(0, together(10 * 10**9)).stars
    grid = np.arange(2001)
    assert (trail.sum(axis=0) * grid).sum() / trail.sum() == pytest.approx(stars["x_px"][0], abs=0.1)
    length_px = 60 / bound.projection.scale_arcsec
    # A uniform trail of length L has the variance L^2 / 12; the point image is taken off.
    spread = [
        (one.sum(axis=0) * (grid - (one.sum(axis=0) * grid).sum() / one.sum()) ** 2).sum() / one.sum()
        for one in (trail[900:1100, 900:1100], point[900:1100, 900:1100])
        for grid in [np.arange(200)]
    ]
    assert spread[0] - spread[1] == pytest.approx(length_px**2 / 12, rel=0.02)


def test_photons_of_a_star_of_magnitude_zero(make_sensor):
    """A million photons per second, cm2 and 100 nm at 550 nm; the mean of the sun over L is 0.94 of that."""
    airless = replace(CLEAR, aperture_mm=100, transmission=1, extinction_mag=0)
    bound = airless.bind(make_sensor(), "standard", "L", 1)
    photons = 1e6 * 2.95 * 0.94 * np.pi * 25 * 0.97
    efficiency = 0.82
    assert 10 ** (0.4 * bound.zero_point_mag) == pytest.approx(photons * efficiency, rel=0.1)


@pytest.mark.parametrize("filter_name", ["L", "R", "G", "B", "Ha"])
def test_the_answer_key_keeps_its_own_photometry(make_sensor, filter_name):
    """Sun-like stars have the electrons that their magnitude and the zero point promise, through every filter."""
    bound = replace(ORION, dust=0, image_circle_mm=1e4).bind(make_sensor(1500, 1500), "standard", filter_name, 1)
    stars = bound.answers(0, together(100 * 10**9)).stars
    sunlike = np.abs(stars["bv_mag"] - 0.65) < 0.02
    rate = stars["electrons"] / stars["illumination"] / 100
    instrumental = stars["magnitude"] + 2.5 * np.log10(rate)
    assert np.count_nonzero(sunlike) > 10
    # Through B, 0.02 mag of colour are worth less than 0.02 mag.
    np.testing.assert_allclose(instrumental[sunlike], bound.zero_point_mag, atol=0.02)


def test_extinction_in_v_is_as_asked(make_sensor):
    points = [
        replace(CLEAR, airmass=airmass, extinction_mag=0.25)
        .bind(make_sensor(), "standard", "G", 1)
        .zero_point_mag
        for airmass in (1, 2, 3)
    ]
    # The G filter lies 15 nm to the blue of V, where the air takes 8 % more.
    assert np.diff(points) == pytest.approx([-0.25 * 1.08] * 2, rel=0.03)


def test_a_mosaic_sees_colours(make_sensor, expose):
    """Betelgeuse is redder than Rigel, by the ratio that the answer key's photometry gives."""
    ratios = []
    for ra, dec in ((88.7929, 7.4071), (78.6345, -8.2016)):
        sensor = make_sensor(401, 401, bayer="RGGB")
        bound = replace(CLEAR, ra_deg=ra, dec_deg=dec, focal_length_mm=5000).bind(sensor, "standard", "L", 1)
        frame = expose(bound, sensor, 1e-3)
        ratios.append(frame[0::2, 0::2].sum() / frame[1::2, 1::2].sum())
        stars = bound.answers(0, together(1_000_000)).stars
        assert frame.sum() == pytest.approx(stars["electrons"].sum(), rel=0.03)
    assert ratios[0] > 1.8
    assert ratios[1] < 1.2


def test_a_flat_of_the_same_optics_corrects_the_sky(make_sensor, expose):
    sensor = make_sensor(1200, 1000, 20)
    optics = {"focal_length_mm": 300, "aperture_mm": 60, "obstruction": 0.3, "image_circle_mm": 12, "dust": 40}
    empty = Sky(192.9, 27.1, faintest_mag=-2, cosmic_rays_per_cm2_min=0, **optics)
    sky = expose(empty.bind(sensor, "standard", "L", 5), sensor, 10.0)
    flat = expose(Flat(1000.0, **optics).bind(sensor, "standard", "L", 5), sensor)
    assert flat.min() < 0.9 * flat.max()
    corrected = sky / flat
    np.testing.assert_allclose(corrected, corrected.mean(), rtol=1e-5)
    other_body = expose(Flat(1000.0, **optics).bind(sensor, "standard", "L", 6), sensor)
    assert np.abs(other_body / flat - 1).max() > 1e-3


def test_the_moon_brightens_the_sky(make_sensor):
    sensor = make_sensor()
    levels = [
        float(replace(ORION, moon=moon).bind(sensor, "standard", "L", 1).background_e_per_s[0, 0])
        for moon in (None, Moon(0.0), Moon(0.5), Moon(1.0), Moon(1.0, separation_deg=15))
    ]
    assert levels == sorted(levels)
    assert levels[1] < 1.02 * levels[0]
    assert levels[3] > 5 * levels[0]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ra_deg": 361}, OutOfRange),
        ({"dec_deg": -91}, OutOfRange),
        ({"seeing_arcsec": 0}, OutOfRange),
        ({"airmass": 0.9}, OutOfRange),
        ({"sky_brightness_mag": float("nan")}, InvalidValue),
        ({"tracking": 3}, InvalidValue),
        ({"target": "M 31"}, InvalidValue),
        ({"moon": 0.5}, InvalidValue),
        ({"object_name": 31}, InvalidValue),
        ({"focal_length_mm": "long"}, InvalidValue),
    ],
)
def test_bad_input_is_refused(change, error):
    with pytest.raises(error) as caught:
        replace(ORION, **change)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "make",
    [
        lambda: Moon(1.1),
        lambda: Tracking(periodic_arcsec=-1),
        lambda: Comet(40),
        lambda: Galaxy(10, 0),
        lambda: Galaxy(10, 1, axis_ratio=0),
    ],
)
def test_bad_parts_are_refused(make):
    with pytest.raises(OutOfRange):
        make()


def test_the_whole_sky_through_a_fisheye(make_sensor, expose):
    """A fifth of the sky in one frame, images smaller than a pixel."""
    sensor = make_sensor(2000, 2000, 9)
    sky = Sky(83.8, 20.0, focal_length_mm=8, aperture_mm=3, faintest_mag=9, dust=0, cosmic_rays_per_cm2_min=0)
    bound = sky.bind(sensor, "standard", "none", 1)
    stars = bound.answers(0, together(10 * 10**9)).stars
    # A square of +-48.4 degrees has 4 asin(sin^2) = 2.37 sr; 139,375 stars of the sky are brighter than 9.
    assert len(stars) == pytest.approx(139_375 * 2.37 / (4 * np.pi), rel=0.2)
    light = above_background(expose(bound, sensor, 10.0), bound, 10.0)
    brightest = stars[np.argmax(stars["electrons"])]
    row, column = round(brightest["y_px"]), round(brightest["x_px"])
    box = light[row - 3 : row + 4, column - 3 : column + 4]
    assert box.sum() == pytest.approx(brightest["electrons"], rel=0.02)
