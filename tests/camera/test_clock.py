"""All clocks keep the same promises: they never run backwards, wait until an instant, and can be woken."""

from __future__ import annotations

import threading
import time

import pytest

from fullwell.camera.clock import FastClock, InstantClock, RealClock, SteppedClock
from fullwell.errors import OutOfRange

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
    with pytest.raises(OutOfRange, match="speed of the clock"):
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
