"""The parent's side of the child process: commands with limits of time, and the end of a child that hangs."""

from __future__ import annotations

import itertools
import mmap
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Final

from fullwell.errors import DeviceLost, FullwellError

COMMAND_S: Final = 20.0
"""Longest that any ordinary command may take: initialisation of a real camera takes five."""
PING_S: Final = 2.0
GRACE_S: Final = 1.0
"""How long a child may take that was asked to end."""
DYING_S: Final = 0.05
"""The same of one that has died or hangs."""


class Worker:
    """A child process with the vendor's library in it.

    Parameters
    ----------
    frame_bytes : int
        Size of the shared memory: the largest frame.
    """

    def __init__(self, frame_bytes: int) -> None:
        file = os.memfd_create("fullwell-qhyccd")
        try:
            os.ftruncate(file, frame_bytes)
            self.frames = mmap.mmap(file, frame_bytes)
            self._line, theirs = Pipe()
            os.set_inheritable(theirs.fileno(), True)
            os.set_inheritable(file, True)
            words = [str(theirs.fileno()), str(file), str(frame_bytes)]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fullwell.qhyccd.child", *words],
                pass_fds=(theirs.fileno(), file),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            theirs.close()
        finally:
            os.close(file)
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._gone: DeviceLost | None = None
        threading.Thread(target=self._listen, name="fullwell-qhyccd", daemon=True).start()

    @property
    def process_id(self) -> int:
        """Of the child."""
        return self._process.pid

    def do(self, name: str, *arguments: Any, limit_s: float | None = COMMAND_S) -> Any:
        """Have a command carried out.

        Parameters
        ----------
        name : str
            A method of `fullwell.qhyccd.commands.Commands`.
        *arguments
        limit_s : float
            How long it may take, s. A child that takes longer is ended: the vendor's library hangs. None = it
            waits for something outside.

        Raises
        ------
        DeviceLost
            If the child has died, or is ended.
        FullwellError
            What the command raises.
        """
        answer: Future[Any] = Future()
        with self._lock:
            if self._gone is not None:
                raise self._gone
            number = next(self._numbers)
            self._waiting[number] = answer
            try:
                self._line.send((number, name, arguments))
            except OSError as error:
                raise self._end(_crashed(self._process)) from error
        try:
            return answer.result(limit_s)
        except TookTooLong:
            with self._lock:
                raise self._end(_hung(name, limit_s or 0.0)) from None
        except RuntimeError as error:
            if isinstance(error, FullwellError):
                raise
            raise DeviceLost(f"the driver failed in {name}: {error}.", "open() again.") from error

    def answers(self) -> bool:
        """Whether the child is alive and listening, even if the library is busy."""
        try:
            self.do("ping", limit_s=PING_S)
        except DeviceLost:
            return False
        return True

    def close(self) -> None:
        """End the child in good order, or else by force."""
        with self._lock:
            self._end(DeviceLost("the camera was closed.", "open() it first."), GRACE_S)

    def _listen(self) -> None:
        line: Connection = self._line
        while True:
            try:
                number, good, value = line.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                answer = self._waiting.pop(number, None)
            if answer is not None and good:
                answer.set_result(value)
            elif answer is not None:
                answer.set_exception(value)
        with self._lock:
            self._end(_crashed(self._process))

    def _end(self, error: DeviceLost, grace_s: float = DYING_S) -> DeviceLost:
        """The child ends, after `grace_s` by force; whoever waits gets `error`. To be called with the lock."""
        if self._gone is None:
            self._gone = error
            self._line.close()
            try:
                self._process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            waiting, self._waiting = self._waiting, {}
            for answer in waiting.values():
                answer.set_exception(error)
        return self._gone


def _crashed(process: subprocess.Popen[bytes]) -> DeviceLost:
    return DeviceLost(
        f"the process with the vendor's library has died (process {process.pid}).",
        "Nothing else is harmed; open() starts it again with the same settings.",
    )


def _hung(name: str, limit_s: float) -> DeviceLost:
    return DeviceLost(
        f"the vendor's library did not come back from {name} within {limit_s:g} s and was ended.",
        "Check the cable and the power; open() starts it again with the same settings.",
    )
