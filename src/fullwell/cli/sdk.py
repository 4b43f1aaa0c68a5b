"""``fullwell sdk``: the drop-in libqhyccd, so that programs written for QHYCCD cameras run on twins."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fullwell.cli.scenery import FilterOption, LinkOption, SceneOption, Scenery, SeedOption, is_real
from fullwell.cli.talk import complain, say

if TYPE_CHECKING:
    from fullwell.camera.clock import Clock
    from fullwell.camera.device import Device
    from fullwell.serve.sdk.quirks import Quirks

SUMMARY: Final = "Run programs written for libqhyccd on twins."
EPILOG: Final = """\b
Examples:
  fullwell sdk run -- ./my_capture_program
  fullwell sdk run --camera twin:qhy42-pro --scene flat -- python3 script.py
  fullwell sdk build                   then: eval "$(fullwell sdk env)"
  fullwell sdk run --quirk sdk-2021 -- ./my_capture_program
  fullwell sdk quirk zero-frames on    while a program runs
"""
DEFAULT_CAMERA: Final = "twin:qhy600-pro"
CAMERAS_VARIABLE: Final = "FULLWELL_SDK_CAMERAS"
QUIRKS_VARIABLE: Final = "FULLWELL_QUIRKS"
PROGRAM_SETTINGS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
PROGRAM_METAVAR: Final = "[OPTIONS] -- PROGRAM [ARGUMENTS]..."
"""Of commands that run a program."""

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, epilog=EPILOG, help=SUMMARY)

CamerasOption = Annotated[
    list[str] | None,
    typer.Option("--camera", metavar="CAMERA", help=f"On the bus; may be repeated. [{DEFAULT_CAMERA}]"),
]
QuirkOption = Annotated[
    list[str] | None,
    typer.Option(
        "--quirk",
        metavar="NAME",
        help="Something that goes wrong, as `fullwell sdk quirk` lists them; may be repeated.",
    ),
]
FolderOption = Annotated[Path | None, typer.Option("--folder", metavar="PATH", help="Where the library is kept.")]


def _folder(given: Path | None) -> Path:
    if given is not None:
        return given
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "fullwell" / "sdk"


def quirks_of(given: list[str] | None) -> Quirks:
    """Those of the option, or of FULLWELL_QUIRKS."""
    from fullwell.serve.sdk.quirks import Quirks

    return Quirks(given or os.environ.get(QUIRKS_VARIABLE, "").replace(",", " ").split())


def devices_of(
    names: list[str],
    scene: str,
    filter_name: str | None,
    link: str | None,
    seed: int | None,
    clock: str | Clock,
) -> list[Device]:
    """The cameras of a bus, before one scene."""
    from fullwell.connect import find_device
    from fullwell.errors import InvalidValue

    if real := [name for name in names if is_real(name)]:
        raise InvalidValue(
            f"only twins can be on this bus, not {', '.join(real)}.",
            f"Name a twin: --camera {DEFAULT_CAMERA}. Programs reach real cameras by the vendor's own library.",
        )
    light = Scenery(scene=scene).build()
    options = {"scene": light, "filter": filter_name, "link": link, "seed": seed}
    return [find_device(name, clock=clock, **options) for name in names]


def own_command() -> str:
    """The path of this very command."""
    beside = Path(sys.executable).with_name("fullwell")
    return str(beside) if beside.exists() else shutil.which("fullwell") or "fullwell"


def _tell_file(path: Path) -> None:
    """Say everything to a file from now on: the pipe of the program that started us may have no reader."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, sys.stderr.fileno())
    os.close(file)


@app.command("build")
def build(folder: FolderOption = None) -> None:
    """Build libqhyccd.so.20, its links and its header with the C compiler at hand."""
    from fullwell.serve.sdk.build import build as make

    library = make(_folder(folder), own_command())
    say(f"header: {library.parents[1] / 'include' / 'qhyccd.h'}")
    typer.echo(library)


