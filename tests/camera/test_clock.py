"""All clocks keep the same promises: they never run backwards, wait until an instant, and can be woken."""

from __future__ import annotations

import threading
import time

import pytest

from fullwell.camera.clock import FastClock, InstantClock, RealClock, SteppedClock
from fullwell.errors import InvalidValue, OutOfRange

NOON_NS = 1_800_000_000_000_000_000


def kind(clock):
    return type(clock).__name__


@pytest.mark.parametrize("clock", [RealClock(), FastClock(50), InstantClock(NOON_NS)], ids=kind)
def test_a_sleep_ends_at_its_instant_or_later(clock):
    begin_ns = clock.now_ns()
    assert clock.sleep_until(begin_ns + 20_000_000)
    assert clock.now_ns() >= begin_ns + 20_000_000
    now_ns = clock.now_ns()
    assert clock.sleep_until(begin_ns), "an instant in the past is reached at once"
    assert clock.now_ns() >= now_ns


@pytest.mark.parametrize(
    "clock",
    [RealClock(), FastClock(2), InstantClock(NOON_NS), SteppedClock(NOON_NS)],
    ids=lambda c: type(c).__name__,
)
def test_a_sleeper_can_be_woken(clock):
    wake = threading.Event()
    wake.set()
    assert not clock.sleep_until(clock.now_ns() + 3_600_000_000_000, wake)


def test_a_fast_clock_is_as_fast_as_stated():
    clock = FastClock(1000)
    begin_ns, begin_s = clock.now_ns(), time.monotonic()
    assert clock.sleep_until(begin_ns + 100_000_000_000)
    spent_s = time.monotonic() - begin_s
    assert spent_s >= 0.0999
    assert (clock.now_ns() - begin_ns) / 1e9 <= 1000 * (time.monotonic() - begin_s) + 1


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_an_impossible_speed_is_refused(speed):
    with pytest.raises(InvalidValue, match="cannot have the speed"):
        FastClock(speed)


def test_a_stepped_clock_stands_until_it_is_moved():
    clock = SteppedClock(NOON_NS)
    reached = []
    sleeper = threading.Thread(target=lambda: reached.append(clock.sleep_until(NOON_NS + 2_000_000_000)))
    sleeper.start()
    clock.step(1.5)
    sleeper.join(0.05)
    assert sleeper.is_alive()
    assert clock.now_ns() == NOON_NS + 1_500_000_000
    clock.step(0.5)
    sleeper.join(5)
    assert reached == [True]


@pytest.mark.parametrize("jump", [lambda c: c.sleep_until(NOON_NS + 10_500_000_000), lambda c: c.step(10.5)])
def test_a_clock_that_jumps_calls_what_is_due_at_its_very_instants(jump):
    clock = InstantClock(NOON_NS) if "sleep" in jump.__code__.co_names[0] else SteppedClock(NOON_NS)
    seen = []
    slow = clock.every(3_000_000_000, lambda: seen.append(("slow", clock.now_ns() - NOON_NS)))
    clock.every(4_000_000_000, lambda: seen.append(("quick", clock.now_ns() - NOON_NS)))
    jump(clock)
    assert seen == [
        ("slow", 3_000_000_000),
        ("quick", 4_000_000_000),
        ("slow", 6_000_000_000),
        ("quick", 8_000_000_000),
        ("slow", 9_000_000_000),
    ]
    assert clock.now_ns() == NOON_NS + 10_500_000_000
    slow.stop()


def test_what_is_due_may_wake_the_sleeper_and_time_stops_there():
    clock, wake = InstantClock(NOON_NS), threading.Event()
    clock.every(1_000_000_000, wake.set)
    assert not clock.sleep_until(NOON_NS + 60_000_000_000, wake)
    assert clock.now_ns() == NOON_NS + 1_000_000_000


def test_what_a_clock_calls_must_not_sleep_and_a_failure_is_logged(caplog):
    clock = InstantClock(NOON_NS)
    clock.every(1_000_000_000, lambda: clock.sleep_until(NOON_NS + 1))
    assert clock.sleep_until(NOON_NS + 1_500_000_000)
    assert "must not sleep" in caplog.text


@pytest.mark.parametrize("clock", [RealClock(), FastClock(10)], ids=kind)
def test_a_clock_that_runs_calls_what_is_due_until_it_is_stopped(clock):
    seen, enough = [], threading.Event()

    def call():
        seen.append(clock.now_ns())
        if len(seen) == 3:
            ticking.stop()
            enough.set()

    begin_ns = clock.now_ns()
    ticking = clock.every(50_000_000, call)
    assert enough.wait(10)
    assert all(instant_ns >= begin_ns + (n + 1) * 50_000_000 for n, instant_ns in enumerate(seen))
    time.sleep(0.1)
    assert len(seen) == 3


def test_a_period_is_above_zero():
    with pytest.raises(OutOfRange):
        InstantClock(NOON_NS).every(0, lambda: None)
