"""Bench light: levels, vignetting, and LED pulses to the nanosecond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell.errors import InvalidValue, OutOfRange, UnknownName
from fullwell.scene import Dark, Flat, Led, Uniform
from fullwell.scene.light import Interval


def test_uniform_is_exactly_flat_even_on_a_mosaic(make_sensor, expose):
    sensor = make_sensor(bayer="RGGB")
    frame = expose(Uniform(12.5).bind(sensor, "standard", "Ha", 1), sensor, 2.0)
    assert np.all(frame == 25.0)


def test_dark_has_no_light(make_sensor, expose):
    sensor = make_sensor()
    assert not expose(Dark().bind(sensor, "standard", "none", 1), sensor, 100.0).any()


def test_flat_is_brightest_on_the_axis_and_even_round_it(make_sensor, expose):
    sensor = make_sensor(width=2001, height=1501, pixel_size_um=20)
    frame = expose(Flat(1000, dust=0, image_circle_mm=30).bind(sensor, "standard", "L", 1), sensor)
    assert frame[750, 1000] == pytest.approx(1000, rel=1e-4)
    # Straight lines between nodes 0.16 mm apart: the fall-off begins with 0.15 x (0.16 / 15)^1.5 = 1.7e-4.
    np.testing.assert_allclose(frame, frame[::-1, ::-1], rtol=2e-4)
    # On the edge of the image circle only cos^4 is left; outside, baffles cut in.
    inside_px = int(14.8 / 20e-3)
    assert frame[750, 1000 + inside_px] == pytest.approx(1000 / (1 + (14.8 / 530) ** 2) ** 2, rel=1e-4)
    assert frame[0, 0] == pytest.approx(
        1000 * (1 - 0.15 * (25 / 15 - 1) ** 1.5) / (1 + (25 / 530) ** 2) ** 2, rel=1e-3
    )


def test_flat_shows_the_mosaic(make_sensor, expose):
    sensor = make_sensor(bayer="RGGB")
    frame = expose(Flat(1000, dust=0).bind(sensor, "standard", "R", 1), sensor)
    centre = frame[200:202, 300:302]
    assert centre[0, 0] == pytest.approx(1000, rel=1e-3)
    assert centre[0, 1] == centre[1, 0] < 400
    assert centre[1, 1] < 300


def test_flat_windows_are_parts_of_the_whole(make_sensor, expose):
    sensor = make_sensor(bayer="GRBG")
    bound = Flat(1000).bind(sensor, "standard", "L", 1)
    whole = expose(bound, sensor)
    for left, top, columns, rows in ((0, 0, 3, 3), (5, 7, 101, 9), (13, 390, 587, 10), (597, 1, 3, 1)):
        part = np.empty((rows, columns + 5), np.float32)[:, 2:-3]
        start = np.zeros(rows, np.int64)
        bound.expose(part, left, top, Interval(start, start + 10**9, 1))
        np.testing.assert_array_equal(part, whole[top : top + rows, left : left + columns])


def test_led_rows_catch_the_overlap_exactly(make_sensor):
    sensor = make_sensor(width=8, height=100)
    bound = Led(rate_e_per_s=1e9, pulses_ns=((5_000, 9_000), (20_000, 20_001))).bind(
        sensor, "standard", "none", 1
    )
    start = np.arange(100, dtype=np.int64) * 300
    out = np.empty((100, 8), np.float32)
    bound.expose(out, 0, 0, Interval(start, start + 1_000, 1))
    lit = np.maximum(0, np.minimum(start + 1_000, 9_000) - np.maximum(start, 5_000))
    lit += (start <= 20_000) & (start + 1_000 >= 20_001)
    np.testing.assert_array_equal(out, np.repeat(lit[:, np.newaxis], 8, axis=1).astype(np.float32))
    assert lit.max() == 1_000
    assert (lit == 1).any()


@given(
    period=st.integers(1, 1_000),
    share=st.floats(0, 1),
    epoch=st.integers(-5_000, 5_000),
    start=st.integers(-3_000, 3_000),
    length=st.integers(0, 3_000),
)
def test_periodic_led_counts_each_nanosecond(period, share, epoch, start, length):
    on = int(period * share)
    led = Led(rate_e_per_s=1.0, period_ns=period, on_ns=on, epoch_ns=epoch)
    instants = np.arange(start, start + length)
    assert led.lit_ns(start, start + length) == np.count_nonzero((instants - epoch) % period < on)


@given(
    edges=st.lists(st.integers(0, 2_000), min_size=2, max_size=20, unique=True),
    start=st.integers(-500, 2_500),
    length=st.integers(0, 3_000),
)
def test_led_pulses_count_each_nanosecond(edges, start, length):
    edges = sorted(edges)
    pulses = list(zip(edges[::2], edges[1::2], strict=False))
    instants = np.arange(start, start + length)
    lit = sum(np.count_nonzero((instants >= begin) & (instants < end)) for begin, end in pulses)
    assert Led(rate_e_per_s=1.0, pulses_ns=pulses).lit_ns(start, start + length) == lit


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Uniform(-1.0), OutOfRange),
        (lambda: Uniform(float("nan")), InvalidValue),
        (lambda: Uniform("bright"), InvalidValue),
        (lambda: Flat(aperture_mm=0), OutOfRange),
        (lambda: Flat(dust=1.5), InvalidValue),
        (lambda: Led(1.0), InvalidValue),
        (lambda: Led(1.0, pulses_ns=((5, 3),)), InvalidValue),
        (lambda: Led(1.0, pulses_ns=((0, 10), (9, 20))), InvalidValue),
        (lambda: Led(1.0, pulses_ns=5), InvalidValue),
        (lambda: Led(1.0, period_ns=10, on_ns=11), InvalidValue),
        (lambda: Led(1.0, period_ns=1e6, on_ns=10), InvalidValue),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, error):
    with pytest.raises(error) as caught:
        make()
    assert caught.value.remedy


def test_unknown_filter_and_coating(make_sensor):
    with pytest.raises(UnknownName, match="Did you mean 'OIII'"):
        Dark().bind(make_sensor(), "standard", "OII", 1)
    with pytest.raises(UnknownName, match="coating"):
        Flat().bind(make_sensor(), "gold", "L", 1)
