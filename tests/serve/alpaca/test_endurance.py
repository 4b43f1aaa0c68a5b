"""Endurance: memory, and other requests during a download."""

from __future__ import annotations

import gc
import resource
import socket
import threading
import time
from pathlib import Path

import pytest

from patterned.device import PatternDevice, small
from patterned.rig import client_of
from patterned.wire import CLIENT, TRANSACTION, Wire

IDS = f"ClientID={CLIENT}&ClientTransactionID={TRANSACTION}"


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_memory_does_not_grow() -> None:
    """100 exposures and downloads of 1.9 MB: with one frame kept each it would be 190 MB."""
    device = PatternDevice(small("qhy600-pro", 1200, 800))
    device.read_ns = 0
    with client_of(device) as wire:

        def use(times: int) -> int:
            for _ in range(times):
                assert wire.expose(0.0001).image.shape == (1200, 800)
            gc.collect()
            return resident_bytes()

        before = use(20)
        growth = use(100) - before
    assert growth < 20e6


@pytest.mark.parametrize("media", ["application/imagebytes", "application/json"])
def test_others_are_answered_during_a_download(media: str) -> None:
    """A client that reads an image of 48 MB slowly holds nobody up.

    A server that answers one after another would let the others wait for the whole download; a quarter of it is
    the bound here, because tests share their processors with others. `python -m bench.alpaca` has the figure.
    """
    with client_of(PatternDevice(small("qhy600-pro", 6000, 4000))) as wire:
        wire.expose(0.001)
        done = threading.Event()
        download = threading.Thread(target=read_slowly, args=(wire, media, done))
        waits: list[float] = []
        download.start()
        begin = time.perf_counter()
        while not done.is_set():
            asked = time.perf_counter()
            wire.read("CameraState")
            waits.append(time.perf_counter() - asked)
        whole = time.perf_counter() - begin
        download.join()
    assert len(waits) > 20
    assert max(waits) < whole / 4


def read_slowly(wire: Wire, media: str, done: threading.Event) -> None:
    with socket.create_connection((wire.http.host, wire.http.port)) as slow:
        slow.sendall(
            f"GET {wire.base}imagearray?{IDS} HTTP/1.1\r\nHost: localhost\r\nAccept: {media}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        received = 0
        while piece := slow.recv(1 << 20):
            received += len(piece)
            time.sleep(0.005)
        assert received > 48e6
    done.set()
