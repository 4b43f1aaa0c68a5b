"""The REST door: status, alarms, troubles, and what it refuses."""

from __future__ import annotations

import http.client
import json as jsonlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import fullwell
from fullwell.camera.engine import Camera
from fullwell.scene import Dark
from fullwell.serve.alpaca.server import AlpacaServer
from fullwell.serve.rest.routes import ROOT, rest_routes
from fullwell.twin.trouble_table import TROUBLES


@pytest.fixture
def cam(caplog: pytest.LogCaptureFixture) -> Iterator[Camera]:
    caplog.set_level(logging.CRITICAL)
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", threads=1) as camera:
        yield camera


@dataclass(frozen=True)
class Answer:
    status_code: int
    text: bytes

    def json(self) -> Any:
        return jsonlib.loads(self.text)


class Client:
    """Speaks to one server, without following anything."""

    def __init__(self, port: int) -> None:
        self._port = port

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        body = content if json is None else jsonlib.dumps(json).encode()
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            line.request(method, path, body, headers or {})
            answer = line.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            line.close()

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def put(self, path: str, **more: Any) -> Answer:
        return self.request("PUT", path, **more)

    def delete(self, path: str) -> Answer:
        return self.request("DELETE", path)


@pytest.fixture
def http_client(cam: Camera) -> Iterator[Client]:
    with AlpacaServer([cam], more=rest_routes([cam])) as server:
        yield Client(server.port)


def test_a_camera_tells_of_itself(http_client: Client, cam: Camera) -> None:
    told = http_client.get(ROOT).json()["cameras"]
    assert len(told) == 1
    assert told[0]["id"] == cam.identity.id
    assert (told[0]["state"], told[0]["connected"], told[0]["alarms"]) == ("idle", True, [])
    assert http_client.get(f"{ROOT}/{cam.identity.id}").json()["number"] == 0


def test_troubles_are_listed_set_and_cleared(http_client: Client, cam: Camera) -> None:
    listed = http_client.get(f"{ROOT}/0/troubles").json()
    assert {each["name"] for each in listed["known"]} <= {each.name for each in TROUBLES}
    assert listed["active"] == []
    answer = http_client.put(f"{ROOT}/0/troubles/lost-packets", json={"rate": 0.25, "for_s": 60})
    assert answer.status_code == 200
    assert answer.json()["set"]["parameters"] == {"rate": 0.25}
    assert [each.name for each in cam.troubles.active] == ["lost-packets"]
    assert http_client.put(f"{ROOT}/0/troubles/zero-frames").status_code == 200
    assert len(http_client.get(f"{ROOT}/0/troubles").json()["active"]) == 2
    assert len(http_client.delete(f"{ROOT}/0/troubles/zero-frames").json()["cleared"]) == 1
    assert len(http_client.delete(f"{ROOT}/0/troubles").json()["cleared"]) == 1
    assert cam.troubles.active == ()


def test_a_lost_camera_is_not_called_connected(http_client: Client, cam: Camera) -> None:
    http_client.put(f"{ROOT}/0/troubles/unplug")
    cam.clock.sleep_until(cam.clock.now_ns() + 10 * 10**9)
    told = http_client.get(f"{ROOT}/0").json()
    assert (told["state"], told["connected"]) == ("error", False)
    assert [alarm["kind"] for alarm in told["alarms"]] == ["camera lost"]
    http_client.delete(f"{ROOT}/0/troubles")
    cam.clock.sleep_until(cam.clock.now_ns() + 60 * 10**9)
    told = http_client.get(f"{ROOT}/0").json()
    assert (told["state"], told["connected"], told["recoveries"]) == ("idle", True, 1)
    events = http_client.get(f"{ROOT}/0/alarms").json()["events"]
    assert [event["change"] for event in events] == ["begins", "ends", "happens"]
    later = http_client.get(f"{ROOT}/0/alarms?after={events[1]['number']}").json()["events"]
    assert later == events[2:]


REFUSED = {
    "no camera": ("GET", "/7", None, 404, "no camera '7'"),
    "no trouble": ("PUT", "/0/troubles/unplugg", {}, 404, "Did you mean 'unplug'"),
    "no parameter": ("PUT", "/0/troubles/unplug", {"rate": 1}, 404, "no parameter"),
    "out of range": ("PUT", "/0/troubles/lost-packets", {"rate": 2}, 400, "outside 0 to 1"),
    "no number": ("PUT", "/0/troubles/lost-packets", {"rate": "x"}, 400, "must be a number"),
    "no object": ("PUT", "/0/troubles/lost-packets", [1], 400, "must be an object"),
    "name twice": ("PUT", "/0/troubles/lost-packets", {"name": "unplug"}, 400, "must be an object"),
    "no event": ("GET", "/0/alarms?after=x", None, 400, "no number of an event"),
    "clear nothing": ("DELETE", "/0/troubles/none", None, 404, "no trouble"),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_refusals_say_what_to_do(
    http_client: Client, method: str, path: str, body: object, status: int, words: str
) -> None:
    answer = http_client.request(method, ROOT + path, json=body)
    assert answer.status_code == status
    told = answer.json()
    assert words in f"{told['message']} {told['remedy']}"


def test_bodies_that_are_no_json_or_too_long_are_refused(http_client: Client, cam: Camera) -> None:
    address = f"{ROOT}/0/troubles/lost-packets"
    assert http_client.put(address, content=b"{rate").status_code == 400
    assert http_client.put(address, content=b"1" * 100_000).status_code == 400
    assert cam.troubles.active == ()


def test_other_methods_do_nothing(http_client: Client, cam: Camera) -> None:
    assert http_client.request("POST", f"{ROOT}/0/troubles/unplug").status_code == 405
    assert http_client.get(f"{ROOT}/0/troubles/unplug").status_code == 405
    assert cam.troubles.active == ()


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}]
)
def test_pages_of_strangers_are_refused(http_client: Client, cam: Camera, headers: dict[str, str]) -> None:
    answer = http_client.put(f"{ROOT}/0/troubles/unplug", headers=headers)
    assert answer.status_code == 403
    assert cam.troubles.active == ()
