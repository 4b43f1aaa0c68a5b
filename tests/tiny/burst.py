"""Burst mode of the plain device: the bare rule, no quirks."""

from __future__ import annotations

from collections.abc import Callable


class TinyBurst:
    """Frames strictly between start and end leave the camera after each release."""

    def __init__(self, restart: Callable[[], None]) -> None:
        self._restart = restart
        self._enabled = False
        self._idle = False
        self._range = (0, 0)

    @property
    def sent(self) -> range | None:
        """Numbers since the release of the frames that leave; None = all."""
        if not self._enabled:
            return None
        return range(0) if self._idle else range(self._range[0] + 1, self._range[1])

    def enable(self, on: bool) -> None:
        self._enabled = on

    def set_range(self, start: int, end: int) -> None:
        self._range = (start, end)

    def set_patch_number(self, number: int) -> None:
        pass

    def idle(self) -> None:
        self._idle = True

    def release(self) -> None:
        self._idle = False
        self._restart()

    def reset_counter(self) -> None:
        self._restart()
