"""Stars on the sensor: flux, place, order of strips, memory, colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fullwell.errors import InvalidValue, OutOfRange
from fullwell.scene import Sky, Tracking
from fullwell.scene.light import Interval

VEGA = Sky(
    279.2347,
    38.7837,
    sky_brightness_mag=30,
    cosmic_rays_per_cm2_min=0,
    dust=0,
    image_circle_mm=1000,
    focal_length_mm=2000,
)


def test_vega_frees_the_electrons_of_the_answer_key(make_sensor, expose):
    sensor = make_sensor(2401, 2401)
    bound = VEGA.bind(sensor, "standard", "L", 1)
    frame = expose(bound, sensor, 1e-3).astype(np.float64)
    stars = bound.answers(0, 1_000_000).stars
    assert stars["magnitude"].min() == pytest.approx(0.03, abs=0.01)
    background = float(bound.background_e_per_s.max()) * 1e-3
    assert frame.sum() - background * frame.size == pytest.approx(stars["electrons"].sum(), rel=1e-3)


def test_order_of_strips_does_not_matter(make_sensor, expose):
    sensor = make_sensor(800, 600, bayer="RGGB")
    sky = Sky(83.8, -5.4, tracking=Tracking(periodic_arcsec=4, period_s=10, drift_north_arcsec_per_s=0.5))
    bound = sky.bind(sensor, "standard", "L", 1)
    whole = expose(bound, sensor, 5.0, strip=600)
    for strip in (1, 37, 64):
        np.testing.assert_array_equal(expose(bound, sensor, 5.0, strip=strip), whole)
    part = np.empty((101, 203), np.float32)
    start = np.zeros(101, np.int64)
    bound.expose(part, 111, 222, Interval(start, start + 5 * 10**9, 1))
    np.testing.assert_array_equal(part, whole[222:323, 111:314])


def test_remembered_rates_change_nothing(make_sensor, expose):
    sensor = make_sensor()
    bound = Sky(83.8, -5.4).bind(sensor, "standard", "L", 1)
    frames = [expose(bound, sensor, 3.0, key=key) for key in range(5)]
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame, frames[0])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ra_deg": 361}, OutOfRange),
        ({"dec_deg": -91}, OutOfRange),
        ({"seeing_arcsec": 0}, OutOfRange),
        ({"airmass": 0.9}, OutOfRange),
        ({"sky_brightness_mag": float("nan")}, InvalidValue),
        ({"tracking": 3}, InvalidValue),
        ({"focal_length_mm": "long"}, InvalidValue),
    ],
)
def test_bad_input_is_refused(change, error):
    with pytest.raises(error):
        replace(VEGA, **change)
