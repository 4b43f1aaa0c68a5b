"""The header cards about time."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell.camera.frame import Frame
from fullwell.camera.timekeeper import conditions
from fullwell.readout.calibration import from_facts
from fullwell.readout.gps import Edge, GpsStamp, latitude_word, longitude_word
from fullwell.readout.rows import RowTiming
from fullwell.record.header import header
from fullwell.record.timecards import siril_shift


def stamped(frame: Frame) -> Frame:
    """The frame with the times of a good GPS stamp."""
    end = Edge.at(frame.start_ns, 51, 9_999_990)
    gps = GpsStamp(7, 0, 300, 200, latitude_word(-33.5), longitude_word(149.1), end, end, end, 9_999_990)
    offset = from_facts(1_000, conditions(frame.model, frame.report.settings, "single"))
    return replace(frame, report=replace(frame.report, time_source="gps", gps=gps, row_offset=offset))


def test_the_stamp_stands_in_the_words_of_nina(make_frame):
    cards = {card.keyword: card.value for card in header(stamped(make_frame()))}
    assert cards["TIMESRC"] == "gps"
    assert (cards["GPS_SEQ"], cards["GPS_PPS"], cards["GPS_W"], cards["GPS_H"]) == (7, 9_999_990, 300, 200)
    assert (cards["GPS_EFLG"], cards["GPS_EST"]) == (3, "locked")
    assert cards["GPS_LON"] == pytest.approx(149.1)
    assert cards["GPS_EUTC"][:23] == cards["ROW0BEG"][:23]
    assert (cards["ROWOFF"], cards["ROWOFFBY"], cards["QHY_OFF0"]) == (1000, "the vendor's figures", 1.0)


def test_a_doubtful_stamp_gives_its_reasons_and_no_dates(make_frame):
    frame = stamped(make_frame())
    doubtful = replace(frame.report, time_source="host", time_doubts=("the PPS is lost", "no lock"))
    cards = {card.keyword: card.value for card in header(replace(frame, report=doubtful))}
    assert (cards["TIMEDBT1"], cards["TIMEDBT2"]) == ("the PPS is lost", "no lock")
    assert cards["GPS_EFLG"] == 3
    assert not {"GPS_SUTC", "GPS_EUTC", "GPS_NUTC"} & set(cards)


def test_every_time_card_is_in_the_reference(make_frame):
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
    listed = set(re.findall(r"[A-Z][A-Z0-9_-]+", text))
    doubtful = replace(stamped(make_frame()).report, time_source="host", time_doubts=("the PPS is lost",))
    frames = (stamped(make_frame()), replace(make_frame(), report=doubtful))
    told = {card.keyword for frame in frames for card in header(frame)}
    assert {name for name in told if name.startswith(("GPS_", "QHY_", "ROW", "TIM", "STREAM"))} - listed - {
        "TIMEUNIT"
    } == set()


@given(
    line_ns=st.integers(1, 100_000),
    per_step=st.sampled_from([1, 2]),
    top=st.integers(0, 9),
    factor=st.integers(1, 8),
    row=st.integers(0, 50),
)
def test_sirils_formula_finds_the_first_sensor_row_of_each_row(
    line_ns: int, per_step: int, top: int, factor: int, row: int
) -> None:
    timing = RowTiming(line_ns, per_step, top, 1, 1, 0, 0, 0)
    shift_ns, crop = siril_shift(timing, factor)
    y = (row + crop) * factor
    sirils_ns = (2 * line_ns * (y // 2) if per_step == 2 else line_ns * y) - shift_ns
    first = row * factor
    assert sirils_ns == ((first + top) // per_step - top // per_step) * per_step * line_ns
