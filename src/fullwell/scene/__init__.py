"""What light falls on the sensor, row interval by row interval."""

from fullwell.scene.lamps import Dark, Flat, Led, Uniform
from fullwell.scene.picture import Picture
from fullwell.scene.sky import Sky
from fullwell.scene.tracking import Tracking

__all__ = ["Dark", "Flat", "Led", "Picture", "Sky", "Tracking", "Uniform"]
