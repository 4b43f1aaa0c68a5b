"""The 12 V side of a twin: supply, cable, and what arrives at the camera.

The camera is a load of constant power: with less voltage it draws more current, and the cable takes more away.
Voltage V at the camera, supply V0, cable R, load P: V = V0 - R P / V, so V = (V0 + sqrt(V0^2 - 4 R P)) / 2. Where
the root is none, no voltage feeds the load through that cable: the camera stops.

The load between the vendor's three figures is a power law, 13.8 W + 26.2 W x^2.08 with x from 0 to 1: nearly the
heat of a current, and it goes through all three.

Limits: no capacitors, no inrush current; an overloaded supply gives its limit, and its voltage falls in
proportion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from fullwell.chance.keys import key
from fullwell.errors import OutOfRange
from fullwell.twin.surroundings import Surroundings

__all__ = ["Feed", "Supply", "load_w", "voltage_at_camera_v"]

NOISE_STEP_NS: Final = 10_000_000
"""The noise of the supply has one value in so long, ns."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What arrives at the camera.

    Attributes
    ----------
    voltage_v, current_a, power_w : float
        0 when it stands still.
    """

    voltage_v: float
    current_a: float
    power_w: float


NO_FEED: Final = Feed(0.0, 0.0, 0.0)


def load_w(power_w: tuple[float, float, float], cooler_percent: float) -> float:
    """What the whole camera takes.

    Parameters
    ----------
    power_w : tuple of float
        At 0, 50 and 100 % cooler power, W, ascending.
    cooler_percent : float
        0 to 100.

    References
    ----------
    Product pages of the QHY600 Pro and the QHY268M Pro: 13.8, 20 and 40 W.

    Examples
    --------
    >>> [round(load_w((13.8, 20.0, 40.0), percent), 2) for percent in (0, 50, 70, 100)]
    [13.8, 20.0, 26.28, 40.0]
    """
    idle_w, half_w, full_w = power_w
    exponent = math.log2((full_w - idle_w) / (half_w - idle_w))
    return idle_w + (full_w - idle_w) * float((cooler_percent / 100.0) ** exponent)


def voltage_at_camera_v(supply_v: float, cable_ohm: float, load_w: float) -> float:
    """Voltage at the end of a cable that feeds a load of constant power; 0 where it cannot.

    Parameters
    ----------
    supply_v : float
        At the supply, V.
    cable_ohm : float
        There and back together, ohm.
    load_w : float
        W.

    Examples
    --------
    The vendor's example, 3.3 A through 0.2 ohm:

    >>> round(voltage_at_camera_v(12.0, 0.2, 3.3 * 11.34), 2)
    11.34
    """
    under_root = supply_v**2 - 4.0 * cable_ohm * load_w
    return 0.5 * (supply_v + math.sqrt(under_root)) if under_root >= 0.0 else 0.0


class Supply:
    """The supply and its cable.

    Parameters
    ----------
    surroundings : Surroundings
        Voltage, cable, noise and limit.
    power_w : tuple of float
        Load at 0, 50 and 100 % cooler power, W.
    seed : int
        Of the noise.

    Attributes
    ----------
    surroundings : Surroundings
        May be replaced while it runs.
    switched_on : bool
        Whether the 12 V are there.
    sag_v : float
        How much less the supply gives than it should, V.
    """

    def __init__(self, surroundings: Surroundings, power_w: tuple[float, float, float], seed: int) -> None:
        self.surroundings = surroundings
        self.switched_on = True
        self._sag_v = 0.0
        self._power_w = power_w
        self._seed = seed
        self._worst_of: tuple[object, ...] = ()
        self._worst_v = 0.0

    @property
    def sag_v(self) -> float:
        """How much less the supply gives than it should, V."""
        return self._sag_v

    @sag_v.setter
    def sag_v(self, value: float) -> None:
        if not 0.0 <= value <= 20.0:
            raise OutOfRange("sag of the supply", value, 0.0, 20.0, "V")
        self._sag_v = value

    def feed(self, cooler_percent: float, at_ns: int) -> Feed:
        """What arrives at a camera that runs.

        Parameters
        ----------
        cooler_percent : float
            Power of the cooler, 0 to 100.
        at_ns : int
            UTC.
        """
        around = self.surroundings
        supply_v = self._unloaded_v(at_ns)
        wanted_w = load_w(self._power_w, cooler_percent)
        voltage_v = voltage_at_camera_v(supply_v, around.cable_ohm, wanted_w)
        if voltage_v <= 0.0:
            return NO_FEED
        current_a = wanted_w / voltage_v
        if current_a > around.supply_limit_a:
            voltage_v *= around.supply_limit_a / current_a
            current_a = around.supply_limit_a
        return Feed(voltage_v, current_a, voltage_v * current_a)

    def worst_v(self, sigmas: float) -> float:
        """Least voltage at the camera, at full power of the cooler and with a noise of so many deviations."""
        around = self.surroundings
        state = (around, self._sag_v, self.switched_on, sigmas)
        if state != self._worst_of:
            supply_v = around.supply_voltage_v - self._sag_v - sigmas * around.supply_noise_v
            steady = Surroundings(
                supply_voltage_v=max(0.0, supply_v) if self.switched_on else 0.0,
                cable_ohm=around.cable_ohm,
                supply_noise_v=0.0,
                supply_limit_a=around.supply_limit_a,
            )
            self._worst_v = Supply(steady, self._power_w, self._seed).feed(100.0, 0).voltage_v
            self._worst_of = state
        return self._worst_v

    def _unloaded_v(self, at_ns: int) -> float:
        if not self.switched_on:
            return 0.0
        around = self.surroundings
        steady_v = around.supply_voltage_v - self._sag_v
        return max(0.0, steady_v + around.supply_noise_v * self._deviate(at_ns)) if steady_v > 0.0 else 0.0

    def _deviate(self, at_ns: int) -> float:
        """A normal number for each step of time, after Box and Muller."""
        bits = key(self._seed, "supply", at_ns // NOISE_STEP_NS)
        radius = ((bits >> 32) + 0.5) * 2.0**-32
        turn = (bits & 0xFFFFFFFF) * 2.0**-32
        return math.sqrt(-2.0 * math.log(radius)) * math.cos(2.0 * math.pi * turn)
