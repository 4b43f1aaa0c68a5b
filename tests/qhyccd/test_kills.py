"""The process with the library is killed and stopped at random moments, while a server stands in front of it."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import fullwell
from dropin.rig import Engine
from fullwell.camera.engine import Camera
from fullwell.camera.ledger import Fate
from fullwell.connect import scan_cameras
from fullwell.errors import DeviceFault
from fullwell.models.facts import Window
from fullwell.serve.alpaca import AlpacaServer

LONGEST_ANSWER_S = 2.0
"""In which the server must answer, whatever happens to the camera."""


class Asking(threading.Thread):
    """Asks the server again and again; keeps the longest time that it took."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.url = f"http://{address}/management/v1/configureddevices"
        self.longest_s, self.answers, self.over = 0.0, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            begin_s = time.monotonic()
            with urllib.request.urlopen(self.url, timeout=30) as reply:
                assert json.load(reply)["Value"]
            self.longest_s = max(self.longest_s, time.monotonic() - begin_s)
            self.answers += 1


def images(camera: Camera, live: bool) -> list[bytes]:
    """Take frames until the camera is lost: in a live run, all that its ledger calls delivered."""
    taken, run = [], None
    with suppress(DeviceFault):
        if live:
            run = camera.live(frames=200)
            for frame in run:
                taken.append(frame.data.tobytes())
        else:
            for _ in range(200):
                taken.append(camera.expose().data.tobytes())
    assert run is None or run.ledger.count(Fate.DELIVERED) == len(taken)
    return taken


@pytest.mark.parametrize("trials", [2, pytest.param(100, marks=pytest.mark.slow)])
def test_the_server_answers_and_the_camera_comes_back(
    engine: Callable[..., Engine], library: Path, monkeypatch: pytest.MonkeyPatch, trials: int
) -> None:
    running = engine("twin:qhy600-pro", "--scene", "uniform", "--seed", "3")
    monkeypatch.setenv("FULLWELL_QHYCCD_LIBRARY", str(library))
    for name in ("FULLWELL_SDK_SOCKET", "FULLWELL_SDK_NO_START"):
        monkeypatch.setenv(name, running.environment[name])
    monkeypatch.setattr("fullwell.qhyccd.device.READ_OUT_S", 1.0)
    monkeypatch.setattr("fullwell.qhyccd.worker.COMMAND_S", 10.0)
    dice = random.Random(1)
    with fullwell.open(scan_cameras()[0].name, link="usb3") as camera, AlpacaServer([camera]) as server:
        settings = camera.configure(exposure_s=0.02, gain=33, window=Window(0, 0, 64, 64))
        asking = Asking(server.address)
        asking.start()
        for trial in range(trials):
            how = dice.choice([signal.SIGKILL, signal.SIGSTOP])
            victim = camera.device.process_id  # type: ignore[attr-defined]
            threading.Timer(dice.uniform(0.05, 1.0), os.kill, (victim, how)).start()
            taken = images(camera, live=bool(trial % 2))
            assert len(set(taken)) == len(taken), "a frame came twice"
            assert all(any(image) for image in taken), "a frame of zeros was handed over"
            end_s = time.monotonic() + 60
            while camera.recoveries <= trial and time.monotonic() < end_s:
                time.sleep(0.05)
            assert camera.recoveries == trial + 1
            assert camera.expose().report.settings == settings
        asking.over.set()
        asking.join()
    assert asking.answers > 10 * trials
    assert asking.longest_s < LONGEST_ANSWER_S
