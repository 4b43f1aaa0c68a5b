"""A night from a file: what it may say, and that every frame is accounted for."""

from __future__ import annotations

import json
import logging

import pytest

from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera
from fullwell.errors import FullwellError, InvalidValue, MissingFile, OutOfRange, UnknownName
from fullwell.night import Line, example, examples, load, play
from fullwell.night.player import Witness
from fullwell.night.script import read

HEAD = """
title = "A test"
start = 2026-03-14T21:00:00Z
duration = "1:00"
"""

SHORT = (
    HEAD
    + """
camera = "twin:qhy600-pro"
[settings]
exposure_s = 60
window = [0, 0, 64, 48]
[surroundings]
ambient_temperature_c = 15
[[weather]]
at = "0:05"
over = "0:20"
ambient_temperature_c = 5
[[trouble]]
at = 2026-03-14T21:10:30Z
name = "unplug"
for = 30
[[trouble]]
at = "0:20:30"
name = "power-cut"
for = 60
[[trouble]]
at = "0:35"
name = "zero-frames"
rate = 1.0
for = "0:02"
[[do]]
action = "cool"
target_c = -5
[[do]]
action = "filter"
name = "G"
[[do]]
action = "expose"
frames = 40
[[do]]
at = "0:50"
action = "live"
frames = 5
exposure_s = 2
[[do]]
action = "expose"
frames = 30
exposure_s = 60
"""
)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_the_examples_can_be_read() -> None:
    assert set(examples()) == {"brown-out-at-midnight", "dew-before-dawn"}
    for name in examples():
        night = read(example(name))
        assert night.planned > 20
        assert night.description


WRONG = {
    "no toml": ("title = ", InvalidValue, "no TOML"),
    "no title": (HEAD.replace("title", "titel"), InvalidValue, "no 'title'"),
    "unknown entry": ("titles = 1\n" + HEAD, InvalidValue, "unknown entry 'titles'"),
    "too long": (HEAD.replace('"1:00"', '"999:00"'), OutOfRange, "duration"),
    "no time": (HEAD.replace('"1:00"', '"soon"'), InvalidValue, "cannot be 'soon'"),
    "no trouble": (HEAD + '[[trouble]]\nat = 0\nname = "unplugg"', UnknownName, "Did you mean 'unplug'"),
    "no parameter": (HEAD + '[[trouble]]\nat = 0\nname = "unplug"\nrate = 1', UnknownName, "no parameter"),
    "out of range": (HEAD + '[[trouble]]\nat = 0\nname = "sag"\nsag_v = 99', OutOfRange, "sag_v"),
    "endless": (HEAD + '[[trouble]]\nat = 0\nname = "unplug"\nfor = -5', InvalidValue, "'for' of trouble 1"),
    "backwards": (HEAD + "[[weather]]\nat = 0\nover = -5\nambient_temperature_c = 9", OutOfRange, "'over'"),
    "after the end": (HEAD + '[[trouble]]\nat = "2:00"\nname = "unplug"', OutOfRange, "'at' of trouble 1"),
    "no action": (HEAD + '[[do]]\naction = "dance"', UnknownName, "action in do 1"),
    "no frames": (HEAD + '[[do]]\naction = "expose"', InvalidValue, "no 'frames'"),
    "too few": (HEAD + '[[do]]\naction = "expose"\nframes = 0', OutOfRange, "frames of do 1"),
    "wrong kind": (HEAD + '[[do]]\naction = "expose"\nframes = true', InvalidValue, "cannot be True"),
    "no weather": (HEAD + "[[weather]]\nat = 0", InvalidValue, "changes nothing"),
    "wrong weather": (HEAD + "[[weather]]\nat = 0\nwind_m_s = 3", UnknownName, "wind_m_s"),
    "hot": (HEAD + "[[weather]]\nat = 0\nambient_temperature_c = 99", OutOfRange, "ambient"),
    "no list": (HEAD + "[do]\naction = 'warm'", InvalidValue, "cannot be"),
}


