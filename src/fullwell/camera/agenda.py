"""What a clock calls again and again: heartbeats, guards, the weather of a scenario."""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
from collections.abc import Callable

from fullwell.errors import InvalidOperation, OutOfRange

log = logging.getLogger(__name__)


class Ticking:
    """Something that is done again and again in a clock's time, until it is stopped.

    Parameters
    ----------
    period_ns : int
        Time from one call to the next, ns, above 0.
    call : callable
        What is done. It must not sleep. If it fails, that is logged, and it is called again next time.
    """

    def __init__(self, period_ns: int, call: Callable[[], None]) -> None:
        if period_ns <= 0:
            raise OutOfRange("period", period_ns, 1, math.inf, "ns")
        self.period_ns = period_ns
        self._call = call
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Do it no more. A call under way in another thread comes to its end. Harmless when stopped."""
        self._stopped.set()

    @property
    def stopped(self) -> threading.Event:
        """Set once it is to be done no more."""
        return self._stopped

    def tick(self) -> None:
        """Do it now, unless it is stopped."""
        if self._stopped.is_set():
            return
        try:
            self._call()
        except Exception:
            log.exception("what is done every %g s has failed", self.period_ns * 1e-9)


class Agenda:
    """The tickings of a clock that jumps, in the order in which they are due."""

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Ticking]] = []
        self._order = itertools.count()
        self._walking = threading.RLock()
        self._inside = False

    def add(self, now_ns: int, ticking: Ticking) -> Ticking:
        """From now on it is due once per period."""
        heapq.heappush(self._due, (now_ns + ticking.period_ns, next(self._order), ticking))
        return ticking

    def walk(self, to_ns: int, move: Callable[[int], None], wake: threading.Event | None = None) -> bool:
        """Move on to an instant, and call at its own instant whatever is due on the way.

        Parameters
        ----------
        to_ns : int
            UTC, ns.
        move : callable
            Sets the clock.
        wake : threading.Event, optional
            If it is set on the way, the clock stops there.

        Returns
        -------
        bool
            False if `wake` stopped it.

        Raises
        ------
        InvalidOperation
            If this is called by something that the clock calls.
        """
        with self._walking:
            if self._inside:
                raise InvalidOperation("what a clock calls must not sleep.", "Return, and be called again.")
            self._inside = True
            try:
                while self._due and self._due[0][0] <= to_ns:
                    due_ns, order, ticking = heapq.heappop(self._due)
                    if ticking.stopped.is_set():
                        continue
                    move(due_ns)
                    ticking.tick()
                    heapq.heappush(self._due, (due_ns + ticking.period_ns, order, ticking))
                    if wake is not None and wake.is_set():
                        return False
                move(to_ns)
            finally:
                self._inside = False
        return True
