"""Recording to disk: beside a plain writer in the same run, and at the speed of the cameras.

Three parts. "writer": frames that lie in memory go through the recorder's writer, in turn with a loop that does
nothing but write the same bytes past the page cache; the ratio is what the formats cost. "camera": a twin under a
sky of stars, its own clock, real frames to real files. ``python -m bench record [--seconds 60]``.

No more than 32 GB, and half of what is free, lie on the disk at any time: FITS files are removed while the
recording goes on, one-file formats are recorded for as long as that allows, which then stands in the line.
"""

from __future__ import annotations

import mmap
import os
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

HELD_BYTES = 32e9
HELD_SHARE = 0.5
PLAIN_CHUNK = 8 << 20
WRITER_BYTES = 8e9
ROUNDS = 3
WARM_UP_FRAMES = 4
DEFAULT_SECONDS = 60.0


@dataclass(frozen=True)
class Case:
    """A camera, how it is set, and the rate that the vendor prints."""

    key: str
    link: str
    mode: str
    bits: int
    printed_fps: float
    formats: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.key} {self.mode} {self.bits} bit"


CASES = (
    Case("qhy600-pro", "fibre", "Photographic DSO", 16, 4.0, ("fits", "cube", "ser")),
    Case("qhy268m-pro", "usb3", "Photographic DSO", 16, 6.8, ("fits", "cube", "ser")),
    Case("qhy42-pro", "usb3", "STD high gain", 16, 24.0, ("fits", "cube", "ser")),
    Case("qhy600-pro", "fibre", "14-bit (fibre)", 16, 10.0, ("fits",)),
    Case("qhy268m-pro", "usb3", "12-bit", 8, 14.5, ("fits",)),
    Case("qhy42-pro", "usb3", "STD high gain", 8, 48.0, ("fits",)),
)
ENDINGS = {"fits": ".fits", "cube": ".fits", "ser": ".ser"}


def seconds() -> float:
    """How long each camera is recorded."""
    return float(os.environ.get("FULLWELL_BENCH_SECONDS", DEFAULT_SECONDS))


def cpu_s() -> float:
    """Processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on the disk of the checkout, removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="bench-record-", dir=os.environ.get("FULLWELL_BENCH_FOLDER")))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def opened(case: Case, clock: str) -> Any:
    """The camera of a case under a field of stars."""
    import fullwell
    from fullwell.scene import Sky

    scene = Sky(ra_deg=56.75, dec_deg=24.12, focal_length_mm=530, aperture_mm=106)
    camera = fullwell.open(f"twin:{case.key}", scene=scene, seed=1, clock=clock, link=case.link)
    number = next(mode.number for mode in camera.model.modes if mode.name.startswith(case.mode))
    camera.configure(mode=number, bits=case.bits, exposure_s=0.01)
    return camera


def plain_gb_per_s(path: Path, memory: mmap.mmap, size_bytes: float) -> float:
    """What the disk takes from a loop of plain writes past the page cache, synced at the end."""
    chunks = round(size_bytes / PLAIN_CHUNK)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_DIRECT)
    try:
        begin = time.perf_counter()
        for number in range(chunks):
            os.pwrite(handle, memory, number * PLAIN_CHUNK)
        os.fdatasync(handle)
        return chunks * PLAIN_CHUNK / (time.perf_counter() - begin) / 1e9
    finally:
        os.close(handle)
        path.unlink()


def writer_gb_per_s(out: Path, form: str, frames: list[Any], size_bytes: float) -> tuple[float, float]:
    """What the recorder's writer takes of frames in memory, until all are safe; and its CPU, ms a frame."""
    from fullwell.camera.ledger import Fate, Ledger
    from fullwell.record.writer import FrameWriter

    count = round(size_bytes / frames[0].data.nbytes)
    ledger = Ledger()
    begin, used_s = time.perf_counter(), cpu_s()
    writer = FrameWriter(out / f"a{ENDINGS[form]}", frames[0], form, ledger, frames=count)
    for number in range(count):
        frame = frames[number % len(frames)]
        ledger.enter(number, Fate.DELIVERED)
        writer.put(replace(frame, report=replace(frame.report, sequence=number)))
    writer.close()
    elapsed_s, used_s = time.perf_counter() - begin, cpu_s() - used_s
    assert ledger.count(Fate.RECORDED) == count
    for path in out.iterdir():
        path.unlink()
    return count * frames[0].data.nbytes / elapsed_s / 1e9, used_s / count * 1e3


