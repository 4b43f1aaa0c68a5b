"""Programs as they are in the wild, unchanged, on the drop-in library: their pixels are the twin's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fullwell
from dropin.rig import Engine, Oracle, compile_program
from fullwell.models.facts import Window
from fullwell.models.sdk import load_sdk
from fullwell.scene import Uniform
from serve.sdk.programs import program

WIDTH, HEIGHT = 160, 96
STEADY = "twin:qhy42-pro"
"""Its frames depend on settings, number and warmth of the sensor; those of the QHY600 on the time of day too."""
HDR, STANDARD = (mode.mode for mode in load_sdk("qhy42-pro").read_modes)
PUBLIC = "https://github.com/"


@pytest.fixture
def running(fresh_engine: Callable[..., Engine]) -> Engine:
    """With a clock that stands still while nobody exposes: the sensor is as warm as the answer key's."""
    return fresh_engine(STEADY, "--scene", "uniform", "--instant")


def answer_key(live: bool = False, cooled_to_c: float | None = None, **settings: Any) -> NDArray[Any]:
    """The first frame that the twin gives when it is asked directly.

    In HDR the image on the left; the library has the camera read both of them whole.
    """
    chosen = {"mode": HDR, "gain": 60, "offset": 40, "exposure_s": 0.02, **settings}
    with fullwell.open(STEADY, scene=Uniform(1000.0), clock="instant") as twin:
        if cooled_to_c is not None:
            twin.set_target_temperature(cooled_to_c)
            twin.set_cooler(True)
        twin.configure(window=None if chosen["mode"] == HDR else Window(0, 0, WIDTH, HEIGHT), **chosen)
        frame = next(iter(twin.live(frames=1))) if live else twin.expose()
        return frame.data[:HEIGHT, :WIDTH].copy()


@pytest.mark.parametrize("stream", ["single", "live"])
def test_a_program_in_c(running: Engine, library: Path, tmp_path: Path, stream: str) -> None:
    target, picture = compile_program("capture.c", tmp_path / "capture", library), tmp_path / "picture"
    told = running.run(str(target), stream, str(picture), str(WIDTH), str(HEIGHT))
    assert told == f"{WIDTH} x {HEIGHT}, 16 bits, 1 channel\n"
    taken = np.fromfile(picture, np.uint16).reshape(HEIGHT, WIDTH)
    assert np.array_equal(taken, answer_key(live=stream == "live", mode=STANDARD))


