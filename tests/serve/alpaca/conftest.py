"""A server over a patterned camera, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fullwell.camera.engine import Camera
from fullwell.serve.alpaca import AlpacaServer
from patterned.device import PatternDevice, small
from patterned.rig import client_of
from patterned.wire import Wire


@pytest.fixture(scope="module")
def device() -> PatternDevice:
    return PatternDevice(small("qhy600-pro"))


@pytest.fixture(scope="module")
def server(device: PatternDevice) -> Iterator[AlpacaServer]:
    with Camera(device) as camera, AlpacaServer([camera]) as running:
        yield running


@pytest.fixture
def wire(server: AlpacaServer) -> Iterator[Wire]:
    """A client that is connected to the camera, in a session of its own."""
    client = Wire(server.address)
    client.connect()
    yield client
    client.put("AbortExposure")
    client.set("Connected", False)
    client.close()


@pytest.fixture
def fresh() -> Iterator[tuple[PatternDevice, Wire]]:
    """A device of the test's own, and the only client of it."""
    device = PatternDevice(small("qhy600-pro"))
    with client_of(device) as wire:
        yield device, wire
