"""The engine copes: it notices that a camera is gone, brings it back as it was, and says so."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest

import fullwell
from fullwell.camera import heartbeat
from fullwell.camera.alarms import AlarmEvent, AlarmKind
from fullwell.camera.care import HEARTBEAT_S
from fullwell.camera.clock import InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.errors import DeviceFault, DeviceLost
from fullwell.models.facts import Window
from fullwell.record.header import header
from fullwell.scene import Uniform

NOON_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock(NOON_NS)


@pytest.fixture
def cam(clock: InstantClock) -> Iterator[Camera]:
    with fullwell.open("twin:qhy600-pro", scene=Uniform(100.0), clock=clock, threads=1) as camera:
        camera.configure(exposure_s=10.0, gain=40, window=Window(0, 0, 64, 48))
        yield camera


def once(clock: InstantClock, seconds: float, act: object) -> None:
    def tick() -> None:
        ticking.stop()
        act()

    ticking = clock.every(round(seconds * 1e9), tick)


def wait(clock: InstantClock, seconds: float) -> None:
    clock.sleep_until(clock.now_ns() + round(seconds * 1e9))


def happened(cam: Camera) -> list[tuple[str, str]]:
    return [(str(event.alarm.kind), event.change) for event in cam.alarms.events()]


def test_an_idle_camera_that_is_unplugged_is_noticed(cam: Camera, clock: InstantClock) -> None:
    cam.troubles.set("unplug")
    assert cam.state is State.IDLE  # nobody has asked yet
    wait(clock, (heartbeat.MISSED + 1) * HEARTBEAT_S)
    assert cam.state is State.ERROR
    assert isinstance(cam.last_error, DeviceLost)
    assert [alarm.kind for alarm in cam.alarms.standing] == [AlarmKind.CAMERA_LOST]
    with pytest.raises(DeviceFault):
        cam.start()


def test_a_heart_that_asks_for_a_setting_would_never_notice(
    cam: Camera, clock: InstantClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutation that the test above must catch: settings read fine with the cable pulled."""
    monkeypatch.setattr(heartbeat, "PULSES", (Control.GAIN,))
    cam.troubles.set("unplug")
    wait(clock, 600)
    assert cam.state is State.IDLE


def test_one_missed_beat_is_no_loss(cam: Camera, clock: InstantClock) -> None:
    once(clock, 1.0, lambda: cam.troubles.set("hang", for_s=HEARTBEAT_S))
    wait(clock, 60)
    assert cam.state is State.IDLE
    assert happened(cam) == []


def test_it_comes_back_as_it_was(cam: Camera, clock: InstantClock) -> None:
    cam.set_target_temperature(-5)
    cam.set_cooler(True)
    settings = cam.settings
    cam.troubles.set("unplug", for_s=100)
    wait(clock, 200)
    assert cam.state is State.IDLE
    assert cam.recoveries == 1
    assert cam.control(Control.COOLER_ON) == 1
    assert cam.readings().target_temperature_c == -5
    lost = [event for event in happened(cam) if event[0] != "ramp held back"]
    assert lost == [("camera lost", "begins"), ("camera lost", "ends"), ("camera back", "happens")]
    assert cam.alarms.standing == ()
    assert cam.expose().report.settings == settings


def test_the_exposure_goes_on_in_the_camera_and_is_read_after_all(cam: Camera, clock: InstantClock) -> None:
    begin_ns = clock.now_ns()
    once(clock, 3, lambda: cam.troubles.set("unplug", for_s=30))
    frame = cam.expose()
    assert frame.start_ns == begin_ns
    assert frame.report.settings == cam.settings
    assert frame.doubts == ()
    assert 30 < (clock.now_ns() - begin_ns) * 1e-9 < 60
    assert cam.truth(frame).row0_start_ns == begin_ns
    assert AlarmKind.CAMERA_LOST in [alarm.kind for alarm in frame.alarms]
    history = [card.value for card in header(frame) if card.keyword == "HISTORY"]
    assert any(line.startswith("alarm: camera lost") for line in history)
    assert cam.expose().alarms == ()


