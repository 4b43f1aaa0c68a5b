"""A camera that is lost is not called connected, and clients go on when it is back."""

from __future__ import annotations

import json
import logging

import pytest

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Dark
from fullwell.serve.alpaca import AlpacaServer
from patterned.wire import Wire

SECOND_NS = 1_000_000_000


def test_connected_tells_the_truth(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", threads=1) as cam:
        cam.configure(window=Window(0, 0, 64, 48))
        with AlpacaServer([cam]) as server:
            wire = Wire(server.address)
            wire.connect()
            assert wire.read("Connected") is True
            assert json.loads(wire.put("Action", Action="alarms", Parameters="").value) == []
            cam.troubles.set("unplug")
            cam.clock.sleep_until(cam.clock.now_ns() + 10 * SECOND_NS)
            assert wire.read("Connected") is False
            for member in ("CCDTemperature", "CameraState", "ImageReady"):
                answer = wire.get(member)
                assert answer.error == 0x407, member
                assert "lost" in answer.json["ErrorMessage"]
            cam.troubles.clear()
            cam.clock.sleep_until(cam.clock.now_ns() + 60 * SECOND_NS)
            assert wire.read("Connected") is True
            assert wire.read("CameraState") == 0
            wire.close()
