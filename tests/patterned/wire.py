"""A plain HTTP client that shows everything that crossed the wire."""

from __future__ import annotations

import http.client
import json
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

CLIENT, TRANSACTION = 123456, 67890
JSON = {"Accept": "application/json"}
BYTES = {"Accept": "application/imagebytes, application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WORDS = {2: np.int32, 6: np.uint8, 8: np.uint16}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def json(self) -> dict[str, Any]:
        assert "application/json" in self.media, (self.status, self.body[:200])
        return json.loads(self.body)

    @property
    def value(self) -> Any:
        assert self.status == 200, (self.status, self.body[:200])
        assert self.json["ErrorNumber"] == 0, self.json
        return self.json["Value"]

    @property
    def error(self) -> int:
        assert self.status == 200, (self.status, self.body[:200])
        number = self.json["ErrorNumber"]
        assert bool(number) == bool(self.json["ErrorMessage"])
        return number

    @property
    def image_header(self) -> tuple[int, ...]:
        assert self.media == "application/imagebytes", (self.media, self.body[:200])
        return struct.unpack("<iiIIiiiiiii", self.body[:44])

    @property
    def image(self) -> np.ndarray:
        """The picture as [x, y], straight from the bytes."""
        header = self.image_header
        return np.frombuffer(self.body, WORDS[header[6]], offset=header[4]).reshape(header[8], header[9])


class Wire:
    """One device on one kept-alive connection."""

    def __init__(self, address: str, device: str = "camera/0", client: int | None = CLIENT) -> None:
        self.base = f"/api/v1/{device}/"
        self.address, self.client = address, client
        self.http = http.client.HTTPConnection(address, timeout=20)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        self.http.request(method, path, body, headers or {})
        answer = self.http.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def ids(self) -> list[tuple[str, object]]:
        client = [] if self.client is None else [("ClientID", self.client)]
        return [*client, ("ClientTransactionID", TRANSACTION)]

    def get_raw(
        self, member: str, pairs: list[tuple[str, object]], headers: dict[str, str] | None = None
    ) -> Reply:
        return self.send("GET", f"{self.base}{member.lower()}?{urlencode(pairs)}", None, headers)

    def put_raw(self, member: str, pairs: list[tuple[str, object]]) -> Reply:
        return self.send("PUT", self.base + member.lower(), urlencode(pairs).encode(), FORM)

    def get(self, member: str, headers: dict[str, str] | None = None) -> Reply:
        return self.get_raw(member, self.ids(), headers)

    def put(self, member: str, **parameters: object) -> Reply:
        return self.put_raw(member, [*parameters.items(), *self.ids()])

    def read(self, member: str) -> Any:
        return self.get(member).value

    def write(self, member: str, **parameters: object) -> None:
        reply = self.put(member, **parameters)
        assert reply.error == 0, reply.json

    def set(self, member: str, value: object) -> None:
        self.write(member, **{member: value})

    def connect(self) -> Wire:
        self.set("Connected", True)
        return self

    def until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.005)

    def expose(self, duration_s: float = 0.01, light: bool = True) -> Reply:
        """A whole exposure, and its image."""
        self.write("StartExposure", Duration=duration_s, Light=light)
        self.until(lambda: self.read("ImageReady"))
        return self.get("ImageArray", BYTES)

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Wire:
        return self.connect()

    def __exit__(self, *_: object) -> None:
        self.set("Connected", False)
        self.close()

    def choose(self, bin_: int, x: int, y: int, width: int, height: int) -> None:
        """Set binning and region."""
        for name, value in (("BinX", bin_), ("StartX", x), ("StartY", y), ("NumX", width), ("NumY", height)):
            self.set(name, value)
