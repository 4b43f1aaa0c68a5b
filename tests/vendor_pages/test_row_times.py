"""T1: rolling shutter, every row in whole nanoseconds; exposures are whole line periods and stretch the frame."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Dark

ROWS = 16


@pytest.mark.requirement("T1")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
def test_rows_end_one_after_the_other_and_start_an_exposure_earlier(key: str) -> None:
    """end(row k) = end(row 0) + k x line period, in steps of the rows that are read together."""
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=1) as camera:
        for mode in camera.model.modes:
            if "usb3" not in mode.links:
                continue
            camera.configure(mode=mode.number, window=Window(0, 0, 8, ROWS), exposure_s=0.1)
            frame = camera.expose()
            timing = frame.report.timing
            rows = np.arange(ROWS)
            ends_ns = frame.start_ns + timing.exposure_ns + timing.offsets_ns(rows)
            together = mode.timing.rows_per_step
            assert np.array_equal(ends_ns - ends_ns[0], rows // together * together * timing.line_period_ns)
            assert frame.end_ns == ends_ns[-1]
            assert timing.exposure_ns % timing.line_period_ns == 0
            assert abs(timing.exposure_ns - 0.1e9) <= timing.line_period_ns / 2
            assert frame.start_ns < frame.middle_ns < frame.end_ns


@pytest.mark.requirement("T1")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
def test_long_exposures_are_the_frame_period(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=1) as camera:
        camera.configure(window=Window(0, 0, 8, ROWS), exposure_s=2.5)
        frames = list(camera.live(frames=3))
    apart_ns = np.diff([frame.start_ns for frame in frames])
    assert set(apart_ns) == {frames[0].report.timing.exposure_ns}
