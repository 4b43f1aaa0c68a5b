"""F6: frames wait in the camera's own memory, and their numbers show which ones were lost when it was full."""

from __future__ import annotations

import pytest

import fullwell
from fullwell.camera.clock import SteppedClock
from fullwell.scene import Dark
from tiny.waiting import InThread

PRINTED_BYTES = {"qhy600-pro": 2 * 2**30, "qhy268m-pro": 2 * 2**30, "qhy42-pro": 128 * 2**20}


@pytest.mark.requirement("F6")
@pytest.mark.parametrize("key", PRINTED_BYTES)
def test_the_memory_is_as_large_as_printed(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=1) as camera:
        assert camera.model.buffer_bytes == PRINTED_BYTES[key]


@pytest.mark.requirement("F6")
@pytest.mark.parametrize("late_frames", [10, 40])
def test_a_late_client_finds_what_the_memory_holds(late_frames: int) -> None:
    """128 MB hold 16 frames of 2048 x 2048 words: ten late frames are all there, of forty the oldest are gone."""
    clock = SteppedClock(1_800_000_000_000_000_000)
    holds = PRINTED_BYTES["qhy42-pro"] // (2048 * 2048 * 2)
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock=clock, seed=1) as camera:
        camera.configure(mode="STD high gain", bits=16, exposure_s=1e-3)
        period_s = camera.timing().frame_period_ns * 1e-9
        with camera.live(ring=1) as live:
            first = InThread(lambda: next(live).report.sequence)
            while first.running(0.005):
                clock.step(period_s / 4)
            clock.step(late_frames * period_s)
            numbers = [first.outcome(), *(next(live).report.sequence for _ in range(2))]
    lost = numbers[2] - numbers[0] - 2
    assert lost == live.lost
    assert abs(lost - max(0, late_frames - holds)) <= 2  # one is in the client's hand, one on its way