def test_the_calls_of_indi(engine: Callable[..., Engine]) -> None:
    """What indi_qhy_ccd 2.0.8 calls, in its order: connect, expose, abort, change mode, stream, disconnect.

    A buffer has exactly the size of the frame; temperature is asked for while another thread waits for a frame;
    after the disconnect the closed handle is used on and on.
    """
    out = program(
        engine("twin:qhy600-pro", "--scene", "uniform", "--link", "usb3"),
        """
        import threading
        h = first()
        for name in ("EnableQHYCCDLogFile", "EnableQHYCCDMessage"):
            getattr(q, name)(ctypes.c_bool(False))
        q.SetQHYCCDLogLevel(ctypes.c_uint8(2))
        def area(name):
            sides = [ctypes.c_uint32() for _ in range(4)]
            assert getattr(q, name)(h, *map(ctypes.byref, sides)) == 0
            return [side.value for side in sides]
        available = lambda number: q.IsQHYCCDControlAvailable(h, number) & ERROR
        def guarded(width, height, bits, function):
            size = width * height * bits // 8
            room = np.full(size + 64, 0xA5, np.uint8)
            words = [ctypes.c_uint32() for _ in range(4)]
            result = function(h, *map(ctypes.byref, words), room.ctypes.data)
            assert (room[size:] == 0xA5).all()
            return result, [word.value for word in words], room[:size]
        assert q.SetQHYCCDStreamMode(h, 0) == 0 and q.InitQHYCCD(h) == 0
        assert [available(n) for n in (21, 22, 23, 24)] == [0, 0, 0, 0]
        count = ctypes.c_uint32()
        q.GetQHYCCDNumberOfReadModes(h, ctypes.byref(count))
        for mode in range(count.value):
            name, w, hh = ctypes.create_string_buffer(255), ctypes.c_uint32(), ctypes.c_uint32()
            assert q.GetQHYCCDReadModeName(h, mode, name) == 0 and name.value
            assert q.GetQHYCCDReadModeResolution(h, mode, ctypes.byref(w), ctypes.byref(hh)) == 0
        assert available(25) == ERROR and available(20) == ERROR and available(19) == ERROR
        assert [available(n) for n in (58, 18, 16, 6, 7, 10, 12, 36)] == [0] * 8
        q.IsQHYCCDCFWPlugged(h)
        left, top, width, height = area("GetQHYCCDEffectiveArea")
        assert (left, top, width, height) == (24, 34, 9576, 6388)
        # expose, with the main thread asking for the temperature meanwhile
        q.SetQHYCCDParam(h, 8, 1000000.0)
        q.SetQHYCCDBinMode(h, 1, 1)
        assert q.SetQHYCCDResolution(h, left, top, 640, 480) == 0
        assert q.ExpQHYCCDSingleFrame(h) == 0
        got = []
        worker = threading.Thread(target=lambda: got.append(guarded(640, 480, 16, q.GetQHYCCDSingleFrame)))
        worker.start()
        longest = 0.0
        while worker.is_alive():
            begin = time.monotonic()
            assert -60 < q.GetQHYCCDParam(h, 14) < 60
            longest = max(longest, time.monotonic() - begin)
            time.sleep(0.05)
        result, words, image = got[0]
        print(result, words, image.any(), longest < 0.5)
        # abort
        q.SetQHYCCDParam(h, 8, 60000000.0)
        assert q.ExpQHYCCDSingleFrame(h) == 0
        worker = threading.Thread(target=lambda: got.append(guarded(640, 480, 16, q.GetQHYCCDSingleFrame)))
        worker.start()
        time.sleep(0.3)
        assert q.CancelQHYCCDExposingAndReadout(h) == 0
        worker.join(5)
        print(worker.is_alive(), got[1][0] == ERROR)
        # change mode: exposure goes back, which INDI does not notice; gain is kept
        q.SetQHYCCDParam(h, 6, 50.0)
        assert q.SetQHYCCDReadMode(h, 1) == 0 and q.InitQHYCCD(h) == 0
        assert [q.GetQHYCCDParam(h, number) for number in (6, 8)] == [50, 5000000]
        assert area("GetQHYCCDEffectiveArea") == [24, 34, 9576, 6388]
        # stream
        assert q.SetQHYCCDStreamMode(h, 1) == 0 and q.InitQHYCCD(h) == 0
        q.SetQHYCCDBinMode(h, 1, 1)
        q.SetQHYCCDResolution(h, left, top, 640, 480)
        q.SetQHYCCDParam(h, 8, 20000.0)
        q.SetQHYCCDParam(h, 12, 20.0)
        assert q.SetQHYCCDBitsMode(h, 8) == 0
        assert q.BeginQHYCCDLive(h) == 0
        frames, end = 0, time.monotonic() + 20
        while frames < 3 and time.monotonic() < end:
            result, words, image = guarded(640, 480, 8, q.GetQHYCCDLiveFrame)
            frames += result == 0
            if result:
                time.sleep(0.001)
        print(frames, words)
        assert q.StopQHYCCDLive(h) == 0
        assert q.SetQHYCCDStreamMode(h, 0) == 0 and q.InitQHYCCD(h) == 0
        # disconnect
        assert q.CloseQHYCCD(h) == 0
        for _ in range(3):
            assert q.SetQHYCCDParam(h, 18, -5.0) & ERROR == ERROR
            assert q.GetQHYCCDParam(h, 14) == q.GetQHYCCDParam(h, 15) == 4294967295.0
        # connect again: what was set is remembered
        h = first()
        assert [q.GetQHYCCDParam(h, number) for number in (6, 18)] == [50, -100]
        """,
    )
    assert out == "0 [640, 480, 16, 1] True True\nFalse True\n3 [640, 480, 8, 1]\n"


@pytest.mark.slow
@pytest.mark.parametrize("stream", [0, 1])
def test_the_wheel_of_pypi(running: Engine, oracle: Oracle, library: Path, tmp_path: Path, stream: int) -> None:
    """The wheel `qhyccd`, written in Rust; the library that it brings is replaced where it lies."""
    package = tmp_path / "wheel"
    bundled = oracle.library.parents[1]
    for part in ("qhyccd", "qhyccd.libs"):
        shutil.copytree(bundled / part, package / part)
    replaced = package / "qhyccd.libs" / oracle.library.name
    replaced.unlink()
    replaced.symlink_to(library)
    out = running.run(
        sys.executable,
        "-c",
        dedent(
            f"""
            import sys, time
            sys.path.insert(0, {str(package)!r})
            import numpy as np, qhyccd
            qhyccd.init_sdk()
            camera = qhyccd.Camera(qhyccd.scan_cameras()[0])
            camera.set_stream_mode({stream})
            camera.init()
            camera.set_param(10, 16.0)
            camera.set_bin_mode(1, 1)
            camera.set_resolution(0, 0, {WIDTH}, {HEIGHT})
            camera.set_exposure(20000)
            camera.set_gain(60)
            camera.set_offset(40)
            if {stream}:
                camera.begin_live()
                frame, end = None, time.monotonic() + 20
                while frame is None and time.monotonic() < end:
                    try:
                        frame = camera.get_live_frame()
                    except Exception:
                        time.sleep(0.001)
                camera.stop_live()
            else:
                frame = camera.capture_single_frame()
            np.save({str(tmp_path / "frame.npy")!r}, frame)
            camera.close()
            """
        ),
    )
    assert out == ""
    assert np.array_equal(np.load(tmp_path / "frame.npy"), answer_key(live=bool(stream)))


