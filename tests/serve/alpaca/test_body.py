"""Switches and chamber of a camera: checks 79 and 80 of the conformance run, and what they do to the camera."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

import fullwell
from fullwell.camera.chamber import gas_temperature_c
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera
from fullwell.readout.dew import dew_point_c
from fullwell.scene import Dark
from fullwell.serve.alpaca import AlpacaServer
from fullwell.serve.alpaca.conditions import SENSORS
from patterned.device import PatternDevice, small
from patterned.wire import Wire

NOT_IMPLEMENTED, INVALID_VALUE, INVALID_OPERATION = 0x400, 0x401, 0x40B
ASKED = (
    "CanWrite",
    "CanAsync",
    "GetSwitch",
    "GetSwitchDescription",
    "GetSwitchName",
    "GetSwitchValue",
    "MinSwitchValue",
    "MaxSwitchValue",
    "SwitchStep",
    "StateChangeComplete",
)
TOLD = (
    ("SetSwitch", {"State": True}),
    ("SetSwitchValue", {"Value": 0.0}),
    ("SetSwitchName", {"Name": "mine"}),
    ("SetAsync", {"State": True}),
    ("SetAsyncValue", {"Value": 0.0}),
    ("CancelAsync", {}),
)
RANGES = {"Humidity": (0, 100), "Pressure": (0, 1100), "DewPoint": (-273.15, 100), "Temperature": (-273.15, 100)}


@pytest.fixture(scope="module", params=["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
def camera(request: pytest.FixtureRequest) -> Iterator[Camera]:
    with Camera(PatternDevice(small(request.param))) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(camera: Camera) -> Iterator[str]:
    with AlpacaServer([camera]) as server:
        yield server.address


@pytest.fixture
def switches(address: str) -> Iterator[Wire]:
    with Wire(address, "switch/0") as wire:
        yield wire


@pytest.fixture
def chamber(address: str) -> Iterator[Wire]:
    with Wire(address, "observingconditions/0") as wire:
        yield wire


def ask(wire: Wire, member: str, place: int):
    return wire.get_raw(member, [("Id", place), *wire.ids()])


def places(wire: Wire) -> range:
    return range(wire.read("MaxSwitch"))


def place_of(wire: Wire, name: str) -> int:
    return next(place for place in places(wire) if ask(wire, "GetSwitchName", place).value == name)


def test_79_numbers_that_no_switch_has(switches: Wire) -> None:
    for place in (-1, switches.read("MaxSwitch")):
        for member in ASKED:
            assert ask(switches, member, place).error == INVALID_VALUE, member
        for member, parameters in TOLD:
            assert switches.put(member, Id=place, **parameters).error == INVALID_VALUE, member
    named = [place for place in range(-100, 100) if not ask(switches, "GetSwitchName", place).error]
    assert named == list(places(switches))
    assert ask(switches, "CanWrite", "asduio6fghZZ").status == 400


def test_79_ranges_and_steps(switches: Wire) -> None:
    for place in places(switches):
        low, high, step, value = (
            ask(switches, member, place).value
            for member in ("MinSwitchValue", "MaxSwitchValue", "SwitchStep", "GetSwitchValue")
        )
        assert low < high
        assert 0 < step <= high - low
        assert (Decimal(str(high)) - Decimal(str(low))) % Decimal(str(step)) == 0
        assert low <= value <= high
        assert ask(switches, "GetSwitch", place).value is (value > low)
        assert ask(switches, "CanAsync", place).value is False
        assert ask(switches, "GetSwitchDescription", place).value


def test_79_writing(switches: Wire) -> None:
    writable = [place for place in places(switches) if ask(switches, "CanWrite", place).value]
    assert writable
    for place in places(switches):
        low, high = (ask(switches, f"{end}SwitchValue", place).value for end in ("Min", "Max"))
        if place not in writable:
            assert switches.put("SetSwitch", Id=place, State=True).error == NOT_IMPLEMENTED
            assert switches.put("SetSwitchValue", Id=place, Value=low).error == NOT_IMPLEMENTED
            continue
        for on, end in ((True, high), (False, low)):
            switches.write("SetSwitch", Id=place, State=on)
            assert ask(switches, "GetSwitch", place).value is on
            assert ask(switches, "GetSwitchValue", place).value == end
        for end, on in ((high, True), (low, False)):
            switches.write("SetSwitchValue", Id=place, Value=end)
            assert ask(switches, "GetSwitch", place).value is on
        for bad in (low - 1, high + 1):
            assert switches.put("SetSwitchValue", Id=place, Value=bad).error == INVALID_VALUE
        switches.write("SetSwitchValue", Id=place, Value=low + 0.7 * (high - low))
        assert ask(switches, "GetSwitchValue", place).value == high, "the nearest step"
        assert switches.put("SetAsync", Id=place, State=True).error == NOT_IMPLEMENTED


def test_the_camera_does_what_the_switches_say(camera: Camera, switches: Wire) -> None:
    switches.write("SetSwitch", Id=place_of(switches, "Window heater"), State=True)
    assert camera.control(Control.WINDOW_HEATER) == 1.0
    switches.write("SetSwitch", Id=place_of(switches, "Fan"), State=False)
    assert camera.control(Control.FAN) == 0.0
    assert ask(switches, "GetSwitchValue", place_of(switches, "Supply voltage")).value == 12.34


def test_outputs_are_pins_in_the_mode_of_outputs_only() -> None:
    with (
        fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant") as camera,
        AlpacaServer([camera]) as server,
        Wire(server.address, "switch/0") as wire,
    ):
        third = place_of(wire, "GPIO3")
        wire.write("SetSwitch", Id=third, State=True)
        assert camera.pins.outputs == (False, False, True, False)
        other = next(mode for mode in camera.pins.modes if mode.pins != camera.pins.modes[0].pins)
        camera.pins.configure(mode=other.name, trig_out=True)
        assert wire.put("SetSwitch", Id=third, State=False).error == INVALID_OPERATION
        assert camera.pins.outputs[2]


def test_80_average_period(chamber: Wire) -> None:
    assert chamber.read("AveragePeriod") == 0.0
    assert chamber.put("AveragePeriod", AveragePeriod=-2).error == INVALID_VALUE
    assert chamber.put("AveragePeriod", AveragePeriod=0).error == 0
    assert chamber.put("AveragePeriod", AveragePeriod=5).error in (0, INVALID_VALUE)
    chamber.write("Refresh")


def test_80_sensors_are_there_wholly_or_not_at_all(chamber: Wire) -> None:
    for sensor in SENSORS:
        replies = [
            chamber.get(sensor),
            *(
                chamber.get_raw(member, [("SensorName", spelling), *chamber.ids()])
                for member in ("SensorDescription", "TimeSinceLastUpdate")
                for spelling in (sensor, sensor.upper())
            ),
        ]
        assert len({reply.error for reply in replies}) == 1, sensor
        if replies[0].error:
            assert replies[0].error == NOT_IMPLEMENTED
            continue
        low, high = RANGES[sensor]
        assert low <= replies[0].value <= high
        assert replies[1].value
        assert replies[3].value >= 0.0
    assert bool(chamber.get("DewPoint").error) == bool(chamber.get("Humidity").error)
    assert chamber.get_raw("TimeSinceLastUpdate", [("SensorName", ""), *chamber.ids()]).value >= 0.0
    unknown = chamber.get_raw("SensorDescription", [("SensorName", "Seismometer"), *chamber.ids()])
    assert unknown.error == INVALID_VALUE


def test_the_chamber_says_what_the_camera_measures(camera: Camera, chamber: Wire) -> None:
    assert chamber.read("Humidity") == camera.control(Control.HUMIDITY_PERCENT) == 50.0
    assert chamber.read("Pressure") == camera.control(Control.PRESSURE_HPA)
    gas_c = gas_temperature_c(camera.model, sensor_c=3.25, ambient_c=20.0)
    assert chamber.read("DewPoint") == pytest.approx(dew_point_c(gas_c, 50.0))


def test_a_camera_without_chamber_sensors_has_no_such_device() -> None:
    device = PatternDevice(small("qhy600-pro"))
    for control in (Control.HUMIDITY_PERCENT, Control.PRESSURE_HPA):
        del device._values[control]
    with Camera(device) as camera, AlpacaServer([camera]) as server:
        assert {served.kind for served in server.devices} == {"camera", "filterwheel", "switch"}
