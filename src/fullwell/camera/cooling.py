"""The cooler, guarded: whatever a client asks for, sensor and cooler are changed gradually.

A thermoelectric cooler that is switched at once, on or off, strains itself and the sensor upon it. So the guard
keeps what the client wishes, and leads the camera there in small steps: the target a little ahead of the sensor,
the power by a little per second. A camera that regulates is warmed up before its cooler goes off.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from fullwell.camera.agenda import Ticking
from fullwell.camera.clock import Clock
from fullwell.camera.controls import Control
from fullwell.camera.frame import Readings
from fullwell.errors import FullwellError, InvalidOperation, TemperatureNotReached
from fullwell.models.facts import Range

log = logging.getLogger(__name__)

__all__ = ["Cooling", "CoolingGuard", "Wish", "settle", "warm_up"]

ASSUMED_RAMP_C_PER_MIN: Final = 20.0
"""For cameras of which no ramp is known."""

RAMP_SHARE: Final = 0.7
"""Of the allowed ramp the target moves with this share: what else disturbs the sensor gets the rest."""

WARMING_SHARE: Final = 0.3
"""The same while the sensor gets warmer: nobody waits for that, and the power goes down gradually."""

POWER_PERCENT_PER_S: Final = 1.0 / 3.0
"""With which manual power changes. A percent changes the settled temperature by at most 0.8 C."""

LEAD_C: Final = 2.0
"""So far the target may be ahead of the sensor: a camera that cannot follow is not driven to full power."""

IDLE_PERCENT: Final = 3.0
"""Up to here a cooler may be switched off: the sensor stays where it is, within 2 C."""

IDLE_TICKS: Final = 10
NEAR_AMBIENT_C: Final = 2.0

SECOND_NS: Final = 1_000_000_000
PACE_NS: Final = SECOND_NS
SLOW_PACE_NS: Final = 30 * SECOND_NS
"""Pace for a sensor that does not move: with `LEAD_C` it cannot move faster than 4 C per minute."""

STILL_NS: Final = 180 * SECOND_NS
STILL_C: Final = 0.1

NEEDED: Final = frozenset(
    {
        Control.COOLER_ON,
        Control.TARGET_TEMPERATURE_C,
        Control.SENSOR_TEMPERATURE_C,
        Control.COOLER_POWER_PERCENT,
    }
)
"""Without these a cooler cannot be led: it is told what the client says, as it is."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the client wants of the cooler.

    Attributes
    ----------
    on : bool
        Regulate.
    target_c : float
        To this temperature.
    percent : float
        Fixed power instead, where `on` is false; 0 = off.
    """

    on: bool = False
    target_c: float = 0.0
    percent: float = 0.0


@dataclass(frozen=True, slots=True)
class Cooling:
    """What the cooler is doing now.

    Attributes
    ----------
    sensor_c : float
    power_percent : float
    on : bool
        Whether the camera regulates; also while it is warmed up before its cooler goes off.
    wish : Wish
        Where it is being led.
    moving : bool
        Whether it is still on its way there.
    """

    sensor_c: float
    power_percent: float
    on: bool
    wish: Wish
    moving: bool

    @property
    def cold(self) -> bool:
        """Whether letting it go now would let the sensor warm up at once, if the power went off."""
        return self.power_percent > IDLE_PERCENT


class CoolingGuard:
    """Leads a cooler gently to where the client wants it.

    Parameters
    ----------
    clock : Clock
    ask : callable
        Present value of a control.
    tell : callable
        Sets a control.
    target_range_c : Range
        Of the target.
    ramp_c_per_min : float
        Fastest change that is allowed, C per minute.
    held_back : callable, optional
        Told in a sentence when something goes slower than the client asked for.

    Notes
    -----
    Limits: the guard sees the thermometer, and holds back what clients ask for. It cannot hold back physics: if
    the power fails, the sensor warms up as fast as it will.
    """

    def __init__(
        self,
        clock: Clock,
        ask: Callable[[Control], float],
        tell: Callable[[Control, float], None],
        target_range_c: Range,
        ramp_c_per_min: float = ASSUMED_RAMP_C_PER_MIN,
        held_back: Callable[[str], None] = lambda text: None,  # noqa: ARG005
    ) -> None:
        self._held_back = held_back
        self._clock, self._ask, self._tell = clock, ask, tell
        self._range_c = target_range_c
        self._down_c_per_s = RAMP_SHARE * ramp_c_per_min / 60.0
        self._up_c_per_s = WARMING_SHARE * ramp_c_per_min / 60.0
        self._lock = threading.RLock()
        self._leads = False
        self._forbidden = ""
        self._ticking: Ticking | None = None
        self._wish: Wish | None = None
        self._told_on = False
        self._set_point_c: float | None = None
        self._percent: float | None = None
        self._last_ns = 0
        self._idle_ticks = 0
        self._still_c, self._still_since_ns = 0.0, 0

    @property
    def wish(self) -> Wish | None:
        """What the client wants; None before the camera was asked what it is doing."""
        return self._wish

    @property
    def still(self) -> bool:
        """Whether the sensor has not moved for three minutes."""
        return self._clock.now_ns() - self._still_since_ns > STILL_NS

    def with_target(self, readings: Readings) -> Readings:
        """Readings with the target that is wished; the camera's own may still be on its way there."""
        if self._wish is None or readings.target_temperature_c is None:
            return readings
        return replace(readings, target_temperature_c=self._wish.target_c)

    def target_c(self) -> float | None:
        """Where the sensor is led; None while the cooler shall not regulate."""
        wish = self._wish
        return wish.target_c if wish is not None and wish.on else None

    def cooling(self) -> Cooling | None:
        """What the cooler is doing now; None where it cannot be led."""
        with self._lock:
            if not self._leads:
                return None
            on, sensor_c, percent = self._look()
            return Cooling(sensor_c, percent, on, self._wish or Wish(), self._ticking is not None)

    def begin(self, controls: Set[Control]) -> None:
        """The camera has been connected: go on with what was wished, or learn what it is doing."""
        with self._lock:
            self._rest()
            self._leads = controls >= NEEDED
            if self._wish is not None:
                self._set_out(self._wish)
            elif self._leads:
                on, _, percent = self._look()
                self._wish = Wish(on, self._ask(Control.TARGET_TEMPERATURE_C), 0.0 if on else percent)
                self._told_on = on

    def end(self, name: str) -> None:
        """The camera of this name is let go: it stays as it is now, and the next `begin` asks it.

        If it is cold, and still answers, that is told as a warning.
        """
        with self._lock:
            self._rest()
            left = None
            with suppress(FullwellError):
                left = self.cooling()
            self._wish, self._leads = None, False
        if left is not None and left.cold:
            log.warning("%s", _cold_warning(name, left))

    def aim(self, target_c: float) -> None:
        """Regulate to this temperature, if or as soon as the cooler is on."""
        with self._lock:
            wish = replace(self._wish or Wish(), target_c=target_c)
            if self._leads and (wish.on or self._ask(Control.COOLER_ON)):
                self._set_out(wish)
            else:
                self._tell(Control.TARGET_TEMPERATURE_C, target_c)
                self._wish = wish

    def forbid(self, reason: str) -> None:
        """Do not cool any more for this reason; "" = cooling is allowed."""
        with self._lock:
            self._forbidden = reason

    def switch(self, on: bool) -> None:
        """Regulate; or warm up, and then switch off."""
        with self._lock:
            self._require_allowed(on)
            self._set_out(replace(self._wish or Wish(), on=on, percent=0.0))

    def drive(self, percent: float) -> None:
        """Give the cooler a fixed power; it does not regulate then."""
        with self._lock:
            self._require_allowed(percent > 0.0)
            self._set_out(replace(self._wish or Wish(), on=False, percent=percent))

    # Inside, with the lock held.

    def _require_allowed(self, cools: bool) -> None:
        if cools and self._forbidden:
            raise InvalidOperation(self._forbidden, "End that first.")

    def _look(self) -> tuple[bool, float, float]:
        """Whether it regulates, temperature of the sensor, power."""
        return (
            bool(self._ask(Control.COOLER_ON)),
            self._ask(Control.SENSOR_TEMPERATURE_C),
            self._ask(Control.COOLER_POWER_PERCENT),
        )

    def _set_out(self, wish: Wish) -> None:
        """Take the first step to a wish now, and the others as time goes by."""
        before, self._wish = self._wish, wish
        try:
            if self._leads:
                self._begin_way()
            else:
                self._tell_all(wish)
        except FullwellError:
            self._wish = before
            raise

    def _begin_way(self) -> None:
        now_ns = self._clock.now_ns()
        if self._ticking is None:
            self._set_point_c = self._percent = None
            self._last_ns = now_ns - PACE_NS
        self._idle_ticks, self._still_since_ns = 0, now_ns
        self._step(now_ns)
        if self._ticking is not None and self._wish is not None:
            self._held_back(f"the cooler is led to {_goal(self._wish)} gradually, to protect the sensor.")

    def _tell_all(self, wish: Wish) -> None:
        """For a camera that cannot be led."""
        if wish.percent:
            self._tell(Control.COOLER_POWER_PERCENT, wish.percent)
            return
        self._tell(Control.COOLER_ON, float(wish.on))
        if wish.on:
            self._tell(Control.TARGET_TEMPERATURE_C, wish.target_c)

    def _tick(self) -> None:
        with self._lock:
            if self._ticking is None:
                return
            try:
                self._step(self._clock.now_ns())
            except FullwellError as error:
                log.info("the cooler is not led any further for now: %s", error)

    def _step(self, now_ns: int) -> None:
        """One step to the wish, as long as the time since the last."""
        elapsed_s = min(now_ns - self._last_ns, SLOW_PACE_NS) * 1e-9
        try:
            arrived = self._approach(elapsed_s)
        except FullwellError:
            self._rest()  # `begin` goes on when the camera listens again
            raise
        self._last_ns = now_ns
        if arrived:
            self._rest()
        else:
            self._keep_pace(now_ns)

    def _approach(self, elapsed_s: float) -> bool:
        on, sensor_c, percent = self._look()
        if abs(sensor_c - self._still_c) > STILL_C:
            self._still_c, self._still_since_ns = sensor_c, self._clock.now_ns()
        wish = self._wish or Wish()
        if wish.on:
            return self._regulate(wish.target_c, on, sensor_c, elapsed_s)
        if on and wish.percent == 0.0:
            return self._warm_up(sensor_c, percent, elapsed_s)
        return self._drive(wish.percent, percent, elapsed_s)

    def _regulate(self, target_c: float, on: bool, sensor_c: float, elapsed_s: float) -> bool:
        if not on and self._told_on and self._ticking is not None:
            log.warning("the camera has switched its cooler off: check its supply.")
            self._wish, self._told_on = replace(self._wish or Wish(), on=False), False
            return True
        self._percent = None
        arrived = self._lead_to(target_c, on, sensor_c, elapsed_s)
        if not on:
            self._tell(Control.COOLER_ON, 1.0)
        self._told_on = True
        return arrived

    def _warm_up(self, sensor_c: float, percent: float, elapsed_s: float) -> bool:
        """Let the target rise until the cooler has nothing more to do; then switch it off."""
        self._percent = None
        self._idle_ticks = self._idle_ticks + 1 if percent <= IDLE_PERCENT else 0
        if self._idle_ticks >= IDLE_TICKS or (self._idle_ticks and self._is_at_ambient(sensor_c)):
            self._tell(Control.COOLER_ON, 0.0)
            self._told_on = False
            return True
        self._lead_to(self._range_c.high, True, sensor_c, elapsed_s)
        return False

    def _lead_to(self, target_c: float, on: bool, sensor_c: float, elapsed_s: float) -> bool:
        """Move the camera's target, never far ahead of the sensor; True when it is where it shall be."""
        begin_c = self._set_point_c
        if begin_c is None:
            told_c = self._ask(Control.TARGET_TEMPERATURE_C)
            begin_c = told_c if on and abs(told_c - sensor_c) <= LEAD_C else sensor_c
        c_per_s = self._up_c_per_s if target_c > begin_c else self._down_c_per_s
        wanted_c = _toward(begin_c, target_c, c_per_s * elapsed_s)
        wanted_c = min(max(wanted_c, sensor_c - LEAD_C), sensor_c + LEAD_C)
        self._set_point_c = min(max(wanted_c, self._range_c.low), self._range_c.high)
        self._tell(Control.TARGET_TEMPERATURE_C, self._set_point_c)
        return self._set_point_c == target_c

    def _drive(self, goal_percent: float, percent: float, elapsed_s: float) -> bool:
        """Change the power by a little."""
        self._set_point_c = None
        begin = percent if self._percent is None else self._percent
        self._percent = _toward(begin, goal_percent, POWER_PERCENT_PER_S * elapsed_s)
        self._tell(Control.COOLER_POWER_PERCENT, self._percent)
        self._told_on = False
        return self._percent == goal_percent

    def _is_at_ambient(self, sensor_c: float) -> bool:
        with suppress(FullwellError):
            return abs(sensor_c - self._ask(Control.AMBIENT_TEMPERATURE_C)) <= NEAR_AMBIENT_C
        return False

    def _keep_pace(self, now_ns: int) -> None:
        """Step each second while the sensor moves, seldom while it stands."""
        pace_ns = SLOW_PACE_NS if now_ns - self._still_since_ns > STILL_NS else PACE_NS
        if self._ticking is None or self._ticking.period_ns != pace_ns:
            self._rest()
            self._ticking = self._clock.every(pace_ns, self._tick)

    def _rest(self) -> None:
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None