def writer_lines() -> list[dict[str, Any]]:
    """The writer beside plain writes, in turns."""
    case = CASES[0]
    with opened(case, "instant") as camera:
        shot = camera.expose()
        frames = [replace(shot, data=shot.data.copy()) for _ in range(2)]
    memory = mmap.mmap(-1, PLAIN_CHUNK)
    np.frombuffer(memory, np.uint8)[:] = np.frombuffer(frames[0].data.tobytes()[:PLAIN_CHUNK], np.uint8)
    lines: list[dict[str, Any]] = []
    with folder() as out:
        for form in ("fits", "cube", "ser"):
            writer_gb_per_s(out, form, frames, 3 * frames[0].data.nbytes)
            plain, ours, ms = [], [], []
            for _ in range(ROUNDS):
                plain.append(plain_gb_per_s(out / "plain", memory, WRITER_BYTES))
                rate, frame_ms = writer_gb_per_s(out, form, frames, WRITER_BYTES)
                ours.append(rate)
                ms.append(frame_ms)
                plain.append(plain_gb_per_s(out / "plain", memory, WRITER_BYTES))
            name = f"{form}, 61 Mpx from memory"
            lines += [
                {"task": f"{name}: plain writer", "value": float(np.median(plain)), "unit": "GB/s", "goal": ""},
                {"task": f"{name}: recorder", "value": float(np.median(ours)), "unit": "GB/s", "goal": ""},
                {
                    "task": f"{name}: recorder / plain",
                    "value": float(np.median(ours) / np.median(plain)),
                    "unit": "",
                    "goal": ">= 0.9",
                },
                {"task": f"{name}: CPU", "value": float(np.median(ms)), "unit": "ms/frame", "goal": ""},
            ]
    return lines


class Broom:
    """Removes the files of a recording while it goes on, as soon as they are safe."""

    def __init__(self, out: Path) -> None:
        self.removed = 0
        self._out, self._over = out, threading.Event()
        self._thread = threading.Thread(target=self._sweep, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _sweep(self) -> None:
        while not self._over.wait(1.0):
            for path in self._out.glob("[!.]*.fits"):
                path.unlink()
                self.removed += 1


def camera_lines(case: Case, form: str) -> list[dict[str, Any]]:
    """A camera recorded by its own clock."""
    from fullwell.camera.ledger import Fate
    from fullwell.record import record

    with folder() as out, opened(case, "real") as camera:
        rows, columns = camera.settings.format.shape(len(camera.model.mode(camera.settings.mode).chains))
        own_fps = 1e9 / camera.timing().frame_period_ns
        byte_rate = rows * columns * camera.settings.format.dtype.itemsize * own_fps
        held = min(HELD_BYTES, HELD_SHARE * shutil.disk_usage(out).free)
        lasts_s = seconds() if form == "fits" else min(seconds(), held / byte_rate)
        record(camera, out / f"warm{ENDINGS[form]}", format=form, frames=WARM_UP_FRAMES)
        broom = Broom(out) if form == "fits" else None
        used_s = cpu_s()
        done = record(camera, out / f"a{ENDINGS[form]}", format=form, frames=max(8, round(lasts_s * own_fps)))
        used_s = cpu_s() - used_s
        if broom is not None:
            broom.close()
    name = f"{case.name}, {form}, {lasts_s:.0f} s"
    goal = f"{own_fps:.1f} (printed {case.printed_fps:g})"
    lost = sum(done.counts[fate] for fate in Fate if fate not in (Fate.RECORDED, Fate.SKIPPED))
    return [
        {"task": f"{name}: recorded", "value": done.recorded / done.elapsed_s, "unit": "fps", "goal": goal},
        {"task": f"{name}: lost", "value": float(lost), "unit": "frames", "goal": "0"},
        {"task": f"{name}: CPU with twin", "value": used_s / done.recorded * 1e3, "unit": "ms/frame", "goal": ""},
    ]


def run() -> list[dict[str, Any]]:
    """All figures.

    Returns
    -------
    list of dict
        Keys task, value, unit, goal (text, "" where there is none).
    """
    lines = writer_lines()
    for case in CASES:
        for form in case.formats:
            lines += camera_lines(case, form)
    return lines


def _print(make: Callable[[], list[dict[str, Any]]]) -> None:
    for line in make():
        print(f"{line['task']:64} {line['value']:8.3g} {line['unit']:10} {line['goal']}", flush=True)


if __name__ == "__main__":
    _print(run)
