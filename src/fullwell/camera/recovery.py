"""A camera that was lost is opened again, without being asked; in the camera's own time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from fullwell.camera.agenda import Ticking
from fullwell.camera.clock import Clock
from fullwell.errors import FullwellError

log = logging.getLogger(__name__)

PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Before each attempt, in the camera's time; the last one is repeated."""


class Recovery:
    """Tries to open a camera again until it is open, or nobody wants it any more.

    Parameters
    ----------
    clock : Clock
        The time in which the camera lives.
    reopen : callable
        Opens the camera and restores what it was told; raises `DeviceFault` if that fails. False = it cannot be
        tried now, because a thread has not come out of the device yet.
    is_wanted : callable
        Whether the camera is still in the state ERROR: nobody has closed it or opened it meanwhile.
    back : callable
        Called when the camera is back, with the time that it took, ns, and the number of attempts.

    Attributes
    ----------
    recoveries : int
        How often a camera has come back.
    """

    def __init__(
        self,
        clock: Clock,
        reopen: Callable[[], bool],
        is_wanted: Callable[[], bool],
        back: Callable[[int, int], None],
    ) -> None:
        self._clock, self._reopen, self._is_wanted, self._back = clock, reopen, is_wanted, back
        self._lock = threading.Lock()
        self._next: Ticking | None = None
        self._since_ns = 0
        self._attempts = 0
        self.recoveries = 0

    @property
    def under_way(self) -> bool:
        """Whether it is being tried."""
        return self._next is not None

    def begin(self) -> None:
        """The camera is lost: start to try, unless that goes on already. Returns at once."""
        with self._lock:
            if self._next is not None:
                return
            self._since_ns, self._attempts = self._clock.now_ns(), 0
            self._plan()

    def _plan(self) -> None:
        """Try once more after a pause. With the lock held."""
        pause_s = PAUSES_S[min(self._attempts, len(PAUSES_S) - 1)]
        self._next = self._clock.every(round(pause_s * 1e9), self._attempt)

    def _attempt(self) -> None:
        with self._lock:
            if self._next is None:
                return
            self._next.stop()
            if not self._is_wanted():
                self._next = None
                return
        opened = self._try()
        with self._lock:
            since_ns, attempts = self._since_ns, self._attempts
            if not self._is_wanted():
                self._next = None
            else:
                if opened:  # and lost again before this thread came here
                    self._since_ns, self._attempts = self._clock.now_ns(), 0
                self._plan()
        if opened:
            self.recoveries += 1
            self._back(self._clock.now_ns() - since_ns, attempts)

    def _try(self) -> bool:
        self._attempts += 1
        try:
            return self._reopen()
        except FullwellError as fault:
            log.info("attempt %d to open the camera again failed: %s", self._attempts, fault)
            return False
