"""The covered camera: dark current against the thermometer, and a census of hot pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fullwell.measure.doctor.patient import FALSE_ALARM, SIGMAS, Patient
from fullwell.measure.doctor.verdict import Curve, Quantity, Trouble, Verdict, healthy, ill, unknown
from fullwell.models.facts import Window
from fullwell.sensor.dark import dark_rate_e_per_s
from fullwell.sensor.glow import glow_profiles

SIDE_PX: Final = 512
DARK_E: Final = 10.0
"""Electrons to be gathered, if it does not take too long."""

LONGEST_S: Final = 60.0
QUICK_LONGEST_S: Final = 15.0

BODY_DARK: Final = 3.0
"""Between bodies, and between the vendor and others who measured, dark current differs by such a factor."""

BODY_HOT: Final = 2.0
"""The same for the number of hot pixels (assumed)."""

HOT_E: Final = 50.0
HOT_SIGMA: Final = 10.0
LIT: Final = 5.0
"""Light falls on the sensor if the image gathers so many times more than the shielded columns."""


@dataclass(frozen=True, eq=False)
class _Dark:
    """What a pair of darks shows, electrons above bias.

    Attributes
    ----------
    image_e : ndarray, shape (rows, columns)
        Mean of the darks, the part that can be lit.
    shielded_e : float or None
        Mean of the shielded columns.
    exposure_s, temperature_c : float
    area : Window
        Where the image was, total px.
    """

    image_e: NDArray[np.float64]
    shielded_e: float | None
    exposure_s: float
    temperature_c: float
    area: Window


def examine(patient: Patient) -> Iterator[Verdict]:
    """Compare long exposures with short ones."""
    if patient.wish.lit:
        yield unknown("dark current", "An even light is before the camera.", "Cover it, and examine it again.")
        return
    reading = patient.camera.readings().sensor_temperature_c
    if reading is None:
        yield unknown("dark current", "The camera has no thermometer.")
        return
    dark = _take(patient, reading)
    level, middle_e, spread_e = _level(patient, dark)
    yield level
    if level.trouble is None:
        yield _hot(patient, dark, middle_e, spread_e)


def _take(patient: Patient, reading_c: float) -> _Dark:
    geometry = patient.model.sensor.geometry
    longest_s = QUICK_LONGEST_S if patient.wish.quick else LONGEST_S
    exposure_s = min(max(1.0, DARK_E / dark_rate_e_per_s(patient.model.sensor.dark, reading_c)), longest_s)
    shielded = next((each for each in geometry.optical_black if each.left == 0 and each.width >= 8), None)
    top = geometry.effective.top + (geometry.effective.height - SIDE_PX) // 4 * 2
    first = geometry.effective.left
    if shielded is None:
        first += (geometry.effective.width - SIDE_PX) // 4 * 2
    left = first if shielded is None else 0
    window = Window(left, top, (first + SIDE_PX - left) // 2 * 2, SIDE_PX)
    means = []
    temperature_c = reading_c
    for exposure in (patient.still_exposure_s, exposure_s):
        patient.set_up(window, exposure, overscan=True)
        frames = [patient.expose() for _ in range(2)]
        told_c = frames[0].report.readings.sensor_temperature_c
        temperature_c = reading_c if told_c is None else told_c
        means.append(np.mean([patient.first_chain(frame) for frame in frames], axis=0))
    gathered_e = (means[1] - means[0]) * patient.counts_per_word * patient.gain.e_per_dn
    image = gathered_e[:, first - left :]
    return _Dark(
        image_e=image,
        shielded_e=None if shielded is None else float(np.median(gathered_e[:, : shielded.width])),
        exposure_s=exposure_s,
        temperature_c=temperature_c,
        area=Window(first, top, image.shape[1], image.shape[0]),
    )


def _level(patient: Patient, dark: _Dark) -> tuple[Verdict, float, float]:
    """Verdict on the ordinary pixels; their median and scatter, electrons."""
    subject, facts = "dark current", patient.model.sensor.dark
    middle_e = float(np.median(dark.image_e))
    spread_e = 1.4826 * float(np.median(np.abs(dark.image_e - middle_e)))
    ordinary = np.abs(dark.image_e - middle_e) < 6.0 * spread_e
    rows_e = np.array([row[keep].mean() for row, keep in zip(dark.image_e, ordinary, strict=True) if keep.any()])
    level_e, error_e = float(rows_e.mean()), float(rows_e.std(ddof=1)) / len(rows_e) ** 0.5
    expected_e = dark_rate_e_per_s(facts, dark.temperature_c) * dark.exposure_s
    glow_e = _glow_e(patient, dark)
    room_e = SIGMAS * error_e + facts.warm_fraction * 6.0 * spread_e
    per_s = 1.0 / dark.exposure_s
    rate = Quantity(
        f"dark current at {dark.temperature_c:.1f} C",
        level_e * per_s,
        "e-/s",
        error_e * per_s,
        (expected_e / BODY_DARK - room_e) * per_s,
        (BODY_DARK * expected_e + 2.0 * glow_e + room_e) * per_s,
    )
    facts_say = Quantity("the facts", (expected_e + glow_e) * per_s, "e-/s")
    told = [rate, facts_say, Quantity("exposure", dark.exposure_s, "s")]
    if rate.as_expected:
        return healthy(subject, "It fits the temperature that the camera reports.", told), middle_e, spread_e
    if rate.low is not None and rate.value < rate.low:
        words = f"{rate.value:.2g} e-/s is too little for {dark.temperature_c:.1f} C."
        remedy = "The thermometer reads too high, or is stuck: compare it with the air round a camera long off."
        return ill(subject, Trouble.THERMOMETER_STUCK, words, remedy, told), middle_e, spread_e
    if dark.shielded_e is not None and level_e > LIT * max(dark.shielded_e, expected_e + glow_e) + room_e:
        words = "The image gathers more than the shielded columns beside it: light falls on the sensor."
        return unknown(subject, words, "Cover the camera, and examine it again.", told), middle_e, spread_e
    words = f"{rate.value:.2g} e-/s is too much for {dark.temperature_c:.1f} C."
    remedy = (
        "Cover the camera well and repeat. If it stays, the sensor is warmer than its thermometer says, or aged: "
        "compare the thermometer with the air round a camera long off; make new darks."
    )
    return ill(subject, Trouble.HIGH_DARK_CURRENT, words, remedy, told), middle_e, spread_e


def _hot(patient: Patient, dark: _Dark, middle_e: float, spread_e: float) -> Verdict:
    facts = patient.model.sensor.dark
    limit_e = max(HOT_E, HOT_SIGMA * spread_e)
    pixels = dark.image_e.size
    found = int(np.count_nonzero(dark.image_e - middle_e > limit_e))
    warmer = dark_rate_e_per_s(facts, dark.temperature_c) / dark_rate_e_per_s(facts, 0.0)
    median_e = facts.warm_rate_median_e_per_s * warmer * dark.exposure_s
    above = float(stats.norm.sf(math.log10(limit_e / median_e) / facts.warm_rate_sigma_dex))
    expected = facts.warm_fraction * above
    high = float(stats.binom.isf(FALSE_ALARM, pixels, min(1.0, BODY_HOT * expected)))
    count = Quantity("hot pixels", found, f"of {pixels}", max(found, 1) ** 0.5, high=high)
    told = [
        count,
        Quantity("the facts", expected * pixels, f"of {pixels}"),
        Quantity("hot means above", limit_e / dark.exposure_s, "e-/s"),
    ]
    ranked = np.sort(dark.image_e, axis=None)[::-1][: max(1, pixels // 100)]
    curve = Curve(
        "The hottest pixels",
        "pixels",
        "hotter than / (e-/s)",
        np.arange(1.0, len(ranked) + 1.0),
        np.maximum(ranked - middle_e, 0.01) / dark.exposure_s,
        limit=limit_e / dark.exposure_s,
        logarithmic=True,
    )
    if count.as_expected:
        return healthy("hot pixels", "No more than the facts say.", told, [curve])
    words = f"{found} pixels are hot where {expected * pixels:.0f} are usual."
    remedy = "Cool deeper, take darks of the same temperature and exposure, and dither between exposures."
    return ill("hot pixels", Trouble.HOT_PIXELS, words, remedy, told, [curve])


def _glow_e(patient: Patient, dark: _Dark) -> float:
    sensor, area = patient.model.sensor, dark.area
    rows, columns = glow_profiles(sensor.glow, sensor.geometry, patient.found.anti_glow)
    glow: NDArray[Any] = rows[area.top : area.bottom, None] * columns[None, area.left : area.right]
    return float(np.median(glow)) * dark.exposure_s
