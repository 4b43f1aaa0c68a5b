"""The protocol run of the conformance program, strict, check by check (numbers 1 to 31).

Each reply goes through `assert_strict`, which holds checks 2 to 4 and 9 to 16.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from fullwell.serve.alpaca import AlpacaServer
from fullwell.serve.alpaca.conditions import SENSORS
from patterned.wire import BYTES, CLIENT, FORM, JSON, TRANSACTION, Reply, Wire

IDS = [("ClientID", CLIENT), ("ClientTransactionID", TRANSACTION)]
KEYS = {"ClientTransactionID", "ServerTransactionID", "ErrorNumber", "ErrorMessage"}
BAD_IDS = [("ClientID", bad) for bad in ("", " " * 5, "-12345", "NASDAQ")] + [
    ("ClientTransactionID", bad) for bad in ("", " " * 5, "-67890", "qweqwe")
]
BAD_VALUE = "asduio6fghZZ"

COMMON = (
    "Connected Connecting Description DeviceState DriverInfo DriverVersion InterfaceVersion Name SupportedActions"
)
CAMERA_READS = """
BayerOffsetX BayerOffsetY BinX BinY CameraState CameraXSize CameraYSize CanAbortExposure CanAsymmetricBin
CanFastReadout CanGetCoolerPower CanPulseGuide CanSetCCDTemperature CanStopExposure CCDTemperature CoolerOn
CoolerPower ElectronsPerADU ExposureMax ExposureMin ExposureResolution FastReadout FullWellCapacity Gain GainMax
GainMin Gains HasShutter HeatSinkTemperature ImageReady IsPulseGuiding MaxADU MaxBinX MaxBinY NumX NumY Offset
OffsetMax OffsetMin Offsets PercentCompleted PixelSizeX PixelSizeY ReadoutMode ReadoutModes SensorName
SensorType SetCCDTemperature StartX StartY SubExposureDuration ImageArray ImageArrayVariant
LastExposureDuration LastExposureStartTime
"""
READS_OF = {
    "camera/0": CAMERA_READS,
    "filterwheel/0": "FocusOffsets Names Position",
    "switch/0": "MaxSwitch",
    "observingconditions/0": "AveragePeriod " + " ".join(SENSORS),
}
DEVICES = tuple(READS_OF)
READS = [(device, name) for device, own in READS_OF.items() for name in (COMMON + " " + own).split()]
WRITES = [
    ("camera/0", name, {name: value})
    for name, value in {
        "BinX": 1,
        "BinY": 1,
        "CoolerOn": False,
        "FastReadout": False,
        "Gain": 30,
        "NumX": 90,
        "NumY": 61,
        "Offset": 30,
        "ReadoutMode": 0,
        "SetCCDTemperature": -10.0,
        "StartX": 0,
        "StartY": 0,
        "SubExposureDuration": 1.0,
    }.items()
] + [
    ("camera/0", "AbortExposure", {}),
    ("camera/0", "PulseGuide", {"Direction": 0, "Duration": 1}),
    ("camera/0", "StartExposure", {"Duration": 0.05, "Light": False}),
    ("camera/0", "StopExposure", {}),
    ("camera/0", "Action", {"Action": "Bits", "Parameters": ""}),
    ("camera/0", "CommandBlind", {"Command": "x", "Raw": False}),
    ("camera/0", "CommandBool", {"Command": "x", "Raw": False}),
    ("camera/0", "CommandString", {"Command": "x", "Raw": False}),
    ("camera/0", "Connected", {"Connected": True}),
    ("camera/0", "Connect", {}),
    ("filterwheel/0", "Position", {"Position": 0}),
    ("filterwheel/0", "Connected", {"Connected": True}),
    ("filterwheel/0", "Connect", {}),
    ("switch/0", "SetSwitch", {"Id": 0, "State": True}),
    ("switch/0", "SetSwitchValue", {"Id": 0, "Value": 1.0}),
    ("switch/0", "SetSwitchName", {"Id": 0, "Name": "x"}),
    ("observingconditions/0", "AveragePeriod", {"AveragePeriod": 0.0}),
    ("observingconditions/0", "Refresh", {}),
]
WITH_PARAMETERS = [(d, m, p) for d, m, p in WRITES if p]


def names(cases: list[tuple]) -> list[str]:
    return [f"{case[0].split('/')[0]}-{case[1]}" for case in cases]


def assert_strict(reply: Reply, method: str, transaction: int = TRANSACTION) -> dict:
    """Checks 1-4 and 9-16 of one answered request, in their strict form."""
    assert reply.status == 200, (reply.status, reply.body[:200])
    if reply.media.startswith("application/imagebytes"):
        header = reply.image_header
        assert header[0] == 1
        assert header[2] == transaction
        assert header[3] >= 1
        return {}
    assert reply.media.startswith("application/json")
    body = json.loads(reply.body)
    for key in KEYS:
        assert [k for k in body if k.casefold() == key.casefold()] == [key]
    assert body["ClientTransactionID"] == transaction
    assert 1 <= body["ServerTransactionID"] < 2**32
    assert bool(body["ErrorNumber"]) == bool(body["ErrorMessage"])
    assert body["ErrorNumber"] == 0 or 0x400 <= body["ErrorNumber"] <= 0xFFF
    if method == "GET":
        assert [k for k in body if k.casefold() == "value"] == ["Value"]
        assert body["Value"] is not None
    return body


def swapped(name: str) -> str:
    return name.swapcase()


@pytest.fixture(scope="module")
def both(server: AlpacaServer) -> Iterator[dict[str, Wire]]:
    """Connected clients of camera and wheel, the camera with an image."""
    wires = {device: Wire(server.address, device).connect() for device in DEVICES}
    wires["camera/0"].expose()
    yield wires
    for wire in wires.values():
        wire.set("Connected", False)
        wire.close()


def settle(wire: Wire, member: str) -> None:
    """Wait for what a member has begun, as check 24 asks."""
    if member == "StartExposure":
        wire.until(lambda: wire.read("CameraState") == 0)
    if member == "Position":
        wire.until(lambda: wire.read("Position") != -1)
    if member == "Connect":
        wire.until(lambda: not wire.read("Connecting"))


def test_1_2_status_and_content_type(both: dict[str, Wire]) -> None:
    """Checks 1 and 2: success is 200, JSON or ImageBytes."""
    assert both["camera/0"].get("BinX").media == "application/json"
    assert both["camera/0"].get("ImageArray", JSON).media == "application/json"
    assert both["camera/0"].get("ImageArray", BYTES).media == "application/imagebytes"


def test_5_error_numbers_known_to_the_library(both: dict[str, Wire]) -> None:
    """Check 5: the numbers that clients turn into exceptions of their own."""
    wire = both["camera/0"]
    assert wire.get("HeatSinkTemperature").error == 0x400
    assert wire.put("BinX", BinX=99).error == 0x401
    assert wire.put("Action", Action="none such", Parameters="").error == 0x40C
    wire.write("StartExposure", Duration=5, Light=True)
    assert wire.put("StartExposure", Duration=5, Light=True).error == 0x40B
    wire.write("AbortExposure")
    assert wire.get("ImageArray").error == 0x40B
    stranger = Wire(wire.address, client=7)
    assert stranger.get("BinX").error == 0x407
    stranger.close()
    wire.expose()


@pytest.mark.parametrize("text", ["True", "true", "TRUE"])
def test_6_booleans_as_clients_write_them(both: dict[str, Wire], text: str) -> None:
    """Check 6."""
    assert both["camera/0"].put("CoolerOn", CoolerOn=text).error == 0
    assert both["camera/0"].read("CoolerOn") is True
    assert both["camera/0"].put("CoolerOn", CoolerOn="False").error == 0


@pytest.mark.parametrize("accept", ["application/imagebytes, application/json", "APPLICATION/IMAGEBYTES;q=0.9"])
def test_7_accept_header(both: dict[str, Wire], accept: str) -> None:
    """Check 7; the base64 hand-off header may come along and is not needed."""
    reply = both["camera/0"].get("ImageArray", {"Accept": accept, "base64handoff": "true"})
    assert reply.media == "application/imagebytes"


@pytest.mark.parametrize(("where", "member"), READS, ids=names(READS))
class TestGetMatrix:
    """Checks 8-12, 15, 16, 22, 25, 26, 28."""

    def test_22a_normal(self, both: dict[str, Wire], where: str, member: str) -> None:
        assert_strict(both[where].get_raw(member, IDS), "GET")

    def test_22b_extra_parameter(self, both: dict[str, Wire], where: str, member: str) -> None:
        assert_strict(both[where].get_raw(member, [*IDS, ("ExtraParameter", "ExtraValue")]), "GET")

    def test_22c_lower_case_client(self, both: dict[str, Wire], where: str, member: str) -> None:
        body = assert_strict(both[where].get_raw(member, [("clientid", CLIENT), IDS[1]]), "GET")
        assert body.get("ErrorNumber") != 0x407

    def test_22d_lower_case_transaction(self, both: dict[str, Wire], where: str, member: str) -> None:
        """Also check 12: names in a query have no letter case."""
        assert_strict(both[where].get_raw(member, [IDS[0], ("clienttransactionid", TRANSACTION)]), "GET")

    @pytest.mark.parametrize("bad", BAD_IDS, ids=repr)
    def test_22e_bad_identifiers(
        self, both: dict[str, Wire], where: str, member: str, bad: tuple[str, str]
    ) -> None:
        pairs = [bad if name == bad[0] else (name, value) for name, value in IDS]
        reply = both[where].get_raw(member, pairs)
        assert reply.status == 400
        assert bad[0] in reply.body.decode()


@pytest.mark.parametrize(("where", "member", "parameters"), WRITES, ids=names(WRITES))
class TestPutMatrix:
    """Checks 13, 17, 24, 25, 27, 28."""

    def test_24a_normal(self, both: dict[str, Wire], where: str, member: str, parameters: dict) -> None:
        assert_strict(both[where].put_raw(member, [*parameters.items(), *IDS]), "PUT")
        settle(both[where], member)

    def test_17_other_order(self, both: dict[str, Wire], where: str, member: str, parameters: dict) -> None:
        assert_strict(both[where].put_raw(member, [*reversed(IDS), *reversed(parameters.items())]), "PUT")
        settle(both[where], member)

    def test_24b_extra_parameter(self, both: dict[str, Wire], where: str, member: str, parameters: dict) -> None:
        pairs = [*parameters.items(), *IDS, ("ExtraParameter", "ExtraValue")]
        assert_strict(both[where].put_raw(member, pairs), "PUT")
        settle(both[where], member)

    def test_24e_lower_case_client(
        self, both: dict[str, Wire], where: str, member: str, parameters: dict
    ) -> None:
        pairs = [*parameters.items(), ("clientid", CLIENT), IDS[1]]
        assert_strict(both[where].put_raw(member, pairs), "PUT")
        settle(both[where], member)

    def test_13_24f_lower_case_transaction(
        self, both: dict[str, Wire], where: str, member: str, parameters: dict
    ) -> None:
        """Names in a form have letter case, so the transaction counts as not sent."""
        pairs = [*parameters.items(), IDS[0], ("clienttransactionid", TRANSACTION)]
        assert_strict(both[where].put_raw(member, pairs), "PUT", transaction=0)
        settle(both[where], member)

    @pytest.mark.parametrize("bad", BAD_IDS, ids=repr)
    def test_24g_bad_identifiers(
        self, both: dict[str, Wire], where: str, member: str, parameters: dict, bad: tuple[str, str]
    ) -> None:
        pairs = [bad if name == bad[0] else (name, value) for name, value in IDS]
        assert both[where].put_raw(member, [*parameters.items(), *pairs]).status == 400


@pytest.mark.parametrize(("where", "member", "parameters"), WITH_PARAMETERS, ids=names(WITH_PARAMETERS))
class TestPutParameters:
    """Checks 21, 24c, 24d: parameters are read before anything else, even where the member is not implemented."""

    def test_24d_swapped_case(self, both: dict[str, Wire], where: str, member: str, parameters: dict) -> None:
        for name in parameters:
            pairs = [(swapped(key) if key == name else key, value) for key, value in parameters.items()]
            reply = both[where].put_raw(member, [*pairs, *IDS])
            assert reply.status == 400
            assert name in reply.body.decode()

    def test_missing(self, both: dict[str, Wire], where: str, member: str, parameters: dict) -> None:
        for name in parameters.keys() - {"Parameters"}:  # alpyca leaves out the empty Parameters of an Action
            pairs = [(key, value) for key, value in parameters.items() if key != name]
            assert both[where].put_raw(member, [*pairs, *IDS]).status == 400

    def test_twice(self, both: dict[str, Wire], where: str, member: str, parameters: dict) -> None:
        assert both[where].put_raw(member, [*parameters.items(), *parameters.items(), *IDS]).status == 400

    def test_24c_bad_value(self, both: dict[str, Wire], where: str, member: str, parameters: dict) -> None:
        for name, value in parameters.items():
            if isinstance(value, str):
                continue  # any text is a good text
            pairs = [(key, BAD_VALUE if key == name else other) for key, other in parameters.items()]
            assert both[where].put_raw(member, [*pairs, *IDS]).status == 400


@pytest.mark.parametrize("value", ["", "123456", "asdqwe"])
@pytest.mark.parametrize("where", DEVICES)
def test_21_connected_with_bad_values(both: dict[str, Wire], where: str, value: str) -> None:
    """Check 21."""
    assert both[where].put_raw("Connected", [("Connected", value), *IDS]).status == 400


def test_11_errors_keep_the_type_of_the_value(both: dict[str, Wire]) -> None:
    """Check 11, strict: Value is there in errors too, in the type that the client reads."""
    wire = both["camera/0"]
    for member, value in {
        "BayerOffsetX": 0,
        "HeatSinkTemperature": 0.0,
        "FastReadout": False,
        "Gains": [],
    }.items():
        reply = wire.get(member).json
        assert reply["ErrorNumber"] == 0x400
        assert reply["Value"] == value
        assert type(reply["Value"]) is type(value)


def test_14_server_transactions_grow(both: dict[str, Wire]) -> None:
    """Check 14."""
    numbers = [both["camera/0"].get("BinX").json["ServerTransactionID"] for _ in range(3)]
    assert 1 <= numbers[0] < numbers[1] < numbers[2] < 2**32


@pytest.mark.parametrize("where", DEVICES)
def test_15_device_state_elements(both: dict[str, Wire], where: str) -> None:
    """Check 15."""
    for element in both[where].read("DeviceState"):
        assert element.keys() == {"Name", "Value"}


@pytest.mark.parametrize("member", ["ImageArray", "ImageArrayVariant"])
def test_16_image_replies(both: dict[str, Wire], member: str) -> None:
    """Check 16."""
    wire = both["camera/0"]
    body = wire.get(member, JSON).json
    assert (body["Type"], body["Rank"]) == (2, 2)
    header = wire.get(member, BYTES).image_header
    assert header[:3] == (1, 0, TRANSACTION)
    assert header[3] > body["ServerTransactionID"]


def test_18_interface_versions(both: dict[str, Wire]) -> None:
    """Checks 18 and 32."""
    assert both["camera/0"].read("InterfaceVersion") == 4
    assert both["filterwheel/0"].read("InterfaceVersion") == 3


@pytest.mark.parametrize(
    "path",
    [
        "/apx/v1/camera/0/binx",
        "/api/1/camera/0/binx",
        "/api/v/camera/0/binx",
        "/api/V1/camera/0/binx",
        "/api/v2/camera/0/binx",
    ],
)
def test_19_bad_bases(both: dict[str, Wire], path: str) -> None:
    """Check 19 accepts anything; a plain 404 is the honest answer."""
    assert both["camera/0"].send("GET", f"{path}?{urlencode(IDS)}").status == 404


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "OPTIONS"])
def test_19_bad_methods(both: dict[str, Wire], method: str) -> None:
    """Check 19."""
    reply = both["camera/0"].send(method, "/api/v1/camera/0/connected", urlencode(IDS).encode(), FORM)
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, PUT"


@pytest.mark.parametrize(
    "path",
    [
        "CAMERA/0/description",
        "baddevicetype/0/description",
        "camera/-1/description",
        "camera/99999/description",
        "camera/A/description",
        "camera/0/descrip",
        "camera/1/description",
        "camera/00/description",
        "camera/%D9%A0/description",
        "camera/99999999999999999999/description",
        "camera/0/Description",
        "camera/0/description/",
        "camera/0",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_20_bad_paths(both: dict[str, Wire], path: str, method: str) -> None:
    """Check 20, and more of the kind."""
    reply = both["camera/0"].send(method, f"/api/v1/{path}?{urlencode(IDS)}")
    assert reply.status in (400, 404, 405)


def test_20_put_to_a_read_only_member(both: dict[str, Wire]) -> None:
    """A member that exists, with the wrong method."""
    reply = both["camera/0"].put("Description", Description="x")
    assert (reply.status, reply.headers["allow"]) == (405, "GET")


def test_27_start_exposure_back_to_back(both: dict[str, Wire]) -> None:
    """Check 27: requests that come while exposing are refused with a number, never with 500."""
    wire = both["camera/0"]
    wire.write("StartExposure", Duration=0.3, Light=True)
    for _ in range(8):
        assert wire.put("StartExposure", Duration=0.3, Light=True).error == 0x40B
    wire.until(lambda: wire.read("ImageReady"))


def test_31_connected_false(both: dict[str, Wire]) -> None:
    """Check 31."""
    for wire in both.values():
        assert wire.put("Connected", Connected=False).error == 0
        assert wire.read("Connected") is False
        wire.connect()
    both["camera/0"].expose()
