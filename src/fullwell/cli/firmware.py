"""``fullwell firmware``: which versions a camera runs, and on twins their update and roll-back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fullwell.cli.talk import opening, say

if TYPE_CHECKING:
    from fullwell.camera.engine import Camera

SUMMARY: Final = "Tell versions of firmware and FPGA; change those of twins."
EPILOG: Final = """\b
Examples:
  fullwell firmware show twin:qhy600-pro
  fullwell firmware make qhy600-pro firmware 2025-03-01 new.img      an image file for twins
  fullwell firmware update twin:qhy600-pro new.img --flash body1.json
  fullwell firmware show twin:qhy600-pro --flash body1.json
  fullwell firmware rollback twin:qhy600-pro firmware --flash body1.json

\b
A twin forgets what was loaded when the program ends, unless --flash names a file that is its memory. The versions
of real cameras are told; they are loaded by the vendor's own tool.
"""

PAYLOAD_BYTES: Final = 64 * 65_536

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, epilog=EPILOG, help=SUMMARY)

CameraArgument = Annotated[
    str, typer.Argument(metavar="CAMERA", help="As `fullwell cameras` lists them: twin:qhy600-pro")
]
PartArgument = Annotated[str, typer.Argument(metavar="PART", help="firmware or fpga.")]
FlashOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Memory of the twin, made if it is not there. [forgotten]")
]


@app.command("show")
def show(
    camera: CameraArgument,
    flash: FlashOption = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
) -> None:
    """Tell serial number, versions, what a roll-back would bring."""
    with _opened(camera, flash) as found:
        if json:
            typer.echo(_as_json(found))
        else:
            _print(found)


@app.command("update")
def update(
    camera: CameraArgument,
    image: Annotated[Path, typer.Argument(metavar="FILE", help="Made by `fullwell firmware make`.")],
    flash: FlashOption = None,
) -> None:
    """Load an image; if that fails, the old version stays."""
    with _opened(camera, flash) as found:
        with _meter() as meter:
            found.firmware.update(image, meter)
        _print(found)
    _warn_of_forgetting(flash)


@app.command("rollback")
def roll_back(camera: CameraArgument, part: PartArgument, flash: FlashOption = None) -> None:
    """Go back to the version before."""
    with _opened(camera, flash) as found:
        found.firmware.roll_back(part)
        _print(found)
    _warn_of_forgetting(flash)


@app.command("make")
def make(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Which camera it is for, as in qhy600-pro.")],
    part: PartArgument,
    version: Annotated[
        str,
        typer.Argument(metavar="VERSION", help="A day for firmware, as in 2025-03-01; any text for the FPGA."),
    ],
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    payload: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What the image holds. [64 blocks of noise]")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of this name.")] = False,
) -> None:
    """Make an image file for twins; its path is printed."""
    from fullwell.connect import FirmwareImage
    from fullwell.models import load

    content = _noise(f"{model} {part} {version}") if payload is None else _read(payload)
    image = FirmwareImage(load(model.removeprefix("twin:")).key, part, version, content)
    _write(image.pack(), out, overwrite)
    typer.echo(out)


def _noise(name: str) -> bytes:
    """Something to load, the same for the same name."""
    return hashlib.shake_256(name.encode()).digest(PAYLOAD_BYTES)


def _read(path: Path) -> bytes:
    from fullwell.errors import MissingFile

    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFile(f"{path} cannot be read ({error.strerror}).", "Check its name.") from error


def _write(content: bytes, path: Path, overwrite: bool) -> None:
    from fullwell.errors import NotWritable

    try:
        with path.open("wb" if overwrite else "xb") as file:
            file.write(content)
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be written ({error.strerror}).", "Choose another name, or --overwrite."
        ) from error


@contextmanager
def _opened(name: str, flash: Path | None) -> Iterator[Camera]:
    import fullwell

    options: dict[str, Any] = {} if flash is None else {"flash": flash}
    if name.startswith("twin:"):
        options["clock"] = "instant"
    with opening():
        camera = fullwell.open(name, **options)
    with camera:
        yield camera


def _print(camera: Camera) -> None:
    typer.echo(f"{'camera':10}{camera.model.name}, serial number {camera.identity.id}")
    for each in camera.firmware.versions:
        beside = f", before it {each.spare}" if each.spare else ""
        typer.echo(f"{each.part:10}{each.running or 'not told'}{beside}")


def _as_json(camera: Camera) -> str:
    import orjson

    parts = {each.part: {"running": each.running, "spare": each.spare} for each in camera.firmware.versions}
    told = {"model": camera.model.key, "serial_number": camera.identity.id, **parts}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


def _warn_of_forgetting(flash: Path | None) -> None:
    if flash is None:
        say("The twin forgets this now: give it a memory with --flash FILE.")


@contextmanager
def _meter() -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; nothing where there is none."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("writing and verifying"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
