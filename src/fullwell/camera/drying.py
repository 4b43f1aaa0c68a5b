"""Drying the sensor's chamber: only with the cooler off and the chamber warm.

Whoever dries a cold chamber dries nothing: its vapour is frozen to the sensor, and the desiccant gets none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from fullwell.camera.controls import Control
from fullwell.camera.cooling import CoolingGuard
from fullwell.camera.device import Device, Dryable
from fullwell.errors import FullwellError, InvalidOperation

__all__ = ["Drying"]

WARM_C: Final = 10.0
"""From here up a sensor counts as warm where ambient is not known."""

BELOW_AMBIENT_C: Final = 3.0
"""Where it is known, so far below it."""

NO_COOLING: Final = "the chamber is being dried: the cooler must stay off."


class Drying:
    """A drying cycle under way: while it lasts, the cooler cannot be switched on. A context manager.

    Parameters
    ----------
    device : Device
        Twins get the tube connected; at a real camera somebody does that.
    guard : CoolingGuard
    ask : callable
        Present value of a control.

    Raises
    ------
    InvalidOperation
        If the cooler is on, or the sensor is cold.

    References
    ----------
    The vendor's page of the QHY268M Pro: turn the cooler off, and dry after the temperature has returned to
    normal; else the cold side takes the vapour.
    """

    def __init__(self, device: Device, guard: CoolingGuard, ask: Callable[[Control], float]) -> None:
        cooling = guard.cooling()
        if cooling is not None and (cooling.on or cooling.cold):
            raise InvalidOperation(
                "the chamber is not dried while the cooler is on: its vapour would freeze to the sensor.",
                "Call warm_up() first, and wait until the chamber is warm.",
            )
        sensor_c, needed_c = ask(Control.SENSOR_TEMPERATURE_C), WARM_C
        with suppress(FullwellError):
            needed_c = ask(Control.AMBIENT_TEMPERATURE_C) - BELOW_AMBIENT_C
        if sensor_c < needed_c:
            raise InvalidOperation(
                f"the chamber is too cold to be dried: its sensor is at {sensor_c:.1f} C.",
                f"Wait until it has {needed_c:.0f} C.",
            )
        self._device, self._guard = device, guard
        guard.forbid(NO_COOLING)
        self._connect(True)

    def end(self) -> None:
        """The tube is taken off; the cooler may be used. Harmless when ended."""
        self._connect(False)
        self._guard.forbid("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def _connect(self, connected: bool) -> None:
        if isinstance(self._device, Dryable):
            self._device.connect_drying_tube(connected)
