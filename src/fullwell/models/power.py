"""Facts of the 12 V side of a camera: what it needs, and how it guards itself against too little."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fullwell.models.tables import Table

__all__ = ["Power", "Uvlo", "read_power"]


@dataclass(frozen=True, slots=True)
class Uvlo:
    """The under-voltage lock-out of a camera.

    Attributes
    ----------
    warning_v : float
        Below this the cooler goes off, and the event is written into flash.
    clear_v : float
        From this up the supply counts as good again.
    limit_percent : float
        Most cooler power while the event stands in flash.
    direct_since : datetime.date
        Firmware from this day on asks the power chip; older firmware sees only that the sensor has failed.
    direct_code, indirect_code : int
        What the status reads after an event, for new and for old firmware.
    direct_good, indirect_good : int
        What it reads when all is well.
    """

    warning_v: float
    clear_v: float
    limit_percent: float
    direct_since: date
    direct_code: int
    indirect_code: int
    direct_good: int
    indirect_good: int

    def is_direct(self, firmware_day: date) -> bool:
        """Whether firmware of that day measures the voltage itself."""
        return firmware_day >= self.direct_since


@dataclass(frozen=True, slots=True)
class Power:
    """What a camera needs of its supply.

    Attributes
    ----------
    lowest_v, highest_v : float
        At the camera.
    supply_a : float
        What the supply should be able to give.
    cable_ohm : float
        Most resistance of the cable, there and back together.
    stop_v : float
        Below this the camera stops working.
    start_v : float
        From this up it starts again.
    boot_s : float
        From power to the first answer.
    uvlo : Uvlo or None
        None where the camera has none.
    """

    lowest_v: float
    highest_v: float
    supply_a: float
    cable_ohm: float
    stop_v: float
    start_v: float
    boot_s: float
    uvlo: Uvlo | None


def read_power(table: Table) -> Power:
    """Read and check the table ``power`` of a facts file.

    Raises
    ------
    InvalidFacts
        If an entry is missing, unknown or impossible.
    """
    power = Power(
        lowest_v=table.number("lowest_v", 1, 60),
        highest_v=table.number("highest_v", 1, 60),
        supply_a=table.number("supply_a", 0.1, 100),
        cable_ohm=table.number("cable_ohm", 0.001, 10),
        stop_v=table.number("stop_v", 1, 60),
        start_v=table.number("start_v", 1, 60),
        boot_s=table.number("boot_s", 0, 600),
        uvlo=_uvlo(table.table("uvlo")) if "uvlo" in table else None,
    )
    if not power.stop_v < power.start_v <= power.lowest_v < power.highest_v:
        raise table.wrong("stop_v", "must lie below start_v, that not above lowest_v, and that below highest_v")
    table.finish()
    return power


def _uvlo(table: Table) -> Uvlo:
    day = table.text("direct_since")
    try:
        direct_since = date.fromisoformat(day)
    except ValueError:
        raise table.wrong("direct_since", f"is no day like 2021-09-01: {day!r}") from None
    uvlo = Uvlo(
        warning_v=table.number("warning_v", 1, 60),
        clear_v=table.number("clear_v", 1, 60),
        limit_percent=table.number("limit_percent", 0, 100),
        direct_since=direct_since,
        direct_code=table.integer("direct_code", 0, 255),
        indirect_code=table.integer("indirect_code", 0, 255),
        direct_good=table.integer("direct_good", 0, 255),
        indirect_good=table.integer("indirect_good", 0, 255),
    )
    if uvlo.clear_v < uvlo.warning_v:
        raise table.wrong("clear_v", "must not lie below warning_v")
    table.finish()
    return uvlo
