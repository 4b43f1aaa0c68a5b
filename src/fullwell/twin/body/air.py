"""Moist air: saturation, dew point, water per volume."""

from __future__ import annotations

import math
from typing import Final

from fullwell.compiled import njit

ZERO_C_K: Final = 273.15
GAS_CONSTANT_J_PER_G_K: Final = 0.46152
"""Of water vapour."""

_LOWEST_HPA: Final = 1e-6


@njit(cache=True, nogil=True, error_model="numpy")
def over_water_hpa(temperature_c: float) -> float:
    """Vapour pressure at saturation over water, supercooled below 0 C: what relative humidity refers to.

    See `saturation_hpa`.
    """
    return 6.1094 * math.exp(17.625 * temperature_c / (243.04 + temperature_c))


@njit(cache=True, nogil=True, error_model="numpy")
def saturation_hpa(temperature_c: float) -> float:
    """Vapour pressure at saturation: over water from 0 C up, over ice below.

    Parameters
    ----------
    temperature_c : float
        -80 to 60 C.

    References
    ----------
    Magnus' formula with the coefficients of Alduchov and Eskridge, J. Appl. Meteorology 35 (1996) 601: within
    0.4 % from -40 to 50 C over water, from -80 to 0 C over ice.

    Examples
    --------
    >>> round(saturation_hpa(20.0), 2), round(saturation_hpa(-10.0), 2)
    (23.33, 2.6)
    """
    if temperature_c >= 0.0:
        return over_water_hpa(temperature_c)
    return 6.1121 * math.exp(22.587 * temperature_c / (273.86 + temperature_c))


@njit(cache=True, nogil=True, error_model="numpy")
def water_g_per_m3(vapour_hpa: float, temperature_c: float) -> float:
    """Mass of vapour in a volume, by the law of ideal gases.

    Examples
    --------
    >>> round(water_g_per_m3(23.33, 20.0), 1)
    17.2
    """
    return 100.0 * vapour_hpa / (GAS_CONSTANT_J_PER_G_K * (temperature_c + ZERO_C_K))


@njit(cache=True, nogil=True, error_model="numpy")
def vapour_hpa(water_g_per_m3: float, temperature_c: float) -> float:
    """Vapour pressure of a mass of vapour in a volume; the inverse of `water_g_per_m3`."""
    return 0.01 * water_g_per_m3 * GAS_CONSTANT_J_PER_G_K * (temperature_c + ZERO_C_K)


def dew_point_c(vapour_hpa: float) -> float:
    """Temperature at which vapour of this pressure begins to condense, or below 0 C to freeze.

    Parameters
    ----------
    vapour_hpa : float
        hPa; below 1e-6 it counts as 1e-6.

    References
    ----------
    See `saturation_hpa`, of which it is the inverse.

    Examples
    --------
    >>> round(dew_point_c(0.5 * saturation_hpa(20.0)), 1)
    9.3
    """
    pressure_hpa = max(vapour_hpa, _LOWEST_HPA)
    over_water = math.log(pressure_hpa / 6.1094)
    if over_water >= 0.0:
        return 243.04 * over_water / (17.625 - over_water)
    over_ice = min(0.0, math.log(pressure_hpa / 6.1121))
    return 273.86 * over_ice / (22.587 - over_ice)
