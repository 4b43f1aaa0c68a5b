"""The board of troubles: each does what it says, no more, and ends when it is cleared."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import fullwell
from fullwell.camera.agenda import Ticking
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.camera.ledger import Fate
from fullwell.errors import DeviceLost, FrameTimeout, InvalidValue, NotSupported, OutOfRange, UnknownName
from fullwell.models.facts import Window
from fullwell.scene import Uniform
from fullwell.twin.befalling import frame_effects
from fullwell.twin.faults import FaultKind, FaultPlan
from fullwell.twin.troubles import TROUBLES, Board

NOON_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock(NOON_NS)


@pytest.fixture
def cam(clock: InstantClock) -> Iterator[Camera]:
    with fullwell.open("twin:qhy600-pro", scene=Uniform(100.0), clock=clock, threads=1, recover=False) as camera:
        camera.configure(exposure_s=10.0, window=Window(0, 0, 64, 48))
        yield camera


def at(clock: InstantClock, seconds: float, name: str, camera: Camera, **values: float) -> None:
    """Set a trouble once, so many seconds from now."""

    def once() -> None:
        ticking.stop()
        camera.troubles.set(name, **values)

    ticking = clock.every(round(seconds * 1e9), once)


def test_names_and_limits_of_the_table_are_sound() -> None:
    assert len({each.name for each in TROUBLES}) == len(TROUBLES)
    for trouble in TROUBLES:
        assert trouble.description.endswith(".")
        assert trouble.source
        for parameter in trouble.parameters:
            assert parameter.low <= parameter.default <= parameter.high
            assert parameter.unit == "" or "_" in parameter.name


def test_each_trouble_can_be_set_and_cleared_and_leaves_a_good_camera(cam: Camera, clock: InstantClock) -> None:
    for name in cam.troubles.known:
        cam.troubles.set(name)
        assert [each.name for each in cam.troubles.active] == [name]
        cam.troubles.clear(name)
    assert cam.troubles.active == ()
    cam.close()
    clock.sleep_until(clock.now_ns() + 60 * SECOND_NS)  # it boots, for it had no power
    cam.open()
    assert cam.expose().doubts == ()


@pytest.mark.parametrize(
    ("name", "values", "error", "words"),
    [
        ("unplugg", {}, UnknownName, "Did you mean 'unplug'"),
        ("lost-packets", {"rat": 0.1}, UnknownName, "Did you mean 'rate'"),
        ("lost-packets", {"rate": 1.5}, OutOfRange, "outside 0 to 1"),
        ("lost-packets", {"rate": "much"}, InvalidValue, "must be a number"),
        ("lost-packets", {"for_s": -1}, OutOfRange, "for_s"),
        ("unplug", {"rate": 0.1}, UnknownName, "none"),
    ],
)
def test_impossible_troubles_are_refused(cam: Camera, name: str, values: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        cam.troubles.set(name, **values)
    assert cam.troubles.active == ()


def test_an_unplugged_camera_reads_fine_from_memory_and_ends_the_exposure(
    cam: Camera, clock: InstantClock
) -> None:
    at(clock, 3, "unplug", cam)
    with pytest.raises(DeviceLost, match="data cable is out"):
        cam.expose()
    assert clock.now_ns() == pytest.approx(NOON_NS + 3 * SECOND_NS, abs=0.1 * SECOND_NS)
    assert cam.state is State.ERROR
    device = cam.device
    assert device.get_control(Control.GAIN) == cam.settings.gain
    for control in (Control.SENSOR_TEMPERATURE_C, Control.WHEEL_POSITION, Control.COOLER_POWER_PERCENT):
        with pytest.raises(DeviceLost):
            device.get_control(control)
    with pytest.raises(DeviceLost):
        device.open()
    cam.troubles.clear("unplug")
    with pytest.raises(DeviceLost, match="cut meanwhile"):
        device.get_control(Control.SENSOR_TEMPERATURE_C)
    cam.open()
    assert cam.expose().report.sequence == 0


def test_the_frame_that_was_under_way_can_be_had_after_all(cam: Camera, clock: InstantClock) -> None:
    device = cam.device
    device.start_exposure()
    begin_ns = clock.now_ns()
    clock.sleep_until(begin_ns + SECOND_NS)
    cam.troubles.set("unplug")
    clock.sleep_until(begin_ns + 20 * SECOND_NS)
    cam.troubles.clear()
    device.close()
    device.open()
    assert device.resume()
    frame = cam._lend()
    report = device.read_frame(frame)
    assert report.row0_start_ns == begin_ns
    assert not device.resume()


def test_initialise_abandons_what_is_held(cam: Camera, clock: InstantClock) -> None:
    device = cam.device
    device.start_exposure()
    cam.troubles.set("unplug")
    cam.troubles.clear()
    device.close()
    device.open()
    device.initialise(0, "single")
    assert not device.resume()


def test_a_live_run_ends_when_the_cable_comes_out(cam: Camera, clock: InstantClock) -> None:
    cam.configure(exposure_s=0.5)
    at(clock, 2.2, "unplug", cam)
    taken = []
    with pytest.raises(DeviceLost), cam.live() as live:
        taken.extend(frame.report.sequence for frame in live)
    assert taken == list(range(len(taken)))
    assert 1 <= len(taken) <= 4


def test_a_camera_that_hangs_is_late(cam: Camera, clock: InstantClock) -> None:
    cam.device.start_exposure()
    begin_ns = clock.now_ns()
    cam.troubles.set("hang", for_s=30)
    assert cam.device.read_frame(cam._lend()).sequence == 0
    assert clock.now_ns() == pytest.approx(begin_ns + 30 * SECOND_NS, abs=SECOND_NS)


def test_a_hanging_camera_refuses_calls(cam: Camera) -> None:
    cam.troubles.set("hang")
    with pytest.raises(DeviceLost, match="does not answer"):
        cam.device.get_control(Control.SENSOR_TEMPERATURE_C)
    cam.troubles.clear("hang")
    assert cam.device.get_control(Control.SENSOR_TEMPERATURE_C) > -60


def test_lost_packets_cost_the_frame(cam: Camera) -> None:
    cam.troubles.set("lost-packets", rate=1)
    with pytest.raises(FrameTimeout, match="did not arrive whole"):
        cam.expose()


def test_lost_packets_leave_gaps_in_a_live_run(cam: Camera) -> None:
    """40 frames of 60 at a rate of 0.5: fewer than 5 lost has a probability below 1e-6."""
    cam.configure(exposure_s=0.01)
    cam.troubles.set("lost-packets", rate=0.5)
    with cam.live(frames=40) as live:
        for _ in live:
            pass
    lost = live.ledger.count(Fate.LOST_ON_LINK)
    assert lost >= 10
    assert live.ledger.frames == 40 + lost


@pytest.mark.parametrize("name", ["zero-frames", "repeated-frames", "torn-frames"])
def test_spoiled_frames_are_doubted_and_the_answer_key_tells(cam: Camera, name: str) -> None:
    cam.expose()
    cam.troubles.set(name, rate=1)
    frame = cam.expose()
    word = name.split("-", maxsplit=1)[0]
    assert frame.doubts[0].startswith(word)
    effects = cam.truth(frame).effects
    assert effects["fault"].startswith(word)
    assert effects["troubles"].startswith(name)
    cam.troubles.clear()
    frame = cam.expose()
    assert frame.doubts == ()
    assert "troubles" not in cam.truth(frame).effects


def test_a_rate_befalls_that_part_of_the_frames() -> None:
    """Binomial, 20,000 frames at 0.1: 5 sigma are 212; false alarm 6e-7."""
    plan = FaultPlan(seed=3)
    board = Board(SteppedClock(0), frame_effects(plan))
    board.set("zero-frames", rate=0.1)
    hits = sum(plan.find(FaultKind.ZERO, number, number * 1000) is not None for number in range(20_000))
    assert abs(hits - 2000) < 212
    assert hits == sum(plan.find(FaultKind.ZERO, number, number * 1000) is not None for number in range(20_000))


def test_the_computers_clock_jumps_and_the_frames_do_not(cam: Camera, clock: InstantClock) -> None:
    cam.troubles.set("clock-jump", step_s=3600)
    assert cam.device.wall_ns() - clock.now_ns() == 3600 * SECOND_NS
    begin_ns = clock.now_ns()
    frame = cam.expose()
    assert frame.start_ns == begin_ns
    cam.troubles.clear()
    assert cam.device.wall_ns() == clock.now_ns()


def test_the_board_may_be_used_from_many_threads(cam: Camera) -> None:
    names = list(cam.troubles.known)
    errors: list[Exception] = []

    def hammer(first: int) -> None:
        try:
            for turn in range(200):
                cam.troubles.set(names[(first + turn) % len(names)])
                assert len(cam.troubles.active) <= len(names)
                cam.troubles.clear(names[(first + turn) % len(names)])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    cam.troubles.clear()
    assert cam.troubles.active == ()


def test_what_befalls_a_part_that_is_not_there_is_refused_by_name() -> None:
    board = Board(SteppedClock(NOON_NS), frame_effects(FaultPlan()))
    for call in (board.set, board.clear):
        with pytest.raises(NotSupported, match="'stuck-wheel' befalls the wheel, and this camera has none"):
            call("stuck-wheel")


def test_the_end_of_a_trouble_does_not_end_one_that_was_set_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that ends it may come too late."""
    clock, ends = SteppedClock(NOON_NS), []

    def every(period_ns: int, call: object) -> Ticking:
        ends.append(call)
        return Ticking(period_ns, call)

    monkeypatch.setattr(clock, "every", every)
    board = Board(clock, frame_effects(FaultPlan()))
    board.set("lost-packets", for_s=60.0)
    later = board.set("lost-packets", rate=0.2, for_s=90.0)
    ends[0]()
    assert board.active == (later,)
    ends[1]()
    assert board.active == ()
