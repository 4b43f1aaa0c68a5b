"""S14: random change thermal noise: fixed positions, no matter how long the exposure; the suppression helps."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Dark

FRAMES = 24
WINDOW = Window(500, 500, 400, 300)


def spread_e(key: str, exposure_s: float, suppression: bool) -> np.ndarray:
    """Standard deviation of each pixel over some dark frames, rows levelled, electrons."""
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=4, temperature_c=-20.0) as camera:
        camera.configure(
            mode="High Gain",
            gain=60,
            offset=60,
            window=WINDOW,
            exposure_s=exposure_s,
            telegraph_suppression=suppression,
        )
        stack = np.stack([camera.expose().data.astype(np.float32) for _ in range(FRAMES)])
        stack -= np.median(stack, axis=2, keepdims=True)
        e_per_dn = camera.model.mode("High Gain").chains[0].curve.at(60).e_per_dn
    return stack.std(axis=0, ddof=1) * e_per_dn


@pytest.mark.requirement("S14")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_the_same_pixels_jump_whatever_the_exposure(key: str) -> None:
    short, long = (spread_e(key, exposure_s, suppression=False) for exposure_s in (0.001, 1.0))
    jumping = [spread > 4.0 for spread in (short, long)]
    share = [mask.mean() for mask in jumping]
    assert 0.02 < share[0] < 0.0885
    # Counts of the same population, jumps drawn anew: well within 6 sigma of independent binomial counts.
    error = np.sqrt(2.0 * share[0] * (1.0 - share[0]) / short.size)
    assert abs(share[1] - share[0]) < 6.0 * error
    assert (jumping[1][jumping[0]]).mean() > 0.7


@pytest.mark.requirement("S14")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_suppression_lowers_the_noise_of_those_pixels_and_of_no_others(key: str) -> None:
    off, on = (spread_e(key, 0.001, suppression=switch) for switch in (False, True))
    jumping = off > 4.0
    assert on[jumping].mean() < 0.7 * off[jumping].mean()
    assert np.sqrt((on**2).mean()) < 0.95 * np.sqrt((off**2).mean())
    assert np.median(on[~jumping]) == pytest.approx(np.median(off[~jumping]), rel=0.03)
