"""The under-voltage lock-out of a twin: it sees the voltage fall, and remembers that in flash.

Limits: a real camera may filter its measurement; here one sample below the threshold is an event.
"""

from __future__ import annotations

from datetime import date

from fullwell.models.power import Uvlo
from fullwell.twin.body.flash import Flash

__all__ = ["UndervoltageGuard"]


class UndervoltageGuard:
    """Watches the voltage at the camera.

    Parameters
    ----------
    facts : Uvlo or None
        None = the camera has no lock-out, and nothing is ever seen.
    firmware_day : datetime.date
        Of the firmware: old firmware sees only that the sensor has failed.
    flash : Flash
        Where events are remembered.

    Attributes
    ----------
    low : bool
        Whether the voltage is too low now; it counts as good again only from `Uvlo.clear_v` up.
    firmware_day : datetime.date
        Changes when the firmware does.

    Examples
    --------
    >>> from fullwell.models import load
    >>> guard = UndervoltageGuard(load("qhy600-pro").power.uvlo, date(2023, 5, 1), Flash())
    >>> guard.watch(10.9), guard.status, guard.limit_percent
    (True, 9, 70.0)
    >>> guard.watch(10.9), guard.watch(12.0), guard.limit_percent
    (False, False, 70.0)
    >>> guard.reset()
    >>> guard.status, guard.limit_percent
    (8, 100.0)
    """

    def __init__(self, facts: Uvlo | None, firmware_day: date, flash: Flash) -> None:
        self._facts, self._flash = facts, flash
        self.firmware_day = firmware_day
        self.low = False

    @property
    def exists(self) -> bool:
        """Whether the camera has a lock-out."""
        return self._facts is not None

    @property
    def tripped(self) -> bool:
        """Whether an event stands in flash."""
        return self._flash.memory.undervoltage_code != 0

    @property
    def status(self) -> int:
        """As the camera tells it: the code of the event in flash, or that all is well; 0 without a lock-out."""
        if self._facts is None:
            return 0
        good = self._facts.direct_good if self._direct else self._facts.indirect_good
        return self._flash.memory.undervoltage_code or good

    @property
    def limit_percent(self) -> float:
        """Most power that the cooler may have."""
        return self._facts.limit_percent if self._facts is not None and self.tripped else 100.0

    def watch(self, voltage_v: float) -> bool:
        """Look at the voltage; True at the beginning of an event: the cooler must go off.

        Erased while the voltage is still too low, an event begins anew.
        """
        if self._facts is None:
            return False
        was_low = self.low
        self.low = voltage_v < (self._facts.clear_v if was_low else self._facts.warning_v)
        if self.low and not (was_low and self.tripped):
            self.remember()
            return True
        return False

    def disturb(self) -> bool:
        """The sensor's registers are upset, as by strong interference; True if it is taken for an event.

        Old firmware cannot tell that from too little voltage.
        """
        if self._facts is None or self._direct:
            return False
        self.remember()
        return True

    def remember(self) -> None:
        """Write an event into flash."""
        if self._facts is not None:
            code = self._facts.direct_code if self._direct else self._facts.indirect_code
            self._flash.write(undervoltage_code=code)

    def reset(self) -> None:
        """Erase the event: what the vendor calls "Reset Flash Code"."""
        self._flash.write(undervoltage_code=0)

    @property
    def _direct(self) -> bool:
        return self._facts is not None and self._facts.is_direct(self.firmware_day)
