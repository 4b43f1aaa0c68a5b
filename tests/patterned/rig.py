"""Camera, server and client in one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fullwell.camera.engine import Camera
from fullwell.serve.alpaca import AlpacaServer
from patterned.device import PatternDevice
from patterned.wire import Wire


@contextlib.contextmanager
def client_of(device: PatternDevice) -> Iterator[Wire]:
    """The only client of a server of the only camera."""
    with Camera(device) as camera, AlpacaServer([camera]) as server, Wire(server.address) as wire:
        yield wire
