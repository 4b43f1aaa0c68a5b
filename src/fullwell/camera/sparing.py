"""Warnings that may come with every frame: each is told, but not more than one a second as a warning."""

from __future__ import annotations

import logging
from typing import Final

from fullwell.camera.clock import Clock

PAUSE_NS: Final = 1_000_000_000


class SparingLog:
    """Tells the first warning at once and the others as information; a second later the next one says how many.

    Parameters
    ----------
    log : logging.Logger
    clock : Clock

    Examples
    --------
    >>> from fullwell.camera.clock import SteppedClock
    >>> clock = SteppedClock(0)
    >>> sparing = SparingLog(logging.getLogger("example"), clock)
    >>> for seconds in (0.0, 0.2, 0.2, 1.0):
    ...     clock.step(seconds)
    ...     print(sparing.warn("a frame was lost"))
    a frame was lost
    None
    None
    a frame was lost (and 2 more such lines before, as information)
    """

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._quiet_until_ns = 0
        self._withheld = 0

    def warn(self, message: str) -> str | None:
        """Tell something; returns what was told as a warning."""
        now_ns = self._clock.now_ns()
        if now_ns < self._quiet_until_ns:
            self._withheld += 1
            self._log.info("%s", message)
            return None
        if self._withheld:
            message += f" (and {self._withheld} more such lines before, as information)"
        self._quiet_until_ns, self._withheld = now_ns + PAUSE_NS, 0
        self._log.warning("%s", message)
        return message
