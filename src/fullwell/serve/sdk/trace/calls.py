"""Trace files: their layout, which ``source/trace.c`` writes, and the calls in them."""

from __future__ import annotations

import json
import mmap
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final

from fullwell.errors import InvalidValue, MissingFile, NotWritable
from fullwell.serve.sdk.exports import Export, Parameter, exports, table_digest

MAGIC: Final = 0x3145434152545746
FIRST_BYTE: Final = 65536
NO_CAMERA: Final = (1 << 64) - 1
"""Stands for a handle that the library never gave."""

_HEADER: Final = struct.Struct("<Q2I2Q2q2I")
_RECORD: Final = struct.Struct("<12I7Q")
_START: Final = 12
"""Place of the beginning in a record."""
_PART: Final = struct.Struct("<2I")
_DOUBLE: Final = struct.Struct("<d")
_BITS: Final = struct.Struct("<Q")
_NOBODY: Final[frozenset[str]] = frozenset()

Value = int | float | str | bytes


class State(Enum):
    """How far a call had come when the trace was read."""

    BEGUN = 0x4E474542
    DONE = 0x454E4F44
    AGAIN = 0x4E494741
    """Done, and then under way once more."""


_STATES: Final = {each.value: each for each in State}


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
    InvalidValue
        If there is too much to be known of it.
    """
    if path.exists() and not overwrite:
        raise NotWritable(f"{path} is there already.", "Choose another name with -o, or add --overwrite.")
    text = json.dumps(about).encode()
    if len(text) > FIRST_BYTE - _HEADER.size - 4:
        raise InvalidValue("the command line is too long for a trace.", "Put the arguments into a script.")
    head = _HEADER.pack(
        MAGIC, table_digest(), 0, FIRST_BYTE, FIRST_BYTE, time.monotonic_ns(), time.time_ns(), 0, 0
    )
    try:
        path.write_bytes((head + struct.pack("<I", len(text)) + text).ljust(FIRST_BYTE, b"\0"))
    except OSError as error:
        raise NotWritable(
            f"{path} cannot be written: {error.strerror}.", "Choose another place with -o."
        ) from error


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
        calls: tuple[Call, ...] = ()
        lost = 0
        if used > FIRST_BYTE and path.stat().st_size > FIRST_BYTE:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                found, lost = _records(data, min(used, len(data)))
                calls = tuple(_call(data, at, words, number) for number, (at, words) in enumerate(found, 1))
    return Trace(path, about, calls, start_ns, utc_ns, bool(ended), status, bool(stopped), lost)


def _records(data: mmap.mmap, end: int) -> tuple[list[tuple[int, tuple[int, ...]]], int]:
    """Where the records lie and their fixed parts, in the order in which calls began; how many gaps there are.

    A gap is a record that was given room and never written.
    """
    found: list[tuple[int, tuple[int, ...]]] = []
    at, gaps, in_gap = FIRST_BYTE, 0, False
    while at + _RECORD.size <= end:
        words = _RECORD.unpack_from(data, at)
        if words[0] in _STATES and words[1] >= _RECORD.size and at + words[1] <= end:
            found.append((at, words))
            at, in_gap = at + words[1], False
        else:
            gaps += not in_gap
            at, in_gap = at + 8, True
    found.sort(key=lambda each: each[1][_START])
    return found, gaps


def _call(data: mmap.mmap, at: int, words: tuple[int, ...], number: int) -> Call:
    state, _, function, count, process, thread, repeats, absent, told, unchanged, parts, _ = words[:12]
    start_ns, until_ns, busy_ns, longest_ns, result, frame_bytes, frame_hash = words[12:]
    export, plan = _plan(function)
    at += _RECORD.size
    numbers = struct.unpack_from(f"<{count}Q", data, at)
    texts = _parts(data, at + 8 * count, parts) if parts else iter(())
    given: dict[str, Value] = {}
    written: dict[str, Value] = {}
    for bit, parameter, value_of in plan:
        name = parameter.name
        text = next(texts, b"") if value_of is _text or value_of is _block else b""
        if parameter.written:
            if told & bit:
                written[name] = value_of(numbers[bit.bit_length() - 1], text)
        elif not absent & bit and parameter.kind != "pointer":
            given[name] = value_of(numbers[bit.bit_length() - 1], text)
    answer = _READERS.get(export.returns, _number)(result, next(texts, b"") if export.returns == "text" else b"")
    return Call(
        number, export, process, thread, _STATES[state], repeats, start_ns, until_ns, busy_ns, longest_ns,
        given, _names(plan, absent), answer, written, _names(plan, unchanged),
        Frame(frame_bytes, frame_hash) if frame_bytes else None,
    )  # fmt: skip


def _names(plan: Sequence[_Step], bits: int) -> frozenset[str]:
    return frozenset(step[1].name for step in plan if bits & step[0]) if bits else _NOBODY


def _parts(data: mmap.mmap, at: int, count: int) -> Iterator[bytes]:
    for _ in range(count):
        room, size = _PART.unpack_from(data, at)
        yield data[at + 8 : at + 8 + min(size, room)]
        at += 8 + (room + 7) // 8 * 8


def _number(bits: int, _text: bytes) -> Value:
    return bits


def _signed(bits: int, _text: bytes) -> Value:
    return bits - (bits >> 63 << 64)


def _double(bits: int, _text: bytes) -> Value:
    value: float = _DOUBLE.unpack(_BITS.pack(bits))[0]
    return value


def _text(_bits: int, text: bytes) -> Value:
    return text.decode("utf-8", "replace")


def _block(_bits: int, text: bytes) -> Value:
    return text


_Reader = Callable[[int, bytes], Value]
_Step = tuple[int, Parameter, _Reader]
_READERS: Final[dict[str, _Reader]] = {
    "text": _text,
    "block": _block,
    "chars": _block,
    "f32": _double,
    "f64": _double,
    "i32": _signed,
}


@cache
def _plan(function: int) -> tuple[Export, tuple[_Step, ...]]:
    """How the values of a function are read: bit of each parameter, and what makes a value of its 64 bits."""
    export = exports()[function]
    steps = ((1 << i, each, _READERS.get(each.kind, _number)) for i, each in enumerate(export.parameters))
    return export, tuple(steps)
