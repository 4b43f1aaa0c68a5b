"""T6: a GPS box stamps the first pixels of each frame; what goes wrong with one in life goes wrong on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.errors import InvalidWindow, OutOfRange, UnknownName
from fullwell.models import keys
from fullwell.models.facts import Window
from fullwell.readout.gps import PPS_LOST, GpsStamp, Receiver, decode, doubts, stamp_bytes
from fullwell.scene import Dark, Uniform
from fullwell.twin.gpsbox import Fault, GpsBox, GpsFault

START_NS = 1_767_225_600_250_000_000
WINDOW = Window(0, 100, 64, 32)
TICK_NS = 100
LATEST_PULSE_NS = 100
LOCKED = GpsBox()


@contextmanager
def camera(key: str = "qhy600-pro", box: GpsBox | None = LOCKED, **settings: Any) -> Iterator[Any]:
    with fullwell.open(f"twin:{key}", scene=Dark(), clock=InstantClock(START_NS), seed=3, gps_box=box) as opened:
        opened.configure(**{"window": WINDOW, "exposure_s": 0.7, "gps": True, **settings})
        yield opened


def stamps(opened: Any, number: int) -> list[GpsStamp]:
    return [decode(stamp_bytes(opened.expose().data)) for _ in range(number)]


def vsync_ns(opened: Any, frame: Any) -> int:
    """When the shutter signal really falls, by the answer key and the clockwork of the frame."""
    timing = frame.report.timing
    return opened.truth(frame).row0_start_ns + timing.exposure_ns - timing.reference_to_row0_end_ns


@pytest.mark.requirement("T6")
@pytest.mark.parametrize("key", keys())
def test_the_stamp_is_the_vsync_to_a_tick_and_the_error_of_the_pulse(key: str) -> None:
    with camera(key) as opened:
        signal = opened.model.shutter_signal
        found = []
        for _ in range(20):
            frame = opened.expose()
            stamp = decode(stamp_bytes(frame.data))
            found.append(stamp)
            assert doubts(stamp) == ()
            assert (stamp.width, stamp.height) == (64, 32)
            late_ns = vsync_ns(opened, frame) - stamp.end.utc_ns(stamp.pps_count)
            assert 20 - 2 * TICK_NS < late_ns < LATEST_PULSE_NS + 2 * TICK_NS
            assert stamp.now == stamp.end
            width_ns = stamp.end.utc_ns(stamp.pps_count) - stamp.start.utc_ns(stamp.pps_count)
            wanted_ns = signal.pulse_ns or frame.report.timing.exposure_ns
            assert abs(width_ns - wanted_ns) <= 2 * TICK_NS + LATEST_PULSE_NS
    assert [stamp.sequence for stamp in found] == list(range(1, 21))


@pytest.mark.requirement("T6")
def test_counts_between_pulses_are_those_of_a_living_oscillator() -> None:
    """Near 10 MHz, not the same each second, never the exact 10,000,000 that some programs refuse."""
    with camera(exposure_s=7.0) as opened:
        counts = {stamp.pps_count for stamp in stamps(opened, 60)}
    assert len(counts) > 1
    assert all(9_999_980 < count < 10_000_000 for count in counts)


@pytest.mark.requirement("T6")
@pytest.mark.parametrize(
    ("bits", "bin_", "words"), [(16, 1, 22), (8, 1, 44), (16, 2, 11), (8, 2, 22)], ids=["16", "8", "sum", "sum8"]
)
def test_only_the_first_pixels_change_and_only_when_asked(bits: int, bin_: int, words: int) -> None:
    def take(gps: bool) -> Any:
        with camera(bits=bits, bin=bin_, gps=gps) as opened:
            frame = opened.expose()
            assert frame.report.settings.gps is gps
            return frame.data.ravel().copy(), opened.truth(frame).electrons

    (stamped, true), (plain, same) = take(True), take(False)
    assert np.array_equal(stamped[words:], plain[words:])
    assert decode(stamp_bytes(stamped)).locked
    assert not decode(stamp_bytes(plain)).locked
    assert np.array_equal(true, same)


@pytest.mark.requirement("T6")
def test_the_42_overwrites_64_bytes() -> None:
    with camera("qhy42-pro") as opened:
        data = opened.expose().data.ravel()
    assert not data[22:32].any()
    assert data[32:].all()


@pytest.mark.requirement("T6")
def test_live_frames_are_stamped_one_frame_period_apart() -> None:
    with camera(exposure_s=0.05) as opened:
        frames = [(frame, decode(stamp_bytes(frame.data))) for frame in opened.live(frames=6)]
        for frame, stamp in frames:
            assert abs(stamp.vsync_ns - vsync_ns(opened, frame)) < LATEST_PULSE_NS + 2 * TICK_NS
    periods_ns = np.diff([stamp.vsync_ns for _, stamp in frames])
    assert abs(periods_ns - frames[0][0].report.timing.frame_period_ns).max() < 3 * TICK_NS + LATEST_PULSE_NS


@pytest.mark.requirement("T6")
def test_a_camera_without_a_box_takes_the_switch_and_has_no_lock() -> None:
    with camera(box=None) as opened:
        (stamp,) = stamps(opened, 1)
    assert stamp.end.receiver is Receiver.POWERED_ON
    assert stamp.pps_count == PPS_LOST
    assert any("no lock" in reason for reason in doubts(stamp))


@pytest.mark.requirement("T6")
def test_a_cold_start_searches_then_has_data_then_lock() -> None:
    with camera(box=GpsBox(powered_s=0.0, cold_start_s=30.0), exposure_s=1.0) as opened:
        found = stamps(opened, 40)
    states = [stamp.end.receiver for stamp in found]
    assert states == sorted(states)
    assert set(states) == set(Receiver)
    for stamp in found:
        assert stamp.locked is (doubts(stamp) == ())
        assert (stamp.latitude_word > 0) is (stamp.end.receiver >= Receiver.VALID)
        if stamp.end.receiver is Receiver.NOT_LOCKED:
            assert stamp.vsync_ns < START_NS - 10**9  # it counts from its own power-on


@pytest.mark.requirement("T6")
def test_frozen_stamps_stand_still_while_frames_go_on() -> None:
    with camera(box=GpsBox(faults=[Fault("frozen stamps", after_s=3.0)])) as opened:
        found = stamps(opened, 8)
    assert len({stamp.end for stamp in found[-3:]}) == 1
    assert [stamp.sequence for stamp in found] == list(range(1, 9))
    assert any("frozen" in reason for reason in doubts(found[-1], found[-2]))
    assert doubts(found[1], found[0]) == ()


@pytest.mark.requirement("T6")
def test_a_bogus_lock_looks_locked_and_is_18_s_off() -> None:
    with camera(box=GpsBox(faults=["bogus lock"])) as opened:
        frame = opened.expose()
        true_ns = vsync_ns(opened, frame)
    stamp = decode(stamp_bytes(frame.data))
    assert doubts(stamp) == ()
    assert round((stamp.vsync_ns - true_ns) / 1e9) == 18
    assert any("s after the date" in reason for reason in doubts(stamp, near_ns=frame.end_ns, within_s=5.0))


@pytest.mark.requirement("T6")
@pytest.mark.parametrize("which", ["latitude", "longitude"])
def test_the_position_jumps_by_three_hundredths_of_a_degree_and_back(which: str) -> None:
    box = GpsBox(latitude_deg=-30.24, longitude_deg=-70.74, faults=[f"jumping {which}"])
    with camera(box=box) as opened:
        found = stamps(opened, 24)
    away_deg = np.array([getattr(stamp, f"{which}_deg") - getattr(box, f"{which}_deg") for stamp in found])
    jumped = abs(away_deg) > 0.01
    assert 0 < jumped.sum() < 24
    assert abs(abs(away_deg[jumped]) - 0.03).max() < 1e-4
    assert abs(away_deg[~jumped]).max() < 1e-4
    for before, after, changed in zip(found, found[1:], np.diff(jumped), strict=False):
        assert any("position jumps" in reason for reason in doubts(after, before)) == changed


@pytest.mark.requirement("T6")
def test_without_pulses_the_time_runs_50_us_per_second_slow() -> None:
    with camera(box=GpsBox(faults=["pps lost"], oscillator_ppm=0.0)) as opened:
        frames = [opened.expose() for _ in range(15)]
        true_ns = [vsync_ns(opened, frame) for frame in frames]
    found = [decode(stamp_bytes(frame.data)) for frame in frames]
    assert all(stamp.pps_count == PPS_LOST and stamp.locked for stamp in found)
    assert all("PPS is lost" in doubts(stamp)[0] for stamp in found)
    slow_ns = [true - stamp.vsync_ns for true, stamp in zip(true_ns, found, strict=True)]
    elapsed_s = (true_ns[-1] - true_ns[0]) / 1e9
    assert (slow_ns[-1] - slow_ns[0]) / elapsed_s == pytest.approx(50_000, abs=60_000 / elapsed_s)


@pytest.mark.requirement("T6")
def test_an_exact_ten_million_is_sound() -> None:
    with camera(box=GpsBox(faults=["pps exact"])) as opened:
        frame = opened.expose()
        true_ns = vsync_ns(opened, frame)
    stamp = decode(stamp_bytes(frame.data))
    assert stamp.pps_count == 10_000_000
    assert doubts(stamp) == ()
    assert abs(stamp.vsync_ns - true_ns) <= TICK_NS


@pytest.mark.requirement("T6")
def test_a_lock_is_lost_for_a_while() -> None:
    with camera(box=GpsBox(faults=[Fault("lock lost", after_s=4.0, until_s=8.0)]), exposure_s=1.0) as opened:
        frames = [opened.expose() for _ in range(14)]
        true_ns = [vsync_ns(opened, frame) for frame in frames]
    for frame, vsync in zip(frames, true_ns, strict=True):
        stamp = decode(stamp_bytes(frame.data))
        lost = 4.0 <= (vsync - START_NS) / 1e9 < 8.0
        assert stamp.locked is not lost
        assert stamp.end.receiver is (Receiver.VALID if lost else Receiver.LOCKED)


@pytest.mark.requirement("T6")
def test_failed_frames_have_number_0() -> None:
    with camera(box=GpsBox(faults=[Fault("failed frames", after_s=2.0, until_s=4.0)])) as opened:
        sequences = [stamp.sequence for stamp in stamps(opened, 8)]
    assert 0 in sequences
    assert sequences == [sequence and number for number, sequence in enumerate(sequences, start=1)]


def test_longitudes_beyond_100_degrees_are_whole() -> None:
    with camera(box=GpsBox(latitude_deg=19.8, longitude_deg=-155.47)) as opened:
        (stamp,) = stamps(opened, 1)
    assert stamp.longitude_deg == pytest.approx(-155.47, abs=1e-4)


def test_what_is_no_fault_is_refused() -> None:
    with pytest.raises(UnknownName, match="lock lost"):
        GpsBox(faults=["lock list"])
    with pytest.raises(OutOfRange, match="latitude"):
        GpsBox(latitude_deg=95.0)


def test_a_frame_too_small_for_the_stamp_is_refused() -> None:
    with camera() as opened, pytest.raises(InvalidWindow, match="44"):
        opened.configure(window=Window(0, 0, 4, 4))


def test_the_same_body_has_the_same_box() -> None:
    with camera() as first, camera() as second:
        assert stamps(first, 3) == stamps(second, 3)
    with fullwell.open("twin:qhy600-pro#9", scene=Uniform(1.0), clock=InstantClock(START_NS)) as other:
        other.configure(window=WINDOW, exposure_s=0.7, gps=True)
        (stamp,) = stamps(other, 1)
    with camera() as first:
        assert stamps(first, 1) != [stamp]


@pytest.mark.requirement("T6")
@pytest.mark.parametrize("kind", [kind for kind in GpsFault if kind is not GpsFault.PPS_EXACT])
def test_a_doubtful_stamp_is_never_used(kind: GpsFault) -> None:
    """Before the fault times come from the stamp; in it they come from elsewhere, or the stamp is right."""
    sources, errors_ns = [], []
    with camera(box=GpsBox(faults=[Fault(kind, after_s=4.0)])) as opened:
        for _ in range(18):
            frame = opened.expose()
            faulty = vsync_ns(opened, frame) >= START_NS + 4 * 10**9
            sources.append((faulty, frame.report.time_source))
            errors_ns.append(abs(frame.start_ns - opened.truth(frame).row0_start_ns))
            assert bool(frame.report.time_doubts) is (frame.report.time_source != "gps")
    assert sources.count((False, "gps")) > 3
    assert (False, "twin") not in sources
    assert (True, "twin") in sources
    if not kind.value.startswith("jumping"):  # these come and go
        assert (True, "gps") not in sources
    assert max(errors_ns) <= LATEST_PULSE_NS + 2 * TICK_NS
