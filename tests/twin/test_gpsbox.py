"""The box's clock: pulses, counts and the drift between them are functions of the instant, and bounded."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell.chance.keys import key
from fullwell.readout.gps import PPS_LOST, Edge
from fullwell.twin.gpsbox import Fault, GpsBox, StampSource
from fullwell.twin.oscillator import SECOND_NS, Oscillator

NOW_S = 1_767_225_600
NOW_NS = NOW_S * SECOND_NS
HOUR_NS = 3600 * SECOND_NS


def oscillator(offset_ppm: float = -0.3, stream: int = 1) -> Oscillator:
    return Oscillator(key(stream, "test"), offset_ppm, NOW_NS - HOUR_NS)


def test_pulses_are_20_to_100_ns_late() -> None:
    late_ns = [oscillator().pulse_ns(NOW_S + second) - (NOW_S + second) * SECOND_NS for second in range(500)]
    assert 20 <= min(late_ns) < 25
    assert 95 < max(late_ns) <= 100


def test_the_count_between_pulses_is_the_frequency_and_one_tick() -> None:
    clock = oscillator()
    for second in range(NOW_S, NOW_S + 200):
        between_ns = clock.pulse_ns(second) - clock.pulse_ns(second - 1)
        assert abs(clock.pulse_count(second) - between_ns * clock.frequency_hz(second - 1) / SECOND_NS) <= 1


def test_the_frequency_wanders_but_not_far() -> None:
    """Within 0.05 ppm for temperature, and a random walk of 2e-4 ppm per root second: 0.02 ppm in some hours."""
    ppm = np.array([oscillator().ppm(NOW_S + second) for second in range(0, 20_000, 50)])
    assert 0.05 < np.ptp(ppm) < 0.4
    assert abs(ppm.mean() + 0.3) < 0.15
    steps = np.abs(np.diff([oscillator().ppm(NOW_S + second) for second in range(400)]))
    assert 0 < steps.max() < 0.01


@given(st.integers(0, 10**13))
def test_a_stamp_read_back_is_the_instant_less_the_lateness_of_the_pulse(after_ns: int) -> None:
    """One tick of rounding, 20 to 100 ns of the pulse that began the second, and 80 ns of its length."""
    clock = oscillator()
    second, count = clock.since_pulse(NOW_NS + after_ns)
    assert 0 <= count <= clock.pulse_count(second) + 10
    read_ns = Edge(51, second - 813_283_200, count).utc_ns(clock.pulse_count(second))
    assert -200 - 80 <= read_ns - (NOW_NS + after_ns) <= 100


def test_stamps_are_a_function_of_the_instant_in_any_order() -> None:
    box = GpsBox(faults=[Fault("lock lost", 20, 40), Fault("pps lost", 60)])
    instants = [NOW_NS + 777_777_777 * step for step in range(120)]

    def stamps(order: list[int]) -> dict[int, object]:
        source = StampSource(box, seed=4, made_ns=NOW_NS)
        return {i: source.stamp(instants[i], instants[i] + 400, i, 64, 32) for i in order}

    shuffled = random.Random(0).sample(range(120), 120)
    assert stamps(list(range(120))) == stamps(shuffled)


def test_time_goes_on_smoothly_into_and_out_of_a_loss_of_lock() -> None:
    source = StampSource(GpsBox(faults=[Fault("lock lost", 20, 40)]), seed=4, made_ns=NOW_NS)
    instants = NOW_NS + np.arange(19 * SECOND_NS, 42 * SECOND_NS, SECOND_NS // 7)
    read = [source.stamp(int(t), int(t) + 400, 0, 64, 32) for t in instants]
    errors_ns = np.array([stamp.vsync_ns for stamp in read]) - (instants + 400)
    lost = np.array([stamp.pps_count == PPS_LOST for stamp in read])
    assert abs(errors_ns[~lost]).max() < 300
    assert errors_ns[lost][0] == pytest.approx(0, abs=51_000)
    assert errors_ns[lost][-1] == pytest.approx(-50_000 * 20, abs=60_000)
    assert (np.diff(errors_ns[lost]) < 0).mean() > 0.9
    assert not read[-1].start.flag & 0b1100_1100


@pytest.mark.parametrize("kind", ["lock lost", "pps lost", "pps exact", "bogus lock"])
def test_a_fault_from_the_start_holds_for_the_vsync_before_it(kind: str) -> None:
    """Row 0 of a low window ends long after its vsync, which then comes before the camera was made."""
    rise_ns = NOW_NS - 60_170_196
    sound, faulty = (
        StampSource(GpsBox(faults=faults), seed=4, made_ns=NOW_NS).stamp(rise_ns, rise_ns + 400, 0, 640, 480)
        for faults in ([], [kind])
    )
    assert sound != faulty


def test_two_bodies_have_two_boxes_and_one_body_one() -> None:
    same, other = (StampSource(GpsBox(), seed, NOW_NS).stamp(NOW_NS, NOW_NS + 400, 0, 1, 1) for seed in (1, 2))
    assert same == StampSource(GpsBox(), 1, NOW_NS).stamp(NOW_NS, NOW_NS + 400, 0, 1, 1)
    assert same != other


def test_at_the_pole_and_the_date_line_positions_stay_on_the_globe() -> None:
    for latitude, longitude in ((90.0, 180.0), (-90.0, -180.0), (0.0, 179.99999), (-0.00001, -179.99999)):
        box = GpsBox(latitude, longitude, faults=["jumping latitude", "jumping longitude"])
        source = StampSource(box, 3, NOW_NS)
        for second in range(30):
            instant_ns = NOW_NS + second * SECOND_NS
            stamp = source.stamp(instant_ns, instant_ns + 400, 0, 64, 32)
            assert abs(stamp.latitude_deg) <= 90
            assert abs(stamp.longitude_deg) <= 180
