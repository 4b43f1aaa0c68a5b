"""``fullwell verify`` and ``fullwell cameras``: what they print, and their exit status."""

from __future__ import annotations

import json

import pytest

from fullwell.contract import CHECKS
from fullwell.models import keys
from fullwell.qhyccd.bus import usb_cameras, why_none

FEW = ("--only", "identity", "--only", "dark-areas")


def test_verdicts_for_people(run) -> None:
    done = run("verify", "twin:qhy42-pro", "--instant", *FEW)
    assert done.exit_code == 0
    assert "QHY42 Pro" in done.stdout
    assert "1 passed, 0 failed, 1 not applicable" in done.stdout
    assert "its sensor has no such areas." in done.stdout


def test_verdicts_for_scripts(run) -> None:
    told = json.loads(run("verify", "twin:qhy42-pro", "--instant", "--json", *FEW).stdout)
    assert (told["passed"], told["failed"], told["not_applicable"]) == (1, 0, 1)
    assert told["camera"]["model"] == "QHY42 Pro"
    assert [each["name"] for each in told["checks"]] == ["identity", "dark-areas"]


def test_a_failure_is_told_with_its_remedy_and_ends_in_status_1(run, monkeypatch) -> None:
    monkeypatch.setattr("fullwell.twin.device.TwinDevice.start_live", lambda device: None)
    monkeypatch.setattr("fullwell.camera.live.LATE_S", 0.1)
    done = run("verify", "twin:qhy42-pro", "--instant", "--only", "live-complete")
    assert done.exit_code == 1
    assert "1 of 1 checks failed." in done.stderr
    assert "What to do: " in done.stdout


def test_a_wrong_name_is_refused_with_the_right_ones(run) -> None:
    done = run("verify", "twin:qhy42-pro", "--instant", "--only", "abbort")
    assert done.exit_code == 1
    assert "Did you mean 'abort'?" in done.stderr


def test_a_real_camera_is_never_instant(run) -> None:
    assert run("verify", "qhyccd:QHY600M-0", "--instant").exit_code == 2


def test_every_check_says_why_and_what_to_do() -> None:
    for each in CHECKS:
        assert each.why.endswith(".")
        assert each.remedy.endswith(".")
        assert "\n" not in each.why


@pytest.fixture
def no_library(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("FULLWELL_QHYCCD_LIBRARY", str(tmp_path / "libqhyccd.so"))


@pytest.mark.usefixtures("no_library")
def test_cameras_lists_twins_and_says_why_there_is_no_real_one(run) -> None:
    done = run("cameras")
    assert done.exit_code == 0
    for key in keys():
        assert f"twin:{key} " in done.stdout
    assert "libqhyccd.so cannot be loaded" in done.stderr


@pytest.mark.usefixtures("no_library")
def test_cameras_for_scripts(run) -> None:
    told = json.loads(run("cameras", "--json").stdout)
    assert [each["name"] for each in told["cameras"]] == [f"twin:{key}" for key in keys()]
    assert all(each["id"] and each["firmware"] for each in told["cameras"])
    assert told["remedy"].startswith("Set FULLWELL_QHYCCD_LIBRARY")


def test_a_camera_that_may_not_be_opened_is_seen_on_the_bus(tmp_path) -> None:
    """Folders as Linux lays them out; the file of the second device does not exist, so nobody may open it."""
    nodes = tmp_path / "nodes"
    for name, vendor, device in (("1-1", "1618", "4"), ("1-2", "1618", "5"), ("2-1", "046d", "6")):
        folder = tmp_path / "devices" / name
        folder.mkdir(parents=True)
        for file, word in (("idVendor", vendor), ("idProduct", "c601"), ("busnum", "1"), ("devnum", device)):
            (folder / file).write_text(word + "\n")
    (nodes / "001").mkdir(parents=True)
    (nodes / "001" / "004").touch()
    found = usb_cameras(tmp_path / "devices", nodes)
    assert [(each.node.name, each.allowed) for each in found] == [("004", True), ("005", False)]
    assert "udev" in why_none(found)[1]
    assert "udev" not in why_none(found[:1])[1]
