"""A run of the cooler that examinations share: temperatures, power and voltage while the sensor gets colder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.clock import Clock
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera

__all__ = ["REACH", "CoolingRun", "Ending", "Samples", "run_cooler"]

REACH: Final = 0.6
"""How deep the run cools, as a share of the difference that is promised at high frame rates."""

STEP_S: Final = 2.0
SETTLED_C: Final = 0.5
HOLD_S: Final = 480.0
"""How long the target is held, to see the power that it takes, and whether the heat sink gets warm."""

EARLY_S: Final = (60.0, 90.0)
LATE_S: Final = 60.0
"""Power soon after settling, and at the end of the hold."""

PATIENCE: Final = 3.0
"""In times to settle, after which a target counts as not reached."""

STILL_S: Final = 90.0
STILL_C: Final = 0.3
STILL_PERCENT: Final = 20.0
"""A thermometer that moves by less than this in that time, while the cooler draws so much, is stuck."""

SPARE_V: Final = 0.1
"""The run ends when the supply comes so near to the lowest voltage: it must not trip the lock-out."""

FROST_MARGIN_C: Final = 1.0
LEAST_DEPTH_C: Final = 8.0
"""A run that goes less deep says nothing."""

NEEDED: Final = (
    Control.COOLER_ON,
    Control.TARGET_TEMPERATURE_C,
    Control.COOLER_POWER_PERCENT,
    Control.SENSOR_TEMPERATURE_C,
)


class Ending(StrEnum):
    """Why a run was over."""

    SETTLED = "settled"
    TOO_LONG = "the target was not reached in time"
    STILL = "the thermometer did not move"
    SWITCHED_OFF = "the camera switched its cooler off"
    LOW_VOLTAGE = "the supply came down too far"


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """What was read, every two seconds.

    Attributes
    ----------
    elapsed_s, sensor_c, percent : ndarray of float64
    voltage_v : ndarray of float64
        At the camera; NaN where it does not tell.
    """

    elapsed_s: NDArray[np.float64]
    sensor_c: NDArray[np.float64]
    percent: NDArray[np.float64]
    voltage_v: NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class CoolingRun:
    """A run of the cooler.

    Attributes
    ----------
    ambient_c : float
    target_c : float
    started : bool
        The run switched the cooler on.
    ending : Ending
    settled_s : float or None
        When the sensor came to the target for good.
    holding_percent : float or None
        Mean power at the end of the hold.
    trend : float or None
        That over the power soon after settling; None where the run did not start from a warm sensor.
    samples : Samples
    """

    ambient_c: float
    target_c: float
    started: bool
    ending: Ending
    settled_s: float | None
    holding_percent: float | None
    trend: float | None
    samples: Samples

    @property
    def moved_c(self) -> float:
        """Between the warmest and the coldest reading, C."""
        return float(np.ptp(self.samples.sensor_c))


def run_cooler(camera: Camera, frost_c: float | None) -> CoolingRun | str:
    """Cool the sensor of a camera, or say why not. The cooler is left on.

    Parameters
    ----------
    camera : Camera
        Open and idle. If its cooler is on it is only watched.
    frost_c : float or None
        Frost point of the chamber, as far as it is known: the run stays above it.
    """
    if not all(control in camera.controls for control in NEEDED):
        return "The camera has no cooler that regulates."
    readings = camera.readings()
    sensor_c, ambient_c = readings.sensor_temperature_c, readings.ambient_temperature_c
    if sensor_c is None:
        return "The camera has no thermometer."
    on = bool(camera.control(Control.COOLER_ON))
    if not on and camera.control(Control.COOLER_POWER_PERCENT) > 1.0:
        return "The cooler runs at a power of the user's: it was left alone."
    if on and ambient_c is None:
        return "The cooler is on, and nobody tells how warm the air is: warm it up before."
    air_c = sensor_c if ambient_c is None else ambient_c
    deep_c = air_c - REACH * camera.model.cooling.below_ambient_fast_c
    target_c = camera.control(Control.TARGET_TEMPERATURE_C) if on else max(deep_c, camera.model.temperature_c.low)
    if not on:
        if frost_c is not None:
            target_c = max(target_c, frost_c + FROST_MARGIN_C)
        if air_c - target_c < LEAST_DEPTH_C:
            return f"The chamber is too wet to be cooled: frost from {frost_c:.1f} C on."
        camera.set_target_temperature(target_c)
        camera.set_cooler(True)
    return _watch(camera, air_c, target_c, started=not on)


def _watch(camera: Camera, ambient_c: float, target_c: float, started: bool) -> CoolingRun:
    clock, model = camera.clock, camera.model
    tells_voltage = Control.SUPPLY_VOLTAGE_V in camera.controls
    lowest_v = model.power.lowest_v + SPARE_V if model.power is not None else 0.0
    begin_ns, settled_s = clock.now_ns(), None
    rows: list[tuple[float, float, float, float]] = []
    ending = Ending.TOO_LONG
    longest_s = PATIENCE * model.cooling.settle_s
    while (elapsed_s := (clock.now_ns() - begin_ns) * 1e-9) < longest_s or settled_s is not None:
        volts = camera.control(Control.SUPPLY_VOLTAGE_V) if tells_voltage else float("nan")
        sensor_c = camera.control(Control.SENSOR_TEMPERATURE_C)
        rows.append((elapsed_s, sensor_c, camera.control(Control.COOLER_POWER_PERCENT), volts))
        near = abs(sensor_c - target_c) <= SETTLED_C
        settled_s = (elapsed_s if settled_s is None else settled_s) if near else None
        if settled_s is not None and elapsed_s >= settled_s + HOLD_S:
            ending = Ending.SETTLED
            break
        if not camera.control(Control.COOLER_ON):
            ending = Ending.SWITCHED_OFF
            break
        if volts < lowest_v:
            ending = Ending.LOW_VOLTAGE
            break
        if started and settled_s is None and _stands_still(rows):
            ending = Ending.STILL
            break
        _pause(clock)
    table = np.array(rows)
    samples = Samples(*(np.ascontiguousarray(column) for column in table.T))
    if ending is not Ending.SETTLED or settled_s is None:
        return CoolingRun(ambient_c, target_c, started, ending, settled_s, None, None, samples)
    since_s = samples.elapsed_s - settled_s
    late = float(samples.percent[since_s >= HOLD_S - LATE_S].mean())
    early = float(samples.percent[(since_s >= EARLY_S[0]) & (since_s <= EARLY_S[1])].mean())
    trend = late / early if started and early > 0.0 else None
    return CoolingRun(ambient_c, target_c, started, ending, settled_s, late, trend, samples)


def _pause(clock: Clock) -> None:
    clock.sleep_until(clock.now_ns() + round(STEP_S * 1e9))


def _stands_still(rows: list[tuple[float, float, float, float]]) -> bool:
    """Whether the thermometer has not moved since the beginning, though the cooler worked for long."""
    if rows[-1][0] < STILL_S:
        return False
    shown_c = [row[1] for row in rows]
    late = [row[2] for row in rows if row[0] >= rows[-1][0] - STILL_S / 2]
    return max(shown_c) - min(shown_c) < STILL_C and min(late) > STILL_PERCENT
