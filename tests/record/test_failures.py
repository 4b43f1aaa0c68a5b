"""A full disk, a pulled camera, a folder that vanishes: a clean stop, nothing lost that was safe, and a word."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import fullwell
from fullwell.camera.engine import State
from fullwell.camera.ledger import Fate
from fullwell.errors import DeviceLost, DiskFull, NotWritable
from fullwell.models import Window
from fullwell.record import keeper
from fullwell.record.recording import Recording
from fullwell.record.repair import repair
from fullwell.record.runlog import read_log
from fullwell.scene import Flat
from recorded import FORMS, NAMES, Tap, check

EACH = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
PAUSE_S = 0.01


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Sync often, so that little time passes until something is safe."""
    monkeypatch.setattr(keeper, "SYNC_S", 0.02)


@pytest.fixture
def camera():
    with fullwell.open("twin:qhy42-pro", scene=Flat(2000), seed=3, clock="instant") as opened:
        opened.configure(window=Window(0, 0, 301, 200), exposure_s=0.01)
        yield opened


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(request, tmp_path):
    """A file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    image = tmp_path / "image"
    if request.param == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    else:
        image.write_bytes(bytes(6 << 20))
        if shutil.which("mkfs.ext4") is None:
            pytest.skip("there is no mkfs.ext4 here")
        subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", str(image)], check=True)
        command = ["mount", "-o", "loop", str(image), str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"cannot mount a file system here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def account(recording: Recording) -> int:
    """Every frame has a fate; gives how many are recorded."""
    summary = recording.summary()
    assert summary.counts[Fate.DELIVERED] == 0
    log = read_log(summary.log)
    assert log.recorded == summary.recorded
    first = summary.entries[0].first
    assert [entry.first for entry in summary.entries[1:]] == [entry.last + 1 for entry in summary.entries[:-1]]
    assert sum(summary.counts.values()) == summary.entries[-1].last + 1 - first
    return summary.recorded


@EACH
def test_a_full_disk(form, camera, small_disk):
    form, compress = form
    tap = Tap(camera, PAUSE_S)
    recording = Recording(tap, small_disk / NAMES[form], format=form, compress=compress)
    with pytest.raises(DiskFull, match=r"no space .* frames are safe; .* Make room"):
        recording.run()
    recorded = account(recording)
    assert recorded > 10
    assert recording.summary().counts[Fate.FAILED_ON_DISK] >= 1
    assert camera.state is State.IDLE
    assert check(form, small_disk, tap.frames.__getitem__) == recorded


def test_a_disk_that_is_known_to_be_too_small(camera, small_disk):
    with pytest.raises(DiskFull, match=r"has \d\.\d MB left"):
        Recording(camera, small_disk / "a.ser", format="ser", frames=100)
    with pytest.raises(DiskFull, match=r"has \d\.\d MB left"):
        Recording(camera, small_disk / "a.ser", format="ser", duration_s=60)
    assert not list(small_disk.glob("a*"))


@EACH
def test_a_pulled_camera(form, camera, tmp_path, monkeypatch):
    form, compress = form
    device = camera._device
    read_live, left = device.read_live, [25]

    def pulled(*args):
        left[0] -= 1
        if left[0] < 0:
            raise DeviceLost("the camera does not answer.", "Check the cable, then close() and open() again.")
        return read_live(*args)

    monkeypatch.setattr(device, "read_live", pulled)
    tap = Tap(camera)
    recording = Recording(tap, tmp_path / NAMES[form], format=form, compress=compress)
    with pytest.raises(DeviceLost, match=r"does not answer\. 25 frames are recorded and safe\. Check the cable"):
        recording.run()
    assert account(recording) == 25
    assert check(form, tmp_path, tap.frames.__getitem__) == 25
    (again,) = repair(recording.summary().log)
    assert again.was_whole


class Vanishing(Tap):
    """Removes a folder when some frames have been delivered."""

    def __init__(self, camera, folder: Path, after: int) -> None:
        super().__init__(camera, PAUSE_S)
        self._folder, self._after = folder, after

    def live(self, *args, **kwargs):
        run = super().live(*args, **kwargs)
        take = run._run.take

        def watched():
            if len(self.frames) == self._after:
                while self._folder.exists():
                    shutil.rmtree(self._folder, ignore_errors=True)
            return take()

        run._run.take = watched
        return run


@EACH
def test_a_folder_that_vanishes(form, camera, tmp_path):
    form, compress = form
    folder = tmp_path / "night"
    folder.mkdir()
    recording = Recording(Vanishing(camera, folder, 20), folder / NAMES[form], format=form, compress=compress)
    with pytest.raises(NotWritable, match=r"no folder .* mkdir -p|moved or removed"):
        recording.run()
    assert camera.state is State.IDLE
    assert recording.summary().counts[Fate.DELIVERED] == 0
    assert recording.summary().counts[Fate.FAILED_ON_DISK] >= 1
    assert not folder.exists()


@EACH
def test_an_interrupt(form, camera, tmp_path):
    """Ctrl-C ends a recording in good order."""
    form, compress = form

    class Interrupted(Tap):
        def live(self, *args, **kwargs):
            run = super().live(*args, **kwargs)
            take = run._run.take

            def interrupted():
                if len(self.frames) == 20:
                    raise KeyboardInterrupt
                return take()

            run._run.take = interrupted
            return run

    tap = Interrupted(camera)
    recording = Recording(tap, tmp_path / NAMES[form], format=form, compress=compress)
    with pytest.raises(KeyboardInterrupt):
        recording.run()
    assert account(recording) == 20
    assert check(form, tmp_path, tap.frames.__getitem__) == 20


def test_stop_from_another_thread(camera, tmp_path):
    recording: Recording

    class Stopping(Tap):
        def live(self, *args, **kwargs):
            run = super().live(*args, **kwargs)
            take = run._run.take

            def stopping():
                if len(self.frames) == 20:
                    recording.stop()
                return take()

            run._run.take = stopping
            return run

    recording = Recording(Stopping(camera), tmp_path / "a.ser", format="ser")
    summary = recording.run()
    assert 20 <= summary.recorded <= 20 + recording._ring + 1
    assert summary.complete
