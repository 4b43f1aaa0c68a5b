"""Programs traced and replayed: no difference on the same twin, the right one on another."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from dropin.rig import EXPORTS, Engine, Oracle, compile_program
from fullwell.camera.clock import InstantClock
from fullwell.connect import find_device
from fullwell.errors import InvalidValue
from fullwell.models.sdk import load_sdk
from fullwell.scene import Sky, Uniform
from fullwell.scene.light import Scene
from fullwell.serve.sdk import vendor_library
from fullwell.serve.sdk.binding import bind
from fullwell.serve.sdk.build import build
from fullwell.serve.sdk.quirks import Quirks
from fullwell.serve.sdk.session import Session, session
from fullwell.serve.sdk.trace.calls import Call, State, Trace, create, read
from fullwell.serve.sdk.trace.recording import build_tracer, load_tracer, record
from fullwell.serve.sdk.trace.replay import Outcome, replay
from serve.sdk.programs import PROLOGUE

START_NS = 1_800_000_000_000_000_000
SCRIPT = Path(__file__).parents[1] / "serve" / "sdk" / "call_script.py"
STAGES = ("before init", "after init", "controls", "optional")
THREADS, CALLS = 8, 5_000
SMALL = "twin:qhy42-pro"
FULL_FRAME = "twin:qhy600-pro"
M101 = Sky(ra_deg=210.802, dec_deg=54.349, focal_length_mm=530.0, aperture_mm=106.0)


@pytest.fixture(scope="session")
def capture(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program("capture.c", tmp_path_factory.mktemp("programs") / "capture", library)


@contextmanager
def bus(
    library: Path,
    camera: str = SMALL,
    *,
    scene: Scene | None = None,
    seed: int | None = None,
    quirks: tuple[str, ...] = (),
    instant: bool = True,
) -> Iterator[Session]:
    """A twin on the bus, whose time begins at the same instant each time."""
    clock = InstantClock(START_NS) if instant else "real"
    device = find_device(camera, scene=scene or Uniform(1000.0), seed=seed, clock=clock)
    with session([device], "fullwell", instant, Quirks(quirks), library) as running:
        yield running


class Rig:
    """Traces and replays."""

    def __init__(self, library: Path, tracer: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.library, self.tracer, self.folder = library, tracer, folder
        self.path, self.status, self._patch = folder / "run.trace", 0, monkeypatch

    def trace(self, *program: object, instant: bool = True, **twin: object) -> Trace:
        create(self.path, {"library": "twin", "instant": instant}, overwrite=True)
        with bus(self.library, instant=instant, **twin) as running:
            environment = running.environment(dict(os.environ))
            self.status = record(
                [str(word) for word in program], self.path, self.tracer, environment, self.library
            )
        return read(self.path)

    def replay(self, trace: Trace, pixels: bool = True, **options: object) -> Outcome:
        ways = {
            name: options.pop(name) for name in ("process", "ignore", "in_time", "stop_at_first") & options.keys()
        }
        fresh = shutil.copy(self.library, self.folder / f"again{time.monotonic_ns()}.so")
        with bus(self.library, **options) as running:
            self._patch.setenv("FULLWELL_SDK_SOCKET", str(running.socket))
            return replay(trace, bind(fresh), load_tracer(self.tracer) if pixels else None, **ways)


@pytest.fixture
def rig(library: Path, tracer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(library, tracer, tmp_path, monkeypatch)


def python(text: str) -> tuple[str, str, str]:
    """A program that loads the library by hand."""
    return sys.executable, "-c", PROLOGUE + dedent(text)


def names(trace: Trace) -> list[str]:
    return [call.export.name for call in trace.calls]


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("camera", "scene", "stream"),
    [
        (SMALL, None, "single"),
        (SMALL, None, "live"),
        (FULL_FRAME, M101, "live"),
        pytest.param(FULL_FRAME, M101, "single", marks=pytest.mark.slow),
    ],
)
def test_the_same_twin_answers_the_same(
    rig: Rig, capture: Path, stream: str, camera: str, scene: Scene | None
) -> None:
    trace = rig.trace(capture, stream, rig.folder / "picture", 160, 96, camera=camera, scene=scene)
    assert rig.status == 0
    assert (trace.ended, trace.exit_status, trace.full, trace.lost) == (True, 0, False, 0)
    outcome = rig.replay(trace, camera=camera, scene=scene)
    assert outcome.differences == []
    assert (outcome.frames, outcome.hashed) == (1, 1)
    assert outcome.compared + sum(outcome.left_out.values()) == sum(each.repeats for each in trace.calls)
    assert set(outcome.left_out) <= {"frame not there yet"}


@pytest.mark.parametrize(
    ("twin", "function", "answer"),
    [
        ({"seed": 2}, "GetQHYCCDId", "id"),
        ({"quirks": ("zero-frames",)}, "GetQHYCCDSingleFrame", "pixels"),
        ({"quirks": ("cable-out",)}, "ScanQHYCCD", "result"),
        ({"scene": Uniform(1001.0)}, "GetQHYCCDSingleFrame", "pixels"),
        ({"camera": FULL_FRAME}, "GetQHYCCDId", "id"),
    ],
)
def test_another_twin_is_told_at_the_right_call(
    rig: Rig, capture: Path, twin: dict[str, object], function: str, answer: str
) -> None:
    trace = rig.trace(capture, "single", rig.folder / "picture", 160, 96)
    first = rig.replay(trace, **twin).differences[0]
    assert (first.call.export.name, first.answer) == (function, answer)
    assert first.call.number == names(trace).index(function) + 1


def test_another_range_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = rig.trace(
        *python(
            """
            h = first()
            low, high, step = (ctypes.c_double() for _ in range(3))
            for control in (6, 7, 8):
                assert q.GetQHYCCDParamMinMaxStep(h, control, *map(ctypes.byref, (low, high, step))) == 0
            """
        )
    )
    facts = load_sdk("qhy42-pro")
    low, high, step = facts.controls[7].range or (0, 0, 0)
    other = {**facts.controls, 7: replace(facts.controls[7], range=(low, high + 1, step))}
    monkeypatch.setattr(vendor_library, "load_sdk", lambda _key: replace(facts, controls=other))
    (difference,) = rig.replay(trace).differences
    assert difference.call.given == {"handle": 1, "control": 7}
    assert (difference.answer, difference.recorded, difference.now) == ("max", high, high + 1)


def test_what_is_recorded(rig: Rig) -> None:
    trace = rig.trace(
        *python(
            """
            h = first()
            q.SetQHYCCDParam(h, 8, 2.5)
            for _ in range(1000):
                q.IsQHYCCDControlAvailable(h, 6)
            q.GetQHYCCDChipInfo(h, *[None] * 7)
            q.CloseQHYCCD(h)
            q.CloseQHYCCD(ctypes.c_void_p(0))
            q.CloseQHYCCD(ctypes.c_void_p(0xDEAD))
            """
        )
    )
    assert names(trace) == [
        *("InitQHYCCDResource", "ScanQHYCCD", "GetQHYCCDId", "OpenQHYCCD", "SetQHYCCDParam"),
        *("IsQHYCCDControlAvailable", "GetQHYCCDChipInfo", "CloseQHYCCD", "CloseQHYCCD", "CloseQHYCCD"),
    ]
    calls = trace.calls
    assert calls[3].result == 1
    assert calls[4].given == {"handle": 1, "control": 8, "value": 2.5}
    assert calls[5].repeats == 1000
    assert calls[5].busy_ns <= calls[5].until_ns - calls[5].start_ns
    assert len(calls[6].absent) == 7
    assert [call.given["handle"] for call in calls[7:]] == [1, 0, 2**64 - 1]
    assert all(call.state is State.DONE for call in calls)
    assert rig.replay(trace).differences == []


def test_threads_side_by_side(rig: Rig) -> None:
    """A thread waits for a frame while another asks for the temperature and then abandons the exposure."""
    trace = rig.trace(
        *python(
            """
            import threading
            h = prepared(0, exposure_us=30e6)
            got = []
            assert q.ExpQHYCCDSingleFrame(h) == 0
            worker = threading.Thread(target=lambda: got.append(fetch(q.GetQHYCCDSingleFrame, h)[0]))
            worker.start()
            for _ in range(10):
                assert -60 < q.GetQHYCCDParam(h, 14) < 60
                time.sleep(0.02)
            assert q.CancelQHYCCDExposingAndReadout(h) == 0
            worker.join()
            assert got == [ERROR]
            """
        ),
        instant=False,
    )
    assert rig.status == 0
    waiting = next(call for call in trace.calls if call.export.name == "GetQHYCCDSingleFrame")
    others = [call for call in trace.calls if call.thread != waiting.thread and call.until_ns > waiting.start_ns]
    assert len({call.thread for call in trace.calls}) == 2
    assert sum(call.repeats for call in others if call.start_ns < waiting.until_ns) >= 10
    begin_s = time.monotonic()
    outcome = rig.replay(trace, instant=False)
    assert time.monotonic() - begin_s < 20
    assert outcome.differences == []


def test_many_live_frames(rig: Rig) -> None:
    """Settings, mode and window change between runs; every frame is the same again."""
    trace = rig.trace(
        *python(
            """
            h = prepared(1)
            for gain, width in ((10, 64), (60, 64), (60, 128)):
                assert q.SetQHYCCDResolution(h, 24, 34, width, 48) == 0
                assert q.SetQHYCCDParam(h, 6, float(gain)) == 0
                assert q.BeginQHYCCDLive(h) == 0
                assert len(live(h, 15, shape=(48, width))) == 15
                assert q.StopQHYCCDLive(h) == 0
            """
        )
    )
    assert rig.status == 0
    outcome = rig.replay(trace)
    assert outcome.differences == []
    assert (outcome.frames, outcome.hashed) == (45, 45)


def test_a_wheel_turns_and_a_cooler_cools(rig: Rig) -> None:
    """In real time: positions are waited for, readings need only be readings, pixels are not compared."""
    trace = rig.trace(
        *python(
            """
            h = prepared(0)
            assert q.ControlQHYCCDTemp(h, ctypes.c_double(10.0)) == 0
            status = ctypes.create_string_buffer(2)
            assert q.SendOrder2QHYCCDCFW(h, b"1", 1) == 0
            end = time.monotonic() + 20
            while status.value != b"1" and time.monotonic() < end:
                assert q.GetQHYCCDCFWStatus(h, status) == 0
                assert -60 < q.GetQHYCCDParam(h, 14) < 60 and 0 <= q.GetQHYCCDParam(h, 15) <= 255
                time.sleep(0.05)
            assert status.value == b"1"
            assert single(h)[0] == 0
            """
        ),
        instant=False,
        camera=FULL_FRAME,
    )
    assert rig.status == 0
    outcome = rig.replay(trace, pixels=False, instant=False, camera=FULL_FRAME)
    assert outcome.differences == []
    assert (outcome.frames, outcome.hashed) == (1, 0)
    assert outcome.left_out["asked again and again"] > 5


def test_a_library_at_a_fixed_path(rig: Rig) -> None:
    """Programs that open the library where it is not are traced on a twin all the same; other names pass."""
    program = """
    import ctypes
    q = ctypes.CDLL("/nowhere/libqhyccd.so")
    assert q.InitQHYCCDResource() == 0 and q.ScanQHYCCD() == 1
    assert ctypes.CDLL(None).getpid() > 0
    try:
        ctypes.CDLL("/nowhere/libother.so")
    except OSError:
        pass
    else:
        raise SystemExit(1)
    """
    trace = rig.trace(sys.executable, "-c", dedent(program))
    assert rig.status == 0
    assert names(trace) == ["InitQHYCCDResource", "ScanQHYCCD"]


def test_a_child_process_is_told_apart(rig: Rig) -> None:
    trace = rig.trace(
        *python(
            """
            import os
            h = first()
            for _ in range(5):
                q.IsQHYCCDControlAvailable(h, 6)
            child = os.fork()
            for control in range(100):
                q.IsQHYCCDControlAvailable(h, control)
            if child:
                assert os.waitpid(child, 0)[1] == 0
            else:
                os._exit(0)
            """
        )
    )
    assert rig.status == 0
    parent = trace.calls[0].process
    assert {call.process == parent for call in trace.calls} == {True, False}
    child = [call for call in trace.calls if call.process != parent]
    assert len(child) == 100
    assert all(call.result == 0xFFFFFFFF for call in child)
    assert rig.replay(trace).compared == len(trace.calls) - 100
    of_the_child = rig.replay(trace, process=child[0].process)
    assert (of_the_child.compared, of_the_child.differences) == (100, [])
    with pytest.raises(InvalidValue, match="no call of process 1"):
        rig.replay(trace, process=1)


def test_calls_keep_their_time_if_wanted(rig: Rig) -> None:
    trace = rig.trace(*python("first(); time.sleep(0.7); q.ScanQHYCCD()"))
    assert trace.duration_s > 0.7
    begin_s = time.monotonic()
    assert rig.replay(trace, in_time=True).differences == []
    assert time.monotonic() - begin_s > 0.7


def test_a_replay_ends_with_the_first_difference_if_wanted(rig: Rig, capture: Path) -> None:
    trace = rig.trace(capture, "single", rig.folder / "picture", 160, 96)
    outcome = rig.replay(trace, stop_at_first=True, quirks=("cable-out",))
    assert [each.call.export.name for each in outcome.differences] == ["ScanQHYCCD"]
    assert outcome.compared == outcome.differences[0].call.number
    ignored = rig.replay(trace, quirks=("zero-frames",), ignore=("GetQHYCCDSingleFrame",))
    assert (ignored.compared, ignored.differences) == (len(trace.calls), [])


@pytest.mark.parametrize("under_way", [False, True])
def test_a_killed_program_leaves_its_calls(rig: Rig, under_way: bool) -> None:
    create(rig.path, {"library": "twin", "instant": True})
    last = "fetch(q.GetQHYCCDSingleFrame, h)" if under_way else "time.sleep(100)"
    program = python(
        f"""
        h = prepared(0, exposure_us=200e6)
        for k in range(1, 1000):
            q.SetQHYCCDParam(h, 8, 200e6 + k)
        assert q.ExpQHYCCDSingleFrame(h) == 0
        print("ready", flush=True)
        {last}
        """
    )
    with bus(rig.library, instant=False) as running:
        environment = {
            **running.environment(dict(os.environ)),
            "LD_PRELOAD": str(rig.tracer),
            "FULLWELL_TRACE_FILE": str(rig.path),
            "FULLWELL_TRACE_LIBRARY": str(rig.library),
        }
        with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.5)
            process.send_signal(signal.SIGKILL)
    trace = read(rig.path)
    assert not trace.ended
    assert trace.lost == 0
    assert [call.given["value"] for call in trace.calls if call.export.name == "SetQHYCCDParam"] == [
        200e6 + k for k in range(1000)
    ]
    assert trace.calls[-1].state is (State.BEGUN if under_way else State.DONE)
    assert names(trace)[-1] == ("GetQHYCCDSingleFrame" if under_way else "ExpQHYCCDSingleFrame")
    assert rig.replay(trace).differences == []


def test_no_room_ends_the_trace_and_not_the_program(rig: Rig) -> None:
    trace = rig.trace(
        *python(
            f"""
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, ({3 << 19}, {3 << 19}))
            h = first()
            for k in range(9000):
                assert q.SetQHYCCDParam(h, 8, 1000.0 + k) == 0
            """
        )
    )
    assert rig.status == 0
    assert trace.full
    assert 1000 < len(trace.calls) < 9000


def test_no_call_is_lost_among_threads(rig: Rig, library: Path, tmp_path: Path) -> None:
    program = compile_program("many_threads.c", tmp_path / "many_threads", library)
    trace = rig.trace(program, THREADS, CALLS)
    assert rig.status == 0
    assert (trace.lost, trace.full) == (0, False)
    by_thread: dict[int, list[object]] = {}
    for call in trace.calls:
        by_thread.setdefault(call.thread, []).append(call.given["number"])
    begin = [t << 24 for t in range(THREADS)]
    assert sorted(by_thread.values()) == [list(range(first, first + CALLS)) for first in begin]


@pytest.mark.slow
def test_senseless_calls_do_no_harm(rig: Rig, library: Path, tmp_path: Path) -> None:
    fuzz = compile_program("fuzz.c", tmp_path / "fuzz", library)
    trace = rig.trace(fuzz, 10_000, THREADS, 3)
    assert rig.status == 0
    assert trace.lost == 0
    assert all(call.state is State.DONE for call in trace.calls)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["address,undefined", "thread"])
def test_under_a_sanitizer(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Tracer, library and program built with it; a finding ends the program with an error."""
    flags = (f"-fsanitize={kind}", "-fno-sanitize-recover=all", "-g")
    library, tracer = build(tmp_path, sys.executable, extra_flags=flags), build_tracer(tmp_path, flags)
    linked = (*flags, "-Wl,--no-as-needed", str(tracer), f"-Wl,-rpath,{tmp_path}")
    monkeypatch.setenv("FULLWELL_TRACE_FILE", str(rig.path))
    monkeypatch.setenv("FULLWELL_TRACE_LIBRARY", str(library))
    monkeypatch.setenv("TSAN_OPTIONS", "halt_on_error=1")
    for name, words in (("many_threads", ("8", "5000")), ("fuzz", ("10000", "8", "2"))):
        program = compile_program(f"{name}.c", tmp_path / name, library, *linked)
        create(rig.path, {"library": "twin", "instant": True}, overwrite=True)
        with bus(library) as running:
            environment = running.environment(dict(os.environ))
            result = subprocess.run(
                [program, *words], env=environment, capture_output=True, text=True, check=False
            )
        assert result.returncode == 0, result.stderr[-3000:]
        assert len(read(rig.path).calls) > 5000


