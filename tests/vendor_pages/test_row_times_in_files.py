"""T1, T3, T6: one time for each row in engine, answer key, file, `fullwell time`, and by Siril's rule."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.cli.main import app
from fullwell.errors import DoubtfulTime
from fullwell.models import keys, load
from fullwell.models.facts import Window
from fullwell.record import record, write_fits
from fullwell.record.times import read_times
from fullwell.record.writer import FrameWriter
from fullwell.scene import Dark
from fullwell.twin.gpsbox import Fault, GpsBox

START_NS = 1_767_225_600_250_000_123
COLUMNS = 48  # room for the stamp at each bin of a QHY600
GPS_NS = 300  # the pulse is up to 100 ns late; a tick of 100 ns from the count, another from the PPS count
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def link_of_every_mode(key: str) -> str:
    """A cable that carries all modes of a camera."""
    model = load(key)
    return next(link.name for link in model.links if all(link.name in mode.links for mode in model.modes))


@pytest.fixture(scope="module", params=keys())
def camera(request: pytest.FixtureRequest) -> Iterator[Any]:
    key = request.param
    clock, link = InstantClock(START_NS), link_of_every_mode(key)
    with fullwell.open(f"twin:{key}", scene=Dark(), clock=clock, seed=4, link=link) as opened:
        yield opened


@st.composite
def requests(draw: st.DrawFn, camera: Any) -> dict[str, Any]:
    """Settings that the camera can take: any mode, window, bin, depth, traffic, speed, exposure."""
    model = camera.model
    mode = draw(st.sampled_from(model.modes))
    binning = draw(st.sampled_from(model.bins))
    overscan = draw(st.booleans())
    geometry = model.sensor.geometry
    high = geometry.total_height if overscan else geometry.effective.height
    rows = draw(st.integers(1, 12)) * binning
    top = draw(st.integers(0, high - rows))
    return {
        "mode": mode.number,
        "bin": binning,
        "overscan": overscan,
        "window": Window(0, top, COLUMNS * 4, rows),
        "bits": draw(st.sampled_from(mode.output_bits)),
        "usb_traffic": draw(st.integers(int(model.usb_traffic.low), int(model.usb_traffic.high))),
        "speed": draw(st.integers(int(model.speed.low), int(model.speed.high))),
        "exposure_s": draw(st.floats(1e-3, 20.0)),
    }


def by_hand(opened: Any, frame: Any) -> list[tuple[int, int, int]]:
    """Start, middle times twice the bin, end of each row from the answer key: sensor row by sensor row."""
    timing, form = frame.report.timing, frame.report.settings.format
    together = opened.model.mode(frame.report.settings.mode).timing.rows_per_step
    effective = opened.model.sensor.geometry.effective.top
    top = form.window.top + (0 if form.overscan else effective)
    first_ns = opened.truth(frame).row0_start_ns
    told = []
    for row in range(frame.data.shape[0]):
        sensor_rows = range(top + row * form.bin, top + (row + 1) * form.bin)
        starts = [
            first_ns + (r // together - top // together) * together * timing.line_period_ns for r in sensor_rows
        ]
        middle = 2 * sum(starts) + form.bin * timing.exposure_ns
        told.append((starts[0], middle, starts[-1] + timing.exposure_ns))
    return told


def assert_same(read: Any, own: Any, note: object = None) -> None:
    for name in ("start_ns", "middle_ns", "end_ns"):
        assert np.array_equal(getattr(read, name), getattr(own, name)), (name, note)
    assert (read.source, read.uncertainty_ns) == (own.source, own.uncertainty_ns)


@pytest.mark.requirement("T1")
@FEW
@given(data=st.data())
def test_engine_answer_key_and_file_agree_to_the_nanosecond(
    camera: Any, tmp_path: Path, data: st.DataObject
) -> None:
    camera.configure(gps=False, **data.draw(requests(camera)))
    frame = camera.expose()
    starts, middles, ends = zip(*by_hand(camera, frame), strict=True)
    assert frame.times.source == "twin"
    assert frame.times.uncertainty_ns == 0
    assert frame.times.start_ns.tolist() == list(starts)
    assert frame.times.end_ns.tolist() == list(ends)
    factor = camera.settings.format.bin
    for middle_ns, wanted in zip(frame.times.middle_ns.tolist(), middles, strict=True):
        assert 0 <= wanted - 2 * factor * middle_ns < 3 * factor  # two roundings down to whole ns
    assert_same(read_times(write_fits(frame, tmp_path / "a.fits", overwrite=True)).sound(), frame.times)


@contextmanager
def watched(camera: Any) -> Iterator[list[tuple[Any, list[tuple[int, int, int]]]]]:
    """Each frame that is put into a recording inside, with the times of its rows by the answer key."""
    seen: list[tuple[Any, list[tuple[int, int, int]]]] = []
    put = FrameWriter.put

    def watch(writer: FrameWriter, frame: Any) -> None:
        seen.append((frame, by_hand(camera, frame)))
        put(writer, frame)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FrameWriter, "put", watch)
        yield seen


@pytest.mark.requirement("T1")
@settings(FEW, max_examples=6)
@given(data=st.data())
def test_recordings_tell_the_time_of_each_row_of_each_frame(
    camera: Any, tmp_path: Path, data: st.DataObject
) -> None:
    """FITS cube, and SER with its log: live frames, a frame period apart, to the nanosecond."""
    camera.configure(gps=False, **data.draw(requests(camera)))
    forms = {"cube": "a.fits"}
    if camera.settings.format.dtype.itemsize <= 2:  # SER holds no more
        forms["ser"] = "a.ser"
    for form, name in forms.items():
        path = Path(tempfile.mkdtemp(dir=tmp_path)) / name
        with watched(camera) as seen:
            record(camera, path, format=form, frames=2)
        (first, _), (second, _) = seen
        assert second.start_ns - first.start_ns == first.report.timing.frame_period_ns
        for number, (frame, truth) in enumerate(seen):
            read = read_times(path, number).sound()
            starts, _, ends = zip(*truth, strict=True)
            assert (read.start_ns.tolist(), read.end_ns.tolist()) == (list(starts), list(ends))
            assert_same(read, frame.times)


@pytest.mark.requirement("T6")
@FEW
@given(data=st.data())
def test_stamped_frames_and_their_files_agree_and_are_true(
    camera: Any, tmp_path: Path, data: st.DataObject
) -> None:
    camera.configure(gps=True, **data.draw(requests(camera)))
    frame = camera.expose()
    assert frame.report.time_doubts == ()
    assert frame.times.source == "gps"
    assert abs(camera.truth(frame).row0_start_ns - frame.start_ns) <= GPS_NS
    assert_same(read_times(write_fits(frame, tmp_path / "a.fits", overwrite=True)).sound(), frame.times)


@pytest.mark.requirement("T1")
@pytest.mark.parametrize("binning", [1, 2])
def test_the_command_tells_what_the_engine_told(camera: Any, tmp_path: Path, binning: int) -> None:
    for mode in camera.model.modes:
        camera.configure(
            gps=True, mode=mode.number, bin=binning, window=Window(0, 7, 96, 24), bits=None, overscan=False
        )
        frame = camera.expose()
        path = write_fits(frame, tmp_path / "a.fits.fz", compress="rice", overwrite=True)
        done = CliRunner().invoke(app, ["time", str(path), "--table", "--json"])
        assert done.exit_code == 0, done.output
        rows = json.loads(done.stdout)["rows"]
        for name in ("start_ns", "middle_ns", "end_ns"):
            assert [row[name] for row in rows] == getattr(frame.times, name).tolist()


def siril(path: Path, row: int) -> tuple[int, int]:
    """Start and end of a row by Siril's rule, ns: dates to the microsecond, everything else in floating point."""
    card = fits.getheader(path)
    text, _, fraction = card["GPS_EUTC"].partition(".")
    vsync = datetime.fromisoformat(text) + timedelta(microseconds=round(float("0." + fraction) * 1e6))
    y = (row + card.get("CROPOFFY", 0)) * card["YBINNING"]
    line_us = card["QHY_LP"] * 1e-3
    offset_us = line_us * y if "2CMS" in card["READOUTM"] else 2.0 * line_us * (y // 2)
    end_s = (offset_us + card["QHY_OFF0"]) * 1e-6
    since = vsync - datetime(1970, 1, 1)
    whole_ns = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
    return tuple(whole_ns + round(seconds * 1e9) for seconds in (end_s - card["QHY_EXP"], end_s))  # type: ignore[return-value]


@pytest.mark.requirement("T6")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
@FEW
@given(data=st.data())
def test_sirils_rule_gives_the_same_times_within_a_microsecond(
    key: str, tmp_path: Path, data: st.DataObject
) -> None:
    clock, link = InstantClock(START_NS), link_of_every_mode(key)
    with fullwell.open(f"twin:{key}", scene=Dark(), clock=clock, seed=4, link=link) as opened:
        opened.configure(gps=True, **data.draw(requests(opened)))
        frame = opened.expose()
    path = write_fits(frame, tmp_path / "a.fits", overwrite=True)
    for row in range(frame.data.shape[0]):
        start_ns, end_ns = siril(path, row)
        assert abs(start_ns - frame.times.start_ns[row]) < 1000
        if frame.report.settings.format.bin == 1:
            assert abs(end_ns - frame.times.end_ns[row]) < 1000


@pytest.mark.requirement("T6")
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("lock lost", "no lock"),
        ("pps lost", "PPS is lost"),
        ("bogus lock", "18 s after the date"),
        ("frozen stamps", "frozen|time jumps"),
        ("jumping longitude", "position jumps"),
        ("jumping latitude", "position jumps"),
    ],
)
def test_doubtful_stamps_are_refused_and_the_frame_keeps_the_reason(
    fault: str, words: str, tmp_path: Path
) -> None:
    """Each of 30 frames has the true time, or says why it has none of the box; the command refuses those."""
    refused = 0
    box = GpsBox(faults=[Fault(fault, after_s=3.0)])
    with fullwell.open(
        "twin:qhy600-pro", scene=Dark(), clock=InstantClock(START_NS), seed=4, gps_box=box
    ) as opened:
        opened.configure(gps=True, window=Window(0, 0, 48, 8), exposure_s=0.4)
        for number in range(30):
            frame = opened.expose()
            if frame.times.source == "gps":
                assert abs(frame.start_ns - opened.truth(frame).row0_start_ns) <= GPS_NS
                continue
            refused += 1
            assert any(re.search(words, reason) for reason in frame.report.time_doubts)
            path = write_fits(frame, tmp_path / f"{number}.fits")
            with pytest.raises(DoubtfulTime, match=words):
                read_times(path).sound()
            assert CliRunner().invoke(app, ["time", str(path)]).exit_code == 1
    assert refused > 0


