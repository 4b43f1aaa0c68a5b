"""Where the engine is tested: on a plain device that only obeys, and on the twin of the same small camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from fullwell.camera.clock import Clock, InstantClock, SteppedClock
from fullwell.camera.engine import Camera
from fullwell.models.facts import CameraModel
from tiny.cable import Cable
from tiny.device import plain, twin
from tiny.model import tiny_model
from tiny.waiting import NOON_NS

Make = Callable[..., Cable]


@pytest.fixture(params=[plain, twin], ids=["plain", "twin"])
def make(request: pytest.FixtureRequest) -> Make:
    """Make a device on a clock."""

    def made(clock: Clock, *, model: CameraModel | None = None, link: str = "usb3", **cable: object) -> Cable:
        return Cable(request.param(clock, model or tiny_model(), link), **cable)

    return made


@pytest.fixture
def device(make: Make) -> Cable:
    return make(InstantClock(NOON_NS))


@pytest.fixture
def cam(device: Cable) -> Iterator[Camera]:
    """On a clock that jumps."""
    with Camera(device) as camera:
        yield camera


@pytest.fixture
def stepped(make: Make) -> Iterator[Camera]:
    """On a clock that stands until the test steps it."""
    with Camera(make(SteppedClock(NOON_NS))) as camera:
        yield camera
