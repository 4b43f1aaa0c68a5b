"""``fullwell pins``: table, JSON, dump and picture."""

from __future__ import annotations

import json

from PIL import Image


def test_without_a_mode_it_tells_the_modes(run):
    done = run("pins", "twin:qhy600-pro")
    assert done.exit_code == 0
    assert "led-calibration" in done.stdout
    assert len(done.stdout.splitlines()) == 8


def test_all_edges_as_json(run):
    done = run(
        "pins", "twin:qhy42-pro", "--gpio", "five-pin", "--exposure", 0.001, "--roi", "0,0,64,32", "--json"
    )
    told = json.loads(done.stdout)
    (shutter,) = [pin for pin in told["pins"] if pin["pin"] == "GPIO1"]
    rises, falls = shutter["edges_ns"][0::2], shutter["edges_ns"][1::2]
    assert [fall - rise for rise, fall in zip(rises, falls, strict=True)] == [49 * 20_300] * 3
    assert "exposure 0.9947 ms" in told["title"]


def test_dump_and_picture(run, tmp_path):
    done = run("pins", "twin:qhy268m-pro", "--gpio", 6, "--led", "0,500", "--vcd", "a.vcd", "--plot", "a.png")
    assert done.stdout.split() == ["a.vcd", "a.png"]
    assert "led" in done.stderr
    assert (tmp_path / "a.vcd").read_text().count("$var wire") == 4
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 1000
    again = run("pins", "twin:qhy268m-pro", "--gpio", 6, "--plot", "a.png")
    assert again.exit_code == 1
    assert "a.png" in again.stderr


def test_wrong_usage_is_told(run):
    assert run("pins", "twin:qhy42-pro", "--gpio", 6).exit_code == 1
    assert "REG39[3:0] = 6 is undefined" in run("pins", "twin:qhy42-pro", "--gpio", 6).stderr
    assert run("pins", "twin:qhy42-pro", "--gpio", 2, "--led", "soon").exit_code == 2
