"""Live pacing: starts, changes on the way, frames that a slow reader loses."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from fullwell.camera.frame import FrameFormat, Settings
from fullwell.models.facts import Window
from fullwell.readout.rows import RowTiming
from fullwell.twin.freerun import FreeRun, Setup

TIMING = RowTiming(
    line_period_ns=1_000,
    rows_per_step=2,
    top=0,
    exposure_ns=20_000,
    frame_period_ns=100_000,
    read_ns=60_000,
    transfer_ns=5_000,
    reference_to_row0_end_ns=0,
)
SETTINGS = Settings(0, 20e-6, 0, 0, 0, 0, FrameFormat(Window(0, 0, 8, 60)), False, False, "usb3")
SETUP = Setup(SETTINGS, TIMING, "L")


def test_frames_start_one_period_apart() -> None:
    run = FreeRun(SETUP, start_ns=7, memory_frames=4)
    starts = [run.take().start_ns for _ in range(5)]
    assert starts == [7 + 100_000 * n for n in range(5)]
    assert run.peek().arrival_ns == 7 + 500_000 + 85_000


def test_a_change_holds_from_the_next_frame_that_starts_after_it() -> None:
    run = FreeRun(SETUP, start_ns=0, memory_frames=100)
    slower = Setup(replace(SETTINGS, gain=9), replace(TIMING, frame_period_ns=300_000), "L")
    run.change(slower, now_ns=250_000)
    frames = [run.take() for _ in range(6)]
    assert [frame.setup.settings.gain for frame in frames] == [0, 0, 0, 9, 9, 9]
    assert [frame.start_ns for frame in frames] == [0, 100_000, 200_000, 300_000, 600_000, 900_000]


def test_a_change_at_the_very_start_of_a_frame_holds_for_it() -> None:
    run = FreeRun(SETUP, start_ns=0, memory_frames=4)
    run.change(Setup(replace(SETTINGS, gain=9), TIMING, "L"), now_ns=0)
    assert run.take().setup.settings.gain == 9


def test_two_changes_in_one_frame_leave_the_last() -> None:
    run = FreeRun(SETUP, start_ns=0, memory_frames=4)
    for gain in (1, 2):
        run.change(Setup(replace(SETTINGS, gain=gain), TIMING, "L"), now_ns=50_000)
    assert [run.take().setup.settings.gain for _ in range(3)] == [0, 2, 2]


def test_a_late_reader_finds_the_newest_frames_that_the_memory_holds() -> None:
    run = FreeRun(SETUP, start_ns=0, memory_frames=4)
    assert run.forget_overwritten(now_ns=485_000) == 1  # frames 0..4 have arrived
    assert run.take().index == 1
    assert run.forget_overwritten(now_ns=485_000) == 0
    assert [run.take().index for _ in range(3)] == [2, 3, 4]


def test_nothing_is_lost_at_the_last_nanosecond() -> None:
    run = FreeRun(SETUP, start_ns=0, memory_frames=4)
    assert run.forget_overwritten(now_ns=484_999) == 0


def test_loss_is_counted_across_a_change() -> None:
    run = FreeRun(SETUP, start_ns=0, memory_frames=2)
    run.change(Setup(SETTINGS, replace(TIMING, frame_period_ns=1_000_000), "L"), now_ns=150_000)
    assert run.forget_overwritten(now_ns=1_285_000) == 2  # 0, 1 | 2 at 200_000, 3 at 1_200_000
    indices = [run.take().index for _ in range(3)]
    assert all(after - before == 1 for before, after in pairwise(indices))
    assert indices[0] == 2
