"""Digital waveforms as lists of edges in integer nanoseconds: what an oscilloscope on the pins would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue, UnknownName
from fullwell.models.connector import Signal

__all__ = ["Trace", "Waveform", "pulses"]


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """The level of one pin over time.

    Attributes
    ----------
    pin : str
        "GPIO1", "SMA out".
    signal : Signal
        What the pin carries.
    starts_high : bool
        Level before the first edge.
    edges_ns : ndarray of int64, shape (n,)
        UTC instants at which the level changes, ascending. Two edges at one instant are a pulse too short for
        the time scale: exposures that follow one another without a gap.
    """

    pin: str
    signal: Signal
    starts_high: bool
    edges_ns: NDArray[np.int64]

    @property
    def rising_ns(self) -> NDArray[np.int64]:
        """Instants of the rising edges."""
        return self.edges_ns[1 if self.starts_high else 0 :: 2]

    @property
    def falling_ns(self) -> NDArray[np.int64]:
        """Instants of the falling edges."""
        return self.edges_ns[0 if self.starts_high else 1 :: 2]

    @property
    def period_ns(self) -> int | None:
        """Median time between falling edges, None with fewer than two."""
        apart_ns = np.diff(self.falling_ns)
        return int(np.median(apart_ns)) if len(apart_ns) else None

    def is_high(self, instant_ns: int) -> bool:
        """The level at an instant; at an edge, the level after it."""
        passed = int(np.searchsorted(self.edges_ns, instant_ns, side="right"))
        return self.starts_high ^ bool(passed % 2)

    def inverted(self) -> Waveform:
        """The same with high and low exchanged."""
        return replace(self, starts_high=not self.starts_high)

    def between(self, begin_ns: int, end_ns: int) -> Waveform:
        """The part from `begin_ns` up to, but without, `end_ns`."""
        first, last = np.searchsorted(self.edges_ns, [begin_ns, end_ns], side="left")
        return replace(
            self, starts_high=self.starts_high ^ bool(first % 2), edges_ns=self.edges_ns[first : max(first, last)]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The waveforms of all pins over one stretch of time.

    Attributes
    ----------
    begin_ns, end_ns : int
        UTC; edges lie from `begin_ns` up to, but without, `end_ns`.
    waveforms : tuple of Waveform
        One per pin, in order of the socket.
    """

    begin_ns: int
    end_ns: int
    waveforms: tuple[Waveform, ...]

    def __getitem__(self, name: str) -> Waveform:
        """The waveform of a pin, or of the first pin that carries a signal.

        Raises
        ------
        UnknownName
            If there is none.
        """
        for waveform in self.waveforms:
            if name in (waveform.pin, waveform.signal):
                return waveform
        known = [name for waveform in self.waveforms for name in (waveform.pin, waveform.signal)]
        raise UnknownName("pin or signal", str(name), dict.fromkeys(map(str, known)))

    def between(self, begin_ns: int, end_ns: int) -> Trace:
        """A shorter stretch of the same.

        Raises
        ------
        InvalidValue
            If it does not lie inside.
        """
        if not self.begin_ns <= begin_ns < end_ns <= self.end_ns:
            raise InvalidValue(
                f"{begin_ns} to {end_ns} ns is no part of {self.begin_ns} to {self.end_ns} ns.",
                "Give two instants inside, the earlier one first.",
            )
        return Trace(begin_ns, end_ns, tuple(one.between(begin_ns, end_ns) for one in self.waveforms))


def pulses(
    pin: str,
    signal: Signal,
    starts_ns: Sequence[int] | NDArray[np.int64],
    ends_ns: Sequence[int] | NDArray[np.int64],
    *,
    low: bool = False,
) -> Waveform:
    """A waveform of pulses.

    Parameters
    ----------
    pin, signal
        See `Waveform`.
    starts_ns, ends_ns : sequence of int
        Of each pulse, UTC, ascending.
    low : bool
        Whether the level between the pulses is high.

    Raises
    ------
    InvalidValue
        If pulses overlap, or end before they start.

    Examples
    --------
    >>> wave = pulses("GPIO4", Signal.TRIG_OUT, [1000, 5000], [1400, 5400], low=True)
    >>> wave.falling_ns.tolist(), wave.rising_ns.tolist(), wave.period_ns, wave.is_high(1200)
    ([1000, 5000], [1400, 5400], 4000, False)
    """
    edges_ns = np.stack(
        [np.asarray(starts_ns, dtype=np.int64), np.asarray(ends_ns, dtype=np.int64)], axis=1
    ).ravel()
    if np.any(np.diff(edges_ns) < 0):
        raise InvalidValue(
            f"the pulses of {signal} on {pin} overlap, or end before they start.",
            "Make them shorter, or the time between frames longer.",
        )
    return Waveform(pin, signal, low, edges_ns)
