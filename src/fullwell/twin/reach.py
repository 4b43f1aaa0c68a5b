"""Whether calls of the computer reach the camera: the plug of the data cable, and a camera that does not answer.

What the vendor's library remembers it goes on telling after the cable was pulled: settings read fine, readings of
sensors do not. So does the twin. A camera that is cut off lives on: it cools, and it finishes its exposure.

Limits: a call that does not reach the camera fails at once; the vendor's library blocks for its time-out first.

References
----------
EastEriq/LAST_QHYccd, notes on unplugging: no call tells whether an opened camera is still there, parameters read
fine with the cable pulled. rockit-astro/camd-qhy: a lost camera is recognised by readings of 4294967295.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fullwell.camera.clock import Clock
from fullwell.camera.controls import CONTROLS, Control
from fullwell.errors import DeviceLost
from fullwell.twin.body.power import PowerSide
from fullwell.twin.driven import NEVER_NS

REMEMBERED: Final = frozenset(
    control
    for control, facts in CONTROLS.items()
    if facts.writable and control not in (Control.WHEEL_POSITION, Control.COOLER_POWER_PERCENT)
)
"""Controls that the computer's side remembers: they read fine while the camera is gone."""

LOOK_NS: Final = 1_000_000_000
"""How often whoever waits for a silent camera looks whether it answers."""


class Reach:
    """The way of calls from computer to camera.

    Parameters
    ----------
    clock : Clock
    power : PowerSide
        Whether the camera runs.
    changed : callable
        Called after each change, so that whoever waits looks again.
    """

    def __init__(self, clock: Clock, power: PowerSide, changed: Callable[[], None]) -> None:
        self._clock, self._power, self._changed = clock, power, changed
        self._plugged = True
        self._silent_until_ns = 0
        self._cuts = 0
        self._opened_at_cut = 0

    def unplug(self) -> None:
        """The data cable comes out. What the computer had opened is gone for it."""
        self._plugged = False
        self.cut()

    def plug(self) -> None:
        """The cable is in again; the camera has to be opened again."""
        self._plugged = True
        self._changed()

    def fall_silent(self, until_ns: int | None) -> None:
        """The camera does not answer until an instant (UTC); None = until `answer`."""
        self._silent_until_ns = NEVER_NS if until_ns is None else until_ns
        self._changed()

    def answer(self) -> None:
        """It answers again."""
        self._silent_until_ns = 0
        self._changed()

    def cut(self) -> None:
        """The connection that was open has ended, whatever its two ends think."""
        self._cuts += 1
        self._changed()

    def begin(self) -> None:
        """The computer opens the camera.

        Raises
        ------
        DeviceLost
            If it does not answer.
        """
        self._require_answer()
        self._opened_at_cut = self._cuts

    def look_ns(self, instant_ns: int) -> int:
        """When to look whether something has arrived that is due at an instant, UTC: a silent camera is late."""
        now_ns = self._clock.now_ns()
        late = instant_ns <= now_ns < self._silent_until_ns
        return min(self._silent_until_ns, now_ns + LOOK_NS) if late else instant_ns

    @property
    def silent(self) -> bool:
        """Whether the camera does not answer."""
        return self._clock.now_ns() < self._silent_until_ns

    @property
    def connected(self) -> bool:
        """Whether what the computer has opened is still there, silent or not."""
        return self._plugged and self._power.runs and self._cuts == self._opened_at_cut

    def require(self) -> None:
        """Raise `DeviceLost` unless a call would be answered now."""
        self._require_answer()
        self.require_connection()

    def require_connection(self) -> None:
        """Raise `DeviceLost` if the camera is not there any more; a silent one is."""
        self._require_cable()
        if self._cuts != self._opened_at_cut:
            raise DeviceLost("the connection to the camera was cut meanwhile.", "Open it again.")

    def _require_cable(self) -> None:
        if not self._plugged:
            raise DeviceLost("the camera is gone: its data cable is out.", "Plug it in.")
        self._power.require()

    def _require_answer(self) -> None:
        self._require_cable()
        if self.silent:
            raise DeviceLost("the camera does not answer.", "Wait, or switch it off and on.")
