"""Burst mode through the vendor's library (`fullwell.camera.device.BurstPort`).

The library hands over frames without their numbers; only text in the picture and the GPS stamp show them. So
frames of a burst are numbered as they arrive, from the first one that the camera is known to send.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from fullwell.errors import DeviceFault, NotSupported
from fullwell.models.facts import Burst

SETTLE_S: Final = 0.02
"""Between IDLE and the release, as in the vendor's manual."""


class QhyccdBurst:
    """The burst calls.

    Parameters
    ----------
    facts : Burst
    link : str
        Name of the cable.
    do : callable
        Has a command carried out in the process of the library.
    exposure_s : callable
        Gives the exposure in force, s.
    next_number : callable
        Gives the hardware number that the next frame would have.
    """

    def __init__(
        self,
        facts: Burst,
        link: str,
        do: Callable[..., object],
        exposure_s: Callable[[], float],
        next_number: Callable[[], int],
    ) -> None:
        self._facts, self._link = facts, link
        self._do, self._exposure_s, self._next_number = do, exposure_s, next_number
        self.connect()

    def connect(self) -> None:
        """Forget everything: the camera has just been connected."""
        self._enabled = False
        self._start = self._releases = self._zero = self._arrived = 0

    def enable(self, on: bool) -> None:
        """Enter burst mode, or leave it: then the frame counter must run again."""
        self._call("EnableQHYCCDBurstMode", on)
        self._enabled = on
        if not on:
            self._call("ReleaseQHYCCDBurstIDLE")

    def set_range(self, start: int, end: int) -> None:
        """Choose the frames that leave: those strictly between `start` and `end`."""
        self._call("SetQHYCCDBurstModeStartEnd", start, end)
        self._start = start

    def set_patch_number(self, number: int) -> None:
        """Choose the padding that flushes the last frame out of the camera; 0 = none."""
        self._call("SetQHYCCDBurstModePatchNumber", number)

    def idle(self) -> None:
        """Stop the frame counter: nothing leaves until the release."""
        self._call("SetQHYCCDBurstIDLE")
        time.sleep(SETTLE_S)

    def release(self) -> None:
        """Let the counter run from zero; frames of the time before are forgotten."""
        self._zero, self._arrived = self._next_number(), 0
        self._releases += self._enabled
        if not self._do("release_burst"):
            raise _refused("ReleaseQHYCCDBurstIDLE")

    def reset_counter(self) -> None:
        """Set the frame counter to zero while live.

        Raises
        ------
        NotSupported
            If this camera cannot.
        """
        if not self._do("call", "ResetQHYCCDFrameCounter"):
            raise NotSupported("this camera cannot reset its frame counter.", "Each burst starts it from zero.")
        self._zero, self._arrived = self._next_number(), 0

    def arrived(self) -> tuple[int, int] | None:
        """A live frame has come: its hardware number and its counter; None outside burst mode."""
        if not self._enabled:
            return None
        late = self._facts.late_from_exposure_s
        shift = int(late is not None and self._exposure_s() >= late)
        lost = int(self._releases == 1 and self._link in self._facts.first_lost_links)
        counter = self._start + 1 + shift + lost + self._arrived
        self._arrived += 1
        return self._zero + counter, counter

    def _call(self, name: str, *arguments: float) -> None:
        if not self._do("call", name, *arguments):
            raise _refused(name)


def _refused(name: str) -> DeviceFault:
    return DeviceFault(f"the vendor's library refused {name}.", "Check the cable, then open() again.")
