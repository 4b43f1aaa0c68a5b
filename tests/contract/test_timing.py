"""When things happen: exposures, read-out, live rates, and interruptions from other threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest

from contract.bench import START_NS, Bench, buffer_for, expose, prepare
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.errors import ExposureAborted, InvalidOperation
from fullwell.models.facts import Window


@pytest.fixture
def other_thread():
    """Runs a call in another thread and gives it a moment to begin to wait."""
    with ThreadPoolExecutor(2) as pool:

        def submit(call: Callable[..., object], *args: object) -> Future[object]:
            begun = threading.Event()

            def run() -> object:
                begun.set()
                return call(*args)

            future = pool.submit(run)
            begun.wait(5.0)
            time.sleep(0.03)
            return future

        yield submit


def test_a_single_frame_takes_exposure_readout_and_transfer(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device)
    timing = device.precise_timing()
    for _ in range(2):
        before_ns = device.clock.now_ns()
        _, report = expose(device, frame_format)
        assert report.timing == timing
        assert report.row0_start_ns == before_ns
        assert device.clock.now_ns() == before_ns + timing.exposure_ns + timing.read_ns + timing.transfer_ns


def test_the_exposure_is_the_one_asked_for_to_a_line(bench: Bench) -> None:
    device = bench.device()
    prepare(device)
    for exposure_s in (0.001, 0.1, 3.0):
        device.set_control(Control.EXPOSURE_S, exposure_s)
        timing = device.precise_timing()
        assert abs(timing.exposure_ns - exposure_s * 1e9) <= timing.line_period_ns / 2 + 1


def test_the_time_that_remains_counts_down(bench: Bench) -> None:
    clock = SteppedClock(START_NS)
    device = bench.device(clock=clock)
    prepare(device)
    device.set_control(Control.EXPOSURE_S, 2.0)
    assert device.exposure_remaining_s() == 0.0
    timing = device.precise_timing()
    device.start_exposure()
    whole_s = (timing.exposure_ns + timing.read_ns + timing.transfer_ns) * 1e-9
    assert device.exposure_remaining_s() == pytest.approx(whole_s, abs=2e-9)
    clock.step(0.5)
    assert device.exposure_remaining_s() == pytest.approx(whole_s - 0.5, abs=2e-9)
    clock.step(10.0)
    assert device.exposure_remaining_s() == 0.0


def test_reading_waits_for_the_frame_and_no_longer(bench: Bench, other_thread) -> None:
    clock = SteppedClock(START_NS)
    device = bench.device(clock=clock)
    frame_format = prepare(device)
    device.set_control(Control.EXPOSURE_S, 1.0)
    timing = device.precise_timing()
    device.start_exposure()
    reading = other_thread(device.read_frame, buffer_for(frame_format))
    clock.step((timing.exposure_ns + timing.read_ns + timing.transfer_ns) * 1e-9 - 1e-6)
    time.sleep(0.05)
    assert not reading.done()
    clock.step(2e-6)
    assert reading.result(10.0).row0_start_ns == START_NS


def test_cancelling_wakes_the_reader_and_the_camera_goes_on(bench: Bench, other_thread) -> None:
    clock = SteppedClock(START_NS)
    device = bench.device(clock=clock)
    frame_format = prepare(device)
    device.set_control(Control.EXPOSURE_S, 100.0)
    device.start_exposure()
    reading = other_thread(device.read_frame, buffer_for(frame_format))
    device.cancel_exposure()
    with pytest.raises(ExposureAborted):
        reading.result(10.0)
    assert device.exposure_remaining_s() == 0.0
    device.set_control(Control.EXPOSURE_S, 0.01)
    device.start_exposure()
    clock.step(10.0)
    assert device.read_frame(buffer_for(frame_format)).sequence == 0


def test_stopping_keeps_what_was_collected(bench: Bench, other_thread) -> None:
    clock = SteppedClock(START_NS)
    device = bench.device(clock=clock, rate_e_per_s=100.0)
    frame_format = prepare(device)
    device.set_control(Control.EXPOSURE_S, 100.0)
    device.start_exposure()
    out = buffer_for(frame_format)
    reading = other_thread(device.read_frame, out)
    clock.step(5.0)
    time.sleep(0.03)
    assert not reading.done()
    device.stop_exposure()
    clock.step(1.0)
    report = reading.result(10.0)
    assert abs(report.timing.exposure_ns - 5_000_000_000) <= report.timing.line_period_ns
    assert report.settings.exposure_s == 100.0


def test_stopping_without_an_exposure_is_refused(bench: Bench) -> None:
    with pytest.raises(InvalidOperation):
        bench.ready().stop_exposure()


def test_stopping_after_the_end_changes_nothing(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device)
    timing = device.precise_timing()
    device.start_exposure()
    device.clock.sleep_until(device.clock.now_ns() + timing.exposure_ns)
    device.stop_exposure()
    assert device.read_frame(buffer_for(frame_format)).timing == timing


def test_live_frames_follow_each_other_at_the_frame_period(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device, stream=Stream.LIVE)
    timing = device.precise_timing()
    begun_ns = device.clock.now_ns()
    device.start_live()
    out = buffer_for(frame_format)
    for number in range(6):
        report = device.read_live(out, 10.0)
        assert report is not None
        assert report.sequence == number
        assert report.row0_start_ns == begun_ns + number * timing.frame_period_ns
        arrival_ns = report.row0_start_ns + timing.exposure_ns + timing.read_ns + timing.transfer_ns
        assert device.clock.now_ns() == arrival_ns
    device.stop_live()


def test_no_live_frame_within_the_timeout(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device, stream=Stream.LIVE)
    device.set_control(Control.EXPOSURE_S, 5.0)
    device.start_live()
    before_ns = device.clock.now_ns()
    out = buffer_for(frame_format)
    assert device.read_live(out, 0.25) is None
    assert device.clock.now_ns() == before_ns + 250_000_000
    report = device.read_live(out, 10.0)
    assert report is not None
    assert report.sequence == 0


def test_stopping_live_wakes_the_reader(bench: Bench, other_thread) -> None:
    device = bench.device(clock=SteppedClock(START_NS))
    frame_format = prepare(device, stream=Stream.LIVE)
    device.set_control(Control.EXPOSURE_S, 5.0)
    device.start_live()
    reading = other_thread(device.read_live, buffer_for(frame_format), 60.0)
    device.stop_live()
    assert reading.result(10.0) is None
    assert device.read_live(buffer_for(frame_format), 60.0) is None


def test_settings_changed_while_live_hold_from_the_next_frame_that_starts(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device, stream=Stream.LIVE)
    device.set_control(Control.EXPOSURE_S, 0.5)
    device.start_live()
    out = buffer_for(frame_format)
    reports = []
    for number in range(6):
        if number == 2:
            changed_ns = device.clock.now_ns()
            device.set_control(Control.GAIN, bench.model.gain.low + 3)
            device.set_control(Control.EXPOSURE_S, 0.25)
        report = device.read_live(out, 10.0)
        assert report is not None
        reports.append(report)
    for report in reports:
        new = report.row0_start_ns >= changed_ns
        assert report.settings.exposure_s == (0.25 if new else 0.5)
        assert abs(report.timing.exposure_ns * 1e-9 - report.settings.exposure_s) < 1e-3
        assert (report.settings.gain == bench.model.gain.low + 3) == new
    assert [report.sequence for report in reports] == list(range(6))
    assert reports[-1].settings.exposure_s == 0.25


def test_a_reader_who_is_too_late_sees_it_in_the_numbers(bench: Bench) -> None:
    """What the memory holds comes without a gap, then one gap of what it did not hold, then no more gaps."""
    memory_frames = 8
    geometry = bench.model.sensor.geometry
    rows = geometry.effective.height
    small = replace(bench.model, buffer_bytes=memory_frames * rows * geometry.total_width * 2)
    clock = InstantClock(START_NS)
    device = bench.make(small, clock=clock)
    frame_format = prepare(device, stream=Stream.LIVE, window=Window(0, 0, 8, rows))
    timing = device.precise_timing()
    device.start_live()
    out = buffer_for(frame_format)
    late_frames = memory_frames + 1000
    clock.sleep_until(START_NS + late_frames * timing.frame_period_ns)
    reports = [device.read_live(out, 10.0) for _ in range(memory_frames + 10)]
    numbers = [report.sequence for report in reports if report is not None]
    gaps = [after - before - 1 for before, after in pairwise([-1, *numbers])]
    assert len(numbers) == len(reports)
    assert len([gap for gap in gaps if gap]) == 1
    assert late_frames - memory_frames - 5 <= max(gaps) <= late_frames
    for gap, report in zip(gaps, reports, strict=True):
        assert (report.lost_in_memory, report.lost_on_link) == (gap, 0)
