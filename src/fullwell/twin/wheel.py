"""The filter wheel on the camera port: slots in a circle, and moves that take time."""

from __future__ import annotations

from typing import Final

from fullwell.errors import OutOfRange

SLOT_NAMES: Final = ("L", "R", "G", "B", "Ha", "OIII", "SII", "none")
"""What a wheel is loaded with, as far as it has slots."""

MOVING: Final = -1
"""Position while the wheel turns."""

_START_NS: Final = 300_000_000
_PER_SLOT_NS: Final = 500_000_000


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
        Slot in the light path at the beginning, from 0.

    Notes
    -----
    A move takes 0.3 s and 0.5 s for each slot, the short way round (assumed; the vendor prints none). Homing
    after power-on is left out. A frame sees the slot that the wheel stands at, or turns to, when it starts.
    """

    def __init__(self, names: tuple[str, ...], position: int) -> None:
        self.names = names
        self._slot = position
        self._arrival_ns = 0

    @property
    def filter_name(self) -> str:
        """The filter in the light path, or the one that it turns to."""
        return self.names[self._slot]

    def move(self, slot: float, now_ns: int) -> None:
        """Turn to a slot; a wheel on the way finishes that move first.

        Raises
        ------
        OutOfRange
            If there is no such slot.
        """
        if slot not in range(len(self.names)):
            raise OutOfRange("filter wheel position", slot, 0, len(self.names) - 1)
        distance = abs(int(slot) - self._slot)
        steps = min(distance, len(self.names) - distance)
        if steps:
            begin_ns = max(now_ns, self._arrival_ns)
            self._arrival_ns = begin_ns + _START_NS + steps * _PER_SLOT_NS
        self._slot = int(slot)

    def position(self, at_ns: int) -> int:
        """Slot in the light path, from 0; -1 while the wheel turns."""
        return self._slot if at_ns >= self._arrival_ns else MOVING
