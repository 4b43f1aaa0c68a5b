"""B7, B9: the filter wheel on the camera port; who the camera says it is."""

from __future__ import annotations

import re

import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.models.facts import Window
from fullwell.scene import Flat, Uniform


@pytest.mark.requirement("B7")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_a_wheel_that_turns_through_the_camera(key: str) -> None:
    clock = InstantClock(1_767_225_600_000_000_000)
    with fullwell.open(f"twin:{key}", scene=Flat(dust=0), clock=clock) as camera:
        wheel = camera.wheel
        assert wheel is not None
        assert {"L", "R", "G", "B", "Ha"} <= set(wheel.names)
        camera.configure(exposure_s=0.1, window=Window(3000, 2000, 64, 64))
        for name in ("R", "Ha", "L"):
            before_ns = clock.now_ns()
            wheel.move(name)
            assert wheel.position == -1
            wheel.move(name, wait=True)
            assert 0.2e9 < clock.now_ns() - before_ns < 10e9
            assert wheel.names[wheel.position] == name
            assert camera.expose().report.observation.filter_name == name


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
            assert camera.identity.firmware
            names.add(camera.identity.id)
    assert len(names) == 2
