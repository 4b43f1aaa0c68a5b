"""The same calls on the vendor's library and on ours: every difference has its reason."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from dropin.rig import EXPORTS, Engine, Oracle

HERE = Path(__file__).parent
CAMERAS = {"qhy600-pro": ("c601", 11), "qhy268m-pro": ("c269", 7), "qhy42-pro": ("4203", 2)}
CASES = [
    (camera, stream, mode) for camera, (_, modes) in CAMERAS.items() for stream in (0, 1) for mode in range(modes)
]


def explained(step: dict[str, object]) -> str | None:
    """Why a step may differ, from ``explained.toml``."""
    words = f"{step['stage']}: {step['call']}{step['with']} {step['label']}"
    for reason in tomllib.loads((HERE / "explained.toml").read_text(encoding="utf-8"))["difference"]:
        if re.fullmatch(reason["step"], words):
            return str(reason["why"])
    return None


@pytest.mark.slow
@pytest.mark.parametrize(("camera", "stream", "mode"), CASES)
def test_no_unexplained_difference(
    oracle: Oracle, engine: Callable[..., Engine], camera: str, stream: int, mode: int
) -> None:
    usb_id, _ = CAMERAS[camera]
    script = (sys.executable, str(HERE / "call_script.py"))
    rest = (str(EXPORTS), str(stream), str(mode))
    vendor = [json.loads(line) for line in oracle.run(usb_id, *script, str(oracle.library), *rest).splitlines()]
    running = engine(
        f"twin:{camera}", "--instant", "--scene", "dark", "--link", "fibre" if "600" in camera else "usb3"
    )
    ours = [json.loads(line) for line in running.run(*script, "libqhyccd.so.20", *rest).splitlines()]
    assert [(step["call"], step["with"]) for step in ours] == [(step["call"], step["with"]) for step in vendor]
    differences = [
        (theirs, mine)
        for theirs, mine in zip(vendor, ours, strict=True)
        if (theirs["result"], theirs["written"]) != (mine["result"], mine["written"]) and not explained(theirs)
    ]
    assert not differences, differences[:5]
