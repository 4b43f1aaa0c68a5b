"""The controls of the body: which of them a camera has, and what stands behind each."""

from __future__ import annotations

from collections.abc import Callable

from fullwell.camera.controls import Control
from fullwell.models.facts import CameraModel
from fullwell.twin.body.body import Body


class BodyControls:
    """Reads and sets the body by control. The device has checked values before.

    Parameters
    ----------
    body : Body
    model : CameraModel

    Examples
    --------
    >>> from fullwell.camera.clock import SteppedClock
    >>> from fullwell.models import load
    >>> from fullwell.twin.surroundings import Surroundings
    >>> model = load("qhy600-pro")
    >>> controls = BodyControls(Body(model, Surroundings(), SteppedClock(0)), model)
    >>> controls.set(Control.TARGET_TEMPERATURE_C, -10.0)
    >>> controls.get(Control.TARGET_TEMPERATURE_C), Control.WHEEL_POSITION in controls
    (-10.0, False)
    """

    def __init__(self, body: Body, model: CameraModel) -> None:
        chamber, liquid = model.chamber, body.surroundings.coolant_temperature_c is not None
        heater = chamber is not None and chamber.heater_rise_c > 0.0
        self._getters: dict[Control, Callable[[], float]] = {
            Control.SENSOR_TEMPERATURE_C: body.thermometer_c,
            Control.COOLER_POWER_PERCENT: body.cooler_percent,
            Control.AMBIENT_TEMPERATURE_C: lambda: body.surroundings.ambient_temperature_c,
            Control.TARGET_TEMPERATURE_C: lambda: body.target_c,
            Control.COOLER_ON: lambda: float(body.cooler_on),
        }
        self._setters: dict[Control, Callable[[float], None]] = {
            Control.COOLER_POWER_PERCENT: body.set_power,
            Control.TARGET_TEMPERATURE_C: lambda value: setattr(body, "target_c", value),
            Control.COOLER_ON: lambda value: setattr(body, "cooler_on", bool(value)),
        }
        if chamber is not None and chamber.humidity_sensor:
            self._getters[Control.HUMIDITY_PERCENT] = lambda: body.state().humidity_percent
        if chamber is not None and chamber.pressure_sensor:
            self._getters[Control.PRESSURE_HPA] = lambda: body.state().pressure_hpa
        if heater:
            self._getters[Control.WINDOW_HEATER] = lambda: float(body.heater_on)
            self._setters[Control.WINDOW_HEATER] = lambda value: setattr(body, "heater_on", bool(value))
        if not liquid:
            self._getters[Control.FAN] = lambda: float(body.fan_on)
            self._setters[Control.FAN] = lambda value: setattr(body, "fan_on", bool(value))

    @property
    def absent(self) -> frozenset[Control]:
        """Switches of bodies that this one has not."""
        return frozenset({Control.WINDOW_HEATER, Control.FAN} - self._getters.keys())

    def __contains__(self, control: Control) -> bool:
        return control in self._getters

    def get(self, control: Control) -> float:
        """The present value of a control that it has."""
        return self._getters[control]()

    def sets(self, control: Control) -> bool:
        """Whether it has a control that can be set."""
        return control in self._setters

    def set(self, control: Control, value: float) -> None:
        """Set a control that can be set."""
        self._setters[control](value)
