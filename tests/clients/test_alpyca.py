"""alpyca, the official Python client of ASCOM, drives the twins: every mode, regions, bins, wheel, discovery.

Pixels are compared with a second twin of the same seed, clock and history that is asked through the engine.
"""

from __future__ import annotations

import contextlib
import inspect
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from alpaca.camera import Camera, CameraStates, SensorType
from alpaca.exceptions import (
    ActionNotImplementedException,
    DriverException,
    InvalidOperationException,
    InvalidValueException,
    NotConnectedException,
    NotImplementedException,
)
from alpaca.filterwheel import FilterWheel

import fullwell
from alpaca import discovery, management
from fullwell import models
from fullwell.camera.clock import InstantClock
from fullwell.models.facts import Window
from fullwell.scene import Uniform
from fullwell.serve.alpaca import AlpacaServer
from fullwell.serve.alpaca.camera_members import CAMERA_MEMBERS
from fullwell.serve.alpaca.members import Member
from fullwell.serve.alpaca.wheel import WHEEL_MEMBERS

START_NS = 1_790_000_000_000_000_000
MODELS = ("qhy600-pro", "qhy600c-pro", "qhy268m-pro", "qhy42-pro")


def twin(key: str, clock: object = "real") -> fullwell.camera.engine.Camera:
    return fullwell.open(f"twin:{key}", scene=Uniform(50.0), seed=7, clock=clock)


@contextlib.contextmanager
def client(kind: type, address: str) -> Iterator[Camera]:
    device = kind(address, 0)
    device.Connected = True
    yield device
    device.Connected = False
    device.rqs.close()


@contextlib.contextmanager
def served(key: str, clock: object = "real") -> Iterator[Camera]:
    with twin(key, clock) as engine, AlpacaServer([engine]) as server, client(Camera, server.address) as camera:
        yield camera


def expose(camera: Camera, duration_s: float = 0.001, light: bool = True) -> np.ndarray:
    camera.StartExposure(duration_s, light)
    deadline = time.monotonic() + 120  # the very first frame compiles its kernels
    while not camera.ImageReady:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return np.array(camera.ImageArray)


