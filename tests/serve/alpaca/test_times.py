"""Times and states: start, stop, abort, refusals, faults."""

from __future__ import annotations

import threading
import time
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest

from fullwell.camera.engine import Camera
from fullwell.errors import FrameTimeout
from fullwell.serve.alpaca import AlpacaServer, exposure
from fullwell.serve.alpaca.images import Picture
from patterned.device import PatternDevice, small
from patterned.wire import BYTES, JSON, Wire

IDLE, WAITING, EXPOSING, READING, DOWNLOAD, ERROR = range(6)


def test_start_time_is_that_of_the_sensor(fresh: tuple[PatternDevice, Wire]) -> None:
    device, wire = fresh
    for _ in range(3):
        wire.expose(0.02)
        microseconds = device._start_ns // 1000
        expected = datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(
            microsecond=microseconds % 1_000_000
        )
        assert datetime.fromisoformat(wire.read("LastExposureStartTime")).replace(tzinfo=UTC) == expected


def test_stop_keeps_a_shorter_exposure(wire: Wire) -> None:
    begin = time.monotonic()
    wire.write("StartExposure", Duration=30, Light=True)
    time.sleep(0.1)
    assert 0 <= wire.read("PercentCompleted") < 5
    wire.write("StopExposure")
    wire.until(lambda: wire.read("ImageReady"))
    assert 0.1 <= wire.read("LastExposureDuration") <= time.monotonic() - begin
    assert wire.get("ImageArray", BYTES).image.shape == (90, 61)
    assert wire.read("CameraState") == IDLE


def test_abort_leaves_nothing(wire: Wire) -> None:
    wire.expose(0.001)
    last = wire.read("LastExposureStartTime")
    wire.write("StartExposure", Duration=30, Light=True)
    begin = time.monotonic()
    wire.write("AbortExposure")
    assert time.monotonic() - begin < 1
    for _ in range(10):
        assert wire.read("CameraState") == IDLE
        assert wire.read("ImageReady") is False
        assert wire.get("ImageArray", BYTES).error == 0x40B
    assert wire.read("PercentCompleted") == 0
    assert wire.read("LastExposureStartTime") == last
    assert wire.expose(0.001).image.shape == (90, 61)


@pytest.mark.parametrize("member", ["AbortExposure", "StopExposure"])
def test_abort_and_stop_while_reading(fresh: tuple[PatternDevice, Wire], member: str) -> None:
    """Abort ends the read-out; stop comes too late and changes nothing."""
    device, wire = fresh
    device.read_ns = 400_000_000
    wire.write("StartExposure", Duration=0.01, Light=True)
    wire.until(lambda: wire.read("CameraState") == READING)
    assert wire.read("PercentCompleted") == 100
    wire.write(member)
    if member == "AbortExposure":
        assert wire.read("CameraState") == IDLE
        time.sleep(0.5)
        assert wire.read("ImageReady") is False
    else:
        wire.until(lambda: wire.read("ImageReady"))
        assert wire.read("LastExposureDuration") == pytest.approx(0.01)


