"""Cameras that are broken on purpose: the check that is named for it finds each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fullwell
from contract.bench import START_NS
from fullwell.camera.clock import InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.engine import Camera
from fullwell.camera.frame import DeviceIdentity, FrameFormat, FrameReport
from fullwell.contract import Verdict, run_checks
from fullwell.errors import DeviceFault, FrameTimeout
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.scene import Uniform
from fullwell.serve.sdk.remote import switch_quirk
from fullwell.twin.device import TwinDevice
from fullwell.twin.faults import Fault

ALL = range(1_000_000)


def judge(camera: Camera, check: str) -> str:
    """What a check says of a camera that must not pass it."""
    result = run_checks(camera, quick=True, only=[check])[0]
    assert result.verdict is Verdict.FAILED, result
    assert result.remedy
    return result.detail


def camera_of(kind: type[TwinDevice], key: str = "qhy600-pro") -> Camera:
    """An open camera with a device of some kind at the far end."""
    device = kind(
        load(key), Uniform(1000.0), filter_name="none", seed=3, clock=InstantClock(START_NS), temperature_c=-10.0
    )
    camera = Camera(device)
    camera.open()
    return camera


@pytest.mark.parametrize(
    ("fault", "check", "told"),
    [
        ("zero", "frames-fresh-single", "zeros only"),
        ("repeated", "frames-fresh-single", "repeated"),
        ("torn", "frames-fresh-live", "torn"),
        ("stale", "frames-fresh-live", "stale"),
        ("lost on link", "live-complete", "gaps"),
    ],
)
def test_faults_of_frames_are_found(fault: str, check: str, told: str) -> None:
    frames = range(0, 1_000_000, 7) if fault == "lost on link" else ALL
    faults = [Fault(fault, frames=frames)]
    with fullwell.open("twin:qhy42-pro", scene=Uniform(1000.0), clock="instant", faults=faults) as camera:
        assert told in judge(camera, check)


class GainNotTaken(TwinDevice):
    """Remembers the gain, and tells it, but the sensor never gets it."""

    told = 0.0

    def set_control(self, control: Control, value: float) -> None:
        if control is Control.GAIN:
            self.told = value
        else:
            super().set_control(control, value)

    def get_control(self, control: Control) -> float:
        return self.told if control is Control.GAIN else super().get_control(control)


class OffsetForgotten(TwinDevice):
    """The first offset after an initialisation is lost, though it is told as set."""

    told, lost = 0.0, False

    def initialise(self, mode: int, stream: Stream) -> None:
        super().initialise(mode, stream)
        self.lost = True

    def set_control(self, control: Control, value: float) -> None:
        if control is Control.OFFSET:
            self.told = value
            if self.lost:
                self.lost = False
                return
        super().set_control(control, value)

    def get_control(self, control: Control) -> float:
        return self.told if control is Control.OFFSET else super().get_control(control)


class GainClipped(TwinDevice):
    """Clips the gain in silence."""

    def set_control(self, control: Control, value: float) -> None:
        super().set_control(control, min(value, 100.0) if control is Control.GAIN else value)


class Averaging(TwinDevice):
    """Averages where it should sum."""

    def read_frame(self, out: np.ndarray[Any, Any]) -> FrameReport:
        report = super().read_frame(out)
        out //= report.settings.format.bin**2
        return report


class Shifted(TwinDevice):
    """Windows that do not fill the sensor begin two rows late."""

    asked: FrameFormat | None = None

    def configure(self, frame_format: FrameFormat) -> None:
        window = frame_format.window
        self.asked = frame_format
        if 0 < window.height < 240:
            window = Window(window.left, window.top + 2, window.width, window.height)
        super().configure(replace(frame_format, window=window))

    def read_frame(self, out: np.ndarray[Any, Any]) -> FrameReport:
        report = super().read_frame(out)
        assert self.asked is not None
        return replace(report, settings=replace(report.settings, format=self.asked))


class SettingsOfBefore(TwinDevice):
    """Frames tell the default gain, whatever they had."""

    def read_frame(self, out: np.ndarray[Any, Any]) -> FrameReport:
        report = super().read_frame(out)
        return replace(report, settings=replace(report.settings, gain=round(self.model.gain.default)))


class LateSettings(TwinDevice):
    """Live frames claim the newest offset at once."""

    newest: float = 0.0

    def set_control(self, control: Control, value: float) -> None:
        super().set_control(control, value)
        self.newest = value if control is Control.OFFSET else self.newest

    def read_live(self, out: np.ndarray[Any, Any], timeout_s: float) -> FrameReport | None:
        report = super().read_live(out, timeout_s)
        if report is None:
            return None
        return replace(report, settings=replace(report.settings, offset=round(self.newest)))


class LightInTheDark(TwinDevice):
    """Light falls on the optically black pixels: overscan frames are those of the image."""

    def read_frame(self, out: np.ndarray[Any, Any]) -> FrameReport:
        report = super().read_frame(out)
        if report.settings.format.overscan:
            out += np.uint16(1000 * report.settings.exposure_s)
        return report


class Unending(TwinDevice):
    """Once it exposes it cannot be stopped any more."""

    exposing = False

    def start_exposure(self) -> None:
        super().start_exposure()
        self.exposing = True

    def cancel_exposure(self) -> None:
        if self.exposing:
            raise DeviceFault("the camera refuses to stop.", "Switch it off.")
        super().cancel_exposure()


class LosingFullFrames(TwinDevice):
    """The largest frames do not come."""

    def read_frame(self, out: np.ndarray[Any, Any]) -> FrameReport:
        report = super().read_frame(out)
        if out.size > 1_000_000:
            raise FrameTimeout("the frame did not come.", "Check the cable.")
        return report


class Starved(TwinDevice):
    """Its supply was too low."""

    def get_control(self, control: Control) -> float:
        return 9.0 if control is Control.UVLO_STATUS else super().get_control(control)


class Nameless(TwinDevice):
    """Has another name each time it is opened."""

    opened = 0

    def open(self) -> None:
        super().open()
        self.opened += 1

    @property
    def identity(self) -> DeviceIdentity:
        return replace(super().identity, id=f"camera {self.opened}")


class Dozing(TwinDevice):
    """Exposures are half as long as they should be."""

    def set_control(self, control: Control, value: float) -> None:
        short = control is Control.EXPOSURE_S and value > 0.01
        super().set_control(control, value / 2 if short else value)

    def get_control(self, control: Control) -> float:
        value = super().get_control(control)
        return value * 2 if control is Control.EXPOSURE_S and value > 0.005 else value


class Hasty(TwinDevice):
    """Tells starts of live frames at another rate than its clockwork."""

    def read_live(self, out: np.ndarray[Any, Any], timeout_s: float) -> FrameReport | None:
        report = super().read_live(out, timeout_s)
        if report is None:
            return None
        return replace(report, row0_start_ns=report.row0_start_ns - report.sequence * 5_000_000)


class BurstLate(TwinDevice):
    """Lets one frame too few out in a burst."""

    @property
    def burst(self) -> Any:
        port = super().burst
        assert port is not None
        plain = type(port).set_range
        port.set_range = lambda start, end: plain(port, start, end - 1)  # type: ignore[method-assign]
        return port


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (GainNotTaken, "gain-taken"),
        (OffsetForgotten, "levels-survive-streams"),
        (GainClipped, "controls-read-back"),
        (Averaging, "binning-sums"),
        (Shifted, "window-position"),
        (SettingsOfBefore, "settings-in-frame"),
        (LateSettings, "live-settings"),
        (LightInTheDark, "dark-areas"),
        (Unending, "abort"),
        (LosingFullFrames, "readings-while-busy"),
        (Nameless, "identity"),
        (Starved, "supply"),
        (Dozing, "exposure-length"),
        (Hasty, "live-period"),
        (BurstLate, "burst"),
    ],
)
def test_a_broken_camera_is_found(kind: type[TwinDevice], check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullwell.camera.live.LATE_S", 0.5)
    monkeypatch.setattr("fullwell.contract.stand.COMING_BACK_S", 1.0)
    judge(camera_of(kind), check)


def test_a_camera_that_does_not_come_back_fails_the_rest_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No check of it is left out of the list, and nobody waits for it again and again."""
    monkeypatch.setattr("fullwell.contract.stand.COMING_BACK_S", 0.5)
    results = run_checks(camera_of(Unending), only=["abort", "stop", "live-order"])
    assert [each.name for each in results] == ["abort", "stop", "live-order", "left-as-found"]
    assert {each.verdict for each in results} == {Verdict.FAILED}
    assert all("does not come back" in each.got for each in results[1:])
    assert sum(each.duration_s for each in results) < 5.0


