"""Exposures that wait for a trigger: armed, started, timed out, abandoned; on a plain device and on the twin."""

from __future__ import annotations

import pytest

from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.errors import DeviceLost, ExposureAborted, InvalidOperation, OutOfRange, TriggerTimeout
from tiny.waiting import NOON_NS, InThread


@pytest.fixture
def armed(make):
    """A camera whose exposures wait, on a clock that stands."""
    with Camera(make(SteppedClock(NOON_NS))) as camera:
        camera.configure(exposure_s=1.0)
        camera._device.set_control(Control.TRIGGER_INPUT, 1.0)
        yield camera


def test_an_armed_exposure_begins_with_the_trigger(armed):
    armed.start()
    armed.clock.step(100.0)
    assert armed.state is State.ARMED
    assert armed.remaining_s() > 0
    assert armed.progress_percent() == 0
    trigger_ns = armed.clock.now_ns()
    armed.trigger()
    armed.clock.step(0.5)
    assert armed.state is State.EXPOSING
    assert 49 <= armed.progress_percent() <= 50
    armed.clock.step(0.6)
    assert armed.state is State.READING
    armed.clock.step(10.0)
    frame = armed.read()
    assert 0 <= frame.start_ns - trigger_ns < 1_000_000
    assert armed.state is State.IDLE


def test_a_reader_waits_for_the_trigger(armed):
    armed.start()
    reading = InThread(armed.read)
    assert reading.running(0.2)
    armed.trigger()
    armed.clock.step(20.0)
    assert reading.outcome().start_ns >= NOON_NS


def test_no_trigger_in_time(armed):
    armed.start()
    reading = InThread(lambda: armed.read(trigger_timeout_s=5.0))
    assert reading.running(0.2)
    armed.clock.step(5.0)
    assert isinstance(reading.outcome(), TriggerTimeout)
    assert armed.state is State.ARMED, "it goes on waiting"
    armed.trigger()
    armed.clock.step(20.0)
    assert armed.read(trigger_timeout_s=0.0).start_ns == pytest.approx(NOON_NS + 5_000_000_000, abs=1_000_000)
    with pytest.raises(OutOfRange):
        armed.read(trigger_timeout_s=-1.0)


def test_expose_without_a_trigger_leaves_nothing_behind(make):
    with Camera(make(InstantClock(NOON_NS))) as camera:
        camera._device.set_control(Control.TRIGGER_INPUT, 1.0)
        with pytest.raises(TriggerTimeout, match="2 s"):
            camera.expose(trigger_timeout_s=2.0)
        assert camera.state is State.IDLE
        assert camera.clock.now_ns() == NOON_NS + 2_000_000_000
        camera._device.set_control(Control.TRIGGER_INPUT, 0.0)
        assert camera.expose().number == 1


@pytest.mark.parametrize("end", [Camera.abort, Camera.close])
def test_waiting_can_be_abandoned(armed, end):
    armed.start()
    reading = InThread(armed.read)
    assert reading.running(0.1)
    end(armed)
    assert isinstance(reading.outcome(), ExposureAborted)
    assert armed.state in (State.IDLE, State.CLOSED)


def test_nothing_to_trigger_is_told(make):
    with Camera(make(SteppedClock(NOON_NS))) as camera:
        with pytest.raises(InvalidOperation, match="nothing waits"):
            camera.trigger()
        with camera.live(), pytest.raises(InvalidOperation, match="do not wait"):
            camera.trigger()


def test_a_cable_that_breaks_while_armed(armed):
    armed.start()
    armed._device.unplugged = True
    assert armed.state is State.ARMED
    with pytest.raises(DeviceLost):
        armed.read()
    assert armed.state is State.ERROR
