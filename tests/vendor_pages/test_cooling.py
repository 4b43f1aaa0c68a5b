"""B1, B2, B6: how cold, how fast, how gently; the chamber, its window and the dew."""

from __future__ import annotations

import logging
import re
from itertools import pairwise

import pytest

import fullwell
from fullwell import Surroundings
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.cooling import Cooling
from fullwell.camera.engine import Camera
from fullwell.camera.states import State
from fullwell.errors import InvalidOperation, InvalidValue, NotSupported, TemperatureNotReached
from fullwell.models.facts import Window
from fullwell.readout.dew import dew_point_c
from fullwell.scene import Dark

START_NS = 1_767_225_600_000_000_000
MODELS = ["qhy600-pro", "qhy268m-pro", "qhy42-pro"]
WITHIN = 0.03
HOUR_S = 3600.0


def opened(key: str = "qhy600-pro", **options: object) -> Camera:
    options.setdefault("clock", InstantClock(START_NS))
    camera = fullwell.open(f"twin:{key}", scene=Dark(), **options)  # type: ignore[arg-type]
    camera.configure(window=Window(0, 0, 64, 32))
    return camera


def wait(camera: Camera, seconds: float) -> None:
    camera.clock.sleep_until(camera.clock.now_ns() + round(seconds * 1e9))


def coldest_below_ambient_c(camera: Camera) -> float:
    """How far below ambient the sensor comes when it is asked for more than the cooler can give."""
    camera.set_target_temperature(-50.0)
    camera.set_cooler(True)
    wait(camera, 1.5 * HOUR_S)
    readings = camera.readings()
    assert readings.cooler_power_percent == 100.0
    assert readings.ambient_temperature_c is not None
    assert readings.sensor_temperature_c is not None
    return readings.ambient_temperature_c - readings.sensor_temperature_c


@pytest.mark.requirement("B1")
@pytest.mark.parametrize("key", MODELS)
def test_35_c_below_ambient_for_long_exposures(key: str) -> None:
    with opened(key, ambient_temperature_c=20.0) as camera:
        camera.configure(exposure_s=60.0)
        assert coldest_below_ambient_c(camera) == pytest.approx(35.0, rel=WITHIN)
        taken = camera.expose().report.readings
        assert taken.sensor_temperature_c == pytest.approx(-15.0, abs=35.0 * WITHIN)


@pytest.mark.requirement("B1")
@pytest.mark.parametrize("key", MODELS)
def test_30_c_at_high_frame_rate(key: str) -> None:
    clock = SteppedClock(START_NS)
    with opened(key, ambient_temperature_c=20.0, clock=clock) as camera:
        camera.configure(exposure_s=0.01)
        camera.set_target_temperature(-50.0)
        camera.set_cooler(True)
        with camera.live(ring=1):
            clock.step(1.5 * HOUR_S)
            sensor_c = camera.readings().sensor_temperature_c
        assert sensor_c is not None
        assert 20.0 - sensor_c == pytest.approx(30.0, rel=WITHIN)


@pytest.mark.requirement("B1")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
@pytest.mark.parametrize(("coolant_c", "below_c"), [(20.0, 45.0), (1.0, 60.0)], ids=["water", "cold liquid"])
def test_liquid_versions_go_deeper(key: str, coolant_c: float, below_c: float) -> None:
    around = Surroundings(coolant_temperature_c=coolant_c, coolant_flow_ml_per_s=1.6)
    with opened(key, surroundings=around) as camera:
        assert coldest_below_ambient_c(camera) == pytest.approx(below_c, rel=WITHIN)
        with pytest.raises(NotSupported, match="fan"):
            camera.set_fan(True)


@pytest.mark.requirement("B1")
def test_a_trickle_of_liquid_does_not_suffice() -> None:
    around = Surroundings(coolant_temperature_c=20.0, coolant_flow_ml_per_s=0.3)
    with opened(surroundings=around) as camera:
        assert coldest_below_ambient_c(camera) < 40.0


def seconds_to(camera: Camera, target_c: float) -> float:
    """Until the sensor is within half a degree of the target, by the camera's own reading."""
    begin_ns = camera.clock.now_ns()
    while abs(camera.control(Control.SENSOR_TEMPERATURE_C) - target_c) > 0.5:
        wait(camera, 0.5)
        assert camera.clock.now_ns() < begin_ns + 600_000_000_000
    return (camera.clock.now_ns() - begin_ns) * 1e-9


