"""Supply, flash and a wheel that homes, as programs written for libqhyccd see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import fullwell.serve.sdk.camera_ports  # noqa: F401  (registers its answers)
from fullwell.camera.clock import SteppedClock
from fullwell.connect import Surroundings, find_device
from fullwell.errors import DeviceLost
from fullwell.models.sdk import load_sdk
from fullwell.scene import Dark
from fullwell.serve.sdk.memory import Memory
from fullwell.serve.sdk.registry import CAMERA_HANDLERS
from fullwell.serve.sdk.vendor_camera import VendorCamera
from fullwell.twin.device import TwinDevice

SUPPLY, MANUAL_POWER, POWER = 67, 16, 15
ERROR = 0xFFFFFFFF
OPEN_FILES = Path("/proc/self/fd")


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(1_767_225_600_000_000_000)


@pytest.fixture
def camera(clock: SteppedClock) -> Iterator[VendorCamera]:
    around = Surroundings(supply_noise_v=0.0)
    device = find_device("twin:qhy600-pro", scene=Dark(), clock=clock, surroundings=around, recover=False)
    facts = load_sdk("qhy600-pro")
    opened = VendorCamera(device, facts, 1, Memory(facts))
    yield opened
    opened.close()


def twin(camera: VendorCamera) -> TwinDevice:
    assert isinstance(camera.device, TwinDevice)
    return camera.device


def test_low_voltage_is_told_and_remembered_until_the_flash_is_reset(
    camera: VendorCamera, clock: SteppedClock
) -> None:
    assert camera.value(SUPPLY) == 8.0
    camera.set_value(MANUAL_POWER, 255.0)
    clock.step(2.0)
    assert camera.value(POWER) == 255.0
    twin(camera).power.sag(2.0)
    assert (camera.value(SUPPLY), camera.value(POWER)) == (9.0, 0.0)
    twin(camera).power.sag(0.0)
    camera.set_value(MANUAL_POWER, 255.0)
    clock.step(2.0)
    assert camera.value(POWER) == round(0.7 * 255)
    CAMERA_HANDLERS["QHYCCDResetFlashULVOError"](camera)
    assert camera.value(SUPPLY) == 8.0
    CAMERA_HANDLERS["QHYCCDTestFlashULVOError"](camera)
    assert camera.value(SUPPLY) == 9.0


def test_start_power_and_start_settings_are_in_flash(camera: VendorCamera, clock: SteppedClock) -> None:
    assert CAMERA_HANDLERS["QHYCCDReadInitConfigFlash"](camera).written == {"block": b"\xff" * 64}
    CAMERA_HANDLERS["QHYCCDSetFlashInitPWM"](camera, 51)
    twin(camera).power.cycle()
    clock.step(7.0)
    camera.device.open()
    assert camera.value(POWER) == 51.0


def test_a_camera_that_cannot_be_opened_leaves_no_file_behind(
    camera: VendorCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program may try again and again until the camera has power."""

    def refuse(_device: TwinDevice) -> None:
        raise DeviceLost("the camera is not there.", "Switch it on.")

    monkeypatch.setattr(TwinDevice, "open", refuse)
    before = len(list(OPEN_FILES.iterdir()))
    for _ in range(3):
        with pytest.raises(DeviceLost):
            VendorCamera(camera.device, camera.facts, 2, Memory(camera.facts))
    assert len(list(OPEN_FILES.iterdir())) == before


def test_the_wheel_is_not_plugged_while_it_homes(camera: VendorCamera, clock: SteppedClock) -> None:
    plugged = CAMERA_HANDLERS["IsQHYCCDCFWPlugged"]
    assert plugged(camera).result == 0
    twin(camera).power.cycle()
    clock.step(7.0)
    camera.device.open()
    assert plugged(camera).result == ERROR
    clock.step(10.0)
    assert plugged(camera).result == 0
