"""S15: horizontal banding: random bands vanish in a stack, periodic ones do not, USB traffic moves them.

Levels of rows come from 1024 columns: at 1.75 e- per pixel a pair of rows is known to 0.04 e-, the row noise is
0.25 e-. Stated probabilities are those of a false alarm of a perfect twin.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import fullwell
from fullwell import measure
from fullwell.camera.frame import Frame
from fullwell.models.facts import Window
from fullwell.scene import Dark

SIGMAS = 4.9
GAIN = 56
WINDOW = Window(3000, 2000, 1024, 512)
FRAMES = 9


def darks(key: str, traffic: int, frames: int) -> Iterator[Frame]:
    """Short darks, each begun at a whole second."""
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=22) as camera:
        camera.configure(
            mode="High Gain", gain=GAIN, offset=60, window=WINDOW, exposure_s=0.001, usb_traffic=traffic
        )
        for _ in range(frames):
            camera.clock.sleep_until((camera.clock.now_ns() // 10**9 + 1) * 10**9)
            yield camera.expose()


@pytest.mark.requirement("S15")
def test_random_rows_have_the_size_of_the_facts_and_vanish_in_a_stack() -> None:
    taken = list(darks("qhy600-pro", 0, FRAMES))
    frames, model = [frame.data for frame in taken], taken[0].model
    gain_e_per_dn = model.mode("High Gain").chains[0].curve.at(GAIN).e_per_dn
    variance_dn2 = (model.sensor.banding.row_noise_e / gain_e_per_dn) ** 2
    one = measure.row_noise(frames[0], 2).row_variance_dn2
    assert abs(one.pull(variance_dn2)) < SIGMAS
    assert one.relative_error < 0.2
    mean = measure.row_noise(np.mean(frames, axis=0), 2).row_variance_dn2
    assert abs(mean.pull(variance_dn2 / FRAMES)) < SIGMAS
    assert mean.value < 0.4 * one.value
    assert measure.strongest_band(measure.row_levels(frames[0], 2)).false_alarm_probability > 1e-4


@pytest.mark.requirement("S15")
def test_periodic_bands_move_with_the_traffic_and_stay_in_a_stack() -> None:
    bands = {}
    for traffic in (20, 40):
        taken = list(darks("qhy600-pro", traffic, FRAMES))
        frames, model, timing = [frame.data for frame in taken], taken[0].model, taken[0].report.timing
        step_ns = timing.line_period_ns * timing.rows_per_step
        facts = model.sensor.banding
        gain_e_per_dn = model.mode("High Gain").chains[0].curve.at(GAIN).e_per_dn
        assert facts.quiet_traffic == 0
        one, stacked = (
            measure.strongest_band(measure.row_levels(frame, timing.rows_per_step))
            for frame in (frames[0], np.mean(frames, axis=0))
        )
        for band in (one, stacked):
            assert band.false_alarm_probability < 1e-6
            resolution_hz = 1e9 / step_ns / (WINDOW.height / timing.rows_per_step)
            assert abs(band.frequency_hz(step_ns) - facts.periodic_frequency_hz) <= resolution_hz
        expected_dn = facts.periodic_amplitude_e / gain_e_per_dn
        # a line between two frequencies of the spectrum shows at least 64 % of its amplitude
        assert 0.55 * expected_dn < stacked.amplitude_dn.value < 1.1 * expected_dn
        assert stacked.false_alarm_probability < one.false_alarm_probability
        bands[traffic] = stacked.frequency_per_step
    assert bands[40] > 1.1 * bands[20]
