"""The times of the rows of a file: our own, and those of other programs with GPS bytes or GPS cards.

Every file ends up as a `FileTimes`: the times, or the reasons why they must not be believed, and what is known of
camera, window, binning and flips. Nothing is guessed in silence: what had to be assumed stands in the notes.

Flips are taken from where the GPS bytes are, else from ROWORDER; crops from CROPOFFY, YORGSUBF or LTV2; binning
from YBINNING. A file of ours that has lost rows and does not say which is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isqrt
from pathlib import Path
from typing import Any, Final

from fullwell.camera.timekeeper import GPS_UNCERTAINTY_NS
from fullwell.errors import DoubtfulTime
from fullwell.readout.calibration import RowOffset
from fullwell.readout.gps import GpsStamp, doubts
from fullwell.readout.rows import RowTiming
from fullwell.readout.rowtimes import RowTimes
from fullwell.record.foreign import clockwork_of, has_global_shutter, number
from fullwell.record.instants import instant_ns
from fullwell.record.picture import Picture, Told, log_of, open_picture
from fullwell.record.recalibration import fitting
from fullwell.record.rowmap import RowMap, factor_of, file_times, is_bottom_up, our_crop, whole
from fullwell.record.stamps import CUT_NS, Found, in_cards, in_pixels

__all__ = ["WITHIN_S", "FileTimes", "read_times"]

WITHIN_S: Final = 900.0
"""How far a stamp may be from the date of its file, as Siril has it."""

OURS: Final = ("ROW0BEG", "LINEPER", "ROWSTEP", "ROWTOP", "EXPTIME")
SHARPCAP_NO_LOCK: Final = "0001-01-01"
MISMATCH: Final = 0.05
"""How much a stamped exposure may differ from the one asked for: more, and the LED is not calibrated."""
EQUAL_NS: Final = 2
"""Rounding of times that were written twice."""


@dataclass(frozen=True, slots=True, eq=False)
class FileTimes:
    """The times of the rows of one frame of a file.

    Attributes
    ----------
    path : Path
    frame, frames : int
        Number of the frame in the file, from 0; how many there are.
    columns : int
        Of the file.
    times : RowTimes or None
        In the order of the file; None where the only ones are doubtful.
    doubts : tuple of str
        Why a GPS stamp must not be used; then `times` are of another source, if there is one.
    notes : tuple of str
        What was assumed.
    camera, mode : str
        As the file names them.
    timing : RowTiming
        The clockwork, before anything was cropped; a line period of 0 for a global shutter.
    rowmap : RowMap
        How the rows of the file come from those that were read.
    mirrored : bool
        Whether the first column that was read is the last of the file, as far as the GPS bytes tell.
    stamp : GpsStamp or None
    offset_by : str
        Where the time from the stamp to the end of exposure of the first row comes from.
    """

    path: Path
    frame: int
    frames: int
    columns: int
    times: RowTimes | None
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    camera: str
    mode: str
    timing: RowTiming
    rowmap: RowMap
    mirrored: bool
    stamp: GpsStamp | None
    offset_by: str

    @property
    def first_row(self) -> int:
        """Sensor row of the first row that was read and is in the file, unbinned."""
        return self.timing.top + self.rowmap.cropped

    def sound(self, *, any_source: bool = False) -> RowTimes:
        """The times, if nothing speaks against them.

        Parameters
        ----------
        any_source : bool
            Where a GPS stamp is doubtful take times of another source, if there are some.

        Raises
        ------
        DoubtfulTime
            With the reasons.
        """
        if self.times is not None and (any_source or not self.doubts):
            return self.times
        remedy = "" if self.times is None else f"Ask for any source to get its times by {self.times.source!r}."
        raise DoubtfulTime(
            f"the GPS stamp of {self.path.name} is doubtful: {'; '.join(self.doubts)}.", remedy, self.doubts
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a header says of the time of a frame."""

    timing: RowTiming
    row0_start_ns: int
    source: str
    uncertainty_ns: int
    cropped: int
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    offset_by: str


