"""Quirks and faults that are switched on, and what they do to frames."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import UnknownName
from fullwell.models.sdk.quirks import load_profiles, load_quirks

EVERYTHING: Final = "all"
_FLAGS: Final = (17, 25, 33)
_SECONDS: Final = (18, 26, 34)
_LOCKED_FLAG: Final = 0x33
STAMP_BYTES: Final = 44


class Quirks:
    """The names that are on; may be switched while programs run.

    Parameters
    ----------
    names : iterable of str
        Quirks, profiles, or "all".

    Raises
    ------
    UnknownName
        If there is no such quirk or profile.

    Examples
    --------
    >>> quirks = Quirks(["sdk-26.6.4"])
    >>> quirks.switch("zero-frames", True)
    >>> sorted(quirks)
    ['id-36-bytes', 'timeout-success', 'zero-frames']
    >>> "torn-frame" in quirks
    False
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._on: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        for name in names:
            self.switch(name, True)

    def __contains__(self, name: str) -> bool:
        return name in self._on

    def __iter__(self) -> Iterator[str]:
        return iter(self._on)

    def switch(self, name: str, on: bool) -> None:
        """Switch a quirk, or all of a profile, on or off.

        Raises
        ------
        UnknownName
            If there is none of this name.
        """
        known = {EVERYTHING: tuple(load_quirks()), **load_profiles(), **{each: (each,) for each in load_quirks()}}
        if name not in known:
            raise UnknownName("quirk", name, known)
        with self._lock:
            self._on = self._on | set(known[name]) if on else self._on - set(known[name])


class FrameQuirks:
    """What the quirks do to the frames of one camera, on their way to the program.

    Parameters
    ----------
    quirks : Quirks
    """

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._last: NDArray[Any] | None = None
        self._frames = 0

    def begin_run(self) -> None:
        """A live run begins."""
        self._frames = 0

    def clear_memory(self) -> None:
        """The camera's memory is cleared: nothing old is in it any more."""
        self._last = None

    def left_over(self, out: NDArray[Any]) -> bool:
        """Fill `out` with what the memory still holds of the run before; False if that is nothing like it."""
        if "stale-ddr-frame" not in self._quirks or not self._fits(out):
            return False
        out[...] = self._last
        return True

    def comes(self) -> bool:
        """Whether the next frame of the run comes at all."""
        self._frames += 1
        lost = "first-live-frame-lost" in self._quirks and self._frames == 1
        return not lost and "cable-out" not in self._quirks and "cable-out-success" not in self._quirks

    def spoil(self, out: NDArray[Any], stamped: bool, live: bool) -> None:
        """Change a frame in place.

        Parameters
        ----------
        out : ndarray, shape (rows, columns)
        stamped : bool
            Whether a GPS stamp stands in it.
        live : bool
            Of a live run.
        """
        if stamped and "bogus-gps-lock" in self._quirks and out.nbytes >= STAMP_BYTES:
            _lock(out.reshape(-1).view(np.uint8))
        if live and not {"torn-frame", "stale-ddr-frame"}.isdisjoint(self._quirks):
            whole = out.copy()
            if "torn-frame" in self._quirks and self._last is not None and self._fits(out):
                seam = out.shape[0] // 2
                out[seam:] = self._last[seam:]
            self._last = whole
        if "zero-frames" in self._quirks:
            out.fill(0)

    def _fits(self, out: NDArray[Any]) -> bool:
        return self._last is not None and self._last.shape == out.shape and self._last.dtype == out.dtype


def _lock(data: NDArray[np.uint8]) -> None:
    for flag, second in zip(_FLAGS, _SECONDS, strict=True):
        data[flag] = _LOCKED_FLAG
        data[second : second + 4] = 0
