"""The light of one source over time, and its exact mean over any exposure.

A curve is a chain of straight lines between nodes; a jump is two nodes at the same time. Its integral is then a
chain of parabolas, so the mean over an exposure has no error beyond that of the nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

SHORTEST_S = 1e-12
"""Nodes that are nearer to each other make a jump."""


@dataclass(frozen=True, eq=False)
class LightCurve:
    """Relative light over time.

    Parameters
    ----------
    epoch_ns : int
        UTC ns; nodes are counted from here.
    time_s : ndarray of float64
        Nodes, ascending; neighbours at the same time make a jump.
    light : ndarray of float64
        Light at the nodes, 1 = undisturbed. Before the first and after the last node it stays as it is there.

    Examples
    --------
    >>> half = LightCurve(0, np.array([1.0, 1.0]), np.array([1.0, 0.5]))
    >>> half.mean(np.array([0]), np.array([4_000_000_000]))
    array([0.625])
    """

    epoch_ns: int
    time_s: Points
    light: Points
    _integral: Points = field(init=False, repr=False)

    def __post_init__(self) -> None:
        steps = np.diff(self.time_s) * (self.light[1:] + self.light[:-1]) / 2
        object.__setattr__(self, "_integral", np.concatenate([[0.0], np.cumsum(steps)]))

    def mean(self, start_ns: NDArray[np.int64], stop_ns: NDArray[np.int64]) -> Points:
        """Mean light over exposures; over one of no length, the light at that instant."""
        return self.mean_from(self._seconds(start_ns), self._seconds(stop_ns))

    def mean_from(self, start_s: Points, stop_s: Points) -> Points:
        """The same, exposures counted in seconds from the epoch."""
        length_s = stop_s - start_s
        collected = self._collected(stop_s) - self._collected(start_s)
        node, after_s, slope = self._segment(start_s)
        instant = self.light[node] + slope * after_s
        return np.where(length_s > 0, collected / np.where(length_s > 0, length_s, 1.0), instant)

    def at(self, instant_ns: NDArray[np.int64]) -> Points:
        """Light at instants."""
        node, after_s, slope = self._segment(self._seconds(instant_ns))
        return np.asarray(self.light[node] + slope * after_s)

    def _seconds(self, instant_ns: NDArray[np.int64]) -> Points:
        # The difference first: an epoch in float seconds would be too coarse.
        return np.asarray((np.asarray(instant_ns, np.int64) - self.epoch_ns) * 1e-9)

    def _segment(self, time_s: Points) -> tuple[NDArray[np.intp], Points, Points]:
        """Node before each time, time since, and slope there (none before the first and after the last)."""
        last = len(self.time_s) - 1
        before = np.searchsorted(self.time_s, time_s, side="right") - 1
        node = np.clip(before, 0, last)
        nearer = np.minimum(node + 1, last)
        length_s = self.time_s[nearer] - self.time_s[node]
        sloping = (before >= 0) & (length_s > SHORTEST_S)
        slope = np.where(sloping, self.light[nearer] - self.light[node], 0.0) / np.where(sloping, length_s, 1.0)
        return node, time_s - self.time_s[node], slope

    def _collected(self, time_s: Points) -> Points:
        node, after_s, slope = self._segment(time_s)
        return np.asarray(self._integral[node] + self.light[node] * after_s + slope * after_s**2 / 2)
