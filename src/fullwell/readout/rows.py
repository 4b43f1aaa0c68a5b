"""The times of the rows of one frame: the rolling shutter in four integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RowTiming:
    """The clock of one read-out.

    Row k of the window (0-based, unbinned) ends its exposure ``(k + top) // rows_per_step - top //
    rows_per_step`` steps after row 0, where one step lasts ``rows_per_step * line_period_ns``; it starts the
    exposure time earlier.

    Attributes
    ----------
    line_period_ns : int
        Time per row, ns.
    rows_per_step : int
        Rows that are exposed and read together (2, or 1 in 2CMS modes).
    top : int
        First row of the window on the sensor (pairs are fixed on the sensor, not in the window).
    exposure_ns : int
        Exposure of each row, ns: what the sensor really does, a whole number of line periods where it is long
        enough.
    frame_period_ns : int
        Shortest time from one frame to the next at this exposure, sensor and link, ns.
    read_ns : int
        From the end of the exposure of row 0 to that of the last row, ns.
    transfer_ns : int
        From the end of read-out until the frame has arrived in the computer, ns.
    reference_to_row0_end_ns : int
        End of exposure of row 0 after the vsync/GPS pulse, ns.
    """

    line_period_ns: int
    rows_per_step: int
    top: int
    exposure_ns: int
    frame_period_ns: int
    read_ns: int
    transfer_ns: int
    reference_to_row0_end_ns: int

    def offsets_ns(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Delay of the exposure of each row after row 0 of the window.

        Parameters
        ----------
        rows : ndarray of int64
            Rows of the window, 0-based, unbinned.

        Returns
        -------
        ndarray of int64
            ns.
        """
        steps = (rows + self.top) // self.rows_per_step - self.top // self.rows_per_step
        return steps * (self.rows_per_step * self.line_period_ns)
