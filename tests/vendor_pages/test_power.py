"""B3, B4, B5: watts, volts behind the cable, the lock-out and its memory, and the reboot by 12 V."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera
from fullwell.camera.states import State
from fullwell.errors import DeviceLost, NotSupported
from fullwell.models.facts import Window
from fullwell.scene import Uniform
from fullwell.twin.device import TwinDevice
from fullwell.twin.surroundings import Surroundings

NOON_NS = 1_767_225_600_000_000_000
SMALL = Window(3000, 2000, 64, 64)
QUIET = {"supply_noise_v": 0.0}


def opened(key: str = "qhy600-pro", clock: InstantClock | None = None, **options: Any) -> Camera:
    clock = InstantClock(NOON_NS) if clock is None else clock
    return fullwell.open(f"twin:{key}", scene=Uniform(100.0), clock=clock, **options)


def wait(camera: Camera, seconds: float) -> None:
    camera.clock.sleep_until(camera.clock.now_ns() + round(seconds * 1e9))


def full_power(camera: Camera, percent: float = 100.0) -> None:
    camera.device.set_control(Control.COOLER_POWER_PERCENT, percent)
    wait(camera, 2.0)


def twin(camera: Camera) -> TwinDevice:
    assert isinstance(camera.device, TwinDevice)
    return camera.device


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
@pytest.mark.parametrize(("percent", "watts"), [(0, 13.8), (50, 20.0), (100, 40.0)])
def test_watts_by_cooler_power(key: str, percent: float, watts: float) -> None:
    with opened(key, surroundings=Surroundings(**QUIET)) as camera:
        full_power(camera, percent)
        feed = twin(camera).power.feed
        assert feed.power_w == pytest.approx(watts, rel=0.03)
        assert feed.voltage_v * feed.current_a == pytest.approx(watts, rel=0.03)


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("supply_v", [12.0, 13.0, 13.8])
@pytest.mark.parametrize("cable_ohm", [0.0, 0.1, 0.2])
def test_volts_at_the_camera_for_cable_and_current(supply_v: float, cable_ohm: float) -> None:
    around = Surroundings(supply_voltage_v=supply_v, cable_ohm=cable_ohm, **QUIET)
    with opened(surroundings=around) as camera:
        for percent, watts in ((0.0, 13.8), (50.0, 20.0), (100.0, 40.0)):
            full_power(camera, percent)
            told_v = camera.control(Control.SUPPLY_VOLTAGE_V)
            current_a = watts / told_v
            assert supply_v - told_v == pytest.approx(current_a * cable_ohm, rel=0.03, abs=0.001)
            assert twin(camera).power.feed.current_a == pytest.approx(current_a, rel=0.03)
        assert current_a < 4.0, "the vendor asks for a supply of 4 A"


@pytest.mark.requirement("B3")
def test_the_cable_that_the_vendor_allows_is_good_enough_at_12_5_v_and_one_twice_as_bad_is_not() -> None:
    for cable_ohm, code in ((0.2, 8), (0.45, 9)):
        around = Surroundings(supply_voltage_v=12.5, cable_ohm=cable_ohm, **QUIET)
        with opened(surroundings=around) as camera:
            full_power(camera)
            assert camera.undervoltage().code == code


def threshold_v(camera: Camera, happens: Callable[[], bool], volts: list[float]) -> float:
    """The first voltage at the camera, of a supply that sinks, at which something happens."""
    device = twin(camera)
    for supply_v in volts:
        device.power.supply.sag_v = 0.0
        device.body.surround(Surroundings(supply_voltage_v=supply_v, cable_ohm=0.0, **QUIET))
        wait(camera, 2.0)
        if happens():
            return supply_v
    raise AssertionError("it never happens")


@pytest.mark.requirement("B4")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_the_warning_comes_below_11_v(key: str) -> None:
    with opened(key, surroundings=Surroundings(cable_ohm=0.0, **QUIET)) as camera:
        volts = [11.5 - 0.01 * n for n in range(100)]
        seen_v = threshold_v(camera, lambda: camera.undervoltage().error, volts)
        assert seen_v == pytest.approx(11.0, abs=0.02)


@pytest.mark.requirement("B4")
@pytest.mark.parametrize(("firmware", "code"), [("2021-09-01", 9), ("2024-05-20", 9), ("2021-08-31", 3)])
def test_cooler_off_code_and_70_percent_until_it_is_erased(firmware: str, code: int) -> None:
    clock = InstantClock(NOON_NS)
    with opened(clock=clock, firmware=firmware, surroundings=Surroundings(**QUIET)) as camera:
        full_power(camera)
        power = twin(camera).power
        power.sag(2.0)
        assert camera.readings().cooler_power_percent == 0.0
        assert camera.control(Control.COOLER_ON) == 0.0
        assert camera.undervoltage().code == code
        power.sag(0.0)
        assert camera.undervoltage().code == code, "it is remembered when the voltage is good again"

        for how in (lambda: None, camera.close, power.cycle):
            how()
            wait(camera, 10.0)
            camera.close()
            camera.open()
            full_power(camera)
            assert camera.readings().cooler_power_percent == pytest.approx(70.0, rel=0.001)
            assert camera.undervoltage().code == code

        camera.reset_undervoltage()
        assert not camera.undervoltage().error
        full_power(camera)
        assert camera.readings().cooler_power_percent == pytest.approx(100.0)


@pytest.mark.requirement("B4")
def test_the_protection_costs_temperature_difference() -> None:
    coldest = []
    for tripped in (False, True):
        with opened(surroundings=Surroundings(**QUIET)) as camera:
            if tripped:
                twin(camera).power.provoke()
            camera.device.set_control(Control.COOLER_POWER_PERCENT, 100.0)
            wait(camera, 3600.0)
            coldest.append(camera.readings().sensor_temperature_c)
    assert coldest[0] == pytest.approx(-15.0, abs=0.5)
    assert coldest[1] > coldest[0] + 1.0


@pytest.mark.requirement("B4")
def test_a_file_of_flash_remembers_over_programs(tmp_path: Any) -> None:
    memory = tmp_path / "flash.json"
    with opened(flash=memory, surroundings=Surroundings(supply_voltage_v=10.5, **QUIET)) as camera:
        wait(camera, 2.0)
        assert camera.undervoltage().code == 9
    with opened(flash=memory) as camera:
        assert camera.undervoltage().code == 9
        full_power(camera)
        assert camera.readings().cooler_power_percent == pytest.approx(70.0, rel=0.001)


@pytest.mark.requirement("B4")
def test_as_long_as_the_voltage_is_low_the_cooler_stays_off() -> None:
    with opened(surroundings=Surroundings(supply_voltage_v=10.9, **QUIET)) as camera:
        camera.set_cooler(True)
        wait(camera, 2.0)
        assert camera.readings().cooler_power_percent == 0.0
        assert camera.control(Control.COOLER_ON) == 0.0


@pytest.mark.requirement("B4")
def test_old_firmware_takes_interference_for_low_voltage() -> None:
    with opened(firmware="2020-06-01") as old, opened() as new:
        for camera in (old, new):
            twin(camera).power.disturb()
        assert old.undervoltage().code == 3
        assert "interference" in old.undervoltage().message
        assert not new.undervoltage().error


@pytest.mark.requirement("B4")
def test_the_message_names_the_remedy_with_numbers() -> None:
    with opened() as camera:
        twin(camera).power.provoke()
        told = camera.undervoltage()
        assert "70 %" in told.message
        # 40 W at 11 V are 3.64 A; from 12 V a cable of 1 V / 3.64 A = 0.275 ohm will do.
        for words in ("40 W", "3.64 A", "V = I x R", "0.27 ohm", "11.7 V at 4 A", "reset_undervoltage()"):
            assert words in told.remedy


@pytest.mark.requirement("B4")
def test_the_42_has_no_lock_out_and_stops_instead() -> None:
    with opened("qhy42-pro", surroundings=Surroundings(**QUIET)) as camera:
        assert Control.UVLO_STATUS not in camera.controls
        for call in (camera.undervoltage, camera.reset_undervoltage):
            with pytest.raises(NotSupported):
                call()
        full_power(camera)
        twin(camera).power.sag(2.0)
        assert camera.readings().cooler_power_percent == pytest.approx(100.0), "nothing guards it"
        twin(camera).power.sag(3.5)
        with pytest.raises(DeviceLost, match=r"boots|no power"):
            camera.readings()


@pytest.mark.requirement("B5")
def test_a_reboot_by_12_v_keeps_the_session() -> None:
    clock = InstantClock(NOON_NS)
    with opened(clock=clock, recover=True, temperature_c=-10.0) as camera:
        camera.set_target_temperature(-10.0)
        camera.set_cooler(True)
        settings = camera.configure(mode="High Gain", exposure_s=30.0, gain=70, offset=20, window=SMALL)
        assert camera.wheel is not None
        camera.wheel.move("Ha", wait=True)
        camera.start()
        cold_c = camera.readings().sensor_temperature_c
        twin(camera).power.cut()
        with pytest.raises(DeviceLost):
            camera.read()
        assert camera.state is State.ERROR
        wait(camera, 60.0)
        twin(camera).power.restore()
        wait(camera, 15.0)  # 5 s of boot, and it is tried once in 10 s
        assert camera.recoveries == 1
        assert camera.state is State.IDLE
        warm_c = camera.readings().sensor_temperature_c
        assert warm_c is not None
        assert cold_c is not None
        assert warm_c > cold_c + 5.0, "the sensor has warmed up meanwhile"
        assert camera.settings == settings
        assert camera.control(Control.COOLER_ON) == 1.0
        wait(camera, 900.0)  # it is led there gradually
        assert camera.control(Control.TARGET_TEMPERATURE_C) == -10.0
        assert camera.wheel.names[camera.wheel.position] == "Ha"
        frame = camera.expose()
        assert frame.report.settings == settings
        assert frame.report.readings.sensor_temperature_c == pytest.approx(-10.0, abs=0.5)
        assert frame.doubts == ()


@pytest.mark.requirement("B5")
def test_a_camera_that_boots_says_so() -> None:
    with opened() as camera:
        twin(camera).power.cycle()
        with pytest.raises(DeviceLost, match=r"boots: 5\.0 s"):
            camera.readings()
        with pytest.raises(DeviceLost, match=r"boots"):
            camera.open()
        wait(camera, 5.0)
        camera.open()
        assert camera.state is State.IDLE
