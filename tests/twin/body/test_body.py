"""The body of the twin: computed on a grid, so that nothing depends on who asks when."""

from __future__ import annotations

import time

import numpy as np
import pytest

from fullwell.camera.clock import SteppedClock
from fullwell.errors import InvalidFacts, NotSupported, OutOfRange
from fullwell.models import load
from fullwell.twin.body import Body
from fullwell.twin.body.air import dew_point_c, saturation_hpa
from fullwell.twin.body.network import network
from fullwell.twin.surroundings import Surroundings

MODEL = load("qhy600-pro")
ROOM = Surroundings()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(1_700_000_000_000_000_000)


@pytest.fixture
def body(clock: SteppedClock) -> Body:
    return Body(MODEL, ROOM, clock)


def cool(body: Body, target_c: float = -10.0) -> None:
    body.target_c, body.cooler_on = target_c, True


def test_is_at_ambient_and_unpowered_when_it_gets_power(body: Body, clock: SteppedClock) -> None:
    before = body.state()
    clock.step(3600)
    after = body.state()
    for state in (before, after):
        assert state.sensor_c == state.sink_c == state.window_c == pytest.approx(20.0, abs=1e-9)
        assert state.cooler_percent == 0.0
    assert not body.cooler_on


def test_asking_changes_nothing(clock: SteppedClock) -> None:
    asked, unasked = Body(MODEL, ROOM, clock), Body(MODEL, ROOM, clock)
    cool(asked)
    cool(unasked)
    random = np.random.default_rng(5)
    for pause_s in random.uniform(0.001, 3.0, 200):
        clock.step(float(pause_s))
        asked.state(clock.now_ns() + int(random.integers(-(10**10), 10**10)))
    assert asked.state() == unasked.state()


def test_the_past_stays_as_it_was(body: Body, clock: SteppedClock) -> None:
    """What was true at an instant is still true when it is asked for later: frames are drawn late."""
    cool(body)
    seen = {}
    for _ in range(100):
        clock.step(1.37)
        seen[clock.now_ns()] = body.state().sensor_c
    body.target_c = 15.0
    clock.step(500)
    for instant_ns, sensor_c in seen.items():  # samples are half a second apart, steps a tenth
        assert body.state(instant_ns).sensor_c == pytest.approx(sensor_c, abs=5e-3)


def test_the_future_is_what_will_be_if_nothing_changes(body: Body, clock: SteppedClock) -> None:
    cool(body)
    clock.step(30)
    soon_ns = clock.now_ns() + 47_300_000_000
    foreseen = body.state(soon_ns)
    clock.step(47.3)
    assert body.state() == foreseen


def test_a_course_is_evenly_spaced(body: Body, clock: SteppedClock) -> None:
    cool(body)
    begin_ns = clock.now_ns()
    clock.step(60)
    course_c = body.sensor_c(begin_ns, clock.now_ns())
    assert len(course_c) >= 61
    assert course_c[0] == pytest.approx(20.0)
    assert course_c[-1] == pytest.approx(body.state().sensor_c)
    assert (np.diff(course_c) < 0).all()


def test_a_night_costs_less_than_a_second(body: Body, clock: SteppedClock) -> None:
    cool(body)
    clock.step(1)
    body.state()  # the kernel is compiled
    begin = time.perf_counter()
    clock.step(36_000)
    body.state()
    assert time.perf_counter() - begin < 1.0


def test_it_begins_settled_where_it_is_told(clock: SteppedClock) -> None:
    body = Body(MODEL, ROOM, clock, temperature_c=-5.0)
    before = body.state()
    clock.step(3600)
    after = body.state()
    assert body.cooler_on
    assert before.sensor_c == pytest.approx(-5.0, abs=1e-6)
    assert after.sensor_c == pytest.approx(-5.0, abs=1e-6)
    assert after.cooler_percent == pytest.approx(before.cooler_percent, abs=0.01)
    assert before.sink_c > 21.0


def test_all_heat_that_is_pumped_and_made_leaves_through_the_sink(body: Body, clock: SteppedClock) -> None:
    """At rest: electric power of the cooler and heat from the window equal what the fan carries away."""
    body.set_power(70.0)
    clock.step(36_000)
    state, chamber, thermal = body.state(), MODEL.chamber, MODEL.thermal
    assert chamber is not None
    assert thermal is not None
    net = network(MODEL.cooling, thermal, chamber)
    electric_w = net.linear_w * 0.7 + net.square_w * 0.49
    from_window_w = chamber.window_sensor_w_per_k * (state.window_c - state.sensor_c)
    carried_w = thermal.fan_w_per_k * (state.sink_c - state.ambient_c)
    assert carried_w == pytest.approx(electric_w + from_window_w, rel=1e-6)


