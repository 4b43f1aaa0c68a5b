"""What light falls on the sensor, row interval by row interval."""

from fullwell.scene.lamps import Dark, Flat, Led, Uniform

__all__ = ["Dark", "Flat", "Led", "Uniform"]
