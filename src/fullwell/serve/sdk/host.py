"""The engine's side of the door: programs connect by a unix socket, a thread answers each connection."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Final

from fullwell.errors import FullwellError, NotWritable
from fullwell.serve.sdk.remote import answer_switch
from fullwell.serve.sdk.vendor_library import VendorLibrary
from fullwell.serve.sdk.wire import (
    FAILED,
    QUESTION_BYTES,
    SWITCHES,
    Answer,
    greet,
    read_question,
    receive_exactly,
    write_answer,
)

log = logging.getLogger(__name__)

BACKLOG: Final = 64
LOOK_S: Final = 0.25


def default_socket() -> Path:
    """Where library and engine meet: ``FULLWELL_SDK_SOCKET``, else the user's run-time folder, else ``/tmp``."""
    if given := os.environ.get("FULLWELL_SDK_SOCKET"):
        return Path(given)
    if folder := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(folder) / "fullwell-sdk.sock"
    return Path(f"/tmp/fullwell-sdk-{os.getuid()}.sock")


class Host:
    """Listens, and answers until it is closed.

    Parameters
    ----------
    library : VendorLibrary
    path : Path
        Of the socket; only this user may connect.

    Raises
    ------
    NotWritable
        If the socket cannot be made, or another engine listens there.
    """

    def __init__(self, library: VendorLibrary, path: Path) -> None:
        self._library, self._path = library, path
        self._clients: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._idle_since_s = 0.0
        self._socket = _listen(path)

    @property
    def clients(self) -> int:
        """How many programs are connected."""
        with self._lock:
            return len(self._clients)

    def serve(self, idle_s: float | None = None) -> None:
        """Answer until `close`, or until nobody has been connected for `idle_s`."""
        idle = 0.0
        while not self._closing.is_set():
            try:
                line, _ = self._socket.accept()
            except TimeoutError:
                idle = 0.0 if self.clients else idle + LOOK_S
                if idle_s is not None and idle >= idle_s:
                    return
                continue
            except OSError:
                return
            line.settimeout(None)
            threading.Thread(target=self._converse, args=(line,), name="sdk-client", daemon=True).start()

    def close(self) -> None:
        """Stop listening and close the cameras."""
        self._closing.set()
        self._socket.close()
        self._path.unlink(missing_ok=True)
        self._library.close()

    def _converse(self, line: socket.socket) -> None:
        with line:
            process = greet(line)
            if process is None:
                return
            if process == SWITCHES:
                answer_switch(line, self._library.quirks)
                return
            with self._lock:
                self._clients[process] += 1
            try:
                self._answer_all(line, process)
            except OSError as error:
                log.info("process %d is gone: %s", process, error)
            finally:
                with self._lock:
                    self._clients[process] -= 1
                    last = self._clients[process] == 0
                    if last:
                        del self._clients[process]
                if last:
                    self._library.forget_process(process)

    def _answer_all(self, line: socket.socket, process: int) -> None:
        data = bytearray(QUESTION_BYTES)
        room = memoryview(data)
        while receive_exactly(line, room):
            question = read_question(data)
            try:
                answer = self._library.answer(question, process)
            except FullwellError as error:
                log.warning("%s: %s", question.export.name, error)
                answer = Answer(FAILED)
            except Exception:
                log.exception("%s failed", question.export.name)
                answer = Answer(FAILED)
            reply = write_answer(question.export, answer)
            file = self._library.camera_file(int(answer.result)) if question.export.name == "OpenQHYCCD" else None
            if file is None:
                line.sendall(reply)
            else:
                socket.send_fds(line, [reply], [file])


def _listen(path: Path) -> socket.socket:
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise NotWritable(f"an engine listens at {path} already.", "Stop it, or set FULLWELL_SDK_SOCKET.")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise NotWritable(
            f"{path} cannot be made: {error}.", "Set FULLWELL_SDK_SOCKET to another path."
        ) from error
    finally:
        os.umask(old)
    listener.listen(BACKLOG)
    listener.settimeout(LOOK_S)
    return listener
