"""Whether a twin runs: power, and the boot that follows it.

Each loss of power ends what ran: whoever opened the camera before has lost it, and must open it again.
"""

from __future__ import annotations

from fullwell.errors import DeviceLost

__all__ = ["Lifeline"]


class Lifeline:
    """Power of one camera, which is up and running at the beginning.

    Parameters
    ----------
    boot_s : float
        From power to the first answer, s.

    Attributes
    ----------
    losses, boots : int
        How often power has failed so far, and how often it has come back.

    Examples
    --------
    >>> line = Lifeline(boot_s=5.0)
    >>> line.lose_power()
    >>> line.regain_power(1_000_000_000)
    >>> line.answers(5_999_999_999), line.answers(6_000_000_000), line.losses
    (False, True, 1)
    """

    def __init__(self, boot_s: float) -> None:
        self._boot_ns = round(boot_s * 1e9)
        self._powered = True
        self._power_ns = 0
        self.losses = self.boots = 0

    @property
    def powered(self) -> bool:
        """Whether the camera has enough power."""
        return self._powered

    @property
    def power_ns(self) -> int:
        """UTC at which it got power last; 0 while it has had it from the beginning."""
        return self._power_ns

    def lose_power(self) -> None:
        """The 12 V are gone, or too low to run with. Harmless without power."""
        if self._powered:
            self._powered = False
            self.losses += 1

    def regain_power(self, now_ns: int) -> None:
        """The 12 V are back: the camera boots. Harmless with power."""
        if not self._powered:
            self._powered, self._power_ns = True, now_ns
            self.boots += 1

    def answers(self, at_ns: int) -> bool:
        """Whether the camera can be opened."""
        return self._powered and (not self.boots or at_ns >= self._power_ns + self._boot_ns)

    def require(self, at_ns: int) -> None:
        """See that the camera can be opened.

        Raises
        ------
        DeviceLost
            If it does not answer, with the reason.
        """
        if not self._powered:
            raise DeviceLost("the camera is gone: it has no power.", "Check its supply.")
        if not self.answers(at_ns):
            left_s = (self._power_ns + self._boot_ns - at_ns) * 1e-9
            raise DeviceLost(f"the camera boots: {left_s:.1f} s are left.", "Wait, then open it again.")