def public_wrapper(name: str, folder: Path) -> Path:
    """A public Python wrapper: out of the folder FULLWELL_SDK_WRAPPERS, else from where it is published."""
    given = os.environ.get("FULLWELL_SDK_WRAPPERS")
    if given and (Path(given) / name.rpartition("/")[2]).is_dir():
        return Path(given) / name.rpartition("/")[2]
    try:
        subprocess.run(
            ["git", "clone", "--quiet", "--depth", "1", PUBLIC + name, folder / "wrapper"],
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        pytest.skip(f"the wrapper {name} cannot be had here; FULLWELL_SDK_WRAPPERS may name a folder with it")
    return folder / "wrapper"


@pytest.mark.slow
def test_a_wrapper_in_ctypes(running: Engine, tmp_path: Path) -> None:
    """JiangXL/qhyccd-python, live; it loads the library from a fixed path, which is led to ours.

    It switches the cooler on when it connects.
    """
    wrapper = public_wrapper("JiangXL/qhyccd-python", tmp_path)
    running.run(
        sys.executable,
        "-c",
        dedent(
            f"""
            import ctypes, sys, time
            load = ctypes.CDLL
            ctypes.CDLL = lambda path, *rest, **more: load("libqhyccd.so.20", *rest, **more)
            sys.path.insert(0, {str(wrapper)!r})
            import numpy as np
            import qhyccd
            camera = qhyccd.qhyccd()
            camera.SetBit(16)
            camera.SetROI(0, 0, {WIDTH}, {HEIGHT})
            camera.SetExposure(20)
            camera.SetGain(60)
            camera.sdk.SetQHYCCDParam(camera.cam, ctypes.c_short(7), ctypes.c_double(40))
            camera.BeginLive()
            end = time.monotonic() + 20
            while not (frame := camera.GetLiveFrame()).any() and time.monotonic() < end:
                time.sleep(0.001)
            np.save({str(tmp_path / "frame.npy")!r}, frame)
            camera.StopLive()
            camera.close()
            """
        ),
    )
    assert np.array_equal(np.load(tmp_path / "frame.npy"), answer_key(live=True, cooled_to_c=-15.0))


@pytest.mark.slow
def test_a_wrapper_behind_alpaca(running: Engine, tmp_path: Path) -> None:
    """The camera class of ryanswindle/alpaca-qhyccd-camera: its own settings, its log left away."""
    wrapper = public_wrapper("ryanswindle/alpaca-qhyccd-camera", tmp_path)
    running.run(
        sys.executable,
        "-c",
        dedent(
            f"""
            import logging, sys, time, types
            sys.modules["log"] = types.SimpleNamespace(get_logger=logging.getLogger)
            sys.modules["config"] = types.SimpleNamespace(DeviceConfig=object)
            sys.path.insert(0, {str(wrapper / "src")!r})
            import numpy as np
            from camera_device import CameraDevice
            chosen = types.SimpleNamespace(
                temperature=20, readout_mode=0, binning=1, gain=60, offset=40, usb_traffic=10)
            device = CameraDevice(
                types.SimpleNamespace(defaults=chosen, serial_number="", entity="camera"), "libqhyccd.so.20")
            device.connect()
            end = time.monotonic() + 30
            while not device.connected and time.monotonic() < end:
                time.sleep(0.05)
            device.start_x, device.start_y = 0, 0
            device.num_x, device.num_y = {WIDTH}, {HEIGHT}
            device.start_exposure(0.02, True)
            while not device.image_ready and time.monotonic() < end:
                time.sleep(0.05)
            np.save({str(tmp_path / "frame.npy")!r}, device.image_array)
            device.disconnect()
            """
        ),
    )
    taken = np.load(tmp_path / "frame.npy").T  # columns first, as Alpaca has it
    assert np.array_equal(taken[1:], answer_key()[1:])  # the first row holds the GPS stamp
