"""What became of every frame: the ledger of a live run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fullwell.errors import InvalidOperation


class Fate(StrEnum):
    """How a hardware frame number can end, or stand for the moment."""

    DELIVERED = "delivered"
    """Handed to the client, who has not said more. Final for clients who do not record."""
    RECORDED = "recorded"
    """Safe in a file."""
    SKIPPED = "skipped"
    """Not wanted: left out on purpose."""
    LOST_IN_MEMORY = "lost in memory"
    """Overwritten in the camera's frame memory because the computer read too slowly."""
    LOST_ON_LINK = "lost on link"
    """Left the camera, never arrived whole."""
    DROPPED_IN_QUEUE = "dropped in queue"
    """Arrived, but the program had no room for it."""
    FAILED_ON_DISK = "failed on disk"
    """Arrived, but could not be written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A run of consecutive hardware frame numbers of one fate.

    Attributes
    ----------
    first, last : int
        Hardware frame numbers, inclusive.
    fate : Fate
    """

    first: int
    last: int
    fate: Fate


class Ledger:
    """Every hardware frame number of a run, each with exactly one fate. Thread-safe.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.enter(0, Fate.DELIVERED)
    >>> ledger.enter(1, Fate.LOST_IN_MEMORY, frames=2)
    >>> ledger.enter(3, Fate.DELIVERED)
    >>> ledger.settle(0, Fate.RECORDED)
    >>> [(entry.first, entry.last, str(entry.fate)) for entry in ledger]
    [(0, 0, 'recorded'), (1, 2, 'lost in memory'), (3, 3, 'delivered')]
    >>> ledger.count(Fate.LOST_IN_MEMORY), ledger.frames
    (2, 4)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fates: dict[int, Fate] = {}

    def enter(self, sequence: int, fate: Fate, frames: int = 1) -> None:
        """Write down frames that have not been heard of before.

        Parameters
        ----------
        sequence : int
            Hardware frame number of the first.
        fate : Fate
        frames : int
            How many consecutive ones.

        Raises
        ------
        InvalidOperation
            If one of them is in the ledger already.
        """
        with self._lock:
            for number in range(sequence, sequence + frames):
                if number in self._fates:
                    raise InvalidOperation(f"frame {number} is in the ledger already, as {self._fates[number]}.")
                self._fates[number] = fate

    def settle(self, sequence: int, fate: Fate) -> None:
        """Say what became of a delivered frame in the end.

        Raises
        ------
        InvalidOperation
            If it was never delivered, or is settled already.
        """
        with self._lock:
            present = self._fates.get(sequence)
            if present is not Fate.DELIVERED:
                state = "not in the ledger" if present is None else f"settled as {present}"
                raise InvalidOperation(f"frame {sequence} is {state}.")
            self._fates[sequence] = fate

    def count(self, fate: Fate) -> int:
        """How many frames have this fate now."""
        with self._lock:
            return sum(each is fate for each in self._fates.values())

    @property
    def frames(self) -> int:
        """How many frames are in the ledger."""
        return len(self._fates)

    def __iter__(self) -> Iterator[Entry]:
        """Runs of equal fate, in order of frame number."""
        with self._lock:
            fates = sorted(self._fates.items())
        first = 0
        for i, (number, fate) in enumerate(fates):
            following = fates[i + 1] if i + 1 < len(fates) else None
            if following != (number + 1, fate):
                yield Entry(fates[first][0], number, fate)
                first = i + 1
