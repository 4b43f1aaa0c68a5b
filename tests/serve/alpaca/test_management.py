"""Management interface and discovery (checks 77 and 78)."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from fullwell.camera.engine import Camera
from fullwell.errors import InvalidValue
from fullwell.serve.alpaca import AlpacaServer
from fullwell.serve.alpaca.discovery import MULTICAST_GROUP
from patterned.device import PatternDevice, small
from patterned.wire import Reply, Wire

GROUPS = Path("/proc/net/igmp6")
MODELS = ("qhy600-pro", "qhy42-pro", "qhy268m-pro")


@contextlib.contextmanager
def serving(host: str = "127.0.0.1", discovery_port: int | None = None) -> Iterator[AlpacaServer]:
    with contextlib.ExitStack() as stack:
        cameras = [stack.enter_context(Camera(PatternDevice(small(key)))) for key in MODELS]
        yield stack.enter_context(AlpacaServer(cameras, host=host, discovery_port=discovery_port))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as server:
        yield server.address


def manage(address: str, path: str, method: str = "GET") -> Reply:
    wire = Wire(address)
    reply = wire.send(method, f"/management/{path}?ClientID=1&clienttransactionid=77")
    wire.close()
    return reply


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(
    destination: tuple[str, int], question: bytes = b"alpacadiscovery1", timeout_s: float = 2.0
) -> bytes | None:
    family = socket.AF_INET6 if ":" in destination[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout_s)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.sendto(question, destination)
        try:
            return client.recv(1024)
        except TimeoutError:
            return None


def test_78_versions(address: str) -> None:
    body = manage(address, "apiversions").json
    assert body["Value"] == [1]
    assert body["ClientTransactionID"] == 77
    assert body["ServerTransactionID"] >= 1


def test_78_description(address: str) -> None:
    body = manage(address, "v1/description").json["Value"]
    assert body.keys() == {"ServerName", "Manufacturer", "ManufacturerVersion", "Location"}
    assert all(isinstance(text, str) and text for text in body.values())


def test_78_configured_devices(address: str) -> None:
    """Device numbers count per type; the 42 has no wheel, so the 268's is number 1."""
    devices = manage(address, "v1/configureddevices").json["Value"]
    assert [(d["DeviceType"], d["DeviceNumber"]) for d in devices] == [
        ("Camera", 0),
        ("Camera", 1),
        ("Camera", 2),
        ("FilterWheel", 0),
        ("FilterWheel", 1),
        ("Switch", 0),
        ("Switch", 1),
        ("Switch", 2),
        ("ObservingConditions", 0),
        ("ObservingConditions", 1),
        ("ObservingConditions", 2),
    ]
    assert "QHY42" in devices[1]["DeviceName"]
    assert "QHY268M" in devices[4]["DeviceName"]
    for device in devices:
        wire = Wire(address, f"{device['DeviceType'].lower()}/{device['DeviceNumber']}")
        assert wire.read("Name") == device["DeviceName"]
        wire.close()


def test_78_unique_ids_are_stable(address: str) -> None:
    def identifiers(where: str) -> list[str]:
        return [device["UniqueID"] for device in manage(where, "v1/configureddevices").json["Value"]]

    first = identifiers(address)
    assert len(set(first)) == len(first)
    assert all(uuid.UUID(identifier).version == 5 for identifier in first)
    with serving() as again:
        assert identifiers(again.address) == first


def test_two_cameras_of_one_identity_are_refused() -> None:
    twins = [Camera(PatternDevice(small("qhy600-pro"))) for _ in range(2)]
    with pytest.raises(InvalidValue, match="different seeds"):
        AlpacaServer(twins)


@pytest.mark.parametrize("path", ["apiversions?ClientID=x", "v1/description?ClientTransactionID=-1"])
def test_bad_identifiers(address: str, path: str) -> None:
    wire = Wire(address)
    assert wire.send("GET", f"/management/{path}").status == 400
    wire.close()


def test_management_is_read_only(address: str) -> None:
    assert manage(address, "v1/description", "PUT").status == 405
    assert manage(address, "v2/description").status == 404


@pytest.mark.parametrize("destination", ["127.0.0.1", "127.255.255.255"])
def test_77_discovery_ipv4(destination: str) -> None:
    """Unicast and broadcast; the reply has no blanks and no control characters."""
    port = free_udp_port()
    with serving(discovery_port=port) as server:
        reply = ask((destination, port))
        assert reply == b'{"AlpacaPort":%d}' % server.port
        assert json.loads(reply) == {"AlpacaPort": server.port}


@pytest.mark.parametrize("question", [b"", b"alpaca", b"ALPACADISCOVERY1", b"\x00" * 64, b"alpacadiscovery2"])
def test_77_other_questions_stay_unanswered(question: bytes) -> None:
    port = free_udp_port()
    with serving(discovery_port=port):
        assert ask(("127.0.0.1", port), question, timeout_s=0.2) is None
        assert ask(("127.0.0.1", port), b"alpacadiscovery1 and more")


def ipv6_works() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not ipv6_works(), reason="this computer has no IPv6")


@needs_ipv6
def test_discovery_ipv6() -> None:
    """Of a server that listens at ::1; over IPv4 nobody could reach it, so there it stays silent."""
    port = free_udp_port()
    with serving(host="::1", discovery_port=port) as server:
        assert server.address == f"[::1]:{server.port}"
        assert ask(("127.0.0.1", port), timeout_s=0.2) is None
        assert ask(("::1", port)) == b'{"AlpacaPort":%d}' % server.port


@needs_ipv6
@pytest.mark.skipif(not GROUPS.exists(), reason="only Linux lists the groups that are joined")
def test_discovery_ipv6_joins_the_group() -> None:
    """No packet is sent: the kernel says on which interfaces the group is heard."""
    wanted = socket.inet_pton(socket.AF_INET6, MULTICAST_GROUP).hex()

    def interfaces() -> set[str]:
        lines = [line.split() for line in GROUPS.read_text().splitlines()]
        return {fields[1] for fields in lines if fields[2] == wanted}

    with serving(host="::1", discovery_port=free_udp_port()):
        during = interfaces()
    assert during >= {
        name for _, name in socket.if_nameindex() if Path(f"/proc/sys/net/ipv6/conf/{name}").is_dir()
    }
    assert not interfaces()


@needs_ipv6
def test_no_ipv6_answer_from_a_server_without_ipv6() -> None:
    port = free_udp_port()
    with serving(host="127.0.0.1", discovery_port=port):
        assert ask(("127.0.0.1", port))
        with pytest.raises(OSError, match="refused"):
            assert ask_connected("::1", port)


def ask_connected(host: str, port: int) -> bytes:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.settimeout(1.0)
        client.connect((host, port))
        client.send(b"alpacadiscovery1")
        return client.recv(100)


def test_the_discovery_port_is_shared() -> None:
    """Section 5.8.2: several servers of one computer answer a broadcast."""
    port = free_udp_port()
    with serving(discovery_port=port) as one, serving(discovery_port=port) as two:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2.0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            client.sendto(b"alpacadiscovery1", ("127.255.255.255", port))
            answers = {json.loads(client.recv(100))["AlpacaPort"] for _ in range(2)}
        assert answers == {one.port, two.port}


def test_a_taken_discovery_port_does_not_stop_the_server(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as selfish:
        selfish.bind(("0.0.0.0", 0))
        port = selfish.getsockname()[1]
        with caplog.at_level(logging.WARNING), serving(discovery_port=port) as server:
            assert manage(server.address, "apiversions").json["Value"] == [1]
        assert f"UDP port {port}" in caplog.text
