"""The body of the twin: its temperature, and the cooler that regulates it.

The state is not stepped: it is a closed formula of the time since the last command, so asking often or seldom
changes nothing, and a night of cooling costs as much as a second.

Limits: one stage, first order. The heat that the sensor makes at high frame rates, the two stages and the
voltage of the supply are left out; the power is an estimate (holding power is proportional to the difference
from ambient, a ramp adds a fixed share).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from fullwell.models.facts import Cooling

RAMP_POWER_PERCENT: Final = 20.0
"""What cooling down at the full ramp adds to the holding power (assumed)."""

PASSIVE_TIME_CONSTANT_S: Final = 240.0
"""How the sensor warms up with the cooler off (assumed: a sealed chamber takes some minutes)."""

LONG_EXPOSURE_S: Final = 1.0
"""Exposures above this let the cooler reach its full difference (vendor pages)."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A temperature on its way to a goal: at most a given slope, exponential at the end.

    Parameters
    ----------
    start_c, goal_c : float
        From where, where to, C.
    time_constant_s : float
        Of the exponential end, s, above 0.
    ramp_c_per_s : float
        Largest slope, C/s; infinite for a purely exponential course.

    Examples
    --------
    >>> cooling = Relaxation(start_c=20.0, goal_c=-10.0, time_constant_s=12.5, ramp_c_per_s=0.25)
    >>> cooling.after(0.0), cooling.after(60.0), round(cooling.after(150.0), 1)
    (20.0, 5.0, -9.9)
    """

    start_c: float
    goal_c: float
    time_constant_s: float
    ramp_c_per_s: float

    @property
    def _knee_c(self) -> float:
        """Distance from the goal at which the ramp bends into the exponential."""
        return self.ramp_c_per_s * self.time_constant_s

    def after(self, elapsed_s: float) -> float:
        """Temperature `elapsed_s` after the start, C."""
        way_c = abs(self.start_c - self.goal_c)
        sign = math.copysign(1.0, self.start_c - self.goal_c)
        ramp_s = max(0.0, way_c - self._knee_c) / self.ramp_c_per_s
        if elapsed_s < ramp_s:
            return self.start_c - sign * self.ramp_c_per_s * elapsed_s
        left_c = min(way_c, self._knee_c) * math.exp(-(elapsed_s - ramp_s) / self.time_constant_s)
        return self.goal_c + sign * left_c

    def slope_c_per_s(self, elapsed_s: float) -> float:
        """Change of temperature at that time, C/s."""
        distance_c = self.after(elapsed_s) - self.goal_c
        return -math.copysign(min(abs(distance_c) / self.time_constant_s, self.ramp_c_per_s), distance_c)


class Body:
    """What the twin's housing is doing: sensor temperature and cooler power at any instant.

    Parameters
    ----------
    cooling : Cooling
        What the cooler can do.
    ambient_temperature_c : float
        Air round the camera, C.
    now_ns : int
        UTC, ns: when the camera got power.
    temperature_c : float, optional
        Begin with the cooler on and settled at this temperature (or at the lowest that it can hold); default is
        ambient with the cooler off.
    """

    def __init__(
        self, cooling: Cooling, ambient_temperature_c: float, now_ns: int, temperature_c: float | None = None
    ) -> None:
        self._cooling = cooling
        self.ambient_temperature_c = ambient_temperature_c
        self.cooler_on = temperature_c is not None
        self.target_temperature_c = 0.0 if temperature_c is None else temperature_c
        self._below_ambient_c = cooling.below_ambient_long_c
        self._manual_percent = 0.0
        self._anchor_ns = now_ns
        self._course = self._from(self._goal_c())

    def set_cooler(self, on: bool, now_ns: int) -> None:
        """Switch regulation on or off; off, the cooler has no power."""
        self.cooler_on, self._manual_percent = on, 0.0
        self._command(now_ns)

    def set_power(self, percent: float, now_ns: int) -> None:
        """Give the cooler a fixed power, 0 to 100 %, without regulation."""
        self.cooler_on, self._manual_percent = False, percent
        self._command(now_ns)

    def set_target(self, temperature_c: float, now_ns: int) -> None:
        """Regulate to another temperature, C."""
        self.target_temperature_c = temperature_c
        self._command(now_ns)

    def set_exposure(self, exposure_s: float, now_ns: int) -> None:
        """Tell the body how long exposures are: short ones leave the cooler less reach."""
        long = exposure_s > LONG_EXPOSURE_S
        below_c = self._cooling.below_ambient_long_c if long else self._cooling.below_ambient_fast_c
        if below_c != self._below_ambient_c:
            self._below_ambient_c = below_c
            self._command(now_ns)

    def temperature_c(self, at_ns: int) -> float:
        """Sensor temperature, C."""
        return self._course.after(self._elapsed_s(at_ns))

    def power_percent(self, at_ns: int) -> float:
        """Power of the cooler, 0 to 100 %."""
        if not self.cooler_on:
            return self._manual_percent
        holding = (self.ambient_temperature_c - self.temperature_c(at_ns)) / self._below_ambient_c
        ramping = -self._course.slope_c_per_s(self._elapsed_s(at_ns)) / self._ramp_c_per_s
        return min(100.0, max(0.0, 100.0 * holding + RAMP_POWER_PERCENT * ramping))

    @property
    def _time_constant_s(self) -> float:
        """Of the regulation: a twelfth of the time to settle."""
        return self._cooling.settle_s / 12.0

    @property
    def _ramp_c_per_s(self) -> float:
        """Slope with which 30 C are done, exponential end to 0.1 C included, in the time to settle."""
        return 30.0 / (self._cooling.settle_s - 3.0 * self._time_constant_s)

    def _goal_c(self) -> float:
        if not self.cooler_on:
            return self.ambient_temperature_c - self._manual_percent / 100.0 * self._below_ambient_c
        lowest_c = self.ambient_temperature_c - self._below_ambient_c
        return min(max(self.target_temperature_c, lowest_c), self.ambient_temperature_c)

    def _from(self, start_c: float) -> Relaxation:
        if self.cooler_on:
            return Relaxation(start_c, self._goal_c(), self._time_constant_s, self._ramp_c_per_s)
        return Relaxation(start_c, self._goal_c(), PASSIVE_TIME_CONSTANT_S, math.inf)

    def _command(self, now_ns: int) -> None:
        """Start a new course from where the temperature is now."""
        start_c = self.temperature_c(now_ns)
        self._anchor_ns = now_ns
        self._course = self._from(start_c)

    def _elapsed_s(self, at_ns: int) -> float:
        return max(0, at_ns - self._anchor_ns) * 1e-9
