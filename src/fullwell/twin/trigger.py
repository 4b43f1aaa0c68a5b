"""Triggers: a line that carries edges to cameras, and what a camera makes of them.

An edge is seen by the camera's logic after the latency of its input; the exposure begins with the next line of
the sensor, which is the jitter: up to one line period. Edges that come while the sensor exposes or reads, and
edges within the filter time after a trigger, start nothing.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Final

from fullwell.models.connector import Connector
from fullwell.scene.limits import require_whole_number
from fullwell.twin.crystal import Crystal
from fullwell.twin.driven import Cue
from fullwell.twin.freerun import Setup

LAST_NS: Final = 2**62 - 1
MOST_EDGES: Final = 10_000_000


class TriggerLine:
    """A wire to the trigger inputs of one or more twins: falling edges at given instants.

    Examples
    --------
    >>> line = TriggerLine()
    >>> line.pulse(2_000)
    >>> line.train(first_ns=1_000, period_ns=5_000, number=3)
    >>> line.edges_ns(0, 10_000)
    (1000, 2000, 6000)
    """

    def __init__(self) -> None:
        self._edges_ns: list[int] = []
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def pulse(self, instant_ns: int) -> None:
        """Let the line fall once.

        Parameters
        ----------
        instant_ns : int
            UTC, now or later; ``camera.clock.now_ns()`` is now. An edge in the past of a camera that waited then
            is taken for one that has come.

        Raises
        ------
        InvalidValue, OutOfRange
            If it is no whole number below 2^62.
        """
        require_whole_number("instant of the edge", instant_ns, 0, LAST_NS)
        with self._lock:
            insort(self._edges_ns, int(instant_ns))
        self._tell()

    def train(self, first_ns: int, period_ns: int, number: int) -> None:
        """Let the line fall again and again.

        Parameters
        ----------
        first_ns : int
            UTC of the first edge.
        period_ns : int
            From edge to edge, 1 or more.
        number : int
            How many edges, at most 10 million.
        """
        require_whole_number("number of edges", number, 1, MOST_EDGES)
        require_whole_number("period of the edges", period_ns, 1, LAST_NS)
        require_whole_number("instant of the first edge", first_ns, 0, LAST_NS - number * period_ns)
        with self._lock:
            self._edges_ns = sorted([*self._edges_ns, *range(first_ns, first_ns + number * period_ns, period_ns)])
        self._tell()

    def edges_ns(self, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        """The edges from `begin_ns` up to, but without, `end_ns`; UTC."""
        with self._lock:
            return tuple(
                self._edges_ns[bisect_left(self._edges_ns, begin_ns) : bisect_left(self._edges_ns, end_ns)]
            )

    def next_ns(self, from_ns: int) -> int | None:
        """The first edge at or after an instant, None if there is none."""
        with self._lock:
            place = bisect_left(self._edges_ns, from_ns)
            return self._edges_ns[place] if place < len(self._edges_ns) else None

    def listen(self, listener: Callable[[], None]) -> None:
        """Have something called whenever edges are added."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


class TriggerGate:
    """The trigger inputs of a camera; a `fullwell.twin.driven.Driver`.

    Parameters
    ----------
    connector : Connector
    line : TriggerLine
        Plugged into the input that is chosen.
    crystal : Crystal
        Of the camera; its lines follow it.

    Attributes
    ----------
    listens_to : str
        "soft", "gpio" or "sma"; a soft trigger works with all of them.
    filter_ns : int
        After a trigger, edges of the line are ignored for so long.
    """

    def __init__(self, connector: Connector, line: TriggerLine, crystal: Crystal) -> None:
        self._connector, self._line, self._crystal = connector, line, crystal
        self._soft = TriggerLine()
        self._last_ns = -LAST_NS
        self.listens_to = "soft"
        self.filter_ns = 0

    def soft(self, now_ns: int) -> None:
        """A trigger by the program."""
        self._soft.pulse(now_ns)

    def cue(self, armed_ns: int, previous_ns: int | None, ready_ns: int, setup: Setup) -> Cue | None:
        """See `fullwell.twin.driven.Driver`."""
        last_ns = self._last_ns if previous_ns is None else previous_ns
        lines = [(self._soft, "soft", 1)]
        if self.listens_to != "soft":
            lines.append((self._line, self.listens_to, max(1, self.filter_ns)))
        seen = []
        for line, name, quiet_ns in lines:
            latency_ns = self._connector.latency_ns(name)
            edge_ns = line.next_ns(max(armed_ns, last_ns + quiet_ns, ready_ns - latency_ns))
            if edge_ns is not None:
                seen.append((edge_ns + latency_ns, edge_ns))
        if not seen:
            return None
        seen_ns, edge_ns = min(seen)
        return Cue(edge_ns, self._crystal.next_tick_ns(seen_ns, setup.timing.line_period_ns), setup)

    def taken(self, cue: Cue) -> None:
        """See `fullwell.twin.driven.Driver`."""
        self._last_ns = cue.edge_ns