@pytest.mark.parametrize(("text", "error", "words"), WRONG.values(), ids=WRONG)
def test_mistakes_are_told(text: str, error: type[FullwellError], words: str) -> None:
    with pytest.raises(error, match=words):
        read(text)


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(MissingFile):
        load(tmp_path / "none.toml")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    night = read(SHORT)
    lines: list[Line] = []
    parts: list[float] = []
    out = tmp_path_factory.mktemp("frames")
    logging.disable(logging.CRITICAL)
    try:
        report = play(
            night, InstantClock(night.start_ns), out=out, tell=lines.append, progress=parts.append, threads=1
        )
    finally:
        logging.disable(logging.NOTSET)
    return night, report, lines, parts, out


def test_every_wanted_frame_is_accounted_for_once(played) -> None:
    night, report, *_ = played
    assert [shot.number for shot in report.shots] == list(range(1, night.planned + 1))
    assert sum(report.fates.values()) == night.planned == 75
    assert report.fates["lost"] >= 1
    assert report.fates["doubtful"] >= 1
    assert report.fates["not taken"] >= 1
    assert report.state == "idle"


def test_things_happen_at_their_instants(played) -> None:
    night, report, lines, parts, _ = played
    when = {
        line.text.split(" ")[0]: (line.at_ns - night.start_ns) * 1e-9 for line in lines if line.what == "trouble"
    }
    assert when == {"unplug": 630, "power-cut": 1230, "zero-frames": 2100}
    assert parts == sorted(parts)
    assert parts[-1] >= 0.99
    assert (report.end_ns - report.begin_ns) * 1e-9 == pytest.approx(3600, abs=120)


def test_the_camera_is_lost_twice_and_back_twice(played) -> None:
    _, report, *_ = played
    assert len(report.recoveries) == 2
    first, second = (each.took_s for each in report.recoveries)
    assert 20 < first < 50
    assert 55 < second < 90


def test_what_is_spoiled_is_not_called_good(played) -> None:
    _, report, *_ = played
    for shot in report.shots:
        if shot.fate == "doubtful":
            assert shot.why
    assert any(shot.why.startswith("zero") for shot in report.shots)


def test_frames_are_kept(played) -> None:
    _, report, _, _, out = played
    kept = [shot.file for shot in report.shots if shot.file]
    assert len(kept) == report.fates["good"] + report.fates["doubtful"]
    assert len(list(out.iterdir())) == len(kept)


def test_the_report_is_told(played) -> None:
    _, report, *_ = played
    text = report.text()
    assert "75 wanted" in text
    assert "recoveries: 2" in text
    plain = json.loads(json.dumps(report.plain()))
    assert plain["frames"]["wanted"] == 75
    assert len(plain["shots"]) == 75


def test_the_same_night_has_the_same_end(played) -> None:
    night, report, *_ = played
    again = play(night, InstantClock(night.start_ns), threads=1)
    assert [(shot.fate, shot.start_ns, shot.why) for shot in again.shots] == [
        (shot.fate, shot.start_ns, shot.why) for shot in report.shots
    ]


def test_a_night_needs_a_twin() -> None:
    night = read(HEAD + 'camera = "twin:qhy60-pro"')
    with pytest.raises(UnknownName):
        play(night, SteppedClock(0))


def test_the_heater_is_on_again_after_a_power_cut_and_an_impossible_exposure_is_told() -> None:
    night = read(
        HEAD.replace('"1:00"', '"0:03"')
        + """
[settings]
window = [0, 0, 64, 48]
[[trouble]]
at = 30
name = "power-cut"
for = 20
[[do]]
action = "heater"
on = true
[[do]]
at = "0:02"
action = "expose"
frames = 1
exposure_s = 1e9
"""
    )
    heater: list[float] = []

    class AtTheEnd(Witness):
        def ends(self, camera: Camera) -> None:
            heater.append(camera.control(Control.WINDOW_HEATER))

    report = play(night, InstantClock(night.start_ns), witness=AtTheEnd(), threads=1)
    assert len(report.recoveries) == 1
    assert heater == [1.0]
    assert any("exposure_s 1e+09 failed" in line.text for line in report.lines)
