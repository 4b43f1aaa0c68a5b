"""The air in a camera's sensor chamber as an Alpaca IObservingConditionsV2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from fullwell.camera.chamber import gas_temperature_c
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera
from fullwell.errors import InvalidOperation, InvalidValue, NotSupported, UnknownName
from fullwell.readout.dew import dew_point_c
from fullwell.serve.alpaca.device import COMMON_MEMBERS, AlpacaDevice
from fullwell.serve.alpaca.members import Kind, Member, Where, by_address
from fullwell.serve.alpaca.parameters import Parameter, number, text

DEW_POINT, HUMIDITY, PRESSURE, TEMPERATURE = "DewPoint", "Humidity", "Pressure", "Temperature"

SENSORS: Final[Mapping[str, str]] = {
    "CloudCover": "",
    DEW_POINT: "Dew point in the sensor chamber, C, from its humidity and temperature.",
    HUMIDITY: "Relative humidity in the sensor chamber, %.",
    PRESSURE: "Pressure in the sensor chamber, hPa.",
    "RainRate": "",
    "SkyBrightness": "",
    "SkyQuality": "",
    "SkyTemperature": "",
    "StarFWHM": "",
    TEMPERATURE: "Of the air round the camera, C.",
    "WindDirection": "",
    "WindGust": "",
    "WindSpeed": "",
}
"""The sensors of the interface, and what a camera measures in their place; "" = no camera does."""

NEEDED_BY_DEW: Final = (
    Control.HUMIDITY_PERCENT,
    Control.AMBIENT_TEMPERATURE_C,
    Control.SENSOR_TEMPERATURE_C,
)

CONTROLS_OF: Final[Mapping[str, tuple[Control, ...]]] = {
    DEW_POINT: NEEDED_BY_DEW,
    HUMIDITY: NEEDED_BY_DEW,
    PRESSURE: (Control.PRESSURE_HPA,),
    TEMPERATURE: (Control.AMBIENT_TEMPERATURE_C,),
}
"""What a camera must measure for a sensor to be there.

The interface wants dew point and humidity both or neither, so humidity waits for the temperatures that a dew
point needs."""


def has_conditions(camera: Camera) -> bool:
    """Whether a camera measures the air of its chamber."""
    return bool(camera.controls & {Control.HUMIDITY_PERCENT, Control.PRESSURE_HPA})


class AlpacaConditions(AlpacaDevice):
    """IObservingConditionsV2 over the chamber sensors of a camera. Readings are of the moment, never averaged.

    Parameters
    ----------
    camera : Camera
        Its owner.
    number : int
        Alpaca device number.
    """

    kind: ClassVar[str] = "observingconditions"
    interface_version: ClassVar[int] = 2

    def __init__(self, camera: Camera, number: int) -> None:
        identity = camera.identity.id
        super().__init__(camera, number, f"Chamber of {camera.model.name} {identity}", identity, CONDITIONS_TABLE)

    @property
    def description(self) -> str:
        """Whose chamber it is."""
        return f"air in the sensor chamber of a {self.camera.model.name}"

    async def begin_session(self) -> None:
        """Nothing to prepare: the sensors go with their camera."""

    async def end_session(self) -> None:
        """Nothing to clear up."""

    def operational_state(self) -> Mapping[str, object]:
        """See `AlpacaDevice.operational_state`."""
        return {name: self.reading(name) for name in SENSORS if self.has(name)}

    def has(self, sensor: str) -> bool:
        """Whether the camera measures what a sensor needs."""
        needed = CONTROLS_OF.get(sensor, ())
        return bool(needed) and all(control in self.camera.controls for control in needed)

    def require(self, sensor: str) -> str:
        """The name of a sensor that is there, in the documented letter case.

        Raises
        ------
        UnknownName
            If the interface knows no such sensor.
        NotSupported
            If this camera has none.
        """
        name = next((known for known in SENSORS if known.casefold() == sensor.strip().casefold()), None)
        if name is None:
            raise UnknownName("sensor", sensor, tuple(SENSORS))
        if not self.has(name):
            raise NotSupported(f"{self.name} has no sensor {name}.")
        return name

    def reading(self, sensor: str) -> float:
        """What a sensor measures now, in the unit of the interface.

        Raises
        ------
        NotSupported
            If this camera has no such sensor.
        InvalidOperation
            If the humidity is one that has no dew point.
        """
        name = self.require(sensor)
        if name != DEW_POINT:
            return float(self.camera.control(CONTROLS_OF[name][0]))
        humidity_percent, ambient_c, sensor_c = (self.camera.control(control) for control in NEEDED_BY_DEW)
        if not 0.0 < humidity_percent <= 100.0:
            raise InvalidOperation(f"a humidity of {humidity_percent:g} % has no dew point.", "Check the sensor.")
        return dew_point_c(gas_temperature_c(self.camera.model, sensor_c, ambient_c), humidity_percent)

    def since_update_s(self, sensor: str) -> float:
        """Age of a reading, s: none, because each is taken when it is asked for. "" = of any sensor."""
        if sensor.strip():
            self.require(sensor)
        return 0.0

    def explain(self, sensor: str) -> str:
        """What a sensor measures."""
        return SENSORS[self.require(sensor)]

    def set_average_period(self, hours: float) -> None:
        """Accept that nothing is averaged.

        Raises
        ------
        InvalidValue
            If it is to be.
        """
        if hours != 0.0:
            raise InvalidValue(
                f"readings cannot be averaged over {hours:g} h.", "Give 0: readings of the moment."
            )


_SENSOR_NAME = (Parameter("SensorName", text),)

CONDITIONS_MEMBERS: Final = (
    *COMMON_MEMBERS,
    *(
        Member(
            sensor,
            "GET",
            Kind.NUMBER,
            lambda conditions, sensor=sensor: conditions.reading(sensor),
            meaning or "Not supported: cameras do not measure it.",
            where=Where.WORKER,
        )
        for sensor, meaning in SENSORS.items()
    ),
    Member("AveragePeriod", "GET", Kind.NUMBER, lambda _: 0.0, "Always 0: readings are of the moment."),
    Member(
        "AveragePeriod",
        "PUT",
        Kind.NOTHING,
        AlpacaConditions.set_average_period,
        "Accepts 0 only.",
        (Parameter("AveragePeriod", number),),
    ),
    Member("Refresh", "PUT", Kind.NOTHING, lambda _: None, "Nothing to do: each reading is fresh."),
    Member(
        "SensorDescription",
        "GET",
        Kind.TEXT,
        AlpacaConditions.explain,
        "What a sensor measures.",
        _SENSOR_NAME,
    ),
    Member(
        "TimeSinceLastUpdate",
        "GET",
        Kind.NUMBER,
        AlpacaConditions.since_update_s,
        "Age of a reading, s.",
        _SENSOR_NAME,
    ),
)

CONDITIONS_TABLE: Final = by_address(CONDITIONS_MEMBERS)
