"""The clockwork of a real camera: by the facts, and as the camera itself tells it."""

from __future__ import annotations

from fullwell.camera.frame import Settings
from fullwell.models.facts import CameraModel
from fullwell.readout.rows import RowTiming
from fullwell.readout.timing import link_frame_ns, row_timing


def timing_by_facts(model: CameraModel, settings: Settings) -> RowTiming:
    """The clockwork that belongs to settings.

    Parameters
    ----------
    model : CameraModel
    settings : Settings
        With the cable that the camera hangs on.
    """
    form = settings.format
    return row_timing(
        model,
        settings.mode,
        form.window,
        exposure_s=settings.exposure_s,
        link=settings.link,
        bits=form.bits,
        usb_traffic=settings.usb_traffic,
        speed=settings.speed,
        overscan=form.overscan,
    )


def timing_as_told(model: CameraModel, settings: Settings, told: tuple[int, int, int, int]) -> RowTiming:
    """The clockwork as the camera tells it; what it does not tell is taken from the facts.

    Parameters
    ----------
    model : CameraModel
    settings : Settings
        With which it was told.
    told : tuple of int
        Line period (ns), frame period (us), exposure (us, 0 = not told), end of row 0 after the stamp (ns).

    Notes
    -----
    The camera tells only what its sensor needs: how long a frame occupies the cable is added by the facts.
    """
    line_ns, frame_us, exposure_us, offset_ns = told
    law, form = timing_by_facts(model, settings), settings.format
    mode = model.mode(settings.mode)
    cable_ns = link_frame_ns(model, mode, rows=form.window.height, bits=form.bits, link=settings.link)[0]
    steps = law.read_ns // (law.rows_per_step * law.line_period_ns)
    return RowTiming(
        line_period_ns=line_ns,
        rows_per_step=law.rows_per_step,
        top=law.top,
        exposure_ns=exposure_us * 1000 or law.exposure_ns,
        frame_period_ns=max(frame_us * 1000, exposure_us * 1000, cable_ns),
        read_ns=steps * law.rows_per_step * line_ns,
        transfer_ns=law.transfer_ns,
        reference_to_row0_end_ns=offset_ns,
    )


def start_of_arrived_ns(arrival_ns: int, timing: RowTiming) -> int:
    """When a frame began that has just arrived, UTC ns.

    Parameters
    ----------
    arrival_ns : int
        UTC, ns.
    timing : RowTiming
        It was taken with.
    """
    return arrival_ns - timing.transfer_ns - timing.read_ns - timing.exposure_ns
