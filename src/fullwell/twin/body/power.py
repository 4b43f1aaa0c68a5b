"""The power of a twin: what arrives from the supply, and what too little of it does to the camera.

The camera looks at its voltage once per second of the body's time, and whenever something is changed. Below the
threshold of the lock-out the cooler goes off; below the voltage with which its electronics work, the camera
stops, and boots as soon as there is enough again. That is found out when somebody asks the body or the camera
for anything, for the very second in which it happened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Final

from fullwell.camera.clock import Clock
from fullwell.camera.controls import Control
from fullwell.errors import InvalidFacts
from fullwell.models.facts import CameraModel
from fullwell.models.power import Power
from fullwell.twin.body.body import Body
from fullwell.twin.body.flash import Flash
from fullwell.twin.body.lifeline import Lifeline
from fullwell.twin.body.supply import Feed, Supply
from fullwell.twin.body.undervoltage import UndervoltageGuard

__all__ = ["PowerSide"]

SAFE_SIGMAS: Final = 9.0
"""Voltages further than so many standard deviations of the noise above the threshold need no closer look."""


class PowerSide:
    """Supply, lock-out and boot of one camera, plugged into its body.

    Parameters
    ----------
    model : CameraModel
    body : Body
        Its `power_limit` is set.
    flash : Flash
    firmware_day : datetime.date
    clock : Clock
    seed : int
        Of the noise.
    lost : callable
        Called when the camera has lost its power, from the thread that finds it out, without locks.
    booted : callable
        Called when the camera has got it back, likewise, with the instant, UTC.

    Attributes
    ----------
    supply : Supply
    guard : UndervoltageGuard
    """

    def __init__(
        self,
        model: CameraModel,
        body: Body,
        flash: Flash,
        firmware_day: date,
        clock: Clock,
        seed: int,
        *,
        lost: Callable[[], None],
        booted: Callable[[int], None],
    ) -> None:
        if model.power is None:
            raise InvalidFacts(
                f"nothing is known of the supply of the {model.name}.", "Add [power] to its facts."
            )
        self._facts: Power = model.power
        self._body, self._clock = body, clock
        self._lost, self._booted = lost, booted
        self.supply = Supply(body.surroundings, model.cooling.power_w, seed)
        self.guard = UndervoltageGuard(model.power.uvlo, firmware_day, flash)
        self._lifeline = Lifeline(model.power.boot_s)
        self._lock = threading.Lock()
        self._told_losses = 0
        self._told_boots = 0
        body.power_limit = self._limit

    # What befalls it.

    def cut(self) -> None:
        """The 12 V are switched off. Harmless without."""
        self._body.powered = False
        self.supply.switched_on = False
        self._lifeline.lose_power()
        self._tell()

    def restore(self) -> None:
        """The 12 V are switched on again. Harmless with them."""
        self.supply.switched_on = True
        self._body.powered = True
        self.look()

    def cycle(self) -> None:
        """Off and on: the camera boots."""
        self.cut()
        self.restore()

    def sag(self, sag_v: float) -> None:
        """Let the supply give so much less than it should, V; 0 = as it should.

        Raises
        ------
        OutOfRange
            If that is no such voltage.
        """
        self._body.catch_up()
        self.supply.sag_v = sag_v
        self.look()

    def disturb(self) -> None:
        """Strong interference upsets the sensor's registers: old firmware takes that for too little voltage."""
        if self.guard.disturb():
            self._body.cooler_on = False

    def provoke(self) -> None:
        """Remember an event of under-voltage without one: what the vendor's library can do for tests."""
        self.guard.remember()
        self._body.cooler_on = False

    def look(self) -> None:
        """Look at the voltage now, not only at the next second."""
        self.supply.surroundings = self._body.surroundings
        self._body.heed_limit()
        self.refresh()

    # What it is like.

    @property
    def feed(self) -> Feed:
        """What arrives at the camera now."""
        self.supply.surroundings = self._body.surroundings
        percent = self._body.state().cooler_percent if self._lifeline.powered else 0.0
        return self.supply.feed(percent, self._clock.now_ns())

    @property
    def runs(self) -> bool:
        """Whether the camera has power and has booted."""
        self.refresh()
        return self._lifeline.answers(self._clock.now_ns())

    def require(self) -> None:
        """See that the camera runs.

        Raises
        ------
        DeviceLost
            If it has no power, or boots.
        """
        self.refresh()
        self._lifeline.require(self._clock.now_ns())

    def refresh(self) -> None:
        """Find out what has happened up to now, and tell it."""
        self._body.catch_up()
        self._tell()

    def __contains__(self, control: Control) -> bool:
        return control is Control.SUPPLY_VOLTAGE_V or (control is Control.UVLO_STATUS and self.guard.exists)

    def get(self, control: Control) -> float:
        """The present value of a control that it has."""
        return self.feed.voltage_v if control is Control.SUPPLY_VOLTAGE_V else float(self.guard.status)

    # Inside.

    def _limit(self, at_ns: int, wanted_percent: float) -> float | None:
        """Most power of the cooler for the next second; None = it goes off. Called by the body."""
        with self._lock:
            return self._limit_now(at_ns, wanted_percent)

    def _limit_now(self, at_ns: int, wanted_percent: float) -> float | None:
        guard, facts = self.guard, self._facts
        self.supply.surroundings = self._body.surroundings
        if self._lifeline.powered and not guard.low and self._is_safe():
            return guard.limit_percent
        if not self._lifeline.powered:
            if self.supply.feed(0.0, at_ns).voltage_v >= facts.start_v:
                self._lifeline.regain_power(at_ns)
            return None
        voltage_v = self.supply.feed(min(wanted_percent, guard.limit_percent), at_ns).voltage_v
        guard.watch(voltage_v)
        if voltage_v < facts.stop_v:
            self._lifeline.lose_power()
            return None
        return None if guard.low else guard.limit_percent

    def _is_safe(self) -> bool:
        """Whether the supply is so good that no power of the cooler could bring it near a threshold."""
        threshold_v = self._facts.uvlo.warning_v if self._facts.uvlo is not None else self._facts.stop_v
        return self.supply.worst_v(SAFE_SIGMAS) > threshold_v

    def _tell(self) -> None:
        with self._lock:
            line = self._lifeline
            stopped, started = line.losses != self._told_losses, line.boots != self._told_boots
            self._told_losses, self._told_boots = line.losses, line.boots
        if stopped:
            if self._body.powered and self.supply.switched_on:
                self._body.powered = False  # it stopped by itself: heater and fan forget too
                self._body.powered = True
            self._lost()
        if started:
            self._booted(line.power_ns)
