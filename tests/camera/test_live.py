"""The live stream: order, numbers, ring, losses, ends."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np
import pytest

from fullwell.camera.clock import RealClock, SteppedClock
from fullwell.camera.engine import Camera, State
from fullwell.camera.ledger import Entry, Fate
from fullwell.errors import Busy, DeviceLost, ExposureAborted, FrameTimeout, InvalidValue, OutOfRange, UnknownName
from tiny.device import BUFFERED
from tiny.model import tiny_model
from tiny.waiting import NOON_NS, InThread, until


@pytest.fixture
def seconds(stepped):
    """A frame a second."""
    stepped.configure(exposure_s=1.0)
    return stepped


def sequence_of(taker: InThread, camera: Camera) -> int:
    """Let time pass until the frame is there."""
    while taker.running(0.002):
        camera.clock.step(0.05)
    return taker.outcome().report.sequence


def fetching(camera: Camera) -> bool:
    return "read_live" in camera._device.calls


def test_frames_come_in_order_at_the_rate_of_the_timing_model(cam):
    cam.configure(exposure_s=1e-3)
    frames = list(cam.live(frames=20))
    assert cam.state is State.IDLE
    assert [frame.number for frame in frames] == list(range(1, 21))
    assert np.all(np.diff([frame.report.sequence for frame in frames]) == 1)
    assert set(np.diff([frame.start_ns for frame in frames])) == {cam.timing().frame_period_ns}


def test_frames_that_are_held_keep_their_pixels(cam):
    held = list(cam.live(frames=30, ring=2))
    places = [frame.data.ctypes.data for frame in held]
    assert len(set(places)) == 30


def test_memory_of_frames_that_are_dropped_is_used_again(cam):
    ring = 3
    places = {frame.data.ctypes.data for frame in cam.live(frames=100, ring=ring)}
    assert len(places) <= ring + 3  # waiting, being filled, in the client's hand, and just let go


def test_a_slow_client_loses_frames_at_the_camera_and_they_are_counted(make):
    ring, pause_s = 2, 30
    model = tiny_model(buffer_bytes=BUFFERED * 90 * 61 * 2)
    seconds = Camera(make(SteppedClock(NOON_NS), model=model))
    seconds.open()
    seconds.configure(exposure_s=1.0)
    live = seconds.live(ring=ring)
    until(lambda: fetching(seconds))
    while len(live._run._queue) < ring:
        seconds.clock.step(0.05)
        time.sleep(0.001)
    seconds.clock.step(pause_s)
    numbers = [next(live).report.sequence for _ in range(ring)]
    assert numbers == [0, 1]
    while numbers[-1] == len(numbers) - 1:  # what the camera's memory held
        numbers.append(sequence_of(InThread(lambda: next(live)), seconds))
    gap = numbers[-1] - numbers[-2] - 1
    assert pause_s - BUFFERED - 2 * ring <= gap < pause_s
    assert live.lost == gap
    live.close()


def test_leaving_early_stops_the_device(cam):
    for frame in cam.live():
        if frame.number == 3:
            break
    del frame
    assert cam.state is State.IDLE
    assert "stop_live" in cam._device.calls
    assert cam.expose().number > 3


def test_the_with_block_ends_the_run(cam):
    with cam.live() as live:
        next(live)
        assert cam.state is State.LIVE
    assert cam.state is State.IDLE
    with pytest.raises(StopIteration):
        next(live)
    live.close()


def test_stop_lets_the_frames_that_have_arrived_be_taken(seconds):
    live = seconds.live(ring=3)
    until(lambda: fetching(seconds))
    seconds.clock.step(1.5)
    until(lambda: len(live._run._queue) == 1)
    seconds.stop()
    assert seconds.state is State.IDLE
    assert [frame.report.sequence for frame in live] == [0]


def test_abort_wakes_the_client_that_waits(seconds):
    live = seconds.live()
    taker = InThread(lambda: next(live))
    until(lambda: fetching(seconds))
    seconds.abort()
    assert seconds.state is State.IDLE
    assert isinstance(taker.outcome(), ExposureAborted)
    with pytest.raises(StopIteration):
        next(live)


def test_close_while_live(seconds):
    live = seconds.live()
    taker = InThread(lambda: next(live))
    until(lambda: fetching(seconds))
    seconds.close()
    assert seconds.state is State.CLOSED
    assert isinstance(taker.outcome(), ExposureAborted)
    live.close()


def test_exposure_gain_and_offset_may_change_and_nothing_else(seconds):
    clock = seconds.clock
    live = seconds.live()
    taker = InThread(lambda: next(live))
    until(lambda: fetching(seconds))
    assert seconds.configure(gain=77, offset=5, exposure_s=0.5).gain == 77
    for refused in ({"bin": 2}, {"mode": 1}, {"usb_traffic": 3}, {"gain": 3, "bits": 8}):
        with pytest.raises(Busy, match="live"):
            seconds.configure(**refused)
    with pytest.raises(OutOfRange):
        seconds.configure(gain=1000)
    assert seconds.settings.gain == 77
    clock.step(1.5)
    taker.outcome()
    for _ in range(4):
        taker = InThread(lambda: next(live))
        sequence_of(taker, seconds)
    frame = taker.outcome()
    assert frame.report.settings == seconds.settings
    assert seconds.timing().exposure_ns == frame.report.timing.exposure_ns
    live.close()


def test_a_fault_ends_the_run_after_the_good_frames(cam):
    live = cam.live(ring=4)
    for _ in range(3):
        next(live)
    cam._device.unplugged = True
    with pytest.raises(DeviceLost):
        for _ in live:
            pass
    assert cam.state is State.ERROR
    cam._device.unplugged = False
    cam.open()
    assert len(list(cam.live(frames=2))) == 2


def test_a_camera_that_goes_silent_is_a_timeout(cam, monkeypatch):
    device = cam._device

    def silent(out, timeout_s):
        device.clock.sleep_until(device.clock.now_ns() + round(timeout_s * 1e9))

    monkeypatch.setattr(device, "read_live", silent, raising=False)
    with pytest.raises(FrameTimeout, match="no live frame"):
        next(cam.live())
    assert cam.state is State.ERROR


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"frames": 0}, OutOfRange),
        ({"frames": -1}, OutOfRange),
        ({"frames": 2.5}, InvalidValue),
        ({"frames": True}, InvalidValue),
        ({"ring": 0}, OutOfRange),
        ({"ring": "4"}, InvalidValue),
        ({"every": 0}, OutOfRange),
        ({"every": 1.5}, InvalidValue),
        ({"when_full": "explode"}, UnknownName),
    ],
)
def test_bad_arguments_start_nothing(cam, arguments, error):
    with pytest.raises(error):
        cam.live(**arguments)
    assert cam.state is State.IDLE


def test_frames_are_made_while_the_client_works_on_the_first(make):
    with Camera(make(RealClock())) as cam:
        cam.configure(exposure_s=1e-3)
        with cam.live(ring=2) as live:
            next(live)
            until(lambda: cam._device.calls.count("frame arrives") == 3)


def test_no_thread_is_left(cam):
    before = set(threading.enumerate())
    for _ in range(5):
        list(cam.live(frames=2))
        next(iter(cam.live()))
    until(lambda: not set(threading.enumerate()) - before)


def test_the_ledger_tells_every_frame(cam):
    with cam.live(frames=20) as live:
        numbers = [frame.report.sequence for frame in live]
    assert list(live.ledger) == [Entry(numbers[0], numbers[-1], Fate.DELIVERED)]
    assert live.ledger.frames == 20
    assert live.lost == 0


def test_every_third_frame_is_kept_and_the_others_are_skipped(cam):
    with cam.live(frames=5, every=3) as live:
        numbers = [frame.report.sequence for frame in live]
    assert np.all(np.diff(numbers) == 3)
    assert live.ledger.count(Fate.SKIPPED) == 8
    assert all(live.ledger.fate(number) is Fate.DELIVERED for number in numbers)


def test_a_full_queue_drops_the_newest_when_asked(cam):
    with cam.live(ring=3, when_full="drop") as live:
        until(lambda: live.ledger.count(Fate.DROPPED_IN_QUEUE) >= 5)
        first = [next(live).report.sequence for _ in range(3)]
        after = next(live).report.sequence
    assert first == [first[0], first[0] + 1, first[0] + 2]
    assert after > first[-1] + 5
    assert live.lost == 0
    dropped = [live.ledger.fate(number) for number in range(first[-1] + 1, after)]
    assert set(dropped) == {Fate.DROPPED_IN_QUEUE}


def test_frames_that_the_client_leaves_behind_were_skipped(cam):
    with cam.live(ring=3) as live:
        taken = next(live).report.sequence
        until(lambda: len(live._run._queue) == 3)
    counts = live.ledger.counts()
    assert counts[Fate.DELIVERED] == 1
    assert counts[Fate.SKIPPED] == live.ledger.frames - 1 >= 3
    assert live.ledger.fate(taken) is Fate.DELIVERED


def test_a_loss_is_written_to_the_log(make, caplog):
    cam = Camera(make(SteppedClock(NOON_NS), model=tiny_model(buffer_bytes=BUFFERED * 90 * 61 * 2)))
    cam.open()
    cam.configure(exposure_s=1.0)
    with caplog.at_level(logging.WARNING), cam.live(ring=1) as live:
        until(lambda: fetching(cam))
        sequence_of(InThread(lambda: next(live)), cam)
        cam.clock.step(30)
        while not live.lost:
            sequence_of(InThread(lambda: next(live)), cam)
    assert f"{live.lost} lost so far" in caplog.text


def test_a_frame_of_an_earlier_run_is_no_gap(cam, monkeypatch):
    """Frame 2 of the time before comes first, then the run: nothing between them was lost."""
    cam.configure(exposure_s=1e-3)
    old = [cam.expose() for _ in range(8)][2]
    read_live, given = cam._device.inner.read_live, []

    def with_a_leftover(out, timeout_s):
        if given:
            return read_live(out, timeout_s)
        given.append(old)
        out[...] = old.data
        return old.report

    monkeypatch.setattr(cam._device.inner, "read_live", with_a_leftover, raising=False)
    with cam.live(frames=4) as live:
        frames = list(live)
    assert [frame.report.sequence for frame in frames] == [2, 8, 9, 10]
    assert any(doubt.startswith("stale: frame 2") for doubt in frames[0].doubts)
    assert live.lost == 0
    assert list(live.ledger) == [Entry(2, 2, Fate.DELIVERED), Entry(8, 10, Fate.DELIVERED)]