def test_an_exposure_that_does_not_come_back_is_reported_lost(cam: Camera, clock: InstantClock) -> None:
    once(clock, 3, lambda: cam.troubles.set("unplug", for_s=1000))
    begin_ns = clock.now_ns()
    with pytest.raises(DeviceLost):
        cam.expose()
    assert (clock.now_ns() - begin_ns) * 1e-9 == pytest.approx(123, abs=1)
    wait(clock, 1200)
    assert cam.state is State.IDLE
    assert cam.expose().doubts == ()


def test_an_exposure_that_nobody_waited_for_is_not_kept(cam: Camera, clock: InstantClock) -> None:
    cam.start()
    cam.troubles.set("unplug", for_s=10)
    wait(clock, 60)
    assert cam.state is State.IDLE
    cam.start()
    assert cam.read().doubts == ()


def test_a_camera_that_hangs_for_long_is_lost_and_comes_back_with_the_frame(
    cam: Camera, clock: InstantClock
) -> None:
    begin_ns = clock.now_ns()
    once(clock, 3, lambda: cam.troubles.set("hang", for_s=60))
    assert cam.expose().start_ns == begin_ns
    assert cam.recoveries == 1


def test_a_live_run_ends_and_the_next_one_is_good(cam: Camera, clock: InstantClock) -> None:
    cam.configure(exposure_s=0.5)
    once(clock, 3, lambda: cam.troubles.set("unplug", for_s=10))
    taken = []
    with pytest.raises(DeviceLost), cam.live() as live:
        taken.extend((frame.start_ns, cam.truth(frame).row0_start_ns) for frame in live)
    assert 1 <= len(taken) <= 6
    assert all(told == true for told, true in taken)
    wait(clock, 60)
    with cam.live(frames=3) as live:
        assert [frame.doubts for frame in live] == [()] * 3


def test_a_frame_that_did_not_arrive_is_an_error_once(cam: Camera, clock: InstantClock) -> None:
    cam.troubles.set("lost-packets", rate=1, for_s=15)
    with pytest.raises(DeviceFault, match="did not arrive whole"):
        cam.expose()
    wait(clock, 10)
    assert cam.expose().doubts == ()


def test_close_ends_heartbeat_and_recovery(cam: Camera, clock: InstantClock) -> None:
    cam.troubles.set("unplug")
    wait(clock, 10)
    cam.close()
    assert cam.alarms.standing == ()
    cam.troubles.clear()
    wait(clock, 100)
    assert cam.state is State.CLOSED


def test_the_computers_clock_jumps(cam: Camera, clock: InstantClock) -> None:
    once(clock, 5, lambda: cam.troubles.set("clock-jump", step_s=-30))
    frame = cam.expose()
    wait(clock, 30)
    assert happened(cam) == [("clock jumped", "happens")]
    assert "-30.000 s" in cam.alarms.events()[0].alarm.text
    assert cam.truth(frame).row0_start_ns == frame.start_ns


def test_doubtful_and_lost_frames_are_told_but_not_each(cam: Camera, clock: InstantClock) -> None:
    cam.configure(exposure_s=0.01)
    cam.troubles.set("zero-frames", rate=1)
    with cam.live(frames=50, ring=50) as live:
        doubtful = sum(bool(frame.doubts) for frame in live)
    assert doubtful == 50
    told = [event for event in cam.alarms.events() if event.alarm.kind is AlarmKind.FRAME_DOUBTFUL]
    assert 1 <= len(told) <= 5


def test_listeners_hear_and_can_leave(cam: Camera, clock: InstantClock) -> None:
    heard: list[AlarmEvent] = []

    def broken(event: AlarmEvent) -> None:
        raise RuntimeError

    cam.alarms.subscribe(broken)
    leave = cam.alarms.subscribe(heard.append)
    cam.troubles.set("unplug", for_s=20)
    wait(clock, 60)
    assert [event.number for event in heard] == [1, 2, 3]
    assert [event.number for event in cam.alarms.events(after=2)] == [3]
    leave()
    cam.troubles.set("unplug", for_s=20)
    wait(clock, 60)
    assert len(heard) == 3


def test_a_camera_that_nobody_holds_has_no_heart(clock: InstantClock) -> None:
    camera = fullwell.open("twin:qhy42-pro", scene=Uniform(1.0), clock=clock, threads=1)
    asked = []
    device = camera.device
    get_control = device.get_control
    device.get_control = lambda control: asked.append(control) or get_control(control)
    wait(clock, 10)
    assert asked
    del camera
    gc.collect()
    asked.clear()
    wait(clock, 100)
    assert not asked


