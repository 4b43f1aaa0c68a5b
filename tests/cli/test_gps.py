"""``--gps`` and what belongs to it: the box's place and faults, calibrations of the rows."""

from __future__ import annotations

import pytest
from astropy.io import fits

SMALL = ("--scene", "dark", "--exposure", 0.1, "--roi", "0,0,64,300", "--instant")


def card(path, name):
    return fits.getheader(path)[name]


def test_frames_with_a_stamp_take_its_time_and_place(run):
    done = run("capture", "twin:qhy600-pro", *SMALL, "--gps", "--site", "-30.24,-70.74", "--out", "a.fits")
    assert done.exit_code == 0
    assert card("a.fits", "GPSSTAMP") is True
    assert card("a.fits", "TIMESRC") == "gps"
    assert card("a.fits", "GPS_LAT") == pytest.approx(-30.24, abs=1e-4)
    assert card("a.fits", "GPS_LON") == pytest.approx(-70.74, abs=1e-4)


def test_a_faulty_box_is_not_believed(run):
    done = run(
        "capture", "twin:qhy600-pro", *SMALL, "--gps", "--gps-fault", "bogus lock", "--gps-fault", "pps lost",
        "--out", "a.fits",
    )  # fmt: skip
    assert done.exit_code == 0
    assert card("a.fits", "GPSSTAMP") is True
    assert card("a.fits", "TIMESRC") == "twin"


def test_a_calibration_is_used_or_refused(run):
    made = run(
        "calibrate-rows", "twin:qhy600-pro", "--roi", "0,0,9576,300", "--columns", 64, "--flashes", 4,
        "--instant", "--out", "rows.toml",
    )  # fmt: skip
    assert made.exit_code == 0
    done = run("capture", "twin:qhy600-pro", *SMALL, "--gps", "--calibration", "rows.toml", "--out", "a.fits")
    assert done.exit_code == 0
    assert card("a.fits", "TIMSYER") < 1e-6
    stale = run(
        "capture", "twin:qhy600-pro", *SMALL, "--gps", "--calibration", "rows.toml", "--usb-traffic", 9,
        "--out", "b.fits",
    )  # fmt: skip
    assert stale.exit_code == 1
    assert "USB traffic is 9, the calibration holds for 0" in stale.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--site", "1,2"), "nothing without --gps"),
        (("--gps", "--site", "north"), "not two numbers"),
        (("--calibration", "rows.toml"), "nothing without --gps"),
    ],
)
def test_wrong_usage_is_told(run, words, said):
    done = run("capture", "twin:qhy600-pro", *SMALL, *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_an_unknown_fault_is_told(run):
    done = run("record", "twin:qhy600-pro", *SMALL, "--frames", 1, "--gps", "--gps-fault", "lock list")
    assert done.exit_code == 1
    assert "Did you mean 'lock lost'?" in done.stderr