def read_times(
    path: str | Path,
    frame: int = 0,
    *,
    previous: str | Path | None = None,
    within_s: float = WITHIN_S,
    offsets: Iterable[RowOffset] | None = None,
) -> FileTimes:
    """The times of the rows of a file.

    Parameters
    ----------
    path : str or Path
        FITS of fullwell, plain, compressed or a cube, or SER with its log beside it; FITS of other programs from
        a QHYCCD camera, with the GPS bytes in the first pixels or the cards of N.I.N.A.
    frame : int
        Number in a cube or SER file, from 0.
    previous : str or Path, optional
        File of the frame before, of another program: time and position must go on from its stamp. In files of
        many frames that is the frame before anyway.
    within_s : float
        How far a GPS stamp of another program may be from the date of its file, s.
    offsets : iterable of RowOffset, optional
        Row calibrations to use instead of the offset in the file.

    Returns
    -------
    FileTimes

    Raises
    ------
    MissingFile
        If it is not there or holds no image.
    DoubtfulTime
        If nothing in it tells the times of rows.
    InvalidValue
        If there is no such frame, or no row calibration fits the file.
    """
    picture = open_picture(Path(path), frame)
    header = picture.header
    ours = picture.told is not None or all(keyword in header for keyword in OURS)
    found, stamp = _stamp(picture, ours)
    if ours:
        reading = _ours(picture, found)
    else:
        before = _before(picture, None if previous is None else Path(previous))
        reading = _others(picture, stamp, before, within_s, in_words=found is None)
    if offsets is not None:
        reading = _recalibrated(reading, fitting(header, offsets))
    flipped = is_bottom_up(header) if found is None else found.flipped
    rowmap = RowMap(picture.rows, factor_of(header), reading.cropped, flipped)
    hopeless = reading.source == "gps" and reading.doubts
    return FileTimes(
        path=picture.path,
        frame=frame,
        frames=picture.frames,
        columns=picture.columns,
        times=None if hopeless else _times(reading, rowmap),
        doubts=reading.doubts,
        notes=reading.notes,
        camera=str(header.get("INSTRUME", "")),
        mode=str(header.get("READOUTM", "")),
        timing=reading.timing,
        rowmap=rowmap,
        mirrored=found is not None and found.mirrored,
        stamp=stamp,
        offset_by=reading.offset_by,
    )


def _stamp(picture: Picture, ours: bool) -> tuple[Found | None, GpsStamp | None]:
    """The stamp of a frame, and what its place tells if it is in the pixels."""
    header = picture.header
    stamped = bool(header.get("GPSSTAMP")) if ours else "QHY" in str(header.get("INSTRUME", "")).upper()
    found = in_pixels(picture.first, picture.last) if stamped else None
    return found, in_cards(header) if found is None else found.stamp


def _before(picture: Picture, path: Path | None) -> tuple[GpsStamp, int | None] | None:
    """The stamp of the frame before, and when it should be; None where there is none."""
    if path is None and picture.frame == 0:
        return None
    earlier = open_picture(path) if path is not None else open_picture(picture.path, picture.frame - 1)
    _, stamp = _stamp(earlier, ours=False)
    if stamp is None:
        return None
    exposure_s = number(earlier.header, "QHY_EXP", "EXPTIME", "EXPOSURE") or 0.0
    # The cards of a cube are those of its first frame: its dates tell nothing of later ones.
    near_ns = None if path is None else _expected_ns(earlier.header, round(exposure_s * 1e9))[0]
    return stamp, near_ns


def _times(reading: _Reading, rowmap: RowMap) -> RowTimes:
    return file_times(
        reading.timing,
        reading.row0_start_ns,
        rowmap,
        source=reading.source,
        uncertainty_ns=reading.uncertainty_ns,
    )


def _ours(picture: Picture, found: Found | None) -> _Reading:
    """A frame with our cards, or in a log of ours, whoever has cropped, binned or flipped it since."""
    told = picture.told or _of_cards(picture.header)
    offset_ns = picture.header.get("ROWOFF")
    timing = RowTiming(
        line_period_ns=told.line_period_ns,
        rows_per_step=told.rows_per_step,
        top=told.top,
        exposure_ns=told.exposure_ns,
        frame_period_ns=0,
        read_ns=0,
        transfer_ns=0,
        reference_to_row0_end_ns=int(offset_ns or 0),
    )
    from_gps = told.time_source == "gps"
    words = tuple(told.time_doubts.split("; ")) if told.time_doubts else ()
    reasons = () if from_gps else words
    if found is not None and from_gps and offset_ns is not None:
        apart_ns = found.stamp.vsync_ns + offset_ns - timing.exposure_ns - told.start_ns
        if abs(apart_ns) > EQUAL_NS:
            reasons = (f"the stamp in the pixels and the time in the file are {apart_ns} ns apart",)
    return _Reading(
        timing=timing,
        row0_start_ns=told.start_ns,
        source=told.time_source,
        uncertainty_ns=told.time_uncertainty_ns,
        cropped=0 if found is not None else our_crop(picture.header, timing, picture.rows),
        doubts=reasons,
        notes=words if from_gps else (),
        offset_by=str(picture.header.get("ROWOFFBY", "")),
    )


def _recalibrated(reading: _Reading, record: RowOffset) -> _Reading:
    """The same stamp with another offset to the end of row 0."""
    later_ns = record.offset_ns - reading.timing.reference_to_row0_end_ns
    return replace(
        reading,
        timing=replace(reading.timing, reference_to_row0_end_ns=record.offset_ns),
        row0_start_ns=reading.row0_start_ns + later_ns,
        uncertainty_ns=isqrt(GPS_UNCERTAINTY_NS**2 + record.uncertainty_ns**2),
        offset_by=record.source,
    )


