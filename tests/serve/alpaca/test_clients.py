"""Who is connected: several clients, each for itself."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fullwell.serve.alpaca import AlpacaServer
from fullwell.serve.alpaca.camera_members import CAMERA_MEMBERS
from fullwell.serve.alpaca.wheel import WHEEL_MEMBERS
from patterned.device import PatternDevice
from patterned.wire import BYTES, Wire

IDLE = 0


@pytest.mark.parametrize(
    "member", [m for m in CAMERA_MEMBERS if m.connected], ids=lambda m: f"{m.method}-{m.name}"
)
def test_camera_members_need_a_connection(server: AlpacaServer, member: object) -> None:
    assert refused_with(server, "camera/0", member) == 0x407


@pytest.mark.parametrize(
    "member", [m for m in WHEEL_MEMBERS if m.connected], ids=lambda m: f"{m.method}-{m.name}"
)
def test_wheel_members_need_a_connection(server: AlpacaServer, member: object) -> None:
    assert refused_with(server, "filterwheel/0", member) == 0x407


def refused_with(server: AlpacaServer, where: str, member: object) -> int:
    examples = {"boolean": "True", "integer": "1", "number": "1", "text": "x"}
    wire = Wire(server.address, where, client=99)
    try:
        if member.method == "GET":
            return wire.get(member.name).error
        return wire.put(member.name, **{p.name: examples[p.read.__name__] for p in member.parameters}).error
    finally:
        wire.close()


def test_clients_connect_each_for_itself(server: AlpacaServer, wire: Wire) -> None:
    with Wire(server.address, client=2) as second:
        wire.set("Gain", 61)
        assert second.read("Gain") == 61
        image = second.expose(0.001).image
        np.testing.assert_array_equal(wire.get("ImageArray", BYTES).image, image)
        second.set("Connected", False)
        assert second.read("Connected") is False
        assert second.get("Gain").error == 0x407
        assert wire.read("Connected") is True
        assert wire.read("ImageReady") is True  # the session goes on
        second.connect()
        assert second.read("ImageReady") is True


def test_connecting_twice_counts_once(server: AlpacaServer) -> None:
    wire = Wire(server.address, client=3)
    for _ in range(2):
        wire.set("Connected", True)
        wire.write("Connect")
    wire.write("Disconnect")
    wire.until(lambda: not wire.read("Connecting"))
    assert wire.read("Connected") is False
    for _ in range(2):
        wire.write("Disconnect")  # harmless
        wire.set("Connected", False)
    wire.close()


def test_a_client_without_number_is_client_0(server: AlpacaServer) -> None:
    nobody = Wire(server.address, client=None)
    with nobody:
        zero = Wire(server.address, client=0)
        assert zero.read("Connected") is True
        zero.close()


def test_a_mis_cased_client_leaves_no_ghost(server: AlpacaServer) -> None:
    """Otherwise it would be connected as client 0, and the session would never end."""
    wire = Wire(server.address)
    wire.put_raw("Connected", [("Connected", True), ("clientid", 4711)])
    zero, named = Wire(server.address, client=0), Wire(server.address, client=4711)
    assert (zero.read("Connected"), named.read("Connected")) == (False, True)
    named.set("Connected", False)
    for client in (wire, zero, named):
        client.close()


def test_the_last_to_leave_ends_the_exposure(server: AlpacaServer, device: PatternDevice) -> None:
    with Wire(server.address, client=5) as wire:
        wire.write("StartExposure", Duration=60, Light=True)
    with Wire(server.address, client=6) as wire:
        assert wire.read("CameraState") == IDLE
        assert wire.read("ImageReady") is False


def test_many_clients_at_once(server: AlpacaServer, wire: Wire) -> None:
    wire.expose(0.001)
    expected = wire.get("ImageArray", BYTES).image
    failures: list[object] = []

    def use(client: int) -> None:
        try:
            with Wire(server.address, client=client) as mine:
                for _ in range(20):
                    np.testing.assert_array_equal(mine.get("ImageArray", BYTES).image, expected)
                    assert mine.read("BinX") == 1
        except BaseException as failure:
            failures.append(failure)
            raise

    users = [threading.Thread(target=use, args=(1000 + number,)) for number in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not failures
