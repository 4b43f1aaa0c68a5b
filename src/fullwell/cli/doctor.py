"""``fullwell doctor``: what is wrong with a camera, its cables and its surroundings, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fullwell.cli.scenery import (
    CoatingOption,
    FilterOption,
    LinkOption,
    SeedOption,
    TemperatureOption,
    UniformOption,
    is_real,
)
from fullwell.cli.settings import GainOption, ModeOption, OffsetOption, TrafficOption
from fullwell.cli.talk import opening

if TYPE_CHECKING:
    from fullwell.measure.doctor import Examination, Report

SUMMARY: Final = "Examine a camera: what is wrong, and what to do about it."
EPILOG: Final = """\b
Examples:
  fullwell doctor twin:qhy600-pro --instant
  fullwell doctor twin:qhy268m-pro --only banding --frame-rate 5 --usb-traffic 20
  fullwell doctor qhyccd:QHY600M-2c52f645aa1c25b9 --quick --folder /data --html camera.html
  fullwell doctor twin:qhy42-pro --instant --lit

\b
Cover the camera. With --lit give it an even light instead: then the gain is measured, and the dark current is
not. The camera is left as it was found; --apply sets the USB traffic that was found quietest.

\b
Exit status: 0 healthy, 1 trouble found, 2 could not examine.
"""
TROUBLE_FOUND: Final = 1
NOT_EXAMINED: Final = 2
DEFAULT_LIT_E_PER_S: Final = 5000.0


def run(
    camera: Annotated[
        str, typer.Argument(metavar="CAMERA", help="As `fullwell models` lists them: twin:qhy600-pro")
    ],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="Do only this; may be given more than once."),
    ] = None,
    frame_rate: Annotated[
        float | None, typer.Option("--frame-rate", metavar="FPS", help="What the camera shall reach.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Look at fewer frames and values.")] = False,
    lit: Annotated[bool, typer.Option("--lit", help="An even light is before the camera.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Set the quietest USB traffic.")] = False,
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where frames shall go: how fast is that disk?")
    ] = Path(),
    mode: ModeOption = None,
    gain: GainOption = None,
    offset: OffsetOption = None,
    exposure: Annotated[float | None, typer.Option(metavar="S", help="For the rates. [the shortest]")] = None,
    usb_traffic: TrafficOption = None,
    link: LinkOption = None,
    seed: SeedOption = None,
    coating: CoatingOption = None,
    filter: FilterOption = None,
    temperature: TemperatureOption = None,
    uniform_level: UniformOption = None,
    instant: Annotated[bool, typer.Option("--instant", help="Do not wait for the exposure time.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw the plots of that page alone.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of these names.")] = False,
) -> None:
    """Examine a camera by what any client can do with it: nothing but frames, controls and readings are used."""
    from fullwell.cli.results import require_free
    from fullwell.errors import FullwellError

    try:
        for path in (html, plot):
            require_free(path, overwrite)
        report = _examined(
            camera,
            settings={
                "mode": mode,
                "gain": gain,
                "offset": offset,
                "exposure_s": exposure,
                "usb_traffic": usb_traffic,
            },
            options={
                "link": link,
                "seed": seed,
                "coating": coating,
                "filter": filter,
                "temperature_c": temperature,
                "clock": "instant" if instant else "real",
            },
            lit_e_per_s=(uniform_level or DEFAULT_LIT_E_PER_S) if lit else None,
            wish={
                "only": only or (),
                "frame_rate_fps": frame_rate,
                "quick": quick,
                "lit": lit,
                "folder": folder,
                "apply": apply,
            },
        )
        if html is not None:
            _write_page(report, html)
        if plot is not None:
            _draw(report, plot)
    except FullwellError as error:
        from fullwell.cli.talk import complain

        complain(error.message, error.remedy)
        raise typer.Exit(NOT_EXAMINED) from None
    if json:
        _print_json(report)
    else:
        _print_table(report)
    for path in (html, plot):
        if path is not None:
            typer.echo(path, err=json)
    raise typer.Exit(_status(report))


def _examined(
    name: str,
    *,
    settings: dict[str, Any],
    options: dict[str, Any],
    lit_e_per_s: float | None,
    wish: dict[str, Any],
) -> Report:
    import fullwell
    from fullwell.measure import doctor
    from fullwell.scene import Dark, Uniform

    given = {key: value for key, value in options.items() if value is not None}
    if not is_real(name):
        given["scene"] = Dark() if lit_e_per_s is None else Uniform(lit_e_per_s)
    with opening():
        opened = fullwell.open(name, **given)
    with opened, _progress() as progress:
        chosen = {key: value for key, value in settings.items() if value is not None}
        chosen.setdefault("exposure_s", opened.model.exposure_s.low)
        opened.configure(**chosen)
        return doctor.examine(opened, **wish, progress=progress)


@contextmanager
def _progress() -> Iterator[Callable[[Examination, float], None]]:
    """A bar on standard error while it works; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:34}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)

        def show(kind: Examination, fraction: float) -> None:
            bar.update(task, description=kind.title, completed=fraction)

        yield show


def _write_page(report: Report, path: Path) -> None:
    from fullwell.errors import NotWritable
    from fullwell.measure.doctor.page import page

    try:
        path.write_text(page(report), encoding="utf-8")
    except OSError as error:
        raise NotWritable(f"{str(path)!r} cannot be written: {error.strerror}.", "Choose another name.") from None


def _draw(report: Report, path: Path) -> None:
    from fullwell.errors import InvalidValue, NotWritable
    from fullwell.measure.doctor.page import sheet

    curves = [curve for _, verdict in report.verdicts for curve in verdict.curves]
    if not curves:
        raise InvalidValue("these examinations have nothing to draw.", "Leave --plot away.")
    try:
        sheet(curves).savefig(path, format="png", dpi=110)
    except OSError as error:
        raise NotWritable(f"{str(path)!r} cannot be written: {error.strerror}.", "Choose another name.") from None


def _print_json(report: Report) -> None:
    import orjson

    typer.echo(orjson.dumps(report.as_plain(), option=orjson.OPT_INDENT_2).decode())


def _print_table(report: Report) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from fullwell.measure.doctor import State

    styles = {State.HEALTHY: "green", State.TROUBLE: "bold red", State.CANNOT_TELL: "yellow"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("What", "Verdict", "Measured", "Expected"):
        table.add_column(title, overflow="fold")
    for _, verdict in report.verdicts:
        numbers = [each for each in verdict.quantities if each.expected_words] or list(verdict.quantities[:1])
        table.add_row(
            verdict.subject,
            Text(verdict.state.value, styles[verdict.state]),
            "\n".join(f"{each.name}: {each.words}" for each in numbers),
            "\n".join(each.expected_words for each in numbers),
        )
    console = Console(highlight=False)
    console.print(f"{report.identity.id}: {report.state.value}")
    console.print(table)
    for state, title in ((State.TROUBLE, "Trouble"), (State.CANNOT_TELL, "Cannot tell")):
        for _, verdict in report.verdicts:
            if verdict.state is state:
                console.print(Text(f"{title}: {verdict.subject}. ", styles[state]), end="")
                console.print(f"{verdict.words}\n  {verdict.remedy}".rstrip())


def _status(report: Report) -> int:
    from fullwell.measure.doctor import State

    return {State.HEALTHY: 0, State.TROUBLE: TROUBLE_FOUND, State.CANNOT_TELL: NOT_EXAMINED}[report.state]
