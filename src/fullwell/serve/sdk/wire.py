"""Questions and answers between the C library and the engine; ``source/engine.h`` says the same in C."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import Final

from fullwell.serve.sdk.exports import Export, exports, table_digest

PROTOCOL: Final = 1
MAGIC: Final = 0x6C6C6577
SWITCH_MAGIC: Final = 0x6B726971
"""Begins a connection that is no program's: it switches quirks."""
SWITCHES: Final = -1
NUMBERS: Final = 10
TEXT_BYTES: Final = 1024
FAILED: Final = 0xFFFFFFFF
SUCCESS: Final = 0

_HELLO: Final = struct.Struct("<4I")
_QUESTION: Final = struct.Struct(f"<2I{NUMBERS}Q2I{TEXT_BYTES}s")
_ANSWER: Final = struct.Struct(f"<{NUMBERS + 1}Q3I{TEXT_BYTES}s4x")
_DOUBLE: Final = struct.Struct("<d")
_BITS: Final = struct.Struct("<Q")

Value = int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Question:
    """A call that a program made.

    Attributes
    ----------
    export : Export
        Which function.
    camera : int
        Number of the open camera, 0 = none.
    values : mapping of str to int, float or str
        What went in, by parameter.
    absent : frozenset of str
        Parameters given as null pointers.
    """

    export: Export
    camera: int
    values: dict[str, Value]
    absent: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function returns.

    Attributes
    ----------
    result : int or float
    written : mapping of str to int, float, str or bytes
        What it writes, by parameter; what is not in here is left as it was. At most one text or block.
    text : str
        Of functions that return a text.
    """

    result: int | float = SUCCESS
    written: dict[str, Value] = field(default_factory=dict)
    text: str = ""


def _double_bits(value: float) -> int:
    bits: int = _BITS.unpack(_DOUBLE.pack(value))[0]
    return bits


def _bits_double(bits: int) -> float:
    value: float = _DOUBLE.unpack(_BITS.pack(bits))[0]
    return value


def receive_exactly(line: socket.socket, room: memoryview) -> bool:
    """Fill `room`; False = the other side is gone."""
    while room:
        count = line.recv_into(room)
        if not count:
            return False
        room = room[count:]
    return True


def greet(line: socket.socket) -> int | None:
    """Hear a new client's hello and answer it.

    Returns
    -------
    int or None
        Its process id; `SWITCHES` if it is none of the library's; None if it is not of our version.
    """
    room = bytearray(_HELLO.size)
    if not receive_exactly(line, memoryview(room)):
        return None
    magic, protocol, digest, process = _HELLO.unpack(room)
    if magic == SWITCH_MAGIC:
        return SWITCHES
    if (magic, protocol, digest) != (MAGIC, PROTOCOL, table_digest()):
        line.sendall(struct.pack("<I", 0))
        return None
    line.sendall(struct.pack("<I", MAGIC))
    return int(process)


QUESTION_BYTES: Final = _QUESTION.size


def read_question(data: bytearray) -> Question:
    """Understand a question."""
    number, camera, *words, absent, size, text = _QUESTION.unpack(data)
    export = exports()[number]
    texts = iter(text[: min(size, TEXT_BYTES)].decode("utf-8", "replace").split("\0"))
    values: dict[str, Value] = {}
    missing = set()
    for place, parameter in enumerate(export.parameters):
        if absent >> place & 1:
            missing.add(parameter.name)
        if parameter.written or parameter.kind in ("pointer", "handle"):
            continue
        if parameter.kind == "text":
            values[parameter.name] = next(texts, "")
        elif parameter.kind in ("f64", "f32"):
            values[parameter.name] = _bits_double(words[place])
        elif parameter.kind == "i32":
            values[parameter.name] = words[place] - (words[place] >> 31 << 32)
        else:
            values[parameter.name] = words[place]
    return Question(export, camera, values, frozenset(missing))


def write_answer(export: Export, answer: Answer) -> bytes:
    """An answer as it travels."""
    numbers = [0] * NUMBERS
    present, text_place, text = 0, 0, b""
    for place, parameter in enumerate(export.parameters):
        if parameter.name not in answer.written:
            continue
        value = answer.written[parameter.name]
        present |= 1 << place
        if isinstance(value, str | bytes):
            text_place, text = place, value.encode() + b"\0" if isinstance(value, str) else value
        elif parameter.kind == "f64":
            numbers[place] = _double_bits(value)
        else:
            numbers[place] = int(value) & 0xFFFFFFFF
    if answer.text:
        text = answer.text.encode()
    result = _double_bits(answer.result) if export.returns == "f64" else int(answer.result)
    return _ANSWER.pack(result, *numbers, present, text_place, len(text), text)
