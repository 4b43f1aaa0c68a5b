"""A camera that was lost is opened again, without being asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from fullwell.errors import DeviceFault

log = logging.getLogger(__name__)

PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Real time before each attempt; the last one is repeated."""


class Recovery:
    """Tries to open a camera again; its thread lives only as long as that takes.

    Parameters
    ----------
    reopen : callable
        Opens the camera and restores what it was told; raises `DeviceFault` if that fails.
    is_wanted : callable
        Whether the camera is still in the state ERROR: nobody has closed it or opened it meanwhile.

    Attributes
    ----------
    recoveries : int
        How often a camera has come back.
    """

    def __init__(self, reopen: Callable[[], None], is_wanted: Callable[[], bool]) -> None:
        self._reopen, self._is_wanted = reopen, is_wanted
        self._lock = threading.Lock()
        self._runs = False
        self.recoveries = 0

    def begin(self) -> None:
        """The camera is lost: start to try, unless that goes on already. Returns at once."""
        with self._lock:
            if self._runs:
                return
            self._runs = True
        threading.Thread(target=self._try_until_open, name="fullwell-recovery", daemon=True).start()

    def _try_until_open(self) -> None:
        attempt = 0
        while True:
            threading.Event().wait(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
            attempt += 1
            with self._lock:
                if not self._is_wanted():
                    self._runs = False
                    return
            try:
                self._reopen()
            except DeviceFault as fault:
                log.warning("attempt %d to open the camera again failed: %s", attempt, fault)
            else:
                self.recoveries += 1
                log.warning("the camera is back after %d attempts; its settings are restored.", attempt)
