"""B4, B9: what a real camera tells of its supply and its versions, through the vendor's functions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import fullwell
from fullwell.camera.controls import Control
from fullwell.errors import NotSupported


@pytest.mark.requirement("B9")
@pytest.mark.requirement("B4")
def test_status_and_versions_are_told_the_voltage_is_not(real: Callable[..., str], tmp_path) -> None:
    with fullwell.open(real("twin:qhy600-pro", "--scene", "uniform", "--seed", "4"), link="usb3") as camera:
        assert camera.undervoltage().code == 8
        camera.reset_undervoltage()
        assert camera.undervoltage().code == 8
        assert Control.SUPPLY_VOLTAGE_V not in camera.controls
        assert [each.running for each in camera.firmware.versions] == ["2024-05-20", "22-6-1-0"]
        image = tmp_path / "new.img"
        image.write_bytes(b"anything")
        with pytest.raises(NotSupported, match="vendor's own tool"):
            camera.firmware.update(image)