def test_the_electric_power_is_the_vendors(body: Body) -> None:
    assert MODEL.thermal is not None
    assert MODEL.chamber is not None
    net = network(MODEL.cooling, MODEL.thermal, MODEL.chamber)
    idle_w, half_w, full_w = MODEL.cooling.power_w
    assert idle_w + 0.5 * net.linear_w + 0.25 * net.square_w == pytest.approx(half_w)
    assert idle_w + net.linear_w + net.square_w == pytest.approx(full_w)


def test_a_cooler_that_no_network_makes_is_refused() -> None:
    from dataclasses import replace

    impossible = replace(MODEL.cooling, below_ambient_long_c=300.0)
    assert MODEL.thermal is not None
    assert MODEL.chamber is not None
    with pytest.raises(InvalidFacts, match="300 C below ambient"):
        network(impossible, MODEL.thermal, MODEL.chamber)


def test_no_liquid_through_a_camera_that_is_not_made_for_it(clock: SteppedClock) -> None:
    with pytest.raises(NotSupported, match="liquid"):
        Body(load("qhy42-pro"), Surroundings(coolant_temperature_c=10.0), clock)


def test_taking_over_from_manual_power_makes_no_jump(body: Body, clock: SteppedClock) -> None:
    body.set_power(60.0)
    clock.step(3600)
    body.target_c = body.state().sensor_c
    body.cooler_on = True
    assert body.state().cooler_percent == pytest.approx(60.0, abs=1e-6)
    clock.step(1.0)
    assert body.state().cooler_percent == pytest.approx(60.0, abs=0.1)


def test_power_is_cut_and_comes_back(body: Body, clock: SteppedClock) -> None:
    cool(body)
    body.heater_on = True
    clock.step(600)
    body.powered = False
    assert body.state().cooler_percent == 0.0
    clock.step(3600)
    assert body.state().sensor_c == pytest.approx(20.0, abs=0.5)
    body.powered = True
    clock.step(600)
    assert not body.cooler_on
    assert not body.heater_on
    assert body.state().sensor_c == pytest.approx(20.0, abs=0.5)


class TestPowerLimit:
    """Whoever supplies the power is asked once per second of the body's time, whenever somebody looks."""

    def test_is_asked_each_second_in_order(self, body: Body, clock: SteppedClock) -> None:
        asked: list[int] = []

        def limit(instant_ns: int, percent: float) -> float:
            asked.append(instant_ns)
            return 100.0

        begin_ns = clock.now_ns()
        body.power_limit = limit
        cool(body)
        for pause_s in (0.05, 3.3, 60.0, 0.7):
            clock.step(pause_s)
            body.state()
        assert asked == [begin_ns + second * 1_000_000_000 for second in range(64)]

    def test_holds_the_cooler_back(self, body: Body, clock: SteppedClock) -> None:
        body.power_limit = lambda instant_ns, percent: 70.0
        cool(body, -50.0)
        clock.step(7200)
        limited = body.state()
        assert limited.cooler_percent == 70.0
        body.power_limit = lambda instant_ns, percent: 100.0
        clock.step(7200)
        assert body.state().cooler_percent == 100.0
        assert body.state().sensor_c < limited.sensor_c - 1.0


class TestDefects:
    """A part knows how to be broken."""

    @pytest.fixture(autouse=True)
    def settled(self, body: Body, clock: SteppedClock) -> None:
        cool(body)
        clock.step(3600)

    def test_a_dead_fan_makes_the_sink_hot(self, body: Body, clock: SteppedClock) -> None:
        before = body.state()
        body.suffer(fan_works=False)
        clock.step(3600)
        after = body.state()
        assert after.sink_c > before.sink_c + 10.0
        assert after.cooler_percent > before.cooler_percent + 5.0

    def test_a_weak_cooler_does_not_reach_its_target(self, body: Body, clock: SteppedClock) -> None:
        body.suffer(cooler_strength=0.5)
        clock.step(3600)
        assert body.state().cooler_percent == 100.0
        assert body.state().sensor_c > -5.0

    def test_a_stuck_thermometer_leads_the_regulation_astray(self, body: Body, clock: SteppedClock) -> None:
        body.suffer(thermometer_c=-9.0)
        clock.step(3600)
        assert body.thermometer_c() == body.readings().sensor_temperature_c == -9.0
        assert body.state().cooler_percent == 100.0
        assert body.state().sensor_c == pytest.approx(-15.0, abs=0.5)

    def test_a_dead_heater_stays_cold(self, body: Body, clock: SteppedClock) -> None:
        body.suffer(heater_works=False)
        before = body.state().window_c
        body.heater_on = True
        clock.step(3600)
        assert body.state().window_c == pytest.approx(before, abs=0.1)

    def test_impossible_ones_are_refused(self, body: Body) -> None:
        with pytest.raises(OutOfRange, match="strength"):
            body.suffer(cooler_strength=1.5)
        with pytest.raises(OutOfRange, match="leak"):
            body.suffer(leak_factor=-1.0)


