"""Occultations: diffraction against its integral, light curves against quadrature, rows against their times."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import j0

from fullwell.errors import InvalidValue, OutOfRange
from fullwell.scene import Occultation, Sky
from fullwell.scene.diffraction import disc, fresnel_scale_km, shadow_profile, straight_edge
from fullwell.scene.light import Interval
from fullwell.scene.light_curve import LightCurve
from fullwell.scene.occultation import covered_share

T0 = 1_800_000_000_000_000_000
EVENT = Occultation(mid_time_ns=T0, diameter_km=30, shadow_speed_km_s=10, magnitude=11.0)
FIELD = Sky(210.8, 54.3, dust=0, cosmic_rays_per_cm2_min=0, image_circle_mm=1e4, faintest_mag=14)


def by_integral(radius, distances):
    """Intensity behind a disc from Fresnel's integral over the disc (Babinet), Gauss-Legendre."""
    node, weight = np.polynomial.legendre.leggauss(800)
    rho = (node + 1) * radius / 2
    wave = rho * np.exp(1j * np.pi * rho**2 / 2) * weight * radius / 2
    hidden = [np.sum(wave * j0(np.pi * rho * eta)) * np.exp(1j * np.pi * eta**2 / 2) for eta in distances]
    return np.abs(1 + 1j * np.pi * np.array(hidden)) ** 2


@pytest.mark.parametrize("radius", [0.3, 1.0, 4.0, 12.0])
def test_disc_is_fresnels_integral(radius):
    distances = np.concatenate([[0.0, radius], np.linspace(0, radius + 8, 60)])
    np.testing.assert_allclose(disc(radius, distances), by_integral(radius, distances), atol=1e-9)


def test_the_straight_edge_of_the_books():
    """A quarter of the light at the edge; the first fringe 1.370 at 1.217 scales (Born & Wolf, 8.7.3)."""
    assert straight_edge(np.array([0.0]))[0] == pytest.approx(0.25)
    place = np.linspace(0, 4, 40_001)
    light = straight_edge(place)
    assert light.max() == pytest.approx(1.370, abs=5e-4)
    assert place[light.argmax()] == pytest.approx(1.217, abs=1e-3)


def test_large_discs_pass_into_straight_edges():
    wavelengths = np.linspace(500, 600, 200)
    scale = fresnel_scale_km(550, 2.0)
    place = np.linspace(6, 22, 400) * scale
    exact = np.mean([disc(12.5 * scale / own, place / own) for own in scales(wavelengths)], axis=0)
    edge = shadow_profile(12.5 * scale, 2.0, wavelengths, place)
    assert np.abs(exact - edge).max() < 0.02
    assert abs(np.mean(exact - edge)) < 5e-4


def scales(wavelengths):
    return [fresnel_scale_km(wavelength, 2.0) for wavelength in wavelengths]


@given(
    nodes=st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 2)), min_size=2, max_size=8),
    start=st.floats(-6, 6),
    length=st.floats(0.01, 8),
)
def test_mean_of_a_light_curve_is_its_integral(nodes, start, length):
    times, light = (np.array(part) for part in zip(*sorted(nodes), strict=True))
    curve = LightCurve(T0, times, light)
    start_ns = T0 + round(start * 1e9)
    stop_ns = start_ns + round(length * 1e9)
    steps = 20_000
    middles = start_ns + ((np.arange(steps) + 0.5) * (stop_ns - start_ns) / steps).astype(np.int64)
    mean = curve.mean(np.array([start_ns]), np.array([stop_ns]))[0]
    # The midpoint rule misses a jump by up to half a step, and there are at most 8 of 2.
    assert mean == pytest.approx(curve.at(middles).mean(), abs=8 * 2 / steps)


def test_sharp_edges_are_exact_to_the_nanosecond():
    start = T0 - 1_500_000_000 + np.array([-1_000, -400, 0], np.int64)
    light = EVENT.light_curve().mean(start, start + 1_000)
    np.testing.assert_allclose(light, [1.0, 0.4, 0.0], atol=1e-6)
    assert EVENT.contacts_ns == (T0 - 1_500_000_000, T0 + 1_500_000_000)