@app.command("env")
def env(folder: FolderOption = None) -> None:
    """Print what a shell must export so that programs find the library."""
    from fullwell.serve.sdk.build import SONAME

    library = _folder(folder) / "lib"
    typer.echo(f'export LD_LIBRARY_PATH="{library}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"')
    typer.echo(f'export FULLWELL_COMMAND="{own_command()}"')
    if not (library / SONAME).exists():
        complain(f"there is no {SONAME} in {library} yet.", "Make it: fullwell sdk build")


@app.command("engine")
def engine(
    cameras: CamerasOption = None,
    scene: SceneOption = "sky",
    filter_name: FilterOption = None,
    link: LinkOption = None,
    seed: SeedOption = None,
    instant: Annotated[bool, typer.Option("--instant", help="Exposures take no time.")] = False,
    quirks: QuirkOption = None,
    idle: Annotated[
        float, typer.Option(metavar="S", min=0.0, help="End when nobody was connected for so long.")
    ] = 30.0,
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background once it listens.")] = False,
) -> None:
    """Hold the cameras for programs that use the library; normally started by the library itself."""
    from fullwell.serve.sdk.host import Host, default_socket
    from fullwell.serve.sdk.vendor_library import VendorLibrary

    names = cameras or os.environ.get(CAMERAS_VARIABLE, DEFAULT_CAMERA).split()
    devices = devices_of(names, scene, filter_name, link, seed, "instant" if instant else "real")
    host = Host(VendorLibrary(devices, in_real_time=not instant, quirks=quirks_of(quirks)), default_socket())
    if detach and os.fork():
        os._exit(0)  # the library waits for this: somebody listens now
    if detach:
        os.setsid()
        _tell_file(default_socket().with_suffix(".log"))
    else:
        say(f"listening at {default_socket()}: {', '.join(names)}")
    try:
        host.serve(idle_s=idle)
    finally:
        host.close()


@app.command("quirk")
def quirk(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Quirk, profile, or all.")] = None,
    state: Annotated[str | None, typer.Argument(metavar="on|off", help="For a program that runs.")] = None,
) -> None:
    """List what can be made to go wrong; or switch it on or off while a program runs."""
    from fullwell.models.sdk.quirks import load_profiles, load_quirks
    from fullwell.serve.sdk.host import default_socket
    from fullwell.serve.sdk.remote import switch_quirk

    if name is None:
        for each in load_quirks().values():
            typer.echo(f"{each.name}\n    {each.what}\n    Source: {each.source}")
        for profile, names in load_profiles().items():
            typer.echo(f"{profile}\n    {', '.join(names)}")
        return
    if state not in ("on", "off"):
        given = "nothing" if state is None else repr(state)
        raise typer.BadParameter(
            f"it is {given}; say on or off: fullwell sdk quirk {name} on", param_hint="on|off"
        )
    left = switch_quirk(default_socket(), name, state == "on")
    say(f"on: {', '.join(left) or 'nothing'}")


@app.command("run", context_settings=PROGRAM_SETTINGS, options_metavar=PROGRAM_METAVAR)
def run(
    context: typer.Context,
    cameras: CamerasOption = None,
    scene: SceneOption = "sky",
    filter_name: FilterOption = None,
    link: LinkOption = None,
    seed: SeedOption = None,
    instant: Annotated[bool, typer.Option("--instant", help="Exposures take no time.")] = False,
    quirks: QuirkOption = None,
) -> None:
    """Run a program on twins: everything after -- is its command line."""
    from fullwell.errors import InvalidValue
    from fullwell.serve.sdk.programs import check_program, run_program
    from fullwell.serve.sdk.session import session

    if not context.args:
        raise InvalidValue("there is no program to run.", "Give it after --: fullwell sdk run -- ./program")
    check_program(context.args)
    clock = "instant" if instant else "real"
    devices = devices_of(cameras or [DEFAULT_CAMERA], scene, filter_name, link, seed, clock)
    with session(devices, own_command(), in_real_time=not instant, quirks=quirks_of(quirks)) as running:
        status = run_program(context.args, running.environment(dict(os.environ)))
    raise typer.Exit(status if status >= 0 else 128 - status)
