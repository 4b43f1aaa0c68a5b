"""``fullwell time``: when the rows of a file were exposed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fullwell.cli.talk import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fullwell.readout.rowtimes import RowTimes
    from fullwell.record.times import FileTimes

SUMMARY: Final = "Tell when each row of a file was exposed, to the nanosecond."
EPILOG: Final = """\b
Examples:
  fullwell time occultation.fits                first, middle and last row
  fullwell time occultation.fits --row 1200     one row, counted from 0 in the order of the file
  fullwell time occultation.fits --pixel 812.4,1201.0
                                                a star, as FITS viewers count: the first pixel is 1,1
  fullwell time run.ser --frame 40 --row 300    one frame of a cube or a SER file, counted from 0
  fullwell time a.fits --calibration rows.toml  with a row calibration that was made after the frame
  fullwell time nina.fits --table > rows.csv    all rows
  fullwell time nina_0008.fits --previous nina_0007.fits
                                                see also that time and position have not jumped
  fullwell time nina.fits --json                for programs: nanoseconds since 1970, and all that is known

\b
Why rows: the cameras have a rolling shutter. Rows are exposed one after the other (in pairs, but singly
in 2CMS modes), so that in a full frame of a QHY600 the last row is a quarter of a second later than the
first. A star's light curve is right only with the time of its own row.

\b
Where the times come from:
  twin    the simulation's own clock: exact
  gps     the stamp of a GPS box in the frame, plus the time from the vsync that it stamps to the end of
          exposure of the first row, by calibration or by the vendor's figures
  host    the computer's clock

