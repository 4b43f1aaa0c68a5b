"""Several cameras in step: the master's HSYNC and VSYNC travel over a cable and drive the rows of the slaves.

A slave has no clock of its own then: it reads when the master's vsync comes, and its lines are the master's. What
is left is the way through the cable, and up to one tick of the slave's logic, which samples the wires.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from fullwell.errors import Busy, InvalidOperation
from fullwell.readout.rows import RowTiming
from fullwell.scene.limits import require_number
from fullwell.twin.crystal import Crystal
from fullwell.twin.driven import Cue
from fullwell.twin.freerun import Exposure, FreeRun, Setup

NS_PER_M: Final = 5.0
"""Along a cable (assumed: two thirds of the speed of light)."""

LOGIC_TICK_NS: Final = 10
"""A slave samples the wires so often (assumed: logic of 100 MHz)."""

LONGEST_M: Final = 100.0


@dataclass(slots=True)
class Drive:
    """What a master sends.

    Attributes
    ----------
    owner : object
        The master.
    frames : FreeRun
        Its frames.
    crystal : Crystal
        Of the master.
    until_ns : int or None
        UTC at which it stopped.
    """

    owner: object
    frames: FreeRun
    crystal: Crystal
    until_ns: int | None = None


class SyncCable:
    """A cable that joins the GPIO sockets of twins: one master, any number of slaves.

    Parameters
    ----------
    length_m : float
        0 to 100 m.

    Notes
    -----
    A camera drives the cable in GPIO mode "master", while it is live; in mode "slave" it follows, live or with
    single exposures, and waits while nobody drives.

    Examples
    --------
    >>> SyncCable(length_m=2.0).delay_ns
    10
    """

    def __init__(self, length_m: float = 2.0) -> None:
        require_number("length of the cable", length_m, 0.0, LONGEST_M, "m")
        self.delay_ns = round(length_m * NS_PER_M)
        self._drive: Drive | None = None
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Have something called whenever the master starts, changes or stops."""
        self._listeners.append(listener)

    def drive(self, owner: object, setup: Setup, start_ns: int, crystal: Crystal) -> None:
        """A master begins to run freely.

        Raises
        ------
        Busy
            If another camera drives the cable.
        """
        with self._lock:
            other = self._drive
            if other is not None and other.owner is not owner and other.until_ns is None:
                raise Busy("another camera drives the sync cable.", "Make one of them a slave, or stop it.")
            self._drive = Drive(owner, FreeRun(setup, start_ns), crystal)
        self._tell()

    def change(self, owner: object, setup: Setup, now_ns: int) -> None:
        """The master uses other settings from its next frame. Harmless from another camera."""
        with self._lock:
            if self._drive is None or self._drive.owner is not owner:
                return
            self._drive.frames.change(setup, now_ns)
        self._tell()

    def release(self, owner: object, now_ns: int) -> None:
        """The master stops. Harmless from another camera."""
        with self._lock:
            if self._drive is None or self._drive.owner is not owner or self._drive.until_ns is not None:
                return
            self._drive.until_ns = now_ns
        self._tell()

    def vsync_after(self, instant_ns: int, periods: int = 0) -> tuple[int, Exposure, Crystal] | None:
        """The first vsync of the master after an instant, or one that comes some frames later.

        Returns
        -------
        tuple or None
            The vsync, UTC, as it leaves the master; the frame; the master's oscillator. None = there is none.
        """
        with self._lock:
            drive = self._drive
            if drive is None:
                return None
            frame = drive.frames.frame(_first_after(drive.frames, instant_ns) + periods)
            instant_ns = _vsync_ns(frame)
            if drive.until_ns is not None and instant_ns > drive.until_ns:
                return None
            return instant_ns, frame, drive.crystal

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


class SlaveDriver:
    """The sync inputs of a slave; a `fullwell.twin.driven.Driver`.

    Parameters
    ----------
    cable : SyncCable
    crystal : Crystal
        Of the slave's own logic, which samples the wires.

    Notes
    -----
    The first frame of a slave is the one after the first vsync that it sees, since its rows are reset before a
    vsync and it must know when that comes. Limits: a frame that has begun goes on as foreseen, whether the master
    stops or changes its exposure meanwhile.
    """

    def __init__(self, cable: SyncCable, crystal: Crystal) -> None:
        self._cable, self._crystal = cable, crystal

    def cue(self, armed_ns: int, previous_ns: int | None, ready_ns: int, setup: Setup) -> Cue | None:
        """See `fullwell.twin.driven.Driver`.

        Raises
        ------
        InvalidOperation
            If the lines or frames of master and slave do not fit together.
        """
        del ready_ns  # the master's frame period, which is checked, leaves the sensor ready
        found = (
            self._cable.vsync_after(armed_ns, periods=1)
            if previous_ns is None
            else self._cable.vsync_after(previous_ns)
        )
        if found is None:
            return None
        vsync_ns, frame, pace = found
        timing = pace.paced(setup.timing)
        _require_fit(frame.setup.timing, timing)
        timing = replace(timing, frame_period_ns=frame.setup.timing.frame_period_ns)
        seen_ns = self._crystal.next_tick_ns(vsync_ns + self._cable.delay_ns, LOGIC_TICK_NS)
        start_ns = seen_ns + timing.reference_to_row0_end_ns - timing.exposure_ns
        return Cue(vsync_ns, start_ns, replace(setup, timing=timing))

    def taken(self, cue: Cue) -> None:
        """See `fullwell.twin.driven.Driver`."""


def _vsync_ns(frame: Exposure) -> int:
    return frame.light_end_ns - frame.setup.timing.reference_to_row0_end_ns


def _first_after(frames: FreeRun, instant_ns: int) -> int:
    """Number of the first frame whose vsync comes after an instant."""
    high = 1
    while _vsync_ns(frames.frame(high)) <= instant_ns:
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _vsync_ns(frames.frame(middle)) <= instant_ns else (low, middle)
    return high


def _require_fit(master: RowTiming, slave: RowTiming) -> None:
    """A slave can follow if its lines last as long as the master's, and its frames no longer."""
    if slave.line_period_ns != master.line_period_ns:
        raise InvalidOperation(
            f"the master's lines last {master.line_period_ns} ns, those of this slave {slave.line_period_ns} ns.",
            "Give both cameras the same mode, word depth, USB traffic and speed.",
        )
    if slave.frame_period_ns > master.frame_period_ns:
        raise InvalidOperation(
            f"the master's frames last {master.frame_period_ns} ns, this slave needs {slave.frame_period_ns} ns.",
            "Give the slave no longer exposure and no higher window than the master.",
        )
