"""``fullwell repair``: finish recordings that were cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fullwell.cli.talk import say

SUMMARY: Final = "Finish recordings that were cut off by a kill, a power cut or a full disk."
EPILOG: Final = """\b
Examples:
  fullwell repair occultation.ser
  fullwell repair night/

\b
Paths of the files go to standard output, one a line.
"""


def run(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Files, their logs (.frames.jsonl), or folders with logs."),
    ],
) -> None:
    """Finish recordings that were cut off: every frame that is complete is kept.

    Files are readable without it as far as frames were called recorded. This cuts off what follows them, keeps
    frames that are complete beyond, and adds the times, tables and sums that come at the end of a recording.
    """
    from fullwell.record.repair import repair

    for path in paths:
        for done in repair(path):
            for file in done.paths:
                typer.echo(file)
            if done.was_whole:
                say(f"{done.log.name}: nothing to do, {done.frames} frames.")
            else:
                say(f"{done.log.name}: {done.frames} frames, {done.salvaged} of them saved beyond the last sync.")
