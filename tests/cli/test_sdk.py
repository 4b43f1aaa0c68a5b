"""``fullwell sdk``: what it says where something is missing or makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run",), "there is no program to run"),
        (("run", "--", "./nothing"), "there is no program './nothing' that can be run"),
        (
            ("run", "--camera", "qhyccd:QHY600M-1", "--", "true"),
            "only twins can be on this bus, not qhyccd:QHY600M-1",
        ),
        (
            ("trace", "--library", "vendor", "--seed", "4", "--scene", "sky", "--", "true"),
            "--scene, --seed can be chosen only for twins, but --library is vendor",
        ),
        (("calls", "run.trace", "--function", "GetQHYCCDPara"), "Did you mean 'GetQHYCCDParam'"),
        (
            ("trace", "-o", "nowhere/run.trace", "--", "true"),
            "run.trace cannot be written: No such file or directory.",
        ),
        (("build", "--folder", "taken/sdk"), "taken/sdk cannot be written: Not a directory."),
    ],
)
def test_what_cannot_be_done_is_told(run, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    (tmp_path / "taken").touch()
    done = run("sdk", *words)
    assert done.exit_code == 1
    assert told in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_an_environment_without_its_library_is_told_with_the_remedy(run) -> None:
    done = run("sdk", "env", "--folder", "nowhere")
    assert done.exit_code == 0
    assert 'export LD_LIBRARY_PATH="nowhere/lib' in done.stdout
    assert "there is no libqhyccd.so.20 in nowhere/lib yet.\n  Make it: fullwell sdk build" in done.stderr


@pytest.mark.parametrize(("words", "given"), [((), "it is nothing"), (("maybe",), "it is 'maybe'")])
def test_a_quirk_is_switched_on_or_off(run, words: tuple[str, ...], given: str) -> None:
    done = run("sdk", "quirk", "zero-frames", *words)
    assert done.exit_code == 2
    assert f"{given}; say on or off: fullwell sdk quirk zero-frames on" in " ".join(done.stderr.split())