def test_abort_while_the_picture_is_made(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The camera has done its part; the picture must not turn up after the abort all the same."""

    class SlowPicture(Picture):
        def __init__(self, *arguments: Any) -> None:
            time.sleep(0.3)
            super().__init__(*arguments)

    monkeypatch.setattr(exposure, "Picture", SlowPicture)
    wire.write("StartExposure", Duration=0.001, Light=True)
    wire.until(lambda: wire.read("CameraState") == DOWNLOAD)
    assert wire.read("ImageReady") is False
    wire.write("AbortExposure")
    assert wire.read("CameraState") == IDLE
    time.sleep(0.4)
    assert wire.read("ImageReady") is False


def test_a_camera_that_is_used_by_another_door() -> None:
    """What others command is seen, and their exposures are not disturbed."""
    device = PatternDevice(small("qhy600-pro"))
    with Camera(device) as camera, AlpacaServer([camera]) as server, Wire(server.address) as wire:
        camera.configure(exposure_s=30, gain=61)
        camera.start()
        assert wire.read("CameraState") == EXPOSING
        assert wire.read("Gain") == 61
        assert wire.put("StartExposure", Duration=0.01, Light=True).error == 0x40B
        wire.write("StopExposure")
        wire.write("AbortExposure")
        assert wire.read("CameraState") == EXPOSING
        camera.abort()
        assert wire.expose(0.001).image.shape == (90, 61)


def test_no_second_exposure_meanwhile(wire: Wire) -> None:
    wire.write("StartExposure", Duration=0.3, Light=True)
    first = wire.put("StartExposure", Duration=0.001, Light=True)
    assert first.error == 0x40B
    assert wire.put("StartExposure", Duration=-1, Light=True).error == 0x401  # impossible comes before refused
    assert wire.put("Gain", Gain=30).error in (0, 0x40B)
    assert wire.put("ReadoutMode", ReadoutMode=1).error == 0x40B
    wire.set("NumX", 10)  # for the next exposure
    wire.until(lambda: wire.read("ImageReady"))
    assert wire.get("ImageArray", BYTES).image.shape == (90, 61)
    assert wire.read("LastExposureDuration") == pytest.approx(0.3)


def test_two_starts_at_once(fresh: tuple[PatternDevice, Wire]) -> None:
    """Of many that come together exactly one is begun."""
    _, wire = fresh
    errors: list[int] = []

    def start() -> None:
        rival = Wire(wire.address)
        errors.append(rival.put("StartExposure", Duration=0.5, Light=True).error)
        rival.close()

    rivals = [threading.Thread(target=start) for _ in range(8)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert sorted(errors) == [0] + [0x40B] * 7


def test_a_fault_is_told_and_reconnecting_heals_it(fresh: tuple[PatternDevice, Wire]) -> None:
    device, wire = fresh
    wire.expose(0.001)
    device.fault = FrameTimeout("no frame came.")
    wire.write("StartExposure", Duration=0.01, Light=True)
    wire.until(lambda: wire.read("CameraState") == ERROR)
    for member in ("ImageReady", "ImageArray", "ImageArrayVariant"):
        reply = wire.get(member, BYTES)
        assert reply.error == 0x503
        assert "no frame came" in reply.json["ErrorMessage"]
    assert "ImageReady" not in {element["Name"] for element in wire.read("DeviceState")}
    assert wire.put("StartExposure", Duration=0.01, Light=True).error >= 0x500
    device.fault = None
    wire.set("Connected", False)
    wire.set("Connected", True)
    assert wire.read("CameraState") == IDLE
    assert wire.expose(0.001).image.shape == (90, 61)


def test_polling_after_a_fault_costs_no_memory() -> None:
    """An exception that is raised again and again would collect a longer traceback each time."""

    def depth() -> int:
        with pytest.raises(FrameTimeout) as caught:
            waiting.ready()
        return len(traceback.extract_tb(caught.value.__traceback__))

    waiting = exposure.Exposure(None, None)
    waiting._failure = FrameTimeout("no frame came.")
    assert depth() == [depth() for _ in range(50)][-1]


def test_a_camera_waits_while_it_is_told(
    fresh: tuple[PatternDevice, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow cable: the start takes its time, other clients see it, nobody is held up."""
    device, wire = fresh
    start = device.start_exposure
    monkeypatch.setattr(device, "start_exposure", lambda: (time.sleep(0.4), start()))
    starter = threading.Thread(target=wire_start, args=(wire.address,))
    starter.start()
    wire.until(lambda: wire.read("CameraState") == WAITING)
    assert wire.put("StartExposure", Duration=0.01, Light=True).error == 0x40B
    starter.join()
    wire.until(lambda: wire.read("ImageReady"))


def wire_start(address: str) -> None:
    starter = Wire(address)
    starter.write("StartExposure", Duration=0.01, Light=True)
    starter.close()


def test_a_defect_is_told_like_a_fault(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a client would poll for ever for an image that never comes."""

    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(exposure, "Picture", broken)
    wire.write("StartExposure", Duration=0.001, Light=True)
    wire.until(lambda: wire.read("CameraState") == ERROR)
    assert wire.get("ImageReady").error == 0x501
    assert "broken on purpose" in wire.get("ImageArray").json["ErrorMessage"]
    assert "broken on purpose" in caplog.text
    monkeypatch.undo()
    assert wire.expose(0.001).image.shape == (90, 61)


def test_a_defect_elsewhere_is_status_500(
    fresh: tuple[PatternDevice, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    device, wire = fresh
    monkeypatch.setattr(device, "get_control", lambda _: 1 / 0)
    reply = wire.get("CCDTemperature")
    assert reply.status == 500
    assert "division by zero" in reply.body.decode()
    monkeypatch.undo()
    assert wire.read("CCDTemperature") == 3.25


def test_image_errors_are_json_for_every_client(wire: Wire) -> None:
    """alpyca cannot read errors in ImageBytes."""
    for headers in (BYTES, JSON, {"Accept": "application/imagebytes"}):
        reply = wire.get("ImageArray", headers)
        assert reply.media == "application/json"
        assert reply.error == 0x40B
        assert (reply.json["Type"], reply.json["Rank"], reply.json["Value"]) == (2, 2, [])
