"""Sockets, the guard against foreign web pages, the pages for people, Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fullwell.camera.engine import Camera, State
from fullwell.errors import InvalidOperation, OutOfRange, UnknownName
from fullwell.serve.alpaca import AlpacaServer, application
from fullwell.serve.alpaca.server import families_of, listen
from patterned.device import PatternDevice, small
from patterned.wire import Wire

IDS = "ClientID=1&ClientTransactionID=2"


def test_loopback_is_the_default(server: AlpacaServer) -> None:
    assert server.address.startswith("127.0.0.1:")


def test_every_other_address_draws_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with Camera(PatternDevice(small("qhy42-pro"))) as camera, AlpacaServer([camera], host="0.0.0.0") as server:
        wire = Wire(f"127.0.0.1:{server.port}")
        assert wire.read("Name")
        wire.close()
    assert "everybody on the network" in caplog.text


def test_localhost_listens_at_both_addresses_on_one_port() -> None:
    sockets = listen("localhost", 0)
    ports = {listener.getsockname()[1] for listener in sockets}
    addresses = {info[4][0] for info in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    assert len(ports) == 1
    assert {listener.getsockname()[0] for listener in sockets} <= addresses
    for listener in sockets:
        listener.close()


def test_double_colon_means_ipv4_too() -> None:
    sockets = listen("::", 0)
    assert families_of(sockets) == {socket.AF_INET, socket.AF_INET6}
    socket.create_connection(("127.0.0.1", sockets[0].getsockname()[1])).close()
    for listener in sockets:
        listener.close()


def test_a_taken_port(server: AlpacaServer) -> None:
    with pytest.raises(InvalidOperation, match="another port"):
        listen("127.0.0.1", server.port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_no_port(port: int) -> None:
    with pytest.raises(OutOfRange):
        listen("127.0.0.1", port)


@pytest.mark.parametrize("discovery_port", [0, -1, 65536])
def test_no_discovery_port(discovery_port: int) -> None:
    with Camera(PatternDevice(small("qhy42-pro"))) as camera, pytest.raises(OutOfRange):
        AlpacaServer([camera], discovery_port=discovery_port)


def test_no_host() -> None:
    with pytest.raises(UnknownName):
        listen("no.such.host.invalid", 0)


ORIGINS = {
    "https://example.org": 403,
    "http://127.0.0.1:1": 403,
    "null": 403,
    "": 403,
    "file://": 403,
}


@pytest.mark.parametrize(("origin", "status"), ORIGINS.items())
@pytest.mark.parametrize("path", ["/api/v1/camera/0/connected", "/management/apiversions", "/setup"])
@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_foreign_pages_are_refused(
    server: AlpacaServer, origin: str, status: int, path: str, method: str
) -> None:
    wire = Wire(server.address)
    assert wire.send(method, f"{path}?{IDS}", b"Connected=True", {"Origin": origin}).status == status
    assert wire.send("GET", f"{path}?{IDS}", None, {"Origin": f"http://{server.address}"}).status == 200
    wire.close()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example.org", 403),
        ("127.0.0.1.example.org:80", 403),
        ("10.0.0.1", 403),
        ("]", 403),
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:11111", 200),
        ("LOCALHOST.", 200),
    ],
)
def test_names_that_are_not_ours(server: AlpacaServer, host: str, status: int) -> None:
    """DNS rebinding: a stranger's name that points at this computer."""
    wire = Wire(server.address)
    assert wire.send("GET", f"/setup?{IDS}", None, {"Host": host}).status == status
    wire.close()


def test_no_cross_origin_permission_is_ever_given(server: AlpacaServer) -> None:
    wire = Wire(server.address)
    reply = wire.send("GET", f"/management/apiversions?{IDS}")
    assert not [name for name in reply.headers if name.startswith("access-control")]
    wire.close()


@pytest.mark.parametrize(
    "path",
    ["/", "/setup", "/setup/v1/camera/0/setup", "/setup/v1/filterwheel/0/setup", "/setup/v1/switch/0/setup"],
)
def test_pages(server: AlpacaServer, path: str) -> None:
    wire = Wire(server.address)
    reply = wire.send("GET", path)
    assert reply.status == 200
    assert reply.media.startswith("text/html")
    text = reply.body.decode()
    assert "QHY600 Pro" in text
    assert "ascom-standards.org" in text
    wire.close()


def test_the_page_of_a_camera_shows_every_member_with_its_value(wire: Wire, server: AlpacaServer) -> None:
    text = wire.send("GET", "/setup/v1/camera/0/setup").body.decode()
    for path, methods in server.devices[0].members.items():
        if "GET" in methods:
            assert f"<code>{methods['GET'].name}</code>" in text, path
    assert "IMX455" in text


@pytest.mark.parametrize("path", ["/setup/v1/camera/9/setup", "/setup/v1/rotator/0/setup", "/favicon.ico"])
def test_pages_that_are_not_there(server: AlpacaServer, path: str) -> None:
    wire = Wire(server.address)
    assert wire.send("GET", path).status == 404
    wire.close()


def test_names_are_escaped(server: AlpacaServer) -> None:
    wire = Wire(server.address)
    reply = wire.send("GET", "/setup", None, {"Host": "localhost"})
    assert b"<script" not in reply.body
    reply = wire.send("GET", "/api/v1/camera/0/%3Cscript%3E")
    assert reply.media.startswith("text/plain")
    wire.close()


def test_the_cameras_stay_the_callers() -> None:
    device = PatternDevice(small("qhy600-pro"))
    with Camera(device) as camera:
        with AlpacaServer([camera]) as server:
            wire = Wire(server.address).connect()
            wire.write("StartExposure", Duration=60, Light=True)
            begin = time.monotonic()
        assert time.monotonic() - begin < 5  # a long exposure does not keep the server from stopping
        wire.close()
        assert camera.state is State.IDLE
        camera.configure(exposure_s=0.001)
        assert camera.expose().data.shape == (61, 90)
        with AlpacaServer([camera]) as server, Wire(server.address) as wire:
            assert wire.read("ImageReady") is False


def test_the_application_alone() -> None:
    """For those who bring their own ASGI server; nothing but the specification of ASGI is used here."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with Camera(PatternDevice(small("qhy42-pro"))) as camera:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/api/v1/camera/0/interfaceversion",
            "query_string": b"ClientTransactionID=5",
            "headers": [],
        }
        asyncio.run(application([camera])(scope, receive, send))
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["Value"] == 4


SCRIPT = """
from patterned.device import PatternDevice, small
from fullwell.camera.engine import Camera
from fullwell.serve.alpaca import serve
with Camera(PatternDevice(small("qhy42-pro"))) as camera:
    print("ready", flush=True)
    serve([camera], port={port}, discovery_port=None)
print("clean", flush=True)
"""


def test_ctrl_c_ends_cleanly_in_mid_exposure() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tests = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, tests])}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(port=port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        wire = Wire(f"127.0.0.1:{port}")
        wire.until(lambda: answers(wire))
        wire.connect()
        wire.write("StartExposure", Duration=100, Light=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stdout.read() == "clean\n"
        told = process.stderr.read().splitlines()
        assert [line.partition(":")[0] for line in told] == ["the QHY42 Pro is left cold"]
        wire.close()


def answers(wire: Wire) -> bool:
    try:
        return wire.get("Name").status == 200
    except OSError:
        wire.close()
        return False
