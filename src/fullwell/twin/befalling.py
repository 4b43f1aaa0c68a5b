"""What each trouble does to which part of a twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from fullwell.camera.clock import Clock
from fullwell.twin.body import Body
from fullwell.twin.body.power import PowerSide
from fullwell.twin.faults import Fault, FaultKind, FaultPlan
from fullwell.twin.reach import Reach
from fullwell.twin.surroundings import Surroundings
from fullwell.twin.wear import KINDS, Wear
from fullwell.twin.wheel import FilterWheel

__all__ = [
    "Effect",
    "Place",
    "body_effects",
    "cable_effects",
    "frame_effects",
    "place_effects",
    "power_effects",
    "sensor_effects",
    "wheel_effects",
]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a trouble does to a part.

    Attributes
    ----------
    begin : callable
        Breaks the part; takes the parameters by name. Called again when they change.
    end : callable
        Mends it.
    """

    begin: Callable[..., None]
    end: Callable[[], None]


def cable_effects(reach: Reach, step_wall: Callable[[float], None]) -> dict[str, Effect]:
    """Troubles of the data cable and of the computer."""
    return {
        "unplug": Effect(reach.unplug, reach.plug),
        "hang": Effect(partial(reach.fall_silent, None), reach.answer),
        "clock-jump": Effect(step_wall, partial(step_wall, 0.0)),
    }


def frame_effects(plan: FaultPlan) -> dict[str, Effect]:
    """Troubles of frames."""

    def effect(kind: FaultKind) -> Effect:
        def begin(rate: float = 1.0, **parameters: float) -> None:
            plan.end(kind)
            if rate:
                plan.begin(Fault(kind, rate=rate, parameters=parameters))

        return Effect(begin, partial(plan.end, kind))

    return {
        "lost-packets": effect(FaultKind.LOST_ON_LINK),
        "torn-frames": effect(FaultKind.TORN),
        "zero-frames": effect(FaultKind.ZERO),
        "repeated-frames": effect(FaultKind.REPEATED),
        "stale-frame": effect(FaultKind.STALE),
    }


def sensor_effects(wear: Wear) -> dict[str, Effect]:
    """Troubles of the sensor and its read-out."""
    return {name: Effect(partial(wear.set, name), partial(wear.mend, name)) for name in KINDS}


def body_effects(body: Body) -> dict[str, Effect]:
    """Troubles of cooler, heater, fan, thermometer and chamber."""
    suffer = body.suffer
    return {
        "dead-heater": Effect(partial(suffer, heater_works=False), partial(suffer, heater_works=True)),
        "fan-stopped": Effect(partial(suffer, fan_works=False), partial(suffer, fan_works=True)),
        "weak-cooler": Effect(
            lambda strength: suffer(cooler_strength=strength), partial(suffer, cooler_strength=1.0)
        ),
        "stuck-thermometer": Effect(
            lambda reading_c: suffer(thermometer_c=reading_c), partial(suffer, thermometer_c=None)
        ),
        "leaking-chamber": Effect(lambda factor: suffer(leak_factor=factor), partial(suffer, leak_factor=1.0)),
        "wet-chamber": Effect(body.let_air_in, lambda: None),
    }


def power_effects(power: PowerSide, disturb_cable: Callable[[float], None]) -> dict[str, Effect]:
    """Troubles of the 12 V, and of what is radiated into camera and data cable."""

    def strike(interference_per_s: float) -> None:
        power.disturb()
        disturb_cable(interference_per_s)

    return {
        "power-cut": Effect(power.cut, power.restore),
        "sag": Effect(power.sag, partial(power.sag, 0.0)),
        "emi": Effect(strike, partial(disturb_cable, 0.0)),
    }


def wheel_effects(wheel: FilterWheel | None, clock: Clock) -> dict[str, Effect]:
    """Troubles of the filter wheel; none without one."""
    if wheel is None:
        return {}

    def plug(in_place: bool) -> None:
        wheel.plugged = in_place

    return {
        "stuck-wheel": Effect(lambda: wheel.jam(clock.now_ns()), lambda: wheel.free(clock.now_ns())),
        "wheel-unplugged": Effect(partial(plug, False), partial(plug, True)),
    }


class Place:
    """Where a twin stands, and what troubles make of it for a while.

    Parameters
    ----------
    surroundings : Surroundings
        As they are without troubles.
    take : callable
        Lets the twin know of others.
    """

    def __init__(self, surroundings: Surroundings, take: Callable[[Surroundings], None]) -> None:
        self._own, self._take = surroundings, take
        self._instead: dict[str, float] = {}

    @property
    def surroundings(self) -> Surroundings:
        """As they are now."""
        return replace(self._own, **self._instead)

    def move(self, surroundings: Surroundings) -> None:
        """Let something else be round it; troubles stay."""
        self._take(replace(surroundings, **self._instead))
        self._own = surroundings

    def suffer(self, **instead: float) -> None:
        """Some of it is otherwise."""
        self._instead = {**self._instead, **instead}
        self._take(self.surroundings)

    def mend(self, name: str) -> None:
        """It is as it should be."""
        self._instead = {other: value for other, value in self._instead.items() if other != name}
        self._take(self.surroundings)


def place_effects(place: Place) -> dict[str, Effect]:
    """Troubles of the air and of the supply cable."""
    fields = {
        "poor-cable": "cable_ohm",
        "noisy-supply": "supply_noise_v",
        "warm-air": "ambient_temperature_c",
        "wet-air": "humidity_percent",
    }
    return {name: Effect(place.suffer, partial(place.mend, field)) for name, field in fields.items()}
