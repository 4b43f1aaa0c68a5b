"""``fullwell sdk trace``, ``calls`` and ``replay``: what a program asks of a libqhyccd, kept and asked again."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fullwell.cli.scenery import FilterOption, LinkOption, SceneOption, SeedOption
from fullwell.cli.sdk import (
    DEFAULT_CAMERA,
    PROGRAM_METAVAR,
    PROGRAM_SETTINGS,
    CamerasOption,
    QuirkOption,
    devices_of,
    own_command,
    quirks_of,
)
from fullwell.cli.talk import say

if TYPE_CHECKING:
    from fullwell.camera.clock import Clock
    from fullwell.serve.sdk.session import Session
    from fullwell.serve.sdk.trace.calls import Trace
    from fullwell.serve.sdk.trace.replay import Outcome

TWIN: Final = "twin"
VENDOR: Final = "vendor"
OPTIONS_OF_TWINS: Final = {
    "cameras": "--camera",
    "scene": "--scene",
    "filter_name": "--filter",
    "link": "--link",
    "seed": "--seed",
    "instant": "--instant",
    "quirks": "--quirk",
}
DIFFERENT: Final = 1
MOST_SHOWN: Final = 10
SLOWEST: Final = 5
SIZES_ONLY: Final = "sizes only: pixels need a trace of a twin with --instant, or --pixels"

TRACE_EPILOG: Final = """\b
Examples:
  fullwell sdk trace -- ./my_capture_program
  fullwell sdk trace --camera twin:qhy42-pro --instant -o run.trace -- python3 script.py
  fullwell sdk trace --library vendor -- ./my_capture_program       a real camera
  fullwell sdk calls run.trace                                      what was asked
  fullwell sdk replay run.trace                                     asked again of a twin
\b
Programs that link the vendor's library statically cannot be traced.
"""
CALLS_EPILOG: Final = """\b
Examples:
  fullwell sdk calls run.trace
  fullwell sdk calls run.trace --function GetQHYCCDSingleFrame
  fullwell sdk calls run.trace --json | jq 'select(.result == 4294967295)'
\b
A line is: number, seconds after the first call, thread, time in the library, call = answer.
"x 12" stands for 12 equal polls in a row.
"""
REPLAY_EPILOG: Final = """\b
Examples:
  fullwell sdk replay run.trace
  fullwell sdk replay run.trace --quirk sdk-2021       does it depend on the version?
  fullwell sdk replay run.trace --camera twin:qhy600-pro --ignore GetQHYCCDSDKVersion
