"""What a night's file says, checked as a whole before anything happens. ``docs/faults.md`` explains the file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fullwell.errors import InvalidValue, MissingFile, OutOfRange, UnknownName
from fullwell.twin.surroundings import Surroundings
from fullwell.twin.trouble_table import TROUBLES

__all__ = ["Cue", "Deed", "Night", "Weather", "example", "examples", "load", "read"]

LONGEST_S: Final = 7 * 86_400.0
DEEDS: Final[Mapping[str, Mapping[str, tuple[type, ...]]]] = {
    "cool": {"target_c": (int, float)},
    "warm": {},
    "heater": {"on": (bool,)},
    "filter": {"name": (str,)},
    "configure": {"settings": (dict,)},
    "expose": {"frames": (int,), "exposure_s": (int, float)},
    "live": {"frames": (int,), "exposure_s": (int, float)},
}
"""What a client can do, and what has to be told of it."""

OPTIONAL: Final = frozenset({"exposure_s"})
SCENES: Final = ("dark", "uniform", "sky")
AIR: Final = tuple(each.name for each in fields(Surroundings))


@dataclass(frozen=True, slots=True)
class Weather:
    """What is round the camera changes.

    Attributes
    ----------
    at_s : float
        When it begins, s after the night does.
    over_s : float
        How long it takes, s; 0 = at once.
    values : mapping of str to float
        Fields of `Surroundings`, as they are at its end.
    """

    at_s: float
    over_s: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cue:
    """A trouble begins.

    Attributes
    ----------
    at_s : float
        s after the night begins.
    name : str
        See `fullwell.twin.trouble_table`.
    for_s : float or None
        How long it lasts; None = to the end.
    values : mapping of str to float
        Its parameters.
    """

    at_s: float
    name: str
    for_s: float | None
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that the client does, one after the other.

    Attributes
    ----------
    action : str
        One of `DEEDS`.
    at_s : float or None
        Not before that, s after the night begins; None = as soon as it can.
    values : mapping
    """

    action: str
    at_s: float | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Night:
    """A night.

    Attributes
    ----------
    title, description : str
    camera : str
        A twin, as in `fullwell.open`.
    start_ns : int
        UTC, ns.
    duration_s : float
    seed : int
    scene : str
        "dark", "uniform" or "sky".
    scene_values : mapping
        What the scene needs.
    settings : mapping
        As in `Camera.configure`, at the beginning.
    surroundings : mapping of str to float
        At the beginning.
    weather : tuple of Weather
    cues : tuple of Cue
    deeds : tuple of Deed
    """

    title: str
    camera: str
    start_ns: int
    duration_s: float
    description: str = ""
    seed: int = 1
    scene: str = "dark"
    scene_values: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    surroundings: Mapping[str, float] = field(default_factory=dict)
    weather: tuple[Weather, ...] = ()
    cues: tuple[Cue, ...] = ()
    deeds: tuple[Deed, ...] = ()

    @property
    def planned(self) -> int:
        """How many single frames the client wants."""
        return sum(deed.values["frames"] for deed in self.deeds if deed.action in ("expose", "live"))


def examples() -> tuple[str, ...]:
    """Names of the nights that come with the program."""
    folder = files("fullwell.night") / "examples"
    return tuple(
        sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))
    )


def example(name: str) -> str:
    """The text of a night that comes with the program.

    Raises
    ------
    UnknownName
        If there is none of that name.
    """
    if name not in examples():
        raise UnknownName("example of a night", name, examples())
    return (files("fullwell.night") / "examples" / f"{name}.toml").read_text(encoding="utf-8")


def load(path: str | Path) -> Night:
    """Read a night from a file.

    Raises
    ------
    MissingFile
        If it is not there, or not readable.
    InvalidValue, OutOfRange, UnknownName
        If something in it is not possible; the error says where.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise MissingFile(
            f"the night {str(path)!r} cannot be read: {why}.",
            "Give the path of a file; `fullwell night --example` names the nights that need none.",
        ) from None
    return read(text)


def read(text: str) -> Night:
    """A night from the text of a file; see `load`.

    Examples
    --------
    >>> night = read(example("brown-out-at-midnight"))
    >>> night.camera, [cue.name for cue in night.cues]
    ('twin:qhy600-pro', ['poor-cable', 'sag'])
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidValue(f"the night is no TOML: {error}.", "See `fullwell night --example`.") from None
    entry = _Entry("the night", table)
    start_ns = _instant_ns(entry.take("start", datetime))
    duration_s = _span_s(entry.take("duration"), "duration", start_ns)
    if not 0 < duration_s <= LONGEST_S:
        raise OutOfRange("duration of the night", duration_s, 1, LONGEST_S, "s")
    light = _Entry("the scene", entry.take("scene", dict, {"kind": "dark"}))
    kind = light.take("kind", str, "dark")
    if kind not in SCENES:
        raise UnknownName("scene", kind, SCENES)
    night = Night(
        title=entry.take("title", str),
        description=entry.take("description", str, ""),
        camera=entry.take("camera", str, "twin:qhy600-pro"),
        start_ns=start_ns,
        duration_s=duration_s,
        seed=entry.take("seed", int, 1),
        scene=kind,
        scene_values=light.rest(),
        settings=entry.take("settings", dict, {}),
        surroundings=_air(_Entry("surroundings", entry.take("surroundings", dict, {}))),
        weather=tuple(_weather(each, start_ns, duration_s) for each in entry.tables("weather")),
        cues=tuple(_cue(each, start_ns, duration_s) for each in entry.tables("trouble")),
        deeds=tuple(_deed(each, start_ns, duration_s) for each in entry.tables("do")),
    )
    entry.finish()
    return night


