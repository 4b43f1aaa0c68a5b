"""What the facts look like."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fullwell.cli.sheet import telling_settings
from fullwell.models import keys, load


def test_all_cameras_are_listed(run):
    done = run("models")
    assert done.exit_code == 0
    for key in keys():
        assert f"twin:{key} " in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("key", keys())
def test_a_sheet_tells_everything(run, key):
    model = load(key)
    done = run("models", key)
    assert done.exit_code == 0
    text = done.stdout
    for mode in model.modes:
        assert f"Mode {mode.number}: {mode.name}" in text
    sources, assumptions = text.split("\nSources\n")[1].split("\nAssumed, because nobody prints it\n")
    for statement in model.statements:
        part = assumptions if statement.assumed else sources
        assert f"{statement.field}: {statement.text}\n    {statement.source}\n" in part
    assert run("models", f"twin:{key}").stdout == text


def test_an_unknown_model(run):
    done = run("models", "qhy601-pro")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Did you mean 'qhy600-pro'?" in done.stderr


def test_the_steps_are_among_the_gain_points():
    model = load("qhy600-pro")
    assert {25.0, 26.0} <= set(telling_settings(model.mode(0).chains[0].curve))
    assert {55.0, 56.0} <= set(telling_settings(model.mode(1).chains[0].curve))


@pytest.mark.parametrize("key", ["qhy600c-pro", "qhy42-pro"])
def test_charts(run, tmp_path, key):
    done = run("models", key, "--plots", ".")
    assert done.exit_code == 0, done.stderr
    names = done.stdout.splitlines()
    assert names == [f"{key}_{what}.png" for what in ("gain", "efficiency", "dark", "telegraph")]
    for name in names:
        with Image.open(tmp_path / name) as opened:
            assert np.asarray(opened.convert("L")).std() > 5


def test_charts_need_a_model_and_a_folder(run):
    assert run("models", "--plots", ".").exit_code == 2
    done = run("models", "qhy42-pro", "--plots", "no/such")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "mkdir -p" in done.stderr
