"""Makes a recorded call again, on another library."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.serve.sdk.binding import CTYPES
from fullwell.serve.sdk.exports import Parameter
from fullwell.serve.sdk.trace.calls import NO_CAMERA, Call, Frame, Value
from fullwell.serve.sdk.trace.generate import BYTES, FRAMES

INVENTED: Final = 0x10
"""Address given for a handle that no library ever gave: read by none that looks first."""
TEXT_BYTES: Final = 1024
FILL: Final = b"\xee"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave now.

    Attributes
    ----------
    result : int, float or str
        Handles are numbers of cameras, as in the trace.
    told : mapping
        What was written, by parameter.
    frame : Frame or None
    busy_ns : int
        What it took.
    """

    result: Value
    told: dict[str, Value] = field(default_factory=dict)
    frame: Frame | None = None
    busy_ns: int = 0


class Caller:
    """Calls a library as a recorded program did.

    Parameters
    ----------
    library : ctypes.CDLL
        With types, by `fullwell.serve.sdk.binding.bind`.
    tracer : ctypes.CDLL or None
        Takes the hash of frames; None = frames get none.
    """

    def __init__(self, library: ctypes.CDLL, tracer: ctypes.CDLL | None) -> None:
        self._library, self._tracer = library, tracer
        self._handles: dict[int, int | None] = {0: None}
        self._identities: dict[str, str] = {}
        self._images: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def can_repeat(self, call: Call) -> bool:
        """Whether all that went in is known: not where a pointer pointed to is not in the trace."""
        if not hasattr(self._library, call.export.name):
            return False
        pointers = (each.name for each in call.export.parameters if each.kind == "pointer")
        return call.export.name in FRAMES or all(name in call.absent for name in pointers)

    def call(self, call: Call) -> Answer:
        """Make the call."""
        rooms: dict[str, Any] = {}
        arguments = [self._argument(call, each, rooms) for each in call.export.parameters]
        function = getattr(self._library, call.export.name)
        begin_ns = time.monotonic_ns()
        raw = function(*arguments)
        busy_ns = time.monotonic_ns() - begin_ns
        told = {
            each.name: value
            for each in call.export.parameters
            if each.name in rooms and (value := _written(each, rooms[each.name])) is not None
        }
        result = self._result(call, raw)
        self._learn(call, told)
        frame = self._frame(told, arguments[-1]) if call.export.name in FRAMES and result == 0 else None
        return Answer(result, told, frame, busy_ns)

    def _argument(self, call: Call, parameter: Parameter, rooms: dict[str, Any]) -> Any:
        name = parameter.name
        if name in call.absent:
            return None
        if parameter.written:
            rooms[name] = _room(parameter)
            return ctypes.addressof(rooms[name])
        if parameter.kind == "pointer":
            return self._image(call).ctypes.data
        value = call.given[name]
        if parameter.kind == "handle":
            return INVENTED if value == NO_CAMERA else self._handles.get(int(value))
        if parameter.kind == "text":
            text = str(value)
            return self._identities.get(text, text).encode()
        return value

    def _image(self, call: Call) -> NDArray[np.uint8]:
        """Room for the largest frame of the camera, one for each thread of the program."""
        handle = int(call.given.get("handle", 0))
        known = self._images.get((handle, call.thread))
        told = self._library.GetQHYCCDMemLength(self._handles.get(handle)) if known is None else 0
        least = max(call.frame.size_bytes if call.frame else 0, 0 if told == 0xFFFFFFFF else told, TEXT_BYTES)
        if known is None or len(known) < least:
            known = self._images[handle, call.thread] = np.empty(least, np.uint8)
        return known

    def _result(self, call: Call, raw: Any) -> Value:
        if call.export.returns == "handle":
            number = int(call.result)
            if raw and number:
                self._handles[number] = raw
            return number if bool(raw) == bool(number) else 0 if not raw else NO_CAMERA
        if isinstance(raw, bytes):
            return raw.decode("utf-8", "replace")
        return 0 if raw is None else raw

    def _learn(self, call: Call, told: dict[str, Value]) -> None:
        """A camera that was found has another name here."""
        if call.export.name == "GetQHYCCDId" and "id" in call.told and "id" in told:
            self._identities[str(call.told["id"])] = str(told["id"])

    def _frame(self, told: dict[str, Value], image: int | None) -> Frame | None:
        sides = [told.get(name) for name in ("width", "height", "bpp", "channels")]
        if None in sides:
            return None
        width, height, bits, channels = (int(side) for side in sides if side is not None)
        size = width * height * channels * ((bits + 7) // 8)
        known = 0
        if image and self._tracer is not None:
            known = int(self._tracer.fullwell_frame_hash(image, size))
        return Frame(size, known)


def _room(parameter: Parameter) -> Any:
    """Where a function may write, filled with a pattern by which it is seen whether it did."""
    size = TEXT_BYTES if parameter.kind == "text" else parameter.size_bytes
    if parameter.kind in ("text", *BYTES):
        return ctypes.create_string_buffer(FILL * TEXT_BYTES, max(size, TEXT_BYTES))
    room = CTYPES[parameter.kind]()
    ctypes.memset(ctypes.addressof(room), FILL[0], ctypes.sizeof(room))
    return room


def _written(parameter: Parameter, room: Any) -> Value | None:
    """What was written; None if nothing was."""
    raw = bytes(room)
    if raw == FILL * len(raw):
        return None
    if parameter.kind == "text":
        return raw.split(b"\0")[0].rstrip(FILL).decode("utf-8", "replace")
    if parameter.kind in BYTES:
        return raw[: parameter.size_bytes]
    value: Value = room.value
    return value
