"""The gas in a sensor chamber, whose humidity is measured and whose temperature is not."""

from __future__ import annotations

from typing import Final

from fullwell.models.facts import CameraModel

__all__ = ["gas_temperature_c"]

CHILLED_SHARE: Final = 0.15
"""How much of the way from ambient to the sensor the gas has, where the facts do not tell (assumed)."""


def gas_temperature_c(model: CameraModel, sensor_c: float, ambient_c: float) -> float:
    """Temperature to which a reading of the chamber's humidity belongs, C.

    Limits: window and housing are taken to be as warm as the air outside.

    Parameters
    ----------
    model : CameraModel
        Its chamber says how much of the gas lies before the cold parts.
    sensor_c, ambient_c : float
        Of the sensor, and of the air round the camera, C.

    Examples
    --------
    >>> from fullwell.models import load
    >>> gas_temperature_c(load("qhy600-pro"), sensor_c=20.0, ambient_c=20.0)
    20.0
    """
    share = CHILLED_SHARE if model.chamber is None else model.chamber.sensor_share
    return share * sensor_c + (1.0 - share) * ambient_c
