"""The cooler: how fast, how deep, at what power."""

from __future__ import annotations

import pytest

from fullwell.models.facts import Cooling
from fullwell.twin.body import Body, Relaxation

COOLING = Cooling(
    below_ambient_long_c=35.0, below_ambient_fast_c=30.0, settle_s=150.0, power_w=(13.8, 20.0, 40.0)
)
SECOND_NS = 1_000_000_000


def test_is_at_ambient_and_unpowered_when_switched_on() -> None:
    body = Body(COOLING, 20.0, now_ns=0)
    assert body.temperature_c(0) == body.temperature_c(3600 * SECOND_NS) == 20.0
    assert body.power_percent(0) == 0.0
    assert not body.cooler_on


def test_reaches_minus_ten_in_two_to_three_minutes() -> None:
    body = Body(COOLING, 20.0, now_ns=0)
    body.set_target(-10.0, 0)
    body.set_cooler(True, 0)
    assert body.temperature_c(120 * SECOND_NS) > -9.9
    assert body.temperature_c(180 * SECOND_NS) < -9.9
    steepest = max(
        body.temperature_c(second * SECOND_NS) - body.temperature_c((second + 1) * SECOND_NS)
        for second in range(200)
    )
    assert steepest < 0.3


def test_holds_no_more_than_its_difference_from_ambient() -> None:
    body = Body(COOLING, 20.0, now_ns=0, temperature_c=-60.0)
    assert body.temperature_c(0) == -15.0
    assert body.power_percent(0) == 100.0
    assert body.target_temperature_c == -60.0


def test_short_exposures_leave_less_reach() -> None:
    body = Body(COOLING, 20.0, now_ns=0, temperature_c=-60.0)
    body.set_exposure(0.01, 0)
    assert body.temperature_c(3600 * SECOND_NS) == pytest.approx(-10.0, abs=1e-6)
    body.set_exposure(60.0, 3600 * SECOND_NS)
    assert body.temperature_c(7200 * SECOND_NS) == pytest.approx(-15.0, abs=1e-6)


def test_power_is_more_on_the_way_down_than_at_rest() -> None:
    body = Body(COOLING, 20.0, now_ns=0)
    body.set_target(0.0, 0)
    body.set_cooler(True, 0)
    at_the_knee = body.power_percent(60 * SECOND_NS)
    settled = body.power_percent(1000 * SECOND_NS)
    assert at_the_knee > settled
    assert settled == pytest.approx(100 * 20 / 35, abs=1e-6)


def test_warms_up_with_the_cooler_off() -> None:
    body = Body(COOLING, 20.0, now_ns=0, temperature_c=-10.0)
    body.set_cooler(False, 0)
    course = [body.temperature_c(minute * 60 * SECOND_NS) for minute in range(60)]
    assert course == sorted(course)
    assert course[0] == -10.0
    assert course[-1] == pytest.approx(20.0, abs=0.01)


def test_asking_changes_nothing() -> None:
    asked, unasked = (Body(COOLING, 20.0, now_ns=0) for _ in range(2))
    for body in (asked, unasked):
        body.set_target(-10.0, 0)
        body.set_cooler(True, 0)
    for second in range(100):
        asked.temperature_c(second * SECOND_NS)
    assert asked.temperature_c(100 * SECOND_NS) == unasked.temperature_c(100 * SECOND_NS)


@pytest.mark.parametrize(("start_c", "goal_c"), [(20.0, -10.0), (-10.0, 20.0), (1.0, 0.0), (0.0, 0.0)])
def test_the_slope_is_the_derivative(start_c: float, goal_c: float) -> None:
    course = Relaxation(start_c, goal_c, time_constant_s=12.0, ramp_c_per_s=0.25)
    for elapsed_s in (0.5, 10.0, 50.0, 150.0):
        step_s = 1e-3
        difference = (course.after(elapsed_s + step_s) - course.after(elapsed_s - step_s)) / (2 * step_s)
        assert course.slope_c_per_s(elapsed_s) == pytest.approx(difference, abs=1e-6)
