"""Threads in tests: run a call beside the test, wait for what another thread is about to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

NOON_NS = 1_800_000_000_000_000_000
"""Where simulated clocks start, UTC ns."""


class InThread:
    """Run a call beside the test; `outcome` waits for what it returned or raised."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call, self._outcome = call, None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome = self._call()
        except Exception as error:
            self._outcome = error

    def running(self, patience_s: float = 0.0) -> bool:
        self._thread.join(patience_s)
        return self._thread.is_alive()

    def outcome(self) -> Any:
        assert not self.running(5.0), "still waiting"
        return self._outcome


def until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    """Wait in real time for something that another thread is about to do."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.001)
