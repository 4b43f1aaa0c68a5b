"""What starts the twin's exposures: edges on a line, with latency, jitter and filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell import models
from fullwell.errors import InvalidValue, OutOfRange
from fullwell.readout.rows import RowTiming
from fullwell.twin.crystal import Crystal
from fullwell.twin.driven import NEVER_NS, DrivenRun
from fullwell.twin.freerun import Setup
from fullwell.twin.trigger import TriggerGate, TriggerLine

LINE_NS = 1000
TIMING = RowTiming(LINE_NS, 2, 0, 50_000, 60_000, read_ns=20_000, transfer_ns=500, reference_to_row0_end_ns=0)
BUSY_NS = 70_000
CONNECTOR = models.load("qhy600-pro").connector
assert CONNECTOR is not None
LATENCY_NS = CONNECTOR.gpio_latency_ns


def setup(name: str = "old") -> Setup:
    return Setup(name, TIMING, "L")  # type: ignore[arg-type]


def gate(line: TriggerLine, *, listens_to: str = "gpio", filter_ns: int = 0) -> TriggerGate:
    made = TriggerGate(CONNECTOR, line, Crystal())
    made.listens_to, made.filter_ns = listens_to, filter_ns
    return made


@given(st.lists(st.integers(0, 2_000_000), max_size=30), st.integers(0, 200_000), st.integers(0, 500_000))
def test_frames_begin_as_a_camera_that_is_walked_through_time_says(edges, filter_ns, armed_ns):
    """Against a plain walk over the edges, one by one."""
    line = TriggerLine()
    for edge in edges:
        line.pulse(edge)
    expected, ready_ns, last_ns = [], armed_ns, None
    for edge in sorted(edges):
        bounce = last_ns is not None and (edge <= last_ns or edge < last_ns + filter_ns)
        if edge < armed_ns or bounce or edge + LATENCY_NS < ready_ns:
            continue
        start_ns = -(-(edge + LATENCY_NS) // LINE_NS) * LINE_NS
        expected.append(start_ns)
        ready_ns, last_ns = start_ns + BUSY_NS, edge
    run = DrivenRun(gate(line, filter_ns=filter_ns), setup(), armed_ns)
    foreseen = [run.frame(number).start_ns for number in range(len(expected) + 1)]
    assert foreseen == [*expected, NEVER_NS]
    for instant_ns in range(0, 2_100_000, 100_000):
        assert run.begun(instant_ns) == sum(start <= instant_ns for start in expected)
        assert run.read_begun(instant_ns) == sum(start + 50_000 <= instant_ns for start in expected)
    assert [run.frame(number).start_ns for number in range(len(expected))] == expected
    run.forget_before(len(expected) // 2)
    assert [run.frame(n).start_ns for n in range(len(expected) // 2, len(expected))] == expected[
        len(expected) // 2 :
    ]


def test_the_jitter_is_one_line():
    """Edges at any phase: the start is late by the latency, and up to a line."""
    late = []
    for edge in np.random.default_rng(3).integers(0, 10**12, 500):
        line = TriggerLine()
        line.pulse(int(edge))
        late.append(DrivenRun(gate(line), setup(), 0).frame(0).start_ns - int(edge) - LATENCY_NS)
    assert 0 <= min(late) < 50
    assert LINE_NS - 50 < max(late) < LINE_NS


def test_settings_hold_from_the_next_frame():
    line = TriggerLine()
    run = DrivenRun(gate(line), setup(), 0)
    line.train(first_ns=0, period_ns=100_000, number=3)
    run.change(setup("new"), now_ns=150_000)
    assert [run.frame(number).setup.settings for number in range(3)] == ["old", "old", "new"]


def test_soft_triggers_need_no_line_and_other_inputs_hear_nothing():
    line = TriggerLine()
    line.pulse(1000)
    deaf = gate(line, listens_to="soft")
    run = DrivenRun(deaf, setup(), 0)
    assert run.frame(0).start_ns == NEVER_NS
    deaf.soft(5000)
    assert run.frame(0).start_ns == 5000 + CONNECTOR.soft_latency_ns


def test_the_filter_goes_on_from_one_exposure_to_the_next():
    line = TriggerLine()
    one = gate(line, filter_ns=1_000_000)
    line.train(first_ns=0, period_ns=300_000, number=5)
    first = DrivenRun(one, setup(), 0)
    assert first.begun(100_000) == 1
    second = DrivenRun(one, setup(), 200_000)
    assert second.frame(0).start_ns // LINE_NS == 1201


def test_a_line_refuses_what_is_no_instant():
    line = TriggerLine()
    for wrong in (-1, 2**63, float("nan")):
        with pytest.raises((OutOfRange, InvalidValue)):
            line.pulse(wrong)
    with pytest.raises(OutOfRange):
        line.train(0, 0, 5)
    assert line.edges_ns(0, 2**62) == ()


@pytest.mark.parametrize("ppm", [-37.5, 0.0, 12.0])
def test_a_crystal_is_off_by_what_it_says(ppm):
    crystal = Crystal(ppm)
    begin_ns = 1_790_000_000_000_000_000
    first = tick = crystal.next_tick_ns(begin_ns, 1_000_000)
    assert begin_ns <= first <= begin_ns + 1_000_100
    assert crystal.next_tick_ns(first, 1_000_000) == first
    for _ in range(1000):
        tick = crystal.next_tick_ns(tick + 1, 1_000_000)
    assert tick - first == pytest.approx(10**9 / (1 + ppm * 1e-6), abs=1)
    long = RowTiming(1000, 2, 0, 10**12, 2 * 10**12, 9000, 500, 46_000_000)
    paced = crystal.paced(long)
    assert paced.exposure_ns == pytest.approx(10**12 / (1 + ppm * 1e-6), abs=1)
    assert paced.frame_period_ns == pytest.approx(2 * 10**12 / (1 + ppm * 1e-6), abs=1)
