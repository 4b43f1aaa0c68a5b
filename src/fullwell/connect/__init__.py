"""Finds and opens cameras; the only room that picks a backend."""

from fullwell.connect.names import CameraName, list_cameras
from fullwell.connect.opening import find_device, open_camera, scan_cameras
from fullwell.twin.sync import SyncCable
from fullwell.twin.trigger import TriggerLine

__all__ = [
    "CameraName",
    "SyncCable",
    "TriggerLine",
    "find_device",
    "list_cameras",
    "open_camera",
    "scan_cameras",
]
