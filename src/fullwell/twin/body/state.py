"""What a body is like at an instant: the answer key of its sensors."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BodyState", "Defects"]


@dataclass(frozen=True, slots=True)
class BodyState:
    """The truth about a body; its own sensors may say something else (`Defects`).

    Attributes
    ----------
    instant_ns : int
        UTC.
    sensor_c, cold_side_c, middle_c, sink_c, window_c, chamber_c, ambient_c : float
        Temperatures of the sensor, the cold side of the cooler, the plate between its stages, its hot side with
        the heat sink, the window of the chamber, the gas in it, and the air outside.
    cooler_percent : float
        Power of the cooler.
    pressure_hpa, humidity_percent, dew_point_c : float
        In the chamber.
    ambient_dew_point_c : float
        Of the air outside.
    window_dew_um, window_inner_dew_um, sensor_frost_um : float
        Films on the outside and inside of the window and on the sensor, in um of water: dew where the surface is
        at 0 C or above, frost below. 0 to 200 um.
    """

    instant_ns: int
    sensor_c: float
    cold_side_c: float
    middle_c: float
    sink_c: float
    window_c: float
    chamber_c: float
    ambient_c: float
    cooler_percent: float
    pressure_hpa: float
    humidity_percent: float
    dew_point_c: float
    ambient_dew_point_c: float
    window_dew_um: float
    window_inner_dew_um: float
    sensor_frost_um: float


@dataclass(frozen=True, slots=True)
class Defects:
    """What is broken about a body.

    Attributes
    ----------
    heater_works, fan_works : bool
        Whether the window heater warms and the fan turns when they are on.
    thermometer_c : float or None
        What the thermometer of the sensor shows, whatever the sensor does; None = it works. The regulation
        believes it.
    cooler_strength : float
        Share of its pumping strength that the cooler still has, 0 to 1.
    leak_factor : float
        By how much faster than new the chamber leaks, 0 or more.
    """

    heater_works: bool = True
    fan_works: bool = True
    thermometer_c: float | None = None
    cooler_strength: float = 1.0
    leak_factor: float = 1.0
