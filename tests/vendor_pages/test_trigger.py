"""T9: exposures started by an edge at a connector, or by the program; through the public API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.engine import Camera, State
from fullwell.camera.pins import Pins
from fullwell.errors import ExposureAborted, InvalidValue, NotSupported, TriggerTimeout
from fullwell.models.facts import Window
from fullwell.scene import Dark
from tiny.waiting import InThread

NOON_NS = 1_790_000_000_000_000_000
INPUTS = [("qhy600-pro", "gpio"), ("qhy600-pro", "sma"), ("qhy268m-pro", "gpio"), ("qhy42-pro", "sma")]


@contextmanager
def waiting(key: str, trigger_input: str, line: fullwell.TriggerLine) -> Iterator[tuple[Camera, Pins]]:
    """A camera with 10 ms and 64 rows whose exposures wait."""
    clock = InstantClock(NOON_NS)
    with fullwell.open(f"twin:{key}", scene=Dark(), clock=clock, seed=1, trigger_line=line) as cam:
        cam.configure(exposure_s=0.01, window=Window(0, 0, 64, 64))
        assert cam.pins is not None
        cam.pins.configure(mode="five-pin", trig_out=True, trigger_input=trigger_input)
        yield cam, cam.pins


@pytest.mark.requirement("T9")
@pytest.mark.parametrize(("key", "trigger_input"), INPUTS)
def test_single_exposures_begin_with_an_edge(key: str, trigger_input: str) -> None:
    """After the latency of the input, with the next line: the facts bound the jitter."""
    line = fullwell.TriggerLine()
    with waiting(key, trigger_input, line) as (cam, pins):
        assert cam.model.connector is not None
        latency_ns, line_ns = cam.model.connector.latency_ns(trigger_input), cam.timing().line_period_ns
        late_ns = []
        for _ in range(20):
            cam.start()
            assert cam.state is State.ARMED
            edge_ns = cam.clock.now_ns() + 123_456_789
            line.pulse(edge_ns)
            frame = cam.read()
            late_ns.append(frame.start_ns - edge_ns - latency_ns)
            trace = pins.waveforms([frame])
            assert trace["trigger in" if trigger_input == "gpio" else "SMA in"].falling_ns.tolist() == [edge_ns]
        assert 0 <= min(late_ns) < max(late_ns) < line_ns


@pytest.mark.requirement("T9")
@pytest.mark.parametrize(("key", "trigger_input"), INPUTS)
def test_live_frames_begin_with_edges(key: str, trigger_input: str) -> None:
    line = fullwell.TriggerLine()
    with waiting(key, trigger_input, line) as (cam, pins):
        edges_ns = [NOON_NS + 1_000_000_000 + i * 350_000_001 for i in range(6)]
        for edge_ns in edges_ns:
            line.pulse(edge_ns)
        frames = list(cam.live(frames=6))
        late_ns = np.array([frame.start_ns for frame in frames]) - edges_ns
        latency_ns = cam.model.connector.latency_ns(trigger_input) if cam.model.connector else 0
        assert np.all((late_ns >= latency_ns) & (late_ns < latency_ns + cam.timing().line_period_ns))
        assert [frame.report.sequence for frame in frames] == list(range(6))
        assert len(pins.waveforms(frames)["shutter measure"].falling_ns) == 6


@pytest.mark.requirement("T9")
def test_edges_within_the_filter_time_are_bounce() -> None:
    """The library's filter: 100 ms unless set; off, each edge counts that finds the sensor ready."""
    line = fullwell.TriggerLine()
    with waiting("qhy600-pro", "gpio", line) as (cam, pins):
        line.train(first_ns=NOON_NS + 1_000_000_000, period_ns=30_000_000, number=20)
        starts_ns = [frame.start_ns for frame in cam.live(frames=5)]
        assert all(120_000_000 - 50_000 < b - a < 120_000_000 + 50_000 for a, b in pairwise(starts_ns))
        pins.configure(trigger_filter_s=0.0)
        begin_ns = NOON_NS + 5_000_000_000
        cam.clock.sleep_until(begin_ns)
        line.train(first_ns=begin_ns + 1_000_000_000, period_ns=30_000_000, number=20)
        starts_ns = [frame.start_ns for frame in cam.live(frames=5)]
        assert all(30_000_000 - 50_000 < b - a < 30_000_000 + 50_000 for a, b in pairwise(starts_ns))


