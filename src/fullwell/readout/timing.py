"""The one timing model: row times, frame period and link time of every mode, window and cable.

Law, for a read-out of the whole rows of a window:

* line period = period of the mode x (1 + slope x USB traffic) x factor of the SPEED setting x factor of
  8-bit words, rounded to whole ns;
* sensor frame = (rows read + blanking) line periods; rows that are exposed in pairs are read in pairs, so an
  odd edge of the window costs the row beyond it; an exposure that is longer stretches the frame by extra
  line periods until exposure = frame period;
* link frame = bytes / rate of the cable + dead time per frame, each with a figure of its own for 8-bit words;
* frame period = the longer of the two.

Limits: a window's columns are cut in the computer, whole rows travel (all printed region rates of the vendor
are full width, so nothing tells otherwise); binning is done in the computer, so the link carries unbinned
words; words of 9 to 16 bits travel as two bytes. A window leaves out rows above and below it without cost.

References
----------
The vendor's product pages: exposure times are whole numbers of row periods and long exposures add row periods
to the frame (QHY600 Pro, GPS section); rates of full frames and of regions by lines and word depth.
"""

from __future__ import annotations

from fullwell.models.facts import CameraModel, ReadMode, ShutterSignal, Window
from fullwell.readout.rows import RowTiming

__all__ = ["frame_rate_fps", "line_period_ns", "link_frame_ns", "row_timing", "shutter_edges_ns"]


def row_timing(
    model: CameraModel,
    mode: str | int,
    window: Window,
    *,
    exposure_s: float,
    link: str,
    bits: int = 16,
    usb_traffic: int = 0,
    speed: int = 0,
    overscan: bool = False,
) -> RowTiming:
    """The clockwork of a camera for given settings.

    Parameters
    ----------
    model : CameraModel
    mode : str or int
        Read mode, by name or number.
    window : Window
        Unbinned px, relative to the effective area, or to the whole sensor if `overscan` is set.
    exposure_s : float
        Asked for, s, above 0; the sensor does the nearest whole number of line periods, at least one.
    link : str
        Name of the cable.
    bits : int
        Word depth that leaves the camera.
    usb_traffic, speed : int
        The vendor's knobs.
    overscan : bool
        See `window`.

    Returns
    -------
    RowTiming

    Raises
    ------
    UnknownName
        If the camera has no such mode or link.
    """
    read_mode = model.mode(mode)
    top = window.top + (0 if overscan else model.sensor.geometry.effective.top)
    period_ns = line_period_ns(read_mode, bits=bits, usb_traffic=usb_traffic, speed=speed)
    per_step = read_mode.timing.rows_per_step
    first_step, last_step = top // per_step, (top + window.height - 1) // per_step
    step_ns = per_step * period_ns
    rows_read = (last_step - first_step + 1) * per_step

    exposure_lines = max(1, round(exposure_s * 1e9 / period_ns))
    sensor_ns = round(max(rows_read + read_mode.timing.blanking_lines, exposure_lines) * period_ns)
    link_ns, dead_ns = link_frame_ns(model, read_mode, rows=window.height, bits=bits, link=link)
    read_ns = (last_step - first_step) * step_ns
    reference_ns = read_mode.timing.end_offset_lines * period_ns + read_mode.timing.end_offset_us * 1e3
    return RowTiming(
        line_period_ns=period_ns,
        rows_per_step=per_step,
        top=top,
        exposure_ns=exposure_lines * period_ns,
        frame_period_ns=max(sensor_ns, link_ns),
        read_ns=read_ns,
        transfer_ns=max(link_ns - read_ns, dead_ns),
        reference_to_row0_end_ns=round(reference_ns) + first_step * step_ns,
    )


def line_period_ns(mode: ReadMode, *, bits: int = 16, usb_traffic: int = 0, speed: int = 0) -> int:
    """Time from one row to the next, whole ns (a pair of rows takes two of them).

    Parameters
    ----------
    mode : ReadMode
    bits : int
        Word depth that leaves the camera.
    usb_traffic, speed : int
        The vendor's knobs.
    """
    timing = mode.timing
    word_factor = timing.short_word_factor if bits <= 8 else 1.0
    traffic_factor = 1.0 + timing.line_period_per_traffic * usb_traffic
    return round(timing.line_period_ns * traffic_factor * timing.speed_factor[speed] * word_factor)


def link_frame_ns(model: CameraModel, mode: ReadMode, *, rows: int, bits: int, link: str) -> tuple[int, int]:
    """Time that one frame occupies the cable, and the dead part of it.

    Parameters
    ----------
    model : CameraModel
    mode : ReadMode
    rows : int
        Unbinned rows of the window.
    bits : int
        Word depth that leaves the camera.
    link : str
        Name of the cable.

    Returns
    -------
    link_ns : int
        From the first byte until the cable is free again, ns.
    dead_ns : int
        What of it no bytes explain, ns.
    """
    cable = model.link(link)
    words = rows * model.sensor.geometry.total_width * len(mode.chains)
    if bits <= 8:
        moving_s, dead_s = words / cable.short_word_rate_bytes_per_s, cable.short_word_overhead_s
    else:
        moving_s, dead_s = 2 * words / cable.rate_bytes_per_s, cable.frame_overhead_s
    return round((moving_s + dead_s) * 1e9), round(dead_s * 1e9)


def shutter_edges_ns(signal: ShutterSignal, timing: RowTiming, row0_start_ns: int) -> tuple[int, int]:
    """When the shutter signal of a frame rises and falls; row times refer to the falling edge.

    Parameters
    ----------
    signal : ShutterSignal
        Of the camera.
    timing : RowTiming
        Of the frame.
    row0_start_ns : int
        UTC, start of exposure of row 0 of the window.

    Returns
    -------
    rise_ns, fall_ns : int
        UTC, ns.

    Examples
    --------
    >>> clockwork = RowTiming(1000, 2, 0, 50_000, frame_period_ns=60_000, read_ns=9_000, transfer_ns=500,
    ...                       reference_to_row0_end_ns=7_000)
    >>> shutter_edges_ns(ShutterSignal("vsync", 400, 44), clockwork, row0_start_ns=0)
    (42600, 43000)
    """
    fall_ns = row0_start_ns + timing.exposure_ns - timing.reference_to_row0_end_ns
    width_ns = signal.pulse_ns if signal.kind == "vsync" else timing.exposure_ns
    return fall_ns - width_ns, fall_ns


def frame_rate_fps(timing: RowTiming) -> float:
    """Frames per second of a free-running camera."""
    return 1e9 / timing.frame_period_ns
