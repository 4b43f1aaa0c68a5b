"""Time is passed in: the real clock, a fast one, one that jumps, one that tests step. Nobody else calls ``time``.

Instants are integer UTC nanoseconds since 1970 (a float of epoch seconds steps by 238 ns).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from fullwell.camera.agenda import Agenda, Ticking
from fullwell.errors import InvalidValue


class Clock(Protocol):
    """What the camera and the twin know of time."""

    def now_ns(self) -> int:
        """UTC, ns. Never runs backwards."""
        ...

    def sleep_until(self, instant_ns: int, wake: threading.Event | None = None) -> bool:
        """Wait for an instant.

        Parameters
        ----------
        instant_ns : int
            UTC, ns; in the past = return at once.
        wake : threading.Event, optional
            Setting it ends the wait early.

        Returns
        -------
        bool
            True when the instant was reached, False when `wake` ended the wait.
        """
        ...

    def every(self, period_ns: int, call: Callable[[], None]) -> Ticking:
        """Call something once per period, the first time one period from now.

        Clocks that run call it in a thread of its own; where a call takes longer than a period, instants are
        left out. Clocks that jump call it in the thread that moves them, at the very instants, none left out:
        while it runs, `now_ns` is its instant.

        Parameters
        ----------
        period_ns : int
            ns, above 0.
        call : callable
            Must not sleep.

        Returns
        -------
        Ticking
            To be stopped by the caller.

        Raises
        ------
        OutOfRange
            If the period is not above 0.
        """
        ...


def _tick_in_thread(clock: Clock, ticking: Ticking) -> Ticking:
    """Call it from a thread, for clocks that run."""

    def run() -> None:
        due_ns = clock.now_ns() + ticking.period_ns
        while clock.sleep_until(due_ns, ticking.stopped):
            ticking.tick()
            due_ns += max(1, (clock.now_ns() - due_ns) // ticking.period_ns + 1) * ticking.period_ns

    threading.Thread(target=run, name="fullwell-ticking", daemon=True).start()
    return ticking


class RealClock:
    """The computer's clock: UTC at the start, then the monotonic clock, so a clock step cannot tear a run."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """UTC, ns."""
        return time.monotonic_ns() + self._offset_ns

    def sleep_until(self, instant_ns: int, wake: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`."""
        waiter = wake if wake is not None else threading.Event()
        while (left_ns := instant_ns - self.now_ns()) > 0:
            if waiter.wait(left_ns * 1e-9):
                return False
        return True

    def every(self, period_ns: int, call: Callable[[], None]) -> Ticking:
        """See `Clock.every`."""
        return _tick_in_thread(self, Ticking(period_ns, call))


class FastClock:
    """A clock that starts at the present and runs faster than life: a night in an hour.

    Parameters
    ----------
    speed : float
        Seconds of the clock per second of life, above 0; below 1 it is slow motion.

    Raises
    ------
    InvalidValue
        If `speed` is not a positive number.

    Examples
    --------
    >>> clock = FastClock(speed=1000)
    >>> begin_ns = clock.now_ns()
    >>> clock.sleep_until(begin_ns + 10_000_000_000)
    True
    """

    def __init__(self, speed: float) -> None:
        if not (math.isfinite(speed) and speed > 0):
            raise InvalidValue(f"a clock cannot have the speed {speed:g}.", "Give a number above 0, such as 60.")
        self._speed = speed
        self._real = RealClock()
        self._start_ns = self._real.now_ns()

    def now_ns(self) -> int:
        """UTC, ns."""
        return self._start_ns + round((self._real.now_ns() - self._start_ns) * self._speed)

    def sleep_until(self, instant_ns: int, wake: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`."""
        real_ns = self._start_ns + math.ceil((instant_ns - self._start_ns) / self._speed)
        return self._real.sleep_until(real_ns, wake)

    def every(self, period_ns: int, call: Callable[[], None]) -> Ticking:
        """See `Clock.every`."""
        return _tick_in_thread(self, Ticking(period_ns, call))


class InstantClock:
    """Simulated time that jumps: a sleep takes no time and moves the clock to its end.

    Parameters
    ----------
    start_ns : int, optional
        UTC, ns; default is the present.
    """

    def __init__(self, start_ns: int | None = None) -> None:
        self._now_ns = time.time_ns() if start_ns is None else start_ns
        self._lock = threading.Lock()
        self._agenda = Agenda()

    def now_ns(self) -> int:
        """UTC, ns."""
        return self._now_ns

    def sleep_until(self, instant_ns: int, wake: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`."""
        if wake is not None and wake.is_set():
            return False
        return self._agenda.walk(instant_ns, self._move, wake)

    def every(self, period_ns: int, call: Callable[[], None]) -> Ticking:
        """See `Clock.every`."""
        return self._agenda.add(self._now_ns, Ticking(period_ns, call))

    def _move(self, to_ns: int) -> None:
        with self._lock:
            self._now_ns = max(self._now_ns, to_ns)


class SteppedClock:
    """Simulated time that stands until `step` moves it; sleepers in other threads wait for that.

    Parameters
    ----------
    start_ns : int
        UTC, ns.
    """

    def __init__(self, start_ns: int) -> None:
        self._now_ns = start_ns
        self._moved = threading.Condition()
        self._agenda = Agenda()

    def now_ns(self) -> int:
        """UTC, ns."""
        return self._now_ns

    def step(self, seconds: float) -> None:
        """Move time on by `seconds` (at least 0) and wake whoever waits."""
        self._agenda.walk(self._now_ns + round(seconds * 1e9), self._move)

    def every(self, period_ns: int, call: Callable[[], None]) -> Ticking:
        """See `Clock.every`."""
        return self._agenda.add(self._now_ns, Ticking(period_ns, call))

    def _move(self, to_ns: int) -> None:
        with self._moved:
            self._now_ns = max(self._now_ns, to_ns)
            self._moved.notify_all()

    def sleep_until(self, instant_ns: int, wake: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`. `wake` is looked at every 10 ms of real time."""
        with self._moved:
            while self._now_ns < instant_ns:
                if wake is not None and wake.is_set():
                    return False
                self._moved.wait(0.01)
        return True
