"""``fullwell fault``, against a server as users start it."""

from __future__ import annotations

import json
import re

import pytest

from cli.test_serve import first_address
from fullwell.twin.trouble_table import TROUBLES


@pytest.fixture
def address(start) -> str:
    process = start(
        *("serve", "twin:qhy600-pro", "--port", 0, "--no-discovery", "--scene", "dark"),
    )
    return first_address(process)


def test_the_table_is_told(run):
    done = run("fault", "list")
    assert done.exit_code == 0
    for trouble in TROUBLES:
        assert re.search(rf"^{trouble.name}  \({trouble.part}\)$", done.stdout, re.M)
    told = json.loads(run("fault", "list", "--json").stdout)
    assert [each["name"] for each in told] == [each.name for each in TROUBLES]


def test_help_teaches(run):
    told = run("fault", "--help").stdout
    assert "fullwell fault set 0 unplug --for 60" in told


def test_set_show_clear(run, address):
    port = address.rpartition(":")[2]
    done = run("fault", "set", "0", "lost-packets", "--rate", "0.25", "--port", port)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "on: lost-packets --rate 0.25" in done.stderr
    done = run("fault", "set", f"{address}/0", "torn-frames", "--seam=0.3", "--for", "600")
    assert done.exit_code == 0
    told = json.loads(run("fault", "show", f"{address}/0", "--json").stdout)
    assert told["connected"]
    assert {each["name"]: each["parameters"] for each in told["troubles"]} == {
        "lost-packets": {"rate": 0.25},
        "torn-frames": {"rate": 0.05, "seam": 0.3},
    }
    assert "on: lost-packets --rate 0.25" in run("fault", "show", "0", "--port", port).stdout
    assert "off: lost-packets" in run("fault", "clear", "0", "lost-packets", "--port", port).stderr
    assert "off: torn-frames" in run("fault", "clear", "0", "--port", port).stderr
    assert "nothing was on" in run("fault", "clear", "0", "--port", port).stderr
    for wrong, words in (
        (("set", "0", "unplugg"), "Did you mean 'unplug'"),
        (("set", "0", "lost-packets", "--rate", "2"), "outside 0 to 1"),
        (("set", "0", "lost-packets", "--rate", "much"), "must be a number, not 'much'"),
        (("set", "0", "lost-packets", "--rate", "nan"), "must be a number, not 'nan'"),
        (("set", "9", "unplug"), "no camera '9'"),
    ):
        done = run("fault", *wrong, "--port", port)
        assert done.exit_code == 1
        assert words in done.stderr


def test_nobody_answers(run):
    done = run("fault", "show", "http://127.0.0.1:9/0")
    assert done.exit_code == 1
    assert "nobody answers" in done.stderr
    assert "urlopen" not in done.stderr
    assert "fullwell serve" in done.stderr
