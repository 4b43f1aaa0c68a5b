"""Finds and opens cameras; the only room that picks a backend."""

from fullwell.connect.names import CameraName, list_cameras
from fullwell.connect.opening import open_camera

__all__ = ["CameraName", "list_cameras", "open_camera"]
