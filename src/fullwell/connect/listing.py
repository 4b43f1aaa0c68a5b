"""What can be opened now: twins, and real cameras through the vendor's library. Draws in nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from fullwell import models
from fullwell.connect.names import CameraName, list_cameras, model_of
from fullwell.errors import FullwellError, UnknownName
from fullwell.qhyccd.bus import usb_cameras, why_none
from fullwell.qhyccd.device import QhyccdDevice


@dataclass(frozen=True, slots=True)
class Attached:
    """What can be opened, and why there is no real camera among it.

    Attributes
    ----------
    cameras : tuple of CameraName
        Twins first.
    trouble, remedy : str
        Why no real camera was found, and what to do about it; "" if one was.
    """

    cameras: tuple[CameraName, ...]
    trouble: str
    remedy: str


def scan_cameras() -> tuple[CameraName, ...]:
    """The real cameras that are attached, found by the vendor's library in a process of its own.

    Raises
    ------
    MissingFile, NotSupported
        If there is no library, or none that works here.
    DeviceFault
        If it fails.
    """
    found = []
    for identity in QhyccdDevice.scan():
        try:
            title = models.load(model_of(identity)).name
        except UnknownName:
            title = "a model whose facts are not known"
        found.append(CameraName(f"qhyccd:{identity}", title, "qhyccd", identity))
    return tuple(found)


def attached() -> Attached:
    """All cameras that can be opened now; that there is no real one is no error, but said."""
    twins = list_cameras()
    try:
        real = scan_cameras()
    except FullwellError as error:
        return Attached(twins, error.message, error.remedy)
    trouble, remedy = ("", "") if real else why_none(usb_cameras())
    return Attached((*twins, *real), trouble, remedy)