\b
Files of other programs are read if they come from a QHYCCD camera with its GPS switched on: the 44 bytes
in the first pixels, or the cards of N.I.N.A. Flips, crops and binning are taken into account.
A stamp that must not be believed is refused with the reason (no lock, pulses out of range, time or position
that jumps, far from the date of the file), and the exit status is 1. All times are UTC.
"""

_WIDTH: Final = len("2026-01-01T00:00:00.000000000")


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="FITS image or cube, or SER.")],
    row: Annotated[
        int | None, typer.Option("--row", metavar="N", min=0, help="One row, from 0 in the order of the file.")
    ] = None,
    pixel: Annotated[
        str | None, typer.Option("--pixel", metavar="X,Y", help="One pixel, as FITS counts: the first is 1,1.")
    ] = None,
    frame: Annotated[int, typer.Option("--frame", metavar="K", min=0, help="Of a cube or SER, from 0.")] = 0,
    table: Annotated[bool, typer.Option("--table", help="All rows, as CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="Use a row calibration that was made later."),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous", metavar="FILE", help="The frame before, of another program: its stamp must lead here."
        ),
    ] = None,
    any_source: Annotated[
        bool,
        typer.Option("--any-source", help="Where the GPS stamp is doubtful, take the time of another source."),
    ] = False,
    within: Annotated[
        float, typer.Option("--within", metavar="S", min=0, help="How far a stamp may be from DATE-OBS.")
    ] = 900.0,
) -> None:
    """Tell start, middle and end of exposure of the rows of a file: UTC, with source and uncertainty."""
    if row is not None and pixel is not None:
        raise typer.BadParameter("give either --row or --pixel.", param_hint="--row")

    from fullwell.errors import DoubtfulTime
    from fullwell.readout.calibration import load_offsets
    from fullwell.record.times import read_times

    offsets = None if calibration is None else load_offsets(calibration)
    told = read_times(file, frame, previous=previous, within_s=within, offsets=offsets)
    chosen = _row_of(pixel, told) if pixel is not None else row
    try:
        times = told.sound(any_source=any_source)
    except DoubtfulTime:
        if json:
            _print_json(told, None, ())
        raise
    rows = _rows(chosen, len(times.start_ns), everything=table)
    for remark in (*(told.doubts if any_source else ()), *told.notes):
        say(f"note: {remark}")
    if json:
        _print_json(told, times, rows)
    elif table:
        _print_csv(times, rows)
    else:
        _print_words(told, times, rows)


def _row_of(pixel: str, told: FileTimes) -> int:
    """The row of the file, from 0, that a pixel of FITS counting is in."""
    try:
        x, y = (float(part) for part in pixel.split(","))
    except ValueError:
        raise typer.BadParameter(f"{pixel!r} is not two numbers: X,Y.", param_hint="--pixel") from None
    if not (0.5 <= x < told.columns + 0.5 and 0.5 <= y < told.rowmap.rows + 0.5):
        raise typer.BadParameter(
            f"{pixel} is outside the {told.columns} x {told.rowmap.rows} pixels of the file.",
            param_hint="--pixel",
        )
    return int(y + 0.5) - 1


def _rows(chosen: int | None, number: int, *, everything: bool) -> tuple[int, ...]:
    if chosen is not None:
        if chosen >= number:
            raise typer.BadParameter(f"the file has rows 0 to {number - 1}.", param_hint="--row")
        return (chosen,)
    return tuple(range(number)) if everything else tuple(sorted({0, number // 2, number - 1}))


def _print_words(told: FileTimes, times: RowTimes, rows: Iterable[int]) -> None:
    for line in _about(told, times):
        typer.echo(line)
    typer.echo(f"{'row':>6}  {'start':{_WIDTH}}  {'middle':{_WIDTH}}  end")
    for row, *instants in _instants(times, rows):
        typer.echo(f"{row:>6}  {'  '.join(instants)}")


def _about(told: FileTimes, times: RowTimes) -> Iterator[str]:
    timing, rowmap = told.timing, told.rowmap
    frame = f" frame {told.frame}" if told.frames > 1 else ""
    yield f"{told.path.name}{frame}: {', '.join(filter(None, (told.camera, told.mode)))}"
    together = "in pairs" if timing.rows_per_step == 2 else "one by one"
    shutter = (
        f"rows {together}, line period {timing.line_period_ns} ns" if timing.line_period_ns else "rows at once"
    )
    yield f"  exposure  {timing.exposure_ns / 1e9:.9f} s, {shutter}"
    turned = "the last of the file was read first" if rowmap.flipped else "the first of the file was read first"
    yield f"  rows      {rowmap.rows} of {rowmap.factor} sensor rows each, from {told.first_row} on; {turned}"
    source = f"  source    {times.source}, uncertain by {times.uncertainty_ns} ns"
    if times.source == "gps" and told.offset_by:
        source += f"; row 0 ends {timing.reference_to_row0_end_ns} ns after the stamp ({told.offset_by})"
    yield source


def _print_csv(times: RowTimes, rows: Iterable[int]) -> None:
    typer.echo("row,start,middle,end")
    for line in _instants(times, rows):
        typer.echo(",".join(map(str, line)))


def _instants(times: RowTimes, rows: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    from fullwell.record.instants import iso

    for row in rows:
        instants = (times.start_ns[row], times.middle_ns[row], times.end_ns[row])
        yield row, *(iso(int(instant), 9) for instant in instants)


def _print_json(told: FileTimes, times: RowTimes | None, rows: Iterable[int]) -> None:
    import orjson

    known = {
        "file": str(told.path),
        "frame": told.frame,
        "camera": told.camera,
        "mode": told.mode,
        "exposure_ns": told.timing.exposure_ns,
        "line_period_ns": told.timing.line_period_ns,
        "rows_per_step": told.timing.rows_per_step,
        "first_sensor_row": told.first_row,
        "binning": told.rowmap.factor,
        "flipped": told.rowmap.flipped,
        "mirrored": told.mirrored,
        "doubts": list(told.doubts),
        "notes": list(told.notes),
    }
    if told.stamp is not None:
        known["latitude_deg"], known["longitude_deg"] = told.stamp.latitude_deg, told.stamp.longitude_deg
    if times is not None:
        known |= {"source": times.source, "uncertainty_ns": times.uncertainty_ns}
        known["rows"] = [
            {"row": row, "start_ns": start, "middle_ns": middle, "end_ns": end}
            for row, start, middle, end in (
                (row, int(times.start_ns[row]), int(times.middle_ns[row]), int(times.end_ns[row])) for row in rows
            )
        ]
    typer.echo(orjson.dumps(known, option=orjson.OPT_INDENT_2).decode())
