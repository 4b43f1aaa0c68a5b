"""What the under-voltage status of a camera means, and what to do about it, with numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from fullwell.models.facts import CameraModel

__all__ = ["ERROR_CODES", "Undervoltage", "explain"]

GOOD_CODES: Final = (1, 8)
ERROR_CODES: Final = (2, 3, 9)
USUAL_SUPPLIES_V: Final = (12.0, 13.0)

_SEEN: Final = {
    2: "the check of the sensor after power-up failed (code 2)",
    3: "the sensor has failed (code 3): this firmware, of before September 2021, cannot tell too little voltage "
    "from other causes such as strong electromagnetic interference",
    9: "the supply at the camera was below {volts:g} V (code 9: the camera's power chip says so)",
}


@dataclass(frozen=True, slots=True)
class Undervoltage:
    """What a camera says of its supply.

    Attributes
    ----------
    code : int
        As the camera tells it: 1 and 8 are good, 2, 3 and 9 are errors, 0 is not known yet.
    message : str
        What that means; "" when all is well.
    remedy : str
        What to do about it; "" when all is well.
    """

    code: int
    message: str = ""
    remedy: str = ""

    @property
    def error(self) -> bool:
        """Whether an event is remembered."""
        return self.code in ERROR_CODES


def _down(volts: float, amperes: float) -> float:
    """A resistance that is safe to print with two digits: rounded down."""
    return math.floor(100.0 * volts / amperes) / 100.0


def explain(model: CameraModel, code: int, voltage_v: float | None = None) -> Undervoltage:
    """Put a status into words.

    Parameters
    ----------
    model : CameraModel
    code : int
        See `Undervoltage`.
    voltage_v : float, optional
        At the camera now, where that is known.

    References
    ----------
    Product page of the QHY600 Pro, appendix on the lock-out: codes, consequences, U = I x R.

    Examples
    --------
    >>> from fullwell.models import load
    >>> explain(load("qhy600-pro"), 8).error
    False
    >>> print(explain(load("qhy600-pro"), 9).remedy)
    At full cooling the camera takes 40 W, 3.64 A at 11 V, and a cable of R takes V = I x R away: ...
    """
    power = model.power
    if code not in ERROR_CODES or power is None or power.uvlo is None:
        return Undervoltage(code)
    uvlo = power.uvlo
    message = (
        f"{_SEEN[code].format(volts=uvlo.warning_v)}. The cooler was switched off, and may have at most "
        f"{uvlo.limit_percent:g} % of its power until the camera's memory of it is erased."
    )
    full_w = model.cooling.power_w[2]
    current_a = full_w / uvlo.warning_v
    enough = ", ".join(
        f"from {supply_v:g} V at most {_down(supply_v - uvlo.warning_v, current_a):.2f} ohm"
        for supply_v in USUAL_SUPPLIES_V
    )
    needed_v = uvlo.warning_v + current_a * power.cable_ohm
    now = "" if voltage_v is None else f" {voltage_v:.2f} V arrive now."
    remedy = (
        f"At full cooling the camera takes {full_w:g} W, {current_a:.2f} A at {uvlo.warning_v:g} V, and a cable "
        f"of R takes V = I x R away: there and back together {enough} will do. With the {power.cable_ohm:g} ohm "
        f"that the vendor allows, the supply must hold {needed_v:.1f} V at {power.supply_a:g} A.{now} Then erase "
        'the memory: reset_undervoltage(), or "Reset Flash Code" in the vendor\'s program.'
    )
    return Undervoltage(code, message, remedy)
