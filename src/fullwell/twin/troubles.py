"""The one board of troubles of a twin: what can befall it, and what does at the moment.

Python, the command line, REST and scenario files are fed from its table (`fullwell.twin.trouble_table`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from fullwell.camera.agenda import Ticking
from fullwell.camera.clock import Clock
from fullwell.camera.troubles import ActiveTrouble, Trouble
from fullwell.errors import InvalidValue, NotSupported, OutOfRange, UnknownName
from fullwell.twin.befalling import Effect
from fullwell.twin.trouble_table import TROUBLES

__all__ = ["TROUBLES", "Board", "told"]

REMEMBERED: Final = 256
"""Of so many troubles that are over the answer keys of frames know."""


class Board:
    """The troubles of one twin (`fullwell.camera.troubles.TroubleBoard`). Thread-safe.

    Parameters
    ----------
    clock : Clock
        In whose time troubles begin and end.
    effects : mapping of str to Effect
        What this twin's parts can suffer, by name of the trouble.

    Examples
    --------
    >>> from fullwell.camera.clock import SteppedClock
    >>> from fullwell.twin.befalling import frame_effects
    >>> from fullwell.twin.faults import FaultPlan
    >>> clock = SteppedClock(0)
    >>> board = Board(clock, frame_effects(FaultPlan()))
    >>> str(board.set("lost-packets", rate=0.1, for_s=60))
    'lost-packets (rate 0.1)'
    >>> clock.step(60)
    >>> board.active
    ()
    """

    def __init__(self, clock: Clock, effects: Mapping[str, Effect]) -> None:
        self._clock, self._effects = clock, effects
        self._known = {each.name: each for each in TROUBLES if each.name in effects}
        self._lock = threading.RLock()
        self._active: dict[str, ActiveTrouble] = {}
        self._ends: dict[str, Ticking] = {}
        self._over: deque[tuple[ActiveTrouble, int]] = deque(maxlen=REMEMBERED)

    @property
    def known(self) -> Mapping[str, Trouble]:
        """What can befall this twin, by name."""
        return self._known

    @property
    def active(self) -> tuple[ActiveTrouble, ...]:
        """What is on, the oldest first."""
        with self._lock:
            return tuple(self._active.values())

    def set(self, name: str, *, for_s: float | None = None, **values: float) -> ActiveTrouble:
        """Let a trouble begin, or change one that is on; see `TroubleBoard.set`."""
        checked = self._find(name).values(values)
        if for_s is not None and not isinstance(for_s, int | float):
            raise InvalidValue(f"for_s must be a number, not {for_s!r}.", "Give seconds.")
        if for_s is not None and not 0.0 < for_s < 1e9:
            raise OutOfRange("for_s", for_s, 0, 1e9, "s")
        with self._lock:
            now_ns = self._clock.now_ns()
            self._forget_end(name)
            trouble = ActiveTrouble(name, checked, now_ns)
            if for_s is not None:
                period_ns = max(1, round(for_s * 1e9))
                trouble = replace(trouble, until_ns=now_ns + period_ns)
                self._ends[name] = self._clock.every(period_ns, lambda: self._over_by_itself(trouble))
            self._close(name, now_ns)
            self._active[name] = trouble
            self._effects[name].begin(**checked)
            return trouble

    def clear(self, name: str | None = None) -> tuple[ActiveTrouble, ...]:
        """End a trouble, or all; see `TroubleBoard.clear`."""
        if name is not None:
            self._find(name)
        with self._lock:
            wanted = [each for each in self._active if name in (None, each)]
            return tuple(self._end(each) for each in wanted)

    def during(self, begin_ns: int, end_ns: int) -> tuple[ActiveTrouble, ...]:
        """What was on at some time between two instants, UTC."""
        with self._lock:
            over = [each for each, until_ns in self._over if each.since_ns <= end_ns and until_ns > begin_ns]
            return (*over, *(each for each in self._active.values() if each.since_ns <= end_ns))

    def _find(self, name: str) -> Trouble:
        others = {each.name: each for each in TROUBLES}
        if name not in self._known and name in others:
            raise NotSupported(f"{name!r} befalls the {others[name].part}, and this camera has none.")
        if name not in self._known:
            raise UnknownName("trouble", name, self._known)
        return self._known[name]

    def _over_by_itself(self, trouble: ActiveTrouble) -> None:
        with self._lock:
            if self._active.get(trouble.name) is trouble:  # it may have been set anew meanwhile
                self._end(trouble.name)

    # Methods below run with the lock held.

    def _end(self, name: str) -> ActiveTrouble:
        trouble = self._active[name]
        self._forget_end(name)
        self._close(name, self._clock.now_ns())
        self._effects[name].end()
        return trouble

    def _close(self, name: str, now_ns: int) -> None:
        """Keep with what is over."""
        before = self._active.pop(name, None)
        if before is not None:
            self._over.append((before, now_ns))

    def _forget_end(self, name: str) -> None:
        ticking = self._ends.pop(name, None)
        if ticking is not None:
            ticking.stop()


def told(troubles: Iterable[ActiveTrouble]) -> str:
    """One line for an answer key."""
    return "; ".join(str(each) for each in troubles)
