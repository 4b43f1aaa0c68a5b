"""Facts of a camera's body: the thermal network round its cooler, and the sealed chamber of its sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fullwell.models.tables import Table

__all__ = ["Chamber", "Regulator", "Thermal", "read_chamber", "read_thermal"]


@dataclass(frozen=True, slots=True)
class Regulator:
    """The camera's own regulation of the sensor temperature.

    Attributes
    ----------
    gain_percent_per_c : float
        Cooler power per C that the sensor is too warm.
    integral_s : float
        Time constant of its integral part.
    """

    gain_percent_per_c: float
    integral_s: float


@dataclass(frozen=True, slots=True)
class Thermal:
    """Where heat is stored and how it flows, from the sensor to the air or the liquid.

    The strength of the two stages and the heat that a reading sensor makes are not facts: they follow from the
    vendor's temperature differences (`fullwell.models.facts.Cooling`).

    Attributes
    ----------
    sensor_j_per_k, cold_side_j_per_k, middle_j_per_k, sink_j_per_k : float
        Heat capacities: sensor, cold side of the first stage, plate between the stages, hot side with heat sink.
    sensor_w_per_k : float
        From the sensor to the cold side.
    first_stage_w_per_k, second_stage_w_per_k : float
        Through the stages when they pump nothing.
    first_stage_share : float
        Share of the first stage in the cooler's electric power, 0 to 1.
    stage_ratio : float
        Pumping strength of the second stage over that of the first.
    fan_w_per_k, still_w_per_k : float
        From the heat sink to the air, with the fan and without.
    liquid_w_per_k : float or None
        From the heat sink to the liquid, however much of it flows; None where no such version is made.
    liquid_flow_ml_per_s : float or None
        What the vendor recommends.
    ramp_c_per_min : float
        Fastest change of the sensor's temperature that clients are given.
    regulator : Regulator
    """

    sensor_j_per_k: float
    cold_side_j_per_k: float
    middle_j_per_k: float
    sink_j_per_k: float
    sensor_w_per_k: float
    first_stage_w_per_k: float
    second_stage_w_per_k: float
    first_stage_share: float
    stage_ratio: float
    fan_w_per_k: float
    still_w_per_k: float
    liquid_w_per_k: float | None
    liquid_flow_ml_per_s: float | None
    ramp_c_per_min: float
    regulator: Regulator


@dataclass(frozen=True, slots=True)
class Chamber:
    """The sealed room before the sensor, and its window.

    Attributes
    ----------
    humidity_sensor, pressure_sensor : bool
        Whether the camera has them.
    volume_ml : float
        Of its gas.
    fill_temperature_c, fill_pressure_hpa : float
        When it was closed.
    fill_humidity_percent : float
        Relative, when it was closed.
    leak_s : float
        Time constant with which its vapour becomes that of the air outside.
    drying_s : float
        The same towards that of the desiccant, while a drying tube is connected.
    desiccant_humidity_percent : float
        Relative, over the desiccant.
    sensor_share, window_share : float
        How much of the gas temperature is that of sensor and window; the rest is that of the housing.
    cold_area_cm2 : float
        Of the sensor and what is as cold, where vapour freezes.
    window_area_cm2 : float
    window_j_per_k : float
        Heat capacity of window and heating plate.
    window_w_per_k : float
        From the window to the housing and the air outside.
    window_sensor_w_per_k : float
        From the window to the sensor, through gas and by radiation.
    heater_rise_c : float
        By how much the heater warms the window over ambient; 0 = there is none.
    """

    humidity_sensor: bool
    pressure_sensor: bool
    volume_ml: float
    fill_temperature_c: float
    fill_pressure_hpa: float
    fill_humidity_percent: float
    leak_s: float
    drying_s: float
    desiccant_humidity_percent: float
    sensor_share: float
    window_share: float
    cold_area_cm2: float
    window_area_cm2: float
    window_j_per_k: float
    window_w_per_k: float
    window_sensor_w_per_k: float
    heater_rise_c: float


def read_thermal(table: Table) -> Thermal:
    """The table ``[thermal]`` of a model's file."""
    regulator = table.table("regulator")
    thermal = Thermal(
        sensor_j_per_k=table.number("sensor_j_per_k", 1.0),
        cold_side_j_per_k=table.number("cold_side_j_per_k", 1.0),
        middle_j_per_k=table.number("middle_j_per_k", 1.0),
        sink_j_per_k=table.number("sink_j_per_k", 1.0),
        sensor_w_per_k=table.number("sensor_w_per_k", 0.01),
        first_stage_w_per_k=table.number("first_stage_w_per_k", 0.001),
        second_stage_w_per_k=table.number("second_stage_w_per_k", 0.001),
        first_stage_share=table.number("first_stage_share", 0.0, 1.0),
        stage_ratio=table.number("stage_ratio", 0.01),
        fan_w_per_k=table.number("fan_w_per_k", 0.001),
        still_w_per_k=table.number("still_w_per_k", 0.001),
        liquid_w_per_k=table.number("liquid_w_per_k", 0.001) if "liquid_w_per_k" in table else None,
        liquid_flow_ml_per_s=(
            table.number("liquid_flow_ml_per_s", 0.001) if "liquid_flow_ml_per_s" in table else None
        ),
        ramp_c_per_min=table.number("ramp_c_per_min", 0.1),
        regulator=Regulator(
            gain_percent_per_c=regulator.number("gain_percent_per_c", 0.001),
            integral_s=regulator.number("integral_s", 1.0),
        ),
    )
    regulator.finish()
    table.finish()
    return thermal


def read_chamber(table: Table) -> Chamber:
    """The table ``[chamber]`` of a model's file."""
    chamber = Chamber(
        humidity_sensor=table.switch("humidity_sensor"),
        pressure_sensor=table.switch("pressure_sensor"),
        volume_ml=table.number("volume_ml", 1.0),
        fill_temperature_c=table.number("fill_temperature_c", -60.0, 60.0),
        fill_pressure_hpa=table.number("fill_pressure_hpa", 1.0),
        fill_humidity_percent=table.number("fill_humidity_percent", 0.0, 100.0),
        leak_s=table.number("leak_s", 1.0),
        drying_s=table.number("drying_s", 1.0),
        desiccant_humidity_percent=table.number("desiccant_humidity_percent", 0.0, 100.0),
        sensor_share=table.number("sensor_share", 0.0, 1.0),
        window_share=table.number("window_share", 0.0, 1.0),
        cold_area_cm2=table.number("cold_area_cm2", 0.01),
        window_area_cm2=table.number("window_area_cm2", 0.01),
        window_j_per_k=table.number("window_j_per_k", 0.1),
        window_w_per_k=table.number("window_w_per_k", 0.001),
        window_sensor_w_per_k=table.number("window_sensor_w_per_k", 0.0),
        heater_rise_c=table.number("heater_rise_c", 0.0),
    )
    table.finish()
    return chamber
