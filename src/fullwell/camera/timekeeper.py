"""Who says when the rows of a frame were exposed: the GPS stamp in its pixels, or the device.

A stamp is used if nothing speaks against it; then row 0 ends its exposure a calibrated time after it. A doubtful
stamp is never used: the frame keeps the time of the device, and the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import isqrt
from typing import Any, Final

from numpy.typing import NDArray

from fullwell.camera.frame import FrameReport, Settings
from fullwell.errors import InvalidValue
from fullwell.models.facts import CameraModel
from fullwell.readout.calibration import Conditions, RowOffset, from_facts, pick
from fullwell.readout.gps import GpsStamp, decode, doubts, stamp_bytes

__all__ = ["GPS_UNCERTAINTY_NS", "NEAR_S", "Timekeeper", "conditions"]

GPS_UNCERTAINTY_NS: Final = 100
"""Of a good stamp: its ticks of 100 ns, and 20 to 100 ns of the pulse per second."""

NEAR_S: Final = 5.0
"""How far a stamp may be from the device's own time: a receiver that is locked to a wrong second is not used."""

AGREE_NS: Final = 1_000_000
SIGMAS: Final = 8
"""How well the time from stamp to stamp must be that of the device: 1 ms, and 8 of the device's uncertainties."""


def conditions(model: CameraModel, settings: Settings, stream: str) -> Conditions:
    """What a row calibration has to hold for."""
    form = settings.format
    return Conditions(
        model_key=model.key,
        mode=settings.mode,
        top=form.window.top,
        height=form.window.height,
        overscan=form.overscan,
        bits=form.bits,
        usb_traffic=settings.usb_traffic,
        speed=settings.speed,
        stream=stream,
    )


class Timekeeper:
    """Gives frames their times.

    Parameters
    ----------
    model : CameraModel
    """

    def __init__(self, model: CameraModel) -> None:
        self._model = model
        self._offsets: tuple[RowOffset, ...] = ()
        self._good: tuple[GpsStamp, int] | None = None

    @property
    def offsets(self) -> tuple[RowOffset, ...]:
        """The calibrations to choose from."""
        return self._offsets

    def use(self, records: Iterable[RowOffset], wanted: Iterable[Conditions]) -> None:
        """Choose from these calibrations from now on.

        Raises
        ------
        InvalidValue
            If there are some but none fits any of `wanted`; then the old ones stay.
        """
        offsets = tuple(records)
        reasons = min((pick(offsets, each)[1] for each in wanted), key=len)
        if reasons:
            raise InvalidValue(
                f"no row calibration of {len(offsets)} fits: {'; '.join(reasons)}.",
                "Calibrate with the settings in force, or change them first.",
            )
        self._offsets = offsets

    def begin(self) -> None:
        """Stamps that come now have nothing to do with earlier ones: another box, another place."""
        self._good = None

    def timed(self, data: NDArray[Any], report: FrameReport, stream: str) -> FrameReport:
        """The report of a frame with the best time there is.

        Parameters
        ----------
        data : ndarray
            The frame; with ``settings.gps`` its first pixels hold the stamp.
        report : FrameReport
            As the device gave it.
        stream : str
            "single" or "live".
        """
        if not report.settings.gps:
            return report if report.stream == stream else replace(report, stream=stream)
        stamp = decode(stamp_bytes(data))
        reasons = self._doubts(stamp, report)
        if reasons:
            return replace(report, stream=stream, gps=stamp, time_doubts=reasons)
        self._good = stamp, _vsync_ns(report)
        return self._stamped(stamp, report, stream)

    def _stamped(self, stamp: GpsStamp, report: FrameReport, stream: str) -> FrameReport:
        """Row times from a good stamp."""
        wanted = conditions(self._model, report.settings, stream)
        offset, misfits = pick(self._offsets, wanted)
        if offset is None:
            offset = from_facts(report.timing.reference_to_row0_end_ns, wanted)
        return replace(
            report,
            row0_start_ns=stamp.vsync_ns + offset.offset_ns - report.timing.exposure_ns,
            time_source="gps",
            time_uncertainty_ns=isqrt(GPS_UNCERTAINTY_NS**2 + offset.uncertainty_ns**2),
            stream=stream,
            gps=stamp,
            row_offset=offset,
            time_doubts=tuple(f"no row calibration fits: {reason}" for reason in misfits),
        )

    def _doubts(self, stamp: GpsStamp, report: FrameReport) -> tuple[str, ...]:
        previous, before_ns = self._good or (None, 0)
        return doubts(
            stamp,
            previous,
            sizes=self._sizes(report),
            near_ns=_vsync_ns(report),
            within_s=NEAR_S,
            elapsed_ns=None if previous is None else _vsync_ns(report) - before_ns,
            agree_ns=AGREE_NS + SIGMAS * report.time_uncertainty_ns,
        )

    def _sizes(self, report: FrameReport) -> set[tuple[int, int]]:
        """What a box may call the size of a frame: as read, with both chains, binned, or the whole sensor."""
        geometry, window = self._model.sensor.geometry, report.settings.format.window
        chains = len(self._model.mode(report.settings.mode).chains)
        return {
            (window.width, window.height),
            (chains * window.width, window.height),
            (report.shape[1], report.shape[0]),
            (geometry.total_width, geometry.total_height),
        }


def _vsync_ns(report: FrameReport) -> int:
    """When the device would expect the stamp, UTC."""
    timing = report.timing
    return report.row0_start_ns + timing.exposure_ns - timing.reference_to_row0_end_ns