@pytest.mark.slow
def test_a_program_on_the_vendors_library(
    oracle: Oracle, rig: Rig, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel `qhyccd` with the library that it brings, which believes in a camera; replayed on a twin."""
    create(rig.path, {"library": "vendor"})
    folder = oracle.library.parents[1]
    program = f"""
    import os, sys
    sys.path.insert(0, {str(folder)!r})
    import qhyccd
    qhyccd.init_sdk()
    camera = qhyccd.Camera(qhyccd.scan_cameras()[0])
    camera.set_stream_mode(0)
    camera.init()
    camera.set_param(10, 16.0)
    camera.set_bin_mode(1, 1)
    camera.set_resolution(0, 0, 640, 480)
    camera.set_exposure(1000)
    camera.set_gain(60)
    camera.set_offset(40)
    camera.capture_single_frame()
    camera.close()
    os._exit(0)
    """
    with (rig.folder / "replies").open("w") as table:
        table.write(f"bc {(640 * 480 * 2).to_bytes(4, 'big').hex(' ')}\n")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(oracle.fake_usb),
        "FAKEUSB": "1618:c601",
        "FAKEUSB_BULK": "1",
        "FAKEUSB_TAB": table.name,
    }
    status = record(
        [sys.executable, "-c", dedent(program)], rig.path, rig.tracer, environment, oracle.library, own=True
    )
    assert status == 0
    trace = read(rig.path)
    assert "GetQHYCCDSingleFrame" in names(trace)
    frame = next(call.frame for call in trace.calls if call.frame)
    assert frame.size_bytes == 640 * 480 * 2
    outcome = rig.replay(trace, pixels=False, camera=FULL_FRAME)
    assert outcome.differences == []
    assert outcome.frames == 1


@pytest.mark.slow
def test_what_tracing_costs(engine: Callable[..., Engine], rig: Rig, library: Path, tmp_path: Path) -> None:
    """Less than 2 us for a call, and for the hash of a frame of 61 Mpx less than two copies of it."""
    overhead = compile_program("overhead.c", tmp_path / "overhead", library)
    speed = compile_program("speed.c", tmp_path / "speed", library)
    running = engine(FULL_FRAME, "--scene", "dark", "--link", "usb3")
    create(rig.path, {"library": "twin"})
    tracing = {"LD_PRELOAD": str(rig.tracer), "FULLWELL_TRACE_FILE": str(rig.path)}
    tracing["FULLWELL_TRACE_LIBRARY"] = str(library)
    traced = replace(running, environment={**running.environment, **tracing})
    plain, slower = (json.loads(each.run(str(overhead), "1000000")) for each in (running, traced))
    print(json.dumps({"plain": plain, "traced": slower}))
    assert slower["changing_ns"] - plain["changing_ns"] < 2000
    assert slower["same_ns"] - plain["same_ns"] < 2000
    plain, slower = (json.loads(each.run(str(speed), "10")) for each in (running, traced))
    print(json.dumps({"plain": plain, "traced": slower}))
    assert slower["frame_ns"] - plain["frame_ns"] < 2 * plain["copy_ns"]


def fullwell(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fullwell.cli.main", "sdk", *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_commands(capture: Path, tmp_path: Path) -> None:
    twin = ("--camera", SMALL, "--scene", "uniform", "--instant", "-o", "run.trace")
    program = (capture, "single", "picture", "160", "96")
    traced = fullwell("trace", *twin, "--", *program, folder=tmp_path)
    assert traced.returncode == 0, traced.stderr
    assert traced.stdout == "160 x 96, 16 bits, 1 channel\n"
    assert "run.trace: 26 calls in 26 records, 1 frame, 1 thread" in traced.stderr
    shown = fullwell("calls", "run.trace", "--function", "GetQHYCCDSingleFrame", folder=tmp_path)
    assert "GetQHYCCDSingleFrame(camera 1) = 0 width=160 height=96 bpp=16 channels=1 pixels=" in shown.stdout
    as_json = fullwell("calls", "run.trace", "--json", folder=tmp_path).stdout.splitlines()
    assert [json.loads(line)["number"] for line in as_json] == list(range(1, 27))
    same = fullwell("replay", "run.trace", folder=tmp_path)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "26 calls compared, 1 frame (pixels of 1), 0 differences" in same.stderr
    other = fullwell("replay", "run.trace", "--quirk", "zero-frames", folder=tmp_path)
    assert other.returncode == 1
    assert "GetQHYCCDSingleFrame(camera 1)\n  pixels recorded: " in other.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("trace",), "there is no program to trace"),
        (("trace", "--instant", "--camera", SMALL, "--", "./nothing"), "there is no program './nothing'"),
        (("trace", "--library", "nothing.so", "--", "true"), "there is no library 'nothing.so'"),
        (("replay", "nothing.trace"), "cannot be read"),
        (("replay", "nothing.trace", "--ignore", "GetQHYCCDPara"), "Did you mean 'GetQHYCCDParam'"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    result = fullwell(*words, folder=tmp_path)
    assert result.returncode == 1
    assert told in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_program_without_the_library(tmp_path: Path) -> None:
    traced = fullwell("trace", "--library", "vendor", "-o", "run.trace", "--", "true", folder=tmp_path)
    assert traced.returncode == 0
    assert "no call. Does the program load libqhyccd?" in traced.stderr
    replayed = fullwell("replay", "run.trace", folder=tmp_path)
    assert replayed.returncode == 1
    assert "Trace a program" in replayed.stderr or "found no camera" in replayed.stderr


@pytest.mark.slow
def test_the_whole_call_script_of_the_vendors_library(oracle: Oracle, rig: Rig) -> None:
    """The calls by which both libraries are compared, replayed: what differs is in the table of differences."""
    create(rig.path, {"library": "vendor"})
    environment = {**os.environ, "LD_PRELOAD": str(oracle.fake_usb), "FAKEUSB": "1618:c601", "FAKEUSB_BULK": "1"}
    program = [sys.executable, str(SCRIPT), str(oracle.library), str(EXPORTS), "0", "0"]
    assert record(program, rig.path, rig.tracer, environment, oracle.library, own=True) == 0
    trace = read(rig.path)
    outcome = rig.replay(trace, pixels=False, camera=FULL_FRAME)
    assert outcome.compared == len(trace.calls) > 1700
    found = {_step(each.call) for each in outcome.differences}
    assert 10 < len(found) < 30
    assert [step for step in found if not _is_explained(step)] == []


def _step(call: Call) -> str:
    return f"{call.export.name}{[value for name, value in call.given.items() if name != 'handle']} "


def _is_explained(step: str) -> bool:
    known = tomllib.loads(SCRIPT.with_name("explained.toml").read_text(encoding="utf-8"))["difference"]
    return any(re.fullmatch(each["step"], f"{stage}: {step}") for each in known for stage in STAGES)
