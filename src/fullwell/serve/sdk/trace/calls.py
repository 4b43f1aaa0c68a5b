"""Trace files: their layout, which ``source/trace.c`` writes, and the calls in them."""

from __future__ import annotations

import json
import mmap
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from fullwell.errors import InvalidValue, MissingFile, NotWritable
from fullwell.serve.sdk.exports import Export, exports, table_digest

MAGIC: Final = 0x3145434152545746
FIRST_BYTE: Final = 65536
NO_CAMERA: Final = (1 << 64) - 1
"""Stands for a handle that the library never gave."""

_HEADER: Final = struct.Struct("<Q2I2Q2q2I")
_RECORD: Final = struct.Struct("<12I7Q")
_PART: Final = struct.Struct("<2I")

Value = int | float | str | bytes


class State(Enum):
    """How far a call had come when the trace was read."""

    BEGUN = 0x4E474542
    DONE = 0x454E4F44
    AGAIN = 0x4E494741
    """Done, and then under way once more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is kept of a frame.

    Attributes
    ----------
    size_bytes : int
    hash : int
        64 bits over all pixels; 0 = not taken.
    """

    size_bytes: int
    hash: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a program made, or several equal ones in a row.

    Attributes
    ----------
    number : int
        From 1, in the order in which calls began.
    export : Export
    process, thread : int
        As the system numbers them.
    state : State
        Only what is `State.DONE` has an answer.
    repeats : int
        How often it was made, one after the other without a pause.
    start_ns, until_ns : int
        From the beginning of the first to the end of the last; monotonic clock, ns.
    busy_ns, longest_ns : int
        Time spent in the library: all together, and by the longest.
    given : mapping of str to int, float or str
        What went in, by parameter. Handles are numbers of cameras in the order of opening, 0 = null.
    absent : frozenset of str
        Parameters given as null pointers.
    result : int, float or str
    told : mapping of str to int, float, str or bytes
        What the library wrote, by parameter.
    unchanged : frozenset of str
        Those of `told` in whose place the same stood before: perhaps the library wrote nothing there.
    frame : Frame or None
    """

    number: int
    export: Export
    process: int
    thread: int
    state: State
    repeats: int
    start_ns: int
    until_ns: int
    busy_ns: int
    longest_ns: int
    given: dict[str, Value] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    result: Value = 0
    told: dict[str, Value] = field(default_factory=dict)
    unchanged: frozenset[str] = frozenset()
    frame: Frame | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace file.

    Attributes
    ----------
    path : Path
    about : mapping
        The run: "program", "library", and of a twin "cameras", "scene", "seed", ...
    calls : tuple of Call
        In the order in which they began.
    start_ns, utc_ns : int
        The same instant by the monotonic clock and in UTC, ns.
    ended : bool
        Whether the program's end was seen.
    exit_status : int
    full : bool
        Whether recording stopped for want of room.
    lost : int
        Records that were never completed because the program was ended in the middle.
    """

    path: Path
    about: dict[str, Any]
    calls: tuple[Call, ...]
    start_ns: int
    utc_ns: int
    ended: bool
    exit_status: int
    full: bool
    lost: int

    @property
    def duration_s(self) -> float:
        """From the first call to the end of the last."""
        if not self.calls:
            return 0.0
        return (max(each.until_ns for each in self.calls) - self.calls[0].start_ns) * 1e-9


def create(path: Path, about: dict[str, Any], overwrite: bool = False) -> None:
    """Make an empty trace file.

    Parameters
    ----------
    path : Path
    about : mapping
        What is to be known of the run; JSON.
    overwrite : bool
        Whether a file may be there already.

    Raises
    ------
    NotWritable
        If it cannot be made.
    """
    if path.exists() and not overwrite:
        raise NotWritable(f"{path} is there already.", "Choose another name with -o, or add --overwrite.")
    text = json.dumps(about).encode()
    head = _HEADER.pack(
        MAGIC, table_digest(), 0, FIRST_BYTE, FIRST_BYTE, time.monotonic_ns(), time.time_ns(), 0, 0
    )
    try:
        path.write_bytes((head + struct.pack("<I", len(text)) + text).ljust(FIRST_BYTE, b"\0"))
    except OSError as error:
        raise NotWritable(f"{path} cannot be written: {error}.", "Choose another place with -o.") from error


def finish(path: Path, exit_status: int) -> None:
    """Note that the program has ended, and cut off what was made ready and not used."""
    with path.open("r+b") as file:
        magic, digest, stopped, used, _, start_ns, utc_ns, _, _ = _HEADER.unpack(file.read(_HEADER.size))
        file.seek(0)
        file.write(_HEADER.pack(magic, digest, stopped, used, used, start_ns, utc_ns, 1, exit_status & 0xFF))
        file.truncate(min(used, path.stat().st_size))