\b
Ends with 0 if every answer agrees, with 1 at a difference. A trace of a twin is replayed with the same
twin, scene and seed. Pixels are compared if it was taken with --instant: then time is the same too.
How readings, positions and waiting are compared: docs/libqhyccd.md.
"""

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Trace, made by fullwell sdk trace.")]


def trace(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the trace goes.")] = Path(
        "fullwell.trace"
    ),
    library: Annotated[
        str,
        typer.Option(
            metavar="twin|vendor|PATH",
            help="What answers: a twin; the vendor's library (the program's own, else fullwell's); a file.",
        ),
    ] = TWIN,
    cameras: CamerasOption = None,
    scene: SceneOption = "sky",
    filter_name: FilterOption = None,
    link: LinkOption = None,
    seed: SeedOption = None,
    instant: Annotated[
        bool,
        typer.Option("--instant", help="Exposures of twins take no time; a replay then has the same pixels."),
    ] = False,
    quirks: QuirkOption = None,
    pixels: Annotated[
        bool, typer.Option("--pixels/--no-pixels", help="Whether each frame gets a hash, at the price of a copy.")
    ] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a trace that is there.")] = False,
) -> None:
    """Record calls, times and frame hashes of a program: everything after -- is its command line."""
    import tempfile

    from fullwell.camera.clock import RealClock
    from fullwell.errors import InvalidValue
    from fullwell.serve.sdk.programs import check_program
    from fullwell.serve.sdk.trace.calls import create, read
    from fullwell.serve.sdk.trace.recording import build_tracer, record

    if not context.args:
        raise InvalidValue("there is no program to trace.", "Give it after --: fullwell sdk trace -- ./program")
    check_program(context.args)
    if library != TWIN:
        _refuse_options_of_twins(context, library)
    own = library == VENDOR
    path = None if library == TWIN else _library(library)
    about: dict[str, Any] = {"program": context.args, "library": library, "pixels": pixels}
    with tempfile.TemporaryDirectory() as scratch:
        tracer, environment = build_tracer(Path(scratch)), dict(os.environ)
        if library == TWIN:
            about |= {"cameras": cameras or [DEFAULT_CAMERA], "scene": scene, "filter": filter_name, "link": link}
            about |= {"seed": seed, "instant": instant, "quirks": list(quirks_of(quirks))}
            about["start_ns"] = RealClock().now_ns()
            create(output, about, overwrite)
            with _twins(about) as running:
                environment = running.environment(environment)
                status = record(context.args, output, tracer, environment, running.library, pixels=pixels)
        else:
            create(output, about, overwrite)
            status = record(context.args, output, tracer, environment, path, own=own, pixels=pixels)
    _report(read(output))
    raise typer.Exit(status if status >= 0 else 128 - status)


def calls(
    file: FileArgument,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    function: Annotated[
        list[str] | None, typer.Option("--function", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
) -> None:
    """Show the calls of a trace."""
    from fullwell.serve.sdk.trace.calls import read
    from fullwell.serve.sdk.trace.listing import HEADING, as_line, as_record

    _check_functions(function)
    found = read(file)
    first_ns = found.calls[0].start_ns if found.calls else 0
    if not as_json:
        typer.echo(HEADING)
    for call in found.calls:
        if not function or call.export.name in function:
            typer.echo(as_record(call, found) if as_json else as_line(call, first_ns))
    if not as_json:
        _report(found)


def replay(
    file: FileArgument,
    cameras: Annotated[
        list[str] | None,
        typer.Option(
            "--camera", metavar="CAMERA", help="On the bus; default: as traced, or the twin of its model."
        ),
    ] = None,
    scene: Annotated[str | None, typer.Option("--scene", metavar="SCENE", help="Default: as traced.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", min=0, help="Default: as traced.")] = None,
    quirks: QuirkOption = None,
    in_time: Annotated[
        bool, typer.Option("--in-time", help="Make each call no earlier than the program did.")
    ] = False,
    pixels: Annotated[
        bool | None,
        typer.Option(
            "--pixels/--no-pixels", help="Compare pixels, or only sizes. Default: where time is the same."
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="FUNCTION", help="Do not compare its answers; may be repeated."),
    ] = None,
    process: Annotated[
        int | None, typer.Option(metavar="PID", help="Whose calls; default: of whom there are most.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every difference, not only the first.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End with the first difference.")] = False,
) -> None:
    """Make the calls of a trace again on a twin, and report the first answer that differs."""
    import tempfile

    from fullwell.serve.sdk.binding import bind
    from fullwell.serve.sdk.trace.calls import read
    from fullwell.serve.sdk.trace.listing import explained
    from fullwell.serve.sdk.trace.recording import build_tracer, load_tracer
    from fullwell.serve.sdk.trace.replay import replay as make_again

    _check_functions(ignore)
    found = read(file)
    about = _setup(found, cameras, scene, seed, quirks)
    same_time = found.about["library"] == TWIN and bool(about["instant"])
    compares_pixels = same_time if pixels is None else pixels
    with tempfile.TemporaryDirectory() as scratch, _twins(about) as running, _bar() as progress:
        tracer = load_tracer(build_tracer(Path(scratch))) if compares_pixels else None
        os.environ["FULLWELL_SDK_SOCKET"] = str(running.socket)
        outcome = make_again(
            found,
            bind(running.library),
            tracer,
            process=process,
            ignore=ignore or (),
            in_time=in_time,
            stop_at_first=stop,
            progress=progress,
        )
    for each in outcome.differences[: None if show_all else 1]:
        typer.echo(explained(each))
    _summarise(outcome, compares_pixels)
    raise typer.Exit(DIFFERENT if outcome.differences else 0)


def _check_functions(names: list[str] | None) -> None:
    """See that the library has functions of such names."""
    from fullwell.errors import UnknownName
    from fullwell.serve.sdk.exports import exports

    known = [each.name for each in exports()]
    for name in names or ():
        if name not in known:
            raise UnknownName("function", name, known)


@contextmanager
def _twins(about: dict[str, Any]) -> Iterator[Session]:
    """The twins of a trace on the bus; without real time they begin at the same instant each time."""
    from fullwell.camera.clock import InstantClock
    from fullwell.serve.sdk.session import session

    instant = bool(about["instant"])
    clock: Clock | str = InstantClock(about["start_ns"]) if instant else "real"
    devices = devices_of(about["cameras"], about["scene"], about["filter"], about["link"], about["seed"], clock)
    with session(devices, own_command(), not instant, quirks_of(about["quirks"])) as running:
        yield running


def _refuse_options_of_twins(context: typer.Context, library: str) -> None:
    """Nothing that was asked for is dropped in silence."""
    from fullwell.errors import InvalidValue

    given = [
        option
        for name, option in OPTIONS_OF_TWINS.items()
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    ]
    if given:
        raise InvalidValue(
            f"{', '.join(given)} can be chosen only for twins, but --library is {library}.",
            "Leave it away, or trace on a twin: without --library.",
        )


def _library(wanted: str) -> Path | None:
    """A library that is no twin's; the vendor's may be absent where the program brings its own."""
    from fullwell.errors import MissingFile
    from fullwell.qhyccd.library import candidates

    if wanted == VENDOR:
        return next((Path(each) for each in candidates()), None)
    if not Path(wanted).is_file():
        raise MissingFile(f"there is no library {wanted!r}.", "Say twin, vendor, or the path of a libqhyccd.")
    return Path(wanted).resolve()


def _setup(
    found: Trace, cameras: list[str] | None, scene: str | None, seed: int | None, quirks: list[str] | None
) -> dict[str, Any]:
    """With what to replay: as traced, where nothing else is asked for."""
    traced: dict[str, Any] = {
        "scene": "sky",
        "filter": None,
        "link": None,
        "seed": None,
        "instant": False,
        "quirks": [],
    }
    about = traced | {
        name: value for name, value in found.about.items() if name in (*traced, "cameras", "start_ns")
    }
    asked = {"cameras": cameras, "scene": scene, "seed": seed, "quirks": quirks}
    about |= {name: value for name, value in asked.items() if value is not None}
    if "cameras" not in about:
        about["cameras"] = _twins_of(found)
    return about


def _twins_of(found: Trace) -> list[str]:
    """The twins of the models that a program has found with another library."""
    from fullwell.connect.names import model_of
    from fullwell.errors import InvalidValue

    told = (call.told.get("id") for call in found.calls if call.export.name == "GetQHYCCDId")
    identities = dict.fromkeys(str(each) for each in told if each)
    if not identities:
        raise InvalidValue(f"the program of {found.path} found no camera.", "Say which: --camera twin:qhy600-pro")
    return [f"twin:{model_of(each)}" for each in identities]


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal for long replays; nothing where there is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("calls"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("calls")
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _report(found: Trace) -> None:
    """What a trace holds, and whether it is whole."""
    number = sum(each.repeats for each in found.calls)
    if not found.calls:
        say(f"{found.path}: no call. Does the program load libqhyccd? A static copy of it cannot be traced.")
        return
    frames = sum(each.frame is not None for each in found.calls)
    threads = len({(each.process, each.thread) for each in found.calls})
    say(
        f"{found.path}: {_counted(number, 'call')} in {_counted(len(found.calls), 'record')}, "
        f"{_counted(frames, 'frame')}, {_counted(threads, 'thread')}, {found.duration_s:.3f} s"
    )
    if not found.ended:
        say("  it has no end: the program still runs, or the tracer was ended before it.")
    if found.full:
        say("  it was cut short: there was no room on the disk, or it reached 64 GiB.")
    if found.lost:
        say(f"  {found.lost} call(s) were being written down when the program was ended, and are lost.")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _summarise(outcome: Outcome, compares_pixels: bool) -> None:
    """How much was compared, what was left out, and where time was spent."""
    from fullwell.serve.sdk.trace.listing import duration

    by_function: Counter[str] = Counter(each.call.export.name for each in outcome.differences)
    pixels = f"pixels of {outcome.hashed}" if compares_pixels else SIZES_ONLY
    say(
        f"{_counted(outcome.compared, 'call')} compared, {_counted(outcome.frames, 'frame')} ({pixels}), "
        f"{_counted(len(outcome.differences), 'difference')}"
    )
    for name, number in by_function.most_common(MOST_SHOWN):
        say(f"  {number:6d} in {name}")
    for reason, number in outcome.left_out.most_common():
        say(f"  {number:6d} not made again: {reason}")
    slowest = sorted(outcome.times.items(), key=lambda each: -each[1].recorded_ns)[:SLOWEST]
    say(f"  {'slowest functions':32} {'calls':>6} {'traced':>10} {'longest':>10} {'now':>10} {'longest':>10}")
    for name, each in slowest:
        times = (each.recorded_ns, each.recorded_longest_ns, each.now_ns, each.now_longest_ns)
        say(f"  {name:32} {each.calls:6d} " + " ".join(f"{duration(time_ns):>10}" for time_ns in times))


def add_to(app: typer.Typer) -> None:
    """Add the three commands to ``fullwell sdk``."""
    app.command("trace", epilog=TRACE_EPILOG, context_settings=PROGRAM_SETTINGS, options_metavar=PROGRAM_METAVAR)(
        trace
    )
    app.command("calls", epilog=CALLS_EPILOG)(calls)
    app.command("replay", epilog=REPLAY_EPILOG)(replay)
