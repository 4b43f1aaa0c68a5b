"""Facts of each camera: data files, their loader, frozen dataclasses. No behaviour."""

from fullwell.models.facts import CameraModel, Window
from fullwell.models.loader import keys, load, load_file

__all__ = ["CameraModel", "Window", "keys", "load", "load_file"]
