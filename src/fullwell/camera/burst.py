"""Burst: a chosen number of frames of the free run, and how the camera's quirks are kept from the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fullwell.camera.request import whole
from fullwell.errors import InvalidValue, NotSupported, OutOfRange
from fullwell.models.facts import CameraModel

LARGEST_END: Final = 2**32 - 1
"""The vendor's library takes 32 bits."""

FLUSHING_PATCH_NUMBER: Final = 32001
"""Pads the last packet so that the last frame comes out at once; the value that EZCAP_QT sends."""

FIRST_START: Final = 1
"""Frames 0 and 1 after a release are not used, as in the vendor's examples."""


@dataclass(frozen=True, slots=True)
class BurstPlan:
    """Which frames are wanted, and what the camera is told so that they come.

    Attributes
    ----------
    start, end : int
        Counters after the release; frames strictly between are wanted.
    told_start : int
        What the camera is told instead of `start`: lower where it may leave out the first frames. Those that come
        all the same are skipped.
    """

    start: int
    end: int
    told_start: int

    @property
    def frames(self) -> int:
        """How many frames are wanted."""
        return self.end - self.start - 1

    def wants(self, counter: int) -> bool:
        """Whether the frame with this counter is wanted."""
        return self.start < counter < self.end

    def ends_with(self, counter: int) -> bool:
        """Whether no wanted frame comes after this one."""
        return counter >= self.end - 1


def burst_plan(
    model: CameraModel, link: str, *, frames: int | None = None, start: int | None = None, end: int | None = None
) -> BurstPlan:
    """A plan of the arguments of `Camera.burst`.

    Parameters
    ----------
    model : CameraModel
    link : str
        Name of the cable.
    frames : int, optional
        How many, or
    start, end : int, optional
        the vendor's two numbers.

    Raises
    ------
    NotSupported
        If the camera has no burst mode.
    InvalidValue, OutOfRange
        If the numbers are none, or make no burst.

    Examples
    --------
    Over fibre the first burst lacks its first frame, so one more is asked for:

    >>> from fullwell import models
    >>> camera = models.load("qhy600-pro")
    >>> burst_plan(camera, "usb3", start=1, end=6)
    BurstPlan(start=1, end=6, told_start=1)
    >>> burst_plan(camera, "fibre", frames=4)
    BurstPlan(start=1, end=6, told_start=0)
    """
    if model.burst is None:
        raise NotSupported(f"the {model.name} has no burst mode.", "Use live(frames=...).")
    spare = int(link in model.burst.first_lost_links) + int(model.burst.late_from_exposure_s is not None)
    if frames is not None and start is None and end is None:
        first = max(FIRST_START, spare)
        most = LARGEST_END - first - 1
        if not 1 <= whole("frames", frames) <= most:
            raise OutOfRange("frames", frames, 1, most)
        return BurstPlan(first, first + 1 + whole("frames", frames), first - spare)
    if frames is not None or start is None or end is None:
        raise InvalidValue("a burst needs either frames, or start and end.", "Give burst(frames=4), for example.")
    first, last = whole("start", start), whole("end", end)
    if not spare <= first <= LARGEST_END - 2:
        raise OutOfRange("start", first, spare, LARGEST_END - 2)
    if not first + 2 <= last <= LARGEST_END:
        raise OutOfRange("end", last, first + 2, LARGEST_END)
    return BurstPlan(first, last, first - spare)
