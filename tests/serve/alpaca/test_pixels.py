"""Pixels: regions, binning, word depth, two images side by side, and the numbers that describe them."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from fullwell.camera.engine import Camera
from fullwell.camera.frame import FrameFormat
from fullwell.models.facts import Window
from fullwell.serve.alpaca import AlpacaServer
from patterned.device import PatternDevice, pattern, small
from patterned.rig import client_of
from patterned.wire import CLIENT, TRANSACTION, Wire

IDS = f"ClientID={CLIENT}&ClientTransactionID={TRANSACTION}"


def regions(seed: int, bin_: int, count: int) -> list[tuple[int, int, int, int]]:
    chance = np.random.default_rng(seed)
    width, height = 90 // bin_, 61 // bin_
    found = [(0, 0, width, height), (width - 1, height - 1, 1, 1)]
    for _ in range(count):
        x, y = int(chance.integers(width)), int(chance.integers(height))
        found.append((x, y, int(chance.integers(1, width - x + 1)), int(chance.integers(1, height - y + 1))))
    return found


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("bin_", [1, 2, 3, 4])
def test_every_pixel_of_regions_and_bins(wire: Wire, bin_: int, bits: int) -> None:
    assert wire.put("Action", Action="Bits", Parameters=str(bits)).value == str(bits)
    for x, y, width, height in regions(bin_, bin_, 6):
        wire.choose(bin_, x, y, width, height)
        reply = wire.expose(0.001)
        frame = FrameFormat(Window(x * bin_, y * bin_, width * bin_, height * bin_), bin_, bits)
        word = {np.uint8: 6, np.uint16: 8, np.uint32: 2}[frame.dtype.type]
        assert reply.image_header[5:] == (2, word, 2, width, height, 0)
        np.testing.assert_array_equal(reply.image, pattern(frame).T)
    wire.put("Action", Action="Bits", Parameters="16")


@pytest.mark.parametrize("bin_", [1, 2])
def test_two_images_side_by_side(bin_: int) -> None:
    """The HDR mode of the 42: both images, each with the region that was asked for."""
    with (
        Camera(PatternDevice(small("qhy42-pro"))) as camera,
        AlpacaServer([camera]) as server,
        Wire(server.address) as wire,
    ):
        wire.set("ReadoutMode", wire.read("ReadoutModes").index("HDR"))
        assert wire.read("CameraXSize") == 180
        wire.choose(bin_, 5, 7, 2 * 20, 11)
        image = wire.expose(0.001).image
        frame = FrameFormat(Window(5 * bin_, 7 * bin_, 20 * bin_, 11 * bin_), bin_)
        np.testing.assert_array_equal(image, pattern(frame, chains=2).T)
        wire.set("NumX", 39)
        assert wire.put("StartExposure", Duration=0.01, Light=True).error == 0x401
        for mode, size in (("STD high gain", 90), ("HDR", 180)):
            wire.set("ReadoutMode", wire.read("ReadoutModes").index(mode))
            assert wire.read("CameraXSize") == size
            assert wire.read("NumX") == size // bin_ // (size // 90) * (size // 90)


def test_dark_frames_are_taken_too(wire: Wire) -> None:
    """There is no shutter: Light makes no difference to the pixels."""
    assert wire.read("HasShutter") is False
    np.testing.assert_array_equal(wire.expose(0.001, light=False).image, wire.expose(0.001, light=True).image)


def test_an_image_stays_what_it_was_while_the_next_is_taken(fresh: tuple[PatternDevice, Wire]) -> None:
    """Buffers are used again, but never one that a client still reads."""
    _, wire = fresh
    expected = wire.expose(0.001).image
    with socket.create_connection((wire.http.host, wire.http.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        slow.sendall(f"GET {wire.base}imagearray?{IDS} HTTP/1.1\r\nHost: localhost\r\n".encode())
        slow.sendall(b"Accept: application/imagebytes\r\nConnection: close\r\n\r\n")
        for number in range(1, 5):
            wire.choose(1, number, 0, 80, 61)
            wire.expose(0.001)
        received = b"".join(iter(lambda: slow.recv(65536), b""))
    body = received.partition(b"\r\n\r\n")[2]
    np.testing.assert_array_equal(np.frombuffer(body, np.uint16, offset=44).reshape(90, 61), expected)


def test_max_adu_follows_word_depth_and_binning(wire: Wire) -> None:
    for bits, full in ((16, 65535), (8, 255)):
        wire.put("Action", Action="Bits", Parameters=str(bits))
        for bin_ in (1, 2, 4):
            wire.set("BinX", bin_)
            assert wire.read("MaxADU") == full * bin_**2
    wire.put("Action", Action="Bits", Parameters="16")


def test_max_adu_of_a_shorter_adc() -> None:
    """12 bits moved to the upper end of 16: the largest count is 4095 x 16."""
    with (
        Camera(PatternDevice(small("qhy42-pro"))) as camera,
        AlpacaServer([camera]) as server,
        Wire(server.address) as wire,
    ):
        assert wire.read("MaxADU") == 4095 * 16
        wire.put("Action", Action="Bits", Parameters="12")
        assert wire.read("MaxADU") == 4095


@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
def test_gain_and_full_well_are_those_of_the_facts(key: str) -> None:
    model = small(key)
    with client_of(PatternDevice(model)) as wire:
        names = wire.read("ReadoutModes")
        assert names == [mode.name for mode in model.modes if "usb3" in mode.links]
        for gain in (0, 25, 26, 60, 100):
            wire.set("Gain", gain)
            for index, name in enumerate(names):
                wire.set("ReadoutMode", index)
                assert wire.read("Gain") == gain
                mode = model.mode(name)
                points = [chain.curve.at(gain) for chain in mode.chains]
                counts_per_adc_count = 2 ** (16 - mode.chains[0].adc_bits)
                assert wire.read("ElectronsPerADU") * counts_per_adc_count == pytest.approx(points[0].e_per_dn)
                assert wire.read("FullWellCapacity") == max(point.full_well_e for point in points)
        wire.set("BinX", 2)
        assert wire.read("FullWellCapacity") == 4 * max(point.full_well_e for point in points)
        assert wire.read("ElectronsPerADU") * counts_per_adc_count == pytest.approx(points[0].e_per_dn)


def test_a_change_of_mode_keeps_gain_and_offset(fresh: tuple[PatternDevice, Wire]) -> None:
    """The vendor's own driver resets both, and frames are lost to it."""
    device, wire = fresh
    wire.set("Gain", 61)
    wire.set("Offset", 77)
    wire.choose(1, 3, 4, 10, 12)
    for index in range(len(wire.read("ReadoutModes"))):
        wire.set("ReadoutMode", index)
        assert wire.read("ReadoutMode") == index
        wire.expose(0.001)
        assert (wire.read("Gain"), wire.read("Offset")) == (61, 77)
        assert (device._values["gain"], device._values["offset"]) == (61, 77)
        assert [wire.read(name) for name in ("StartX", "StartY", "NumX", "NumY")] == [3, 4, 10, 12]


@pytest.mark.parametrize("bad", [-1, 99])
def test_impossible_modes(wire: Wire, bad: int) -> None:
    assert wire.put("ReadoutMode", ReadoutMode=bad).error == 0x401


def test_modes_of_another_cable_are_not_offered() -> None:
    model = small("qhy600-pro")
    with (
        Camera(PatternDevice(model, link="fibre")) as camera,
        AlpacaServer([camera]) as server,
        Wire(server.address) as wire,
    ):
        assert len(wire.read("ReadoutModes")) == len(model.modes)
    with (
        Camera(PatternDevice(model, link="usb3")) as camera,
        AlpacaServer([camera]) as server,
        Wire(server.address) as wire,
    ):
        assert len(wire.read("ReadoutModes")) < len(model.modes)


def test_region_in_use_survives_a_change_of_gain(wire: Wire) -> None:
    wire.choose(2, 3, 4, 10, 12)
    wire.expose(0.001)
    wire.set("Gain", 26)
    assert wire.expose(0.001).image.shape == (10, 12)
