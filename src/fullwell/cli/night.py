"""``fullwell night``: a whole night from a file, with weather, troubles and a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fullwell.cli.talk import say

if TYPE_CHECKING:
    from fullwell.camera.clock import Clock
    from fullwell.night import Line

SUMMARY: Final = "Let a night pass on a twin: weather, troubles, a client, and what became of every frame."
EPILOG: Final = """\b
Examples:
  fullwell night --example                         names of the nights that come with the program
  fullwell night brown-out-at-midnight --instant   play one of them, in seconds
  fullwell night --example dew-before-dawn > mine.toml
  fullwell night mine.toml --instant --out frames  and keep the frames
  fullwell night mine.toml --speed 60              an hour in a minute
  fullwell night mine.toml --instant --json        the report for programs

\b
What happens is said on standard error as it happens, the report on standard output at the end. Exit status: 0
when every wanted frame is accounted for and the camera is well at the end, 1 when it is not.
"""
UNWELL: Final = 1


def run(
    night: Annotated[
        str | None, typer.Argument(metavar="FILE", help="A file, or the name of an example.")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print the example named, or the names of all.")
    ] = False,
    instant: Annotated[bool, typer.Option("--instant", help="In no time.")] = False,
    speed: Annotated[
        float | None, typer.Option("--speed", metavar="N", help="So many times faster than life.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Keep the frames there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing on the way.")] = False,
) -> None:
    """Let a night pass on a twin: weather, troubles, a client, and what became of every frame."""
    import json

    from fullwell import night as nights
    from fullwell.errors import InvalidValue
    from fullwell.night.script import read

    if example:
        typer.echo("\n".join(nights.examples()) if night is None else nights.example(night), nl=night is None)
        return
    if night is None:
        raise InvalidValue("there is no night to play.", "Give a file, or see `fullwell night --example`.")
    if instant and speed is not None:
        raise InvalidValue("--instant and --speed contradict each other.", "Give one of the two.")
    known = night in nights.examples() and not Path(night).exists()
    script = read(nights.example(night)) if known else nights.load(night)
    if out is not None:
        _make_folder(out)
    with _telling(quiet) as (tell, progress):
        report = nights.play(
            script, _clock(script.start_ns, instant, speed), out=out, tell=tell, progress=progress
        )
    typer.echo(json.dumps(report.plain()) if as_json else report.text())
    if len(report.shots) != script.planned or report.state != "idle":
        raise typer.Exit(UNWELL)


def _make_folder(path: Path) -> None:
    from fullwell.errors import NotWritable

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(f"{str(path)!r} is no folder: {error.strerror}.", "Choose another name.") from None


def _clock(start_ns: int, instant: bool, speed: float | None) -> Clock:
    from fullwell.camera.clock import FastClock, InstantClock, RealClock

    if instant:
        return InstantClock(start_ns)
    return RealClock() if speed is None else FastClock(speed)


@contextmanager
def _telling(quiet: bool) -> Iterator[tuple[Callable[[Line], None], Callable[[float], None]]]:
    """A log that is said, above a bar that moves; log messages of the engine are in it already."""
    import logging

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    engine = logging.getLogger("fullwell")
    before = engine.level
    engine.setLevel(logging.CRITICAL)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("night"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    visible = console.is_terminal and not quiet
    try:
        with Progress(*columns, console=console, transient=True, disable=not visible) as bar:
            task = bar.add_task("night", total=1.0)

            def tell(line: Line) -> None:
                if quiet:
                    return
                if visible:
                    console.print(str(line), markup=False)
                else:
                    say(str(line))

            yield tell, lambda part: bar.update(task, completed=part)
    finally:
        engine.setLevel(before)
