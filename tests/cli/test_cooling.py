"""A sensor is brought to its temperature before frames are taken, or the reason is given why not."""

from __future__ import annotations

import logging

import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera
from fullwell.cli.cooling import bring_to, left_as_it_is
from fullwell.errors import TemperatureNotReached
from fullwell.scene import Dark


@pytest.fixture
def camera() -> Camera:
    return fullwell.open("twin:qhy600-pro", scene=Dark(), clock=InstantClock(1_767_225_600_000_000_000))


def test_a_warm_sensor_is_cooled_first(camera: Camera, capsys: pytest.CaptureFixture[str]) -> None:
    begin_ns = camera.clock.now_ns()
    bring_to(camera, -10.0)
    assert camera.readings().sensor_temperature_c == pytest.approx(-10.0, abs=0.5)
    assert 120 < (camera.clock.now_ns() - begin_ns) * 1e-9 < 200
    assert capsys.readouterr().err.startswith("sensor at -")
    bring_to(camera, -10.0)  # it is there
    bring_to(camera, None)  # and nobody asks
    assert capsys.readouterr().err == ""


def test_what_cannot_be_reached_ends_the_run(camera: Camera) -> None:
    with pytest.raises(TemperatureNotReached, match=r"target of -40 C .* Choose -1\d C or warmer"):
        bring_to(camera, -40.0)


@pytest.mark.parametrize("lives_on", [True, False])
def test_a_camera_that_lives_on_is_not_left_without_a_word(
    camera: Camera, lives_on: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bring_to(camera, -10.0)
    with caplog.at_level(logging.WARNING), left_as_it_is(lives_on), camera:
        pass
    assert ("left cold" in caplog.text) is lives_on
