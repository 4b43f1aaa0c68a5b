"""``fullwell hdr``: merge dual-gain frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fullwell.cli.talk import say

SUMMARY: Final = "Merge dual-gain frames to one linear frame each."
EPILOG: Final = """\b
Examples:
  fullwell capture twin:qhy42-pro --mode HDR --exposure 2 --out dual.fits
  fullwell hdr dual.fits                     writes dual_hdr.fits beside it
  fullwell hdr night/*.fits --out merged/ --splice --picture

\b
SCI holds electrons, VAR their variance (photon noise and read-out; infinite where saturated), MASK is a sum of
1 (high gain saturated, value from low gain), 2 (saturated) and 4 (under the GPS stamp, value from low gain).
"""


def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Dual-gain frames, unbinned.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="A folder, or the file name for a single frame. [beside the file]"),
    ] = None,
    splice: Annotated[
        bool,
        typer.Option("--splice", help="Fit how the two halves fit together, from all files, not from facts."),
    ] = False,
    picture: Annotated[bool, typer.Option("--picture", help="Draw each merged frame as PNG, too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of that name.")] = False,
) -> None:
    """Merge the two halves of dual-gain frames to one linear frame in electrons, with variance and mask.

    The paths of the files go to standard output, one a line.
    """
    if out is not None and len(files) > 1 and not out.is_dir():
        raise typer.BadParameter("must be a folder that exists, for several files.", param_hint="--out")

    from fullwell.cli.merging import fitted, merge_file
    from fullwell.cli.show import draw_file

    found = fitted(files) if splice else None
    if found is not None:
        say(
            f"high = k x low + b: k {found.k:.4f} +- {found.k_error:.4f}, "
            f"b {found.b_dn:.1f} +- {found.b_error_dn:.1f} DN, from {found.pixels:,} pixels"
        )
    for path in files:
        target = _target(path, out)
        merge_file(path, target, found, overwrite)
        typer.echo(target)
        if picture:
            typer.echo(draw_file(target))


def _target(path: Path, out: Path | None) -> Path:
    from fullwell.cli.show import stem

    if out is not None and not out.is_dir():
        return out
    return (out or path.parent) / f"{stem(path.name)}_hdr.fits"
