"""The timing law, whatever the window."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell.errors import UnknownName
from fullwell.models.facts import Window
from fullwell.readout.timing import frame_rate_fps, line_period_ns, row_timing
from tiny.model import tiny_model

MODEL = tiny_model()
PAIRS, SINGLES = 0, 1
LINE_NS = 43_194


@st.composite
def windows(draw: st.DrawFn) -> Window:
    top = draw(st.integers(0, 60))
    return Window(0, top, 90, draw(st.integers(1, 61 - top)))


modes = st.sampled_from([PAIRS, SINGLES])


def timing(mode: int, window: Window, exposure_s: float = 1e-3, link: str = "fibre", **more: int):
    return row_timing(MODEL, mode, window, exposure_s=exposure_s, link=link, **more)


def ends_ns(mode: int, window: Window) -> dict[int, int]:
    """End of exposure of each sensor row after the reference pulse."""
    clock = timing(mode, window)
    after_row0 = clock.offsets_ns(np.arange(window.height, dtype=np.int64))
    return {clock.top + row: clock.reference_to_row0_end_ns + int(after) for row, after in enumerate(after_row0)}


@given(modes, windows())
def test_rows_end_in_order_and_the_last_at_read_ns(mode, window):
    clock = timing(mode, window)
    offsets = clock.offsets_ns(np.arange(window.height, dtype=np.int64))
    assert offsets[0] == 0
    assert np.all(np.diff(offsets) >= 0)
    assert offsets[-1] == clock.read_ns


@given(windows())
def test_rows_of_a_pair_end_together_two_line_periods_after_the_pair_before(window):
    ends = ends_ns(PAIRS, window)
    for row in list(ends)[1:]:
        assert ends[row] - ends[row - 1] == (2 * LINE_NS if row % 2 == 0 else 0)


@given(windows())
def test_single_rows_end_one_line_period_apart(window):
    ends = list(ends_ns(SINGLES, window).values())
    assert set(np.diff(ends)) <= {LINE_NS}


@given(modes, windows(), windows())
def test_a_sensor_row_keeps_its_time_after_the_reference_in_every_window(mode, one, other):
    first, second = ends_ns(mode, one), ends_ns(mode, other)
    for row in first.keys() & second.keys():
        assert first[row] == second[row]


def test_first_rows_end_where_the_product_page_says():
    """T(end, rows 1 and 2) = reference + 46 x line period + 21.52 us; 43.194 us make it 2008.44 us."""
    ends = {row + 1: end for row, end in ends_ns(PAIRS, Window(0, 0, 90, 61)).items()}
    assert ends[2] == round(46 * LINE_NS + 21_520)  # the window's first row is row 1 of the sensor: same pair
    assert ends[3] - ends[2] == 2 * LINE_NS


@given(st.floats(40e-6, 3600.0), modes)
def test_exposure_is_the_nearest_whole_number_of_line_periods(exposure_s, mode):
    clock = timing(mode, Window(0, 0, 90, 60), exposure_s)
    assert clock.exposure_ns % clock.line_period_ns == 0
    assert clock.exposure_ns >= clock.line_period_ns
    assert abs(clock.exposure_ns - exposure_s * 1e9) <= clock.line_period_ns / 2 + 1


@given(st.floats(40e-6, 100.0), modes, windows())
def test_a_long_exposure_is_the_frame_period(exposure_s, mode, window):
    clock = timing(mode, window, exposure_s)
    shortest = timing(mode, window, 40e-6).frame_period_ns
    assert clock.frame_period_ns == max(shortest, clock.exposure_ns)


@given(modes, windows(), st.integers(0, 59))
def test_more_traffic_is_slower(mode, window, traffic):
    less = timing(mode, window, 40e-6, usb_traffic=traffic)
    more = timing(mode, window, 40e-6, usb_traffic=traffic + 1)
    assert more.line_period_ns > less.line_period_ns
    assert more.frame_period_ns > less.frame_period_ns


def test_odd_edges_cost_the_whole_pair():
    blanking = 20
    inside = timing(PAIRS, Window(0, 1, 90, 2), 40e-6)  # sensor rows 2 and 3: one pair
    across = timing(PAIRS, Window(0, 0, 90, 2), 40e-6)  # sensor rows 1 and 2: two pairs
    assert inside.frame_period_ns == (2 + blanking) * LINE_NS
    assert across.frame_period_ns == (4 + blanking) * LINE_NS


def test_link_limits_when_it_is_slower():
    slow = dataclasses.replace(
        MODEL, links=(dataclasses.replace(MODEL.links[0], rate_bytes_per_s=1e6, short_word_rate_bytes_per_s=8e5),)
    )
    window = Window(0, 0, 90, 60)
    words = row_timing(slow, 0, window, exposure_s=1e-3, link="usb3")
    octets = row_timing(slow, 0, window, exposure_s=1e-3, link="usb3", bits=8)
    assert words.frame_period_ns == round((96 * 60 * 2 / 1e6 + 1e-4) * 1e9)
    assert octets.frame_period_ns == round((96 * 60 / 8e5 + 2e-4) * 1e9)
    assert words.read_ns + words.transfer_ns == words.frame_period_ns
    assert frame_rate_fps(words) == pytest.approx(1 / (96 * 60 * 2 / 1e6 + 1e-4))


def test_two_chains_are_twice_the_bytes():
    slow = dataclasses.replace(MODEL, links=(dataclasses.replace(MODEL.link("fibre"), rate_bytes_per_s=1e6),))
    clock = row_timing(slow, "Twin chains", Window(0, 0, 90, 60), exposure_s=1e-3, link="fibre", bits=12)
    assert clock.frame_period_ns == round((2 * 96 * 60 * 2 / 1e6 + 1e-5) * 1e9)


def test_line_period_follows_speed_and_word_depth():
    mode = MODEL.mode(0)
    assert line_period_ns(mode, speed=1) == LINE_NS // 2
    assert line_period_ns(mode, bits=8) == round(LINE_NS * 0.9)
    assert line_period_ns(mode, usb_traffic=30) == round(LINE_NS * 1.45)


def test_overscan_moves_the_origin_to_the_corner_of_the_sensor():
    assert timing(0, Window(0, 0, 90, 10)).top == 1
    assert row_timing(MODEL, 0, Window(0, 0, 96, 10), exposure_s=1.0, link="usb3", overscan=True).top == 0


def test_unknown_cable_is_named():
    with pytest.raises(UnknownName, match="usb2"):
        row_timing(MODEL, 0, Window(0, 0, 90, 60), exposure_s=1.0, link="usb2")
