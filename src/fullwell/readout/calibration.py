"""Calibrations of the row times: when row 0 ends its exposure after the vsync that a GPS box stamps.

That delay depends on read mode, rows of the window, word depth, USB traffic, speed and stream, so it is a record
together with the settings that it was found for, and is refused for any others. Records live in TOML files that
people can read and write::

    [[row_offset]]
    model_key = "qhy600-pro"
    mode = 1
    top = 0
    height = 6388
    overscan = false
    bits = 16
    usb_traffic = 0
    speed = 0
    stream = "single"
    offset_ns = 1811196
    uncertainty_ns = 350
    made = 2026-03-01T21:14:05Z
    source = "LED calibration, 400 frames"
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fullwell.errors import InvalidFacts, InvalidValue, MissingFile
from fullwell.models.tables import Table, read_toml

__all__ = [
    "FACTS_UNCERTAINTY_NS",
    "Conditions",
    "RowOffset",
    "from_facts",
    "load_offsets",
    "pick",
    "save_offsets",
]

FACTS_UNCERTAINTY_NS: Final = 30_000
"""How far the vendor's figures are to be trusted: its page and its library differ by 26 us on the QHY600."""

_STREAMS: Final = ("single", "live")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the delay from vsync to row 0 depends on.

    Attributes
    ----------
    model_key : str
        Camera, as `fullwell models` lists it.
    mode : int
        Number of the read mode.
    top, height : int
        Rows of the window, unbinned px, from the effective area, or from the whole sensor with `overscan`.
        Columns do not matter: whole rows are read.
    overscan : bool
    bits : int
        Word depth that leaves the camera.
    usb_traffic, speed : int
        The vendor's knobs.
    stream : str
        "single" or "live".
    """

    model_key: str
    mode: int
    top: int
    height: int
    overscan: bool
    bits: int
    usb_traffic: int
    speed: int
    stream: str


@dataclass(frozen=True, slots=True)
class RowOffset:
    """One calibration.

    Attributes
    ----------
    offset_ns : int
        End of exposure of row 0 of the window after the vsync, ns.
    uncertainty_ns : int
        One standard deviation, ns.
    conditions : Conditions
        What it holds for.
    source : str
        How it was found.
    made_ns : int
        UTC at which, ns since 1970; 0 = not known.

    Examples
    --------
    >>> night = Conditions("qhy600-pro", 1, 0, 6388, False, 16, usb_traffic=0, speed=0, stream="single")
    >>> record = RowOffset(1_811_196, 350, night, "LED calibration")
    >>> record.misfits(night)
    ()
    >>> from dataclasses import replace
    >>> record.misfits(replace(night, usb_traffic=30, stream="live"))
    ('USB traffic is 30, the calibration holds for 0', 'stream is live, the calibration holds for single')
    """

    offset_ns: int
    uncertainty_ns: int
    conditions: Conditions
    source: str
    made_ns: int = 0

    def misfits(self, wanted: Conditions) -> tuple[str, ...]:
        """Why this record must not be used under other conditions; empty if it may."""
        reasons = []
        for field in fields(Conditions):
            mine, theirs = getattr(self.conditions, field.name), getattr(wanted, field.name)
            if mine != theirs:
                name = _WORDS.get(field.name, field.name)
                reasons.append(f"{name} is {theirs}, the calibration holds for {mine}")
        return tuple(reasons)

    def require(self, wanted: Conditions) -> None:
        """See that it may be used.

        Raises
        ------
        InvalidValue
            With every reason why not.
        """
        reasons = self.misfits(wanted)
        if reasons:
            raise InvalidValue(
                f"the row calibration ({self.source}) is for other settings: {'; '.join(reasons)}.",
                "Calibrate again with these settings, or leave it away.",
            )


_WORDS: Final = {
    "model_key": "the camera",
    "mode": "read mode",
    "top": "the first row of the window",
    "height": "the height of the window",
    "bits": "word depth",
    "usb_traffic": "USB traffic",
}


def from_facts(offset_ns: int, conditions: Conditions) -> RowOffset:
    """The vendor's figure as a record, for want of a calibration.

    Parameters
    ----------
    offset_ns : int
        ``RowTiming.reference_to_row0_end_ns`` under these conditions.
    conditions : Conditions
    """
    return RowOffset(offset_ns, FACTS_UNCERTAINTY_NS, conditions, "the vendor's figures")


def pick(records: Iterable[RowOffset], wanted: Conditions) -> tuple[RowOffset | None, tuple[str, ...]]:
    """The latest record that fits.

    Returns
    -------
    RowOffset or None
    reasons : tuple of str
        If there are records but none fits: why the nearest one does not.
    """
    known = sorted(records, key=lambda record: (len(record.misfits(wanted)), -record.made_ns))
    if not known:
        return None, ()
    reasons = known[0].misfits(wanted)
    return (None, reasons) if reasons else (known[0], ())


def load_offsets(path: str | Path) -> tuple[RowOffset, ...]:
    """Read the records of a TOML file.

    Raises
    ------
    MissingFile
        If it is not there.
    InvalidFacts
        If it is not TOML, or an entry is missing, unknown or impossible.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFile(f"there is no calibration file {str(path)!r}.", "Check the name.")
    top = Table(read_toml(path), path.name)
    records = tuple(_record(table) for table in top.tables("row_offset"))
    top.finish()
    if not records:
        raise InvalidFacts(f"{path.name}: holds no [[row_offset]].", "Is it a calibration file?")
    return records


def _record(table: Table) -> RowOffset:
    stream, overscan, made = table.text("stream"), table.value("overscan"), table.value("made")
    if stream not in _STREAMS:
        raise table.wrong("stream", f"must be one of {', '.join(_STREAMS)}, not {stream!r}")
    if not isinstance(overscan, bool):
        raise table.wrong("overscan", f"must be true or false, not {overscan!r}")
    if not isinstance(made, datetime) or made.tzinfo is None:
        raise table.wrong("made", f"must be a date and time with zone, as 2026-03-01T21:14:05Z, not {made!r}")
    record = RowOffset(
        offset_ns=table.integer("offset_ns", low=-(2**62)),
        uncertainty_ns=table.integer("uncertainty_ns", low=0),
        conditions=Conditions(
            model_key=table.text("model_key"),
            mode=table.integer("mode", low=0),
            top=table.integer("top", low=0),
            height=table.integer("height", low=1),
            overscan=overscan,
            bits=table.integer("bits", low=1, high=32),
            usb_traffic=table.integer("usb_traffic", low=0),
            speed=table.integer("speed", low=0),
            stream=stream,
        ),
        source=table.text("source"),
        made_ns=_whole_seconds(made) * 1_000_000_000,
    )
    table.finish()
    return record


def save_offsets(path: str | Path, records: Iterable[RowOffset]) -> Path:
    """Write records as TOML; a file of that name is replaced. Dates are kept to the second.

    Returns
    -------
    Path
    """
    path = Path(path)
    path.write_text("\n".join(_as_toml(record) for record in records), encoding="utf-8")
    return path


def _as_toml(record: RowOffset) -> str:
    entries = asdict(record.conditions) | {
        "offset_ns": record.offset_ns,
        "uncertainty_ns": record.uncertainty_ns,
        "made": datetime.fromtimestamp(record.made_ns // 1_000_000_000, UTC),
        "source": record.source,
    }
    return "[[row_offset]]\n" + "".join(f"{name} = {_value(value)}\n" for name, value in entries.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, str):
        return '"' + "".join(_escaped(letter) for letter in value) + '"'
    return str(value)


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def _whole_seconds(instant: datetime) -> int:
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
