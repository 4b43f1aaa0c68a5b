"""The server as users start it."""

from __future__ import annotations

import json
import re
import signal
import socket
import urllib.request

import pytest


def first_address(process) -> str:
    """The URL that the server prints."""
    for line in process.stderr:
        if found := re.search(r"listening at (http://\S+)", line):
            return found[1]
    raise AssertionError("the server ended without an address")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_cameras_are_served_until_stopped(start, number, status):
    process = start(
        *("serve", "twin:qhy42-pro", "twin:qhy42-pro#2", "--port", 0, "--no-discovery", "--scene", "dark")
    )
    address = first_address(process)
    with urllib.request.urlopen(f"{address}/management/v1/configureddevices", timeout=30) as answer:
        devices = json.load(answer)["Value"]
    assert [device["DeviceType"] for device in devices].count("Camera") == 2
    assert len({device["UniqueID"] for device in devices}) == len(devices)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert out == ""
    assert "Traceback" not in err


REFUSED = {
    "camera": (["twin:qhy43-pro"], 1, "no camera 'twin:qhy43-pro'"),
    "twice the same": (["twin:qhy42-pro", "twin:qhy42-pro", "--scene", "dark"], 1, "two cameras"),
    "port": (["--port", "70000"], 2, "--port"),
    "host": (["twin:qhy42-pro", "--scene", "dark", "--host", "no.such.host.invalid"], 1, "no host"),
    "scene": (["--scene", "skyy"], 1, "no scene 'skyy'"),
    "stranger": (["--uniform-level", "5"], 2, "--uniform-level"),
}


@pytest.mark.parametrize(("arguments", "status", "what"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_sentence(run, arguments, status, what):
    done = run("serve", *arguments, "--no-discovery")
    assert (done.exit_code, done.stdout) == (status, "")
    assert what in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(
            "serve", "twin:qhy42-pro", "--scene", "dark", "--port", taken.getsockname()[1], "--no-discovery"
        )
    assert (done.exit_code, done.stdout) == (1, "")
    assert "cannot listen at 127.0.0.1" in done.stderr
