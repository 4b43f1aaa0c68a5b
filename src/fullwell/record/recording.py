"""Recording: the live frames of a camera into files, with the fate of every frame accounted for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from fullwell.camera.engine import Camera
from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Entry, Fate, Ledger
from fullwell.camera.live import Live
from fullwell.camera.pretrigger import PreTrigger
from fullwell.errors import DeviceFault, InvalidValue, NotSupported, OutOfRange, UnknownName
from fullwell.record.atomic import check_folder
from fullwell.record.ser import require_ser
from fullwell.record.word_order import warm_up
from fullwell.record.writer import FORMATS, FrameWriter, require_place

__all__ = ["Recording", "Status", "Summary", "record"]

RING_BYTES: Final = 1 << 30
"""Memory for frames that wait for the disk."""

LONGEST_RING: Final = 64
HEADER_BYTES: Final = 1 << 16
LOSSES: Final = (Fate.LOST_IN_MEMORY, Fate.LOST_ON_LINK, Fate.DROPPED_IN_QUEUE, Fate.FAILED_ON_DISK)


@dataclass(frozen=True, slots=True)
class Status:
    """How a recording stands.

    Attributes
    ----------
    elapsed_s : float
        Since the first frame arrived.
    counts : mapping of Fate to int
        Frames by fate; "delivered" ones are on their way to the disk.
    written_bytes : int
    fill_percent : float
        Of the buffers between camera and disk.
    held : int or None
        Frames kept for a trigger that has not fired; None if none is waited for.
    """

    elapsed_s: float
    counts: Mapping[Fate, int]
    written_bytes: int
    fill_percent: float
    held: int | None = None

    @property
    def frames(self) -> int:
        """Frames that have arrived to be recorded."""
        return self.counts[Fate.RECORDED] + self.counts[Fate.DELIVERED]

    @property
    def lost(self) -> int:
        """Frames that should have been recorded and will not be."""
        return sum(self.counts[fate] for fate in LOSSES)


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a recording.

    Attributes
    ----------
    paths : tuple of Path
        The files that hold frames.
    log : Path or None
        The run's log; None if there was no frame.
    counts : mapping of Fate to int
        Frames by fate.
    entries : tuple of Entry
        The ledger.
    elapsed_s : float
        From the first frame to the end of the last file.
    written_bytes : int
    asked : int or None
        How many frames were asked for.
    """

    paths: tuple[Path, ...]
    log: Path | None
    counts: Mapping[Fate, int]
    entries: tuple[Entry, ...]
    elapsed_s: float
    written_bytes: int
    asked: int | None

    @property
    def recorded(self) -> int:
        """Frames that are safe."""
        return self.counts[Fate.RECORDED]

    @property
    def lost(self) -> int:
        """Frames that should have been recorded and were not."""
        return sum(self.counts[fate] for fate in LOSSES)

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is recorded, without a gap."""
        return self.lost == 0 and self.recorded > 0 and self.asked in (None, self.recorded)


class Recording:
    """One recording, from the first frame to the last file.

    Parameters
    ----------
    camera : Camera
        Open and configured, idle.
    out : str or Path
        A folder, where names are made up, or a file name; with "fits" it gets a number for each frame. Nothing
        that exists is ever replaced.
    format : {"fits", "cube", "ser"}
        A FITS file for each frame, one FITS cube, or one SER file.
    frames : int, optional
        How many frames to record.
    duration_s : float, optional
        Record the frames that start within so many seconds after the first one.
    compress : bool
        RICE compression, only for "fits".
    every : int
        Record one frame of so many; the others are skipped on purpose.
    burst : bool
        Take `frames` consecutive frames as one burst; not together with `duration_s` or `every`.
    before : PreTrigger, optional
        Record the last seconds before its trigger and what follows. `duration_s` then counts from the trigger,
        `frames` from the first frame that was kept.
    ring : int, optional
        How many frames may wait for the disk; default is what a gigabyte holds.
    what : str
        What is in the frames, for made-up names.
    cards : mapping, optional
        Cards to add to the headers.

    Raises
    ------
    UnknownName, InvalidValue, OutOfRange, NotSupported
        If something impossible is asked for.
    NotWritable, DiskFull
        If the files could not be written, as far as that is known beforehand.
    """

    def __init__(
        self,
        camera: Camera,
        out: str | Path,
        *,
        format: str = "fits",
        frames: int | None = None,
        duration_s: float | None = None,
        compress: bool = False,
        every: int = 1,
        burst: bool = False,
        before: PreTrigger | None = None,
        ring: int | None = None,
        what: str = "frame",
        cards: Mapping[str, object] | None = None,
    ) -> None:
        if format not in FORMATS:
            raise UnknownName("format", format, FORMATS)
        if compress and format != "fits":
            raise NotSupported(
                f"frames in a {format} file cannot be compressed: it could not grow frame by frame.",
                "Record compressed FITS files (--format fits --compress), or leave compression away.",
            )
        if frames is not None and frames < 1:
            raise OutOfRange("frames", frames, 1, float("inf"))
        if duration_s is not None and not duration_s > 0:
            raise InvalidValue(f"a duration of {duration_s} s is not above 0.", "Give the seconds to record.")
        if burst and (frames is None or duration_s is not None or every != 1 or before is not None):
            raise InvalidValue(
                "a burst is a number of consecutive frames.",
                "Give frames, and no duration, every or pre-trigger.",
            )
        if before is not None:
            before.require_room(camera)
        self._before = before
        self._burst = burst
        self._camera, self._out, self._form = camera, Path(out), format
        self._frames, self._duration_s, self._compress, self._every = frames, duration_s, compress, every
        self._what, self._cards = what, dict(cards or {})
        used = camera.settings.format
        chains = len(camera.model.mode(camera.settings.mode).chains)
        rows, columns = used.shape(chains)
        self._frame_bytes = rows * columns * used.dtype.itemsize
        if format == "ser":
            require_ser(used.bits, 8 * used.dtype.itemsize)
        self._ring = ring or max(4, min(LONGEST_RING, RING_BYTES // self._frame_bytes))
        self._check_place()
        warm_up(used.dtype)
        self._ledger = Ledger()
        self._writer: FrameWriter | None = None
        self._begin_s = 0.0
        self._end_ns: int | None = None

    def run(self) -> Summary:
        """Record, and wait for the end.

        Raises
        ------
        DiskFull, NotWritable
            If the disk failed. What is recorded is safe, and the message says how much that is.
        DeviceFault
            If the camera failed. What is recorded is safe.
        KeyboardInterrupt
            What has arrived until then is recorded.
        """
        fault: DeviceFault | None = None
        try:
            with self._go() as live:
                self._ledger = live.ledger
                self._record(live)
        except DeviceFault as caught:
            fault = caught
        finally:
            if self._writer is not None:
                self._writer.close()
        if fault is not None:
            safe = self._ledger.count(Fate.RECORDED)
            raise type(fault)(f"{fault.message} {safe} frames are recorded and safe.", fault.remedy) from fault
        return self.summary()

    def stop(self) -> None:
        """End the recording in good order: frames that have arrived are recorded. From any thread."""
        self._camera.stop()

    def status(self) -> Status:
        """How it stands now. From any thread."""
        writer = self._writer
        return Status(
            elapsed_s=time.monotonic() - self._begin_s if self._begin_s else 0.0,
            counts=self._ledger.counts(),
            written_bytes=writer.drain.written_bytes if writer else 0,
            fill_percent=min(100.0, 100 * self._ledger.count(Fate.DELIVERED) / self._ring),
            held=None if self._before is None or self._before.fired else self._before.held,
        )

    def _go(self) -> Live:
        if self._burst:
            return self._camera.burst(self._frames, ring=self._ring)
        return self._camera.live(None if self._before else self._frames, self._ring, every=self._every)

    def _record(self, live: Live) -> None:
        for number, frame in enumerate(live if self._before is None else self._before.watch(live), start=1):
            labelled = replace(frame, extra={**frame.extra, **self._cards})
            if self._writer is None:
                self._writer = self._begin(labelled)
                self._end_ns = self._end_of_duration(frame)
            if self._end_ns is not None and frame.start_ns >= self._end_ns:
                live.ledger.settle(frame.report.sequence, Fate.SKIPPED)
                break
            self._writer.put(labelled)
            if self._writer.keeper.error is not None or number == self._frames:
                break
            del frame, labelled

    def _end_of_duration(self, first: Frame) -> int | None:
        """UTC, ns, from which on frames are not wanted."""
        if self._duration_s is None:
            return None
        begin_ns = self._before.fired_ns if self._before is not None else None
        return (first.start_ns if begin_ns is None else begin_ns) + round(self._duration_s * 1e9)

    def _begin(self, first: Frame) -> FrameWriter:
        self._begin_s = time.monotonic()
        return FrameWriter(
            self._out,
            first,
            self._form,
            self._ledger,
            compress=self._compress,
            frames=self._frames,
            what=self._what,
            run=self._description(first),
            failed=self._camera.stop,
        )

    def _description(self, first: Frame) -> dict[str, Any]:
        """The first line of the log."""
        return {
            "camera": first.model.name,
            "camera_id": first.identity.id,
            "backend": first.identity.backend,
            "seed": first.identity.seed,
            "settings": asdict(first.report.settings),
            "rows": first.data.shape[0],
            "columns": first.data.shape[1],
            "frames": self._frames,
            "duration_s": self._duration_s,
            "every": self._every,
            "trigger": self._before.fired if self._before is not None else None,
        }

    def summary(self) -> Summary:
        """What became of it, also after an error or an interrupt."""
        writer, status = self._writer, self.status()
        return Summary(
            paths=tuple(writer.paths) if writer else (),
            log=writer.log_path if writer else None,
            counts=status.counts,
            entries=tuple(self._ledger),
            elapsed_s=status.elapsed_s,
            written_bytes=status.written_bytes,
            asked=self._frames,
        )

    def _check_place(self) -> None:
        """Find out before the first frame whether its file could be written."""
        folder = require_place(self._out, self._form, self._compress)
        frames = self._frames or 1
        if self._duration_s is not None:
            frames = max(
                frames, int(self._duration_s * 1e9 / self._camera.timing().frame_period_ns / self._every)
            )
        if self._compress:
            frames = 1  # nobody knows how well it will do
        check_folder(folder, frames * (self._frame_bytes + HEADER_BYTES))


def record(camera: Camera, out: str | Path, **options: Any) -> Summary:
    """Record the live frames of a camera; see `Recording` for the options.

    Examples
    --------
    >>> import fullwell, tempfile
    >>> from fullwell.models import Window
    >>> from fullwell.scene import Flat
    >>> folder = tempfile.TemporaryDirectory()
    >>> with fullwell.open("twin:qhy42-pro", scene=Flat(), clock="instant") as camera:
    ...     used = camera.configure(window=Window(0, 0, 64, 64), exposure_s=0.01)
    ...     summary = record(camera, f"{folder.name}/flat.ser", format="ser", frames=5)
    >>> summary.recorded, summary.lost, summary.complete, [path.name for path in summary.paths]
    (5, 0, True, ['flat.ser'])
    >>> folder.cleanup()
    """
    return Recording(camera, out, **options).run()
