"""Is the camera still there? Asked again and again, of something that only the camera can know.

Settings are told from memory by the vendor's library, cable or no cable; a thermometer is not. So one of the
sensors is asked, and its answer counts, not its value.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from typing import Final

from fullwell.camera.agenda import Ticking
from fullwell.camera.clock import Clock
from fullwell.camera.controls import Control
from fullwell.errors import DeviceFault, DeviceLost

PULSES: Final = (Control.SENSOR_TEMPERATURE_C, Control.COOLER_POWER_PERCENT, Control.MEMORY_FILL_KB)
"""What is asked, the first that the camera has."""

MISSED: Final = 2
"""So many failures in a row mean that it is gone; one may be a collision on the bus."""


def pulse(controls: Collection[Control]) -> Control | None:
    """What to ask a camera with these controls; None if nothing would tell."""
    return next((control for control in PULSES if control in controls), None)


class Heartbeat:
    """Counts the answers of one camera.

    Parameters
    ----------
    ask : callable
        Asks the camera; raises `DeviceFault` if it does not answer.
    lost : callable
        Called with the fault when too many answers in a row were missed.
    """

    def __init__(self, ask: Callable[[], object], lost: Callable[[DeviceLost], None]) -> None:
        self._ask, self._lost = ask, lost
        self._missed = 0

    def begin(self) -> None:
        """The camera was opened: what was missed before does not count."""
        self._missed = 0

    def beat(self) -> bool:
        """Ask once; whether there was an answer."""
        try:
            self._ask()
        except DeviceFault as fault:
            self._missed += 1
            if self._missed >= MISSED:
                self._missed = 0
                self._lost(DeviceLost(f"no heartbeat: {fault.message}", fault.remedy))
            return False
        self._missed = 0
        return True


class Regular:
    """Something done again and again while a camera is open, as long as anybody holds it.

    Parameters
    ----------
    clock : Clock
    period_s : float
        s; 0 = never.
    act : bound method
        What is done; its object is not kept alive.
    """

    def __init__(self, clock: Clock, period_s: float, act: Callable[[], None]) -> None:
        self._clock, self._period_ns = clock, round(period_s * 1e9)
        self._act = weakref.WeakMethod(act)
        self._ticking: Ticking | None = None

    def begin(self) -> None:
        """From now on, once per period."""
        self.end()
        if self._period_ns <= 0:
            return
        act = self._act

        def tick() -> None:
            method = act()
            if method is None:
                ticking.stop()
            else:
                method()

        self._ticking = ticking = self._clock.every(self._period_ns, tick)

    def end(self) -> None:
        """No more. Harmless when it is not done."""
        ticking, self._ticking = self._ticking, None
        if ticking is not None:
            ticking.stop()
