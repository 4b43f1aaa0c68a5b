"""Dew and frost: how far the sensor is from the chamber's frost point, and whether the window heater warms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from fullwell.camera.controls import Control
from fullwell.measure.doctor.patient import Patient
from fullwell.measure.doctor.verdict import Quantity, Trouble, Verdict, healthy, ill, unknown

TIGHT_C: Final = 2.0
"""A margin below this is worth a word."""

HEATING_S: Final = 300.0
QUICK_HEATING_S: Final = 200.0
LEAST_RISE: Final = 0.5
"""Share of the expected rise of the pressure that a heater that works shows at least."""

STEP_S: Final = 5.0
ZERO_C_K: Final = 273.15

DRY: Final = (
    "Dry the chamber: cooler off, sensor at the air's temperature, fresh desiccant at the port for some hours. "
    "Until then do not cool below the frost point."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Compute the margin from humidity and temperatures, then warm the window for a while."""
    yield _margin(patient)
    yield _heater(patient)


def _margin(patient: Patient) -> Verdict:
    subject, camera = "frost in the chamber", patient.camera
    readings = camera.readings()
    humidity, sensor_c = readings.humidity_percent, readings.sensor_temperature_c
    if humidity is None or sensor_c is None:
        return unknown(subject, "The camera has no humidity sensor in its chamber.")
    frost_c = patient.frost_point_c
    if frost_c is None:
        return unknown(
            subject, "The humidity reads 0: the sensor does not work, or an old library does not read it."
        )
    air_c = sensor_c if readings.ambient_temperature_c is None else readings.ambient_temperature_c
    cooled = Control.COOLER_ON in camera.controls and bool(camera.control(Control.COOLER_ON))
    coldest_c = (
        min(sensor_c, camera.control(Control.TARGET_TEMPERATURE_C)) if cooled else _usual_c(patient, air_c)
    )
    margin = Quantity("margin", coldest_c - frost_c, "C", low=0.0)
    told = [
        margin,
        Quantity("frost point in the chamber", frost_c, "C"),
        Quantity("humidity in the chamber", humidity, "%"),
        Quantity("coldest sensor", coldest_c, "C"),
    ]
    if not margin.as_expected:
        return ill(subject, Trouble.DEW, f"At {coldest_c:.1f} C the sensor collects frost.", DRY, told)
    words = "The chamber is dry enough."
    if margin.value < TIGHT_C:
        words = f"The chamber is just dry enough: {margin.value:.1f} C to spare."
    return healthy(subject, words, told)


def _usual_c(patient: Patient, ambient_c: float) -> float:
    """Where the sensor would be cooled to: the model's own target, if the cooler reaches it."""
    model = patient.model
    return max(model.temperature_c.default, ambient_c - model.cooling.below_ambient_long_c)


def _heater(patient: Patient) -> Verdict:
    """A warm window warms the gas, whose pressure rises."""
    subject, camera, chamber = "window heater", patient.camera, patient.model.chamber
    if Control.WINDOW_HEATER not in camera.controls:
        return unknown(subject, "The camera has none that can be switched.")
    if chamber is None or Control.PRESSURE_HPA not in camera.controls:
        return unknown(subject, "Without a pressure sensor in the chamber its warmth is not seen.")
    if camera.control(Control.WINDOW_HEATER):
        return unknown(subject, "It is on: it was left alone.", "Switch it off for ten minutes, and repeat.")
    before_hpa, sensor_c = camera.control(Control.PRESSURE_HPA), camera.control(Control.SENSOR_TEMPERATURE_C)
    heating_s = QUICK_HEATING_S if patient.wish.quick else HEATING_S
    camera.set_window_heater(True)
    try:
        _wait(patient, heating_s)
        after_hpa = camera.control(Control.PRESSURE_HPA)
    finally:
        camera.set_window_heater(False)
    time_constant_s = chamber.window_j_per_k / chamber.window_w_per_k
    rise_c = chamber.window_share * chamber.heater_rise_c * -math.expm1(-heating_s / time_constant_s)
    expected_hpa = before_hpa * rise_c / (sensor_c + ZERO_C_K)
    rise = Quantity("rise of the pressure", after_hpa - before_hpa, "hPa", low=LEAST_RISE * expected_hpa)
    told = [rise, Quantity("the facts", expected_hpa, "hPa"), Quantity("heated for", heating_s, "s")]
    if rise.as_expected:
        return healthy(subject, "It warms the window.", told)
    remedy = (
        "In wet air dew will form on the window: blow dry air at it, or use a dew strap, and have it repaired."
    )
    return ill(subject, Trouble.HEATER_DEAD, "It is on, and the chamber stays cold.", remedy, told)


def _wait(patient: Patient, duration_s: float) -> None:
    clock = patient.camera.clock
    for step in range(math.ceil(duration_s / STEP_S)):
        clock.sleep_until(clock.now_ns() + round(STEP_S * 1e9))
        patient.progress(step * STEP_S / duration_s)
