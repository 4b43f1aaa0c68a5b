"""The body of the twin: cooler, chamber and window, with their temperatures, their air and their dew."""

from fullwell.twin.body.body import Body, PowerLimit
from fullwell.twin.body.controls import BodyControls
from fullwell.twin.body.state import BodyState, Defects

__all__ = ["Body", "BodyControls", "BodyState", "Defects", "PowerLimit"]