@pytest.mark.requirement("B1")
@pytest.mark.parametrize("key", MODELS)
@pytest.mark.parametrize("guarded", [True, False], ids=["through the engine", "as the vendor's library does"])
def test_minus_ten_is_reached_in_two_to_three_minutes(key: str, guarded: bool) -> None:
    with opened(key, ambient_temperature_c=20.0) as camera:
        if guarded:
            camera.set_target_temperature(-10.0)
            camera.set_cooler(True)
        else:
            camera.device.set_control(Control.TARGET_TEMPERATURE_C, -10.0)
            camera.device.set_control(Control.COOLER_ON, 1.0)
        assert 120.0 <= seconds_to(camera, -10.0) <= 180.0
        wait(camera, 180.0)
        for _ in range(60):  # and there it stays
            assert camera.control(Control.SENSOR_TEMPERATURE_C) == pytest.approx(-10.0, abs=0.1)
            wait(camera, 60.0)


@pytest.mark.requirement("B1")
def test_automatic_manual_and_stop() -> None:
    with opened(ambient_temperature_c=20.0) as camera:
        camera.set_cooler_power(50.0)
        wait(camera, HOUR_S)
        assert camera.control(Control.COOLER_POWER_PERCENT) == 50.0
        assert camera.control(Control.COOLER_ON) == 0.0
        manual_c = camera.control(Control.SENSOR_TEMPERATURE_C)
        assert -15.0 < manual_c < 0.0
        camera.set_target_temperature(manual_c)
        camera.set_cooler(True)
        assert camera.settle_temperature(0.1) is not None
        wait(camera, HOUR_S)
        assert camera.control(Control.COOLER_POWER_PERCENT) == pytest.approx(50.0, abs=1.0)
        camera.set_cooler_power(0.0)
        wait(camera, 2 * HOUR_S)
        assert camera.control(Control.COOLER_POWER_PERCENT) == 0.0
        assert camera.control(Control.SENSOR_TEMPERATURE_C) == pytest.approx(20.0, abs=0.1)


@pytest.mark.requirement("B1")
def test_what_cannot_be_reached_is_told_with_what_can() -> None:
    with opened(ambient_temperature_c=30.0) as camera:
        camera.set_target_temperature(-20.0)
        camera.set_cooler(True)
        with pytest.raises(TemperatureNotReached, match="with 100 % cooler power") as caught:
            camera.settle_temperature()
        told = re.search(r"Choose (-?\d+) C or warmer", caught.value.remedy)
        assert told is not None
        camera.set_target_temperature(float(told[1]))
        assert camera.settle_temperature() is not None
        camera.set_target_temperature(40.0)
        with pytest.raises(TemperatureNotReached, match="does not heat"):
            camera.settle_temperature()


@pytest.mark.requirement("B1")
def test_the_dark_current_follows_the_temperature_within_an_exposure() -> None:
    """While the sensor warms up, an exposure collects more than in the cold and less than at the end."""
    with opened(temperature_c=-10.0, seed=4) as camera:
        camera.configure(mode="High Gain", gain=56, exposure_s=600.0, window=Window(0, 0, 400, 300))
        cold = camera.truth(camera.expose()).electrons.mean()
        camera.warm_up(wait=False)
        warming = camera.truth(camera.expose()).electrons.mean()
        wait(camera, HOUR_S)
        warm = camera.truth(camera.expose()).electrons.mean()
    assert cold < 0.7 * warming
    assert warming < 0.9 * warm


# B2: the guard. Random call sequences are in tests/camera/test_cooling_property.py.


@pytest.mark.requirement("B2")
def test_a_cold_sensor_is_warmed_up_before_the_cooler_goes_off() -> None:
    with opened(temperature_c=-15.0, ambient_temperature_c=20.0) as camera:
        seen: list[Cooling] = []
        camera.warm_up(progress=seen.append)
        assert not camera.control(Control.COOLER_ON)
        assert seen[0].on
        assert seen[0].moving
        assert all(later.sensor_c - sooner.sensor_c < 20.0 / 60.0 for sooner, later in pairwise(seen))
        assert seen[-1].power_percent < 3.0


@pytest.mark.requirement("B2")
def test_a_cold_camera_is_not_let_go_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    camera = opened(temperature_c=-10.0)
    body, clock = camera.device.body, camera.clock  # type: ignore[attr-defined]
    with caplog.at_level(logging.WARNING, "fullwell"):
        camera.close()
    assert "left cold" in caplog.text
    assert "warm_up" in caplog.text
    clock.sleep_until(clock.now_ns() + 3_600_000_000_000)
    assert body.state().sensor_c == pytest.approx(-10.0, abs=0.1)  # and it is not cut
    caplog.clear()
    camera.open()
    assert camera.readings().target_temperature_c == -10.0
    with caplog.at_level(logging.WARNING, "fullwell"):
        camera.close(warm_up=True)
    assert "left cold" not in caplog.text
    assert not body.cooler_on


@pytest.mark.requirement("B2")
def test_the_true_state_is_read_on_connect() -> None:
    """A program that connects to a camera that cools must not say that the cooler is off (N.I.N.A. issue 319)."""
    first = opened(temperature_c=-10.0)
    first.close()
    second = Camera(first.device)
    second.open()
    assert second.control(Control.COOLER_ON) == 1.0
    assert second.readings().target_temperature_c == -10.0
    assert second.control(Control.COOLER_POWER_PERCENT) > 20.0
    cooling = second.cooling
    assert cooling is not None
    assert cooling.on
    assert not cooling.moving
    second.close(warm_up=True)


