"""Programs that use the library, on a twin."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dropin.rig import Engine
from serve.sdk.programs import program


@pytest.mark.requirement("A2")
def test_a_single_frame(engine: Callable[..., Engine]) -> None:
    out = program(
        engine("twin:qhy600-pro", "--instant", "--scene", "uniform"),
        """
        h = first()
        assert q.SetQHYCCDStreamMode(h, 0) == 0 and q.InitQHYCCD(h) == 0
        assert q.SetQHYCCDParam(h, 8, 10000.0) == 0
        assert q.SetQHYCCDResolution(h, 24, 34, 64, 48) == 0
        assert q.ExpQHYCCDSingleFrame(h) == 0
        result, image, words = fetch(q.GetQHYCCDSingleFrame, h, (48, 64), np.uint16)
        assert (result, words) == (0, [64, 48, 16, 1]), (result, words)
        assert image.std() > 0
        assert fetch(q.GetQHYCCDSingleFrame, h, (48, 64), np.uint16)[0] == ERROR
        assert q.CloseQHYCCD(h) == 0
        assert q.GetQHYCCDParam(h, 14) == 4294967295.0
        print("done")
        """,
    )
    assert out == "done\n"


def test_live_frames_are_all_different(engine: Callable[..., Engine]) -> None:
    out = program(
        engine("twin:qhy42-pro", "--scene", "dark"),
        """
        h = first()
        q.SetQHYCCDReadMode(h, 1)
        assert q.SetQHYCCDStreamMode(h, 1) == 0 and q.InitQHYCCD(h) == 0
        q.SetQHYCCDBitsMode(h, 16)
        q.SetQHYCCDResolution(h, 0, 0, 128, 64)
        q.SetQHYCCDParam(h, 8, 1000.0)
        assert fetch(q.GetQHYCCDLiveFrame, h, (64, 128), np.uint16)[0] == ERROR
        assert q.BeginQHYCCDLive(h) == 0
        seen = set()
        end = time.monotonic() + 20
        while len(seen) < 5 and time.monotonic() < end:
            result, image, words = fetch(q.GetQHYCCDLiveFrame, h, (64, 128), np.uint16)
            if result == 0:
                assert words == [128, 64, 16, 1], words
                seen.add(image.tobytes())
            else:
                time.sleep(0.001)
        assert len(seen) == 5
        assert q.StopQHYCCDLive(h) == 0
        print("done")
        """,
    )
    assert out == "done\n"


def test_a_camera_belongs_to_one_process(engine: Callable[..., Engine]) -> None:
    """As on a USB bus: others see it, but cannot open it until its owner is gone."""
    running = engine("twin:qhy600-pro", "--instant", "--scene", "dark")
    out = program(
        running,
        """
        import subprocess
        h = first()
        text = "\\n".join((
            "import ctypes",
            "q = ctypes.CDLL('libqhyccd.so.20')",
            "q.OpenQHYCCD.restype = ctypes.c_void_p",
            "q.InitQHYCCDResource()",
            "name = ctypes.create_string_buffer(64)",
            "q.GetQHYCCDId(0, name)",
            "print(q.ScanQHYCCD(), q.OpenQHYCCD(name))",
        ))
        print(subprocess.run([sys.executable, "-c", text], capture_output=True, text=True).stdout, end="")
        """,
    )
    assert out == "1 None\n"
    assert "done" in program(running, "first(); print('done')")


def test_a_child_after_fork_has_nothing_open(engine: Callable[..., Engine]) -> None:
    out = program(
        engine("twin:qhy600-pro", "--instant", "--scene", "dark"),
        """
        import os
        h = first()
        child = os.fork()
        if child == 0:
            os._exit(0 if q.GetQHYCCDParam(h, 14) == 4294967295.0 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert q.GetQHYCCDParam(h, 14) == 20.0
        print("done")
        """,
    )
    assert out == "done\n"


def test_the_header_compiles_and_links(engine: Callable[..., Engine], library: Path, tmp_path: Path) -> None:
    source = tmp_path / "main.c"
    source.write_text(
        "#include <qhyccd.h>\n#include <stdio.h>\n"
        "int main(void) { uint32_t y, m, d, s; InitQHYCCDResource();"
        "GetQHYCCDSDKVersion(&y, &m, &d, &s);"
        'printf("%u.%u.%u.%u %u\\n", y, m, d, s, ScanQHYCCD()); return 0; }\n'
    )
    target = tmp_path / "main"
    include = library.parents[1] / "include"
    subprocess.run(
        ["cc", "-Wall", "-Werror", f"-I{include}", "-o", target, source, f"-L{library.parent}", "-lqhyccd"],
        check=True,
    )
    assert engine("twin:qhy600-pro", "--instant", "--scene", "dark").run(str(target)) == "26.6.4.16 1\n"