def _toward(begin: float, goal: float, step: float) -> float:
    """From `begin` a step nearer to `goal`, at most there."""
    return goal if abs(goal - begin) <= step else begin + (step if goal > begin else -step)


def _goal(wish: Wish) -> str:
    if wish.on:
        return f"{wish.target_c:g} C"
    return f"{wish.percent:g} % power" if wish.percent else "ambient temperature"


def _cold_warning(name: str, cooling: Cooling) -> str:
    """What is said when a cold camera is let go."""
    return (
        f"the {name} is left cold: the sensor is at {cooling.sensor_c:.1f} C with {cooling.power_percent:.0f} % "
        "cooler power, and the camera goes on so. If its power is cut now the sensor warms up at once, which may "
        "damage it: warm it up first, with warm_up() or close(warm_up=True)."
    )


def settle(
    guard: CoolingGuard, clock: Clock, tolerance_c: float, progress: Callable[[Cooling], None] | None
) -> Cooling | None:
    """Wait until a cooler has led its sensor to the target; None where it cannot be led.

    Raises
    ------
    TemperatureNotReached
        If the sensor stands still elsewhere.
    InvalidOperation
        If it does not regulate.
    """
    while True:
        cooling = guard.cooling()
        if cooling is None:
            return None
        if progress is not None:
            progress(cooling)
        away_c = cooling.sensor_c - cooling.wish.target_c
        if not cooling.wish.on:
            raise InvalidOperation("the cooler does not regulate.", "Switch it on: set_cooler(True).")
        if abs(away_c) <= tolerance_c and not cooling.moving:
            return cooling
        if guard.still and abs(away_c) > tolerance_c:
            raise _not_reached(cooling)
        clock.sleep_until(clock.now_ns() + PACE_NS)


def warm_up(guard: CoolingGuard, clock: Clock, progress: Callable[[Cooling], None] | None) -> None:
    """Wait until a cooler that was switched off has let its sensor warm up."""
    while (cooling := guard.cooling()) is not None and cooling.moving and not cooling.wish.on:
        if progress is not None:
            progress(cooling)
        clock.sleep_until(clock.now_ns() + PACE_NS)


def _not_reached(cooling: Cooling) -> TemperatureNotReached:
    where = f"the sensor stays at {cooling.sensor_c:.1f} C, with {cooling.power_percent:.0f} % cooler power"
    what = f"the target of {cooling.wish.target_c:g} C is not reached: {where}."
    if cooling.sensor_c > cooling.wish.target_c:
        return TemperatureNotReached(
            what,
            f"Choose {math.ceil(cooling.sensor_c) + 1} C or warmer, or let the air round the camera be colder.",
        )
    return TemperatureNotReached(
        what, f"A cooler does not heat: choose {math.floor(cooling.sensor_c)} C or colder."
    )
