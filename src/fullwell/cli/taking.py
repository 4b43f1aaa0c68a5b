"""The run of a capture: expose, show how long it still takes, write, name the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from fullwell.camera.engine import Camera
from fullwell.camera.frame import Frame
from fullwell.cli.talk import introduced, say
from fullwell.errors import FrameTimeout, FullwellError, NotWritable
from fullwell.record import FileNames, check_folder, write_fits

LONGEST_NAP_S: Final = 0.1
HEADER_BYTES: Final = 4 * 2880
TRUTH_BYTES_PER_PX: Final = 4
ROW_TIMES_BYTES: Final = 4 + 3 * 8


@dataclass(frozen=True)
class Keeping:
    """How frames are kept.

    Attributes
    ----------
    image_type : str
        For the IMAGETYP card.
    truth : bool
        With the answer key.
    compress : bool
    overwrite : bool
    row_times : bool
        With a table of the times of all rows.
    """

    image_type: str
    truth: bool
    compress: bool
    overwrite: bool
    row_times: bool = False


def take(camera: Camera, number: int, names: FileNames, keeping: Keeping) -> None:
    """Take frames and keep each before the next begins; the path of each goes to standard output.

    Parameters
    ----------
    camera : Camera
        Open and configured.
    number : int
        How many frames.
    names : FileNames
    keeping : Keeping

    Raises
    ------
    FullwellError
        What is written stays.
    KeyboardInterrupt
        The exposure is abandoned, what is written stays.
    """
    say(_summary(camera, number))
    buffer: NDArray[Any] | None = None
    done = 0
    try:
        while done < number:
            check_folder(names.folder, _file_bytes(camera, keeping))
            frame = _expose(camera, buffer, f"frame {done + 1} of {number}")
            path = _keep(camera, frame, names, keeping)
            done += 1
            typer.echo(path)
            buffer = frame.data
    except BaseException:
        with suppress(FullwellError):  # what went wrong first is what counts
            camera.abort()
        if number > 1:
            say(f"{done} of {number} frames are written.")
        raise


def take_burst(camera: Camera, number: int, names: FileNames, keeping: Keeping) -> None:
    """Take frames as one burst and keep each; the path of each goes to standard output.

    Parameters
    ----------
    camera : Camera
        Open and configured.
    number : int
        How many frames.
    names : FileNames
    keeping : Keeping

    Raises
    ------
    FrameTimeout
        If frames of the burst were lost. What is written stays, as with every other error.
    """
    check_folder(names.folder, number * _file_bytes(camera, keeping))
    say(f"{_summary(camera, number)}, as a burst")
    with camera.burst(frames=number) as burst:
        for frame in burst:
            typer.echo(_keep(camera, frame, names, keeping))
    if burst.lost:
        raise FrameTimeout(
            f"{burst.lost} of {number} frames of the burst were lost.",
            "Take fewer or smaller frames, or use a faster cable.",
        )


def _expose(camera: Camera, buffer: NDArray[Any] | None, title: str) -> Frame:
    camera.start()
    with _meter(title, camera.settings.exposure_s) as meter:
        while (left_s := camera.remaining_s()) > 0:
            meter(left_s)
            camera.clock.sleep_until(camera.clock.now_ns() + round(min(left_s, LONGEST_NAP_S) * 1e9))
        return camera.read(buffer)


def _keep(camera: Camera, frame: Frame, names: FileNames, keeping: Keeping) -> Path:
    truth = camera.truth(frame) if keeping.truth else None
    labelled = replace(frame, extra={"IMAGETYP": keeping.image_type})
    while True:
        path = names.next(frame)
        try:
            return write_fits(
                labelled,
                path,
                "rice" if keeping.compress else None,
                truth,
                keeping.overwrite,
                row_times=keeping.row_times,
            )
        except NotWritable:
            # A made-up name that somebody else has just taken is no reason to lose a frame.
            if not (names.made_up and path.exists()):
                raise


def _file_bytes(camera: Camera, keeping: Keeping) -> int:
    """How long a file will be, at most."""
    form = camera.settings.format
    chains = len(camera.model.mode(camera.settings.mode).chains)
    rows, columns = form.shape(chains)
    pixels = rows * columns * form.dtype.itemsize
    truth = form.window.width * form.window.height * TRUTH_BYTES_PER_PX if keeping.truth else 0
    table = rows * ROW_TIMES_BYTES + HEADER_BYTES if keeping.row_times else 0
    return HEADER_BYTES + pixels + truth + table


def _summary(camera: Camera, number: int) -> str:
    used = camera.settings
    form = used.format
    mode = camera.model.mode(used.mode)
    rows, columns = form.shape(len(mode.chains))
    return (
        f"{introduced(camera)}: {mode.name}, gain {used.gain}, "
        f"offset {used.offset}, {columns} x {rows} px, {form.bits} bit, "
        f"{number} x {used.exposure_s:g} s"
    )


@contextmanager
def _meter(title: str, exposure_s: float) -> Iterator[Callable[[float], None]]:
    """A bar on the terminal that is told the time left and vanishes; nothing where there is no terminal."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(title, total=exposure_s, left="")

        def show(left_s: float) -> None:
            progress.update(task, completed=exposure_s - left_s, left=f"{left_s:.1f} s")

        yield show
