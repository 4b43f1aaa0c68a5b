"""A single exposure that waits for its trigger, and the thread that waits for its frame."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fullwell.errors import ExposureAborted


class ArmedExposure:
    """An exposure that has not begun yet, as far as anybody can know.

    A soft trigger is known to the one who gave it. That another one has come is known only once its frame is
    there: so a thread waits for the frame, and the exposure counts as begun when it has arrived.

    Parameters
    ----------
    fetch : callable or None
        Waits for the frame and returns whether it came; None where only soft triggers are awaited.
    """

    def __init__(self, fetch: Callable[[], bool] | None) -> None:
        self._fetch = fetch
        self._changed = threading.Condition()
        self._begin_ns: int | None = None
        self._cancelled = False
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self.arrived = False

    @property
    def begin_ns(self) -> int | None:
        """UTC of its beginning; None while it waits."""
        return self._begin_ns

    def begin(self, begin_ns: int) -> None:
        """Its trigger has come."""
        with self._changed:
            self._begin_ns = begin_ns
            self._changed.notify_all()

    def cancel(self) -> None:
        """Give it up."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until it has begun; False = not in that time.

        Raises
        ------
        ExposureAborted
            If it was given up.
        Exception
            What the fetching thread raised.
        """
        with self._changed:
            if self._fetch is not None and self._thread is None and self._begin_ns is None:
                self._thread = threading.Thread(target=self._wait_for_frame, daemon=True)
                self._thread.start()
            self._changed.wait_for(self._settled, timeout_s)
            if self._error is not None:
                raise self._error
            if self._cancelled:
                raise ExposureAborted("the exposure was aborted.", "Start another one.")
            return self._begin_ns is not None or self.arrived

    def join(self) -> None:
        """Wait until the frame is there, if a thread waits for it already.

        Raises
        ------
        ExposureAborted, Exception
            As `wait`.
        """
        if self._thread is not None:
            self._thread.join()
            self.wait(0.0)

    def _settled(self) -> bool:
        return self._begin_ns is not None or self.arrived or self._cancelled or self._error is not None

    def _wait_for_frame(self) -> None:
        assert self._fetch is not None
        error: Exception | None = None
        came = False
        try:
            came = self._fetch()
        except Exception as caught:  # it is raised again where somebody waits
            error = caught
        with self._changed:
            self.arrived, self._error = came, error
            self._cancelled = self._cancelled or not (came or error)
            self._changed.notify_all()
