"""What became of every frame: the ledger of a live run."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping
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
    """Found no room in the camera's frame memory because the computer read too slowly."""
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

    @property
    def frames(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


class Ledger:
    """Every hardware frame number of a run, each with exactly one fate. Thread-safe.

    Runs of equal fate are kept, not frames: a night of undisturbed frames is one entry, and writing down or
    settling a frame near the end of the run takes about a microsecond, however long the run.

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
    >>> 2 in ledger, 4 in ledger
    (True, False)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._fates: list[Fate] = []
        self._counts = dict.fromkeys(Fate, 0)
        self._doubts: dict[int, tuple[str, ...]] = {}

    def enter(self, sequence: int, fate: Fate, frames: int = 1) -> None:
        """Write down frames that have not been heard of before.

        Parameters
        ----------
        sequence : int
            Hardware frame number of the first.
        fate : Fate
        frames : int
            How many consecutive ones; with 0 nothing happens.

        Raises
        ------
        InvalidOperation
            If one of them is in the ledger already.
        """
        if frames < 1:
            return
        last = sequence + frames - 1
        with self._lock:
            place = bisect_right(self._firsts, last)
            if place and self._lasts[place - 1] >= sequence:
                number = max(sequence, self._firsts[place - 1])
                raise InvalidOperation(f"frame {number} is in the ledger already, as {self._fates[place - 1]}.")
            self._insert(place, sequence, last, fate)
            self._counts[fate] += frames

    def settle(self, sequence: int, fate: Fate) -> None:
        """Say what became of a delivered frame in the end.

        Raises
        ------
        InvalidOperation
            If it was never delivered, or is settled already.
        """
        with self._lock:
            place = self._find(sequence)
            if place is None or self._fates[place] is not Fate.DELIVERED:
                state = "not in the ledger" if place is None else f"settled as {self._fates[place]}"
                raise InvalidOperation(f"frame {sequence} is {state}.")
            if fate is Fate.DELIVERED:
                return
            first, last = self._firsts.pop(place), self._lasts.pop(place)
            self._fates.pop(place)
            if sequence < last:
                self._insert(place, sequence + 1, last, Fate.DELIVERED)
            if first < sequence:
                self._insert(place, first, sequence - 1, Fate.DELIVERED)
                place += 1
            self._insert(place, sequence, sequence, fate)
            self._counts[Fate.DELIVERED] -= 1
            self._counts[fate] += 1

    def doubt(self, sequence: int, doubts: tuple[str, ...]) -> None:
        """Note what speaks against a frame; with none nothing happens."""
        if doubts:
            with self._lock:
                self._doubts[sequence] = self._doubts.get(sequence, ()) + doubts

    @property
    def doubts(self) -> Mapping[int, tuple[str, ...]]:
        """What speaks against frames, by number; good frames are not in it."""
        with self._lock:
            return dict(self._doubts)

    def fate(self, sequence: int) -> Fate | None:
        """What became of a frame so far; None if it is not in the ledger."""
        with self._lock:
            place = self._find(sequence)
            return None if place is None else self._fates[place]

    def count(self, fate: Fate) -> int:
        """How many frames have this fate now. Needs no lock."""
        return self._counts[fate]

    def counts(self) -> Mapping[Fate, int]:
        """How many frames have each fate now, all of one moment."""
        with self._lock:
            return dict(self._counts)

    @property
    def frames(self) -> int:
        """How many frames are in the ledger."""
        return sum(self.counts().values())

    @property
    def lost(self) -> int:
        """Frames that the camera took and that never arrived."""
        return self._counts[Fate.LOST_IN_MEMORY] + self._counts[Fate.LOST_ON_LINK]

    def __contains__(self, sequence: int) -> bool:
        return self.fate(sequence) is not None

    def __iter__(self) -> Iterator[Entry]:
        """Runs of equal fate, in order of frame number."""
        with self._lock:
            entries = list(zip(self._firsts, self._lasts, self._fates, strict=True))
        return (Entry(*entry) for entry in entries)

    # Methods below run with the lock held.

    def _find(self, sequence: int) -> int | None:
        place = bisect_right(self._firsts, sequence) - 1
        return place if place >= 0 and sequence <= self._lasts[place] else None

    def _insert(self, place: int, first: int, last: int, fate: Fate) -> None:
        """Put a run before the run at `place`, joined to its neighbours where they continue it."""
        if place and self._fates[place - 1] is fate and self._lasts[place - 1] == first - 1:
            place -= 1
            self._lasts[place] = last
        else:
            self._firsts.insert(place, first)
            self._lasts.insert(place, last)
            self._fates.insert(place, fate)
        after = place + 1
        if after < len(self._firsts) and self._fates[after] is fate and self._firsts[after] == last + 1:
            self._lasts[place] = self._lasts.pop(after)
            self._firsts.pop(after)
            self._fates.pop(after)
