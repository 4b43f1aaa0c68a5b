"""What became of a night: every frame, every alarm, every recovery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fullwell.camera.alarms import AlarmEvent, AlarmKind

GOOD: Final = "good"
DOUBTFUL: Final = "doubtful"
LOST: Final = "lost"
NOT_TAKEN: Final = "not taken"


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame that was wanted.

    Attributes
    ----------
    number : int
        Of the wanted ones, from 1.
    fate : str
        "good", "doubtful", "lost" or "not taken".
    start_ns : int or None
        UTC, start of its exposure; None if it has none.
    filter_name : str
    why : str
        What speaks against it, or why there is none.
    alarms : tuple of str
        Kinds of the alarms meanwhile.
    file : str
        Where it was written; "" if it was not.
    """

    number: int
    fate: str
    start_ns: int | None = None
    filter_name: str = ""
    why: str = ""
    alarms: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A camera that was lost came back.

    Attributes
    ----------
    lost_ns, back_ns : int
        UTC.
    """

    lost_ns: int
    back_ns: int

    @property
    def took_s(self) -> float:
        """How long it was gone, s."""
        return (self.back_ns - self.lost_ns) * 1e-9


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log.

    Attributes
    ----------
    at_ns : int
        UTC.
    what : str
        "weather", "trouble", "client", "frame" or "alarm".
    text : str
    """

    at_ns: int
    what: str
    text: str

    def __str__(self) -> str:
        return f"{utc(self.at_ns)}  {self.what:<8} {self.text}"


@dataclass(slots=True)
class Report:
    """A night that is over.

    Attributes
    ----------
    title : str
    begin_ns, end_ns : int
        UTC.
    shots : list of Shot
        Each wanted frame exactly once.
    lines : list of Line
        What happened.
    events : tuple of AlarmEvent
    state : str
        Of the camera at the end.
    """

    title: str
    begin_ns: int
    end_ns: int = 0
    shots: list[Shot] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    events: tuple[AlarmEvent, ...] = ()
    state: str = ""

    @property
    def fates(self) -> dict[str, int]:
        """How many wanted frames came to which end."""
        counted = Counter(shot.fate for shot in self.shots)
        return {fate: counted[fate] for fate in (GOOD, DOUBTFUL, LOST, NOT_TAKEN)}

    @property
    def recoveries(self) -> tuple[Recovery, ...]:
        """When the camera was lost and came back."""
        return tuple(_recoveries(self.events))

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "title": self.title,
            "begin_ns": self.begin_ns,
            "end_ns": self.end_ns,
            "state": self.state,
            "frames": {"wanted": len(self.shots), **self.fates},
            "shots": [asdict(shot) for shot in self.shots],
            "recoveries": [{**asdict(each), "took_s": each.took_s} for each in self.recoveries],
            "events": [
                {
                    "at_ns": event.at_ns,
                    "change": event.change,
                    "kind": str(event.alarm.kind),
                    "text": event.alarm.text,
                }
                for event in self.events
            ],
            "log": [asdict(line) for line in self.lines],
        }

    def text(self) -> str:
        """For people."""
        fates = ", ".join(f"{count} {fate}" for fate, count in self.fates.items() if count)
        told = [
            self.title,
            f"{utc(self.begin_ns)} to {utc(self.end_ns)} UTC; the camera is {self.state} at the end",
            f"frames: {len(self.shots)} wanted: {fates or 'none'}",
        ]
        told += [
            f"  {shot.number}: {shot.fate}: {shot.why}"
            for shot in self.shots
            if shot.fate not in (GOOD, NOT_TAKEN)
        ]
        begun = Counter(str(event.alarm.kind) for event in self.events if event.change != "ends")
        told.append("alarms: " + (", ".join(f"{kind} ({count})" for kind, count in begun.items()) or "none"))
        told.append(f"recoveries: {len(self.recoveries) or 'none'}")
        told += [f"  lost at {utc(each.lost_ns)}, back after {each.took_s:.1f} s" for each in self.recoveries]
        return "\n".join(told)


def utc(instant_ns: int) -> str:
    """Time of day.

    Examples
    --------
    >>> utc(1_700_000_000_000_000_000)
    '22:13:20'
    """
    return datetime.fromtimestamp(instant_ns // 1_000_000_000, UTC).strftime("%H:%M:%S")


def _recoveries(events: Iterable[AlarmEvent]) -> list[Recovery]:
    found: list[Recovery] = []
    lost_ns: int | None = None
    for event in events:
        if event.alarm.kind is not AlarmKind.CAMERA_LOST:
            continue
        if event.change == "begins":
            lost_ns = event.at_ns
        elif event.change == "ends" and lost_ns is not None:
            found.append(Recovery(lost_ns, event.at_ns))
            lost_ns = None
    return found
