"""What a recording has left in a folder, read by independent readers and compared with its answer key."""

from __future__ import annotations

import struct
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from fullwell.record.repair import repair
from fullwell.record.runlog import Logged, read_log

FORMS = {
    "fits": ("fits", False),
    "fits, compressed": ("fits", True),
    "cube": ("cube", False),
    "ser": ("ser", False),
}
NAMES = {"fits": "a.fits", "cube": "a.fits", "ser": "a.ser"}
Key = Callable[[int], np.ndarray]


class Tap:
    """A camera that remembers the frames it delivers, and delivers no more than one in `pause_s`."""

    def __init__(self, camera: Any, pause_s: float = 0.0) -> None:
        self._camera, self._pause_s = camera, pause_s
        self.frames: dict[int, np.ndarray] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._camera, name)

    def live(self, *args: Any, **kwargs: Any) -> Any:
        run = self._camera.live(*args, **kwargs)
        take = run._run.take

        def remembered() -> Any:
            time.sleep(self._pause_s)
            frame = take()
            if frame is not None:
                self.frames[frame.report.sequence] = frame.data.copy()
            return frame

        run._run.take = remembered
        return run


def read(form: str, folder: Path, log: Logged, strict: bool) -> list[np.ndarray]:
    """The frames that are found, in the order of the notes; strict = nothing may be odd about the files."""
    with warnings.catch_warnings():
        warnings.simplefilter("error" if strict else "ignore")
        if form == "fits":
            return [_fits(folder / note.file)[0] for note in log.notes if (folder / note.file).exists()]
        if form == "cube":
            images, table_rows = _fits(folder / "a.fits", checksum=strict)
            assert not strict or table_rows == len(images)
            return list(images)
    return _ser(folder / "a.ser", strict)


def _fits(path: Path, checksum: bool = True) -> tuple[np.ndarray, int | None]:
    with path.open("rb") as file, fits.open(file, checksum=checksum) as opened:
        image = opened[0].data if opened[0].header["NAXIS"] == 3 else opened[-1].data
        rows = len(opened["FRAMES"].data) if checksum and opened[0].header["NAXIS"] == 3 else None
        return np.array([] if image is None else image), rows


def _ser(path: Path, strict: bool) -> list[np.ndarray]:
    data = path.read_bytes()
    columns, rows, bits, count = struct.unpack_from("<4i", data, 26)
    words = np.dtype("u1" if bits <= 8 else "<u2")
    images = np.frombuffer(data, words, count * rows * columns, 178).reshape(count, rows, columns)
    assert not strict or len(data) == 178 + images.nbytes + 8 * count
    return list(images)


def check(form: str, folder: Path, key: Key) -> int:
    """Look at what a sudden end has left behind, before and after repair; give the frames called recorded."""
    logs = list(folder.glob("*.jsonl"))
    if not logs:
        return 0
    log = read_log(logs[0])
    if log.recorded:
        found = read(form, folder, log, strict=False)
        assert len(found) >= log.recorded
        for image, note in zip(found[: log.recorded], log.notes, strict=False):
            np.testing.assert_array_equal(image, key(note.sequence))
    (done,) = repair(logs[0])
    assert done.frames >= log.recorded
    assert not log.run or not list(folder.glob(f".*.{log.run['id']}.part"))
    if done.frames:
        _check_repaired(form, folder, key, logs[0], done.frames)
    return log.recorded


def _check_repaired(form: str, folder: Path, key: Key, path: Path, frames: int) -> None:
    log = read_log(path)
    found = read(form, folder, log, strict=True)
    assert len(found) == frames
    kept = [note for note in log.notes if form != "fits" or (folder / note.file).exists()]
    for image, note in zip(found, kept, strict=False):
        np.testing.assert_array_equal(image, key(note.sequence))
    numbers = [note.sequence for note in log.notes]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "no frame may be missing in silence"
    arrived = sum(log.end["counts"].get(fate, 0) for fate in ("recorded", "failed on disk"))
    assert arrived >= len(numbers)
    assert log.end["counts"]["recorded"] == frames
    (again,) = repair(path)
    assert again.was_whole
