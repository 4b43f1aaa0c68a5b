"""How a sensor differs from what its facts promise: interference on its rows, ageing, a drifting read-out.

Frames are drawn from `Wear.model`; clients are told the facts of the healthy model, as with a real camera.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fullwell.models.facts import CameraModel, Chain, GainCurve, Sensor

__all__ = ["Wear"]


class Wear:
    """What has become of the sensor of one camera.

    Parameters
    ----------
    model : CameraModel
        As it left the factory.

    Attributes
    ----------
    model : CameraModel
        As it is now; the very object given where nothing is worn.

    Examples
    --------
    >>> from fullwell import models
    >>> model = models.load("qhy600-pro")
    >>> wear = Wear(model)
    >>> wear.set("hot-pixels", factor=4.0)
    >>> round(wear.model.sensor.dark.warm_fraction, 6)
    0.012
    >>> wear.mend("hot-pixels")
    >>> wear.model is model
    True
    """

    def __init__(self, model: CameraModel) -> None:
        self._new = model
        self._worn: dict[str, dict[str, float]] = {}
        self.model = model

    def set(self, name: str, **values: float) -> None:
        """Let something be worn, or change how much.

        Parameters
        ----------
        name : str
            One of `KINDS`.
        **values
            What it takes.
        """
        self._worn[name] = values
        self._renew()

    def mend(self, name: str) -> None:
        """Make something as new. Harmless when it is."""
        self._worn.pop(name, None)
        self._renew()

    def _renew(self) -> None:
        model = self._new
        for name, values in self._worn.items():
            model = KINDS[name](model, **values)
        self.model = model


def _interference(
    model: CameraModel, amplitude_e: float, frequency_hz: float, quiet_traffic: float, traffic_width: float
) -> CameraModel:
    """A disturbance whose bands vanish at another USB traffic than the model's own."""
    banding = replace(
        model.sensor.banding,
        periodic_amplitude_e=amplitude_e,
        periodic_frequency_hz=frequency_hz,
        quiet_traffic=quiet_traffic,
        traffic_width=traffic_width,
    )
    return replace(model, sensor=replace(model.sensor, banding=banding))


def _dark(model: CameraModel, factor: float) -> CameraModel:
    dark = model.sensor.dark
    rates = tuple(factor * rate for rate in dark.rate_e_per_s)
    return replace(model, sensor=replace(model.sensor, dark=replace(dark, rate_e_per_s=rates)))


def _hot(model: CameraModel, factor: float) -> CameraModel:
    dark = model.sensor.dark
    share = min(0.5, factor * dark.warm_fraction)
    return replace(model, sensor=replace(model.sensor, dark=replace(dark, warm_fraction=share)))


def _telegraph(model: CameraModel, factor: float) -> CameraModel:
    sensor: Sensor = model.sensor
    share = min(0.9, factor * sensor.telegraph.fraction)
    return replace(model, sensor=replace(sensor, telegraph=replace(sensor.telegraph, fraction=share)))


def _chains(model: CameraModel, change: Callable[[GainCurve], GainCurve]) -> CameraModel:
    def changed(chain: Chain) -> Chain:
        return replace(chain, curve=change(chain.curve))

    modes = tuple(replace(mode, chains=tuple(map(changed, mode.chains))) for mode in model.modes)
    return replace(model, modes=modes)


def _read_noise(model: CameraModel, factor: float) -> CameraModel:
    return _chains(model, lambda curve: replace(curve, gaussian_median_e=factor * curve.gaussian_median_e))


def _gain(model: CameraModel, factor: float) -> CameraModel:
    return _chains(model, lambda curve: replace(curve, e_per_dn=factor * curve.e_per_dn))


def _bias(model: CameraModel, shift_dn16: float) -> CameraModel:
    return replace(model, offset_dn_zero=model.offset_dn_zero + shift_dn16)


KINDS: Final[dict[str, Callable[..., CameraModel]]] = {
    "interference": _interference,
    "dark-current": _dark,
    "hot-pixels": _hot,
    "telegraph-noise": _telegraph,
    "read-noise": _read_noise,
    "gain-drift": _gain,
    "bias-drift": _bias,
}
"""What each wear does to the facts, by its name on the board of troubles."""
