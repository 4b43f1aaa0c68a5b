"""SIGKILL at random moments: what was called recorded is there, to the bit, before and after repair."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import nursery
from recorded import FORMS, Key, check

NURSERY = Path(nursery.__file__)


@pytest.fixture(scope="module")
def key() -> Iterator[Key]:
    """The answer key: the twin of the same seed draws its frames again."""
    with nursery.camera() as camera, camera.live() as live:
        drawn: dict[int, np.ndarray] = {}

        def frame(sequence: int) -> np.ndarray:
            while sequence not in drawn:
                new = next(live)
                drawn[new.report.sequence] = new.data.copy()
            return drawn[sequence]

        yield frame


def kill(form: str, compress: bool, kills: int, folder: Path, key: Key) -> None:
    command = [sys.executable, str(NURSERY), str(folder), form, str(int(compress)), str(kills), "5"]
    reported = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        for number, line in enumerate(process.stdout):
            assert int(line) == number
            into = folder / f"{number:03d}"
            reported += check(form, into, key)
            shutil.rmtree(into)
    assert process.returncode == 0
    assert number == kills - 1
    assert reported > kills, "the recordings were killed before they recorded anything"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_ten_kills(form, tmp_path, key):
    kill(*form, 10, tmp_path, key)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_two_hundred_kills(form, tmp_path, key):
    kill(*form, 200, tmp_path, key)