class _Entry:
    """A table of the file, taken apart; what is left over at the end is a mistake."""

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self._name, self._left = name, dict(table)

    def take(self, key: str, kind: type | tuple[type, ...] = object, default: Any = ...) -> Any:
        value = self._left.pop(key, default)
        if value is ...:
            raise InvalidValue(f"{self._name} has no {key!r}.", "See `fullwell night --example`.")
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wrong_bool = isinstance(value, bool) and not {bool, object} & set(kinds)
        if not isinstance(value, kind) or wrong_bool:
            raise InvalidValue(f"{key!r} of {self._name} cannot be {value!r}.", "See `fullwell night --example`.")
        return value

    def tables(self, key: str) -> list[_Entry]:
        found = self.take(key, list, [])
        if not all(isinstance(each, dict) for each in found):
            raise InvalidValue(f"{key!r} must be a list of tables.", f"Write [[{key}]].")
        return [_Entry(f"{key} {number}", each) for number, each in enumerate(found, 1)]

    def rest(self) -> dict[str, Any]:
        left, self._left = self._left, {}
        return left

    def finish(self) -> None:
        if self._left:
            raise InvalidValue(
                f"{self._name} has an unknown entry {next(iter(self._left))!r}.",
                "See `fullwell night --example`.",
            )

    @property
    def name(self) -> str:
        return self._name


def _weather(entry: _Entry, start_ns: int, duration_s: float) -> Weather:
    at_s = _at_s(entry, start_ns, duration_s)
    over_s = _span_s(entry.take("over", default=0), f"'over' of {entry.name}", start_ns)
    if not 0 <= over_s <= LONGEST_S:
        raise OutOfRange(f"'over' of {entry.name}", over_s, 0, LONGEST_S, "s")
    values = _air(entry)
    if not values:
        raise InvalidValue(f"{entry.name} changes nothing.", f"Give one of: {', '.join(AIR)}.")
    return Weather(at_s, over_s, values)


def _air(entry: _Entry) -> dict[str, float]:
    values = entry.rest()
    for name in values:
        if name not in AIR:
            raise UnknownName(f"property of the air or supply in {entry.name}", name, AIR)
    Surroundings(**values)
    return values


def _cue(entry: _Entry, start_ns: int, duration_s: float) -> Cue:
    known = {trouble.name: trouble for trouble in TROUBLES}
    at_s, name = _at_s(entry, start_ns, duration_s), entry.take("name", str)
    if name not in known:
        raise UnknownName(f"trouble in {entry.name}", name, known)
    lasts = entry.take("for", default=None)
    for_s = None if lasts is None else _span_s(lasts, f"'for' of {entry.name}", start_ns)
    if for_s is not None and not 0 < for_s <= LONGEST_S:
        raise InvalidValue(f"'for' of {entry.name} cannot be {for_s:g} s.", "Give more than 0, up to a week.")
    return Cue(at_s, name, for_s, known[name].values(entry.rest()))


def _deed(entry: _Entry, start_ns: int, duration_s: float) -> Deed:
    action = entry.take("action", str)
    if action not in DEEDS:
        raise UnknownName(f"action in {entry.name}", action, DEEDS)
    at = entry.take("at", default=None)
    at_s = None if at is None else _offset_s(at, start_ns, duration_s, entry.name)
    values: dict[str, Any] = {}
    for key, kinds in DEEDS[action].items():
        optional = key in OPTIONAL
        value = entry.take(key, (*kinds, type(None)), None) if optional else entry.take(key, kinds)
        if value is not None:
            values[key] = value
    if values.get("frames", 1) < 1:
        raise OutOfRange(f"frames of {entry.name}", values["frames"], 1, float("inf"))
    entry.finish()
    return Deed(action, at_s, values)


def _at_s(entry: _Entry, start_ns: int, duration_s: float) -> float:
    return _offset_s(entry.take("at"), start_ns, duration_s, entry.name)


def _offset_s(value: object, start_ns: int, duration_s: float, name: str) -> float:
    at_s = _span_s(value, f"'at' of {name}", start_ns)
    if not 0 <= at_s <= duration_s:
        raise OutOfRange(f"'at' of {name}, after the night begins,", at_s, 0, duration_s, "s")
    return at_s


def _instant_ns(value: datetime) -> int:
    """UTC; a time without a zone is UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return int(aware.timestamp()) * 1_000_000_000 + aware.microsecond * 1000


def _span_s(value: object, name: str, start_ns: int) -> float:
    """Seconds: from a number, from "h:mm:ss" or "h:mm", or since the night began from an instant."""
    if isinstance(value, datetime):
        return (_instant_ns(value) - start_ns) * 1e-9
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    parts = str(value).split(":")
    if isinstance(value, str) and 2 <= len(parts) <= 3 and all(part.isdecimal() for part in parts):
        return _clock_s([int(part) for part in parts])
    raise InvalidValue(
        f"{name} cannot be {value!r}.", 'Give seconds, "h:mm:ss", or an instant such as 2026-03-14T22:00:00Z.'
    )


def _clock_s(parts: Sequence[int]) -> float:
    hours, minutes, *seconds = parts
    return 3600.0 * hours + 60.0 * minutes + (seconds[0] if seconds else 0)
