"""The numbers of the vendor's precise-exposure call, from the same clockwork as everything else."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from fullwell.models.facts import CameraModel
from fullwell.readout.rows import RowTiming

__all__ = ["PreciseExposure", "precise_exposure"]


@dataclass(frozen=True, slots=True)
class PreciseExposure:
    """What ``GetQHYCCDPreciseExposureInfo`` tells, in its units.

    Attributes
    ----------
    pixel_period_ps : int
        Period of the clock that lines are counted in, ps.
    line_period_ns : int
        ns.
    frame_period_us : int
        Of the sensor, long exposures included; over a slow link frames come further apart, us.
    clocks_per_line : int
        Line period in pixel periods, to the nearest.
    lines_per_frame : int
        Frame period in line periods: rows read, blanking, and what a long exposure adds.
    actual_exposure_us : int
        A whole number of line periods, rounded to us.
    long_exposure : bool
        Whether the exposure is longer than a frame without added lines.
    """

    pixel_period_ps: int
    line_period_ns: int
    frame_period_us: int
    clocks_per_line: int
    lines_per_frame: int
    actual_exposure_us: int
    long_exposure: bool


def precise_exposure(model: CameraModel, mode: str | int, timing: RowTiming) -> PreciseExposure:
    """The vendor's precise-exposure numbers of a read-out.

    Parameters
    ----------
    model : CameraModel
    mode : str or int
        Read mode, by name or number.
    timing : RowTiming
        Of a read-out in this mode.

    References
    ----------
    ``GetQHYCCDPreciseExposureInfo`` of the vendor's library. It answers zeros until frames flow; this never does.
    """
    period_ns = timing.line_period_ns
    step_ns = timing.rows_per_step * period_ns
    rows_read = (timing.read_ns // step_ns + 1) * timing.rows_per_step
    shortest_lines = rows_read + ceil(model.mode(mode).timing.blanking_lines)
    exposure_lines = timing.exposure_ns // period_ns
    lines = max(shortest_lines, exposure_lines)
    pixel_ps = model.sensor.pixel_period_ps
    return PreciseExposure(
        pixel_period_ps=pixel_ps,
        line_period_ns=period_ns,
        frame_period_us=round(lines * period_ns / 1000),
        clocks_per_line=round(1000 * period_ns / pixel_ps),
        lines_per_frame=lines,
        actual_exposure_us=round(timing.exposure_ns / 1000),
        long_exposure=exposure_lines > shortest_lines,
    )
