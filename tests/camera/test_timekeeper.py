"""Times of frames with a GPS stamp: used when good, refused with reasons when not; so are calibrations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fullwell.camera.frame import FrameFormat, FrameReport, Observation, Readings, Settings
from fullwell.camera.timekeeper import GPS_UNCERTAINTY_NS, Timekeeper, conditions
from fullwell.errors import InvalidValue
from fullwell.models.facts import Window
from fullwell.readout.calibration import FACTS_UNCERTAINTY_NS, RowOffset
from fullwell.readout.gps import PPS_LOST, Edge, GpsStamp, latitude_word, longitude_word, write_stamp
from fullwell.readout.timing import row_timing
from tiny.model import tiny_model
from tiny.waiting import NOON_NS

MODEL = tiny_model()
SETTINGS = Settings(0, 0.01, 26, 10, 0, 0, FrameFormat(Window(0, 5, 80, 40)), False, False, "usb3", gps=True)
TIMING = row_timing(MODEL, 0, SETTINGS.format.window, exposure_s=0.01, link="usb3")
PPS = 9_999_990
SECOND_NS = 10**9


def report(number: int = 0, settings: Settings = SETTINGS, start_ns: int | None = None) -> FrameReport:
    """What a device says: frame `number`, one a second."""
    return FrameReport(
        sequence=number,
        shape=(40, 80),
        settings=settings,
        timing=TIMING,
        row0_start_ns=NOON_NS + number * SECOND_NS if start_ns is None else start_ns,
        time_source="host",
        time_uncertainty_ns=20_000_000,
        readings=Readings(),
        observation=Observation(),
    )


def stamp(number: int = 0, **changes: object) -> GpsStamp:
    """The stamp of a frame whose row 0 starts 1 ms later than the device believes."""
    vsync_ns = NOON_NS + number * SECOND_NS + 1_000_000 + TIMING.exposure_ns - TIMING.reference_to_row0_end_ns
    end = Edge.at(vsync_ns, 51, PPS)
    good = GpsStamp(
        number + 1, 0, 80, 40, latitude_word(10.5), longitude_word(149.1),
        Edge.at(vsync_ns - 400, 51, PPS), end, end, PPS,
    )  # fmt: skip
    return replace(good, **changes)


def timed(keeper: Timekeeper, gps: GpsStamp, told: FrameReport, stream: str = "single") -> FrameReport:
    data = np.full((40, 80), 500, np.uint16)
    write_stamp(data, gps)
    return keeper.timed(data, told, stream)


def test_a_good_stamp_gives_the_times() -> None:
    told = timed(Timekeeper(MODEL), stamp(), report())
    assert told.time_source == "gps"
    assert abs(told.row0_start_ns - (NOON_NS + 1_000_000)) <= 51  # half a tick and rounding
    assert told.row0_start_ns == stamp().vsync_ns + TIMING.reference_to_row0_end_ns - TIMING.exposure_ns
    assert told.gps == stamp()
    assert told.time_doubts == ()
    assert told.row_offset is not None
    assert told.row_offset.offset_ns == TIMING.reference_to_row0_end_ns
    assert told.time_uncertainty_ns >= FACTS_UNCERTAINTY_NS


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"now": replace(stamp().now, flag=0x20)}, "no lock"),
        ({"pps_count": PPS_LOST}, "PPS is lost"),
        ({"width": 100}, "not that of the frame"),
        ({"start": replace(stamp().start, seconds=stamp().start.seconds + 1)}, "end is before the start"),
    ],
)
def test_a_doubtful_stamp_leaves_the_devices_time(changes: dict[str, object], words: str) -> None:
    told = timed(Timekeeper(MODEL), stamp(**changes), report())
    assert (told.row0_start_ns, told.time_source, told.time_uncertainty_ns) == (NOON_NS, "host", 20_000_000)
    assert told.gps == stamp(**changes)
    (reason,) = told.time_doubts
    assert words in reason


def test_a_stamp_of_a_wrong_second_is_not_used() -> None:
    (reason,) = timed(Timekeeper(MODEL), stamp(), report(start_ns=NOON_NS + 18 * SECOND_NS)).time_doubts
    assert "18 s before the date" in reason


def test_a_stamp_is_held_against_the_last_good_one() -> None:
    keeper = Timekeeper(MODEL)
    assert timed(keeper, stamp(0), report(0)).time_source == "gps"
    frozen = replace(stamp(0), sequence=2)
    (reason,) = timed(keeper, frozen, report(1)).time_doubts
    assert "frozen" in reason
    jumping = stamp(2, longitude_word=longitude_word(149.13))
    (reason,) = timed(keeper, jumping, report(2)).time_doubts
    assert "position jumps" in reason
    assert timed(keeper, stamp(3), report(3)).time_source == "gps"
    keeper.begin()
    assert timed(keeper, jumping, report(2)).time_source == "gps"


def test_without_a_box_nothing_changes_but_the_stream() -> None:
    told = report(settings=replace(SETTINGS, gps=False))
    data = np.zeros((40, 80), np.uint16)
    assert Timekeeper(MODEL).timed(data, told, "single") is told
    assert Timekeeper(MODEL).timed(data, told, "live") == replace(told, stream="live")


def test_a_calibration_that_fits_is_used_and_a_stale_one_is_not() -> None:
    now = conditions(MODEL, SETTINGS, "single")
    record = RowOffset(TIMING.reference_to_row0_end_ns + 7_000, 300, now, "LED")
    keeper = Timekeeper(MODEL)
    keeper.use([record], [now])
    plain = timed(Timekeeper(MODEL), stamp(), report())
    told = timed(keeper, stamp(), report())
    assert told.row0_start_ns == plain.row0_start_ns + 7_000
    assert told.row_offset == record
    assert GPS_UNCERTAINTY_NS < told.time_uncertainty_ns < 400

    live = timed(keeper, stamp(1), report(1), "live")
    assert live.time_source == "gps"
    assert live.row_offset is not None
    assert live.row_offset.source == "the vendor's figures"
    (reason,) = live.time_doubts
    assert "stream is live, the calibration holds for single" in reason


def test_calibrations_that_do_not_fit_are_refused() -> None:
    now = conditions(MODEL, SETTINGS, "single")
    stale = RowOffset(1, 2, replace(now, usb_traffic=3), "LED")
    keeper = Timekeeper(MODEL)
    with pytest.raises(InvalidValue, match="USB traffic is 0, the calibration holds for 3"):
        keeper.use([stale], [now])
    assert keeper.offsets == ()
    keeper.use([stale, replace(stale, conditions=now)], [now])
    assert len(keeper.offsets) == 2
    keeper.use([], [now])
    assert keeper.offsets == ()
