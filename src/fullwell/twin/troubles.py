"""The one board of troubles of a twin: what can befall it, and what does at the moment.

Python, the command line, REST and scenario files are fed from `TROUBLES`. A part of the twin knows how to be
broken; here stands only what each breakage is called, how bad it can be, and who has met it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from fullwell.camera.agenda import Ticking
from fullwell.camera.clock import Clock
from fullwell.camera.troubles import ActiveTrouble, Parameter, Trouble
from fullwell.errors import InvalidValue, OutOfRange, UnknownName
from fullwell.twin.faults import Fault, FaultKind, FaultPlan
from fullwell.twin.reach import Reach
from fullwell.twin.wear import KINDS, Wear

__all__ = ["TROUBLES", "Board", "Effect", "cable_effects", "frame_effects", "sensor_effects"]

REMEMBERED: Final = 256
"""Of so many troubles that are over the answer keys of frames know."""

_RATE: Final = Parameter("rate", "", 0.0, 1.0, 0.05, "part of the frames that it befalls")

TROUBLES: Final = (
    Trouble(
        "unplug",
        "Data cable out",
        "cable",
        (),
        "No call reaches the camera, yet settings still read fine from memory. The camera cools on, finishes its "
        "exposure and holds the frame. When the cable is in again it has to be opened again.",
        "EastEriq/LAST_QHYccd: no call tells if an opened camera is still there",
    ),
    Trouble(
        "hang",
        "Camera does not answer",
        "cable",
        (),
        "Calls fail until it is over. Exposures go on inside; a frame that is ready is sent when the camera "
        "answers again.",
        "indilib/indi-3rdparty issues 594 and 996: exposures and connections that time out",
    ),
    Trouble(
        "lost-packets",
        "Lost packets",
        "cable",
        (_RATE,),
        "Frames do not arrive whole and are dropped: live frames leave a gap in the numbers, a single exposure "
        "ends with a time-out.",
        "indilib/indi-3rdparty issues 153 and 269",
    ),
    Trouble(
        "torn-frames",
        "Torn frames",
        "frames",
        (_RATE, Parameter("seam", "", 0.01, 0.99, 0.5, "where the seam is, as a part of the rows")),
        "From a seam on, rows are those of the frame before; no error is told.",
        "isbeorn/nina issue 61; indilib/indi-3rdparty issue 269; indilib/indi issue 1336",
    ),
    Trouble(
        "zero-frames",
        "Frames of zeros",
        "frames",
        (_RATE,),
        "A frame arrives without an error, and all its pixels are 0.",
        "rockit-astro/camd-qhy: a time-out disguised as success",
    ),
    Trouble(
        "repeated-frames",
        "Frames that repeat",
        "frames",
        (_RATE,),
        "A frame arrives with its own number and times and the pixels of the frame before.",
        "EastEriq/LAST_QHYccd",
    ),
    Trouble(
        "stale-frame",
        "Stale first frame",
        "frames",
        (),
        "A live run first delivers the last frame of the time before again.",
        "rockit-astro/camd-qhy clears the frame memory before exposures",
    ),
    Trouble(
        "clock-jump",
        "Computer's clock jumps",
        "computer",
        (Parameter("step_s", "s", -86_400.0, 86_400.0, 3_600.0, "how far the computer's UTC is off"),),
        "The computer's UTC steps, as when a time service corrects it. Camera and GPS box go on as they were.",
        "isbeorn/nina issue 309: frames are stamped with the computer's clock",
    ),
    Trouble(
        "interference",
        "Periodic bands",
        "sensor",
        (
            Parameter("amplitude_e", "e-", 0.0, 1000.0, 1.0, "of the bands where they are worst"),
            Parameter("frequency_hz", "Hz", 1.0, 100_000.0, 1200.0, "of the disturbance"),
            Parameter("quiet_traffic", "", 0.0, 255.0, 20.0, "USB traffic at which the bands vanish"),
            Parameter("traffic_width", "", 0.1, 255.0, 10.0, "how far from it they come back"),
        ),
        "Horizontal bands whose frequency the USB traffic moves; at one value of it they vanish.",
        "QHY600 Pro and QHY268M Pro I product pages: horizontal banding",
    ),
    Trouble(
        "dark-current",
        "Raised dark current",
        "sensor",
        (Parameter("factor", "", 0.01, 1000.0, 10.0, "times that of the model"),),
        "The sensor gathers more thermal electrons than its thermometer explains.",
        "Alarcon et al. 2023 found 2.4 times the vendor's figure",
    ),
    Trouble(
        "hot-pixels",
        "More hot pixels",
        "sensor",
        (Parameter("factor", "", 1.0, 100.0, 8.0, "times as many as the model has"),),
        "Radiation and age make pixels warm.",
        "assumed; counts of real bodies differ",
    ),
    Trouble(
        "telegraph-noise",
        "More jumping pixels",
        "sensor",
        (Parameter("factor", "", 1.0, 100.0, 4.0, "times as many as the model has"),),
        "More pixels jump between three levels.",
        "Layden et al. 2026, arXiv 2605.19022: bodies differ",
    ),
    Trouble(
        "read-noise",
        "Raised read noise",
        "sensor",
        (Parameter("factor", "", 0.1, 100.0, 2.0, "times that of the model"),),
        "Interference or a failing read-out adds noise to each pixel.",
        "assumed",
    ),
    Trouble(
        "gain-drift",
        "Gain off the charts",
        "sensor",
        (Parameter("factor", "", 0.1, 10.0, 1.3, "times the model's electrons per count"),),
        "The read-out makes other counts of its electrons than the charts say.",
        "panoptes/POCS issue 1481: the gain of each body has to be measured",
    ),
    Trouble(
        "bias-drift",
        "Bias off the law",
        "sensor",
        (Parameter("shift_dn16", "DN", -4096.0, 4096.0, 200.0, "of the bias level, counts of 16 bits"),),
        "The level without light drifts.",
        "assumed",
    ),
)
"""What can befall a twin, part by part."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a trouble does to a part.

    Attributes
    ----------
    begin : callable
        Breaks the part; takes the parameters by name. Called again when they change.
    end : callable
        Mends it.
    """

    begin: Callable[..., None]
    end: Callable[[], None]


def cable_effects(reach: Reach, step_wall: Callable[[float], None]) -> dict[str, Effect]:
    """Troubles of the data cable and of the computer."""
    return {
        "unplug": Effect(reach.unplug, reach.plug),
        "hang": Effect(partial(reach.fall_silent, None), reach.answer),
        "clock-jump": Effect(step_wall, partial(step_wall, 0.0)),
    }


def frame_effects(plan: FaultPlan) -> dict[str, Effect]:
    """Troubles of frames."""

    def effect(kind: FaultKind) -> Effect:
        def begin(rate: float = 1.0, **parameters: float) -> None:
            plan.end(kind)
            if rate:
                plan.begin(Fault(kind, rate=rate, parameters=parameters))

        return Effect(begin, partial(plan.end, kind))

    return {
        "lost-packets": effect(FaultKind.LOST_ON_LINK),
        "torn-frames": effect(FaultKind.TORN),
        "zero-frames": effect(FaultKind.ZERO),
        "repeated-frames": effect(FaultKind.REPEATED),
        "stale-frame": effect(FaultKind.STALE),
    }


def sensor_effects(wear: Wear) -> dict[str, Effect]:
    """Troubles of the sensor and its read-out."""
    return {name: Effect(partial(wear.set, name), partial(wear.mend, name)) for name in KINDS}


class Board:
    """The troubles of one twin (`fullwell.camera.troubles.TroubleBoard`). Thread-safe.

    Parameters
    ----------
    clock : Clock
        In whose time troubles begin and end.
    effects : mapping of str to Effect
        What this twin's parts can suffer, by name of the trouble.

    Examples
    --------
    >>> from fullwell.camera.clock import SteppedClock
    >>> clock = SteppedClock(0)
    >>> board = Board(clock, frame_effects(FaultPlan()))
    >>> str(board.set("lost-packets", rate=0.1, for_s=60))
    'lost-packets (rate 0.1)'
    >>> clock.step(60)
    >>> board.active
    ()
    """

    def __init__(self, clock: Clock, effects: Mapping[str, Effect]) -> None:
        self._clock, self._effects = clock, effects
        self._known = {each.name: each for each in TROUBLES if each.name in effects}
        self._lock = threading.RLock()
        self._active: dict[str, ActiveTrouble] = {}
        self._ends: dict[str, Ticking] = {}
        self._over: deque[tuple[ActiveTrouble, int]] = deque(maxlen=REMEMBERED)

    @property
    def known(self) -> Mapping[str, Trouble]:
        """What can befall this twin, by name."""
        return self._known

    @property
    def active(self) -> tuple[ActiveTrouble, ...]:
        """What is on, the oldest first."""
        with self._lock:
            return tuple(self._active.values())

    def set(self, name: str, *, for_s: float | None = None, **values: float) -> ActiveTrouble:
        """Let a trouble begin, or change one that is on; see `TroubleBoard.set`."""
        checked = self._find(name).values(values)
        if for_s is not None and not isinstance(for_s, int | float):
            raise InvalidValue(f"for_s must be a number, not {for_s!r}.", "Give seconds.")
        if for_s is not None and not 0.0 < for_s < 1e9:
            raise OutOfRange("for_s", for_s, 0, 1e9, "s")
        with self._lock:
            now_ns = self._clock.now_ns()
            self._forget_end(name)
            trouble = ActiveTrouble(name, checked, now_ns)
            if for_s is not None:
                period_ns = max(1, round(for_s * 1e9))
                trouble = replace(trouble, until_ns=now_ns + period_ns)
                self._ends[name] = self._clock.every(period_ns, lambda: self._over_by_itself(name))
            self._close(name, now_ns)
            self._active[name] = trouble
            self._effects[name].begin(**checked)
            return trouble

    def clear(self, name: str | None = None) -> tuple[ActiveTrouble, ...]:
        """End a trouble, or all; see `TroubleBoard.clear`."""
        if name is not None:
            self._find(name)
        with self._lock:
            wanted = [each for each in self._active if name in (None, each)]
            return tuple(self._end(each) for each in wanted)

    def during(self, begin_ns: int, end_ns: int) -> tuple[ActiveTrouble, ...]:
        """What was on at some time between two instants, UTC."""
        with self._lock:
            over = [each for each, until_ns in self._over if each.since_ns <= end_ns and until_ns > begin_ns]
            return (*over, *(each for each in self._active.values() if each.since_ns <= end_ns))

    def _find(self, name: str) -> Trouble:
        if name not in self._known:
            raise UnknownName("trouble", name, self._known)
        return self._known[name]

    def _over_by_itself(self, name: str) -> None:
        self.clear(name)

    # Methods below run with the lock held.

    def _end(self, name: str) -> ActiveTrouble:
        trouble = self._active[name]
        self._forget_end(name)
        self._close(name, self._clock.now_ns())
        self._effects[name].end()
        return trouble

    def _close(self, name: str, now_ns: int) -> None:
        """Keep with what is over."""
        before = self._active.pop(name, None)
        if before is not None:
            self._over.append((before, now_ns))

    def _forget_end(self, name: str) -> None:
        ticking = self._ends.pop(name, None)
        if ticking is not None:
            ticking.stop()


def told(troubles: Iterable[ActiveTrouble]) -> str:
    """One line for an answer key."""
    return "; ".join(str(each) for each in troubles)