@pytest.mark.parametrize(
    ("quirk", "check"),
    [
        ("zero-frames", "frames-fresh-single"),
        ("torn-frame", "frames-fresh-live"),
        ("cable-out", "reopen"),
    ],
)
def test_defects_of_libraries_are_found(
    real: Callable[..., str], quirk: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through ctypes, with quirks of the drop-in library that are switched on while the camera is open."""
    from fullwell.serve.sdk.host import default_socket

    monkeypatch.setattr("fullwell.contract.stand.COMING_BACK_S", 1.0)
    name = real("twin:qhy42-pro", "--scene", "uniform", "--seed", "3")
    with fullwell.open(name) as camera:
        switch_quirk(default_socket(), quirk, True)
        try:
            judge(camera, check)
        finally:
            switch_quirk(default_socket(), quirk, False)


@pytest.mark.parametrize("quirk", ["init-resets-gain", "stale-ddr-frame", "first-live-frame-lost"])
def test_defects_that_are_made_good_are_no_fault_of_the_camera(real: Callable[..., str], quirk: str) -> None:
    """The engine sends gain and offset again; stale frames are cleared before each run."""
    from fullwell.serve.sdk.host import default_socket

    name = real("twin:qhy42-pro", "--scene", "uniform", "--seed", "3")
    with fullwell.open(name) as camera:
        switch_quirk(default_socket(), quirk, True)
        try:
            only = ["modes-keep-settings", "levels-survive-streams", "frames-fresh-live", "live-complete"]
            results = run_checks(camera, quick=True, only=only)
        finally:
            switch_quirk(default_socket(), quirk, False)
    assert [each.verdict for each in results] == [Verdict.PASSED] * len(only), results
