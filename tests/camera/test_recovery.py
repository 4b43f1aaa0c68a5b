"""A camera that was lost comes back by itself, as it was."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from camera.conftest import Make
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera
from fullwell.camera.heartbeat import Heartbeat
from fullwell.camera.recovery import Recovery
from fullwell.camera.states import State
from fullwell.errors import DeviceFault, DeviceLost
from tiny.cable import Cable
from tiny.waiting import NOON_NS


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> bool:
    end_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.01)
    return condition()


def lose(cable: Cable, monkeypatch: pytest.MonkeyPatch, refusals: int) -> list[str]:
    """The next frame is not read, and the next openings fail; the names of the calls."""
    calls: list[str] = []
    opening, reading = cable.open, cable.read_frame

    def open_later() -> None:
        calls.append("open")
        if len(calls) <= refusals:
            raise DeviceLost("not there yet.")
        opening()

    def unplugged(out: object) -> None:
        monkeypatch.setattr(cable, "read_frame", reading)
        raise DeviceLost("unplugged.")

    monkeypatch.setattr(cable, "open", open_later)
    monkeypatch.setattr(cable, "read_frame", unplugged)
    return calls


def test_it_comes_back_with_its_settings(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    cable = make(InstantClock(NOON_NS))
    with Camera(cable, recover=True) as cam:
        settings = cam.configure(gain=7, exposure_s=0.01)
        cam.set_target_temperature(-5)
        cam.set_cooler(True)
        calls = lose(cable, monkeypatch, refusals=1)
        with pytest.raises(DeviceLost, match=r"unplugged\."):
            cam.expose()
        assert wait_for(lambda: cam.recoveries == 1)
        assert cam.state is State.IDLE
        assert calls == ["open", "open"]
        assert cam.readings().target_temperature_c == -5
        cam.clock.sleep_until(cam.clock.now_ns() + 300_000_000_000)
        assert cable.get_control(Control.TARGET_TEMPERATURE_C) == -5
        assert cable.get_control(Control.COOLER_ON) == 1
        assert cam.expose().report.settings == settings


def test_without_the_wish_it_stays_lost(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    cable = make(InstantClock(NOON_NS))
    with Camera(cable) as cam:
        calls = lose(cable, monkeypatch, refusals=0)
        with pytest.raises(DeviceLost):
            cam.expose()
        time.sleep(0.5)
        assert cam.state is State.ERROR
        assert not calls
        with pytest.raises(DeviceFault):
            cam.expose()


def test_a_closed_camera_is_left_alone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    cable = make(InstantClock(NOON_NS))
    cam = Camera(cable, recover=True)
    cam.open()
    calls = lose(cable, monkeypatch, refusals=10**6)
    with pytest.raises(DeviceLost):
        cam.expose()
    assert wait_for(lambda: bool(calls))
    cam.close()
    attempts = len(calls)
    time.sleep(1.5)
    assert len(calls) <= attempts + 1
    assert cam.state is State.CLOSED


def test_a_camera_that_is_lost_again_while_it_comes_back_is_tried_again() -> None:
    """Another thread may find that out before the thread that opened it has told that it is back."""
    clock, lost, opened, backs = SteppedClock(NOON_NS), [True], [], []

    def reopen() -> bool:
        opened.append(clock.now_ns())
        lost[0] = len(opened) == 1
        if lost[0]:
            recovery.begin()
        return True

    recovery = Recovery(clock, reopen, lambda: lost[0], lambda took_ns, attempts: backs.append(attempts))
    recovery.begin()
    clock.step(60.0)
    assert len(opened) == 2
    assert backs == [1, 1]
    assert recovery.recoveries == 2
    assert not recovery.under_way


def test_what_was_missed_before_the_camera_was_opened_does_not_count() -> None:
    def ask() -> None:
        raise DeviceLost("gone.")

    told: list[DeviceLost] = []
    heart = Heartbeat(ask, told.append)
    heart.beat()
    heart.begin()
    heart.beat()
    assert told == []
    heart.beat()
    assert len(told) == 1
