"""Faults of cameras and cables, on request: which frame goes wrong, and how. All are off unless asked for.

A fault is data: its kind, the frames it befalls (by hardware number, by the time at which they start, or by
chance), and its parameters. The answer key of a frame names the faults in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameReport
from fullwell.chance.keys import key
from fullwell.errors import InvalidValue, OutOfRange, UnknownName

__all__ = ["Fault", "FaultKind", "FaultPlan"]


class FaultKind(StrEnum):
    """What can go wrong with a frame."""

    LOST_ON_LINK = "lost on link"
    """Its packets do not arrive; its number is missing."""
    ZERO = "zero"
    """It arrives without an error, and all pixels are 0."""
    REPEATED = "repeated"
    """It arrives with its own number and times, but with the pixels of the frame before."""
    TORN = "torn"
    """From a seam on its rows are those of the frame before."""
    STALE = "stale"
    """A live run that begins with this frame number first delivers the last frame of the time before again."""


SEAM: Final = "seam"
"""Parameter of TORN: where the seam is, as a fraction of the rows, above 0 and below 1."""

PARAMETERS: Final[Mapping[FaultKind, Mapping[str, float]]] = {
    **{kind: {} for kind in FaultKind},
    FaultKind.TORN: {SEAM: 0.5},
}
"""Parameters of each kind, with their defaults."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault and the frames that it befalls.

    Parameters
    ----------
    kind : FaultKind or str
    frames : collection of int
        Hardware frame numbers: a range, a set, a list.
    between_ns : tuple of int, optional
        UTC; it befalls also the frames that start from the first to before the second instant.
    parameters : mapping of str to float
        See `PARAMETERS`; what is left away has its default.
    rate : float
        It befalls also this part of all frames, 0 to 1, by chance: the same frames whenever they are drawn.

    Raises
    ------
    UnknownName
        If there is no such kind or parameter.
    OutOfRange
        If a seam is not inside the frame, or a rate is no part.
    InvalidValue
        If it befalls no frame.

    Examples
    --------
    >>> fault = Fault("torn", frames=[3], parameters={"seam": 0.25})
    >>> fault.befalls(3, 0), fault.befalls(4, 0)
    (True, False)
    """

    kind: FaultKind
    frames: Collection[int] = ()
    between_ns: tuple[int, int] | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    rate: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in tuple(FaultKind):
            raise UnknownName("fault", self.kind, FaultKind)
        object.__setattr__(self, "kind", FaultKind(self.kind))
        for name in self.parameters:
            if name not in PARAMETERS[self.kind]:
                raise UnknownName(f"parameter of the fault {self.kind!r}", name, PARAMETERS[self.kind])
        if SEAM in self.parameters and not 0.0 < self.parameters[SEAM] < 1.0:
            raise OutOfRange("seam", self.parameters[SEAM], 0, 1)
        if not 0.0 <= self.rate <= 1.0:
            raise OutOfRange("rate", self.rate, 0, 1)
        if not len(self.frames) and self.between_ns is None and not self.rate:
            raise InvalidValue(
                f"the fault {self.kind!r} befalls no frame.", "Give frames, between_ns, or a rate."
            )

    def befalls(self, number: int, start_ns: int, seed: int = 0) -> bool:
        """Whether a frame has it; `seed` decides which ones chance hits."""
        span = self.between_ns
        return (
            number in self.frames
            or (span is not None and span[0] <= start_ns < span[1])
            or (self.rate > 0.0 and key(seed, self.kind, number, start_ns) < self.rate * 2.0**64)
        )

    def parameter(self, name: str) -> float:
        """A parameter, or its default."""
        return self.parameters.get(name, PARAMETERS[self.kind][name])


class FaultPlan:
    """All faults that a twin is to show, and what they did to its pixels.

    Parameters
    ----------
    faults : iterable of Fault
    seed : int
        Decides which frames those befall that come by chance.
    """

    def __init__(self, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        self._faults = tuple(faults)
        self._seed = seed
        self._more: dict[FaultKind, Fault] = {}
        if strangers := [fault for fault in self._faults if not isinstance(fault, Fault)]:
            raise InvalidValue(f"{strangers[0]!r} is no Fault.", "Give e.g. [Fault('zero', frames=[3])].")

    def begin(self, fault: Fault) -> None:
        """From now on there is this one too; it takes the place of another of its kind that began so."""
        self._more = {**self._more, fault.kind: fault}

    def end(self, kind: FaultKind) -> None:
        """The one of a kind that began while the twin ran is no more. Harmless when there is none."""
        self._more = {other: fault for other, fault in self._more.items() if other is not kind}

    def find(self, kind: FaultKind, number: int, start_ns: int) -> Fault | None:
        """The first fault of a kind that befalls a frame."""
        if not self._faults and not self._more:
            return None
        known = (*self._faults, *self._more.values())
        return next(
            (each for each in known if each.kind is kind and each.befalls(number, start_ns, self._seed)), None
        )

    def loses(self, number: int, start_ns: int) -> bool:
        """Whether the cable loses a frame."""
        return self.find(FaultKind.LOST_ON_LINK, number, start_ns) is not None

    def stale(self, number: int, start_ns: int) -> bool:
        """Whether a live run that begins so delivers a frame of the time before."""
        return self.find(FaultKind.STALE, number, start_ns) is not None

    def spoil(
        self, out: NDArray[Any], number: int, start_ns: int, redraw: Callable[[NDArray[Any]], FrameReport | None]
    ) -> str:
        """Do to a frame what is planned for it.

        Parameters
        ----------
        out : ndarray, shape (rows, columns)
            The frame; changed in place.
        number : int
            Hardware frame number.
        start_ns : int
            UTC.
        redraw : callable
            Draws the frame before into an array like `out` and gives its report; None if there is none like it.

        Returns
        -------
        str
            What was done, "" if nothing.
        """
        if not self._faults and not self._more:
            return ""
        if self.find(FaultKind.ZERO, number, start_ns):
            out.fill(0)
            return "zero: all pixels set to 0"
        if self.find(FaultKind.REPEATED, number, start_ns) and (original := redraw(out)) is not None:
            return f"repeated: pixels of frame {original.sequence}"
        torn = self.find(FaultKind.TORN, number, start_ns)
        if torn is not None and (told := _tear(out, torn.parameter(SEAM), redraw)):
            return told
        return ""


def _tear(out: NDArray[Any], seam: float, redraw: Callable[[NDArray[Any]], FrameReport | None]) -> str:
    rows = out.shape[0]
    first = min(rows - 1, max(1, round(seam * rows)))
    before = np.empty_like(out)
    original = redraw(before)
    if original is None:
        return ""
    out[first:] = before[first:]
    return f"torn: rows {first} to {rows - 1} are those of frame {original.sequence}"
