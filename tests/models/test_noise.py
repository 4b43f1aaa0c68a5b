"""The noise figures of the facts against pixels drawn as the facts say, and against real sensors."""

from __future__ import annotations

import json
import runpy
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fullwell import models
from fullwell.models.facts import CameraModel
from fullwell.models.loader import FOLDER, facts_of

DERIVE = Path(__file__).resolve().parents[2] / "docs" / "facts" / "derive_columns.py"
PIXELS = 400_000
FIVE_SIGMA = 5.0  # false alarm 6e-7 per comparison


def level_variance_e2(model: CameraModel, rng: np.random.Generator, pixels: int) -> NDArray[np.float64]:
    """Variance of the three levels, from their probabilities; 0 for pixels that do not jump."""
    telegraph = model.sensor.telegraph
    rank, other_rank = rng.uniform(0, 100, (2, pixels))
    stay = np.interp(rank, telegraph.percentiles, telegraph.no_jump)
    jump_e = np.interp(rank, telegraph.percentiles, telegraph.jump_e)
    down = (1 - stay) * np.interp(other_rank, telegraph.percentiles, telegraph.lower_share)
    probability = np.stack([down, stay, 1 - stay - down])
    level_e = np.stack([-jump_e, np.zeros(pixels), jump_e])
    mean_e = (probability * level_e).sum(axis=0)
    variance = (probability * (level_e - mean_e) ** 2).sum(axis=0)
    return np.where(rng.random(pixels) < telegraph.fraction, variance, 0)


@cache
def drawn(model: CameraModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spread ratio squared and level variance of pixels drawn one by one."""
    rng = np.random.default_rng(20)
    spread = model.sensor.read_noise_spread
    ratio = np.interp(rng.random(PIXELS), spread.quantiles, spread.ratio)
    return ratio**2, level_variance_e2(model, rng, PIXELS)


def temporal_sigma_e(model: CameraModel, gaussian_median_e: float, row_noise_e: float) -> NDArray[np.float64]:
    """Temporal noise of those pixels."""
    ratio_squared, jumps_e2 = drawn(model)
    return np.sqrt(gaussian_median_e**2 * ratio_squared + row_noise_e**2 + jumps_e2)


@pytest.mark.parametrize("key", models.keys())
def test_drawn_pixels_have_the_stated_median_and_rms(key: str) -> None:
    model = models.load(key)
    for mode in model.modes:
        for chain in mode.chains:
            for setting in (model.gain.low, 30.0, 60.0, model.gain.high):
                node = chain.curve.gain_setting[np.argmin(np.abs(chain.curve.gain_setting - setting))]
                fact = chain.curve.at(float(node))
                sigma_e = temporal_sigma_e(model, fact.gaussian_median_e, model.sensor.banding.row_noise_e)
                share_below = np.mean(sigma_e < fact.read_noise_median_e)
                assert abs(share_below - 0.5) < FIVE_SIGMA * 0.5 / np.sqrt(PIXELS)
                square = sigma_e**2
                error = FIVE_SIGMA * square.std() / np.sqrt(PIXELS)
                assert abs(square.mean() - fact.read_noise_rms_e**2) < error + 2e-4 * square.mean()


@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_telegraph_pixels_are_those_of_the_measured_sensor(shared: Path, key: str) -> None:
    measured = json.loads((shared / "data" / "sensors" / "rtn_stats.json").read_text())
    telegraph = models.load(key).sensor.telegraph
    at = measured["percentiles"]
    assert telegraph.fraction == measured["frac_pixels"]
    assert np.interp(at, telegraph.percentiles, telegraph.no_jump) == pytest.approx(measured["A_no_jump"])
    assert np.interp(at, telegraph.percentiles, telegraph.jump_e) == pytest.approx(measured["jump_e"])
    rank = (np.arange(1000) + 0.5) / 10
    leave = 1 - np.interp(rank, telegraph.percentiles, telegraph.no_jump)
    lower = np.outer(leave, np.interp(rank, telegraph.percentiles, telegraph.lower_share))
    # the measured percentiles stand on 885 pixels: their own sampling error is 3 to 20 %
    assert np.percentile(lower, at) == pytest.approx(measured["B_lower"], rel=0.03)


def test_noise_of_the_imx455_comes_out_as_measured() -> None:
    """Fits of an IMX455: median 1.25, mean 1.46, rms 1.67 e-; LCO: 80 % of the pixels below 1.21 medians."""
    model, derive = models.load("qhy600-pro"), runpy.run_path(str(DERIVE))
    sensor = facts_of(FOLDER / "qhy600-pro.toml")["sensor"]
    gaussian_e = derive["gaussian_median_e"](1.25, sensor, sensor["telegraph"]["fraction"], 0.0)
    sigma_e = temporal_sigma_e(model, gaussian_e, 0.0)
    assert np.median(sigma_e) == pytest.approx(1.25, rel=0.005)
    assert sigma_e.mean() == pytest.approx(1.46, rel=0.04)
    assert np.sqrt(np.mean(sigma_e**2)) == pytest.approx(1.67, rel=0.04)
    assert np.percentile(sigma_e, 80) / np.median(sigma_e) == pytest.approx(2.95 / 2.44, rel=0.02)


def test_independent_ranks_would_not_fit_the_measured_rms() -> None:
    """Why rare jumps are the large ones: with ranks of their own the rms would be 15 % too high."""
    rng = np.random.default_rng(3)
    telegraph = models.load("qhy600-pro").sensor.telegraph
    rank = rng.uniform(0, 100, (3, PIXELS))
    leave = 1 - np.interp(rank[0], telegraph.percentiles, telegraph.no_jump)
    jump_e = np.interp(rank[1], telegraph.percentiles, telegraph.jump_e)
    lean = 1 - 2 * np.interp(rank[2], telegraph.percentiles, telegraph.lower_share)
    variance = telegraph.fraction * np.mean(jump_e**2 * (leave - (leave * lean) ** 2))
    gaussian_only = 1.22**2
    assert np.sqrt(gaussian_only + variance) > 1.08 * 1.67