def test_a_camera_that_had_no_power_boots_and_is_as_it_was(cam: Camera, clock: InstantClock) -> None:
    cam.set_target_temperature(-5)
    cam.set_cooler(True)
    cam.wheel.move("R", wait=True)
    settings = cam.settings
    once(clock, 3, lambda: cam.troubles.set("power-cut", for_s=30))
    begin_ns = clock.now_ns()
    with pytest.raises(DeviceLost, match="no power"):
        cam.expose()
    assert cam.alarms.stands(AlarmKind.CAMERA_LOST) or cam.recoveries
    wait(clock, 120)
    assert cam.recoveries == 1
    assert cam.control(Control.COOLER_ON) == 1
    assert cam.control(Control.TARGET_TEMPERATURE_C) == -5
    assert cam.wheel.names[cam.wheel.position] == "R"
    frame = cam.expose()
    assert frame.report.settings == settings
    assert frame.report.observation.filter_name == "R"
    assert frame.start_ns > begin_ns + 30 * SECOND_NS


def test_a_stuck_wheel_and_a_low_supply_are_told(cam: Camera, clock: InstantClock) -> None:
    cam.troubles.set("stuck-wheel")
    cam.wheel.move("B")
    cam.troubles.set("sag", sag_v=1.3)
    wait(clock, 120)
    standing = {alarm.kind for alarm in cam.alarms.standing}
    assert AlarmKind.WHEEL in standing
    assert AlarmKind.SUPPLY_LOW in standing
    cam.troubles.clear()
    wait(clock, 120)
    assert AlarmKind.WHEEL not in {alarm.kind for alarm in cam.alarms.standing}
    assert AlarmKind.SUPPLY_LOW not in {alarm.kind for alarm in cam.alarms.standing}


def test_a_cooler_that_does_not_get_there_is_told(cam: Camera, clock: InstantClock) -> None:
    cam.troubles.set("weak-cooler", strength=0.1)
    cam.set_target_temperature(-10)
    cam.set_cooler(True)
    wait(clock, 1800)
    assert AlarmKind.TEMPERATURE in {alarm.kind for alarm in cam.alarms.standing}
    cam.troubles.clear()
    wait(clock, 1800)
    assert cam.alarms.standing == ()


def test_a_stuck_thermometer_is_told(cam: Camera, clock: InstantClock) -> None:
    cam.set_target_temperature(-10)
    cam.set_cooler(True)
    wait(clock, 1200)
    cam.troubles.set("stuck-thermometer", reading_c=2.0)
    wait(clock, 900)
    assert AlarmKind.THERMOMETER in {alarm.kind for alarm in cam.alarms.standing}


def test_a_healthy_night_has_no_alarms(cam: Camera, clock: InstantClock) -> None:
    """Four hours with cooling, filters and frames; nothing may be told but that cooling down takes its time."""
    cam.set_target_temperature(-10)
    cam.set_cooler(True)
    for name in ("L", "R", "G", "B"):
        cam.wheel.move(name, wait=True)
        for _ in range(3):
            assert cam.expose().alarms == ()
            wait(clock, 1200)
    assert {kind for kind, _ in happened(cam)} <= {"ramp held back"}


def test_a_wheel_that_was_out_when_the_camera_came_back_is_told_and_turned_back(
    cam: Camera, clock: InstantClock
) -> None:
    """Night 116 of the thousand found that nobody was told, and the filter stayed wrong."""
    cam.wheel.move("B", wait=True)
    cam.troubles.set("wheel-unplugged", for_s=300)
    cam.troubles.set("power-cut", for_s=10)
    wait(clock, 200)
    assert cam.recoveries == 1
    assert AlarmKind.WHEEL in {alarm.kind for alarm in cam.alarms.standing}
    wait(clock, 200)
    assert cam.wheel.names[cam.wheel.position] == "B"
    wait(clock, 60)
    assert AlarmKind.WHEEL not in {alarm.kind for alarm in cam.alarms.standing}
    assert cam.expose().doubts == ()