@pytest.mark.requirement("T3")
@FEW
@given(data=st.data())
def test_the_precise_numbers_are_those_of_the_rows(camera: Any, tmp_path: Path, data: st.DataObject) -> None:
    request = data.draw(requests(camera))
    camera.configure(gps=False, **request)
    told = camera.precise_exposure()
    frame = camera.expose()
    assert camera.timing() == frame.report.timing
    assert told.line_period_ns == frame.report.timing.line_period_ns
    assert told.actual_exposure_us == round((frame.times.end_ns[0] - frame.times.start_ns[0]) / 1000) or (
        frame.report.settings.format.bin > 1
    )
    assert (
        abs(told.pixel_period_ps * told.clocks_per_line - 1000 * told.line_period_ns) <= told.pixel_period_ps / 2
    )
    assert abs(told.lines_per_frame * told.line_period_ns - 1000 * told.frame_period_us) <= 500
    assert told.long_exposure == (
        1000 * told.actual_exposure_us > told.lines_per_frame * told.line_period_ns - 500
    )
    card = fits.getheader(write_fits(frame, tmp_path / "a.fits", overwrite=True))
    assert (card["QHY_PP"], card["QHY_LP"], card["QHY_FP"], card["QHY_CPL"]) == (
        told.pixel_period_ps,
        told.line_period_ns,
        told.frame_period_us,
        told.clocks_per_line,
    )
    assert (card["QHY_LPF"], card["QHY_AET"], card["QHY_LEM"]) == (
        told.lines_per_frame,
        told.actual_exposure_us,
        told.long_exposure,
    )