def _of_cards(header: Mapping[str, Any]) -> Told:
    """The times of a file of one frame."""
    return Told(
        start_ns=instant_ns(str(header["ROW0BEG"])),
        exposure_ns=round(float(header["EXPTIME"]) * 1e9),
        line_period_ns=int(header["LINEPER"]),
        rows_per_step=int(header["ROWSTEP"]),
        top=int(header["ROWTOP"]),
        time_source=str(header.get("TIMESRC", "host")),
        time_uncertainty_ns=round((number(header, "TIMSYER") or 0.0) * 1e9),
        time_doubts="; ".join(str(header[name]) for name in sorted(header) if name.startswith("TIMEDBT")),
    )


def _others(
    picture: Picture,
    stamp: GpsStamp | None,
    before: tuple[GpsStamp, int | None] | None,
    within_s: float,
    *,
    in_words: bool,
) -> _Reading:
    """A frame of another program, with a stamp in its pixels or in words."""
    header = picture.header
    if stamp is None and picture.path.suffix.lower() == ".ser":
        raise DoubtfulTime(
            f"a SER file tells to 100 ns when a frame began (frame {picture.frame}: {header.get('DATE-OBS')}), "
            "and nothing of its rows.",
            f"The log {log_of(picture.path).name}, which tells all, should be beside it.",
        )
    if stamp is None:
        raise DoubtfulTime(
            f"{picture.path.name} holds no row times: neither cards of fullwell or N.I.N.A. (ROW0BEG, GPS_ESEC) "
            "nor the 44 bytes of a QHYCCD GPS in a corner of the picture.",
            "Switch the GPS on when frames are taken, and save them raw: not binned, not calibrated.",
        )
    if has_global_shutter(str(header.get("INSTRUME", ""))):
        reading = _global(header, stamp)
    else:
        reading = _rolling(picture, stamp)
    near_ns, undated = _expected_ns(header, reading.timing.exposure_ns)
    previous, earlier_ns = before or (None, None)
    elapsed_ns = None if near_ns is None or earlier_ns is None else near_ns - earlier_ns
    found = doubts(stamp, previous, near_ns=near_ns, within_s=within_s, elapsed_ns=elapsed_ns)
    reasons = (*reading.doubts, *undated, *found)
    uncertainty_ns = isqrt(reading.uncertainty_ns**2 + (CUT_NS**2 if in_words else 0))
    notes = reading.notes
    if in_words and "ROWORDER" not in header:
        notes += ("the first row of the file is taken to be the one read first: there is no ROWORDER",)
    return replace(reading, uncertainty_ns=uncertainty_ns, doubts=reasons, notes=notes)


def _rolling(picture: Picture, stamp: GpsStamp) -> _Reading:
    header, factor = picture.header, factor_of(picture.header)
    top = whole("YORGSUBF", (number(header, "YORGSUBF") or 0.0) * factor)
    work = clockwork_of(header, picture.rows * factor, top)
    return _Reading(
        timing=work.timing,
        row0_start_ns=stamp.vsync_ns + work.timing.reference_to_row0_end_ns - work.timing.exposure_ns,
        source="gps",
        uncertainty_ns=work.uncertainty_ns,
        cropped=whole("CROPOFFY", (number(header, "CROPOFFY") or 0.0) * factor),
        doubts=(),
        notes=work.notes,
        offset_by=work.offset_by,
    )


def _global(header: Mapping[str, Any], stamp: GpsStamp) -> _Reading:
    """All rows together, from the stamped start to the stamped end."""
    pps = stamp.pps_count if stamp.pps_is_sound else None
    start_ns, end_ns = stamp.start.utc_ns(pps), stamp.end.utc_ns(pps)
    asked_s, done_s = number(header, "EXPTIME", "EXPOSURE"), (end_ns - start_ns) / 1e9
    reasons: tuple[str, ...] = ()
    if asked_s is not None and abs(done_s - asked_s) > MISMATCH * asked_s:
        reasons = (f"the stamped exposure is {done_s:.6f} s, asked for were {asked_s:g} s: calibrate the LED",)
    return _Reading(
        timing=RowTiming(0, 1, 0, end_ns - start_ns, 0, 0, 0, 0),
        row0_start_ns=start_ns,
        source="gps",
        uncertainty_ns=GPS_UNCERTAINTY_NS,
        cropped=0,
        doubts=reasons,
        notes=(),
        offset_by="the stamp itself",
    )


def _expected_ns(header: Mapping[str, Any], exposure_ns: int) -> tuple[int | None, tuple[str, ...]]:
    """About when a stamp should be by the date of the file, and what is wrong with that date."""
    text = str(header.get("DATE-OBS", ""))
    if text.startswith(SHARPCAP_NO_LOCK):
        return None, ("the date of the file is 0001-01-01, SharpCap's mark of a lost lock",)
    try:
        return instant_ns(text) + exposure_ns, ()
    except ValueError:
        return None, ()
