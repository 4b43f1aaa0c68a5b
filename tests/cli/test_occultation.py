"""``fullwell occultation`` on the files of a short run."""

from __future__ import annotations

import json

import pytest
from astropy.io import fits
from typer.testing import CliRunner

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.cli.main import app
from fullwell.models import Window
from fullwell.record import record, write_fits
from fullwell.record.instants import instant_ns
from fullwell.scene import Occultation, Sky

T0 = 1_800_000_000_000_000_000


SETTINGS = {"exposure_s": 0.0416, "window": Window(980, 980, 88, 88)}


@pytest.fixture(scope="module")
def scene():
    """A star in the middle of a real field that is hidden from 0.3 s to 0.7 s."""
    event = Occultation(mid_time_ns=T0 + 500_000_000, diameter_km=4, shadow_speed_km_s=10, magnitude=11)
    return Sky(210.8, 54.3, focal_length_mm=1000, aperture_mm=250, events=event)


@pytest.fixture(scope="module")
def run(scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with fullwell.open("twin:qhy42-pro", scene=scene, clock=InstantClock(T0), temperature_c=-10) as camera:
        camera.configure(**SETTINGS)
        return [write_fits(frame, folder / f"{frame.number:03d}.fits") for frame in camera.live(frames=25)]


def invoke(*arguments):
    return CliRunner().invoke(app, ["occultation", *map(str, arguments)])


def test_d_and_r_are_told_with_errors(run, tmp_path):
    done = invoke(*run, "--pixel", "44.5,44.5", "--json", "--out", tmp_path / "curve.png")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.splitlines()[0])
    for letter, truth_ns in (("D", T0 + 300_000_000), ("R", T0 + 700_000_000)):
        error_ns = told[letter]["error_s"] * 1e9
        assert 1e5 < error_ns < 3e6
        assert abs(told[letter]["utc_ns"] - truth_ns) < 5 * error_ns
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("form", ["ser", "cube"])
def test_recordings_in_one_file_tell_the_same(run, scene, tmp_path, form):
    path = tmp_path / {"ser": "run.ser", "cube": "run.fits"}[form]
    with fullwell.open("twin:qhy42-pro", scene=scene, clock=InstantClock(T0), temperature_c=-10) as camera:
        camera.configure(**SETTINGS)
        assert record(camera, path, format=form, frames=25).complete
    e_per_dn = fits.getheader(run[0])["EGAIN"]
    told = [
        invoke(*files, "--pixel", "44.5,44.5", "--json", "--gain", e_per_dn).stdout for files in (run, [path])
    ]
    assert told[0] == told[1]
    assert "utc_ns" in told[0]


def test_a_wrong_gain_is_noticed(run):
    right, wrong = (invoke(*run, "--pixel", "44.5,44.5", *gain) for gain in ((), ("--gain", "5")))
    assert "scatters more" not in right.output
    assert "scatters more" in wrong.output


def test_words_are_utc(run):
    done = invoke(*run, "--pixel", "45,44", "--speed", "10", "--band", "450,650")
    assert done.exit_code == 0, done.output
    letter, instant, _, error, unit = done.stdout.splitlines()[0].split()
    assert (letter, unit) == ("D", "s")
    assert abs(instant_ns(instant) - (T0 + 300_000_000)) < 1e8
    assert float(error) < 0.01


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pixel", "44"), "two numbers"),
        (("--pixel", "4,4"), "leaves the picture"),
        (("--pixel", "44,44", "--band", "450,650"), "needs --speed"),
        (("--pixel", "44,44", "--out", "curve.txt"), "does not end in .png"),
        (("--pixel", "44,44", "--speed", "0"), "outside"),
    ],
)
def test_bad_input_is_refused(run, arguments, said):
    done = invoke(*run, *arguments)
    assert done.exit_code in (1, 2)
    assert said in done.output


def test_a_missing_file_is_named(tmp_path):
    done = invoke(tmp_path / "none.fits", "--pixel", "1,1")
    assert done.exit_code == 1
    assert "none.fits" in done.output
