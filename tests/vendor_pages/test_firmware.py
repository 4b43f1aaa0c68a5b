"""B8, B9: versions are shown; firmware and FPGA come in over USB, verified, and never leave a dead camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera
from fullwell.camera.states import State
from fullwell.connect import FirmwareImage
from fullwell.errors import Busy, DeviceFault, DeviceLost, InvalidOperation, InvalidValue, NotSupported
from fullwell.models.facts import Window
from fullwell.record import write_fits
from fullwell.scene import Uniform
from fullwell.twin.device import TwinDevice

NOON_NS = 1_767_225_600_000_000_000
SMALL = Window(3000, 2000, 64, 64)
BLOCKS = 8


def opened(**options: Any) -> Camera:
    return fullwell.open("twin:qhy600-pro", scene=Uniform(100.0), clock=InstantClock(NOON_NS), **options)


def twin(camera: Camera) -> TwinDevice:
    assert isinstance(camera.device, TwinDevice)
    return camera.device


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "new.img"
    payload = bytes(range(256)) * 256 * BLOCKS
    path.write_bytes(FirmwareImage("qhy600-pro", "firmware", "2025-03-01", payload).pack())
    return path


@pytest.mark.requirement("B8")
def test_an_update_is_verified_booted_and_shown_and_the_settings_stay(image: Path) -> None:
    with opened() as camera:
        before = camera.identity.firmware
        settings = camera.configure(mode="High Gain", gain=70, exposure_s=0.5, window=SMALL)
        seen: list[tuple[int, int]] = []
        camera.firmware.update(image, lambda *step: seen.append(step))
        assert seen == [(n + 1, 2 * BLOCKS) for n in range(2 * BLOCKS)]
        assert camera.identity.firmware == "2025-03-01"
        assert camera.firmware.versions[0].spare == before
        assert camera.settings == settings
        assert camera.expose().report.settings == settings
        camera.firmware.roll_back("firmware")
        assert camera.identity.firmware == before


@pytest.mark.requirement("B8")
@pytest.mark.parametrize("cut_at", range(2 * BLOCKS))
def test_a_power_cut_at_any_block_leaves_the_old_version(image: Path, cut_at: int) -> None:
    with opened(recover=False) as camera:
        before, device = camera.identity.firmware, twin(camera)

        def cut(done: int, _: int) -> None:
            if done == cut_at + 1:
                device.power.cycle()

        # After the last block is verified the boot loader takes the new version: a cut then is a boot.
        done = cut_at == 2 * BLOCKS - 1
        if done:
            camera.firmware.update(image, cut)
        else:
            with pytest.raises(DeviceLost):
                camera.firmware.update(image, cut)
            assert camera.state is State.ERROR
            camera.clock.sleep_until(camera.clock.now_ns() + 6_000_000_000)
            camera.open()
        assert camera.identity.firmware == ("2025-03-01" if done else before)
        assert camera.configure(window=SMALL)
        assert camera.expose().data.shape == (64, 64)


@pytest.mark.requirement("B8")
def test_a_version_that_nobody_could_open_is_given_up_at_the_next_boot(image: Path) -> None:
    with opened(recover=False) as camera:
        before, device = camera.identity.firmware, twin(camera)
        device.update(image.read_bytes())
        assert camera.identity.firmware == "2025-03-01"
        device.power.cycle()
        assert camera.identity.firmware == before


@pytest.mark.requirement("B8")
def test_a_block_that_does_not_read_back_is_found(image: Path) -> None:
    with opened() as camera:
        before = camera.identity.firmware
        twin(camera).loader.bad_block = 3
        with pytest.raises(DeviceFault, match="verification failed"):
            camera.firmware.update(image)
        camera.open()
        assert camera.identity.firmware == before
        with pytest.raises(InvalidOperation, match="no other firmware"):
            camera.firmware.roll_back("firmware")


@pytest.mark.requirement("B8")
def test_refused_while_exposing_live_or_closed(image: Path) -> None:
    with opened() as camera:
        camera.configure(exposure_s=10.0, window=SMALL)
        camera.start()
        for change in (lambda: camera.firmware.update(image), lambda: camera.firmware.roll_back("fpga")):
            with pytest.raises(Busy, match="cannot change the firmware: an exposure is running"):
                change()
        camera.abort()
        with camera.live(), pytest.raises(Busy, match="the camera is live"):
            camera.firmware.update(image)


@pytest.mark.requirement("B8")
def test_refused_while_the_sensor_is_cooled(image: Path) -> None:
    """The boot cuts the cooler, and the sensor would warm up as fast as physics lets it."""
    with opened(temperature_c=-10.0) as camera:
        before = camera.firmware.versions
        for change in (lambda: camera.firmware.update(image), lambda: camera.firmware.roll_back("fpga")):
            with pytest.raises(InvalidOperation, match="its cooler goes off at once") as caught:
                change()
            assert "warm_up()" in caught.value.remedy
        assert camera.firmware.versions == before
        assert camera.state is State.IDLE
        camera.warm_up()
        camera.firmware.update(image)
        assert camera.identity.firmware == "2025-03-01"


@pytest.mark.requirement("B8")
def test_images_that_are_damaged_or_for_another_camera_change_nothing(image: Path, tmp_path: Path) -> None:
    whole = image.read_bytes()
    other = FirmwareImage("qhy42-pro", "firmware", "2025-03-01", b"code").pack()
    with opened() as camera:
        before = camera.firmware.versions
        for place in (0, 20, 60, len(whole) // 2, len(whole) - 1):
            path = tmp_path / "bad.img"
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(InvalidValue):
                camera.firmware.update(path)
        for content in (b"", whole[:-1], whole + b"x", other):
            path.write_bytes(content)
            with pytest.raises(InvalidValue):
                camera.firmware.update(path)
        assert camera.firmware.versions == before
        assert camera.state is State.IDLE


@pytest.mark.requirement("B9")
def test_serial_number_and_versions_are_in_every_file(tmp_path: Path) -> None:
    from astropy.io import fits

    with opened(firmware="2022-02-03") as camera:
        camera.configure(window=SMALL, exposure_s=0.1)
        path = write_fits(camera.expose(), tmp_path / "frame.fits")
        header = fits.getheader(path)
        assert header["FIRMWARE"] == "2022-02-03"
        assert header["FPGAVERS"] == camera.identity.fpga
        assert camera.identity.id in str(header)


@pytest.mark.requirement("B8")
def test_the_firmware_of_a_real_camera_is_told_and_left_alone() -> None:
    from fullwell.camera.firmware import upgradable

    with pytest.raises(NotSupported, match="vendor's own tool"):
        upgradable(object())
