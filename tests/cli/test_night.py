"""``fullwell night``: examples, a night of two minutes, and what cannot be played."""

from __future__ import annotations

import json

SHORT = """
title = "Two minutes"
start = 2026-03-14T21:00:00Z
duration = 120
[settings]
exposure_s = 10
window = [0, 0, 64, 48]
[[trouble]]
at = 15
name = "unplug"
for = 20
[[do]]
action = "expose"
frames = 3
"""


def test_examples_are_named_and_printed(run):
    names = run("night", "--example").stdout.split()
    assert "dew-before-dawn" in names
    assert 'name = "dead-heater"' in run("night", "--example", "dew-before-dawn").stdout


def test_a_night_is_played_kept_and_told(run, tmp_path):
    (tmp_path / "short.toml").write_text(SHORT)
    done = run("night", "short.toml", "--instant", "--json", "--out", "frames")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["frames"]["wanted"] == 3
    assert len(told["recoveries"]) == 1
    assert "21:00:15  trouble  unplug for 20 s" in done.stderr
    kept = {shot["file"] for shot in told["shots"] if shot["file"]}
    assert kept == {str(path.relative_to(tmp_path)) for path in (tmp_path / "frames").iterdir()}
    quiet = run("night", "short.toml", "--instant", "--quiet")
    assert quiet.stdout.startswith("Two minutes\n")
    assert "unplug" not in quiet.stderr


def test_what_cannot_be_played_is_told(run, tmp_path):
    (tmp_path / "short.toml").write_text(SHORT)
    for words, told in (
        (("brown-out-at-nigth",), "`fullwell night --example`"),
        (("--example", "brown-out-at-nigth"), "Did you mean 'brown-out-at-midnight'"),
        ((), "no night to play"),
        (("short.toml", "--instant", "--speed", 2), "contradict"),
        (("short.toml", "--speed", 0), "cannot have the speed 0"),
        (("short.toml", "--instant", "--out", "short.toml"), "is no folder"),
    ):
        done = run("night", *words)
        assert done.exit_code == 1, words
        assert told in done.stderr
