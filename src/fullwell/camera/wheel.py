"""The filter wheel on the camera port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fullwell.camera.clock import Clock
from fullwell.camera.request import whole
from fullwell.errors import DeviceFault, OutOfRange, UnknownName

POLL_S: Final = 0.05
MOVE_TIMEOUT_S: Final = 60.0
"""A wheel homes for some 16 s after power-on and then moves; a minute is more than any needs."""


class Wheel:
    """Slots with filters, one of them in the light path.

    Parameters
    ----------
    names : tuple of str
        One per slot, slot 0 first.
    read : callable
        Gives the slot in the light path, negative while the wheel moves.
    order : callable
        Tells the wheel to which slot to move and returns at once.
    clock : Clock
        The time in which the camera lives.
    """

    def __init__(
        self, names: tuple[str, ...], read: Callable[[], float], order: Callable[[float], None], clock: Clock
    ) -> None:
        self.names = names
        self._read, self._order, self._clock = read, order, clock

    @property
    def position(self) -> int:
        """Slot in the light path, from 0; -1 while the wheel moves."""
        return int(self._read())

    def move(self, slot: int | str, *, wait: bool = False) -> None:
        """Bring a filter into the light path.

        Parameters
        ----------
        slot : int or str
            Number from 0, or name of the filter.
        wait : bool
            Return only when it is there; otherwise at once.

        Raises
        ------
        OutOfRange, UnknownName
            If there is no such slot.
        NotConnected
            If the camera is not open.
        DeviceFault
            If `wait` is set and the wheel does not arrive within a minute.
        """
        target = self._slot(slot)
        self._order(target)
        if wait:
            self._wait_for(target)

    def _slot(self, slot: int | str) -> int:
        if isinstance(slot, str):
            folded = [name.casefold() for name in self.names]
            if slot.strip().casefold() not in folded:
                raise UnknownName("filter", slot, self.names)
            return folded.index(slot.strip().casefold())
        number = whole("slot", slot)
        if not 0 <= number < len(self.names):
            raise OutOfRange("slot", number, 0, len(self.names) - 1)
        return number

    def _wait_for(self, target: int) -> None:
        deadline_ns = self._clock.now_ns() + round(MOVE_TIMEOUT_S * 1e9)
        while self.position != target:
            now_ns = self._clock.now_ns()
            if now_ns > deadline_ns:
                raise DeviceFault(
                    f"the filter wheel did not reach slot {target} within {MOVE_TIMEOUT_S:g} s.",
                    "Check its cable and power.",
                )
            self._clock.sleep_until(now_ns + round(POLL_S * 1e9))
