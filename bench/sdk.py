"""The drop-in libqhyccd: what a live frame and a poll cost a program, and recordings through the library.

"cost": this process is the program, an engine of its own draws a QHY600; frames are fetched into one buffer, each
followed by a memcpy of the same size; medians are told. "recorded": twin, engine, library, the process
that holds it, recorder, disk: all that a real camera has but the cable. ``python -m bench sdk [--seconds 60]``.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.record import CASES, WARM_UP_FRAMES, Broom, Case, folder, seconds

FRAMES: Final = 40
FRAMES_WITHIN_S: Final = 180.0
STARTS_WITHIN_S: Final = 300.0
EXPOSURE_CONTROL: Final = 8
RECORDED: Final = CASES[:3]


@contextmanager
def engine(home: Path, case: Case) -> Iterator[None]:
    """An engine with the camera of a case; this process and its children find it."""
    from fullwell.serve.sdk.build import build

    library = build(home, sys.executable)
    os.environ["FULLWELL_QHYCCD_LIBRARY"] = str(library)
    os.environ["FULLWELL_SDK_NO_START"] = "1"
    os.environ["FULLWELL_SDK_SOCKET"] = str(home / f"{case.key}.sock")
    words = [
        "--camera",
        f"twin:{case.key}",
        "--link",
        case.link,
        "--scene",
        "sky",
        "--seed",
        "1",
        "--idle",
        "600",
    ]
    log = home / f"{case.key}.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "fullwell.cli.main", "sdk", "engine", *words], stderr=told
        )
    end_s = time.monotonic() + STARTS_WITHIN_S
    try:
        while b"listening" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > end_s:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def opened_by_hand(q: Any) -> ctypes.c_void_p:
    """The camera as a program opens it: live, 16 bit, the whole image."""
    q.OpenQHYCCD.restype = ctypes.c_void_p
    q.SetQHYCCDParam.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_double]
    q.GetQHYCCDLiveFrame.argtypes = [ctypes.c_void_p] * 6
    name = ctypes.create_string_buffer(64)
    q.InitQHYCCDResource()
    q.ScanQHYCCD()
    q.GetQHYCCDId(0, name)
    camera = ctypes.c_void_p(q.OpenQHYCCD(name))
    q.SetQHYCCDStreamMode(camera, 1)
    q.InitQHYCCD(camera)
    q.SetQHYCCDBitsMode(camera, 16)
    q.SetQHYCCDParam(camera, EXPOSURE_CONTROL, 10_000.0)
    area = [ctypes.c_uint32() for _ in range(4)]
    q.GetQHYCCDEffectiveArea(camera, *map(ctypes.byref, area))
    q.SetQHYCCDResolution(camera, *area)
    return camera


def cost_lines(home: Path) -> list[dict[str, Any]]:
    """A frame of 61 Mpx in copies of its size, and a poll that finds none."""
    with engine(home, CASES[0]):
        q = ctypes.CDLL(os.environ["FULLWELL_QHYCCD_LIBRARY"])
        camera = opened_by_hand(q)
        room = q.GetQHYCCDMemLength(camera)
        image, other = np.ones(room, np.uint8), np.ones(room, np.uint8)
        told = [ctypes.c_uint32() for _ in range(4)]
        where = [ctypes.addressof(each) for each in told]
        frame_s, copy_s, poll_s = [], [], []
        q.BeginQHYCCDLive(camera)
        end_s = time.monotonic() + FRAMES_WITHIN_S
        while len(frame_s) < FRAMES and time.monotonic() < end_s:
            begin = time.perf_counter()
            failed = q.GetQHYCCDLiveFrame(camera, *where, image.ctypes.data)
            took = time.perf_counter() - begin
            if failed:
                poll_s.append(took)
                time.sleep(0.001)
                continue
            size = told[0].value * told[1].value * told[2].value // 8
            begin = time.perf_counter()
            ctypes.memmove(other.ctypes.data, image.ctypes.data, size)
            copy_s.append(time.perf_counter() - begin)
            frame_s.append(took)
        q.StopQHYCCDLive(camera)
        q.CloseQHYCCD(camera)
        q.ReleaseQHYCCDResource()
    frame, copy = float(np.median(frame_s)), float(np.median(copy_s))
    return [
        {"task": "live frame, 61 Mpx", "value": frame * 1e3, "unit": "ms", "goal": ""},
        {"task": "memcpy of its size", "value": copy * 1e3, "unit": "ms", "goal": ""},
        {"task": "live frame / memcpy", "value": frame / copy, "unit": "", "goal": "<= 1.5"},
        {
            "task": "poll, called from Python",
            "value": float(np.median(poll_s)) * 1e6,
            "unit": "us",
            "goal": "< 50",
        },
    ]


def recorded_lines(home: Path, case: Case) -> list[dict[str, Any]]:
    """FITS files of a camera reached through the library."""
    import fullwell
    from fullwell.camera.ledger import Fate
    from fullwell.connect import scan_cameras
    from fullwell.models.facts import Window
    from fullwell.models.sdk import load_sdk
    from fullwell.record import record

    with engine(home, case), folder() as out:
        name = next(each.name for each in scan_cameras() if each.name.startswith("qhyccd:"))
        with fullwell.open(name, link=case.link) as camera:
            number = next(mode.number for mode in camera.model.modes if mode.name.startswith(case.mode))
            columns, rows = load_sdk(case.key).chip_live or camera.settings.format.shape(1)[::-1]
            whole = Window(0, 0, columns, rows)
            camera.configure(mode=number, bits=case.bits, exposure_s=0.01, window=whole)
            own_fps = 1e9 / camera.timing().frame_period_ns
            record(camera, out / "warm.fits", format="fits", frames=WARM_UP_FRAMES)
            broom = Broom(out)
            done = record(camera, out / "a.fits", format="fits", frames=max(8, round(seconds() * own_fps)))
            broom.close()
    lost = sum(done.counts[fate] for fate in Fate if fate not in (Fate.RECORDED, Fate.SKIPPED))
    goal = f"{own_fps:.1f} (printed {case.printed_fps:g})"
    about = f"{case.name} through the library, fits, {seconds():.0f} s"
    return [
        {"task": f"{about}: recorded", "value": done.recorded / done.elapsed_s, "unit": "fps", "goal": goal},
        {"task": f"{about}: lost", "value": float(lost), "unit": "frames", "goal": "0"},
    ]


def run() -> list[dict[str, Any]]:
    """All figures.

    Returns
    -------
    list of dict
        Keys task, value, unit, goal (text, "" where there is none).
    """
    with tempfile.TemporaryDirectory(prefix="bench-sdk-") as name:
        home = Path(name)
        lines = cost_lines(home)
        for case in RECORDED:
            lines += recorded_lines(home, case)
    return lines


if __name__ == "__main__":
    for line in run():
        print(f"{line['task']:72} {line['value']:8.3g} {line['unit']:8} {line['goal']}")
