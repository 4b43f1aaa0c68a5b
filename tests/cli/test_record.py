"""``fullwell record`` and ``fullwell repair`` as users run them."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from astropy.io import fits

SMALL = ("twin:qhy42-pro", "--scene", "flat", "--roi", "0,0,128,96", "--exposure", "0.01", "--seed", "3")


def test_paths_go_to_standard_output(run, tmp_path):
    done = run("record", *SMALL, "--instant", "--frames", 3, "--out", "a.fits")
    assert done.exit_code == 0
    assert done.stdout.split() == ["a_0001.fits", "a_0002.fits", "a_0003.fits"]
    assert "3 frames recorded" in done.stderr
    assert "none lost" in done.stderr
    assert all(fits.getdata(tmp_path / name).shape == (96, 128) for name in done.stdout.split())


def test_a_cube_and_a_second_look(run, tmp_path):
    assert (
        run("record", *SMALL, "--instant", "--duration", 0.2, "--format", "cube", "--out", "a.fits").exit_code
        == 0
    )
    frames = fits.getdata(tmp_path / "a.fits").shape[0]
    assert frames >= 19
    again = run("repair", "a.fits")
    assert again.exit_code == 0
    assert f"nothing to do, {frames} frames" in again.stderr
    assert run("record", *SMALL, "--instant", "--frames", 1, "--format", "cube", "--out", "a.fits").exit_code == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--format", "avi"), "Known: fits, cube, ser"),
        (("--format", "ser", "--compress"), "cannot be compressed"),
        (("--format", "ser", "--bin", 2, "--roi", "0,0,64,64", "--out", "a.ser"), "at most 16 bits"),
        (("--out", "missing/a.fits"), "mkdir -p missing"),
        (("--pre-trigger", 1, "--trigger", "25:00:00"), "no trigger '25:00:00'"),
        (("--pre-trigger", 1, "--trigger", "2020-01-01T00:00:00"), "is past"),
        (("--pre-trigger", 1e9), "of memory are free"),
        (("--duration", 0), "not above 0"),
        (("--trigger", "step"), "Add --pre-trigger"),
    ],
)
def test_what_is_refused(run, tmp_path, options, message):
    done = run("record", *SMALL, "--instant", "--frames", 1, *options)
    assert done.exit_code == 1
    assert message in done.stderr
    assert "press Enter" not in done.stderr
    assert not list(tmp_path.iterdir())


def wait_for_log(folder: Path) -> Path:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        for path in folder.glob("*.jsonl"):
            if '"recorded"' in path.read_text():
                return path
        time.sleep(0.05)
    raise AssertionError("nothing was recorded in a minute")


def test_ctrl_c_ends_an_open_recording_in_good_order(start, tmp_path):
    process = start("record", *SMALL, "--format", "ser", "--out", "a.ser")
    wait_for_log(tmp_path)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert stdout.split() == ["a.ser"]
    assert "none lost" in stderr


def test_a_killed_recording_is_repaired(start, run, tmp_path):
    process = start("record", *SMALL, "--frames", 100_000, "--format", "ser", "--out", "a.ser")
    wait_for_log(tmp_path)
    process.kill()
    process.wait(timeout=60)
    done = run("repair", ".")
    assert done.exit_code == 0
    assert done.stdout.split() == ["a.ser"]
    assert "saved beyond the last sync" in done.stderr


def test_the_key_of_a_pre_trigger(start, tmp_path):
    """Enter ends the waiting; here it comes from a pipe."""
    options = ("--pre-trigger", 0.5, "--duration", 0.3, "--format", "ser", "--out", "a.ser")
    process = start("record", *SMALL, *options, stdin=-1)
    stdout, stderr = process.communicate("\n", timeout=120)
    assert process.returncode == 0, stderr
    assert "press Enter" in stderr
    assert stdout.split() == ["a.ser"]
