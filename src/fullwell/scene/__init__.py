"""What light falls on the sensor, row interval by row interval."""

from fullwell.scene.lamps import Dark, Flat, Led, Uniform
from fullwell.scene.sky import Sky
from fullwell.scene.tracking import Tracking

__all__ = ["Dark", "Flat", "Led", "Sky", "Tracking", "Uniform"]
