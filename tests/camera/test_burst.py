"""Bursts through the engine: numbers, ledger, ends, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from fullwell.camera.burst import LARGEST_END, burst_plan
from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera, State
from fullwell.camera.ledger import Fate
from fullwell.errors import Busy, ExposureAborted, FrameTimeout, InvalidValue, NotSupported, OutOfRange
from fullwell.models.facts import Burst
from tiny.model import tiny_model
from tiny.waiting import NOON_NS, InThread, until


def counters(frames) -> list[int]:
    return [frame.report.counter for frame in frames]


def fates(live) -> list[tuple[int, int, Fate]]:
    return [(entry.first, entry.last, entry.fate) for entry in live.ledger]


def test_frames_strictly_between_start_and_end(cam):
    burst = cam.burst(start=1, end=6)
    assert counters(burst) == [2, 3, 4, 5]
    assert fates(burst) == [(0, 1, Fate.SKIPPED), (2, 5, Fate.DELIVERED)]
    assert burst.lost == 0
    assert cam.state is State.IDLE


def test_a_number_of_frames(cam):
    for frames in (1, 2, 7):
        assert counters(cam.burst(frames)) == list(range(2, 2 + frames))


def test_frames_of_a_burst_follow_each_other_at_the_frame_rate(cam):
    cam.configure(exposure_s=1e-3)
    starts_ns = [frame.start_ns for frame in cam.burst(5)]
    steps_ns = {later - earlier for earlier, later in pairwise(starts_ns)}
    assert steps_ns == {cam.timing().frame_period_ns}


def test_live_and_single_frames_after_a_burst_are_as_ever(cam):
    list(cam.burst(3))
    assert len(list(cam.live(frames=3))) == 3
    assert counters(cam.burst(2)) == [2, 3]
    assert cam.expose().number == 9


def test_burst_mode_is_left_before_single_frames_and_for_the_next_program(make):
    device = make(InstantClock(NOON_NS))
    inner = device.inner.burst
    told = []
    enable, device.inner.burst.enable = inner.enable, lambda on: (told.append(on), enable(on))
    cam = Camera(device)
    cam.open()
    cam.expose()
    assert told == []
    list(cam.burst(2))
    list(cam.burst(2))
    assert told == [True, True]
    cam.expose()
    assert told == [True, True, False]
    list(cam.burst(2))
    cam.close()
    assert told == [True, True, False, True, False]


def test_a_device_without_the_calls_is_told_nothing(make, monkeypatch):
    device = make(InstantClock(NOON_NS))
    with Camera(device) as cam:
        monkeypatch.delattr(type(device.inner), "burst", raising=False)
        monkeypatch.delattr(device.inner, "burst", raising=False)
        device.calls.clear()
        with pytest.raises(NotSupported, match="burst"):
            cam.burst(2)
        assert cam.state is State.IDLE
        assert "initialise" not in device.calls


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, InvalidValue),
        ({"frames": 3, "start": 1}, InvalidValue),
        ({"frames": 3, "end": 6}, InvalidValue),
        ({"start": 1}, InvalidValue),
        ({"end": 6}, InvalidValue),
        ({"frames": 0}, OutOfRange),
        ({"frames": 2.5}, InvalidValue),
        ({"frames": True}, InvalidValue),
        ({"start": -1, "end": 6}, OutOfRange),
        ({"start": 1, "end": 2}, OutOfRange),
        ({"start": 6, "end": 1}, OutOfRange),
        ({"start": 1, "end": LARGEST_END + 1}, OutOfRange),
        ({"frames": 2, "ring": 0}, OutOfRange),
    ],
)
def test_bad_arguments_start_nothing(cam, device, arguments, error):
    device.calls.clear()
    with pytest.raises(error):
        cam.burst(**arguments)
    assert cam.state is State.IDLE
    assert "start_live" not in device.calls


def test_a_camera_without_burst_mode_says_so(make):
    with Camera(make(InstantClock(NOON_NS), model=replace(tiny_model(), burst=None))) as cam:
        with pytest.raises(NotSupported, match="no burst mode"):
            cam.burst(3)
        with pytest.raises(NotSupported, match="no burst mode"):
            cam.reset_frame_counter()


def test_abort_ends_a_burst(stepped):
    stepped.configure(exposure_s=1.0)
    burst = stepped.burst(3)
    taker = InThread(lambda: next(burst))
    until(lambda: "read_live" in stepped._device.calls)
    with pytest.raises(Busy, match="live"):
        stepped.burst(3)
    with pytest.raises(Busy, match="burst"):
        stepped.configure(bin=2)
    stepped.abort()
    assert stepped.state is State.IDLE
    assert isinstance(taker.outcome(), ExposureAborted)


def test_stop_and_leaving_early_end_a_burst(cam):
    burst = cam.burst(5)
    next(burst)
    cam.stop()
    assert cam.state is State.IDLE
    with cam.burst(5) as burst:
        next(burst)
    assert cam.state is State.IDLE
    assert counters(cam.burst(2)) == [2, 3]


def test_a_lost_frame_stands_in_the_ledger(make, monkeypatch):
    """A frame in the middle does not come: the burst ends with the rest of them."""
    with Camera(make(InstantClock(NOON_NS))) as cam:
        read, device = cam._device.inner.read_live, cam._device.inner

        def lossy(out, timeout_s):
            report = read(out, timeout_s)
            return read(out, timeout_s) if report is not None and report.counter == 3 else report

        monkeypatch.setattr(device, "read_live", lossy)
        burst = cam.burst(4)
        assert counters(burst) == [2, 4, 5]
        assert (3, 3, Fate.LOST_ON_LINK) in fates(burst)
        assert burst.lost == 1


def test_a_burst_whose_last_frames_are_lost_ends_all_the_same(make, monkeypatch):
    with Camera(make(InstantClock(NOON_NS))) as cam:
        read, device = cam._device.inner.read_live, cam._device.inner

        def cut_off(out, timeout_s):
            report = read(out, timeout_s)
            while report is not None and report.counter > 3:
                report = read(out, timeout_s)
            return report

        monkeypatch.setattr(device, "read_live", cut_off)
        burst = cam.burst(4)
        assert counters(burst) == [2, 3]
        assert fates(burst) == [(0, 1, Fate.SKIPPED), (2, 3, Fate.DELIVERED), (4, 5, Fate.LOST_ON_LINK)]
        assert cam.state is State.IDLE


def test_a_burst_that_never_comes_is_a_timeout(cam, monkeypatch):
    device = cam._device

    def silent(out, timeout_s):
        device.clock.sleep_until(device.clock.now_ns() + round(timeout_s * 1e9))

    monkeypatch.setattr(device, "read_live", silent, raising=False)
    with pytest.raises(FrameTimeout):
        next(cam.burst(2))
    assert cam.state is State.ERROR


def test_a_long_way_to_the_first_frame_is_waited_for(cam):
    cam.configure(exposure_s=30.0)
    assert counters(cam.burst(start=40, end=43)) == [41, 42]


QUIRKS = {
    "first lost": (Burst(("usb3",), None, False, False, False), 1),
    "late": (Burst((), 0.5, False, False, False), 1),
    "first lost and late": (Burst(("usb3",), 0.5, False, False, False), 2),
}


@pytest.mark.parametrize(("facts", "spare"), QUIRKS.values(), ids=QUIRKS)
def test_the_camera_is_asked_for_spare_frames_where_it_may_leave_out_some(facts, spare):
    model = replace(tiny_model(), burst=facts)
    assert burst_plan(model, "usb3", start=3, end=8).told_start == 3 - spare
    assert burst_plan(model, "usb3", frames=4).frames == 4
    with pytest.raises(OutOfRange, match="start"):
        burst_plan(model, "usb3", start=spare - 1, end=8)
