"""A thousand nights by chance: the engine ends each in a truthful state, reports no frame that is not there,
changes no setting in silence; and an engine that does one of these is caught."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fullwell.camera import heartbeat
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera
from fullwell.camera.machine import Machine
from fullwell.camera.recovery import Recovery
from fullwell.camera.states import State
from fullwell.camera.vigil import Vigil
from fullwell.camera.watch import FrameWatch
from fullwell.night import Cue, Deed, Night
from night.judge import START_NS, judged, random_night

SAMPLE = (116, 642, *range(1_000, 1_023))
"""Those of every commit: two of the thousand that found a filter not brought back, and others."""

NIGHTS = int(os.environ.get("FULLWELL_NIGHTS", "1000"))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_night(seed: int) -> None:
    judge, _ = judged(random_night(seed))
    assert judge.findings == []


@pytest.mark.slow
def test_a_thousand_nights(capsys: pytest.CaptureFixture[str]) -> None:
    findings: dict[int, list[str]] = {}
    returns_s: list[float] = []
    frames = dict.fromkeys(("good", "doubtful", "lost", "not taken"), 0)
    for seed in range(NIGHTS):
        judge, report = judged(random_night(seed))
        if judge.findings:
            findings[seed] = judge.findings
        returns_s += judge.returns_s
        frames = {fate: count + report.fates[fate] for fate, count in frames.items()}
    with capsys.disabled():
        print(f"\n{NIGHTS} nights, frames: {frames}; {len(returns_s)} recoveries")
        if returns_s:
            shares = np.percentile(returns_s, [5, 25, 50, 75, 95, 100])
            print("from the first answer to being open again, s: 5, 25, 50, 75, 95, 100 %:", shares.round(1))
    assert findings == {}


def fixed(*cues: Cue) -> Night:
    """A night in which each of the mutations below matters."""
    return Night(
        title="fixed",
        camera="twin:qhy600-pro",
        start_ns=START_NS,
        duration_s=900,
        scene="uniform",
        scene_values={"rate_e_per_s": 2.0},
        settings={"exposure_s": 10.0, "window": [0, 0, 64, 48], "gain": 40},
        cues=cues,
        deeds=(
            Deed("cool", None, {"target_c": 0}),
            Deed("filter", None, {"name": "G"}),
            Deed("expose", None, {"frames": 10, "exposure_s": 10.0}),
        ),
    )


UNPLUG = Cue(200.0, "unplug", 100.0, {})
POWER_CUT = Cue(200.0, "power-cut", 60.0, {})
ZEROS = Cue(20.0, "zero-frames", 60.0, {"rate": 1.0})


def deaf(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(heartbeat, "PULSES", (Control.GAIN,))


def boasting(patch: pytest.MonkeyPatch) -> None:
    true = Machine.state.fget
    patch.setattr(
        Machine, "state", property(lambda self: State.IDLE if true(self) is State.ERROR else true(self))
    )


def idle_hands(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recovery, "begin", lambda self: None)


def forgetful(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Camera, "_restore", lambda self: None)
    patch.setattr(Vigil, "_at_wheel", lambda self: None)


def credulous(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FrameWatch, "look", lambda self, data, report: ())


def untold(patch: pytest.MonkeyPatch) -> None:
    """Settings are not sent again after the camera was away."""
    patch.setattr("fullwell.camera.far_end.FarEnd.forget", lambda self: None)


MUTATIONS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Cue, str]] = {
    "asks for what is told from memory": (deaf, UNPLUG, "though it is gone"),
    "says idle when the camera is gone": (boasting, UNPLUG, "though it is gone"),
    "does not come back": (idle_hands, UNPLUG, "though it answers"),
    "forgets the filter, and says nothing": (forgetful, POWER_CUT, "another filter"),
    "believes every frame": (credulous, ZEROS, "called a frame good that is not"),
    "does not send the settings again": (untold, POWER_CUT, "though it answers"),
}


@pytest.mark.parametrize("cue", [UNPLUG, POWER_CUT, ZEROS], ids=lambda cue: cue.name)
def test_the_engine_passes_these(cue: Cue) -> None:
    judge, _ = judged(fixed(cue))
    assert judge.findings == []


@pytest.mark.parametrize(("mutate", "cue", "words"), MUTATIONS.values(), ids=MUTATIONS)
def test_a_worse_engine_is_caught(
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[pytest.MonkeyPatch], None],
    cue: Cue,
    words: str,
) -> None:
    mutate(monkeypatch)
    judge, _ = judged(fixed(cue))
    assert any(words in finding for finding in judge.findings), judge.findings