@pytest.mark.requirement("T9")
def test_one_line_triggers_several_cameras_at_once() -> None:
    line = fullwell.TriggerLine()
    with waiting("qhy600-pro", "gpio", line) as (first, _), waiting("qhy42-pro", "sma", line) as (second, _):
        first.start()
        second.start()
        line.pulse(NOON_NS + 5_000_000)
        apart_ns = first.read().start_ns - second.read().start_ns
        slack_ns = max(first.timing().line_period_ns, second.timing().line_period_ns)
        assert abs(apart_ns) < slack_ns + 5_000


def test_the_program_triggers() -> None:
    with waiting("qhy42-pro", "soft", fullwell.TriggerLine()) as (cam, _):
        cam.start()
        assert cam.state is State.ARMED
        cam.trigger()
        assert cam.read().start_ns - NOON_NS < 200_000
        with pytest.raises(TriggerTimeout, match="no trigger came in 1 s"):
            cam.expose(trigger_timeout_s=1.0)
        assert cam.state is State.IDLE
        live = cam.live(frames=2)
        cam.trigger()
        first = next(live)
        cam.trigger()
        second = next(live)
        assert first.start_ns < second.start_ns


def test_a_live_run_waits_as_long_as_it_takes_and_can_be_abandoned() -> None:
    """Far beyond the time in which a frame of a free run would be missed."""
    clock = SteppedClock(NOON_NS)
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock=clock, seed=1) as cam:
        cam.configure(exposure_s=0.01, window=Window(0, 0, 64, 64))
        assert cam.pins is not None
        cam.pins.configure(trigger_input="soft")
        live = cam.live()
        first = InThread(lambda: next(live))
        for _ in range(10):
            clock.step(100.0)
            assert first.running(0.05)
        assert cam.state is State.LIVE
        cam.trigger()
        clock.step(1.0)
        assert NOON_NS + 1_000 * 10**9 <= first.outcome().start_ns < NOON_NS + 1_001 * 10**9
        second = InThread(lambda: next(live))
        assert second.running(0.1)
        cam.abort()
        assert isinstance(second.outcome(), ExposureAborted)
        assert cam.state is State.IDLE


def test_a_reader_who_is_late_gets_the_frames_of_all_triggers() -> None:
    """They wait in the camera's memory; only what finds no room there is lost, and is in the ledger."""
    line = fullwell.TriggerLine()
    with waiting("qhy42-pro", "sma", line) as (cam, _):
        live = cam.live(ring=1)
        line.train(first_ns=NOON_NS + 200_000_000, period_ns=200_000_000, number=10)
        frames = [next(live) for _ in range(10)]
        live.close()
    assert [frame.report.sequence for frame in frames] == list(range(10))
    assert live.lost == 0


def test_a_trigger_needs_an_input_that_listens() -> None:
    with waiting("qhy600-pro", "gpio", fullwell.TriggerLine()) as (_, pins):
        with pytest.raises(InvalidValue, match="no pin listens"):
            pins.configure(mode="four-pin")
        for role in ("master", "slave"):
            with pytest.raises(InvalidValue, match="does not wait for a trigger"):
                pins.configure(mode=role, trigger_input="sma")
        assert pins.settings.mode.name == "five-pin"
        pins.configure(mode="led-calibration")
    with waiting("qhy42-pro", "sma", fullwell.TriggerLine()) as (_, pins), pytest.raises(NotSupported):
        pins.configure(trigger_input="gpio")
