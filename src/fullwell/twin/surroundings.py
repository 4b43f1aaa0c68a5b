"""What is round a twin: air, supply and cables. Clients cannot choose it; whoever sets up the twin does."""

from __future__ import annotations

from dataclasses import dataclass

from fullwell.scene.limits import require_number

__all__ = ["Surroundings"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The place in which a twin stands.

    Parameters
    ----------
    ambient_temperature_c : float
        Air round the camera, -60 to 60 C.
    humidity_percent : float
        Relative humidity of that air, 0 to 100 %.
    pressure_hpa : float
        Of that air, 300 to 1100 hPa.
    supply_voltage_v : float
        At the supply, unloaded, 0 to 20 V; 0 = switched off.
    cable_ohm : float
        Resistance of the supply cable, there and back together, 0 to 10 ohm. The vendor allows 0.2.
    supply_noise_v : float
        Noise of the supply, rms, 0 to 2 V.
    supply_limit_a : float
        Most current that the supply gives, 0.1 to 100 A. The vendor asks for 4.
    coolant_temperature_c : float or None
        Of the liquid through cameras that are cooled by one, -60 to 60 C; None = no liquid, a fan.
    coolant_flow_ml_per_s : float
        How much of it flows, 0 to 100 ml/s.

    Raises
    ------
    InvalidValue, OutOfRange
        If a number is none, or outside its limits.

    References
    ----------
    The vendor's page of the QHY600 Pro: 11 to 13.8 V at the camera, at most 0.1 ohm each way.

    Examples
    --------
    >>> Surroundings(supply_voltage_v=12.0, cable_ohm=0.3).cable_ohm
    0.3
    """

    ambient_temperature_c: float = 20.0
    humidity_percent: float = 45.0
    pressure_hpa: float = 1013.25
    supply_voltage_v: float = 12.5
    cable_ohm: float = 0.1
    supply_noise_v: float = 0.01
    supply_limit_a: float = 5.0
    coolant_temperature_c: float | None = None
    coolant_flow_ml_per_s: float = 1.6

    def __post_init__(self) -> None:
        require_number("ambient temperature", self.ambient_temperature_c, -60.0, 60.0, "C")
        require_number("humidity", self.humidity_percent, 0.0, 100.0, "%")
        require_number("pressure", self.pressure_hpa, 300.0, 1100.0, "hPa")
        require_number("supply voltage", self.supply_voltage_v, 0.0, 20.0, "V")
        require_number("resistance of the cable", self.cable_ohm, 0.0, 10.0, "ohm")
        require_number("noise of the supply", self.supply_noise_v, 0.0, 2.0, "V")
        require_number("current of the supply", self.supply_limit_a, 0.1, 100.0, "A")
        require_number("coolant flow", self.coolant_flow_ml_per_s, 0.0, 100.0, "ml/s")
        if self.coolant_temperature_c is not None:
            require_number("coolant temperature", self.coolant_temperature_c, -60.0, 60.0, "C")
