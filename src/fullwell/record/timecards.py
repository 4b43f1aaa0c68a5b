"""The header cards about time: ours, and those that N.I.N.A. writes and Siril reads.

Siril takes the end of exposure of row y of a file (unbinned, counted from the file's first row, plus CROPOFFY) as
``GPS_EUTC + QHY_OFF0 + 2 QHY_LP (y // 2)``, or ``QHY_LP y`` in modes with 2CMS in their name. Pairs of rows are
fixed on the sensor, so a window that begins with the second row of a pair gets a CROPOFFY of 1, which makes the
formula right. Two things stay: of a binned row it tells the times of the first sensor row; and cameras that read
single rows in modes of other names (QHY42 Pro) it takes for reading pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from fullwell.camera.frame import Frame
from fullwell.readout.gps import Edge, GpsStamp
from fullwell.readout.precise import precise_exposure
from fullwell.readout.rows import RowTiming
from fullwell.record.instants import iso, mjd

Line: TypeAlias = tuple[str, str | bool | int | float, str]
"""Keyword, value, comment."""


def time_cards(frame: Frame) -> Iterator[Line]:
    """All cards about the times of a frame."""
    yield from _dates(frame)
    yield from _source(frame)
    yield from _rows(frame)
    yield from _precise(frame)
    if frame.report.gps is not None:
        yield from _stamp(frame.report.gps, doubtful=frame.report.time_source != "gps")


def _dates(frame: Frame) -> Iterator[Line]:
    yield "TIMESYS", "UTC", "time scale of all dates here"
    for name, instant_ns, comment in (
        ("OBS", frame.start_ns, "start of exposure, first row"),
        ("BEG", frame.start_ns, "start of exposure, first row"),
        ("AVG", frame.middle_ns, "middle of exposure, middle of frame"),
        ("END", frame.end_ns, "end of exposure, last row"),
    ):
        yield f"DATE-{name}", iso(instant_ns), comment
        yield f"MJD-{name}", mjd(instant_ns), f"[d] {comment}"


def _source(frame: Frame) -> Iterator[Line]:
    report = frame.report
    yield "TIMESRC", report.time_source, "where the time comes from"
    yield "TIMSYER", report.time_uncertainty_ns / 1e9, "[s] uncertainty of the time"
    yield "TIMEUNIT", "s", "unit of TIMSYER"
    for number, reason in enumerate(report.time_doubts[:9], start=1):
        yield f"TIMEDBT{number}", reason, "doubt"


def _rows(frame: Frame) -> Iterator[Line]:
    report, timing = frame.report, frame.report.timing
    yield "ROW0BEG", iso(frame.start_ns, 9), "start of exposure, first row"
    yield "LINEPER", timing.line_period_ns, "[ns] line period: read-out time of one row"
    yield "ROWSTEP", timing.rows_per_step, "rows exposed and read together"
    yield "ROWTOP", timing.top, "sensor row of the first row (unbinned)"
    yield "READTIME", timing.read_ns / 1e9, "[s] end of first row to end of last row"
    yield "STREAM", report.stream, "single or live frame"
    offset = report.row_offset
    if offset is None:
        yield "ROWOFF", timing.reference_to_row0_end_ns, "[ns] vsync to end of exposure, first row"
        return
    yield "ROWOFF", offset.offset_ns, "[ns] vsync to end of exposure, first row"
    yield "ROWOFFER", offset.uncertainty_ns, "[ns] uncertainty of ROWOFF"
    yield "ROWOFFBY", offset.source, "where ROWOFF comes from"


def _precise(frame: Frame) -> Iterator[Line]:
    report = frame.report
    told = precise_exposure(frame.model, report.settings.mode, report.timing)
    offset_ns = report.row_offset.offset_ns if report.row_offset else report.timing.reference_to_row0_end_ns
    shift, crop = siril_shift(report.timing, report.settings.format.bin)
    yield "QHY_EXP", report.timing.exposure_ns / 1e9, "[s] exposure as done"
    yield "QHY_PP", told.pixel_period_ps, "[ps] pixel period"
    yield "QHY_LP", told.line_period_ns, "[ns] line period"
    yield "QHY_FP", told.frame_period_us, "[us] frame period of the sensor"
    yield "QHY_CPL", told.clocks_per_line, "clocks per line"
    yield "QHY_LPF", told.lines_per_frame, "lines per frame"
    yield "QHY_AET", told.actual_exposure_us, "[us] exposure as done"
    yield "QHY_LEM", told.long_exposure, "longer than a frame without added lines"
    yield "QHY_OFF0", (offset_ns - shift) / 1000, "[us] vsync to end of exposure of row 0"
    if crop:
        yield "CROPOFFY", crop, "first row is the second of a pair"


def siril_shift(timing: RowTiming, factor: int) -> tuple[int, int]:
    """What makes Siril's formula right for a window that begins within a pair of rows.

    Parameters
    ----------
    timing : RowTiming
    factor : int
        Binning.

    Returns
    -------
    shift_ns : int
        To subtract from the offset of row 0.
    crop_rows : int
        CROPOFFY, binned rows.

    Notes
    -----
    With a crop of 1, Siril puts row k of the file at unbinned row ``factor k + factor``; from the beginning of
    the pair it lies at ``factor k + 1``. For an odd factor the two are ``(factor - 1) / 2`` pairs apart
    throughout; for an even one the second row of the first pair changes nothing.
    """
    if timing.top % timing.rows_per_step == 0 or factor % 2 == 0:
        return 0, 0
    return (factor - 1) * timing.line_period_ns, 1


def _stamp(stamp: GpsStamp, doubtful: bool) -> Iterator[Line]:
    """The stamp in the words of N.I.N.A.; dates that nobody should use are left out."""
    yield "GPS_PPS", stamp.pps_count, "ticks between the last two pulses"
    yield "GPS_SEQ", stamp.sequence, "frame number of the GPS box"
    yield "GPS_W", stamp.width, "[pix] width"
    yield "GPS_H", stamp.height, "[pix] height"
    yield "GPS_LAT", stamp.latitude_deg, "[deg] latitude, north positive"
    yield "GPS_LON", stamp.longitude_deg, "[deg] longitude, east positive"
    pps = stamp.pps_count if stamp.pps_is_sound else None
    for letter, name, edge in (("S", "start", stamp.start), ("E", "end", stamp.end), ("N", "now", stamp.now)):
        yield from _edge(letter, name, edge)
        if not doubtful:
            yield f"GPS_{letter}UTC", iso(edge.utc_ns(pps), 9), name
    yield "GPS_EXP", (stamp.end.utc_ns(pps) - stamp.start.utc_ns(pps)) // 1000, "[us] from start to end"


def _edge(letter: str, name: str, edge: Edge) -> Iterator[Line]:
    yield f"GPS_{letter}FLG", int(edge.receiver), f"{name}: state of the receiver, 3 = locked"
    yield f"GPS_{letter}ST", edge.receiver.words, f"{name}: the same in words"
    yield f"GPS_{letter}SEC", edge.seconds, f"[s] {name}: since 1995-10-10"
    yield f"GPS_{letter}US", edge.count // 10, f"[us] {name}: ticks of 0.1 us / 10"
