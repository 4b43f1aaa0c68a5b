"""What is wrong with a camera now, since when, and what to do about it; and what has happened, as events.

An alarm stands as long as its cause does. Some things happen and are over: they are noted as events only. Whoever
wants to know at once subscribes; doors, files and logs are fed from here.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

from fullwell.camera.clock import Clock

log = logging.getLogger(__name__)

REMEMBERED: Final = 4096
"""How many events are kept."""


class AlarmKind(StrEnum):
    """What can be wrong."""

    CAMERA_LOST = "camera lost"
    """It does not answer, or has failed."""
    CAMERA_BACK = "camera back"
    """It was lost and is open again, with its settings."""
    FRAMES_LOST = "frames lost"
    """Frames that the camera took have not arrived."""
    FRAME_DOUBTFUL = "frame doubtful"
    """A frame is not what it claims to be."""
    SETTINGS_DIFFER = "settings differ"
    """The camera does not hold what it was told."""
    SUPPLY_LOW = "supply low"
    """The voltage at the camera is near or below what it needs."""
    UNDERVOLTAGE = "undervoltage lock-out"
    """The camera has switched its cooler off, or limits it, for want of voltage."""
    DEW = "dew"
    """The sensor is near or below the dew or frost point of its chamber."""
    TEMPERATURE = "temperature not reached"
    """The cooler does all it can and the sensor is not where it should be."""
    THERMOMETER = "thermometer stuck"
    """The reading of the sensor temperature does not change though the cooler's power does."""
    RAMP = "ramp held back"
    """The cooler goes slower than asked for, to protect the sensor."""
    CLOCK_JUMPED = "clock jumped"
    """The computer's UTC has stepped."""
    WHEEL = "filter wheel stuck"
    """The wheel is not where it was told to go."""


OF_FRAMES: Final = frozenset({AlarmKind.FRAMES_LOST, AlarmKind.FRAME_DOUBTFUL})


class Severity(IntEnum):
    """How bad it is."""

    INFO = 0
    WARNING = 1
    ERROR = 2


LEVELS: Final = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong.

    Attributes
    ----------
    kind : AlarmKind
    severity : Severity
    since_ns : int
        UTC.
    text : str
        A sentence with its full stop.
    remedy : str
        What to do, as an order; "" if nothing.
    """

    kind: AlarmKind
    severity: Severity
    since_ns: int
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """Something that has happened to an alarm.

    Attributes
    ----------
    number : int
        Counts the events of a camera, from 1.
    at_ns : int
        UTC.
    alarm : Alarm
    change : str
        "begins", "ends", or "happens" for what is over at once.
    """

    number: int
    at_ns: int
    alarm: Alarm
    change: str

    def __str__(self) -> str:
        ended = "over: " if self.change == "ends" else ""
        return f"{ended}{self.alarm.kind}: {self.alarm.text}"


class Alarms:
    """The alarms of one camera. Thread-safe.

    Parameters
    ----------
    clock : Clock

    Examples
    --------
    >>> from fullwell.camera.clock import SteppedClock
    >>> alarms = Alarms(SteppedClock(0))
    >>> stop = alarms.subscribe(lambda event: print(event.number, event))
    >>> alarms.sound(AlarmKind.DEW, "the sensor is 1.5 C above the dew point.", "Dry the chamber.")
    1 dew: the sensor is 1.5 C above the dew point.
    >>> [str(each.kind) for each in alarms.standing]
    ['dew']
    >>> alarms.end(AlarmKind.DEW)
    2 over: dew: the sensor is 1.5 C above the dew point.
    >>> stop()
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._standing: dict[AlarmKind, Alarm] = {}
        self._events: deque[AlarmEvent] = deque(maxlen=REMEMBERED)
        self._number = 0
        self._listeners: tuple[Callable[[AlarmEvent], None], ...] = ()

    @property
    def standing(self) -> tuple[Alarm, ...]:
        """What is wrong now, the oldest first."""
        with self._lock:
            return tuple(self._standing.values())

    def stands(self, kind: AlarmKind) -> bool:
        """Whether an alarm of a kind stands. Needs no lock."""
        return kind in self._standing

    def events(self, after: int = 0) -> tuple[AlarmEvent, ...]:
        """What has happened since the event with a number, the oldest first (the last 4096 are kept)."""
        with self._lock:
            return tuple(event for event in self._events if event.number > after)

    def subscribe(self, callback: Callable[[AlarmEvent], None]) -> Callable[[], None]:
        """Have each event told at once, in the thread in which it happens; it must return soon.

        Returns
        -------
        callable
            Ends it.
        """
        with self._lock:
            self._listeners = (*self._listeners, callback)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not callback)

        return end

    def sound(self, kind: AlarmKind, text: str, remedy: str = "", severity: Severity = Severity.WARNING) -> None:
        """Let an alarm stand. If one of its kind does, its text follows; told again only if it got worse."""
        with self._lock:
            now_ns = self._clock.now_ns()
            before = self._standing.get(kind)
            since_ns = now_ns if before is None else before.since_ns
            alarm = self._standing[kind] = Alarm(kind, severity, since_ns, text, remedy)
            if before is not None and before.severity >= severity:
                return
            event = self._note(now_ns, alarm, "begins")
        self._tell(event)

    def end(self, kind: AlarmKind) -> None:
        """Its cause is gone. Harmless when it does not stand."""
        if kind not in self._standing:
            return
        with self._lock:
            alarm = self._standing.pop(kind, None)
            if alarm is None:
                return
            event = self._note(self._clock.now_ns(), alarm, "ends")
        self._tell(event)

    def note(self, kind: AlarmKind, text: str, remedy: str = "", severity: Severity = Severity.WARNING) -> None:
        """Something has happened and is over."""
        with self._lock:
            now_ns = self._clock.now_ns()
            event = self._note(now_ns, Alarm(kind, severity, now_ns, text, remedy), "happens")
        self._tell(event)

    def during(self, begin_ns: int, end_ns: int) -> tuple[Alarm, ...]:
        """What stood or happened at some time between two instants, UTC; each kind once, the latest.

        What is told of frames is left out: each frame knows itself what speaks against it.
        """
        with self._lock:
            found = {
                event.alarm.kind: event.alarm
                for event in self._events
                if event.at_ns > begin_ns and event.alarm.since_ns < end_ns and event.alarm.kind not in OF_FRAMES
            }
            standing = {kind: alarm for kind, alarm in self._standing.items() if alarm.since_ns < end_ns}
        return tuple({**found, **standing}.values())

    def forget(self) -> None:
        """The camera was closed: what stood has nobody to watch it any more."""
        for alarm in self.standing:
            self.end(alarm.kind)

    def _note(self, now_ns: int, alarm: Alarm, change: str) -> AlarmEvent:
        """Write down an event. With the lock held."""
        self._number += 1
        event = AlarmEvent(self._number, now_ns, replace(alarm), change)
        self._events.append(event)
        return event

    def _tell(self, event: AlarmEvent) -> None:
        level = logging.INFO if event.change == "ends" else LEVELS[event.alarm.severity]
        if event.alarm.kind is AlarmKind.CAMERA_BACK:
            level = logging.WARNING  # told where the loss was told, or people wait for it
        log.log(level, "%s", event)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("whoever listens for alarms has failed")
