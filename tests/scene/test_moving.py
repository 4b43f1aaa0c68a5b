"""Satellites and a drifting sky: where each row sees them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fullwell.errors import InvalidValue, OutOfRange
from fullwell.scene import Drift, Satellite, Sky
from fullwell.scene.light import Interval
from fullwell.scene.starlight import add_stars

T0 = 1_800_000_000_000_000_000
EMPTY = Sky(
    210.8, 54.3, dust=0, cosmic_rays_per_cm2_min=0, image_circle_mm=1e4, focal_length_mm=4000, faintest_mag=-2
)
PASS = Satellite(mid_time_ns=T0, speed_arcsec_per_s=400, position_angle_deg=150)


def trail(bound, sensor, start_ns, exposure_ns, row_ns=0):
    """Light of the events alone."""
    area = sensor.geometry.effective
    out = np.empty((area.height, area.width), np.float32)
    start = start_ns + row_ns * np.arange(area.height, dtype=np.int64)
    bound.expose(out, 0, 0, Interval(start, start + exposure_ns, 1))
    background = bound.background_e_per_s.max() * exposure_ns * 1e-9
    return out.astype(np.float64) - background * out.astype(np.float64) / out.astype(np.float64)


def test_trail_has_the_light_of_its_time_in_the_field(make_sensor):
    sensor = make_sensor(500, 400)
    bound = replace(EMPTY, events=[replace(PASS, magnitude=4)]).bind(sensor, "standard", "L", 1)
    light = trail(bound, sensor, T0 - 50_000_000, 100_000_000)
    assert light.sum() == pytest.approx(bound.events[0].rate_e_per_s[0] * 0.1, rel=1e-3)
    # 40 arcsec at 0.19 arcsec per pixel, and the way it goes: to the south and a little east, which is left.
    scale = bound.projection.scale_arcsec
    rows, columns = np.indices(light.shape)
    assert (light * rows).sum() / light.sum() == pytest.approx(199.5, abs=0.1)
    assert (light * columns).sum() / light.sum() == pytest.approx(249.5, abs=0.1)
    covariance = (light * (rows - 199.5) * (columns - 249.5)).sum() / light.sum()
    length = 40 / scale
    assert covariance == pytest.approx(
        -(length**2) / 12 * np.sin(np.radians(150)) * -np.cos(np.radians(150)), rel=0.02
    )


@pytest.mark.parametrize("tumbling", [None, 0.03])
def test_each_row_sees_the_satellite_where_it_then_is(make_sensor, tumbling):
    """Against points a thousandth of the exposure apart, row by row, with a rolling shutter."""
    sensor = make_sensor(120, 100)
    event = replace(PASS, tumbling_period_s=tumbling, tumbling_depth=0.8, magnitude=3)
    bound = replace(EMPTY, events=[event]).bind(sensor, "standard", "L", 1)
    row_ns, exposure_ns, begin = 300_000, 60_000_000, T0 - 50_000_000
    light = trail(bound, sensor, begin, exposure_ns, row_ns)
    one, expected = bound.events[0], np.zeros((100, 120), np.float32)
    reach = one.plate.reach_px(one.rate_e_per_s)
    points = 1000
    for row in range(100):
        moments = (begin + row * row_ns - T0) * 1e-9 + (np.arange(points) + 0.5) * exposure_ns * 1e-9 / points
        bright = np.ones(points) if tumbling is None else 1 + 0.8 * np.cos(2 * np.pi * moments / tumbling)
        rate = one.rate_e_per_s[0] * bright * exposure_ns * 1e-9 / points
        x, y = (at + speed * moments for at, speed in zip(one.place_px, one.velocity_px_per_s, strict=True))
        add_stars(
            expected[row : row + 1],
            0,
            row,
            x,
            y,
            np.full(points, reach),
            rate[np.newaxis].astype(np.float32),
            np.zeros((2, 2), np.int64),
            np.zeros((1, 1)),
            np.zeros((1, 1)),
            one.plate.image.core,
            one.plate.image.radial,
        )
    assert expected.max() > 100
    np.testing.assert_allclose(light, expected, atol=0.01 * expected.max())
    assert light.sum() == pytest.approx(expected.sum(), rel=2e-3)


def test_rolling_shutter_bends_the_trail(make_sensor):
    """Going down with the shutter, it is seen by more rows than a global shutter would show."""
    sensor = make_sensor(60, 400)
    event = replace(PASS, position_angle_deg=180, magnitude=3)
    bound = replace(EMPTY, events=[event]).bind(sensor, "standard", "L", 1)
    speed_px_s = 400 / bound.projection.scale_arcsec
    row_ns = round(0.5e9 / speed_px_s)  # the shutter is twice as fast as the satellite
    lengths = []
    for row in (0, row_ns):
        light = trail(bound, sensor, T0 - 10_000_000 - row * 200, 20_000_000, row)
        lit = light.sum(axis=1)
        lengths.append(np.count_nonzero(lit > lit.max() / 2))
    assert lengths[0] == pytest.approx(0.02 * speed_px_s, abs=2)
    assert lengths[1] == pytest.approx(2 * lengths[0], abs=3)


@pytest.mark.parametrize("what", ["satellite", "drift"])
def test_strips_and_windows_change_nothing(make_sensor, expose, what):
    sensor = make_sensor(300, 200, bayer="GRBG")
    moving = {"events": [replace(PASS, tumbling_period_s=0.02)]}
    if what == "drift":
        moving = {
            "tracking": Drift(epoch_ns=T0, east_arcsec_per_s=-15),
            "faintest_mag": 16,
            "focal_length_mm": 300,
        }
    bound = replace(EMPTY, **moving).bind(sensor, "standard", "L", 1)
    whole = expose(bound, sensor, 0.5, start_ns=T0 - 2 * 10**8, strip=200)
    for strip in (1, 37, 64):
        np.testing.assert_array_equal(expose(bound, sensor, 0.5, start_ns=T0 - 2 * 10**8, strip=strip), whole)
    part = np.empty((61, 100), np.float32)
    start = np.full(61, T0 - 2 * 10**8)
    bound.expose(part, 101, 77, Interval(start, start + 5 * 10**8, 1))
    np.testing.assert_array_equal(part, whole[77:138, 101:201])


def test_drift_goes_on_from_frame_to_frame(make_sensor, expose):
    """A star moves by rate x time; the answer key knows where; stars come in over the edge."""
    sensor = make_sensor(1000, 700)
    sky = replace(EMPTY, focal_length_mm=500, faintest_mag=15, sky_brightness_mag=25)
    sky = replace(sky, tracking=Drift.untracked(54.3, T0, span_s=120))
    bound = sky.bind(sensor, "standard", "L", 1)
    scale = bound.projection.scale_arcsec
    tables = []
    for seconds in (0, 100):
        start = np.full(700, T0 + seconds * 10**9)
        tables.append(bound.answers(0, Interval(start, start + 10**7, 1)).stars)
        frame = expose(bound, sensor, 0.01, start_ns=int(start[0])).astype(np.float64)
        star = max(
            (one for one in tables[-1] if 30 < one["x_px"] < 970 and 30 < one["y_px"] < 670),
            key=lambda one: one["electrons"],
        )
        row, column = round(star["y_px"]), round(star["x_px"])
        box = frame[row - 12 : row + 13, column - 12 : column + 13] - bound.background_e_per_s.max() * 0.01
        offset = np.arange(-12, 13)
        assert column + (box * offset).sum() / box.sum() == pytest.approx(star["x_px"], abs=0.05)
        assert row + (box * offset[:, np.newaxis]).sum() / box.sum() == pytest.approx(star["y_px"], abs=0.05)
    first, later = ({(one["ra_deg"], one["dec_deg"]): one for one in table} for table in tables)
    both = set(first) & set(later)
    assert len(both) >= 5
    moved = 100 * 15.041_07 * np.cos(np.radians(54.3)) / scale
    for name in both:
        assert later[name]["x_px"] - first[name]["x_px"] == pytest.approx(moved, abs=1e-6)
        assert later[name]["y_px"] == pytest.approx(first[name]["y_px"], abs=1e-6)
    assert set(later) - set(first)


def test_rows_of_a_drifting_field_have_their_own_times(make_sensor):
    """With a slow shutter a star's rows are displaced by rate x row time."""
    sensor = make_sensor(300, 200)
    sky = replace(EMPTY, focal_length_mm=500, faintest_mag=16, sky_brightness_mag=25)
    sky = replace(sky, tracking=Drift(epoch_ns=T0, east_arcsec_per_s=15))
    bound = sky.bind(sensor, "standard", "L", 1)
    row_ns = 20_000_000
    start = T0 + row_ns * np.arange(200, dtype=np.int64)
    whole = np.empty((200, 300), np.float32)
    bound.expose(whole, 0, 0, Interval(start, start + 10**7, 1))
    for row in (20, 90, 160):
        own = np.full(200, start[row])
        frozen = np.empty((200, 300), np.float32)
        bound.expose(frozen, 0, 0, Interval(own, own + 10**7, 1))
        np.testing.assert_array_equal(whole[row], frozen[row])


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: replace(PASS, speed_arcsec_per_s=-1), OutOfRange),
        (lambda: replace(PASS, mid_time_ns=None), InvalidValue),
        (lambda: replace(PASS, tumbling_period_s=0), OutOfRange),
        (lambda: replace(PASS, tumbling_depth=2), OutOfRange),
        (lambda: Drift(epoch_ns=1.5), InvalidValue),
        (lambda: Drift(epoch_ns=0, east_arcsec_per_s=200), OutOfRange),
        (lambda: Drift.untracked(91, 0), OutOfRange),
    ],
)
def test_bad_input_is_refused(make, error):
    with pytest.raises(error) as caught:
        make()
    assert caught.value.remedy