def read(path: Path) -> Trace:
    """Read a trace, also of a program that was killed or still runs.

    Raises
    ------
    MissingFile
        If there is no such file, or it is no trace.
    InvalidValue
        If another version of the table of functions made it.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise MissingFile(f"the trace {path} cannot be read: {error.strerror}.", "Give its path.") from error
    with file:
        head = file.read(FIRST_BYTE)
        if len(head) < FIRST_BYTE or _HEADER.unpack_from(head)[0] != MAGIC:
            raise MissingFile(f"{path} is no trace.", "Make one: fullwell sdk trace -o FILE -- PROGRAM")
        _, digest, stopped, used, _, start_ns, utc_ns, ended, status = _HEADER.unpack_from(head)
        if digest != table_digest():
            raise InvalidValue(
                f"{path} was made by another version of fullwell, whose table of functions differs.",
                "Trace the program anew, or read the file with the version that made it.",
            )
        (size,) = struct.unpack_from("<I", head, _HEADER.size)
        begin = _HEADER.size + 4
        about = json.loads(head[begin : begin + size])
        lost = 0
        calls: list[Call] = []
        if used > FIRST_BYTE and path.stat().st_size > FIRST_BYTE:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                for each in _records(data, min(used, len(data))):
                    if each is None:
                        lost += 1
                    else:
                        calls.append(each)
    calls.sort(key=lambda each: each.start_ns)
    numbered = tuple(_numbered(each, number) for number, each in enumerate(calls, 1))
    return Trace(path, about, numbered, start_ns, utc_ns, bool(ended), status, bool(stopped), lost)


def _numbered(call: Call, number: int) -> Call:
    return replace(call, number=number)


def _records(data: mmap.mmap, end: int) -> Iterator[Call | None]:
    """The records one after the other; None for one that was given room and never written."""
    at, states, gap = FIRST_BYTE, {each.value for each in State}, False
    while at + _RECORD.size <= end:
        words = _RECORD.unpack_from(data, at)
        if words[0] in states and words[1] >= _RECORD.size and at + words[1] <= end:
            if gap:
                yield None
            yield _call(data, at, words)
            at, gap = at + words[1], False
        else:
            at, gap = at + 8, True
    if gap:
        yield None


def _call(data: mmap.mmap, at: int, words: tuple[int, ...]) -> Call:
    state, _, function, count, process, thread, repeats, absent, told, unchanged, parts, _ = words[:12]
    start_ns, until_ns, busy_ns, longest_ns, result, frame_bytes, frame_hash = words[12:]
    export = exports()[function]
    at += _RECORD.size
    numbers = struct.unpack_from(f"<{count}Q", data, at)
    texts = iter(list(_parts(data, at + 8 * count, parts)))
    given: dict[str, Value] = {}
    written: dict[str, Value] = {}
    null, same = set(), set()
    for place, parameter in enumerate(export.parameters):
        if absent >> place & 1:
            null.add(parameter.name)
        long = parameter.kind in ("text", "block", "chars")
        text = next(texts, b"") if long else b""
        if parameter.written:
            if told >> place & 1:
                written[parameter.name] = _value(parameter.kind, numbers[place], text)
                if unchanged >> place & 1:
                    same.add(parameter.name)
        elif parameter.kind != "pointer" and parameter.name not in null:
            given[parameter.name] = _value(parameter.kind, numbers[place], text)
    answer: Value = _value(export.returns, result, next(texts, b"") if export.returns == "text" else b"")
    frame = Frame(frame_bytes, frame_hash) if frame_bytes else None
    return Call(
        0, export, process, thread, State(state), repeats, start_ns, until_ns, busy_ns, longest_ns,
        given, frozenset(null), answer, written, frozenset(same), frame,
    )  # fmt: skip


def _parts(data: mmap.mmap, at: int, count: int) -> Iterator[bytes]:
    for _ in range(count):
        room, size = _PART.unpack_from(data, at)
        yield data[at + 8 : at + 8 + min(size, room)]
        at += 8 + (room + 7) // 8 * 8


def _value(kind: str, bits: int, text: bytes) -> Value:
    match kind:
        case "text":
            return text.decode("utf-8", "replace")
        case "block" | "chars":
            return text
        case "f64" | "f32":
            number: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
            return number
        case "i32":
            return bits - (bits >> 63 << 64)
        case _:
            return bits
