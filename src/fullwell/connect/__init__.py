"""Finds and opens cameras; the only room that picks a backend."""

from typing import TYPE_CHECKING, Any

from fullwell.connect.listing import Attached, attached, scan_cameras
from fullwell.connect.names import CameraName, list_cameras

if TYPE_CHECKING:
    from fullwell.connect.opening import find_device as find_device
    from fullwell.connect.opening import open_camera as open_camera
    from fullwell.twin.cable import Cable as Cable
    from fullwell.twin.firmware import FirmwareImage as FirmwareImage
    from fullwell.twin.surroundings import Surroundings as Surroundings
    from fullwell.twin.sync import SyncCable as SyncCable
    from fullwell.twin.trigger import TriggerLine as TriggerLine

__all__ = [
    "Attached",
    "Cable",
    "CameraName",
    "FirmwareImage",
    "Surroundings",
    "SyncCable",
    "TriggerLine",
    "attached",
    "find_device",
    "list_cameras",
    "open_camera",
    "scan_cameras",
]

_LAZY = {
    "Cable": "fullwell.twin.cable",
    "FirmwareImage": "fullwell.twin.firmware",
    "Surroundings": "fullwell.twin.surroundings",
    "SyncCable": "fullwell.twin.sync",
    "TriggerLine": "fullwell.twin.trigger",
    "find_device": "fullwell.connect.opening",
    "open_camera": "fullwell.connect.opening",
}


def __getattr__(name: str) -> Any:
    """Find what needs the twin on first use: cameras are listed without it."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  (only for those who need it)

    return getattr(import_module(_LAZY[name]), name)
