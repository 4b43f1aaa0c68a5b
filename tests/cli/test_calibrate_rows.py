"""``fullwell calibrate-rows``: finding, keeping, checking and drawing a calibration."""

from __future__ import annotations

import json
import tomllib

from PIL import Image

QUICK = ("--columns", 64, "--flashes", 4, "--instant")
WINDOW = ("--roi", "0,0,9576,300")


def test_it_tells_the_offset_beside_the_vendors_figure(run):
    done = run("calibrate-rows", "twin:qhy600-pro", *WINDOW, *QUICK)
    assert done.exit_code == 0
    told = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert "= 46 lines + 21." in told["row 0 ends"]
    assert "1811.196 us = 46 lines + 21.520 us" in told["by the vendor"]
    assert "2 rows" in told["exposed together"]


def test_records_are_added_replaced_and_checked(run, tmp_path):
    path = tmp_path / "offsets.toml"
    for more in ((), ("--usb-traffic", 10), ()):
        done = run("calibrate-rows", "twin:qhy600-pro", *WINDOW, *QUICK, *more, "--out", path)
        assert done.stdout.splitlines()[-1] == str(path)
    records = tomllib.loads(path.read_text())["row_offset"]
    assert sorted(record["usb_traffic"] for record in records) == [0, 10]
    fits = run("calibrate-rows", "twin:qhy600-pro", *WINDOW, "--usb-traffic", 10, "--check", path)
    assert fits.exit_code == 0
    assert "ns after the vsync" in fits.stdout
    stale = run("calibrate-rows", "twin:qhy600-pro", *WINDOW, "--usb-traffic", 20, "--live", "--check", path)
    assert stale.exit_code == 1
    assert "USB traffic is 20" in stale.stderr
    assert "stream is live" in stale.stderr


def test_as_json_and_as_a_picture(run, tmp_path):
    words = ("calibrate-rows", "twin:qhy42-pro", "--mode", 1, "--roi", "0,0,2048,300", *QUICK)
    done = run(*words, "--json", "--plot", "fit.png")
    told = json.loads(done.stdout)
    assert abs(told["fit"]["offset_ns"]["value"]) < 1000
    assert told["record"]["conditions"]["mode"] == 1
    with Image.open(tmp_path / "fit.png") as picture:
        assert picture.width > 1000
    again = run(*words, "--plot", "fit.png")
    assert again.exit_code == 1
    assert "fit.png" in again.stderr


def test_wrong_usage_is_told(run):
    done = run("calibrate-rows", "twin:qhy600-pro", *WINDOW, "--columns", 10_000, "--instant")
    assert done.exit_code == 1
    assert "number of columns of 10000 is outside 1 to 9576" in done.stderr
