"""``fullwell doctor``: verdicts for people and programs, a page, and the exit status."""

from __future__ import annotations

import json

from PIL import Image

CAMERA = ("doctor", "twin:qhy268m-pro", "--instant", "--quick")


def test_a_healthy_camera_ends_with_0_and_a_table(run):
    done = run(*CAMERA, "--only", "noise", "--only", "frames")
    assert done.exit_code == 0
    assert ": healthy" in done.stdout.splitlines()[0]
    for subject in ("false frames", "bias level", "read noise", "telegraph noise"):
        assert subject in done.stdout


def test_trouble_ends_with_1_and_a_remedy(run):
    done = run(*CAMERA, "--only", "banding", "--usb-traffic", 30)
    assert done.exit_code == 1
    assert "Periodic bands" in done.stdout
    assert "Set the USB traffic to" in done.stdout


def test_what_cannot_be_told_or_done_ends_with_2(run):
    done = run(*CAMERA, "--only", "gain")
    assert done.exit_code == 2
    assert "--lit" in done.stdout
    wrong = run(*CAMERA, "--only", "heart")
    assert wrong.exit_code == 2
    assert "no examination 'heart'" in wrong.stderr


def test_as_json_as_a_page_and_as_plots(run, tmp_path):
    page, plots = tmp_path / "camera.html", tmp_path / "camera.png"
    words = (*CAMERA, "--only", "noise", "--json", "--html", page, "--plot", plots)
    done = run(*words)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["state"] == "healthy"
    assert {each["subject"] for each in told["verdicts"]} == {"bias level", "read noise", "telegraph noise"}
    assert "read noise" in page.read_text()
    with Image.open(plots) as drawn:
        assert drawn.width > 800
    again = run(*words)
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_an_even_light_gives_the_gain(run):
    done = run(*CAMERA, "--only", "gain", "--lit", "--json")
    assert done.exit_code == 0
    (verdict,) = json.loads(done.stdout)["verdicts"]
    assert verdict["quantities"][0]["name"] == "system gain"