@pytest.mark.requirement("B2")
def test_the_set_point_is_kept_when_the_camera_is_lost_and_comes_back() -> None:
    """Unplugged half-way down, back later, and led on from where the sensor is."""
    device = opened(ambient_temperature_c=20.0).device
    device.close()
    with Camera(device, recover=True) as camera:
        camera.set_target_temperature(-10.0)
        camera.set_cooler(True)
        wait(camera, 60.0)
        camera.troubles.set("unplug", for_s=300.0)
        wait(camera, 200.0)
        assert camera.state is State.ERROR
        wait(camera, 400.0)
        assert camera.recoveries == 1
        assert camera.readings().target_temperature_c == -10.0
        assert camera.control(Control.SENSOR_TEMPERATURE_C) == pytest.approx(-10.0, abs=0.2)


# B6: chamber, window, dew.


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("key", MODELS)
@pytest.mark.parametrize("cooled", [False, True], ids=["warm", "cold"])
def test_the_heater_reaches_65_to_70_c_at_25_c_ambient(key: str, cooled: bool) -> None:
    with opened(key, ambient_temperature_c=25.0) as camera:
        if cooled:
            camera.set_target_temperature(-5.0)
            camera.set_cooler(True)
        camera.set_window_heater(True)
        wait(camera, 2 * HOUR_S)
        assert 65.0 <= camera.device.body.state().window_c <= 70.0  # type: ignore[attr-defined]


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("key", MODELS)
def test_the_chamber_has_sensors_for_humidity_and_pressure(key: str) -> None:
    with opened(key, ambient_temperature_c=20.0) as camera:
        warm = camera.readings()
        assert warm.humidity_percent is not None
        assert 0.0 < warm.humidity_percent < 30.0
        camera.set_target_temperature(-10.0)
        camera.set_cooler(True)
        wait(camera, HOUR_S)
        cold = camera.readings()
        assert warm.pressure_hpa is not None
        assert cold.pressure_hpa is not None
        assert cold.pressure_hpa < warm.pressure_hpa - 5.0  # a closed room with colder gas
        assert camera.expose().report.readings.humidity_percent == pytest.approx(cold.humidity_percent, abs=0.1)


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("ambient_c", [5.0, 20.0])
def test_dew_begins_where_the_dew_point_formula_puts_it(ambient_c: float) -> None:
    """Air of rising humidity round a cold camera: dry up to the dew point at the window, wet from there on."""
    with opened(ambient_temperature_c=ambient_c) as camera:
        body = camera.device.body  # type: ignore[attr-defined]
        camera.set_target_temperature(-10.0)
        camera.set_cooler(True)
        wait(camera, 2 * HOUR_S)
        window_c = body.state().window_c
        assert window_c < ambient_c - 0.9
        dry = wet = None
        for humidity in range(60, 101):
            body.surround(Surroundings(ambient_temperature_c=ambient_c, humidity_percent=float(humidity)))
            wait(camera, 300.0)
            if body.state().window_dew_um > 0.0:
                wet = humidity
                break
            dry = humidity
        assert dry is not None
        assert wet is not None
        assert dew_point_c(ambient_c, dry) <= window_c + 0.05
        assert dew_point_c(ambient_c, wet) >= window_c - 0.05
        camera.set_window_heater(True)
        wait(camera, HOUR_S)
        assert body.state().window_dew_um == 0.0  # the heater takes it away


@pytest.mark.requirement("B6")
def test_drying_needs_the_cooler_off_and_the_chamber_warm() -> None:
    with opened(temperature_c=-10.0) as camera:
        camera.device.body.let_air_in()  # type: ignore[attr-defined]
        with pytest.raises(InvalidOperation, match="cooler"):
            camera.dry()
        camera.warm_up()
        if camera.cooling is not None and camera.cooling.sensor_c < 10.0:
            with pytest.raises(InvalidOperation, match="cold"):
                camera.dry()
        wait(camera, 2 * HOUR_S)
        humid = camera.readings().humidity_percent
        with camera.dry():
            with pytest.raises(InvalidOperation, match="dried"):
                camera.set_cooler(True)
            wait(camera, 3 * HOUR_S)
        dried = camera.readings().humidity_percent
        assert humid is not None
        assert dried is not None
        assert humid > 35.0
        assert dried < 10.0
        camera.set_cooler(True)


@pytest.mark.requirement("B6")
def test_the_surroundings_are_given_once() -> None:
    with pytest.raises(InvalidValue, match="both"):
        opened(surroundings=Surroundings(), ambient_temperature_c=10.0)
