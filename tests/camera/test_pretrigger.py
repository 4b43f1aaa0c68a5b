"""The pre-trigger: what is kept, what fires it, what the ledger says of the rest."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import fullwell
from fullwell.camera import pretrigger
from fullwell.camera.clock import InstantClock
from fullwell.camera.ledger import Entry, Fate
from fullwell.camera.pretrigger import AtInstant, BrightnessStep, OnCall, PreTrigger, available_bytes
from fullwell.errors import InvalidValue, OutOfRange, UnknownName
from fullwell.models.facts import Window
from fullwell.scene import Dark, Led
from tiny.waiting import NOON_NS


@pytest.fixture
def cam():
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock=InstantClock(NOON_NS), seed=2) as camera:
        camera.configure(exposure_s=0.05, window=Window(0, 0, 64, 64))
        yield camera


def spans(camera, frames: float) -> float:
    return frames * camera.timing().frame_period_ns * 1e-9


class AtNumber:
    """Fires at a frame number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fires(self, frame) -> str:
        return "the number" if frame.report.sequence == self._number else ""


def test_the_last_seconds_come_before_what_follows(cam) -> None:
    before = PreTrigger(spans(cam, 4), AtNumber(30))
    with cam.live(frames=40) as live:
        numbers = [frame.report.sequence for frame in before.watch(live)]
    assert numbers == list(range(26, 40))
    assert before.fired == "the number"
    assert list(live.ledger) == [Entry(0, 25, Fate.SKIPPED), Entry(26, 39, Fate.DELIVERED)]


def test_an_early_trigger_has_what_there_is(cam) -> None:
    with cam.live(frames=5) as live:
        numbers = [frame.report.sequence for frame in PreTrigger(100.0, AtNumber(2)).watch(live)]
    assert numbers == [0, 1, 2, 3, 4]


def test_without_a_trigger_nothing_is_wanted(cam) -> None:
    before = PreTrigger(spans(cam, 4))
    with cam.live(frames=20) as live:
        assert list(before.watch(live)) == []
    assert before.fired == ""
    assert list(live.ledger) == [Entry(0, 19, Fate.SKIPPED)]


def test_who_leaves_early_skips_what_was_kept(cam) -> None:
    with cam.live(frames=40) as live:
        for frame in PreTrigger(spans(cam, 4), AtNumber(30)).watch(live):
            if frame.report.sequence == 27:
                break
        del frame
    assert live.ledger.fate(27) is Fate.DELIVERED
    assert live.ledger.fate(28) is Fate.SKIPPED
    assert sum(live.ledger.counts().values()) == live.ledger.count(Fate.DELIVERED) + live.ledger.count(
        Fate.SKIPPED
    )
    assert live.ledger.count(Fate.DELIVERED) == 2


def test_a_call_from_another_thread(cam) -> None:
    before = PreTrigger(spans(cam, 3), OnCall())
    threading.Timer(0.2, before.fire).start()
    with cam.live() as live:
        numbers = []
        for frame in before.watch(live):
            numbers.append(frame.report.sequence)
            if len(numbers) == 10:
                break
        del frame
    assert before.fired == "a call"
    assert np.all(np.diff(numbers) == 1)


