"""Scenes of time in words: ``--scene occultation --event "at=2026-03-01T21:14:05 diameter_km=12"``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fullwell.errors import InvalidValue, UnknownName

if TYPE_CHECKING:
    from fullwell.scene.light import Scene

DEFAULT_AFTER_S: Final = 10.0
TIMES: Final = ("at", "after_s")
FLAGS: Final = ("diffraction",)
NAMES: Final[dict[str, dict[str, Any]]] = {
    "occultation": {
        "diameter_km": 20.0,
        "shadow_speed_km_s": 10.0,
        "distance_au": None,
        "impact_km": None,
        "magnitude": 10.0,
        "star_diameter_mas": None,
        "body_magnitude": None,
        "diffraction": None,
    },
    "satellite": {
        "speed_arcsec_per_s": 1000.0,
        "position_angle_deg": None,
        "magnitude": None,
        "tumbling_period_s": None,
        "tumbling_depth": None,
    },
    "drift": {"east_arcsec_per_s": None, "north_arcsec_per_s": None, "span_s": None},
    "led": {"rate_e_per_s": 10_000.0, "period_s": 0.1, "on_s": 0.01},
}
"""What may be said of each, and what holds if it is not; None = the scene's own default."""


def told(kind: str, text: str | None) -> dict[str, Any]:
    """The numbers of an event, and its instant as ``instant_ns``.

    Parameters
    ----------
    kind : str
        A key of `NAMES`.
    text : str or None
        Words like ``name=value``, apart by spaces or commas; ``diffraction`` alone.

    Raises
    ------
    UnknownName, InvalidValue
        If something in it means nothing.

    Examples
    --------
    >>> told("led", "at=2026-03-01T21:14:05.5 period_s=0.5")["instant_ns"]
    1772399645500000000
    """
    values = {name: value for name, value in NAMES[kind].items() if value is not None}
    for word in (text or "").replace(",", " ").split():
        name, _, value = word.partition("=")
        if name not in (*NAMES[kind], *TIMES):
            raise UnknownName(f"number of a scene {kind!r}", name, (*NAMES[kind], *TIMES))
        values[name] = True if name in FLAGS and not value else value if name == "at" else _number(name, value)
    return _with_instant(values)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidValue(f"{name} must be a number, not {text!r}.", f"Say it like {name}=1.5.") from None


def _with_instant(values: dict[str, Any]) -> dict[str, Any]:
    if all(name in values for name in TIMES):
        raise InvalidValue("at and after_s are two words for one thing.", "Give one of them.")
    if "at" in values:
        from fullwell.record.instants import instant_ns

        try:
            when_ns = instant_ns(str(values.pop("at")).removesuffix("Z"))
        except ValueError:
            raise InvalidValue("at is no UTC date and time.", "Say it like at=2026-03-01T21:14:05.250.") from None
    else:
        when_ns = _ready_ns() + round(values.pop("after_s", DEFAULT_AFTER_S) * 1e9)
    return {**values, "instant_ns": when_ns}


def _ready_ns() -> int:
    """UTC at which the command is ready to open a camera: the very first start compiles for half a minute."""
    from fullwell.cli.talk import opening
    from fullwell.twin.fused import compile_kernels

    with opening():
        compile_kernels()
    return time.time_ns()


def in_field(kind: str, values: Mapping[str, Any], dec_deg: float) -> dict[str, Any]:
    """The event as arguments of a `fullwell.scene.Sky` that points at some declination."""
    from fullwell.scene import Drift, Occultation, Satellite

    numbers = {name: value for name, value in values.items() if name != "instant_ns"}
    when_ns = values["instant_ns"]
    if kind == "occultation":
        return {"events": [Occultation(mid_time_ns=when_ns, **numbers)]}
    if kind == "satellite":
        return {"events": [Satellite(mid_time_ns=when_ns, **numbers)]}
    if "east_arcsec_per_s" in numbers or "north_arcsec_per_s" in numbers:
        return {"tracking": Drift(epoch_ns=when_ns, **numbers)}
    return {"tracking": Drift.untracked(dec_deg, when_ns, **numbers)}


def led(values: Mapping[str, Any]) -> Scene:
    """A blinking LED."""
    from fullwell.scene import Led

    return Led(
        rate_e_per_s=values["rate_e_per_s"],
        period_ns=round(values["period_s"] * 1e9),
        on_ns=round(values["on_s"] * 1e9),
        epoch_ns=values["instant_ns"],
    )
