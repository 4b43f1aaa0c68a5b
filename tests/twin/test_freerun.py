"""The sensor in live mode: starts, and settings that change on the way."""

from __future__ import annotations

from dataclasses import replace

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
SETUP = Setup(SETTINGS, TIMING, "L", link_ns=65_000)


def test_frames_start_one_period_apart() -> None:
    run = FreeRun(SETUP, start_ns=7)
    frames = [run.frame(n) for n in range(6)]
    assert [frame.start_ns for frame in frames] == [7 + 100_000 * n for n in range(6)]
    assert frames[5].arrival_ns == 7 + 500_000 + 85_000


def test_a_change_holds_from_the_next_frame_that_starts_after_it() -> None:
    run = FreeRun(SETUP, start_ns=0)
    slower = Setup(replace(SETTINGS, gain=9), replace(TIMING, frame_period_ns=300_000), "L")
    run.change(slower, now_ns=250_000)
    frames = [run.frame(n) for n in range(6)]
    assert [frame.setup.settings.gain for frame in frames] == [0, 0, 0, 9, 9, 9]
    assert [frame.start_ns for frame in frames] == [0, 100_000, 200_000, 300_000, 600_000, 900_000]


def test_a_change_at_the_very_start_of_a_frame_holds_for_it() -> None:
    run = FreeRun(SETUP, start_ns=0)
    run.change(Setup(replace(SETTINGS, gain=9), TIMING, "L"), now_ns=0)
    assert run.frame(0).setup.settings.gain == 9


def test_two_changes_in_one_frame_leave_the_last() -> None:
    run = FreeRun(SETUP, start_ns=0)
    for gain in (1, 2):
        run.change(Setup(replace(SETTINGS, gain=gain), TIMING, "L"), now_ns=50_000)
    assert [run.frame(n).setup.settings.gain for n in range(3)] == [0, 2, 2]


def test_frames_are_counted_when_their_first_row_is_read() -> None:
    run = FreeRun(SETUP, start_ns=0)
    assert [run.read_begun(now) for now in (19_999, 20_000, 119_999, 420_000)] == [0, 1, 1, 5]


def test_they_are_counted_across_a_change() -> None:
    run = FreeRun(SETUP, start_ns=0)
    run.change(Setup(SETTINGS, replace(TIMING, frame_period_ns=1_000_000), "L"), now_ns=150_000)
    assert [run.read_begun(now) for now in (119_999, 120_000, 220_000, 1_219_999, 1_220_000)] == [1, 2, 3, 3, 4]


def test_what_was_forgotten_changes_nothing_for_the_rest() -> None:
    run = FreeRun(SETUP, start_ns=0)
    run.change(Setup(SETTINGS, replace(TIMING, frame_period_ns=1_000_000), "L"), now_ns=150_000)
    before = run.frame(5)
    run.forget_before(4)
    assert run.frame(5) == before


def test_two_frames_are_never_read_at_once() -> None:
    """From 500 us of exposure to 20 us: the short frame waits until the rows of the long one are read."""
    long = Setup(SETTINGS, replace(TIMING, exposure_ns=500_000, frame_period_ns=500_000), "L", 65_000)
    run = FreeRun(long, start_ns=0)
    run.change(SETUP, now_ns=100_000)
    first, second, third = (run.frame(n) for n in range(3))
    assert second.light_end_ns == first.read_end_ns == 500_000 + 60_000 + 2_000
    assert third.start_ns - second.start_ns == 100_000
    run.change(long, now_ns=second.start_ns - 10_000)  # back again before it has started
    assert run.frame(1).start_ns == second.start_ns - 10_000