def modes_of(key: str) -> list[str]:
    return [mode.name for mode in models.load(key).modes if "usb3" in mode.links]


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(("key", "mode"), [(key, mode) for key in MODELS for mode in modes_of(key)])
def test_every_mode_region_and_bin(key: str, mode: str) -> None:
    """An Alpaca client gets, pixel for pixel, what the camera delivers, in every mode x region x binning."""
    model = models.load(key)
    chains = len(model.mode(mode).chains)
    with served(key, InstantClock(START_NS)) as camera, twin(key, InstantClock(START_NS)) as reference:
        camera.ReadoutMode = camera.ReadoutModes.index(mode)
        camera.Gain, camera.Offset = 26, 50
        reference.configure(mode=mode)
        reference.configure(gain=26)
        reference.configure(offset=50)
        for bin_ in model.bins:
            width, height = camera.CameraXSize // bin_, camera.CameraYSize // bin_
            for x, y, columns, rows in (
                (0, 0, 12, 9),
                (width // chains - 10, height - 7, 10, 7),
                (101, 60, 5, 16),
            ):
                camera.BinX = bin_
                camera.StartX, camera.StartY, camera.NumX, camera.NumY = x, y, chains * columns, rows
                image = expose(camera, 0.01)
                window = Window(x * bin_, y * bin_, columns * bin_, rows * bin_)
                reference.configure(exposure_s=0.01, window=window, bin=bin_)
                frame = reference.expose()
                assert image.shape == (chains * columns, rows)
                np.testing.assert_array_equal(image, frame.data.T)
                assert image.std() > 0
                microseconds = np.datetime64(frame.start_ns, "ns").astype("datetime64[us]")
                assert np.datetime64(camera.LastExposureStartTime) == microseconds
                assert camera.LastExposureDuration == pytest.approx(frame.report.timing.exposure_ns * 1e-9)


@pytest.mark.parametrize(
    ("key", "bits"), [("qhy600-pro", 16), ("qhy600-pro", 8), ("qhy42-pro", 16), ("qhy42-pro", 12)]
)
def test_max_adu_is_where_pixels_saturate(key: str, bits: int) -> None:
    with (
        fullwell.open(f"twin:{key}", scene=Uniform(1e9), seed=7, clock="instant") as engine,
        AlpacaServer([engine]) as server,
        client(Camera, server.address) as camera,
    ):
        for bin_ in (1, 2):
            camera.Action("Bits", str(bits))
            camera.BinX, camera.NumX, camera.NumY = bin_, 8, 6
            camera.Gain = camera.GainMax
            assert expose(camera, 10.0).max() == camera.MaxADU


@pytest.fixture(scope="module")
def served_600() -> Iterator[tuple[Camera, FilterWheel]]:
    with (
        twin("qhy600-pro") as engine,
        AlpacaServer([engine]) as server,
        client(Camera, server.address) as camera,
        client(FilterWheel, server.address) as wheel,
    ):
        yield camera, wheel


@pytest.fixture
def camera(served_600: tuple[Camera, FilterWheel]) -> Camera:
    camera = served_600[0]
    camera.AbortExposure()
    camera.BinX, camera.StartX, camera.StartY, camera.NumX, camera.NumY = 1, 10, 20, 16, 12
    return camera


@pytest.mark.requirement("A1")
def test_everything_a_client_reads(camera: Camera) -> None:
    """Every readable member gives a value, or says that it is not implemented."""
    expose(camera)
    missing = set()
    for name in sorted(set(dir(type(camera))) - {"ImageArrayInfo"}):
        if name[0].isupper() and isinstance(getattr(type(camera), name), property):
            try:
                assert getattr(camera, name) is not None
            except NotImplementedException:
                missing.add(name)
    assert missing == {
        "BayerOffsetX",
        "BayerOffsetY",
        "FastReadout",
        "Gains",
        "HeatSinkTemperature",
        "Offsets",
        "SubExposureDuration",
    }


@pytest.mark.parametrize(("theirs", "ours"), [(Camera, CAMERA_MEMBERS), (FilterWheel, WHEEL_MEMBERS)])
def test_the_tables_are_complete(theirs: type, ours: tuple[Member, ...]) -> None:
    """Each member of alpyca's class stands in the table, readable and writable where it is so there."""
    expected = set()
    for name in dir(theirs):
        member = inspect.getattr_static(theirs, name)
        if name[0].isupper() and name not in {"ImageArrayInfo", "ImageArrayRaw"}:  # alpyca's own
            settable = not isinstance(member, property) or member.fset is not None
            expected |= {(name, "GET")} if isinstance(member, property) else set()
            expected |= {(name, "PUT")} if settable else set()
    variant = {("ImageArrayVariant", "GET")} if theirs is Camera else set()  # alpyca does without it
    assert {(member.name, member.method) for member in ours} == expected | variant


def test_colour() -> None:
    with served("qhy600c-pro") as camera:
        assert camera.SensorType == SensorType.RGGB
        assert (camera.BayerOffsetX, camera.BayerOffsetY) == (0, 0)


def test_errors_arrive_as_their_own_exceptions(camera: Camera) -> None:
    with pytest.raises(InvalidValueException, match="binning"):
        camera.BinX = 5
    with pytest.raises(InvalidValueException, match="gain"):
        camera.Gain = 10_000
    with pytest.raises(NotImplementedException):
        camera.PulseGuide(0, 100)
    with pytest.raises(ActionNotImplementedException):
        camera.Action("Dance")  # alpyca leaves Parameters out when there are none
    camera.NumX = 9577
    with pytest.raises(InvalidValueException, match="NumX 9577"):
        camera.StartExposure(0.01, True)
    camera.NumX = 16
    camera.StartExposure(20, True)
    with pytest.raises(InvalidOperationException):
        camera.ImageArray  # noqa: B018
    with pytest.raises(InvalidOperationException):
        camera.StartExposure(0.01, True)
    camera.AbortExposure()


def test_actions(camera: Camera) -> None:
    assert camera.Action("USBTraffic") == "0"
    assert camera.Action("usbtraffic", "20") == "20"
    with pytest.raises(InvalidValueException, match="usb_traffic"):
        camera.Action("USBTraffic", "9999")
    with pytest.raises(InvalidValueException, match="whole number"):
        camera.Action("USBTraffic", "much")
    assert camera.Action("USBTraffic") == "20"
    assert camera.Action("USBTraffic", "0") == "0"


def test_not_connected(camera: Camera) -> None:
    camera.Connected = False
    with pytest.raises(NotConnectedException):
        camera.BinX  # noqa: B018
    camera.Connect()
    while camera.Connecting:
        time.sleep(0.001)
    assert camera.Connected is True


def test_abort_and_stop_in_mid_exposure(camera: Camera) -> None:
    camera.StartExposure(30, True)
    assert camera.CameraState == CameraStates.cameraExposing
    camera.AbortExposure()
    assert camera.CameraState == CameraStates.cameraIdle
    assert camera.ImageReady is False
    begin = time.monotonic()
    camera.StartExposure(30, True)
    time.sleep(0.2)
    camera.StopExposure()
    while not camera.ImageReady:
        assert time.monotonic() - begin < 10
    assert 0.19 < camera.LastExposureDuration < time.monotonic() - begin
    assert np.array(camera.ImageArray).shape == (16, 12)


def test_start_time_is_neither_early_nor_late(camera: Camera) -> None:
    before = time.time()
    expose(camera, 0.5)
    started = datetime.fromisoformat(camera.LastExposureStartTime).replace(tzinfo=UTC)
    # 0.25 s is half the exposure: a time that was noted at its end would be later
    assert before - 0.01 <= started.timestamp() <= before + 0.25


def test_binned_sums_are_32_bit(camera: Camera) -> None:
    single = expose(camera)
    assert camera.ImageArrayInfo.TransmissionElementType == 8
    camera.BinX, camera.NumX, camera.NumY = 2, 8, 6
    assert expose(camera).mean() == pytest.approx(4 * single.mean(), rel=0.05)
    assert camera.ImageArrayInfo.TransmissionElementType == 2
    assert camera.MaxADU == 4 * 65535


def test_cooler(camera: Camera) -> None:
    camera.SetCCDTemperature = -12.5
    camera.CoolerOn = True
    assert (camera.SetCCDTemperature, camera.CoolerOn) == (-12.5, True)
    first = camera.CCDTemperature
    time.sleep(0.5)
    assert camera.CCDTemperature < first
    assert camera.CoolerPower > 0
    camera.CoolerOn = False


def test_wheel(served_600: tuple[Camera, FilterWheel]) -> None:
    wheel = served_600[1]
    assert len(wheel.Names) == len(wheel.FocusOffsets) == 7
    target = (wheel.Position + 1) % 7
    wheel.Position = target
    assert wheel.Position == -1
    while wheel.Position == -1:
        time.sleep(0.01)
    assert wheel.Position == target
    with pytest.raises(InvalidValueException):
        wheel.Position = 7


def test_a_camera_that_was_closed(camera: Camera) -> None:
    with twin("qhy42-pro") as engine, AlpacaServer([engine]) as server:
        lost = Camera(server.address, 0)
        lost.Connected = True
        engine.close()
        with pytest.raises((NotConnectedException, DriverException)):
            lost.StartExposure(0.01, True)
        lost.Connected = False
        lost.Connected = True  # connecting opens it again
        lost.NumX = lost.NumY = 4
        assert expose(lost).shape == (4, 4)
        lost.Connected = False
        lost.rqs.close()


def test_discovery_and_management(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the loopback interface is asked, on a port of the test's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    loopback = [a for a in discovery.ifaddr.get_adapters() if any(ip.ip == "127.0.0.1" for ip in a.ips)]
    monkeypatch.setattr(discovery, "port", port)
    monkeypatch.setattr(discovery.ifaddr, "get_adapters", lambda: loopback)
    with twin("qhy42-pro") as engine, AlpacaServer([engine], discovery_port=port) as server:
        assert discovery.search_ipv4(numquery=1, timeout=1) == [server.address]
        assert management.apiversions(server.address) == [1]
        assert management.description(server.address)["Manufacturer"] == "fullwell"
        found = [(one["DeviceType"], one["DeviceNumber"]) for one in management.configureddevices(server.address)]
        assert found == [("Camera", 0), ("Switch", 0), ("ObservingConditions", 0)]
