"""Which sensor rows the rows of a file are: crops, binning, flips; and their times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fullwell.errors import DoubtfulTime
from fullwell.readout.rows import RowTiming
from fullwell.readout.rowtimes import RowTimes, row_times
from fullwell.record.foreign import model_of, number
from fullwell.record.timecards import siril_shift

__all__ = ["RowMap", "factor_of", "file_times", "is_bottom_up", "our_crop", "whole"]


@dataclass(frozen=True, slots=True)
class RowMap:
    """Where the rows of a file were read.

    Attributes
    ----------
    rows : int
        Of the file.
    factor : int
        Sensor rows that make one of the file.
    cropped : int
        Sensor rows that were read before those of the file and are not in it.
    flipped : bool
        Whether the last row of the file was read first.
    """

    rows: int
    factor: int = 1
    cropped: int = 0
    flipped: bool = False

    def row_read(self, row: int) -> int:
        """When a row of the file had its turn: 0 for the one that was read first."""
        return self.rows - 1 - row if self.flipped else row


def file_times(
    timing: RowTiming, row0_start_ns: int, rowmap: RowMap, *, source: str, uncertainty_ns: int
) -> RowTimes:
    """The times of the rows of a file, in the order of the file.

    Parameters
    ----------
    timing : RowTiming
        Of the read-out, before anything was cropped.
    row0_start_ns : int
        UTC, start of exposure of its first row.
    rowmap : RowMap
    source, uncertainty_ns
        See `RowTimes`.

    Examples
    --------
    >>> clockwork = RowTiming(1000, 2, 0, 50_000, frame_period_ns=60_000, read_ns=9_000, transfer_ns=500,
    ...                       reference_to_row0_end_ns=0)
    >>> rowmap = RowMap(rows=3, cropped=3, flipped=True)
    >>> file_times(clockwork, 0, rowmap, source="twin", uncertainty_ns=0).start_ns.tolist()
    [4000, 4000, 2000]
    """
    first = np.array([rowmap.cropped], np.int64)
    start_ns = row0_start_ns + int(timing.offsets_ns(first)[0])
    times = row_times(
        replace(timing, top=timing.top + rowmap.cropped),
        start_ns,
        rowmap.rows,
        rowmap.factor,
        source=source,
        uncertainty_ns=uncertainty_ns,
    )
    if not rowmap.flipped:
        return times
    return replace(
        times, start_ns=times.start_ns[::-1], middle_ns=times.middle_ns[::-1], end_ns=times.end_ns[::-1]
    )


def factor_of(header: Mapping[str, Any]) -> int:
    """How many sensor rows make one of the file, by YBINNING."""
    return max(1, whole("YBINNING", number(header, "YBINNING") or 1.0))


def is_bottom_up(header: Mapping[str, Any]) -> bool:
    """Whether the last row of the file was read first, by ROWORDER."""
    return str(header.get("ROWORDER", "")).strip().upper() == "BOTTOM-UP"


def whole(keyword: str, value: float) -> int:
    """A number of sensor rows.

    Raises
    ------
    DoubtfulTime
        If it is none.
    """
    if value != round(value) or value < 0:
        raise DoubtfulTime(
            f"the card {keyword} makes {value:g} sensor rows.", "Go back to the file as it was taken."
        )
    return round(value)


def our_crop(header: Mapping[str, Any], timing: RowTiming, rows: int) -> int:
    """Sensor rows that were read before those of a file of ours, and that somebody has cut off since.

    Parameters
    ----------
    header : mapping
    timing : RowTiming
        Of the read-out.
    rows : int
        Of the file.

    Raises
    ------
    DoubtfulTime
        If cards contradict each other, or rows are missing and nothing says which.
    """
    factor = factor_of(header)
    told = dict(_told_crops(header, timing, factor))
    crops = {crop for crop in told.values() if crop} or {0}
    if len(crops) > 1:
        rows_told = ", ".join(f"{crop:g}" for crop in sorted(crops))
        raise DoubtfulTime(
            f"the cards {', '.join(told)} tell of different crops: {rows_told} rows.",
            "Go back to the file as it was taken.",
        )
    crop = whole("/".join(told) or "CROPOFFY", crops.pop())
    read = _rows_read(header)
    if read is not None and crop + rows * factor > read:
        raise DoubtfulTime(
            f"the file has {rows} rows of {factor} after {crop}, but only {read} were read.",
            "Go back to the file as it was taken.",
        )
    ours = "CROPOFFY" in told and siril_shift(timing, factor)[1] > 0
    said = "LTV2" in told or ("CROPOFFY" in told and not ours)
    if read is not None and rows < read // factor and crop == 0 and not said:
        raise DoubtfulTime(
            f"the file has {rows} of {read // factor} rows and does not say which were cut off.",
            "Write the rows that were cut off at the top into the card CROPOFFY.",
        )
    return crop


def _told_crops(header: Mapping[str, Any], timing: RowTiming, factor: int) -> Iterator[tuple[str, float]]:
    """What each card says of the crop, in sensor rows."""
    siril = number(header, "CROPOFFY")
    if siril is not None:
        yield "CROPOFFY", (siril - siril_shift(timing, factor)[1]) * factor
    model, top = model_of(str(header.get("INSTRUME", ""))), number(header, "YORGSUBF")
    if model is not None and top is not None:
        yield "YORGSUBF", round(top * factor, 6) + model.sensor.geometry.effective.top - timing.top
    iraf = number(header, "LTV2")
    if iraf is not None:
        yield "LTV2", -iraf * factor


def _rows_read(header: Mapping[str, Any]) -> int | None:
    """Unbinned rows of the window, by DETSEC."""
    section = re.fullmatch(r"\[\d+:\d+,(\d+):(\d+)\]", str(header.get("DETSEC", "")).strip())
    return int(section[2]) - int(section[1]) + 1 if section else None
