"""The library is not brought down: not by senseless calls, not by many threads, not by a long night."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dropin.rig import Engine, compile_program
from fullwell.serve.sdk.build import build
from serve.sdk.programs import program

THREADS = 8
NIGHT_FRAMES = 3600
"""Ten hours of exposures of 10 s."""
GROWTH_KB = (1_000, 4_000)
"""What program and engine may take up more, of the 26 and 360 MB that they have."""


@pytest.fixture
def instant(engine: Callable[..., Engine]) -> Engine:
    return engine("twin:qhy42-pro", "--instant", "--scene", "dark")


@pytest.mark.parametrize("calls", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_senseless_calls_do_no_harm(instant: Engine, library: Path, tmp_path: Path, calls: int) -> None:
    fuzz = compile_program("fuzz.c", tmp_path / "fuzz", library)
    assert int(instant.run(str(fuzz), str(calls), str(THREADS), "1", seconds=3600)) == calls
    assert program(instant, "h = prepared(0); print(single(h)[0])") == "0\n"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["address,undefined", "thread"])
def test_under_a_sanitizer(instant: Engine, tmp_path: Path, kind: str) -> None:
    """Library and program built with it; a finding ends the program with an error."""
    flags = (f"-fsanitize={kind}", "-fno-sanitize-recover=all", "-g")
    library = build(tmp_path, sys.executable, extra_flags=flags)
    fuzz = compile_program("fuzz.c", tmp_path / "fuzz", library, *flags)
    strict = {**instant.environment, "LD_LIBRARY_PATH": str(library.parent)}
    strict |= {"ASAN_OPTIONS": "detect_leaks=1", "TSAN_OPTIONS": "halt_on_error=1"}
    running = Engine(strict, instant.process)
    assert int(running.run(str(fuzz), "100000", str(THREADS), "2", seconds=1200)) == 100_000


@pytest.mark.slow
def test_a_night_leaves_nothing_behind(instant: Engine) -> None:
    """Exposures, and every 100 of them a live run and the camera opened anew; the late ones take up no more.

    Memory may wander by a few pages; of all else there must be exactly as much as after a fifth of the night.
    """
    text = """
    import json, os, re
    def taken(process):
        status = open(f"/proc/{process}/status").read()
        number = lambda name: int(re.search(name + r":[ \\t]+([0-9]+)", status)[1])
        files = os.listdir(f"/proc/{process}/fd")
        shared = [name for name in open(f"/proc/{process}/maps") if "memfd" in name or "/dev/shm" in name]
        return [number("VmRSS"), number("Threads"), len(files), len(shared)]
    number, engine = int(sys.argv[1]), sys.argv[2]
    marks = []
    for k in range(number):
        if k % 100 == 0:
            if k:
                assert q.SetQHYCCDStreamMode(h, 1) == 0 and q.InitQHYCCD(h) == 0
                assert q.SetQHYCCDBitsMode(h, 16) == 0 and q.BeginQHYCCDLive(h) == 0
                assert len(live(h, 5)) == 5
                assert q.StopQHYCCDLive(h) == 0 and q.CloseQHYCCD(h) == 0
            h = prepared(0, exposure_us=10e6, mode=1)
            assert q.SetQHYCCDParam(h, 18, -10.0) == 0
        assert single(h)[0] == 0
        if k in (number // 5, number - 1):
            marks.append([taken("self"), taken(engine)])
    print(json.dumps(marks))
    """
    out = program(instant, text, str(NIGHT_FRAMES), str(instant.process), seconds=900)
    print(out)
    for growth_kb, early, late in zip(GROWTH_KB, *json.loads(out), strict=True):
        assert late[0] - early[0] < growth_kb
        assert late[1:] == early[1:], "threads, open files, mapped shared memory"


@pytest.mark.slow
def test_what_a_frame_and_a_poll_cost(engine: Callable[..., Engine], library: Path, tmp_path: Path) -> None:
    """A live frame of 61 Mpx costs at most 1.5 copies of its size, a poll less than 50 us."""
    speed = compile_program("speed.c", tmp_path / "speed", library)
    running = engine("twin:qhy600-pro", "--scene", "dark", "--link", "usb3")
    cost = json.loads(running.run(str(speed), "10"))
    assert cost["bytes"] == 9576 * 6388 * 2
    assert cost["frame_ns"] <= 1.5 * cost["copy_ns"]
    assert cost["poll_ns"] < 50_000
