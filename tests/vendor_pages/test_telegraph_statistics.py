"""S14: fraction, jump and time at each level of telegraph pixels are those of a measured IMX455.

The measurement is a sample itself: 885 jumping pixels among 10,000. A share p of the twin's N pixels that lies
below a published percentile has the standard error sqrt(p (1 - p) (1 / 885 + 1 / N)); 4.9 of them are one false
alarm in a million. No distribution is assumed.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import fullwell
from fullwell import measure
from fullwell.models.facts import Window
from fullwell.scene import Dark

SIGMAS = 4.9
FRAMES = 300
WINDOW = Window(1000, 800, 200, 100)
MODE, GAIN, OFFSET = "High Gain-2CMS", 100, 255
"""The least read noise (1.2 e-), with room for downward jumps."""


@lru_cache
def census(key: str) -> tuple[measure.TelegraphCensus, float]:
    """What jumps in a stack of biases, and the gain in e-/DN."""
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", seed=23) as camera:
        camera.configure(mode=MODE, gain=GAIN, offset=OFFSET, window=WINDOW, exposure_s=0.001)
        stack = np.stack([camera.expose().data for _ in range(FRAMES)])
        gain_e_per_dn = camera.model.mode(MODE).chains[0].curve.at(GAIN).e_per_dn
    return measure.telegraph_census(stack), gain_e_per_dn


@lru_cache
def published(shared: Path) -> dict[str, list[float]]:
    return json.loads((shared / "data" / "sensors" / "rtn_stats.json").read_text())


def error(share: float, measured: int, of_twin: int) -> float:
    """Standard error of the difference of two shares."""
    return (share * (1.0 - share) * (1.0 / measured + 1.0 / of_twin)) ** 0.5


@pytest.mark.requirement("S14")
@pytest.mark.parametrize("key", ["qhy600-pro", pytest.param("qhy268m-pro", marks=pytest.mark.slow)])
def test_fraction_of_jumping_pixels(key: str, shared: Path) -> None:
    truth = published(shared)["frac_pixels"]
    found = census(key)[0].fraction.value
    assert abs(found - truth) < SIGMAS * error(truth, 10_000, WINDOW.width * WINDOW.height)


@pytest.mark.requirement("S14")
@pytest.mark.parametrize("key", ["qhy600-pro", pytest.param("qhy268m-pro", marks=pytest.mark.slow)])
@pytest.mark.parametrize("quantity", ["jump_e", "A_no_jump", "B_lower"])
def test_percentiles_of_jump_and_occupation(key: str, quantity: str, shared: Path) -> None:
    facts = published(shared)
    found, gain_e_per_dn = census(key)
    values = {"jump_e": found.jump_dn * gain_e_per_dn, "A_no_jump": found.no_jump, "B_lower": found.lower}[
        quantity
    ]
    for percent, limit in zip(facts["percentiles"], facts[quantity], strict=True):
        share = percent / 100.0
        below = float(np.mean(values < limit))
        assert abs(below - share) < SIGMAS * error(share, 885, len(values)), (quantity, percent)