def test_a_large_star_fades():
    """Half of its disc is covered at the contacts, and it takes as long as the disc needs to pass."""
    event = replace(EVENT, star_diameter_mas=1.0)
    curve, (begin, end) = event.light_curve(), event.contacts_ns
    assert event.star_radius_km == pytest.approx(1.4506 / 2, rel=1e-3)
    # The limb of the body is not straight: covered_share knows by how much the half is more than a half.
    at_contact = 1 - covered_share(event.star_radius_km, 15.0, np.array([15.0]))[0]
    assert curve.at(np.array([begin, end])) == pytest.approx([at_contact, at_contact], abs=1e-3)
    assert at_contact == pytest.approx(0.5, abs=0.02)
    fade_ns = round(event.star_radius_km / 10 * 1e9)
    assert curve.at(np.array([begin - fade_ns, begin + fade_ns])) == pytest.approx([1.0, 0.0], abs=1e-3)


def test_fringes_keep_the_light_and_reach_both_sides():
    event = replace(EVENT, diffraction=True)
    curve, plain = event.light_curve(np.linspace(500, 600, 200)), EVENT.light_curve()
    whole = np.array([T0 - 4 * 10**9]), np.array([T0 + 4 * 10**9])
    assert curve.mean(*whole)[0] == pytest.approx(plain.mean(*whole)[0], abs=2e-3)
    begin, end = event.contacts_ns
    around = np.arange(-60, 60) * 1_000_000
    assert curve.at(begin + around) == pytest.approx(curve.at(end - around), abs=1e-6)
    assert 1.2 < curve.at(begin + around).max() < 1.4
    assert curve.at(np.array([begin]))[0] == pytest.approx(0.25, abs=0.01)


def test_a_large_star_washes_fringes_out():
    sharp = replace(EVENT, diffraction=True).light_curve(np.linspace(500, 600, 200))
    event = replace(EVENT, diffraction=True, star_diameter_mas=2.0)
    soft, plain = event.light_curve(np.linspace(500, 600, 200)), replace(event, diffraction=False).light_curve()
    begin, _ = event.contacts_ns
    around = begin + np.arange(-300, 300) * 1_000_000
    assert soft.at(around).max() < 1.06 < sharp.at(around).max()
    assert np.abs(soft.at(around) - plain.at(around)).max() < 0.06


def test_a_body_smaller_than_its_fringes_has_a_bright_spot():
    event = Occultation(mid_time_ns=T0, diameter_km=0.6, shadow_speed_km_s=5, diffraction=True, magnitude=8)
    assert event.light_curve().at(np.array([T0]))[0] == pytest.approx(1.0, abs=1e-3)


def test_a_star_that_passes_outside_is_not_hidden():
    event = replace(EVENT, impact_km=16)
    assert event.contacts_ns is None
    assert np.all(event.light_curve().mean(np.arange(-5, 5) * 10**9 + T0, np.arange(-4, 6) * 10**9 + T0) == 1)
    assert "outside" in event.in_words()


def test_each_row_sees_its_own_time(make_sensor):
    """Rows of the star's image lose the light that their own exposure misses."""
    sensor = make_sensor(200, 160)
    bound, still = (
        replace(FIELD, events=[event]).bind(sensor, "standard", "L", 1)
        for event in (EVENT, replace(EVENT, impact_km=16))
    )
    start = T0 - 1_600_000_000 + np.arange(160) * 1_000_000
    frames = []
    for one in (bound, still):
        out = np.empty((160, 200), np.float32)
        one.expose(out, 0, 0, Interval(start, start + 40_000_000, 1))
        frames.append(out.astype(np.float64))
    x, y = round(99.5), round(79.5)
    share = frames[0][y - 6 : y + 7, x] - frames[0][y - 6 : y + 7, x + 60]
    share /= frames[1][y - 6 : y + 7, x] - frames[1][y - 6 : y + 7, x + 60]
    rows = np.arange(y - 6, y + 7)
    before = np.clip((T0 - 1_500_000_000 - start[rows]) / 40e6, 0, 1)
    np.testing.assert_allclose(share, before, atol=2e-3)
    assert before.min() < before.max() < 1
    key = bound.answers(0, Interval(start, start + 40_000_000, 1)).stars
    occulted = key[key["source"] == "occulted"][0]
    full = still.answers(0, Interval(start, start + 40_000_000, 1)).stars
    full = full[full["source"] == "occulted"][0]
    own = (T0 - 1_500_000_000 - start[round(occulted["y_px"])]) / 40e6
    assert occulted["electrons"] == pytest.approx(full["electrons"] * own, rel=1e-6)


