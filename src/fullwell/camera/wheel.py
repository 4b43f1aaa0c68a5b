"""The filter wheel on the camera port."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fullwell.camera.agenda import Ticking
from fullwell.camera.clock import Clock
from fullwell.camera.request import whole
from fullwell.errors import Busy, DeviceFault, FullwellError, OutOfRange, UnknownName

POLL_S: Final = 0.05
MOVE_TIMEOUT_S: Final = 60.0
"""A wheel homes for some 16 s after power-on and then moves; a minute is more than any needs."""

RESTORE_POLL_S: Final = 1.0
"""How often a wheel that homes is asked whether it can be turned back."""


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

    Notes
    -----
    Frames that were exposed while the wheel turned, or before it was seen to have arrived, say so among their
    doubts (`Wheel.doubts`): which light they got cannot be told.
    """

    def __init__(
        self, names: tuple[str, ...], read: Callable[[], float], order: Callable[[float], None], clock: Clock
    ) -> None:
        self.names = names
        self._read, self._order, self._clock = read, order, clock
        self._wanted: int | None = None
        self._turned_ns: int | None = None
        self._arrived_ns: float = 0.0
        self._restoring: Ticking | None = None

    @property
    def position(self) -> int:
        """Slot in the light path, from 0; -1 while the wheel moves, or homes after power-up."""
        position = int(self._read())
        if position == self._wanted and self._turned_ns is not None and math.isinf(self._arrived_ns):
            self._arrived_ns = self._clock.now_ns()
        return position

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
        Busy
            If the wheel homes, as it does for some 20 s after power-up; with `wait` that is waited for.
        DeviceFault
            If `wait` is set and the wheel does not arrive within a minute.
        """
        target = self._slot(slot)
        deadline_ns = self._clock.now_ns() + round(MOVE_TIMEOUT_S * 1e9)
        if wait:
            self._wait_until(lambda: self._accepts(target), f"take the order for slot {target}", deadline_ns)
            self._wait_until(lambda: self.position == target, f"reach slot {target}", deadline_ns)
        else:
            self._turn_to(target)

    def restore(self) -> None:
        """Bring the filter back that was ordered last, as soon as the wheel answers. Returns at once.

        For a camera that has lost its power: its wheel homes, and then stands at its first slot.
        """
        if self._wanted is not None and self._restoring is None:
            self._begin_turn()
            self._restoring = self._clock.every(round(RESTORE_POLL_S * 1e9), self._try_to_restore)

    def doubts(self, begin_ns: int, end_ns: int) -> tuple[str, ...]:
        """What speaks against a frame that was exposed from `begin_ns` to `end_ns`, UTC."""
        if self._turned_ns is None or end_ns <= self._turned_ns:
            return ()
        self.look()
        return () if begin_ns >= self._arrived_ns else ("filter: the wheel was turning",)

    def look(self) -> None:
        """Note it if the wheel has arrived. Asks nothing when it has not been told to turn."""
        if self._turned_ns is not None and math.isinf(self._arrived_ns):
            with suppress(FullwellError):
                _ = self.position

    def _accepts(self, target: int) -> bool:
        try:
            self._turn_to(target)
        except Busy:
            return False
        return True

    def _turn_to(self, target: int) -> None:
        self._order(target)  # if it is refused, an earlier order is still to be restored
        self._give_up_restoring()
        if target != self._wanted:
            self._wanted = target
            self._begin_turn()

    def _begin_turn(self) -> None:
        self._turned_ns, self._arrived_ns = self._clock.now_ns(), math.inf

    def _try_to_restore(self) -> None:
        with suppress(FullwellError):
            if self._wanted is not None and self._read() >= 0:
                self._order(self._wanted)
                self._give_up_restoring()

    def _give_up_restoring(self) -> None:
        restoring, self._restoring = self._restoring, None
        if restoring is not None:
            restoring.stop()

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

    def _wait_until(self, done: Callable[[], bool], aim: str, deadline_ns: int) -> None:
        while not done():
            now_ns = self._clock.now_ns()
            if now_ns > deadline_ns:
                raise DeviceFault(
                    f"the filter wheel did not {aim} within {MOVE_TIMEOUT_S:g} s.", "Check its cable and power."
                )
            self._clock.sleep_until(now_ns + round(POLL_S * 1e9))
