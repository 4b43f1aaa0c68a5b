"""What is looked at again and again while a camera is open, and the alarms that come of it.

Limits. All of it is told by the camera's own readings: one that lies consistently is believed. Frost is looked
for on the sensor, the coldest place in the chamber, whose gas is taken to be between sensor and ambient. Whether
the outside of the window is dewy no sensor of the camera tells.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fullwell.camera.alarms import AlarmKind, Alarms, Severity
from fullwell.camera.chamber import gas_temperature_c
from fullwell.camera.clock import Clock, RealClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Device, WallClock
from fullwell.camera.undervoltage import explain
from fullwell.errors import FullwellError
from fullwell.models.facts import CameraModel
from fullwell.readout.dew import dew_point_c, frost_point_c

COOLING_WATCH_S: Final = 300.0
"""How long the sensor temperature is watched before anything is said about it."""

OFF_TARGET_C: Final = 1.0
SETTLING_C: Final = 0.5
"""A sensor that is so far off and came nearer by less than this in `COOLING_WATCH_S` will not get there."""

STUCK_C: Final = 1e-6
STIRRED_PERCENT: Final = 15.0
"""A reading that stays while the cooler's power changes by so much is no reading."""

JUMP_C: Final = 3.0
JUMP_S: Final = 20.0
"""No sensor with its cold side changes its temperature by so much in so short a time."""

WHEEL_S: Final = 60.0
"""Longer than any wheel homes and moves."""

WALL_STEP_S: Final = 0.1
"""What a time service corrects without a step is less."""

SUPPLY_RESERVE_V: Final = 0.3
"""How near the lock-out a supply may come before it is told."""

THERMOMETER_REMEDY: Final = "Do not trust the temperature; switch the cooler off, and the camera off and on."

DEW_MARGIN_C: Final = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """What was read at one time."""

    at_ns: int
    sensor_c: float
    power_percent: float | None
    asked: tuple[bool, float]


