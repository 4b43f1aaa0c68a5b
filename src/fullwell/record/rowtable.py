"""The times of all rows of a frame as an extension of its file: ROWTIMES."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.io import fits

from fullwell.camera.frame import Frame

__all__ = ["row_times_hdu"]


def row_times_hdu(frame: Frame) -> Any:
    """A table with a line for each row of the frame, as an astropy HDU.

    Parameters
    ----------
    frame : Frame

    Returns
    -------
    BinTableHDU
        Columns ``row`` (from 0), ``start_ns``, ``middle_ns``, ``end_ns``: UTC, nanoseconds since 1970.
    """
    times = frame.times
    instants = (("start_ns", times.start_ns), ("middle_ns", times.middle_ns), ("end_ns", times.end_ns))
    columns = [
        fits.Column("row", "J", array=np.arange(times.start_ns.size, dtype=np.int32)),
        *(fits.Column(name, "K", unit="ns", array=instants_ns) for name, instants_ns in instants),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="ROWTIMES")
    hdu.header["TIMESYS"] = ("UTC", "time scale")
    hdu.header["DATEREF"] = ("1970-01-01T00:00:00", "nanoseconds are counted from here")
    hdu.header["TIMESRC"] = (times.source, "where the time comes from")
    hdu.header["TIMSYER"] = (times.uncertainty_ns / 1e9, "[s] uncertainty of the time")
    return hdu
