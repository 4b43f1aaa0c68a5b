"""When the rows of a file were exposed."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.models.facts import Window
from fullwell.record import write_fits
from fullwell.record.instants import instant_ns
from fullwell.scene import Dark
from fullwell.twin.gpsbox import GpsBox

START_NS = 1_767_225_600_250_000_123
ROWS = 20


def take(path, box=GpsBox()):  # noqa: B008
    with fullwell.open(
        "twin:qhy600-pro", scene=Dark(), clock=InstantClock(START_NS), seed=1, gps_box=box
    ) as camera:
        camera.configure(window=Window(0, 3, 40, ROWS), exposure_s=0.02, gps=True)
        frame = camera.expose()
    write_fits(frame, path)
    return frame.times


@pytest.fixture
def times(tmp_path):
    return take(tmp_path / "a.fits")


def test_first_middle_and_last_row_in_words(run, times):
    done = run("time", "a.fits")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:3] == ["a.fits:", "QHY600", "Pro,"]
    told = {int(line[0]): [instant_ns(text) for text in line[1:]] for line in lines[-3:]}
    assert told == {
        row: [times.start_ns[row], times.middle_ns[row], times.end_ns[row]] for row in (0, ROWS // 2, ROWS - 1)
    }
    assert "source    gps, uncertain by 30000 ns" in done.stdout
    assert "(the vendor's figures)" in done.stdout


def test_all_rows_as_a_table(run, times):
    rows = list(csv.DictReader(io.StringIO(run("time", "a.fits", "--table").stdout)))
    assert [int(row["row"]) for row in rows] == list(range(ROWS))
    for name in ("start", "middle", "end"):
        assert np.array_equal([instant_ns(row[name]) for row in rows], getattr(times, f"{name}_ns"))


@pytest.mark.parametrize(
    ("choice", "row"),
    [
        (("--row", 0), 0),
        (("--row", 7), 7),
        (("--pixel", "1,1"), 0),
        (("--pixel", "40.4,8.0"), 7),
        (("--pixel", "3,8.49"), 7),
        (("--pixel", "3,8.5"), 8),
        (("--pixel", "3,20.4"), 19),
    ],
)
def test_a_row_or_a_pixel_for_programs(run, times, choice, row):
    told = json.loads(run("time", "a.fits", *choice, "--json").stdout)
    assert told["rows"] == [
        {
            "row": row,
            "start_ns": times.start_ns[row],
            "middle_ns": times.middle_ns[row],
            "end_ns": times.end_ns[row],
        }
    ]
    assert (told["source"], told["uncertainty_ns"], told["doubts"]) == ("gps", times.uncertainty_ns, [])
    assert (told["first_sensor_row"], told["binning"], told["flipped"]) == (3, 1, False)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (("--row", 20), "rows 0 to 19"),
        (("--pixel", "3"), "two numbers"),
        (("--pixel", "0.4,3"), "outside the 40 x 20 pixels"),
        (("--pixel", "3,20.5"), "outside the 40 x 20 pixels"),
        (("--row", 1, "--pixel", "1,1"), "either --row or --pixel"),
    ],
)
def test_wrong_usage(run, times, choice, words):
    done = run("time", "a.fits", *choice)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.replace("│", " ").split())


def test_doubtful_stamps_are_refused(run, tmp_path):
    times = take(tmp_path / "b.fits", GpsBox(faults=["pps lost"]))
    done = run("time", "b.fits")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "b.fits is doubtful: the PPS is lost" in done.stderr

    done = run("time", "b.fits", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert "PPS is lost" in told["doubts"][0]
    assert "rows" not in told

    done = run("time", "b.fits", "--any-source", "--row", 4)
    assert done.exit_code == 0
    assert "note: the PPS is lost" in done.stderr
    assert done.stdout.splitlines()[-1].split()[:1] == ["4"]
    assert instant_ns(done.stdout.split()[-1]) == times.end_ns[4]


def test_files_without_times_are_refused(run, tmp_path):
    (tmp_path / "c.fits").write_text("nothing")
    done = run("time", "c.fits")
    assert (done.exit_code, done.stdout) == (1, "")
    done = run("time", "d.fits")
    assert "there is no file" in done.stderr