class Vigil:
    """Looks after one camera.

    Parameters
    ----------
    device : Device
    alarms : Alarms
    read : callable
        Reads a control of the camera, or None where there is none or no answer.
    wheel : callable
        Where the wheel was told to go and when, UTC; None if nowhere.
    """

    def __init__(
        self,
        device: Device,
        alarms: Alarms,
        read: Callable[[Control], float | None],
        wheel: Callable[[], tuple[float, int] | None],
    ) -> None:
        self._device, self._alarms, self._read, self._wheel = device, alarms, read, wheel
        self._model: CameraModel = device.model
        self._clock: Clock = device.clock
        self._looks: deque[Look] = deque()
        self._wall_ahead_ns: int | None = None

    def begin(self) -> None:
        """The camera was opened."""
        self._looks.clear()
        self._wall_ahead_ns = self._ahead_ns()

    def look(self) -> None:
        """Look at everything once."""
        self._at_wall_clock()
        self._at_supply()
        self._at_lockout()
        self._at_cooling()
        self._at_chamber()
        self._at_wheel()

    def _at_wall_clock(self) -> None:
        ahead_ns, before_ns = self._ahead_ns(), self._wall_ahead_ns
        self._wall_ahead_ns = ahead_ns
        if ahead_ns is None or before_ns is None:
            return
        step_s = (ahead_ns - before_ns) * 1e-9
        if abs(step_s) > WALL_STEP_S:
            self._alarms.note(
                AlarmKind.CLOCK_JUMPED,
                f"the computer's UTC has stepped by {step_s:+.3f} s; times of frames go on without the step.",
                "See why the time service had to step; open the camera again to take over the new time.",
            )

    def _ahead_ns(self) -> int | None:
        """How far the computer's UTC is ahead of the camera's clock; None where they cannot differ."""
        if isinstance(self._device, WallClock):
            return self._device.wall_ns() - self._clock.now_ns()
        return time.time_ns() - self._clock.now_ns() if isinstance(self._clock, RealClock) else None

    def _at_supply(self) -> None:
        voltage_v = self._read(Control.SUPPLY_VOLTAGE_V)
        needs = self._model.power
        if voltage_v is None or needs is None:
            return
        floor_v = needs.lowest_v if needs.uvlo is None else needs.uvlo.warning_v
        if voltage_v >= floor_v + SUPPLY_RESERVE_V:
            self._alarms.end(AlarmKind.SUPPLY_LOW)
            return
        bad = voltage_v < floor_v
        self._alarms.sound(
            AlarmKind.SUPPLY_LOW,
            f"{voltage_v:.2f} V at the camera, {'below' if bad else 'near'} the {floor_v:g} V that it needs.",
            "Use a shorter or thicker supply cable, or a stronger supply.",
            Severity.ERROR if bad else Severity.WARNING,
        )

    def _at_lockout(self) -> None:
        status = self._read(Control.UVLO_STATUS)
        if status is None:
            return
        told = explain(self._model, int(status), self._read(Control.SUPPLY_VOLTAGE_V))
        if told.error:
            self._alarms.sound(AlarmKind.UNDERVOLTAGE, told.message, told.remedy, Severity.ERROR)
        else:
            self._alarms.end(AlarmKind.UNDERVOLTAGE)

    def _at_cooling(self) -> None:
        sensor_c, on = self._read(Control.SENSOR_TEMPERATURE_C), self._read(Control.COOLER_ON)
        target_c = self._read(Control.TARGET_TEMPERATURE_C)
        if sensor_c is None or on is None or target_c is None:
            return
        now_ns = self._clock.now_ns()
        asked = (bool(on), target_c)
        if self._looks and self._looks[-1].asked != asked:
            self._looks.clear()
        before = self._looks[-1] if self._looks else None
        if (
            before is not None
            and now_ns - before.at_ns <= JUMP_S * 1e9
            and abs(sensor_c - before.sensor_c) > JUMP_C
        ):
            self._alarms.sound(
                AlarmKind.THERMOMETER,
                f"the sensor temperature has jumped from {before.sensor_c:.1f} to {sensor_c:.1f} C.",
                THERMOMETER_REMEDY,
            )
            self._looks.clear()
        self._looks.append(Look(now_ns, sensor_c, self._read(Control.COOLER_POWER_PERCENT), asked))
        span_ns = round(COOLING_WATCH_S * 1e9)
        while len(self._looks) > 1 and self._looks[1].at_ns <= now_ns - span_ns:
            self._looks.popleft()
        if self._looks[0].at_ns > now_ns - span_ns:
            return
        self._judge_thermometer()
        self._judge_cooler(sensor_c, *asked)

    def _judge_thermometer(self) -> None:
        temperatures = [each.sensor_c for each in self._looks]
        powers = [each.power_percent for each in self._looks if each.power_percent is not None]
        still = max(temperatures) - min(temperatures) < STUCK_C
        if still and powers and max(powers) - min(powers) > STIRRED_PERCENT:
            self._alarms.sound(
                AlarmKind.THERMOMETER,
                f"the sensor temperature reads {temperatures[-1]:.2f} C for {COOLING_WATCH_S:g} s while the "
                f"cooler's power changed by {max(powers) - min(powers):.0f} %.",
                THERMOMETER_REMEDY,
            )
        elif not still:
            self._alarms.end(AlarmKind.THERMOMETER)

    def _judge_cooler(self, sensor_c: float, on: bool, target_c: float) -> None:
        off_c = sensor_c - target_c
        nearer_c = abs(self._looks[0].sensor_c - target_c) - abs(off_c)
        if not on or abs(off_c) < OFF_TARGET_C:
            self._alarms.end(AlarmKind.TEMPERATURE)
        elif nearer_c < SETTLING_C:
            self._alarms.sound(
                AlarmKind.TEMPERATURE,
                f"the sensor is at {sensor_c:.1f} C, {abs(off_c):.1f} C from its target, and comes no nearer.",
                "Choose a higher target; check fan, heat sink and supply.",
            )

    def _at_chamber(self) -> None:
        humidity, ambient_c = self._read(Control.HUMIDITY_PERCENT), self._read(Control.AMBIENT_TEMPERATURE_C)
        sensor_c = self._read(Control.SENSOR_TEMPERATURE_C)
        if humidity is None or ambient_c is None or sensor_c is None:
            return
        if not 0.0 < humidity <= 100.0:
            return
        gas_c = gas_temperature_c(self._model, sensor_c, ambient_c)
        wet = frost_point_c if sensor_c < 0.0 else dew_point_c
        margin_c = sensor_c - wet(gas_c, humidity)
        if margin_c >= DEW_MARGIN_C:
            self._alarms.end(AlarmKind.DEW)
            return
        self._alarms.sound(
            AlarmKind.DEW,
            f"the sensor is {abs(margin_c):.1f} C {'above' if margin_c > 0 else 'below'} the dew point of its "
            f"chamber ({humidity:.0f} %).",
            "Switch the window heater on; choose a higher target, and dry the chamber when it is warm.",
            Severity.WARNING if margin_c > 0 else Severity.ERROR,
        )

    def _at_wheel(self) -> None:
        told = self._wheel()
        if told is None:
            return
        slot = self._read(Control.WHEEL_POSITION)
        target, since_ns = told
        waited_s = (self._clock.now_ns() - since_ns) * 1e-9
        if slot == target:
            self._alarms.end(AlarmKind.WHEEL)
        elif waited_s > WHEEL_S:
            place = "is not found" if slot is None else "is moving" if slot < 0 else f"stands at slot {int(slot)}"
            self._alarms.sound(
                AlarmKind.WHEEL,
                f"the filter wheel {place} and not at slot {int(target)}, {waited_s:.0f} s after it was told.",
                "Check its cable and power; send it there again.",
                Severity.ERROR,
            )


def quietly(read: Callable[[Control], float]) -> Callable[[Control], float | None]:
    """Read where a camera may not have it, or not answer."""

    def reading(control: Control) -> float | None:
        try:
            return read(control)
        except FullwellError:
            return None

    return reading
