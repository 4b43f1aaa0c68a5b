"""S8: a change of mode keeps the user's gain and offset, and the frame says what the sensor used."""

from __future__ import annotations

import pytest

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Dark


@pytest.mark.requirement("S8")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_gain_offset_and_exposure_survive_every_change_of_mode(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=1) as camera:
        camera.configure(gain=57, offset=81, exposure_s=1.25, usb_traffic=7, window=Window(4, 6, 32, 16))
        for number in [0, 1, 2, 3, 4, 5, 0, 3]:
            settings = camera.configure(mode=number)
            assert (settings.mode, settings.gain, settings.offset) == (number, 57, 81)
            assert (settings.exposure_s, settings.usb_traffic) == (1.25, 7)
            used = camera.expose().report.settings
            assert used == settings
