"""Each quirk on, and off again, while a program runs."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from dropin.rig import Engine
from fullwell.errors import UnknownName
from fullwell.models.sdk.quirks import load_profiles, load_quirks
from fullwell.serve.sdk.quirks import Quirks
from serve.sdk.programs import program

SHOWN: dict[str, tuple[str, str]] = {
    "first-live-frame-lost": (
        """
        h = prepared(1)
        q.SetQHYCCDParam(h, 36, 1.0)
        def run():
            q.BeginQHYCCDLive(h)
            number = stamp(live(h, 1)[0])[0]
            q.StopQHYCCDLive(h)
            return number
        before = run()
        switch(NAME, True)
        skipped = [run()]
        switch(NAME, False)
        skipped += [run()]
        print(skipped[0] - before > 1)
        """,
        "True\n",
    ),
    "stale-ddr-frame": (
        """
        h = prepared(1, exposure_us=50000.0)
        q.SetQHYCCDParam(h, 36, 1.0)
        def age_of_first_s():
            time.sleep(1.5)
            begin = time.time()
            q.BeginQHYCCDLive(h)
            first = live(h, 2)[0].tobytes()
            q.StopQHYCCDLive(h)
            return begin - (int.from_bytes(first[18:22], "big") + 813283200)
        switch(NAME, True)
        age_of_first_s()
        print(age_of_first_s() > 1.4)
        q.SetQHYCCDParam(h, 48, 1.0)
        print(age_of_first_s() > 1.4, age_of_first_s() > 1.4)
        switch(NAME, False)
        print(age_of_first_s() > 1.4)
        """,
        "True\nFalse True\nFalse\n",
    ),
    "zero-frames": (
        """
        h = prepared(0)
        for on in (True, False):
            switch(NAME, on)
            result, image, words = single(h)
            print(result, words, image.any())
        """,
        "0 [64, 48, 16, 1] False\n0 [64, 48, 16, 1] True\n",
    ),
    "timeout-success": (
        """
        h = prepared(0)
        q.SetQHYCCDTrigerFunction(h, ctypes.c_bool(True))
        q.SetQHYCCDSingleFrameTimeOut(h, 100)
        for on in (True, False):
            switch(NAME, on)
            result, image, _ = single(h)
            print(result, image.any())
        """,
        "0 False\n4294967295 False\n",
    ),
    "cable-out": (
        """
        h = prepared(0)
        for on in (True, False):
            switch(NAME, on)
            print(q.ScanQHYCCD(), q.GetQHYCCDParam(h, 14) == 4294967295.0, q.GetQHYCCDParam(h, 8),
                  q.SetQHYCCDParam(h, 6, 10.0) & ERROR, q.ExpQHYCCDSingleFrame(h) & ERROR,
                  q.GetQHYCCDMemLength(h))
        """,
        "0 True 10000.0 4294967295 4294967295 253053600\n1 False 10000.0 0 0 253053600\n",
    ),
    "cable-out-success": (
        """
        h = prepared(0)
        for on in (True, False):
            switch(NAME, on)
            print(q.GetQHYCCDParam(h, 14) == 4294967295.0, q.SetQHYCCDParam(h, 6, 10.0), single(h)[1].any())
        """,
        "True 0 False\nFalse 0 True\n",
    ),
    "init-resets-gain": (
        """
        h = prepared(0)
        def level():
            q.SetQHYCCDParam(h, 8, 1000000.0)
            q.SetQHYCCDResolution(h, 24, 34, 64, 48)
            return single(h)[1].mean()
        q.SetQHYCCDParam(h, 7, 200.0)
        wanted = level()
        for on in (True, False):
            switch(NAME, on)
            q.InitQHYCCD(h)
            lost = level()
            print(q.GetQHYCCDParam(h, 7), abs(lost - wanted) < 50)
            q.SetQHYCCDParam(h, 7, 200.0)
            print(abs(level() - wanted) < 50)
        """,
        "200.0 False\nTrue\n200.0 True\nTrue\n",
    ),
    "bogus-gps-lock": (
        """
        h = prepared(0)
        q.SetQHYCCDParam(h, 36, 1.0)
        for on in (True, False):
            switch(NAME, on)
            image = single(h)[1]
            data = image.tobytes()
            print(stamp(image)[1], int.from_bytes(data[18:22], "big") > 0)
        """,
        "(51, 51, 51) False\n(51, 51, 51) True\n",
    ),
    "torn-frame": (
        """
        h = prepared(1, exposure_us=50000.0)
        def seams():
            # Frames whose halves were taken with different offsets, while the offset is changed once.
            q.SetQHYCCDParam(h, 7, 10.0)
            q.BeginQHYCCDLive(h)
            frames = live(h, 3)
            q.SetQHYCCDParam(h, 7, 250.0)
            frames += live(h, 10)
            q.StopQHYCCDLive(h)
            levels = [(each[:24].mean(), each[24:].mean()) for each in frames]
            assert levels[-1][0] > levels[0][0] + 500, levels
            return sum(abs(upper - lower) > 300 for upper, lower in levels)
        switch(NAME, True)
        print(seams())
        switch(NAME, False)
        print(seams())
        """,
        "1\n0\n",
    ),
    "uvlo": (
        """
        h = prepared(0)
        q.ControlQHYCCDTemp(h, ctypes.c_double(-10.0))
        time.sleep(0.3)
        print(q.GetQHYCCDParam(h, 67), q.GetQHYCCDParam(h, 15) > 0)
        switch(NAME, True)
        print(q.GetQHYCCDParam(h, 67), q.GetQHYCCDParam(h, 15) > 0)
        switch(NAME, False)
        print(q.GetQHYCCDParam(h, 67))
        q.QHYCCDResetFlashULVOError(h)
        print(q.GetQHYCCDParam(h, 67))
        q.QHYCCDTestFlashULVOError(h)
        print(q.GetQHYCCDParam(h, 67))
        """,
        "8.0 True\n9.0 False\n9.0\n8.0\n9.0\n",
    ),
    "burst-off-by-one": (
        """
        h = prepared(1, exposure_us=20000.0)
        q.SetQHYCCDParam(h, 36, 1.0)
        q.EnableQHYCCDBurstMode(h, ctypes.c_bool(True))
        q.SetQHYCCDBurstModePatchNumber(h, 32001)
        q.SetQHYCCDBurstIDLE(h)
        q.BeginQHYCCDLive(h)
        def burst():
            q.SetQHYCCDBurstModeStartEnd(h, 1, 6)
            q.SetQHYCCDBurstIDLE(h)
            q.ReleaseQHYCCDBurstIDLE(h)
            return [stamp(each)[0] for each in live(h, 5, patience_s=3.0)]
        first = burst()
        switch(NAME, True)
        late = burst()
        switch(NAME, False)
        plain = burst()
        print([n - first[-1] - 1 for n in late], [n - late[-1] - 1 for n in plain])
        q.StopQHYCCDLive(h)
        """,
        "[3, 4, 5, 6] [2, 3, 4, 5]\n",
    ),
    "id-36-bytes": (
        """
        q.InitQHYCCDResource()
        for on in (True, False):
            switch(NAME, on)
            room = ctypes.create_string_buffer(b"#" * 64, 64)
            q.GetQHYCCDId(0, room)
            print(64 - bytes(room).count(b"#"))
        """,
        "36\n25\n",
    ),
}
"""By quirk: a program that switches it on and off, and what it prints."""

SWITCH = """
import os
from pathlib import Path
from fullwell.serve.sdk.remote import switch_quirk
NAME = sys.argv[1]
def switch(name, on):
    switch_quirk(Path(os.environ["FULLWELL_SDK_SOCKET"]), name, on)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_a_quirk_shows_and_goes(engine: Callable[..., Engine], name: str) -> None:
    text, expected = SHOWN[name]
    running = engine("twin:qhy600-pro", "--scene", "uniform", "--link", "usb3")
    out = program(running, SWITCH + dedent(text) + '\nswitch("all", False)\n', name)
    assert out == expected


def test_every_quirk_is_shown_and_has_a_source() -> None:
    assert set(SHOWN) == set(load_quirks())
    assert all(each.source and each.what.endswith(".") for each in load_quirks().values())


def test_profiles_and_unknown_names() -> None:
    for profile, names in load_profiles().items():
        assert set(Quirks([profile])) == set(names) <= set(load_quirks())
    assert set(Quirks(["all"])) == set(load_quirks())
    with pytest.raises(UnknownName, match="quirk"):
        Quirks(["nonsense"])
