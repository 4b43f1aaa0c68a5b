"""What arrives is, pixel for pixel, what the camera gave."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.camera.frame import FrameFormat
from fullwell.models.facts import Window
from patterned.device import pattern
from patterned.wire import BYTES, JSON, Wire


@pytest.mark.parametrize("bin_", [1, 2, 3, 4])
def test_full_frame_at_each_binning(wire: Wire, bin_: int) -> None:
    wire.set("BinX", bin_)
    width, height = wire.read("CameraXSize") // bin_, wire.read("CameraYSize") // bin_
    wire.set("NumX", width)
    wire.set("NumY", height)
    reply = wire.expose()
    expected = pattern(FrameFormat(Window(0, 0, width * bin_, height * bin_), bin_))
    assert reply.image_header[:7] == (1, 0, 67890, reply.image_header[3], 44, 2, 8 if bin_ == 1 else 2)
    assert reply.image_header[7:] == (2, width, height, 0)
    np.testing.assert_array_equal(reply.image, expected.T)


def test_json(wire: Wire) -> None:
    bytes_ = wire.expose()
    for member in ("ImageArray", "ImageArrayVariant"):
        reply = wire.get(member, JSON).json
        assert (reply["Type"], reply["Rank"], reply["ErrorNumber"]) == (2, 2, 0)
        np.testing.assert_array_equal(np.array(reply["Value"]), bytes_.image)
        np.testing.assert_array_equal(wire.get(member, BYTES).image, bytes_.image)
