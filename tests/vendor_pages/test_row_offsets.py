"""T2: from the vsync to the end of the first rows, and calibrations that hold for their settings only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from typer.testing import CliRunner

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.device import Stream
from fullwell.camera.timekeeper import conditions
from fullwell.cli.main import app
from fullwell.errors import InvalidValue
from fullwell.models.facts import Window
from fullwell.readout.calibration import RowOffset, load_offsets, save_offsets
from fullwell.record import record as record_frames
from fullwell.record import write_fits
from fullwell.record.times import read_times
from fullwell.scene import Dark

START_NS = 1_767_225_600_250_000_123
WINDOW = Window(0, 40, 64, 32)
EARLIER_NS = 25_600
"""A calibration that says that rows end so much earlier than the vendor's figures have it."""


@pytest.fixture
def camera() -> Iterator[Any]:
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock=InstantClock(START_NS), seed=4) as opened:
        opened.configure(gps=True, window=WINDOW, exposure_s=0.01, usb_traffic=0)
        yield opened


def calibrated(camera: Any) -> RowOffset:
    offset_ns = camera.timing().reference_to_row0_end_ns - EARLIER_NS
    return RowOffset(offset_ns, 200, conditions(camera.model, camera.settings, "single"), "LED, 400 frames")


@pytest.mark.requirement("T2")
def test_the_first_two_rows_of_a_full_frame_end_46_lines_and_21_52_us_after_the_vsync() -> None:
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", seed=1) as opened:
        opened.configure(mode="Photographic DSO", usb_traffic=0)
        timing = opened.timing()
        assert timing.reference_to_row0_end_ns == 46 * timing.line_period_ns + 21_520
        assert timing.rows_per_step == 2
        opened.configure(mode="Photographic DSO-2CMS")
        single = opened.timing()
        assert single.rows_per_step == 1
        assert single.reference_to_row0_end_ns != 46 * single.line_period_ns + 21_520


@pytest.mark.requirement("T2")
def test_other_windows_have_other_offsets(camera: Any) -> None:
    """The vsync stays with the sensor: a window that begins 40 rows below ends its first row 40 lines later."""
    before = camera.timing()
    camera.configure(window=Window(0, 80, 64, 32))
    after = camera.timing()
    assert after.reference_to_row0_end_ns - before.reference_to_row0_end_ns == 40 * before.line_period_ns


@pytest.mark.requirement("T2")
def test_a_calibration_moves_the_times_and_stands_in_the_file(camera: Any, tmp_path: Path) -> None:
    record = replace(calibrated(camera), made_ns=1_700_000_000 * 10**9)
    camera.use_row_offsets(load_offsets(save_offsets(tmp_path / "rows.toml", [record])))
    frame = camera.expose()
    assert frame.report.row_offset == record
    assert frame.report.time_doubts == ()
    assert abs(camera.truth(frame).row0_start_ns - EARLIER_NS - frame.start_ns) <= 300
    assert 200 <= frame.times.uncertainty_ns <= 300
    path = write_fits(frame, tmp_path / "a.fits")
    card = fits.getheader(path)
    assert (card["ROWOFF"], card["ROWOFFER"], card["ROWOFFBY"]) == (record.offset_ns, 200, "LED, 400 frames")
    read = read_times(path)
    assert read.offset_by == "LED, 400 frames"
    assert read.sound().start_ns.tolist() == frame.times.start_ns.tolist()


@pytest.mark.requirement("T2")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mode": "Photographic DSO-2CMS"}, "read mode is 4"),
        ({"window": Window(0, 42, 64, 32)}, "first row of the window is 42"),
        ({"window": Window(0, 40, 64, 34)}, "height of the window is 34"),
        ({"bits": 8}, "word depth is 8"),
        ({"usb_traffic": 30}, "USB traffic is 30"),
    ],
)
def test_a_stale_calibration_is_refused(camera: Any, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    record = calibrated(camera)
    camera.use_row_offsets([record])
    camera.configure(**change)
    with pytest.raises(InvalidValue, match=words):
        camera.use_row_offsets([record])

    frame = camera.expose()
    assert frame.report.row_offset.source == "the vendor's figures"
    assert any(words in reason for reason in frame.report.time_doubts)
    assert abs(camera.truth(frame).row0_start_ns - frame.start_ns) <= 300
    told = read_times(write_fits(frame, tmp_path / "a.fits"))
    assert any(words in note for note in told.notes)
    assert told.sound().source == "gps"


@pytest.mark.requirement("T2")
@pytest.mark.parametrize("form", ["fits", "rice", "cube"])
@pytest.mark.parametrize(
    "settings", [{}, {"overscan": True, "bits": 8, "usb_traffic": 7}], ids=["plain", "other"]
)
def test_a_calibration_that_is_made_later_serves_files(
    camera: Any, tmp_path: Path, form: str, settings: dict[str, Any]
) -> None:
    if settings:
        camera.configure(window=WINDOW, **settings)
    record = calibrated(camera)
    path = tmp_path / "a.fits"
    if form == "cube":
        record = replace(record, conditions=replace(record.conditions, stream="live"))
        record_frames(camera, path, format="cube", frames=1)
    else:
        write_fits(camera.expose(), path, compress="rice" if form == "rice" else None)
    before, after = read_times(path), read_times(path, offsets=[record])
    assert set(before.sound().start_ns - after.sound().start_ns) == {EARLIER_NS}
    assert after.offset_by == "LED, 400 frames"
    assert 200 <= after.sound().uncertainty_ns < 300 < before.sound().uncertainty_ns
    stale = replace(record, conditions=replace(record.conditions, height=31))
    with pytest.raises(InvalidValue, match="height of the window is 32"):
        read_times(path, offsets=[stale])
    rows = save_offsets(tmp_path / "rows.toml", [stale])
    done = CliRunner().invoke(app, ["time", str(path), "--calibration", str(rows)])
    assert done.exit_code == 1
    rows = save_offsets(tmp_path / "rows.toml", [record])
    done = CliRunner().invoke(app, ["time", str(path), "--calibration", str(rows), "--row", "0", "--json"])
    assert json.loads(done.stdout)["rows"][0]["end_ns"] == after.sound().end_ns[0]


@pytest.mark.requirement("T2")
def test_live_and_single_frames_have_calibrations_of_their_own(camera: Any) -> None:
    record = calibrated(camera)
    camera.use_row_offsets([record])
    with pytest.raises(InvalidValue, match="stream is live"):
        camera.use_row_offsets([record], stream=Stream.LIVE)
    (frame,) = camera.live(frames=1)
    assert any("stream is live" in reason for reason in frame.report.time_doubts)
    assert camera.expose().report.row_offset == record


@pytest.mark.requirement("T2")
def test_a_wider_window_needs_no_other_calibration(camera: Any) -> None:
    record = calibrated(camera)
    camera.use_row_offsets([record])
    camera.configure(window=Window(100, 40, 640, 32), gain=60, exposure_s=0.5)
    assert camera.expose().report.row_offset == record