def test_strips_and_memory_change_nothing(make_sensor, expose):
    sensor = make_sensor(300, 200, bayer="RGGB")
    event = replace(EVENT, diffraction=True, body_magnitude=13.0)
    bound = replace(FIELD, events=[event]).bind(sensor, "standard", "L", 1)
    frames = [expose(bound, sensor, 0.1, start_ns=T0 - 1_550_000_000, strip=n, key=n) for n in (200, 7, 64, 33)]
    assert bound._memory is not None
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame, frames[0])


def test_a_star_of_the_catalogue_is_hidden_and_not_drawn_twice(make_sensor, expose):
    sensor = make_sensor(1500, 1200)
    plain = FIELD.bind(sensor, "standard", "L", 1)
    stars = plain.answers(0, Interval(np.array([0]), np.array([10**9]), 1)).stars
    star = stars[np.argmax(stars["electrons"] * (np.abs(stars["x_px"] - 750) < 600))]
    event = replace(EVENT, magnitude=None, ra_deg=float(star["ra_deg"]), dec_deg=float(star["dec_deg"]))
    bound = replace(FIELD, events=[event]).bind(sensor, "standard", "L", 1)
    before = expose(bound, sensor, 1.0, start_ns=T0 - 10 * 10**9)
    # The image is drawn at the same place with the same light; how far its wings go may differ.
    np.testing.assert_allclose(before, expose(plain, sensor, 1.0), rtol=1e-3)
    hidden = expose(bound, sensor, 1.0, start_ns=T0 - 5 * 10**8)
    lost = before.astype(np.float64).sum() - hidden.astype(np.float64).sum()
    assert lost == pytest.approx(star["electrons"], rel=2e-3)


def test_no_star_there_is_an_error(make_sensor):
    event = replace(EVENT, magnitude=None)
    with pytest.raises(InvalidValue, match="no star within"):
        replace(FIELD, faintest_mag=-2, events=event).bind(make_sensor(), "standard", "L", 1)


def test_a_strip_costs_little(make_sensor):
    sensor = make_sensor(600, 400)
    bound = replace(FIELD, events=[replace(EVENT, diffraction=True)]).bind(sensor, "standard", "L", 1)
    out, start = np.zeros((64, 600), np.float32), np.full(64, T0, np.int64)
    interval = Interval(start, start + 40_000_000, 1)
    path = bound._path_px(interval)
    bound.events[0].add(out, 0, 180, interval, path)
    begin = time.process_time()
    for _ in range(100):
        bound.events[0].add(out, 0, 180, interval, path)
    assert (time.process_time() - begin) / 100 < 2e-3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"mid_time_ns": 1.5e18}, InvalidValue),
        ({"diameter_km": 0}, OutOfRange),
        ({"shadow_speed_km_s": -3}, OutOfRange),
        ({"ra_deg": 10.0}, InvalidValue),
        ({"magnitude": "bright"}, InvalidValue),
        ({"star_diameter_mas": float("nan")}, InvalidValue),
    ],
)
def test_bad_input_is_refused(change, error):
    with pytest.raises(error) as caught:
        replace(EVENT, **change)
    assert caught.value.remedy


def test_only_events_are_events():
    with pytest.raises(InvalidValue, match="events cannot hold"):
        replace(FIELD, events=[EVENT, 5])


def test_the_largest_stars_have_no_fringes_left():
    """Just below the limit fringes are faint, just above it they are left out."""
    for milliarcseconds in (3.15, 3.2):
        event = replace(EVENT, diffraction=True, star_diameter_mas=milliarcseconds)
        soft, plain = (
            one.light_curve(np.linspace(450, 650, 200)) for one in (event, replace(event, diffraction=False))
        )
        around = event.contacts_ns[0] + np.arange(-500, 500) * 1_000_000
        assert np.abs(soft.at(around) - plain.at(around)).max() < 0.01
