"""A process that starts recordings and kills them: ``python nursery.py FOLDER FORMAT COMPRESS KILLS SEED``.

It warms up once and forks for each recording, so that a kill costs no start of the interpreter. The children's
twin has a fixed seed and lives in simulated time from a fixed start: whoever draws its frames gets the same.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.models import Window
from fullwell.record import keeper, record
from fullwell.scene import Flat

START_NS = 1_800_000_000_000_000_000
WINDOW = Window(64, 32, 641, 480)
LONGEST_S = 0.7
SYNC_S = 0.1
NAMES = {"fits": "a.fits", "cube": "a.fits", "ser": "a.ser"}


def camera() -> fullwell.Camera:
    """The twin whose frames are recorded, open and configured."""
    opened = fullwell.open("twin:qhy42-pro", scene=Flat(3000), seed=11, clock=InstantClock(START_NS))
    opened.open()
    opened.configure(window=WINDOW, exposure_s=0.01)
    return opened


def record_until_killed(folder: Path, form: str, compress: bool) -> None:
    """Record into a folder as fast as frames come."""
    with camera() as opened:
        record(opened, folder / NAMES[form], format=form, compress=compress)


def main(folder: Path, form: str, compress: bool, kills: int, seed: int) -> None:
    """Start and kill recordings, each in a folder of its own."""
    keeper.SYNC_S = SYNC_S
    with tempfile.TemporaryDirectory() as elsewhere, camera() as opened:
        record(opened, Path(elsewhere) / NAMES[form], format=form, compress=compress, frames=3)
    draw = random.Random(seed)
    for number in range(kills):
        into = folder / f"{number:03d}"
        into.mkdir()
        child = os.fork()
        if child == 0:
            record_until_killed(into, form, compress)
            os._exit(1)  # nobody killed it
        time.sleep(draw.uniform(0.0, LONGEST_S))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"recording {number} ended by itself: {status}"
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "1", int(sys.argv[4]), int(sys.argv[5]))
