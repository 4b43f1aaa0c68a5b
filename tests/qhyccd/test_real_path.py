"""The path of a real camera, engine to library, with our own library and a twin where the camera would be."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import fullwell
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera
from fullwell.camera.states import State
from fullwell.connect import scan_cameras
from fullwell.errors import DeviceLost, ExposureAborted, InvalidValue, MissingFile, NotSupported, UnknownName
from fullwell.models.facts import Window
from fullwell.scene import Uniform


@pytest.fixture
def camera(real: Callable[..., str]) -> Iterator[Camera]:
    """A QHY600 before an even light."""
    with fullwell.open(real("twin:qhy600-pro", "--scene", "uniform", "--seed", "3"), link="usb3") as opened:
        yield opened


@pytest.mark.requirement("A2")
def test_frames_are_the_twins(camera: Camera) -> None:
    """Windows, binning and overscan come out as the twin itself gives them, pixel for pixel."""
    wishes = [
        {"window": Window(101, 203, 64, 48), "bin": 1},
        {"window": Window(100, 200, 60, 48), "bin": 3},
        {"window": Window(0, 6300, 64, 100), "bin": 1, "overscan": True},
        {"window": Window(100, 200, 64, 48), "bin": 2, "bits": 8},
    ]
    with fullwell.open("twin:qhy600-pro", scene=Uniform(1000.0), seed=3, clock="instant") as twin:
        for wish in wishes:
            settings = {"exposure_s": 0.02, "gain": 60, "offset": 30, "overscan": False, "bits": None, **wish}
            camera.configure(**settings)
            twin.configure(**settings)
            ours, plain = camera.expose(), twin.expose()
            assert ours.data.shape == plain.data.shape
            assert ours.data.dtype == plain.data.dtype
            assert ours.report.settings == ours.asked
            assert np.array_equal(ours.data, plain.data), wish


def test_times_are_those_of_the_computer(camera: Camera) -> None:
    camera.configure(exposure_s=0.2, window=Window(0, 0, 64, 64))
    before_ns = time.time_ns()
    frame = camera.expose()
    after_ns = time.time_ns()
    assert before_ns <= frame.start_ns <= after_ns - 200_000_000
    assert frame.report.time_source == "host"
    assert frame.report.time_uncertainty_ns > 0


def test_live_frames_come_and_end(camera: Camera) -> None:
    camera.configure(exposure_s=0.01, window=Window(0, 0, 64, 64))
    frames = [frame.data.tobytes() for frame in camera.live(frames=5)]
    assert len(set(frames)) == 5
    assert camera.state is State.IDLE


def test_an_exposure_can_be_aborted(camera: Camera) -> None:
    camera.configure(exposure_s=20.0, window=Window(0, 0, 64, 64))
    threading.Timer(0.5, camera.abort).start()
    begin_s = time.monotonic()
    with pytest.raises(ExposureAborted):
        camera.expose()
    assert time.monotonic() - begin_s < 5
    camera.configure(exposure_s=0.01)
    assert camera.expose().data.any()


def test_temperature_is_read_during_an_exposure(camera: Camera) -> None:
    camera.configure(exposure_s=1.0, window=Window(0, 0, 64, 64))
    camera.set_target_temperature(-5)
    camera.set_cooler(True)
    camera.start()
    begin_s = time.monotonic()
    assert camera.readings().sensor_temperature_c is not None
    assert time.monotonic() - begin_s < 0.5
    camera.read()


def test_a_cooler_at_work_is_noticed_on_connect(
    real: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """Else a program would say that the cooler is off while the camera cools (N.I.N.A. issue 319)."""
    name = real("twin:qhy600-pro", "--scene", "uniform", "--seed", "3")
    with fullwell.open(name, link="usb3") as first:
        first.set_target_temperature(-5)
        first.set_cooler(True)
        end_s = time.monotonic() + 60.0
        while first.control(Control.COOLER_POWER_PERCENT) < 10.0:
            assert time.monotonic() < end_s
            time.sleep(0.2)
    assert "left cold" in caplog.text
    with fullwell.open(name, link="usb3") as second:
        assert second.control(Control.COOLER_ON) == 1.0
        assert second.control(Control.COOLER_POWER_PERCENT) > 5.0
        readings = second.readings()
        assert readings.sensor_temperature_c is not None
        assert readings.target_temperature_c == pytest.approx(readings.sensor_temperature_c, abs=2.0)


def process_of(camera: Camera) -> int:
    number = camera.device.process_id  # type: ignore[attr-defined]
    assert isinstance(number, int)
    return number


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_library_that_dies_or_hangs_is_replaced(
    camera: Camera, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clear error, and then everything as it was."""
    monkeypatch.setattr("fullwell.qhyccd.device.READ_OUT_S", 1.0)
    monkeypatch.setattr("fullwell.qhyccd.worker.COMMAND_S", 2.0)
    settings = camera.configure(exposure_s=0.5, gain=77, offset=41, window=Window(0, 0, 64, 64))
    first = process_of(camera)
    threading.Timer(0.2, os.kill, (first, how)).start()
    with pytest.raises(DeviceLost, match=r"died|did not come back"):
        camera.expose()
    assert camera.state in (State.ERROR, State.IDLE)  # it may have come back by itself already
    camera.open()
    assert process_of(camera) != first
    frame = camera.expose()
    assert frame.report.settings == settings
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_what_is_not_there_is_said(real: Callable[..., str]) -> None:
    name = real("twin:qhy42-pro", "--scene", "dark")
    with pytest.raises(DeviceLost, match="found: QHY42PRO-"):
        fullwell.open("qhyccd:QHY600M-0")
    with pytest.raises(UnknownName, match="QHY999"):
        fullwell.open("qhyccd:QHY999-0")
    with pytest.raises(InvalidValue, match="scene, clock can be chosen only for a twin"):
        fullwell.open(name, scene=Uniform(1.0), clock="instant")


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FULLWELL_QHYCCD_LIBRARY", raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    monkeypatch.setenv("PATH", "")
    with pytest.raises((MissingFile, NotSupported)) as caught:
        scan_cameras()
    assert "libqhyccd" in str(caught.value)
    monkeypatch.setenv("FULLWELL_QHYCCD_LIBRARY", "/nowhere/libqhyccd.so")
    with pytest.raises(NotSupported, match="cannot be loaded"):
        scan_cameras()


def test_live_frames_of_the_268_are_narrower(real: Callable[..., str]) -> None:
    """Its image has 6252 columns, live frames of the library 6248."""
    with fullwell.open(real("twin:qhy268m-pro", "--scene", "uniform"), link="usb3") as camera:
        camera.configure(exposure_s=0.02)
        with pytest.raises(InvalidValue, match="6248 columns and 4176 rows"):
            next(iter(camera.live(frames=1)))
        assert camera.state is State.IDLE
        camera.configure(window=Window(0, 0, 6248, 4176))
        assert [frame.data.shape for frame in camera.live(frames=1)] == [(4176, 6248)]
