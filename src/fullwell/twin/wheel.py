"""The filter wheel on the camera port: slots in a circle, homing after power-up, and moves that take time."""

from __future__ import annotations

from collections import deque
from typing import Final

from fullwell.errors import Busy, NotSupported, OutOfRange
from fullwell.models.facts import CameraModel

SLOT_NAMES: Final = ("L", "R", "G", "B", "Ha", "OIII", "SII", "none")
"""What a wheel is loaded with, as far as it has slots."""

MOVING: Final = -1
"""Position while the wheel turns."""

HOME: Final = 0
"""Slot at which the wheel stands after homing."""

_START_NS: Final = 300_000_000
_PER_SLOT_NS: Final = 500_000_000
_HOMING_NS: Final = 16_000_000_000
_REMEMBERED: Final = 32


def slot_names(slots: int, filter_name: str) -> tuple[str, ...]:
    """Names of the slots of a wheel that holds a given filter.

    Parameters
    ----------
    slots : int
        How many; 0 = no wheel.
    filter_name : str
        Takes the last slot if it is none of the usual ones.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> slot_names(7, "V")
    ('L', 'R', 'G', 'B', 'Ha', 'OIII', 'V')
    """
    names = SLOT_NAMES[:slots]
    if not names or filter_name in names:
        return names
    return (*names[:-1], filter_name)


class FilterWheel:
    """A wheel whose position is computed from the time since the last move.

    Parameters
    ----------
    names : tuple of str
        One per slot, at least one.
    position : int
        Slot in the light path at the beginning, from 0. It has homed long ago.

    Attributes
    ----------
    plugged : bool
        Whether its cable is in the camera port. Without, it answers nothing and stays where it is.

    Notes
    -----
    A move takes 0.3 s and 0.5 s for each slot, the short way round (assumed; the vendor prints none). After
    power-up the wheel turns once and stops at slot 0: 16 s, and 0.5 s for each slot that it stood away from
    there. In that time it does not answer.

    References
    ----------
    rockit-astro/camd-qhy: the wheel of a QHY600 homes for some 16 s after power-up and is "not plugged"
    meanwhile; the program asks up to 20 times, once per second.
    """

    def __init__(self, names: tuple[str, ...], position: int) -> None:
        self.names = names
        self.plugged = True
        self._slot = position
        self._arrival_ns = 0
        self._homed_ns = 0
        self._jammed_ns: int | None = None
        self._turns: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)

    @property
    def filter_name(self) -> str:
        """The filter in the light path, or the one that it turns to."""
        return self.names[self._slot]

    @property
    def stuck(self) -> bool:
        """Whether it cannot turn."""
        return self._jammed_ns is not None

    def power_up(self, now_ns: int) -> None:
        """It gets power, and homes."""
        distance = min(self._slot, len(self.names) - self._slot)
        self._slot = HOME
        self._turn(now_ns, _HOMING_NS + distance * _PER_SLOT_NS)
        self._homed_ns = self._arrival_ns

    def answers(self, at_ns: int) -> bool:
        """Whether the camera finds it: not without its cable, and not while it homes."""
        return self.plugged and at_ns >= self._homed_ns and not (self.stuck and self._homing_when_jammed)

    def move(self, slot: float, now_ns: int) -> None:
        """Turn to a slot; a wheel on the way finishes that move first.

        Raises
        ------
        OutOfRange
            If there is no such slot.
        Busy
            If it homes.
        """
        if slot not in range(len(self.names)):
            raise OutOfRange("filter wheel position", slot, 0, len(self.names) - 1)
        if not self.answers(now_ns):
            raise Busy(
                "the filter wheel does not answer: it homes after power-up, or its cable is out.",
                "Wait some 20 s, then look at its cable.",
            )
        distance = abs(int(slot) - self._slot)
        steps = min(distance, len(self.names) - distance)
        self._slot = int(slot)
        if steps:
            self._turn(max(now_ns, self._arrival_ns), _START_NS + steps * _PER_SLOT_NS)

    def position(self, at_ns: int) -> int:
        """Slot in the light path, from 0; -1 while the wheel turns."""
        return MOVING if at_ns < self._arrival_ns or self._hangs else self._slot

    def turned_between(self, begin_ns: int, end_ns: int) -> bool:
        """Whether it was not at rest at some time from `begin_ns` to `end_ns`, UTC."""
        hung = self._hangs and self._jammed_ns is not None and self._jammed_ns < end_ns
        return hung or any(begin_ns < arrival_ns and start_ns < end_ns for start_ns, arrival_ns in self._turns)

    def jam(self, now_ns: int) -> None:
        """Let it stick: what turns stops between two filters, and no move ends until `free`."""
        if self._jammed_ns is None:
            self._jammed_ns = now_ns

    def free(self, now_ns: int) -> None:
        """Let it turn again; what it was doing goes on."""
        if self._jammed_ns is None:
            return
        if self._hangs:
            start_ns, arrival_ns = self._turns.pop()
            lost_ns = now_ns - max(self._jammed_ns, start_ns)
            self._turns.append((start_ns, arrival_ns + lost_ns))
            self._homed_ns += lost_ns * self._homing_when_jammed
            self._arrival_ns += lost_ns
        self._jammed_ns = None

    @property
    def _hangs(self) -> bool:
        """Whether it stuck before the end of a move."""
        return self._jammed_ns is not None and self._jammed_ns < self._arrival_ns

    @property
    def _homing_when_jammed(self) -> bool:
        return self._jammed_ns is not None and self._jammed_ns < self._homed_ns

    def _turn(self, begin_ns: int, duration_ns: int) -> None:
        self._arrival_ns = begin_ns + duration_ns
        self._turns.append((begin_ns, self._arrival_ns))


class WheelPort:
    """The 4-pin port of a camera, with a wheel or without.

    Parameters
    ----------
    model : CameraModel
    filter_name : str
        In the light path at the beginning; without a wheel for ever.

    Attributes
    ----------
    wheel : FilterWheel or None
    """

    def __init__(self, model: CameraModel, filter_name: str) -> None:
        self._model, self._fixed_filter = model, filter_name
        names = slot_names(model.wheel_slots, filter_name)
        self.wheel = FilterWheel(names, names.index(filter_name)) if names else None

    @property
    def slots(self) -> int:
        """How many a wheel on this port has; 0 where there is no port."""
        return self._model.wheel_slots

    @property
    def filter_name(self) -> str:
        """The filter in the light path, or the one that the wheel turns to."""
        return self.wheel.filter_name if self.wheel is not None else self._fixed_filter

    def names(self, at_ns: int) -> tuple[str, ...]:
        """Names of the slots; empty when there is no wheel, or none that answers."""
        return self.wheel.names if self.wheel is not None and self.wheel.answers(at_ns) else ()

    def position(self, at_ns: int) -> int:
        """Slot in the light path, from 0; -1 while the wheel turns or homes.

        Raises
        ------
        NotSupported
            If there is no wheel.
        """
        return self._plugged().position(at_ns)

    def move(self, slot: float, now_ns: int) -> None:
        """Turn to a slot; see `FilterWheel.move`.

        Raises
        ------
        NotSupported
            If there is no wheel.
        """
        self._plugged().move(slot, now_ns)

    def power_up(self, now_ns: int) -> None:
        """The camera gets power, and its wheel with it."""
        if self.wheel is not None:
            self.wheel.power_up(now_ns)

    def _plugged(self) -> FilterWheel:
        if self.wheel is None or not self.wheel.plugged:
            raise NotSupported(f"there is no filter wheel on the {self._model.name}.", "Look at its cable.")
        return self.wheel
