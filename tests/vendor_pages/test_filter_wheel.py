"""B7: the filter wheel on the camera's port: names, and moves that take time."""

from __future__ import annotations

import pytest

import fullwell
from fullwell.camera.clock import SteppedClock
from fullwell.models.facts import Window
from fullwell.scene import Dark


@pytest.mark.requirement("B7")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_the_wheel_moves_through_the_camera(key: str) -> None:
    clock = SteppedClock(1_800_000_000_000_000_000)
    with fullwell.open(f"twin:{key}", scene=Dark(), clock=clock, seed=1, filter="L") as camera:
        camera.configure(window=Window(0, 0, 16, 16), exposure_s=1e-3)
        wheel = camera.wheel
        assert wheel.names[:4] == ("L", "R", "G", "B")
        assert wheel.position == 0
        wheel.move("G")
        assert wheel.position == -1
        clock.step(60.0)
        assert wheel.position == 2
        camera.start()
        clock.step(10.0)
        assert camera.read().report.observation.filter_name == "G"