@pytest.mark.requirement("T3")
def test_what_the_line_period_depends_on() -> None:
    """600 and 268: traffic lengthens a line; the 42: SPEED alone."""
    for key, knob, values in (
        ("qhy600-pro", "usb_traffic", (0, 30, 60)),
        ("qhy268m-pro", "usb_traffic", (0, 30, 60)),
        ("qhy42-pro", "speed", (0, 1)),
    ):
        with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=1) as opened:
            periods = []
            for value in values:
                opened.configure(**{knob: value})
                periods.append(opened.precise_exposure().line_period_ns)
            assert len(set(periods)) == len(values), key
            if key != "qhy42-pro":
                assert periods == sorted(periods)


@pytest.mark.requirement("T6")
@pytest.mark.needs("fitsverify")
@pytest.mark.parametrize("compress", [None, "rice"])
def test_files_with_all_time_cards_are_clean(compress: Any, tmp_path: Path) -> None:
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", seed=1) as opened:
        opened.configure(gps=True, window=Window(0, 1, 48, 9), exposure_s=0.1)
        path = write_fits(opened.expose(), tmp_path / "a.fits", compress=compress)
    done = subprocess.run(["fitsverify", str(path)], capture_output=True, text=True, check=False)
    assert "found 0 warning(s) and 0 error(s)" in done.stdout, done.stdout