class TestChamber:
    """Its gas, what condenses from it, and how it is dried."""

    def test_pressure_follows_the_temperature_of_the_gas(self, body: Body, clock: SteppedClock) -> None:
        warm = body.state()
        cool(body)
        clock.step(3600)
        cold = body.state()
        assert cold.chamber_c < warm.chamber_c - 3.0
        assert cold.pressure_hpa / warm.pressure_hpa == pytest.approx(
            (cold.chamber_c + 273.15) / (warm.chamber_c + 273.15)
        )

    def test_moist_air_let_in_freezes_on_the_sensor(self, body: Body, clock: SteppedClock) -> None:
        body.let_air_in()
        assert body.state().humidity_percent == pytest.approx(45.0, abs=0.5)
        assert body.state().dew_point_c == pytest.approx(body.state().ambient_dew_point_c, abs=0.2)
        cool(body, -20.0)
        clock.step(3600)
        frozen = body.state()
        assert frozen.sensor_frost_um > 0.1
        assert frozen.dew_point_c == pytest.approx(frozen.sensor_c, abs=0.1)  # no vapour above ice at rest
        body.cooler_on = False
        clock.step(3600)
        assert body.state().sensor_frost_um == 0.0
        assert body.state().humidity_percent == pytest.approx(45.0, abs=1.0)

    def test_water_is_neither_made_nor_lost(self, body: Body, clock: SteppedClock) -> None:
        """What freezes on the sensor is missing from the gas."""
        assert MODEL.chamber is not None
        body.suffer(leak_factor=0.0)
        body.let_air_in()

        def water_g() -> float:
            state = body.state()
            vapour = saturation_hpa(state.dew_point_c) * 100.0 / (0.46152 * (state.chamber_c + 273.15))
            on_sensor = state.sensor_frost_um * MODEL.chamber.cold_area_cm2 * 1e-4
            on_glass = state.window_inner_dew_um * MODEL.chamber.window_area_cm2 * 1e-4
            return vapour * MODEL.chamber.volume_ml * 1e-6 + on_sensor + on_glass

        before = water_g()
        cool(body, -20.0)
        clock.step(1800)
        assert water_g() == pytest.approx(before, rel=0.01)

    def test_drying_works_warm_and_not_cold(self, clock: SteppedClock) -> None:
        warm, cold = Body(MODEL, ROOM, clock), Body(MODEL, ROOM, clock)
        for body in (warm, cold):
            body.let_air_in()
        cool(cold, -20.0)
        clock.step(1800)
        for body in (warm, cold):
            body.drying = True
        clock.step(1800)
        for body in (warm, cold):
            body.drying = False
        cold.cooler_on = False
        clock.step(7200)
        assert warm.state().humidity_percent < 20.0
        assert cold.state().humidity_percent > warm.state().humidity_percent + 10.0

    def test_a_leak_lets_vapour_in(self, body: Body, clock: SteppedClock) -> None:
        body.suffer(leak_factor=3000.0)
        clock.step(36_000)
        assert body.state().humidity_percent > 35.0


@pytest.mark.parametrize("temperature_c", [-40.0, -10.0, -0.5, 0.0, 0.5, 20.0, 40.0])
def test_the_dew_point_of_saturated_air_is_its_temperature(temperature_c: float) -> None:
    assert dew_point_c(saturation_hpa(temperature_c)) == pytest.approx(temperature_c, abs=0.01)


@pytest.mark.parametrize(
    ("temperature_c", "vapour_hpa"),
    [(-40.0, 0.1285), (-20.0, 1.0326), (0.01, 6.1166), (20.0, 23.393), (40.0, 73.853)],
)
def test_saturation_is_that_of_the_tables(temperature_c: float, vapour_hpa: float) -> None:
    """IAPWS-95 and its equation for ice, as tabulated."""
    assert saturation_hpa(temperature_c) == pytest.approx(vapour_hpa, rel=0.006)
