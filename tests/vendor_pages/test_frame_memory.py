"""F6: frames wait in the camera's own memory, and their numbers show which ones were lost when it was full."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.ledger import Fate
from fullwell.models.facts import Window
from fullwell.scene import Dark

PRINTED_BYTES = {"qhy600-pro": 2 * 2**30, "qhy268m-pro": 2 * 2**30, "qhy42-pro": 128 * 2**20}


@pytest.mark.requirement("F6")
@pytest.mark.parametrize("key", PRINTED_BYTES)
def test_the_memory_is_as_large_as_printed(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=1) as camera:
        assert camera.model.buffer_bytes == PRINTED_BYTES[key]


@pytest.mark.requirement("F6")
@pytest.mark.parametrize("late_frames", [10, 40])
def test_a_late_client_finds_what_the_memory_holds(late_frames: int) -> None:
    """128 MB hold 16 frames of 2048 x 2048 words: ten late frames are all there, of forty the newest are gone."""
    clock = InstantClock(1_800_000_000_000_000_000)
    holds = PRINTED_BYTES["qhy42-pro"] // (2048 * 2048 * 2)
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock=clock, seed=1) as camera:
        camera.configure(mode="STD high gain", bits=16, exposure_s=1e-3, window=Window(0, 0, 8, 2048))
        with camera.live(frames=late_frames, ring=1) as live:
            numbers = [next(live).report.sequence]
            clock.sleep_until(clock.now_ns() + late_frames * camera.timing().frame_period_ns)
            numbers += [frame.report.sequence for frame in live]
    gaps = [after - before - 1 for before, after in pairwise(numbers)]
    assert sum(gaps) == live.ledger.count(Fate.LOST_IN_MEMORY) == live.lost
    if late_frames < holds:
        assert sum(gaps) == 0
    else:  # one or two were in the client's hand, two in the computer's buffers, one on its way
        assert [gap for gap in gaps if gap] == [max(gaps)]
        assert late_frames - holds - 5 <= max(gaps) <= late_frames - holds
        assert holds <= gaps.index(max(gaps)) <= holds + 4


@pytest.mark.requirement("F6")
@pytest.mark.parametrize("key", PRINTED_BYTES)
def test_the_fill_of_the_memory_can_be_read(key: str) -> None:
    """It grows by a frame per period while nobody reads, up to what was printed."""
    clock = SteppedClock(1_800_000_000_000_000_000)
    with fullwell.open(f"twin:{key}", scene=Dark(), clock=clock, seed=1) as camera:
        area = camera.model.sensor.geometry
        camera.configure(exposure_s=1e-3, window=Window(0, 0, 8, area.effective.height))
        frame_kb = area.effective.height * area.total_width * 2 / 1024
        assert camera.control(Control.MEMORY_FILL_KB) == 0.0
        with camera.live(ring=1):
            period_s = camera.timing().frame_period_ns * 1e-9
            fills_kb = []
            for _ in range(60):
                clock.step(period_s)
                fills_kb.append(camera.control(Control.MEMORY_FILL_KB))
            full_kb = PRINTED_BYTES[key] / 1024
            assert full_kb - frame_kb < max(fills_kb) <= full_kb
            assert set(np.diff(fills_kb)) <= {0.0, frame_kb, -frame_kb}
        assert camera.control(Control.MEMORY_FILL_KB) == 0.0
