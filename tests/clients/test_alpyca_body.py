"""Switches and chamber of a camera through alpyca, the client that ASCOM gives out for Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alpaca.exceptions import InvalidValueException, NotImplementedException
from alpaca.observingconditions import ObservingConditions
from alpaca.switch import Switch

from fullwell import models
from fullwell.camera.chamber import gas_temperature_c
from fullwell.camera.engine import Camera
from fullwell.readout.dew import dew_point_c
from fullwell.serve.alpaca import AlpacaServer
from patterned.device import PatternDevice, small


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Camera(PatternDevice(small("qhy600-pro"))) as camera, AlpacaServer([camera]) as server:
        yield server.address


@pytest.fixture
def connect(address: str) -> Iterator[Any]:
    opened = []

    def of(kind: type) -> Any:
        device = kind(address, 0)
        device.Connected = True
        opened.append(device)
        return device

    yield of
    for device in opened:
        device.Connected = False
        device.rqs.close()


def test_switches(connect):
    switch = connect(Switch)
    names = [switch.GetSwitchName(place) for place in range(switch.MaxSwitch)]
    pins = [name for name in names if name.startswith("GPIO")]
    assert names == ["Window heater", "Fan", *pins, "Supply voltage", "Undervoltage status"]
    switch.SetSwitch(0, True)
    assert switch.GetSwitch(0)
    switch.SetSwitchValue(0, 0.0)
    assert not switch.GetSwitch(0)
    supply = names.index("Supply voltage")
    assert switch.GetSwitchValue(supply) == 12.34
    assert not switch.CanWrite(supply)
    with pytest.raises(NotImplementedException):
        switch.SetSwitchValue(supply, 13.0)
    with pytest.raises(InvalidValueException):
        switch.GetSwitch(switch.MaxSwitch)


def test_conditions(connect):
    chamber = connect(ObservingConditions)
    assert (chamber.Humidity, chamber.Pressure, chamber.Temperature) == (50.0, 1000.0, 20.0)
    gas_c = gas_temperature_c(models.load("qhy600-pro"), sensor_c=3.25, ambient_c=20.0)
    assert chamber.DewPoint == pytest.approx(dew_point_c(gas_c, 50.0))
    assert "chamber" in chamber.SensorDescription("Humidity")
    assert chamber.TimeSinceLastUpdate("Humidity") == 0.0
    chamber.Refresh()
    with pytest.raises(NotImplementedException):
        _ = chamber.WindSpeed
    assert chamber.AveragePeriod == 0.0
