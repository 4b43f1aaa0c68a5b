"""Scenes of time on the command line."""

from __future__ import annotations

import time

import numpy as np
import pytest
from astropy.io import fits
from typer.testing import CliRunner

from fullwell.cli.events import NAMES, told
from fullwell.cli.main import app
from fullwell.cli.scenery import Scenery
from fullwell.errors import InvalidValue, UnknownName
from fullwell.scene import Drift, Led, Occultation, Satellite


def test_every_scene_of_time_needs_no_numbers():
    occultation, satellite, drift, led = (Scenery(kind).build() for kind in NAMES)
    assert isinstance(occultation.events[0], Occultation)
    assert isinstance(satellite.events[0], Satellite)
    assert isinstance(drift.tracking, Drift)
    assert drift.tracking.east_arcsec_per_s == pytest.approx(-15.041 * np.cos(np.radians(54.349)), rel=1e-4)
    assert isinstance(led, Led)
    assert led.period_ns == 100_000_000


def test_numbers_arrive():
    words = "at=2026-03-01T21:14:05.25Z diameter_km=12,impact_km=2 diffraction magnitude=9"
    event = Scenery("occultation", event=words).build().events[0]
    assert event.mid_time_ns == 1_772_399_645_250_000_000
    assert (event.diameter_km, event.impact_km, event.magnitude, event.diffraction) == (12, 2, 9, True)
    drift = Scenery("drift", event="east_arcsec_per_s=3").build().tracking
    assert (drift.east_arcsec_per_s, drift.north_arcsec_per_s) == (3, 0)


def test_after_counts_from_now():
    before = time.time_ns()
    instant = told("satellite", "after_s=2")["instant_ns"] - 2_000_000_000
    assert before <= instant <= time.time_ns()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("diameter=12", UnknownName),
        ("diameter_km=large", InvalidValue),
        ("diameter_km", InvalidValue),
        ("at=tomorrow", InvalidValue),
        ("at=2026-03-01T00:00:00 after_s=3", InvalidValue),
        ("diameter_km=0", InvalidValue),
    ],
)
def test_what_means_nothing_is_refused(words, error):
    with pytest.raises(error) as caught:
        Scenery("occultation", event=words).build()
    assert caught.value.remedy


def test_events_belong_to_their_scenes(tmp_path):
    done = CliRunner().invoke(app, ["capture", "twin:qhy42-pro", "--event", "after_s=1", "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "means nothing to scene 'sky'" in " ".join(done.output.split())


def test_a_satellite_is_captured(tmp_path):
    """It needs 28 s for the window, and is exposed from a minute before to a minute after the middle."""
    out = tmp_path / "trail.fits"
    arguments = ["--scene", "satellite", "--event", "after_s=60 speed_arcsec_per_s=30 magnitude=3", "--truth"]
    arguments += ["--roi", "924,924,200,200", "--exposure", "120", "--instant", "--out", str(out)]
    done = CliRunner().invoke(app, ["capture", "twin:qhy42-pro", *arguments])
    assert done.exit_code == 0, done.output
    with fits.open(out) as opened:
        words = dict(opened["EFFECTS"].data)
        assert "30 arcsec/s" in words["event 1"]
        bright = opened["TRUTH"].data > 20 * np.median(opened["TRUTH"].data)
        assert np.count_nonzero(bright.any(axis=0)) > 190
