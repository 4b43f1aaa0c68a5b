"""T9: master and slave, two cameras in step; through the public API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.engine import Camera, State
from fullwell.camera.frame import Frame
from fullwell.camera.live import Live
from fullwell.errors import Busy, InvalidOperation, InvalidValue, OutOfRange
from fullwell.models.facts import Window
from fullwell.readout.waveforms import Trace
from fullwell.scene import Dark
from tiny.waiting import InThread

NOON_NS = 1_790_000_000_000_000_000
HOUR_S = 3600
EXPOSURE_S = 10.0
PPM = {"master": 8.0, "slave": -11.0}


@contextmanager
def pair(
    clock: InstantClock | SteppedClock, cable: fullwell.SyncCable | None, key: str = "qhy42-pro"
) -> Iterator[tuple[Camera, Camera]]:
    """Two cameras of one model whose oscillators differ by 19 ppm, set alike."""

    def one(role: str, seed: int) -> Camera:
        camera = fullwell.open(
            f"twin:{key}#{seed}",
            scene=Dark(),
            clock=clock,
            sync=cable,
            oscillator_ppm=PPM[role],
            threads=1,
        )
        camera.configure(exposure_s=EXPOSURE_S, window=Window(0, 0, 32, 32))
        if cable is not None:
            assert camera.pins is not None
            camera.pins.configure(mode=role, trig_out=True)
        return camera

    with one("master", 1) as master, one("slave", 2) as slave:
        yield master, slave


def frames_of(live: Live, count: int, clock: SteppedClock) -> list[Frame]:
    """The next frames of a live run, while the clock is stepped."""
    reader = InThread(lambda: [next(live) for _ in range(count)])
    while reader.running(0.001):
        clock.step(0.01)
    found: list[Frame] = reader.outcome()
    return found


def watch_for_an_hour(cable: fullwell.SyncCable | None) -> tuple[np.ndarray, int]:
    """How late row 0 of the slave begins after the nearest of the master, ns, frame by frame; the line period."""
    clock = SteppedClock(NOON_NS)
    with pair(clock, cable) as (master, slave):
        line_ns = master.timing().line_period_ns
        follower, leader = slave.live(), master.live()
        starts: dict[str, list[int]] = {"master": [], "slave": []}
        clock.step(1.0)  # for read-out and transfer
        for _ in range(round(HOUR_S / EXPOSURE_S) + 2):
            clock.step(EXPOSURE_S)
            starts["master"].append(next(leader).start_ns)
            if len(starts["master"]) > 1:  # a slave's first frame comes after the first vsync that it sees
                starts["slave"].append(next(follower).start_ns)
    leading = np.array(starts["master"])
    following = np.array(starts["slave"])
    nearest = leading[np.abs(following[:, None] - leading).argmin(axis=1)]
    assert following[-1] - following[0] > (HOUR_S - 2 * EXPOSURE_S) * 1e9
    return following - nearest, line_ns


@pytest.mark.requirement("T9")
def test_a_slave_stays_locked_to_its_master_for_an_hour() -> None:
    apart_ns, line_ns = watch_for_an_hour(fullwell.SyncCable(length_m=3.0))
    print(f"locked: slave {apart_ns.min()} to {apart_ns.max()} ns after the master, line period {line_ns} ns")
    assert np.all(np.abs(apart_ns) < line_ns)
    assert np.all((apart_ns >= 15) & (apart_ns <= 26)), "3 m of cable and up to a tick of 10 ns"


@pytest.mark.requirement("T9")
def test_without_the_cable_two_cameras_drift_apart() -> None:
    apart_ns, line_ns = watch_for_an_hour(None)
    drift_ns = apart_ns[-1] - apart_ns[0]
    expected_ns = (PPM["master"] - PPM["slave"]) * 1e-6 * HOUR_S * 1e9
    print(f"unlocked: {drift_ns / 1e6:.3f} ms in an hour, {drift_ns / line_ns:.0f} lines")
    assert drift_ns == pytest.approx(expected_ns, rel=0.01)
    assert drift_ns > 1000 * line_ns


@pytest.mark.requirement("T9")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
def test_every_row_and_every_pin_of_the_slave_follows(key: str) -> None:
    """Also with exposures of their own: what is read at one time, ends at one time."""
    clock = SteppedClock(NOON_NS)
    with pair(clock, fullwell.SyncCable(), key) as (master, slave):
        master.configure(exposure_s=0.05)
        slave.configure(exposure_s=0.02)
        assert master.pins is not None
        assert slave.pins is not None
        with master.live() as leader, slave.live() as follower:
            led, followed = (frames_of(live, n, clock) for live, n in ((leader, 6), (follower, 3)))
        ends_ns = np.array([frame.times.end_ns[0] for frame in led])
        pairs = [(led[np.abs(ends_ns - frame.times.end_ns[0]).argmin()], frame) for frame in followed]
        for leading, following in pairs:
            assert np.all(np.abs(following.times.end_ns - leading.times.end_ns) < 40)
            assert following.report.timing.exposure_ns < leading.report.timing.exposure_ns
        out: Trace = master.pins.waveforms([leading for leading, _ in pairs])
        into: Trace = slave.pins.waveforms([following for _, following in pairs])
        for sent, received in (("hsync", "hsync in"), ("vsync", "vsync in")):
            falls, comes = out[sent].falling_ns, into[received].falling_ns
            inside = falls[(falls > comes[0]) & (falls < comes[-1])]
            late = comes[np.searchsorted(comes, inside)] - inside
            assert np.all((late >= 10) & (late < 40))


@pytest.mark.requirement("T9")
def test_a_slave_follows_when_the_master_changes_its_exposure() -> None:
    clock = SteppedClock(NOON_NS)
    with pair(clock, fullwell.SyncCable()) as (master, slave):
        master.configure(exposure_s=0.1)
        slave.configure(exposure_s=0.05)
        with master.live() as leader, slave.live() as follower:
            led: list[Frame] = []
            followed: list[Frame] = []
            for exposure_s in (0.1, 0.3, 0.07):
                master.configure(exposure_s=exposure_s)
                readers = [
                    InThread(lambda live=live, kept=kept, n=n: kept.extend(next(live) for _ in range(n)))
                    for live, kept, n in ((leader, led, 10), (follower, followed, 8))
                ]
                while any(reader.running(0.001) for reader in readers):
                    clock.step(0.02)
    ends_ns = np.array([frame.times.end_ns[0] for frame in led])
    for frame in followed:
        assert np.abs(ends_ns - frame.times.end_ns[0]).min() < 40
    assert len({frame.report.timing.frame_period_ns for frame in followed}) == 3


@pytest.mark.requirement("T9")
def test_a_slave_waits_for_a_master() -> None:
    clock = SteppedClock(NOON_NS)
    with pair(clock, fullwell.SyncCable()) as (master, slave):
        for camera in (master, slave):
            camera.configure(exposure_s=0.5)
        slave.start()
        clock.step(100.0)
        assert slave.state is State.ARMED
        with master.live() as leader:
            clock.step(2.0)
            assert slave.state is State.READING
            frame = slave.read()
            starts_ns = [next(leader).start_ns for _ in range(2)]
        assert min(abs(frame.start_ns - start) for start in starts_ns) < 100
        slave.start()
        clock.step(100.0)
        assert slave.state is State.ARMED, "the master has stopped"
        slave.abort()


def test_only_wires_can_be_plugged_in() -> None:
    for wrong in ({"sync": "a cable"}, {"trigger_line": fullwell.SyncCable()}):
        with pytest.raises(InvalidValue, match="must be a"):
            fullwell.open("twin:qhy42-pro", scene=Dark(), clock="instant", **wrong)
    with pytest.raises(OutOfRange):
        fullwell.open("twin:qhy42-pro", scene=Dark(), clock="instant", oscillator_ppm=1e4)
    with pytest.raises(OutOfRange):
        fullwell.SyncCable(length_m=-1)


@pytest.mark.requirement("T9")
def test_what_does_not_fit_is_refused_with_the_reason() -> None:
    with pair(InstantClock(NOON_NS), fullwell.SyncCable()) as (master, slave):
        master.configure(exposure_s=0.02)
        slave.configure(exposure_s=0.2)
        with master.live() as leader:
            next(leader)
            with pytest.raises(InvalidOperation, match="the master's frames last"):
                slave.expose()
            slave.configure(exposure_s=0.01, bits=8)
            with pytest.raises(InvalidOperation, match="the master's lines last"):
                slave.expose()
            assert slave.pins is not None
            slave.pins.configure(mode="master")
            with pytest.raises(Busy, match="another camera drives"):
                slave.live()
