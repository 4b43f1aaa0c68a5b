"""The vendor's precise-exposure numbers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fullwell import models
from fullwell.models.facts import Window
from fullwell.readout.precise import precise_exposure
from fullwell.readout.timing import row_timing

KEYS = ("qhy600-pro", "qhy268m-pro", "qhy42-pro")


def test_the_example_of_the_sdk_manual() -> None:
    """Line period 43.194 us at some traffic, which is 10 here; all rows in 0.277 s."""
    model = models.load("qhy600-pro")
    timing = row_timing(
        model, 0, Window(0, 0, 9600, 6422), exposure_s=0.01, link="usb3", usb_traffic=10, overscan=True
    )
    told = precise_exposure(model, 0, timing)
    assert abs(told.line_period_ns - 43_194) <= 1
    assert told.clocks_per_line == 3110
    assert told.lines_per_frame == 6422 + 62
    assert round(6422 * told.line_period_ns / 1e9, 3) == 0.277
    assert not told.long_exposure


@given(
    key=st.sampled_from(KEYS),
    mode=st.integers(0, 2),
    top=st.integers(0, 100),
    height=st.integers(1, 500),
    exposure_s=st.floats(1e-4, 100),
)
@settings(deadline=None, max_examples=60)
def test_the_numbers_agree_with_each_other(key: str, mode: int, top: int, height: int, exposure_s: float) -> None:
    model = models.load(key)
    timing = row_timing(model, mode, Window(0, top, 64, height), exposure_s=exposure_s, link="usb3")
    told = precise_exposure(model, mode, timing)
    assert told.line_period_ns == timing.line_period_ns
    assert (
        abs(told.clocks_per_line * told.pixel_period_ps - 1000 * told.line_period_ns) <= told.pixel_period_ps / 2
    )
    assert abs(told.lines_per_frame * told.line_period_ns - 1000 * told.frame_period_us) <= 500
    assert abs(1000 * told.actual_exposure_us - timing.exposure_ns) <= 500
    assert told.lines_per_frame >= height
    assert 1000 * told.frame_period_us <= timing.frame_period_ns + 500
    if told.long_exposure:
        assert told.lines_per_frame * told.line_period_ns == timing.exposure_ns
    else:
        assert timing.exposure_ns <= told.lines_per_frame * told.line_period_ns
