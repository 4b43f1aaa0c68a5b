"""Whether a twin answers at all: power, boot, and the plug of its data cable.

Each interruption ends what ran: whoever opened the camera before it has lost it, and must open it again.
"""

from __future__ import annotations

from fullwell.errors import DeviceLost

__all__ = ["Lifeline"]


class Lifeline:
    """Power and plug of one camera, which is up and running at the beginning.

    Parameters
    ----------
    boot_s : float
        From power to the first answer, s.

    Attributes
    ----------
    interruptions : int
        How often power or plug have failed so far.

    Examples
    --------
    >>> line = Lifeline(boot_s=5.0)
    >>> line.lose_power()
    >>> line.regain_power(1_000_000_000)
    >>> line.answers(5_999_999_999), line.answers(6_000_000_000), line.interruptions
    (False, True, 1)
    """

    def __init__(self, boot_s: float) -> None:
        self._boot_ns = round(boot_s * 1e9)
        self._plugged = True
        self._powered = True
        self._up_ns: int | None = None
        self.interruptions = 0

    @property
    def powered(self) -> bool:
        """Whether the camera has power."""
        return self._powered

    @property
    def plugged(self) -> bool:
        """Whether its data cable is in."""
        return self._plugged

    def lose_power(self) -> None:
        """The 12 V are gone, or too low to run with. Harmless without power."""
        if self._powered:
            self._powered = False
            self.interruptions += 1

    def regain_power(self, now_ns: int) -> None:
        """The 12 V are back: the camera boots. Harmless with power."""
        if not self._powered:
            self._powered = True
            self._up_ns = now_ns + self._boot_ns

    def unplug(self) -> None:
        """The data cable is out. Harmless without."""
        if self._plugged:
            self._plugged = False
            self.interruptions += 1

    def plug_in(self) -> None:
        """The data cable is in again."""
        self._plugged = True

    def answers(self, at_ns: int) -> bool:
        """Whether the camera can be opened."""
        return self._powered and self._plugged and (self._up_ns is None or at_ns >= self._up_ns)

    def require(self, at_ns: int) -> None:
        """See that the camera can be opened.

        Raises
        ------
        DeviceLost
            If it does not answer, with the reason.
        """
        if not self._plugged:
            raise DeviceLost("the camera does not answer: its data cable is out.", "Plug it in.")
        if not self._powered:
            raise DeviceLost("the camera does not answer: it has no power.", "Switch its 12 V on.")
        if self._up_ns is not None and at_ns < self._up_ns:
            left_s = (self._up_ns - at_ns) * 1e-9
            raise DeviceLost(f"the camera boots: {left_s:.1f} s are left.", "Wait, then open it again.")
