"""Memory and cable in live mode, against a simulation in small steps of time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullwell.camera.frame import FrameFormat, Settings
from fullwell.camera.ledger import Entry, Fate
from fullwell.models.facts import Window
from fullwell.readout.rows import RowTiming
from fullwell.twin.freerun import FreeRun, Setup
from fullwell.twin.stream import COMPUTER_FRAMES, FrameStream

SETTINGS = Settings(0, 1e-9, 0, 0, 0, 0, FrameFormat(Window(0, 0, 8, 60)), False, False, "usb3")


def setup(exposure: int, read: int, link: int, blanking: int = 1) -> Setup:
    """A clockwork in a few ns, as `readout.timing` makes it: the sensor waits for the cable."""
    period = max(exposure, read + blanking, link)
    timing = RowTiming(1, 1, 0, exposure, period, read, max(link - read, 0), 0)
    return Setup(SETTINGS, timing, "L", link)


@dataclass
class Steps:
    """The same camera, told nanosecond by nanosecond."""

    setup: Setup
    memory_frames: int
    broken: frozenset[int]
    next_start: int = 0
    next_number: int = 0
    rows_free: int = 0
    exposing: list[tuple[int, int, Setup]] = field(default_factory=list)
    memory: list[tuple[int, int, Setup]] = field(default_factory=list)
    sending: tuple[int, int] | None = None
    computer: list[int] = field(default_factory=list)
    fates: dict[int, Fate] = field(default_factory=dict)

    def at(self, now: int) -> None:
        """Everything that happens at this instant: first what ends, then what begins."""
        if self.sending is not None and self.sending[1] == now:
            number = self.sending[0]
            self.sending = None
            self.memory.pop(0)
            if number in self.broken:
                self.fates[number] = Fate.LOST_ON_LINK
            else:
                self.computer.append(number)
        exposure = self.setup.timing.exposure_ns
        if self.next_start <= now and self.rows_free <= now + exposure:
            light_end = now + exposure
            self.rows_free = light_end + self.setup.timing.read_ns + 1
            self.exposing.append((self.next_number, light_end, self.setup))
            self.next_number += 1
            self.next_start = now + self.setup.timing.frame_period_ns
        for number, light_end, used in [each for each in self.exposing if each[1] == now]:
            self.exposing.remove((number, light_end, used))
            if len(self.memory) < self.memory_frames:
                self.memory.append((number, light_end, used))
            else:
                self.fates[number] = Fate.LOST_IN_MEMORY
        if self.sending is None and self.memory and len(self.computer) < COMPUTER_FRAMES:
            number, light_end, used = self.memory[0]
            arrival = light_end + used.timing.read_ns + used.timing.transfer_ns
            self.sending = (number, max(now + used.link_ns, arrival))


@st.composite
def lives(draw):
    number = st.integers
    first = setup(draw(number(1, 30)), draw(number(1, 12)), draw(number(1, 25)))
    changes = draw(
        st.lists(
            st.tuples(number(0, 300), st.builds(setup, number(1, 30), number(1, 12), st.just(first.link_ns))),
            max_size=3,
        )
    )
    pauses = draw(st.lists(st.one_of(number(0, 5), number(0, 400)), min_size=1, max_size=15))
    broken = draw(st.frozensets(number(0, 30), max_size=8))
    return first, sorted(changes, key=lambda change: change[0]), pauses, draw(number(2, 5)), broken


@settings(max_examples=300, deadline=None, derandomize=True)
@given(lives())
def test_every_frame_fares_as_in_small_steps(life) -> None:
    """Random exposures, cables, memories, losses, changes, and readers who sleep between their frames."""
    first, changes, pauses, memory_frames, broken = life
    stream = FrameStream(FreeRun(first, 0), memory_frames, breaks=lambda number, _: number in broken)
    steps = Steps(first, memory_frames, broken)
    changes = list(changes)
    now = 0
    taken: list[int] = []
    told: dict[int, Fate] = {}
    for pause in pauses:
        wake = now + pause
        while True:
            while changes and changes[0][0] <= now:
                steps.setup = changes.pop(0)[1]
                stream.sensor.change(steps.setup, now)
            steps.at(now)
            if now >= wake and steps.computer:
                break
            coming = stream.coming(now, now)
            assert (coming is not None) == bool(steps.computer)
            assert stream.filled(now) == len(steps.memory)
            now += 1
        coming = stream.coming(now, now)
        assert coming is not None
        assert coming.exposure.index == steps.computer.pop(0)
        taken.append(coming.exposure.index)
        for loss in stream.take(coming, now):
            told.update(dict.fromkeys(range(loss.first, loss.last + 1), loss.fate))
        steps.at(now)
    assert told == {number: fate for number, fate in steps.fates.items() if number < taken[-1]}
    assert sorted([*taken, *told]) == list(range(taken[-1] + 1))


def test_a_reader_in_time_gets_every_frame_when_it_arrives() -> None:
    run = FreeRun(setup(20, 10, 25), 0)
    stream = FrameStream(run, 4)
    now = 0
    for number in range(50):
        coming = stream.coming(now, now + 1000)
        assert coming is not None
        assert coming.exposure == run.frame(number)
        now = coming.instant_ns
        assert now == coming.exposure.arrival_ns
        assert stream.take(coming, now) == ()


def test_the_cable_empties_the_memory_at_its_own_rate() -> None:
    """Exposures of 100 need the cable for 10 each: what waited comes 10 apart."""
    stream = FrameStream(FreeRun(setup(100, 10, 10), 0), 8)
    now = 100 * 6 + 50
    arrivals = []
    for _ in range(6):
        coming = stream.coming(now, now + 1000)
        assert coming is not None
        now = max(now, coming.instant_ns)
        arrivals.append(now)
        stream.take(coming, now)
    assert arrivals == [650, 650, 660, 670, 680, 690]


def test_a_long_absence_takes_no_long_computation() -> None:
    stream = FrameStream(FreeRun(setup(20, 10, 25), 0), 16)
    now = 10**15
    numbers, losses = [], []
    for _ in range(19):
        coming = stream.coming(now, now + 1000)
        assert coming is not None
        now = max(now, coming.instant_ns)
        losses += stream.take(coming, now)
        numbers.append(coming.exposure.index)
    assert numbers[:18] == list(range(18))
    assert losses == [Entry(18, numbers[18] - 1, Fate.LOST_IN_MEMORY)]
    assert numbers[18] >= 10**15 // 25 - 1


def test_a_cable_that_breaks_every_frame_brings_none() -> None:
    stream = FrameStream(FreeRun(setup(20, 10, 25), 0), 4, breaks=lambda *_: True)
    assert stream.coming(0, 10_000) is None


@pytest.mark.parametrize("first_number", [0, 17])
def test_losses_are_told_by_hardware_number(first_number: int) -> None:
    stream = FrameStream(
        FreeRun(setup(20, 10, 25), 0), 4, first_number, breaks=lambda number, _: number in (18, 1)
    )
    now, losses = 0, []
    for _ in range(4):
        coming = stream.coming(now, now + 1000)
        assert coming is not None
        now = coming.instant_ns
        losses += stream.take(coming, now)
    lost = 1 if first_number == 0 else 18
    assert losses == [Entry(lost, lost, Fate.LOST_ON_LINK)]


def test_dead_time_on_the_cable_loses_nothing() -> None:
    """Arrival may come later than the next frame begins to be read: two frames are under way then."""
    base = setup(5, 20, 15)
    late = replace(base, timing=replace(base.timing, transfer_ns=8))
    stream = FrameStream(FreeRun(late, 0), 1)
    now = 0
    for number in range(100):
        coming = stream.coming(now, now + 1000)
        assert coming is not None
        assert coming.exposure.index == number
        now = coming.instant_ns
        assert now == coming.exposure.arrival_ns
        assert stream.take(coming, now) == ()
