"""When each row of a frame was exposed: start, middle and end in integer UTC nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.readout.rows import RowTiming

__all__ = ["RowTimes", "row_times"]


@dataclass(frozen=True, slots=True)
class RowTimes:
    """The times of the rows of one frame, as the frame is delivered (binned rows, row 0 read first).

    Attributes
    ----------
    start_ns, middle_ns, end_ns : ndarray of int64, shape (rows,)
        UTC, nanoseconds since 1970. A binned row starts with the first and ends with the last of its sensor rows;
        its middle is the mean of their middles.
    source : str
        Where the times come from: "twin" (the simulation itself), "gps" (the stamp in the frame), "host" (the
        computer's clock when the frame arrived).
    uncertainty_ns : int
        One standard deviation of a shift common to all rows, ns.
    """

    start_ns: NDArray[np.int64]
    middle_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    source: str
    uncertainty_ns: int


def row_times(
    timing: RowTiming,
    row0_start_ns: int,
    rows: int,
    factor: int = 1,
    *,
    source: str = "twin",
    uncertainty_ns: int = 0,
) -> RowTimes:
    """The times of all rows of a frame.

    Parameters
    ----------
    timing : RowTiming
        The clock of its read-out.
    row0_start_ns : int
        UTC, start of exposure of the first sensor row of the window.
    rows : int
        Rows of the frame as delivered.
    factor : int
        Binning.
    source, uncertainty_ns
        See `RowTimes`.

    Examples
    --------
    >>> clockwork = RowTiming(1000, 2, 0, 50_000, frame_period_ns=60_000, read_ns=9_000, transfer_ns=500,
    ...                       reference_to_row0_end_ns=0)
    >>> times = row_times(clockwork, 0, rows=4)
    >>> times.start_ns.tolist(), times.end_ns.tolist()
    ([0, 0, 2000, 2000], [50000, 50000, 52000, 52000])
    """
    sensor_rows = np.arange(rows * factor, dtype=np.int64)
    starts = (row0_start_ns + timing.offsets_ns(sensor_rows)).reshape(rows, factor)
    start_ns, last_start_ns = starts[:, 0], starts[:, -1]
    shift_ns = (starts - start_ns[:, None]).sum(axis=1) // factor
    return RowTimes(
        start_ns=start_ns,
        middle_ns=start_ns + shift_ns + timing.exposure_ns // 2,
        end_ns=last_start_ns + timing.exposure_ns,
        source=source,
        uncertainty_ns=uncertainty_ns,
    )
