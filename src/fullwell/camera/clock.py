"""Time is passed in: the real clock, a fast one, one that jumps, one that tests step. Nobody else calls ``time``.

Instants are integer UTC nanoseconds since 1970 (a float of epoch seconds steps by 238 ns).
"""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

from fullwell.errors import OutOfRange


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


class FastClock:
    """A clock that starts at the present and runs faster than life: a night in an hour.

    Parameters
    ----------
    speed : float
        Seconds of the clock per second of life, above 0; below 1 it is slow motion.

    Raises
    ------
    OutOfRange
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
            raise OutOfRange("speed of the clock", speed, 0, math.inf)
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

    def now_ns(self) -> int:
        """UTC, ns."""
        return self._now_ns

    def sleep_until(self, instant_ns: int, wake: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`."""
        if wake is not None and wake.is_set():
            return False
        with self._lock:
            self._now_ns = max(self._now_ns, instant_ns)
        return True


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

    def now_ns(self) -> int:
        """UTC, ns."""
        return self._now_ns

    def step(self, seconds: float) -> None:
        """Move time on by `seconds` (at least 0) and wake whoever waits."""
        with self._moved:
            self._now_ns += round(seconds * 1e9)
            self._moved.notify_all()

    def sleep_until(self, instant_ns: int, wake: threading.Event | None = None) -> bool:
        """See `Clock.sleep_until`. `wake` is looked at every 10 ms of real time."""
        with self._moved:
            while self._now_ns < instant_ns:
                if wake is not None and wake.is_set():
                    return False
                self._moved.wait(0.01)
        return True
