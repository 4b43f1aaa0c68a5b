"""S4, S5, S8, S13: what photon transfer shows of the twin is what the facts say of the camera.

How many pixels and frames: a variance from a difference of two frames of n pixels has a relative error of
sqrt(2 / n). The gain rests on 7 levels up to half of full well, so n = 2 (4.9 / 0.01)^2 / 7 = 69,000 pixels make
1 % a deviation of 4.9 standard errors (one false alarm in a million settings); the window has 196,608, so that an
error of 1 % is seen as well. The median of a population 30 % wide is known to 1.25 x 0.3 / sqrt(196,608) = 0.1 %,
and the sample noise of 64 frames, 9 %, smears it by less than 1 %, which the estimator takes out. All standard
errors are measured and must leave room for 4.9 of them within what is promised.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest

from fullwell import measure, models
from fullwell.models.facts import Window
from laboratory import Setting, photon_transfer, saturation_dn

SIGMAS = 4.9
GAINS = (0, 25, 26, 55, 56, 60, 100)
"""Round every step of the gain."""

FRAMES = 64
WIDTH, HEIGHT = 512, 384

QUICK = {("qhy600-pro", 0, 26), ("qhy600-pro", 2, 0), ("qhy268m-pro", 5, 56), ("qhy42-pro", 0, 0)}
"""Model, mode and gain of the normal run: with and without 2CMS, low and high gain, both chains of HDR."""


def settings() -> Iterator[object]:
    """Every chain of every mode of every model at every gain; slow ones marked."""
    for key in ("qhy600-pro", "qhy268m-pro", "qhy42-pro"):
        for mode in models.load(key).modes:
            for chain in range(len(mode.chains)):
                for gain in GAINS:
                    quick = (key, mode.number, gain) in QUICK
                    name = f"{key}, {mode.name}, {mode.chains[chain].name}, gain {gain}"
                    yield pytest.param(
                        key, mode.number, chain, gain, id=name, marks=() if quick else pytest.mark.slow
                    )


every_setting = pytest.mark.parametrize(("key", "mode", "chain", "gain"), list(settings()))


@lru_cache
def setting(key: str, mode: int, chain: int, gain: int) -> Setting:
    model = models.load(key)
    return Setting(model, model.mode(mode), chain, gain)


def window(key: str) -> Window:
    """In the middle of the sensor."""
    area = models.load(key).sensor.geometry.effective
    return Window((area.width - WIDTH) // 2, (area.height - HEIGHT) // 2, WIDTH, HEIGHT)


@lru_cache
def curve(key: str, mode: int, chain: int, gain: int) -> measure.PhotonTransfer:
    at = setting(key, mode, chain, gain)
    return photon_transfer(at, window(key), at.quiet_offset())


@lru_cache
def noise(key: str, mode: int, chain: int, gain: int) -> measure.ReadNoise:
    at = setting(key, mode, chain, gain)
    return measure.read_noise(at.bench(False, window(key), at.quiet_offset()).biases(FRAMES))


def within(found: measure.Estimate, truth: float, tolerance: float) -> None:
    """Right within a relative tolerance, and known well enough to say so."""
    assert found.relative_error * SIGMAS < tolerance
    assert abs(found.value / truth - 1.0) < tolerance


@pytest.mark.requirement("S4", "S5", "S8")
@every_setting
def test_system_gain_within_1_percent(key: str, mode: int, chain: int, gain: int) -> None:
    within(
        curve(key, mode, chain, gain).system_gain_e_per_dn, setting(key, mode, chain, gain).facts.e_per_dn, 0.01
    )


@pytest.mark.requirement("S5", "S8")
@every_setting
def test_read_noise_median_and_rms_within_2_percent(key: str, mode: int, chain: int, gain: int) -> None:
    facts = setting(key, mode, chain, gain).facts
    found = noise(key, mode, chain, gain)
    within(found.median_dn.scaled(facts.e_per_dn), facts.read_noise_median_e, 0.02)
    within(found.rms_dn.scaled(facts.e_per_dn), facts.read_noise_rms_e, 0.02)


@pytest.mark.requirement("S4", "S8")
@every_setting
def test_full_well_within_2_percent(key: str, mode: int, chain: int, gain: int) -> None:
    """At the default offset, by the measured gain."""
    at = setting(key, mode, chain, gain)
    full_well_e = curve(key, mode, chain, gain).system_gain_e_per_dn.scaled(saturation_dn(at, window(key)))
    within(full_well_e, at.facts.full_well_e, 0.02)


@pytest.mark.requirement("S13")
@every_setting
def test_linear_within_1_percent_to_95_percent_of_full_well(key: str, mode: int, chain: int, gain: int) -> None:
    found = curve(key, mode, chain, gain)
    assert found.full_well_e is not None  # or the last level was not saturated
    assert found.linearity_error_fraction is not None
    error = found.linearity_error_fraction
    assert error.value + SIGMAS * error.standard_error < 0.01


def median_e(key: str, mode: int, gain: int) -> float:
    return noise(key, mode, 0, gain).median_dn.value * setting(key, mode, 0, gain).facts.e_per_dn


@pytest.mark.requirement("S8")
@pytest.mark.parametrize("key", ["qhy600-pro", pytest.param("qhy268m-pro", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "below"), [("Photographic DSO", 25), ("High Gain", 55)])
def test_noise_falls_at_the_step_of_the_gain(key: str, name: str, below: int) -> None:
    """From 25 to 26 in mode 0, from 55 to 56 in mode 1, to little more than half; the gain hardly moves."""
    mode = models.load(key).mode(name).number
    assert median_e(key, mode, below + 1) < 0.65 * median_e(key, mode, below)
    gains = [setting(key, mode, 0, gain).facts.e_per_dn for gain in (below, below + 1)]
    assert 0.8 < gains[1] / gains[0] < 1.0


@pytest.mark.requirement("S8")
@pytest.mark.parametrize("key", ["qhy600-pro", pytest.param("qhy268m-pro", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["Photographic DSO", "High Gain", "Extended Fullwell"])
def test_2cms_lowers_the_noise_and_nothing_else(key: str, name: str) -> None:
    model = models.load(key)
    plain, double = model.mode(name).number, model.mode(f"{name}-2CMS").number
    facts = [setting(key, mode, 0, 26).facts for mode in (plain, double)]
    ratio = median_e(key, plain, 26) / median_e(key, double, 26)
    assert ratio == pytest.approx(facts[0].read_noise_median_e / facts[1].read_noise_median_e, rel=0.02)
    assert ratio > 1.05
    assert facts[0].e_per_dn == facts[1].e_per_dn
    saturated = [saturation_dn(setting(key, mode, 0, 26), window(key)) for mode in (plain, double)]
    assert saturated[0] == pytest.approx(saturated[1], rel=0.001)


@pytest.mark.requirement("S4")
@pytest.mark.parametrize(
    ("key", "name", "chain", "printed_e"),
    [
        ("qhy600-pro", "High Gain", 0, 51_000),
        ("qhy600-pro", "Extended Fullwell", 0, 80_000),
        ("qhy268m-pro", "High Gain", 0, 51_000),
        ("qhy42-pro", "STD low gain", 0, 89_000),
    ],
)
def test_facts_hold_the_printed_full_wells(key: str, name: str, chain: int, printed_e: float) -> None:
    """Printed without a gain setting; taken as gain 0. The charts agree with the page within 5 %."""
    mode = models.load(key).mode(name).number
    assert setting(key, mode, chain, 0).facts.full_well_e == pytest.approx(printed_e, rel=0.05)


@pytest.mark.requirement("S5")
@pytest.mark.parametrize(
    ("key", "name", "gain", "low_e", "high_e"),
    [
        ("qhy600-pro", "High Gain", 0, 3.5, 3.9),
        ("qhy600-pro", "High Gain-2CMS", 100, 1.0, 1.25),
        ("qhy268m-pro", "High Gain", 0, 3.3, 3.7),
        ("qhy268m-pro", "High Gain-2CMS", 100, 1.0, 1.5),
        ("qhy268m-pro", "Extended Fullwell", 0, 5.3, 7.6),
        ("qhy42-pro", "STD high gain", 0, 1.55, 1.75),
    ],
)
def test_facts_hold_the_printed_read_noise(key: str, name: str, gain: int, low_e: float, high_e: float) -> None:
    mode = models.load(key).mode(name).number
    assert low_e <= setting(key, mode, 0, gain).facts.read_noise_median_e <= high_e
