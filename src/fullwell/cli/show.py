"""``fullwell show``: look at a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fullwell.cli.talk import say

SUMMARY: Final = "Draw a file, with histogram and statistics."
EPILOG: Final = """\b
Examples:
  fullwell show m101.fits                    draws m101.png beside it
  fullwell show night/*.fits                 and several
  fullwell show other_program.fits --out look.png

\b
Works with files of any program: mono, colour mosaics, dual-gain frames, RICE compression.
"""


def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="FITS files.")],
    out: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Where to draw it, for a single file. [beside the file]")
    ] = None,
) -> None:
    """Draw a stretched picture with histogram and statistics, as PNG; a picture of that name is replaced.

    The statistics are also told on standard error; the path of the picture goes to standard output.
    """
    if out is not None and len(files) > 1:
        raise typer.BadParameter("takes a single file.", param_hint="--out")
    if out is not None and out.suffix.lower() != ".png":
        raise typer.BadParameter(f"{str(out)!r} does not end in .png.", param_hint="--out")

    for path in files:
        typer.echo(draw_file(path, out))


def draw_file(path: Path, target: Path | None = None) -> Path:
    """Draw a file and tell its statistics on standard error.

    Parameters
    ----------
    path : Path
    target : Path, optional
        Default is beside the file; a picture of that name is replaced.

    Returns
    -------
    Path
        Of the picture.
    """
    from fullwell.cli.loading import load
    from fullwell.cli.picture import draw, figures
    from fullwell.cli.statistics import statistics
    from fullwell.record import whole_file

    shot = load(path)
    found = tuple(statistics(plane) for plane in shot.planes)
    for plane, stats in zip(shot.planes, found, strict=True):
        say(" ".join(filter(None, (str(path), plane.name))))
        for name, value, electrons in figures(plane, stats):
            say(f"  {name:<12}{value:>14}{f' {plane.unit} {electrons:>14} e-' if electrons else ''}")
    target = target or path.with_name(stem(path.name) + ".png")
    with whole_file(target, overwrite=True) as part, part.open("xb") as file:
        draw(shot, found, file)
    return target


def stem(name: str) -> str:
    """A file name without the endings of FITS files."""
    for ending in (".fits.fz", ".fits.gz", ".fits", ".fit", ".fts", ".fz"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name
