"""What readings of temperature and humidity say of dew and frost.

References
----------
.. [1] WMO, Guide to Meteorological Instruments and Methods of Observation (WMO-No. 8), annex 4.B: Magnus formulae
   over water (-45 to 60 C) and ice (-65 to 0.01 C).
"""

from __future__ import annotations

import math
from typing import Final

from fullwell.errors import OutOfRange

__all__ = ["dew_point_c", "frost_point_c", "vapour_pressure_hpa"]

_AT_ZERO_HPA: Final = 6.112
_WATER: Final = (17.62, 243.12)
_ICE: Final = (22.46, 272.62)


def vapour_pressure_hpa(temperature_c: float, over_ice: bool = False) -> float:
    """Pressure of saturated vapour over water or ice [1]_, hPa.

    Parameters
    ----------
    temperature_c : float
        C, -100 to 100.
    over_ice : bool

    Examples
    --------
    >>> round(vapour_pressure_hpa(20.0), 2), round(vapour_pressure_hpa(-10.0, over_ice=True), 2)
    (23.33, 2.6)
    """
    slope, offset_c = _ICE if over_ice else _WATER
    return _AT_ZERO_HPA * math.exp(slope * temperature_c / (offset_c + temperature_c))


def dew_point_c(temperature_c: float, humidity_percent: float) -> float:
    """Temperature at which the vapour of this air is saturated over water [1]_, C.

    Parameters
    ----------
    temperature_c : float
        Of the air whose humidity was measured, C, -100 to 100.
    humidity_percent : float
        Relative, over water, above 0 to 100 %.

    Raises
    ------
    OutOfRange
        If air is said to hold no vapour, or more than it can: it has no dew point.

    Examples
    --------
    >>> round(dew_point_c(20.0, 50.0), 1), round(dew_point_c(20.0, 100.0), 6)
    (9.3, 20.0)
    """
    return _inverse(_vapour_hpa(temperature_c, humidity_percent), *_WATER)


def frost_point_c(temperature_c: float, humidity_percent: float) -> float:
    """Temperature at which the vapour of this air is saturated over ice [1]_, C; see `dew_point_c`.

    Examples
    --------
    >>> round(frost_point_c(0.0, 20.0), 1)
    -18.2
    """
    return _inverse(_vapour_hpa(temperature_c, humidity_percent), *_ICE)


def _vapour_hpa(temperature_c: float, humidity_percent: float) -> float:
    if not 0.0 < humidity_percent <= 100.0:
        raise OutOfRange("humidity", humidity_percent, 0, 100, "%")
    return vapour_pressure_hpa(temperature_c) * humidity_percent / 100.0


def _inverse(vapour_hpa: float, slope: float, offset_c: float) -> float:
    logarithm = math.log(vapour_hpa / _AT_ZERO_HPA)
    return offset_c * logarithm / (slope - logarithm)
