"""What depends on the camera itself, compared with the vendor's library on equal terms."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropin.rig import Engine, Oracle
from fullwell.models.sdk import load_sdk
from fullwell.serve.sdk.camera_frames import row_end_us
from serve.sdk.apart_script import ROWS
from serve.sdk.test_oracle import CAMERAS

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("apart_script.py")
PRECISE, FRAME_BYTES = 0xD5, 0xBC
"""Control requests: block of timing numbers, bytes that wait in the camera."""
LINE_NS = 24_813
TOLD = (13_889, LINE_NS, 170_000, 1_800, 6_500, 20_000)
FILL = 0x1111
"""Every pixel that the simulated USB sends."""
LAW_CASES = [
    (camera, stream, mode, top)
    for camera, modes in (
        ("qhy600-pro", (0, 1, 3, 8, 9)),
        ("qhy268m-pro", (0, 3, 4, 5, 6)),
        ("qhy42-pro", (0, 1)),
    )
    for stream in (0, 1)
    for mode in modes
    for top in (0, 35)
]


def vendor(oracle: Oracle, camera: str, *words: object, replies: dict[int, bytes] | None = None) -> Any:
    script = (sys.executable, str(SCRIPT), str(oracle.library), *map(str, words))
    return json.loads(oracle.run(CAMERAS[camera][0], *script, replies=replies))


@pytest.mark.parametrize(("camera", "stream", "mode", "top"), LAW_CASES)
def test_rows_end_by_the_vendors_law(oracle: Oracle, camera: str, stream: int, mode: int, top: int) -> None:
    """A simulated camera tells its line period; the library then tells when rows end, by our law."""
    block = struct.pack(">6I", *TOLD) + bytes(40)
    told = vendor(oracle, camera, "timing", stream, mode, 24, top, replies={PRECISE: block})
    assert told["precise"] == list(TOLD)
    ours = [row_end_us(load_sdk(camera), mode, top + row, LINE_NS / 1000) for row in ROWS]
    np.testing.assert_allclose(told["offsets_us"], ours, rtol=0, atol=1e-6)


def test_gain_in_db(oracle: Oracle, engine: Callable[..., Engine]) -> None:
    """All 201 settings: we keep some of them, and the ratio of amplitudes goes straight from one to the next."""
    theirs = vendor(oracle, "qhy600-pro", "gains")
    running = engine("twin:qhy600-pro", "--instant", "--scene", "dark")
    ours = json.loads(running.run(sys.executable, str(SCRIPT), "libqhyccd.so.20", "gains"))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.005)


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize(
    ("factor", "width", "height"), [(1, 640, 480), (2, 320, 240), (3, 208, 160), (4, 160, 120)]
)
def test_single_frames(
    oracle: Oracle, engine: Callable[..., Engine], factor: int, width: int, height: int, bits: int
) -> None:
    """Size, depth, and the rule by which binned pixels are summed and saturate."""
    waiting = struct.pack(">I", width * height * factor**2 * 2)
    words = ("single", factor, bits, width, height)
    theirs = vendor(oracle, "qhy600-pro", *words, replies={FRAME_BYTES: waiting})
    running = engine("twin:qhy600-pro", "--instant", "--scene", "dark")
    ours = json.loads(running.run(sys.executable, str(SCRIPT), "libqhyccd.so.20", *map(str, words)))
    assert (ours["answers"], ours["words"]) == (theirs["answers"], theirs["words"])
    assert ours["beyond"] == theirs["beyond"] == 0
    pixel = FILL & 0xFF if bits == 8 else FILL
    assert theirs["pixels"] == [min(pixel * factor**2, 2**bits - 1)] * 2


def test_pictures_of_pictures(oracle: Oracle, engine: Callable[..., Engine]) -> None:
    """Even levels are the vendor's, here and there one step apart; its histogram picture is left as it was."""
    theirs = vendor(oracle, "qhy600-pro", "pictures")
    running = engine("twin:qhy600-pro", "--instant", "--scene", "dark")
    ours = json.loads(running.run(sys.executable, str(SCRIPT), "libqhyccd.so.20", "pictures"))
    assert theirs["histograms"] == ours["histograms"] == [[165]] * len(ours["histograms"])
    for mine, vendors in zip(ours["equalized"], theirs["equalized"], strict=True):
        np.testing.assert_allclose(mine, vendors, rtol=0, atol=1)
        assert np.mean(np.equal(mine, vendors)) > 0.99