def test_the_frame_that_holds_the_instant_fires(cam) -> None:
    period_ns = cam.timing().frame_period_ns
    instant_ns = (NOON_NS // 10**9 + 2) * 10**9
    before = PreTrigger(spans(cam, 2), AtInstant(instant_ns))
    with cam.live(frames=80) as live:
        frames = list(before.watch(live))
    first = next(frame for frame in frames if frame.end_ns > instant_ns)
    assert first.end_ns - instant_ns <= period_ns
    assert first is frames[2]
    assert frames[0].end_ns <= instant_ns


@pytest.mark.parametrize(("direction", "sign"), [("rise", 1), ("either", 1), ("fall", -1), ("either", -1)])
def test_a_step_in_brightness_fires(direction: str, sign: int) -> None:
    """A lamp that changes at a known second; the frames before and after it are there."""
    rate_e_per_s, step_ns = 5_000.0, NOON_NS + 12 * 10**9
    lit = (NOON_NS, step_ns) if sign < 0 else (step_ns, step_ns + 10**12)
    scene = Led(rate_e_per_s, pulses_ns=(lit,))
    with fullwell.open("twin:qhy42-pro", scene=scene, clock=InstantClock(NOON_NS), seed=2) as cam:
        cam.configure(exposure_s=0.05, window=Window(0, 0, 64, 64))
        before = PreTrigger(spans(cam, 5), BrightnessStep(region=(10, 10, 30, 30), direction=direction))
        with cam.live(frames=400) as live:
            frames = [(frame.start_ns, frame.end_ns) for frame in before.watch(live)]
    at_step = [index for index, (start_ns, end_ns) in enumerate(frames) if start_ns < step_ns < end_ns]
    assert at_step[0] in (4, 5)
    assert "sigma" in before.fired


def test_the_other_direction_does_not_fire() -> None:
    scene = Led(5_000.0, pulses_ns=((NOON_NS + 12 * 10**9, NOON_NS + 10**12),))
    with fullwell.open("twin:qhy42-pro", scene=scene, clock=InstantClock(NOON_NS), seed=2) as cam:
        cam.configure(exposure_s=0.05, window=Window(0, 0, 64, 64))
        before = PreTrigger(spans(cam, 5), BrightnessStep(direction="fall"))
        with cam.live(frames=400) as live:
            assert list(before.watch(live)) == []


def test_false_alarms_are_as_rare_as_stated(cam) -> None:
    """At 2 sigma and a window of 10 frames they are frequent enough to be counted, in independent trials."""
    frame = cam.expose()
    rng = np.random.default_rng(11)
    window, sigmas, trials = 10, 2.0, 3_000
    alarms = 0
    for levels in rng.normal(1000.0, 30.0, (trials, window + 1)):
        trigger = BrightnessStep(sigmas=sigmas, window=window)
        said = [trigger.fires(replace(frame, data=np.full((1, 1), level))) for level in levels]
        assert not any(said[:-1])
        alarms += bool(said[-1])
    low, high = stats.binom.interval(1 - 1e-6, trials, 2 * stats.t.sf(sigmas, window - 1))
    assert low <= alarms <= high


def test_frames_without_scatter_need_a_real_step(cam) -> None:
    frame = cam.expose()
    trigger = BrightnessStep(window=10)
    flat = np.full((64, 64), 100, np.uint8)
    assert not any(trigger.fires(replace(frame, data=flat)) for _ in range(30))
    flat[0, 0] += 1
    assert not trigger.fires(replace(frame, data=flat))
    assert trigger.fires(replace(frame, data=flat + 1))


def test_too_little_memory_is_said_before(cam, monkeypatch) -> None:
    frame_bytes = 64 * 64 * 2
    monkeypatch.setattr(pretrigger, "available_bytes", lambda: 20 * frame_bytes)
    assert PreTrigger(spans(cam, 10)).require_room(cam) == 11
    with pytest.raises(InvalidValue, match=r"keeps 18 frames .* Ask for at most"):
        PreTrigger(spans(cam, 17)).require_room(cam)


def test_a_shorter_exposure_does_not_overrun_the_memory(cam, monkeypatch) -> None:
    monkeypatch.setattr(pretrigger, "available_bytes", lambda: 20 * 64 * 64 * 2)
    before = PreTrigger(spans(cam, 15))
    before.require_room(cam)
    with cam.live(frames=200) as live:
        cam.configure(exposure_s=0.001)
        most = 0
        watching = before.watch(live)
        threading.Timer(0.5, before.fire).start()
        for _ in watching:
            most = max(most, before.held)
    assert most <= 17


def test_available_memory_is_known_here() -> None:
    free_bytes = available_bytes()
    assert free_bytes is None or 10**7 < free_bytes < 10**14


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: PreTrigger(0.0), OutOfRange),
        (lambda: PreTrigger(math.nan), InvalidValue),
        (lambda: BrightnessStep(sigmas=0), OutOfRange),
        (lambda: BrightnessStep(window=2), OutOfRange),
        (lambda: BrightnessStep(direction="up"), UnknownName),
        (lambda: BrightnessStep(region=(0, 0, 0, 5)), InvalidValue),
        (lambda: AtInstant(1.5), InvalidValue),
    ],
)
def test_impossible_wishes(make, error) -> None:
    with pytest.raises(error):
        make()


def test_a_region_beyond_the_frame(cam) -> None:
    before = PreTrigger(1.0, BrightnessStep(region=(0, 0, 65, 10)))
    with cam.live(frames=2) as live, pytest.raises(InvalidValue, match="does not lie"):
        list(before.watch(live))
