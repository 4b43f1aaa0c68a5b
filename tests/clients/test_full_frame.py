"""A full frame of 61 Mpx within the limits of the conformance program: 10 s for each step."""

from __future__ import annotations

import time

import numpy as np
import pytest

import fullwell
from fullwell.scene import Uniform
from fullwell.serve.alpaca import AlpacaServer
from patterned.wire import BYTES, JSON, Wire

LIMIT_S = 10.0


@pytest.mark.slow
@pytest.mark.requirement("A1")
def test_full_frame() -> None:
    with (
        fullwell.open("twin:qhy600-pro", scene=Uniform(20.0), seed=3) as camera,
        AlpacaServer([camera]) as server,
        Wire(server.address) as wire,
    ):
        wire.choose(1, 0, 0, 64, 64)
        wire.write("StartExposure", Duration=0.01, Light=True)  # the very first frame compiles its kernels
        wire.until(lambda: wire.read("ImageReady"), 300)
        wire.choose(1, 0, 0, 9576, 6388)
        wire.write("StartExposure", Duration=2.0, Light=True)
        wire.until(lambda: wire.read("CameraState") != 2, LIMIT_S)
        wire.until(lambda: wire.read("CameraState") == 0, LIMIT_S)
        assert wire.read("ImageReady") is True
        assert wire.read("LastExposureDuration") == pytest.approx(2.0, rel=0.02)
        replies = {}
        for member, headers in (("ImageArray", BYTES), ("ImageArrayVariant", BYTES), ("ImageArray", JSON)):
            begin = time.monotonic()
            replies[member, headers["Accept"]] = wire.get(member, headers)
            assert time.monotonic() - begin < LIMIT_S
    image, variant, text = replies.values()
    assert image.image.shape == (9576, 6388)
    np.testing.assert_array_equal(image.image, variant.image)
    first_column = text.body.partition(b'"Value":[')[2].partition(b"]")[0].lstrip(b"[")
    np.testing.assert_array_equal(np.array(first_column.split(b","), np.uint16), image.image[0])
