"""B7, B9: the filter wheel on the camera port; who the camera says it is."""

from __future__ import annotations

import re
from typing import Any

import pytest

import fullwell
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.engine import Camera
from fullwell.errors import Busy, DeviceFault, DeviceLost, NotSupported
from fullwell.models.facts import Window
from fullwell.scene import Flat, Uniform
from fullwell.twin.device import TwinDevice

NOON_NS = 1_767_225_600_000_000_000
SMALL = Window(3000, 2000, 64, 64)


def opened(clock: InstantClock | SteppedClock, **options: Any) -> Camera:
    return fullwell.open("twin:qhy600-pro", scene=Flat(dust=0), clock=clock, **options)


def twin(camera: Camera) -> TwinDevice:
    assert isinstance(camera.device, TwinDevice)
    return camera.device


@pytest.mark.requirement("B7")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_a_wheel_that_turns_through_the_camera(key: str) -> None:
    clock = InstantClock(NOON_NS)
    with fullwell.open(f"twin:{key}", scene=Flat(dust=0), clock=clock) as camera:
        wheel = camera.wheel
        assert wheel is not None
        assert {"L", "R", "G", "B", "Ha"} <= set(wheel.names)
        camera.configure(exposure_s=0.1, window=SMALL)
        for name in ("R", "Ha", "L"):
            before_ns = clock.now_ns()
            wheel.move(name)
            assert wheel.position == -1
            wheel.move(name, wait=True)
            assert 0.2e9 < clock.now_ns() - before_ns < 10e9
            assert wheel.names[wheel.position] == name
            frame = camera.expose()
            assert frame.report.observation.filter_name == name
            assert frame.doubts == ()


@pytest.mark.requirement("B7")
def test_more_slots_take_more_time_and_it_goes_the_short_way() -> None:
    clock = InstantClock(NOON_NS)
    with opened(clock) as camera:
        wheel = camera.wheel
        assert wheel is not None
        spent_s = {}
        for slot in range(1, len(wheel.names)):
            wheel.move(0, wait=True)
            before_ns = clock.now_ns()
            wheel.move(slot, wait=True)
            spent_s[slot] = (clock.now_ns() - before_ns) * 1e-9
        for slot, seconds in spent_s.items():
            passed = min(slot, len(wheel.names) - slot)
            assert seconds == pytest.approx(0.3 + 0.5 * passed, abs=0.06), "0.05 s is how often it is asked"


@pytest.mark.requirement("B7")
def test_a_frame_taken_while_it_turns_says_so() -> None:
    with opened(InstantClock(NOON_NS)) as camera:
        wheel = camera.wheel
        assert wheel is not None
        camera.configure(exposure_s=0.5, window=SMALL)
        wheel.move("Ha")
        assert any(doubt.startswith("filter:") for doubt in camera.expose().doubts)
        wheel.move("Ha", wait=True)
        assert camera.expose().doubts == ()
        camera.configure(exposure_s=5.0)
        camera.start()
        wheel.move("R")
        assert any(doubt.startswith("filter:") for doubt in camera.read().doubts)


@pytest.mark.requirement("B7")
def test_after_power_up_it_homes_for_16_to_20_s_and_is_not_there_meanwhile() -> None:
    clock = InstantClock(NOON_NS)
    with opened(clock, recover=False) as camera:
        wheel = camera.wheel
        assert wheel is not None
        wheel.move(3, wait=True)
        begin_ns = clock.now_ns()
        twin(camera).power.cycle()
        with pytest.raises(DeviceLost):
            camera.readings()
        clock.sleep_until(begin_ns + 6_000_000_000)
        assert camera.device.wheel_names() == ()
        camera.open()
        with pytest.raises(Busy, match="homes"):
            wheel.move(1)
        wheel.move(1, wait=True)
        assert 16.0 + 0.8 < (clock.now_ns() - begin_ns) * 1e-9 < 20.0 + 0.9
        assert camera.wheel is wheel


@pytest.mark.requirement("B7")
def test_a_wheel_that_still_homes_when_the_camera_is_opened_is_found_later() -> None:
    clock = InstantClock(NOON_NS)
    with opened(clock) as first:
        device = twin(first)
    device.power.cycle()
    clock.sleep_until(clock.now_ns() + 6_000_000_000)
    with Camera(device) as camera:
        assert camera.wheel is None
        clock.sleep_until(clock.now_ns() + 12_000_000_000)
        assert camera.wheel is not None
        assert camera.wheel.position == 0


@pytest.mark.requirement("B7")
def test_a_stuck_wheel_is_told_after_a_minute_and_goes_on_when_it_is_freed() -> None:
    clock = InstantClock(NOON_NS)
    with opened(clock) as camera:
        wheel, real = camera.wheel, twin(camera).wheel
        assert wheel is not None
        assert real is not None
        real.jam(clock.now_ns())
        with pytest.raises(DeviceFault, match="did not reach slot 2 within 60 s"):
            wheel.move(2, wait=True)
        real.free(clock.now_ns())
        wheel.move(2, wait=True)
        assert wheel.position == 2


@pytest.mark.requirement("B7")
def test_a_wheel_whose_cable_is_out_is_not_there() -> None:
    clock = InstantClock(NOON_NS)
    with opened(clock) as camera:
        wheel, real = camera.wheel, twin(camera).wheel
        assert wheel is not None
        assert real is not None
        real.plugged = False
        assert camera.device.wheel_names() == ()
        with pytest.raises(NotSupported, match="no filter wheel"):
            wheel.move(1)
        real.plugged = True
        wheel.move(1, wait=True)


@pytest.mark.requirement("B7")
def test_the_42_has_no_wheel_port() -> None:
    with fullwell.open("twin:qhy42-pro", scene=Uniform(1.0), clock="instant") as camera:
        assert camera.wheel is None


@pytest.mark.requirement("B9")
def test_serial_number_and_firmware_are_shown() -> None:
    names = set()
    for body in (1, 2):
        with fullwell.open(f"twin:qhy600-pro#{body}", scene=Uniform(1.0), clock="instant") as camera:
            assert re.fullmatch(r"QHY600M-[0-9a-f]{16}", camera.identity.id)
            assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", camera.identity.firmware)
            assert camera.identity.fpga
            names.add(camera.identity.id)
    assert len(names) == 2
