"""Burst mode of the twin: which frames of the free run leave the camera.

The camera counts its frames. With burst mode enabled only frames whose counter lies strictly between start and
end leave it; IDLE stops the counter, and a release lets it run from zero. The vendor's three quirks follow from
the facts of the model (`fullwell.models.facts.Burst`); a model with other facts has other quirks.
"""

from __future__ import annotations

from collections.abc import Callable

from fullwell.errors import InvalidValue, NotSupported
from fullwell.models.facts import Burst

NOTHING = range(0)
"""Numbers of no frame."""


class BurstMode:
    """The burst calls of the vendor's library, and what has been set by them.

    Parameters
    ----------
    facts : Burst
    link : str
        Name of the cable.
    exposure_s : callable
        Gives the exposure in force, s.
    act : callable
        Called after each change with True if the counter starts again from zero now, else False; raises where
        burst mode is impossible at the moment.

    Examples
    --------
    >>> quirky = Burst(("fibre",), None, True, False, False)
    >>> mode = BurstMode(quirky, "fibre", exposure_s=lambda: 0.1, act=lambda from_zero: None)
    >>> mode.set_range(1, 6)
    >>> mode.set_patch_number(32001)
    >>> mode.enable(True)
    >>> mode.idle()
    >>> mode.release()
    >>> list(mode.output())
    [3, 4, 5]
    >>> mode.idle()
    >>> mode.release()
    >>> list(mode.output())
    [2, 3, 4, 5]
    """

    def __init__(
        self, facts: Burst, link: str, exposure_s: Callable[[], float], act: Callable[[bool], None]
    ) -> None:
        self._facts, self._link = facts, link
        self._exposure_s, self._act = exposure_s, act
        self.connect()

    def connect(self) -> None:
        """Forget everything: the camera has just been connected."""
        self._enabled = self._idle = False
        self._start = self._end = self._patch_number = self._releases = 0

    def enable(self, on: bool) -> None:
        """Enter burst mode: output stops. Or leave it: live mode goes on."""
        self._idle = on and (self._idle or not self._facts.sends_unasked)
        self._enabled = on
        self._act(False)

    def set_range(self, start: int, end: int) -> None:
        """Choose the frames that leave: those strictly between `start` and `end`.

        Raises
        ------
        InvalidValue
            If they are negative or in the wrong order.
        """
        if not 0 <= start <= end:
            raise InvalidValue(
                f"a burst from {start} to {end} is none.",
                "Give two frame numbers, 0 or more, in ascending order.",
            )
        self._start, self._end = start, end
        self._act(False)

    def set_patch_number(self, number: int) -> None:
        """Choose the padding that flushes the last frame out of the camera; 0 = none."""
        if number < 0:
            raise InvalidValue(f"a patch number of {number} is none.", "Give 0 or more.")
        self._patch_number = number

    def idle(self) -> None:
        """Stop the frame counter: nothing leaves until the release."""
        self._idle = True
        self._act(False)

    def release(self) -> None:
        """Let the counter run from zero: a new burst."""
        self._idle = False
        self._releases += self._enabled
        self._act(True)

    def reset_counter(self) -> None:
        """Set the frame counter to zero while live.

        Raises
        ------
        NotSupported
            If this camera cannot.
        """
        if not self._facts.resets_counter:
            raise NotSupported("this camera cannot reset its frame counter.", "Each burst starts it from zero.")
        self._act(True)

    def output(self) -> range | None:
        """Counters of the frames that leave the camera; None = all of them."""
        if not self._enabled:
            return None
        if self._idle:
            return NOTHING
        late = self._facts.late_from_exposure_s
        shift = int(late is not None and self._exposure_s() >= late)
        lost = int(self._releases == 1 and self._link in self._facts.first_lost_links)
        stuck = int(self._patch_number == 0)
        return range(self._start + 1 + shift + lost, self._end + shift - stuck)


def shifted(numbers: range | None, by: int) -> range | None:
    """Numbers of frames as counted from another one, none below 0; None stays None.

    Examples
    --------
    >>> shifted(range(2, 6), 10), shifted(range(2, 6), -4)
    (range(12, 16), range(0, 2))
    """
    return None if numbers is None else range(max(0, numbers.start + by), max(0, numbers.stop + by))
