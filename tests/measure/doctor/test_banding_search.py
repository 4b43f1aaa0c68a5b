"""The search for the quietest USB traffic finds and removes bands whose dependence on it was drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import fullwell
from fullwell.measure import doctor
from fullwell.measure.doctor import State, Trouble, Verdict
from fullwell.readout.banding import band_amplitude_e
from fullwell.scene import Dark

REMOVED = 0.15
"""What may be left of the bands, as a part of what they were at the traffic as found."""


def searched(case: int) -> tuple[Verdict, Verdict, float, float]:
    """Verdicts before and after, and the true amplitudes at the traffic as found and at the one advised."""
    chance = np.random.default_rng((15, case))
    key = ("qhy600-pro", "qhy268m-pro")[case % 2]
    quiet, width = float(chance.uniform(0, 60)), float(chance.uniform(6, 20))
    amplitude_e = float(np.exp(chance.uniform(np.log(0.5), np.log(5.0))))
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=500 + case) as camera:
        model = camera.model
        law = replace(
            model.sensor.banding, periodic_amplitude_e=amplitude_e, quiet_traffic=quiet, traffic_width=width
        )
        banded = [traffic for traffic in range(61) if band_amplitude_e(law, traffic) > 0.4]
        found = int(chance.choice(banded))
        camera.troubles.set(
            "interference",
            amplitude_e=amplitude_e,
            frequency_hz=float(chance.uniform(300, 5000)),
            quiet_traffic=quiet,
            traffic_width=width,
        )
        camera.configure(
            mode=int(chance.integers(0, 6)),
            gain=int(chance.integers(0, 101)),
            exposure_s=0.001,
            usb_traffic=found,
        )
        (_, before), *_ = doctor.examine(camera, only=["banding"], apply=True).verdicts
        advised = camera.settings.usb_traffic
        (_, after), *_ = doctor.examine(camera, only=["banding"], quick=True).verdicts
    return before, after, band_amplitude_e(law, found), band_amplitude_e(law, advised)


def prove(case: int) -> None:
    before, after, found_e, left_e = searched(case)
    assert before.trouble is Trouble.PERIODIC_BANDING
    assert after.state is State.HEALTHY, after.words
    assert left_e < REMOVED * found_e


@pytest.mark.requirement("S15")
@pytest.mark.parametrize("case", range(2))
def test_bands_are_found_and_removed(case: int) -> None:
    prove(case)


@pytest.mark.slow
@pytest.mark.requirement("S15")
@pytest.mark.parametrize("case", range(2, 30))
def test_bands_are_found_and_removed_at_many_random_dependences(case: int) -> None:
    prove(case)


def test_the_wanted_rate_limits_the_search() -> None:
    with fullwell.open("twin:qhy268m-pro", scene=Dark(), clock="instant", seed=3) as camera:
        camera.configure(exposure_s=0.001, usb_traffic=0)
        camera.troubles.set(
            "interference", amplitude_e=2.0, frequency_hz=1500.0, quiet_traffic=50.0, traffic_width=8.0
        )
        (_, verdict), *_ = doctor.examine(camera, only=["banding"], frame_rate_fps=5.5, quick=True).verdicts
        numbers = {each.name: each.value for each in verdict.quantities}
        assert numbers["rate there"] >= 5.5
        assert "not clean" in verdict.remedy


def test_nothing_is_set_unless_asked_for() -> None:
    with fullwell.open("twin:qhy268m-pro", scene=Dark(), clock="instant", seed=3) as camera:
        camera.configure(exposure_s=0.001, usb_traffic=40)
        before = camera.settings
        assert doctor.examine(camera, only=["banding"], quick=True).troubles == (Trouble.PERIODIC_BANDING,)
        assert camera.settings == before
