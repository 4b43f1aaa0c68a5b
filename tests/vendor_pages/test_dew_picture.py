"""Dew on the window is in the picture when, and only when, physics puts it there."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell import Surroundings
from fullwell.camera.clock import SteppedClock
from fullwell.models import Window
from fullwell.scene import Uniform

MIDNIGHT_NS = 1_800_000_000_000_000_000
MIDDLE = Window(2000, 2000, 512, 512)
LEVEL_E_PER_S = 20_000.0


def frame_after(minutes: float, humidity_percent: float, heater: bool = False):
    """A flat field after some time with the cooler on, in air of 12 C."""
    clock = SteppedClock(MIDNIGHT_NS)
    air = Surroundings(ambient_temperature_c=12.0, humidity_percent=humidity_percent)
    with fullwell.open(
        "twin:qhy600-pro", scene=Uniform(LEVEL_E_PER_S), filter="none", clock=clock, surroundings=air, seed=3
    ) as camera:
        camera.configure(exposure_s=0.5, window=MIDDLE)
        camera.set_target_temperature(-15.0)
        camera.set_cooler(True)
        camera.set_window_heater(heater)
        clock.step(60 * minutes)
        camera.start()
        clock.step(1.0)
        return (frame := camera.read()), camera.truth(frame)


@pytest.mark.requirement("B6")
def test_a_window_below_the_dew_point_dims_the_picture():
    dry, dry_truth = frame_after(60, humidity_percent=60.0)
    wet, wet_truth = frame_after(60, humidity_percent=92.0)
    assert "dew" not in dry_truth.effects
    assert "% of the light undisturbed" in wet_truth.effects["dew"]
    expected = wet_truth.electrons.mean() / dry_truth.electrons.mean()
    assert expected < 0.97
    bias_dn = frame_bias_dn(dry)
    seen = (wet.data.mean() - bias_dn) / (dry.data.mean() - bias_dn)
    # Shot noise of two means of 512 x 512 px of about 10,000 e-: 3e-5 of the ratio; the bias is known to 0.1 DN.
    assert seen == pytest.approx(expected, abs=5 * 3e-5 + 2e-4)


@pytest.mark.requirement("B6")
def test_the_heater_keeps_the_window_clear():
    _, truth = frame_after(60, humidity_percent=92.0, heater=True)
    assert "dew" not in truth.effects


@pytest.mark.requirement("B6")
def test_without_dew_the_picture_is_that_of_a_dry_night_bit_for_bit():
    humid, dry = (frame_after(60, humidity_percent=humidity)[0] for humidity in (85.0, 10.0))
    np.testing.assert_array_equal(humid.data, dry.data)


def frame_bias_dn(frame) -> float:
    """The level without light of this twin at these settings: a very short exposure in the dark says it."""
    from fullwell.scene import Dark

    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", seed=3, temperature_c=-15.0) as camera:
        used = frame.report.settings
        camera.configure(exposure_s=0.001, window=MIDDLE, gain=used.gain, offset=used.offset, mode=used.mode)
        return float(camera.expose().data.mean())
