"""The table of states is complete, and the camera obeys it."""

from __future__ import annotations

import pytest

from fullwell.camera.clock import SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.camera.firmware import Firmware
from fullwell.camera.states import TRANSITIONS, Command, Refusal, after
from fullwell.errors import Busy, DeviceFault, DeviceLost, NotConnected
from tiny.waiting import NOON_NS

EVERY = [(state, command) for state in State for command in Command]


@pytest.mark.parametrize(("state", "command"), EVERY)
def test_every_state_answers_every_command(state, command):
    step = TRANSITIONS[state][command]
    if isinstance(step, Refusal):
        with pytest.raises(step.error) as caught:
            after(state, command)
        assert caught.value.remedy.endswith(".")
        assert str(command) in caught.value.message
    else:
        assert after(state, command) is step


def test_the_table_names_nothing_else():
    assert set(TRANSITIONS) == set(State)
    assert all(set(row) == set(Command) for row in TRANSITIONS.values())


def test_closed_refuses_everything_but_open_and_close():
    for command in set(Command) - {Command.OPEN, Command.CLOSE}:
        with pytest.raises(NotConnected):
            after(State.CLOSED, command)


def test_error_refuses_everything_but_open_and_close():
    for command in set(Command) - {Command.OPEN, Command.CLOSE}:
        with pytest.raises(DeviceFault, match="smoke"):
            after(State.ERROR, command, RuntimeError("smoke"))


def test_a_busy_camera_can_always_be_aborted_and_closed():
    for state in (State.ARMED, State.EXPOSING, State.READING, State.LIVE):
        assert after(state, Command.ABORT) is State.IDLE
        assert after(state, Command.CLOSE) is State.CLOSED
        with pytest.raises(Busy):
            after(state, Command.START)


CALLS = {
    Command.OPEN: Camera.open,
    Command.CLOSE: Camera.close,
    Command.CONFIGURE: lambda cam: cam.configure(usb_traffic=7),
    Command.ADJUST: lambda cam: cam.configure(gain=7),
    Command.CONTROL: lambda cam: cam.control(Control.SENSOR_TEMPERATURE_C),
    Command.START: Camera.start,
    Command.READ: Camera.read,
    Command.STOP: Camera.stop,
    Command.ABORT: Camera.abort,
    Command.TRIGGER: Camera.trigger,
    Command.GO_LIVE: lambda cam: kept.append(cam.live()),
    Command.BURST: lambda cam: kept.append(cam.burst(frames=2)),
    Command.UPDATE: lambda cam: upgradable(cam).roll_back("fpga"),
}
kept: list = []  # an iterator that is dropped would end its live run


def upgradable(cam: Camera) -> Firmware:
    for name in ("versions", "update", "roll_back"):
        setattr(cam.device, name, lambda *_: None)
    return cam.firmware


def bring(cam: Camera, state: State, waits: bool = False) -> None:
    if state is State.CLOSED:
        return
    cam.open()
    cam.configure(exposure_s=10.0)
    if state is State.ARMED or (waits and state is State.LIVE):
        cam._device.set_control(Control.TRIGGER_INPUT, 1.0)
    if state in (State.ARMED, State.EXPOSING, State.READING):
        cam.start()
    if state is State.READING:
        cam.clock.step(20.0)
    if state is State.LIVE:
        kept.append(cam.live())
    if state is State.ERROR:
        cam._device.fail_next("start_exposure", DeviceLost("gone."))
        with pytest.raises(DeviceLost):
            cam.start()


@pytest.mark.parametrize(("state", "command"), EVERY)
def test_the_camera_does_what_the_table_says(state, command, make):
    if command is Command.READ and state in (State.ARMED, State.EXPOSING):
        pytest.skip("it waits; proved in test_engine")
    cam = Camera(make(SteppedClock(NOON_NS)))
    try:
        bring(cam, state, waits=command is Command.TRIGGER)
        assert cam.state is state
        step = TRANSITIONS[state][command]
        if isinstance(step, Refusal):
            with pytest.raises(step.error):
                CALLS[command](cam)
            assert cam.state is state
        else:
            CALLS[command](cam)
            delivered = (state, command) == (State.READING, Command.READ)
            assert cam.state is (State.IDLE if delivered else step)
    finally:
        cam.close()
        kept.clear()
