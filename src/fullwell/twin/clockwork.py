"""How long everything takes with given settings."""

from __future__ import annotations

from dataclasses import replace

from fullwell.camera.frame import Settings
from fullwell.models.facts import CameraModel
from fullwell.readout.rows import RowTiming
from fullwell.readout.timing import row_timing


def clockwork(model: CameraModel, settings: Settings, exposure_s: float, *, live: bool) -> RowTiming:
    """The clockwork of one frame.

    Parameters
    ----------
    model : CameraModel
    settings : Settings
    exposure_s : float
        As done: shorter than that of the settings when an exposure is stopped.
    live : bool
        Whether frame follows frame: then a flush of the sensor (anti-RBI) lengthens the frame period by a frame
        of the shortest exposure. The vendor says only that flushed and normal frames alternate.
    """
    timing = _timing(model, settings, exposure_s)
    if not (live and settings.anti_rbi):
        return timing
    flush = _timing(model, settings, model.exposure_s.low)
    return replace(timing, frame_period_ns=timing.frame_period_ns + flush.frame_period_ns)


def _timing(model: CameraModel, settings: Settings, exposure_s: float) -> RowTiming:
    return row_timing(
        model,
        settings.mode,
        settings.format.window,
        exposure_s=exposure_s,
        link=settings.link,
        bits=settings.format.bits,
        usb_traffic=settings.usb_traffic,
        speed=settings.speed,
        overscan=settings.format.overscan,
    )
