"""A night from a file: weather, troubles and what a client does, on real or simulated time."""

from fullwell.night.player import Witness, play
from fullwell.night.report import Line, Report, Shot
from fullwell.night.script import Cue, Deed, Night, Weather, example, examples, load

__all__ = [
    "Cue",
    "Deed",
    "Line",
    "Night",
    "Report",
    "Shot",
    "Weather",
    "Witness",
    "example",
    "examples",
    "load",
    "play",
]
