"""A recording on the screen: its rate, the disk, the buffers, the losses; and what came out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from fullwell.camera.engine import Camera
from fullwell.camera.ledger import Entry, Fate
from fullwell.cli.talk import introduced, say
from fullwell.errors import FullwellError
from fullwell.record import Recording, Status, Summary

REFRESH_HZ: Final = 4
LONGEST_LIST: Final = 5

REMEDIES: Final = {
    Fate.LOST_IN_MEMORY: "Computer or disk are too slow for this: choose a smaller window, fewer bits, a longer "
    "exposure, or a faster disk.",
    Fate.LOST_ON_LINK: "Check the cable, or raise --usb-traffic.",
    Fate.DROPPED_IN_QUEUE: "The disk is too slow: choose a smaller window, fewer bits, or a faster disk.",
    Fate.FAILED_ON_DISK: "Make room or choose another folder.",
}
"""What to do about losses."""


class Incomplete(FullwellError):
    """Not everything that was asked for is recorded."""


def watched(camera: Camera, recording: Recording, open_ended: bool) -> None:
    """Run a recording, show how it stands, and say what came out of it.

    Parameters
    ----------
    camera : Camera
        Being recorded.
    recording : Recording
    open_ended : bool
        Whether Ctrl-C is the way to end it.

    Raises
    ------
    FullwellError
        If the camera or the disk failed, or frames are missing.
    KeyboardInterrupt
        If the user ended it before its time.
    """
    say(_title(camera))
    try:
        with _readout(recording):
            recording.run()
    except KeyboardInterrupt:
        _tell(recording.summary())
        if not open_ended:
            raise
    except FullwellError:
        _tell(recording.summary())
        raise
    else:
        _tell(recording.summary())
    _require_complete(recording.summary(), open_ended)


def _title(camera: Camera) -> str:
    used = camera.settings
    mode = camera.model.mode(used.mode)
    rows, columns = used.format.shape(len(mode.chains))
    rate = 1e9 / camera.timing().frame_period_ns
    return (
        f"{introduced(camera)}: {mode.name}, gain {used.gain}, "
        f"{columns} x {rows} px, {used.format.bits} bit, {used.exposure_s:g} s, {rate:.3g} frames a second"
    )


@contextmanager
def _readout(recording: Recording) -> Iterator[None]:
    """A line on the terminal that follows the recording; nothing where there is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with Live(
        get_renderable=lambda: Text(status_line(recording.status())),
        console=console,
        refresh_per_second=REFRESH_HZ,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield


def status_line(status: Status) -> str:
    """How a recording stands, in one line."""
    if status.held is not None:
        return f"waiting for the trigger, {status.held} frames kept"
    per_s = 1 / status.elapsed_s if status.elapsed_s > 0 else 0.0
    losses = ", ".join(
        f"{status.counts[fate]} {fate}" for fate in Fate if status.counts[fate] and fate in REMEDIES
    )
    return (
        f"{status.elapsed_s:6.1f} s  {status.counts[Fate.RECORDED]} recorded  {status.frames * per_s:.1f} fps  "
        f"disk {status.written_bytes * per_s / 1e6:.0f} MB/s  buffers {status.fill_percent:.0f} %  "
        f"{losses or 'none lost'}"
    )


def _tell(summary: Summary) -> None:
    for path in summary.paths:
        typer.echo(path)
    per_s = 1 / summary.elapsed_s if summary.elapsed_s > 0 else 0.0
    skipped = summary.counts[Fate.SKIPPED]
    say(
        f"{summary.recorded} frames recorded in {summary.elapsed_s:.1f} s: {summary.recorded * per_s:.1f} fps, "
        f"{summary.written_bytes / 1e6:.0f} MB, {summary.written_bytes * per_s / 1e6:.0f} MB/s"
        f"{f'; {skipped} skipped' if skipped else ''}; {'none' if not summary.lost else summary.lost} lost."
    )
    if summary.log is not None:
        say(f"log: {summary.log}")


def _require_complete(summary: Summary, open_ended: bool) -> None:
    if summary.complete or (open_ended and summary.lost == 0):
        return
    missing = [entry for entry in summary.entries if entry.fate in REMEDIES]
    if not missing and summary.recorded == 0:
        raise Incomplete("nothing was recorded.", "Was there a trigger? See --trigger.")
    if not missing:
        raise Incomplete(f"{summary.recorded} of {summary.asked} frames are recorded.", "Record again.")
    listed = "; ".join(_in_words(entry) for entry in missing[:LONGEST_LIST])
    more = f"; and {len(missing) - LONGEST_LIST} more gaps (see the log)" if len(missing) > LONGEST_LIST else ""
    raise Incomplete(f"{summary.lost} frames are not recorded: {listed}{more}.", REMEDIES[missing[0].fate])


def _in_words(entry: Entry) -> str:
    numbers = f"{entry.first}" if entry.first == entry.last else f"{entry.first} to {entry.last}"
    return f"{numbers} {entry.fate}"
