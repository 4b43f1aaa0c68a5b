"""Cameras on the USB as Linux sees them: whether they are there, and whether this user may open them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEVICES: Final = Path("/sys/bus/usb/devices")
NODES: Final = Path("/dev/bus/usb")
VENDOR: Final = "1618"
"""QHYCCD's number on the USB."""


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A camera on the bus.

    Attributes
    ----------
    product : str
        Its number, four hexadecimal digits.
    node : Path
        The file through which programs speak to it.
    allowed : bool
        Whether this user may.
    """

    product: str
    node: Path
    allowed: bool


def usb_cameras(devices: Path = DEVICES, nodes: Path = NODES) -> list[UsbDevice]:
    """The vendor's devices on the bus; none where there is no such list.

    Parameters
    ----------
    devices, nodes : Path
        Where Linux lists them.
    """
    found = []
    for folder in sorted(devices.glob("*")):
        if _word(folder / "idVendor") == VENDOR:
            numbers = _word(folder / "busnum"), _word(folder / "devnum")
            node = nodes.joinpath(*(number.zfill(3) for number in numbers))
            found.append(UsbDevice(_word(folder / "idProduct"), node, os.access(node, os.R_OK | os.W_OK)))
    return found


def _word(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def why_none(found: list[UsbDevice]) -> tuple[str, str]:
    """Why the library finds no camera, and what to do about it.

    Examples
    --------
    >>> why_none([])[0]
    'no real camera is attached.'
    >>> why_none([UsbDevice("c601", Path("/dev/bus/usb/001/005"), False)])[0]
    'a camera (1618:c601) is on the USB, but this user may not open it.'
    """
    forbidden = [device for device in found if not device.allowed]
    if forbidden:
        names = ", ".join(f"{VENDOR}:{device.product}" for device in forbidden)
        return (
            f"a camera ({names}) is on the USB, but this user may not open it.",
            "Install the udev rules of the vendor's SDK (85-qhyccd.rules), then plug the camera in again.",
        )
    if found:
        names = ", ".join(f"{VENDOR}:{device.product}" for device in found)
        return (
            f"a camera ({names}) is on the USB, but the vendor's library does not find it.",
            "Another program may have it open; or it waits for its firmware: plug it in again.",
        )
    return "no real camera is attached.", "Check cable and power; on Linux, lsusb must list 1618:..."
