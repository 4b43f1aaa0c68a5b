"""What light falls on the sensor, row interval by row interval."""

from fullwell.scene.drift import Drift
from fullwell.scene.lamps import Dark, Flat, Led, Uniform
from fullwell.scene.moon import Moon
from fullwell.scene.occultation import Occultation
from fullwell.scene.picture import Picture
from fullwell.scene.satellite import Satellite
from fullwell.scene.sky import Sky
from fullwell.scene.strobe import PinLed, Strobe
from fullwell.scene.targets import Comet, Galaxy
from fullwell.scene.tracking import Tracking

__all__ = [
    "Comet",
    "Dark",
    "Drift",
    "Flat",
    "Galaxy",
    "Led",
    "Moon",
    "Occultation",
    "Picture",
    "PinLed",
    "Satellite",
    "Sky",
    "Strobe",
    "Tracking",
    "Uniform",
]
