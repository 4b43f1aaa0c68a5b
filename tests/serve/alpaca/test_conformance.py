"""The conformance run on camera and wheel of every model, check by check (numbers 32 to 76).

Exposures last a few hundredths of a second instead of two seconds; nothing else is eased.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from fullwell.camera.engine import Camera
from fullwell.serve.alpaca import AlpacaServer
from fullwell.serve.alpaca.camera import ACTIONS, ALARMS
from patterned.device import PatternDevice, small
from patterned.wire import BYTES, JSON, Wire

EXPOSURE_S = 0.05
FAST_S, STANDARD_S = 0.1, 1.0
OPERATIONAL = {
    "camera/0": {
        "CameraState",
        "CCDTemperature",
        "CoolerPower",
        "HeatSinkTemperature",
        "ImageReady",
        "IsPulseGuiding",
        "PercentCompleted",
        "TimeStamp",
    },
    "filterwheel/0": {"Position", "TimeStamp"},
    "switch/0": {f"{name}{n}" for name in ("GetSwitch", "GetSwitchValue") for n in range(16)} | {"TimeStamp"},
    "observingconditions/0": {"DewPoint", "Humidity", "Pressure", "Temperature", "TimeStamp"},
}
IDLE, EXPOSING, ERROR = 0, 2, 5
NOT_IMPLEMENTED, INVALID_VALUE = 0x400, 0x401


@pytest.fixture(scope="module", params=["qhy600-pro", "qhy600c-pro", "qhy268m-pro", "qhy42-pro"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    device = PatternDevice(small(request.param))
    with Camera(device) as camera, AlpacaServer([camera]) as server:
        yield server.address


@pytest.fixture
def cam(address: str) -> Iterator[Wire]:
    """The only client: a new session for each test."""
    with Wire(address) as wire:
        yield wire
        wire.write("AbortExposure")


@pytest.fixture(params=["camera/0", "filterwheel/0", "switch/0", "observingconditions/0"])
def any_device(address: str, request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(address, request.param)
    if wire.get("Name").status == 400:
        wire.close()
        pytest.skip("this camera has no port for a filter wheel")
    yield wire
    wire.set("Connected", False)
    wire.close()


def optional(wire: Wire, member: str) -> object | None:
    """Value, or None where the member is not implemented; any other error fails."""
    reply = wire.get(member)
    if reply.error:
        assert reply.error == NOT_IMPLEMENTED
        return None
    return reply.value


def whole_frame(wire: Wire, bin_: int) -> tuple[int, int]:
    width, height = wire.read("CameraXSize") // bin_, wire.read("CameraYSize") // bin_
    two_images = wire.read("CameraXSize") > 90
    width -= width % 2 if two_images else 0
    for name, value in zip(
        ["BinX", "BinY", "StartX", "StartY", "NumX", "NumY"], (bin_, bin_, 0, 0, width, height), strict=True
    ):
        wire.set(name, value)
    return width, height


def round_half_even(value: float) -> int:
    return round(value)


class TestCommon:
    def test_33_connecting(self, any_device: Wire) -> None:
        wire = any_device
        assert wire.read("Connecting") is False
        wire.set("Connected", True)
        assert wire.read("Connected") is True
        wire.set("Connected", False)
        assert wire.read("Connected") is False
        begin = time.monotonic()
        wire.write("Connect")
        assert time.monotonic() - begin < STANDARD_S
        wire.until(lambda: not wire.read("Connecting"), 5)
        assert wire.read("Connected") is True

    def test_37_disconnecting(self, any_device: Wire) -> None:
        wire = any_device.connect()
        begin = time.monotonic()
        wire.write("Disconnect")
        assert time.monotonic() - begin < STANDARD_S
        wire.until(lambda: not wire.read("Connecting"), 5)
        assert wire.read("Connected") is False

    def test_34_descriptions(self, any_device: Wire) -> None:
        wire = any_device
        for member in ("Description", "DriverInfo", "DriverVersion", "Name"):
            assert wire.read(member)
        assert len(wire.read("Description")) <= 68
        assert re.fullmatch(r"\d+\.\d+", wire.read("DriverVersion"))
        actions = wire.read("SupportedActions")
        assert actions == ([*ACTIONS, ALARMS] if "camera" in wire.base else [])
        assert all(isinstance(action, str) and action for action in actions)
        assert not {"SafetyEvents", "SetExternalEvents", "ClearExternalEvents"} & set(actions)

    def test_35_device_state(self, any_device: Wire) -> None:
        wire = any_device.connect()
        state = {element["Name"]: element["Value"] for element in wire.read("DeviceState")}
        assert state.keys() <= OPERATIONAL[wire.base.removeprefix("/api/v1/").rstrip("/")]
        for name in state.keys() - {"TimeStamp"}:
            member, number = re.fullmatch(r"(\D+)(\d*)", name).groups()
            pairs = [("Id", number)] if number else []
            assert state[name] == wire.get_raw(member, [*pairs, *wire.ids()]).value
        assert datetime.fromisoformat(state["TimeStamp"]).tzinfo is not None

    def test_36_reads_are_fast(self, any_device: Wire) -> None:
        wire = any_device.connect()
        for member in ("Connected", "Name", "DeviceState", "DriverInfo"):
            begin = time.monotonic()
            wire.read(member)
            assert time.monotonic() - begin < FAST_S


class TestFirstUse:
    """Before any exposure; a new session starts afresh, whatever the camera did before."""

    @pytest.fixture(autouse=True)
    def somebody_was_here_before(self, address: str) -> None:
        with Wire(address, client=1) as earlier:
            earlier.set("BinX", 2)
            earlier.set("StartX", 3)
            whole_frame(earlier, 2)
            earlier.expose(EXPOSURE_S)

    def test_39_no_last_exposure(self, cam: Wire) -> None:
        assert cam.get("LastExposureDuration").error
        assert cam.get("LastExposureStartTime").error

    def test_40_no_image(self, cam: Wire) -> None:
        assert cam.read("ImageReady") is False
        for headers in (JSON, BYTES):
            assert cam.get("ImageArray", headers).error
            assert cam.get("ImageArrayVariant", headers).error

    def test_42_bin_1(self, cam: Wire) -> None:
        assert cam.read("BinX") == cam.read("BinY") == 1
        assert cam.read("MaxBinX") == cam.read("MaxBinY") >= 1
        assert (cam.read("StartX"), cam.read("StartY")) == (0, 0)
        assert (cam.read("NumX"), cam.read("NumY")) == (cam.read("CameraXSize"), cam.read("CameraYSize"))

    def test_46_not_guiding(self, cam: Wire) -> None:
        assert cam.read("IsPulseGuiding") is False


class TestProperties:
    def test_41_abilities(self, cam: Wire) -> None:
        for name in ["AbortExposure", "StopExposure", "GetCoolerPower", "SetCCDTemperature"]:
            assert cam.read(f"Can{name}") is True
        for name in ["AsymmetricBin", "PulseGuide", "FastReadout"]:
            assert cam.read(f"Can{name}") is False

    @pytest.mark.parametrize("axis", "XY")
    def test_43_impossible_bins(self, cam: Wire, axis: str) -> None:
        for bad in (0, -1, cam.read(f"MaxBin{axis}") + 1, 2**31 - 1):
            assert cam.put(f"Bin{axis}", **{f"Bin{axis}": bad}).error == INVALID_VALUE

    def test_44_every_bin(self, cam: Wire) -> None:
        accepted = 0
        for bin_ in range(1, cam.read("MaxBinX") + 1):
            for axis in "XY":
                error = cam.put(f"Bin{axis}", **{f"Bin{axis}": bin_}).error
                assert error in (0, INVALID_VALUE)
            if not error:
                accepted += 1
                assert cam.read("BinX") == cam.read("BinY") == bin_
        assert accepted >= 2

    def test_45_readings(self, cam: Wire) -> None:
        assert cam.read("CameraState") == IDLE
        assert cam.read("CameraXSize") >= 1
        assert cam.read("CameraYSize") >= 1
        assert -273.15 <= cam.read("CCDTemperature") <= 1000
        before = cam.read("CoolerOn")
        cam.set("CoolerOn", not before)
        assert cam.read("CoolerOn") is not before
        cam.set("CoolerOn", before)
        assert 0 <= cam.read("CoolerPower") <= 100
        assert cam.read("ElectronsPerADU") > 1e-5
        assert cam.read("FullWellCapacity") > 0
        assert cam.read("HasShutter") is False
        assert optional(cam, "HeatSinkTemperature") is None

    @pytest.mark.parametrize("axis", "XY")
    def test_47_49_region_is_accepted_without_cross_check(self, cam: Wire, axis: str) -> None:
        size = cam.read(f"Camera{axis}Size")
        assert 1 <= cam.read(f"Num{axis}") <= size
        assert 0 <= cam.read(f"Start{axis}") <= size - 1
        for name, value in ((f"Num{axis}", round_half_even(size / 2)), (f"Start{axis}", size // 2)):
            cam.set(name, value)
            assert cam.read(name) == value
        assert cam.read(f"PixelSize{axis}") >= 1.0

    def test_47_max_adu(self, cam: Wire) -> None:
        assert 1 <= cam.read("MaxADU") < 2**31

    def test_48_set_point(self, cam: Wire) -> None:
        before = cam.read("SetCCDTemperature")
        assert -273.15 <= before <= 100
        cam.set("SetCCDTemperature", 0.0)
        assert cam.read("SetCCDTemperature") == 0.0
        for steps in (np.arange(10, -275, -5.0), np.arange(5, 105, 5.0)):
            errors = [cam.put("SetCCDTemperature", SetCCDTemperature=float(t)).error for t in steps]
            assert set(errors) == {0, INVALID_VALUE}
            assert errors == sorted(errors)  # accepted up to the limit, refused beyond
        assert cam.put("SetCCDTemperature", SetCCDTemperature=-273.25).error == INVALID_VALUE
        cam.set("SetCCDTemperature", before)

    def test_50_sensor_type_and_mosaic(self, cam: Wire) -> None:
        kind = cam.read("SensorType")
        offsets = [optional(cam, f"BayerOffset{axis}") for axis in "XY"]
        assert offsets == ([None, None] if kind == 0 else [0, 0])

    def test_51_exposure_limits(self, cam: Wire) -> None:
        shortest, longest, step = (cam.read(f"Exposure{name}") for name in ("Min", "Max", "Resolution"))
        assert 0 <= shortest <= longest
        assert longest >= 1e-4
        assert 0 <= step <= longest

    def test_52_fast_readout(self, cam: Wire) -> None:
        assert cam.get("FastReadout").error == NOT_IMPLEMENTED
        assert cam.put("FastReadout", FastReadout=True).error == NOT_IMPLEMENTED

    @pytest.mark.parametrize("name", ["Gain", "Offset"])
    def test_53_54_value_mode(self, cam: Wire, name: str) -> None:
        before, low, high = cam.read(name), cam.read(f"{name}Min"), cam.read(f"{name}Max")
        assert cam.get(f"{name}s").error == NOT_IMPLEMENTED
        for value in (low, high):
            cam.set(name, value)
            assert cam.read(name) == value
        for value in (low - 1, high + 1):
            assert cam.put(name, **{name: value}).error == INVALID_VALUE
            assert cam.read(name) == high
        assert high + 1 < 2**15
        cam.set(name, before)

    def test_55_percent(self, cam: Wire) -> None:
        assert 0 <= cam.read("PercentCompleted") <= 100

    def test_56_modes_and_sensor_name(self, cam: Wire) -> None:
        modes = cam.read("ReadoutModes")
        assert len(set(modes)) == len(modes) >= 1
        assert 0 <= cam.read("ReadoutMode") < len(modes)
        assert 0 < len(cam.read("SensorName")) <= 250

    def test_57_sub_exposures(self, cam: Wire) -> None:
        assert cam.get("SubExposureDuration").error == NOT_IMPLEMENTED
        assert cam.put("SubExposureDuration", SubExposureDuration=1.0).error == NOT_IMPLEMENTED


class TestMethods:
    @pytest.mark.parametrize("member", ["AbortExposure", "StopExposure"])
    def test_58_60_when_idle(self, cam: Wire, member: str) -> None:
        assert cam.read("CameraState") == IDLE
        begin = time.monotonic()
        cam.write(member)
        assert time.monotonic() - begin < STANDARD_S
        assert cam.read("CameraState") == IDLE
        assert cam.read("ImageReady") is False

    def test_59_pulse_guide(self, cam: Wire) -> None:
        for direction in range(4):
            assert cam.put("PulseGuide", Direction=direction, Duration=2000).error == NOT_IMPLEMENTED


class TestExposures:
    def bins(self, cam: Wire) -> list[int]:
        return [b for b in range(1, cam.read("MaxBinX") + 1) if cam.put("BinX", BinX=b).error == 0]

    def test_61_to_68_every_bin(self, cam: Wire) -> None:
        for bin_ in self.bins(cam):
            assert cam.read("CameraState") == IDLE
            width, height = whole_frame(cam, bin_)
            begun = datetime.now(UTC).replace(tzinfo=None)
            begin = time.monotonic()
            cam.write("StartExposure", Duration=EXPOSURE_S, Light=True)
            assert time.monotonic() - begin < STANDARD_S  # 61
            ready, state = cam.read("ImageReady"), cam.read("CameraState")
            assert not ready  # 62, 63: asynchronous
            assert state == EXPOSING
            assert 0 <= cam.read("PercentCompleted") <= 100  # 64
            cam.until(lambda: cam.read("CameraState") != EXPOSING)
            cam.until(lambda: cam.read("CameraState") == IDLE)
            cam.until(lambda: cam.read("ImageReady"))
            assert cam.read("PercentCompleted") == 100
            assert cam.read("LastExposureDuration") == pytest.approx(EXPOSURE_S, rel=0.02)  # 65
            text = cam.read("LastExposureStartTime")
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", text)
            started = datetime.fromisoformat(text)
            assert 0 <= (started - begun).total_seconds() < EXPOSURE_S  # neither early nor late
            assert cam.read("CameraState") == IDLE  # 66
            for member in ("ImageArray", "ImageArrayVariant"):  # 67
                assert cam.get(member, BYTES).image.shape == (width, height)
                rows = cam.get(member, JSON).value
                assert (len(rows), {len(row) for row in rows}) == (width, {height})
            cam.write("StopExposure")  # 68
            cam.write("AbortExposure")
            assert cam.read("ImageReady") is True
            assert cam.get("ImageArray", BYTES).image.shape == (width, height)

    @pytest.mark.parametrize("duration", [-1.0, 0.0, 1e6])
    def test_69_impossible_durations(self, cam: Wire, duration: float) -> None:
        assert cam.put("StartExposure", Duration=duration, Light=True).error == INVALID_VALUE
        assert cam.read("CameraState") == IDLE

    @pytest.mark.parametrize("name", ["NumX", "NumY", "StartX", "StartY"])
    def test_70_impossible_regions(self, cam: Wire, name: str) -> None:
        for bin_ in self.bins(cam):
            whole_frame(cam, bin_)
            cam.set(name, round_half_even(cam.read(f"Camera{name[-1]}Size") / bin_) + 1)
            assert cam.put("StartExposure", Duration=EXPOSURE_S, Light=True).error == INVALID_VALUE
            assert cam.read("CameraState") == IDLE

    @pytest.mark.parametrize("name", ["NumX", "NumY", "StartX", "StartY"])
    @pytest.mark.parametrize("value", [-1, -(2**31), 2**31 - 1])
    def test_70_absurd_regions(self, cam: Wire, name: str, value: int) -> None:
        whole_frame(cam, 1)
        cam.set(name, value)
        assert cam.put("StartExposure", Duration=EXPOSURE_S, Light=True).error == INVALID_VALUE

    @pytest.mark.parametrize("name", ["NumX", "NumY"])
    def test_70_empty_regions(self, cam: Wire, name: str) -> None:
        whole_frame(cam, 1)
        cam.set(name, 0)
        assert cam.put("StartExposure", Duration=EXPOSURE_S, Light=True).error == INVALID_VALUE

    def test_71_clean_up(self, cam: Wire) -> None:
        cam.write("AbortExposure")
        cam.write("StopExposure")
        cam.set("SetCCDTemperature", cam.read("SetCCDTemperature"))
        cam.set("CoolerOn", cam.read("CoolerOn"))
        for name, value in (("StartX", 0), ("StartY", 0), ("BinX", 1), ("BinY", 1), ("NumX", 1), ("NumY", 1)):
            cam.set(name, value)


class TestWheel:
    @pytest.fixture
    def wheel(self, address: str) -> Iterator[Wire]:
        wire = Wire(address, "filterwheel/0")
        if wire.get("Name").status == 400:
            wire.close()
            pytest.skip("this camera has no port for a filter wheel")
        with wire:
            wire.until(lambda: wire.read("Position") != -1, 30)  # 72
            yield wire

    def test_73_names(self, wheel: Wire) -> None:
        names, shifts = wheel.read("Names"), wheel.read("FocusOffsets")
        assert len(names) == len(shifts) >= 1
        assert all(names)
        assert all(isinstance(shift, int) for shift in shifts)
        assert 0 <= wheel.read("Position") < len(names)

    def test_74_76_moves(self, wheel: Wire) -> None:
        last = len(wheel.read("Names")) - 1
        for target in (0, 1, last, last - 1, 0, last // 2, 0):
            begin = time.monotonic()
            wheel.set("Position", target)
            assert time.monotonic() - begin < STANDARD_S
            assert wheel.read("Position") == -1
            wheel.until(lambda: wheel.read("Position") != -1, 30)
            assert wheel.read("Position") == target

    def test_75_impossible_positions(self, wheel: Wire) -> None:
        before = wheel.read("Position")
        for bad in (-1, len(wheel.read("Names")), 2**31 - 1):
            assert wheel.put("Position", Position=bad).error == INVALID_VALUE
        assert wheel.read("Position") == before
