"""A power cut at any moment, on a disk that keeps of unsynced writes what it likes, sector by sector.

All calls to the system are remembered while a recording runs. For a cut after any of them, the disk holds what
was synced, and of the rest a random choice of sectors and names. What the log calls recorded must be there.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

import fullwell
from fullwell.models import Window
from fullwell.record import keeper, record
from fullwell.scene import Flat
from recorded import FORMS, NAMES, Tap, check

SECTOR_BYTES = 512
FRAMES = 15


class Disk:
    """Remembers what is done to the files in a folder, and makes what a power cut leaves of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.events: list[tuple] = []
        self._by_fd: dict[int, object] = {}
        self._by_name: dict[str, int] = {}
        self._files = 0
        for name in ("open", "pwrite", "ftruncate", "fdatasync", "fsync", "link", "unlink"):
            monkeypatch.setattr(os, name, self._spy(name, getattr(os, name)))

    def _spy(self, name, real):
        def call(*args, **kwargs):
            done = real(*args, **kwargs)
            getattr(self, f"_{name}")(done, *args)
            return done

        return call

    def _open(self, fd, path, flags=0, *_):
        path = Path(path)
        self._by_fd[fd] = None
        if path == self.folder:
            self._by_fd[fd] = "folder"
        elif path.parent == self.folder:
            if flags & os.O_CREAT and path.name not in self._by_name:
                self._files += 1
                self._by_name[path.name] = self._files
                self.events.append(("name", path.name, self._files))
            self._by_fd[fd] = self._by_name[path.name]

    def _pwrite(self, done, fd, data, offset):
        if isinstance(file := self._by_fd.get(fd), int):
            self.events.append(("write", file, offset, bytes(data)[:done]))

    def _ftruncate(self, _, fd, size):
        if isinstance(file := self._by_fd.get(fd), int):
            self.events.append(("truncate", file, size))

    def _fdatasync(self, _, fd):
        if self._by_fd.get(fd) is not None:
            self.events.append(("sync", self._by_fd[fd]))

    _fsync = _fdatasync

    def _link(self, _, source, target, *__):
        self._by_name[Path(target).name] = self._by_name[Path(source).name]
        self.events.append(("name", Path(target).name, self._by_name[Path(source).name]))

    def _unlink(self, _, path, *__):
        if Path(path).parent == self.folder:
            self._by_name.pop(Path(path).name, None)
            self.events.append(("name", Path(path).name, None))

    def after_a_cut(self, count: int, draw: random.Random, into: Path) -> None:
        """Write what the disk holds when power fails after so many events."""
        events = self.events[:count]
        last_sync = {event[1]: at for at, event in enumerate(events) if event[0] == "sync"}
        contents: dict[int, bytearray] = {}
        names: dict[str, int | None] = {}
        for at, (kind, what, *rest) in enumerate(events):
            if kind == "name":
                if at < last_sync.get("folder", -1) or draw.random() < 0.5:
                    names[what] = rest[0]
            elif kind == "write":
                self._write(contents.setdefault(what, bytearray()), *rest, at < last_sync.get(what, -1), draw)
            elif kind == "truncate" and (at < last_sync.get(what, -1) or draw.random() < 0.5):
                held = contents.setdefault(what, bytearray())
                del held[rest[0] :]
                held.extend(bytes(rest[0] - len(held)))
        for name, file in names.items():
            if file is not None:
                (into / name).write_bytes(contents.get(file, b""))

    @staticmethod
    def _write(held: bytearray, offset: int, data: bytes, synced: bool, draw: random.Random) -> None:
        place = 0
        while place < len(data):
            step = SECTOR_BYTES - (offset + place) % SECTOR_BYTES
            piece = data[place : place + step]
            if synced or draw.random() < 0.5:
                at = offset + place
                held.extend(bytes(max(0, at - len(held))))
                held[at : at + len(piece)] = piece
            place += step


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_power_cuts(form, tmp_path, monkeypatch):
    cut_power(*form, 8, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_power_cuts_after_most_calls(form, tmp_path, monkeypatch):
    cut_power(*form, 300, tmp_path, monkeypatch)


def cut_power(form: str, compress: bool, cuts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "SYNC_S", 0.0)
    folder = tmp_path / "disk"
    folder.mkdir()
    with fullwell.open("twin:qhy42-pro", scene=Flat(2000), seed=3, clock="instant") as camera:
        camera.configure(window=Window(0, 0, 251, 160), exposure_s=0.01)
        tap = Tap(camera, pause_s=0.03)
        with monkeypatch.context() as patch:
            disk = Disk(folder, patch)
            done = record(tap, folder / NAMES[form], format=form, compress=compress, frames=FRAMES)
    assert done.complete
    assert sum(event[0] == "sync" for event in disk.events) > 10
    draw = random.Random(9)
    reported = []
    places = draw.sample(range(len(disk.events)), min(cuts, len(disk.events)))
    for cut in [*places, len(disk.events)]:
        into = tmp_path / f"{cut}"
        into.mkdir()
        disk.after_a_cut(cut, draw, into)
        reported.append(check(form, into, tap.frames.__getitem__))
    assert max(reported) == FRAMES
    assert len(set(reported)) > 2
