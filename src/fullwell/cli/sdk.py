"""``fullwell sdk``: the drop-in libqhyccd, so that programs written for QHYCCD cameras run on twins."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fullwell.cli.scenery import FilterOption, LinkOption, SceneOption, Scenery, SeedOption
from fullwell.cli.talk import say

if TYPE_CHECKING:
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


def _quirks(given: list[str] | None) -> Quirks:
    """Those of the option, or of FULLWELL_QUIRKS."""
    from fullwell.serve.sdk.quirks import Quirks

    return Quirks(given or os.environ.get(QUIRKS_VARIABLE, "").replace(",", " ").split())


def _command() -> str:
    """The path of this very command."""
    beside = Path(sys.executable).with_name("fullwell")
    return str(beside) if beside.exists() else shutil.which("fullwell") or "fullwell"


@app.command("build")
def build(folder: FolderOption = None) -> None:
    """Build libqhyccd.so.20, its links and its header with the C compiler at hand."""
    from fullwell.serve.sdk.build import build as make

    library = make(_folder(folder), _command())
    say(f"header: {library.parents[1] / 'include' / 'qhyccd.h'}")
    typer.echo(library)


@app.command("env")
def env(folder: FolderOption = None) -> None:
    """Print what a shell must export so that programs find the library."""
    library = _folder(folder) / "lib"
    typer.echo(f'export LD_LIBRARY_PATH="{library}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"')
    typer.echo(f'export FULLWELL_COMMAND="{_command()}"')


@app.command("engine")
def engine(
    cameras: CamerasOption = None,
    scene: SceneOption = "sky",
    filter_name: FilterOption = None,
    link: LinkOption = None,
    seed: SeedOption = None,
    instant: Annotated[bool, typer.Option("--instant", help="Exposures take no time.")] = False,
    quirks: QuirkOption = None,
    idle: Annotated[float, typer.Option(metavar="S", help="End when nobody was connected for so long.")] = 30.0,
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background once it listens.")] = False,
) -> None:
    """Hold the cameras for programs that use the library; normally started by the library itself."""
    from fullwell.connect import find_device
    from fullwell.serve.sdk.host import Host, default_socket
    from fullwell.serve.sdk.vendor_library import VendorLibrary

    names = cameras or os.environ.get(CAMERAS_VARIABLE, DEFAULT_CAMERA).split()
    light = Scenery(scene=scene).build()
    devices = [
        find_device(
            name, scene=light, filter=filter_name, link=link, seed=seed, clock="instant" if instant else "real"
        )
        for name in names
    ]
    host = Host(VendorLibrary(devices, in_real_time=not instant, quirks=_quirks(quirks)), default_socket())
    if detach and os.fork():
        os._exit(0)  # the library waits for this: somebody listens now
    if detach:
        os.setsid()
    else:
        say(f"listening at {default_socket()}: {', '.join(names)}")
    try:
        host.serve(idle_s=idle)
    finally:
        host.close()


@app.command("quirk")
def quirk(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Quirk, profile, or all.")] = None,
    state: Annotated[str | None, typer.Argument(metavar="on|off")] = None,
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
        raise typer.BadParameter("Say on or off: fullwell sdk quirk zero-frames on")
    left = switch_quirk(default_socket(), name, state == "on")
    say(f"on: {', '.join(left) or 'nothing'}")


@app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
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
    import subprocess
    import tempfile
    import threading

    from fullwell.connect import find_device
    from fullwell.errors import InvalidValue, MissingFile
    from fullwell.serve.sdk.build import build as make
    from fullwell.serve.sdk.host import Host
    from fullwell.serve.sdk.vendor_library import VendorLibrary

    if not context.args:
        raise InvalidValue("there is no program to run.", "Give it after --: fullwell sdk run -- ./program")
    with tempfile.TemporaryDirectory() as scratch:
        library = make(Path(scratch), _command())
        socket = Path(scratch) / "engine.sock"
        light = Scenery(scene=scene).build()
        devices = [
            find_device(
                name,
                scene=light,
                filter=filter_name,
                link=link,
                seed=seed,
                clock="instant" if instant else "real",
            )
            for name in cameras or [DEFAULT_CAMERA]
        ]
        host = Host(VendorLibrary(devices, in_real_time=not instant, quirks=_quirks(quirks)), socket)
        threading.Thread(target=host.serve, daemon=True).start()
        paths = ":".join(filter(None, (str(library.parent), os.environ.get("LD_LIBRARY_PATH"))))
        environment = {**os.environ, "LD_LIBRARY_PATH": paths, "FULLWELL_SDK_SOCKET": str(socket)}
        try:
            status = subprocess.run(context.args, env=environment, check=False).returncode
        except FileNotFoundError as error:
            raise MissingFile(f"there is no program {context.args[0]!r}.", "Give its path.") from error
        finally:
            host.close()
    raise typer.Exit(status if status >= 0 else 128 - status)
