"""The process in which the vendor's library lives, one for each camera: ``python -m fullwell.qhyccd.child``.

It reads commands from a pipe and answers each with its number. Three threads: one reads commands and answers
"ping" whatever the library is doing; one carries out what waits for frames; one all the rest.
"""

from __future__ import annotations

import mmap
import os
import queue
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

import numpy as np

from fullwell.errors import FullwellError, NotConnected
from fullwell.qhyccd.commands import KEEP_COOLING_S, Commands, scan

WAITING: Final = frozenset({"read_frame", "read_live"})
AT_ONCE: Final = frozenset({"cancel", "stop_live"})
"""Commands that must not wait in a queue behind what they end."""


class Child:
    """Carries out commands.

    Parameters
    ----------
    line : Connection
        To the parent.
    frames : mmap
        Shared with the parent: a frame is laid at its beginning.
    """

    def __init__(self, line: Connection, frames: mmap.mmap) -> None:
        self._line, self._frames = line, frames
        self._sending = threading.Lock()
        self._commands: Commands | None = None

    def run(self) -> None:
        """Answer until the parent is gone."""
        ordinary, waiting = queue.Queue[Any](), queue.Queue[Any]()
        for work in (ordinary, waiting):
            threading.Thread(target=self._work, args=(work, work is ordinary), daemon=True).start()
        while True:
            try:
                number, name, arguments = self._line.recv()
            except (EOFError, OSError):
                return
            if name == "ping":
                self._answer(number, True, None)
            elif name in AT_ONCE:
                threading.Thread(target=self._do, args=(number, name, arguments), daemon=True).start()
            else:
                (waiting if name in WAITING else ordinary).put((number, name, arguments))

    def _work(self, work: queue.Queue[Any], idles: bool) -> None:
        while True:
            try:
                number, name, arguments = work.get(timeout=KEEP_COOLING_S if idles else None)
            except queue.Empty:
                if self._commands is not None:
                    self._commands.keep_cooling()
                continue
            self._do(number, name, arguments)

    def _do(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            value = self._carry_out(name, arguments)
        except FullwellError as error:
            self._answer(number, False, error)
        except Exception as error:  # whatever it is, the parent must hear of it
            self._answer(number, False, RuntimeError(f"{type(error).__name__}: {error}"))
        else:
            self._answer(number, True, value)

    def _carry_out(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if name == "scan":
            return scan()
        if name == "open":
            self._commands = Commands(*arguments)
            return self._commands.facts()
        if self._commands is None:
            raise NotConnected("the camera is not open.", "Open it first.")
        if name in WAITING:
            shape, dtype, limit = arguments
            frame = np.frombuffer(self._frames, dtype, shape[0] * shape[1]).reshape(shape)
            method: Callable[..., Any] = getattr(self._commands, name)
            return method(frame, limit)
        return getattr(self._commands, name)(*arguments)

    def _answer(self, number: int, good: bool, value: Any) -> None:
        with self._sending:
            self._line.send((number, good, value))


def main() -> None:
    """Begin: the arguments are the descriptors of the pipe and of the shared memory, and the size of that."""
    line, file, size = (int(word) for word in sys.argv[1:4])
    Child(Connection(line), mmap.mmap(file, size)).run()
    os._exit(0)  # the library's own exit handlers are known to crash


if __name__ == "__main__":
    main()
