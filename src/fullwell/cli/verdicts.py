"""The verdicts on a camera on the screen: a bar while checks run, and a table or JSON in the end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from fullwell.camera.engine import Camera
from fullwell.camera.frame import DeviceIdentity
from fullwell.cli.sheet import FAINT, plain_console, plain_table
from fullwell.contract import Check, Result, Verdict, chosen, run_checks
from fullwell.models.facts import CameraModel

COLOURS: Final = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_APPLICABLE: "yellow"}


def watched(camera: Camera, quick: bool, only: Collection[str]) -> list[Result]:
    """Run the checks behind a bar that says which one is on; no bar where there is no terminal."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description:26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=len(chosen(quick, only)))

        def tell(check: Check, result: Result | None) -> None:
            progress.update(task, description=check.name, advance=0 if result is None else 1)

        with _silence():
            return run_checks(camera, quick=quick, only=only, tell=tell)


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing in the log of what the checks provoke: their verdicts say what matters."""
    logger = logging.getLogger("fullwell")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def print_table(model: CameraModel, who: DeviceIdentity, results: list[Result]) -> None:
    """A line for each check; below those that failed, what is wrong with such a camera and what to do."""
    console = plain_console()
    console.print(Text(f"{model.name}  ({who.backend} {who.id})", style="bold"))
    table = plain_table("name", "verdict", "what was measured")
    for each in results:
        verdict = Text(each.verdict.value, style=COLOURS[each.verdict])
        table.add_row(each.name, verdict, each.detail)
        if each.verdict is Verdict.FAILED:
            table.add_row("", "", Text(f"Why it matters: {each.why}", style=FAINT))
            table.add_row("", "", Text(f"What to do: {each.remedy}"))
    console.print(table)
    console.print(_summary(results), style=FAINT)


def _summary(results: list[Result]) -> str:
    count = Counter(each.verdict for each in results)
    seconds = sum(each.duration_s for each in results)
    return ", ".join(f"{count[verdict]} {verdict.value}" for verdict in Verdict) + f"; {seconds:.0f} s"


def print_json(model: CameraModel, who: DeviceIdentity, results: list[Result]) -> None:
    """All results, and how many of each verdict."""
    count = Counter(each.verdict for each in results)
    told = {
        "camera": {
            "model": model.name,
            "id": who.id,
            "firmware": who.firmware,
            "fpga": who.fpga,
            "backend": who.backend,
        },
        "passed": count[Verdict.PASSED],
        "failed": count[Verdict.FAILED],
        "not_applicable": count[Verdict.NOT_APPLICABLE],
        "checks": [each.as_dict() for each in results],
    }
    typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
