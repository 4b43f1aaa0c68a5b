"""The kernel: a body moved on by small steps of time, each from the state before and what is given."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.twin.body.air import ZERO_C_K, saturation_hpa, vapour_hpa, water_g_per_m3
from fullwell.twin.body.network import AUTOMATIC, MANUAL, OFF

STEP_S: Final = 0.1
"""Short against the quickest node, the sensor."""

STEPS_PER_SAMPLE: Final = 5

SENSOR: Final = 0
COLD_SIDE: Final = 1
MIDDLE: Final = 2
SINK: Final = 3
WINDOW: Final = 4
CHAMBER_WATER: Final = 5
DEW_OUTSIDE: Final = 6
DEW_INSIDE: Final = 7
FROST: Final = 8
INTEGRAL: Final = 9
PERCENT: Final = 10
STATES: Final = 11

INSIDE_M_PER_S: Final = 0.004
OUTSIDE_M_PER_S: Final = 0.007
"""Mass transfer of vapour to a surface by natural convection, inside the chamber and outside (assumed: what the
analogy with heat transfer gives for 4 and 8 W/(m2 K))."""

THICKEST_UM: Final = 200.0
"""What is more runs off."""


@njit(cache=True, nogil=True, error_model="numpy")
def wanted_percent(nets: NDArray[Any], givens: NDArray[Any], sensor_c: float, integral: float) -> float:
    """What is asked of the cooler before any limit, %. Arguments as of `advance`."""
    net, given = nets[0], givens[0]
    if given.mode == MANUAL:
        return float(given.manual_percent)
    if given.mode == OFF:
        return 0.0
    seen_c = sensor_c if math.isnan(given.thermometer_c) else given.thermometer_c
    return float(net.gain_percent_per_c * (seen_c - given.target_c) + integral)


@njit(cache=True, nogil=True, error_model="numpy")
def deposit_um(vapour_hpa: float, surface_c: float, film_um: float, speed_m_per_s: float, step_s: float) -> float:
    """What condenses on a surface in a step, um of water; negative = it evaporates, at most what is there."""
    surplus_hpa = vapour_hpa - saturation_hpa(surface_c)
    grows = speed_m_per_s * water_g_per_m3(surplus_hpa, surface_c) * step_s
    return min(max(grows, -film_um), THICKEST_UM - film_um)


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    state: NDArray[np.float64],
    nets: NDArray[Any],
    givens: NDArray[Any],
    first_step: int,
    steps: int,
    samples: NDArray[np.float64],
) -> None:
    """Move a state on, in place, and keep every fifth in a ring.

    Parameters
    ----------
    state : ndarray of float64, shape (STATES,)
    nets, givens : ndarray, shape (1,)
        Records of a `Network` and of a `Given`.
    first_step : int
        Number of the state on the grid, from the time at which the camera got power.
    steps : int
    samples : ndarray of float64, shape (any, STATES)
        State number n is kept in row ``n // STEPS_PER_SAMPLE % rows``.

    Notes
    -----
    Explicit Euler steps of heat and vapour balances. A stage of the cooler takes ``a x T - P/2 - K dT`` from its
    cold side and gives that and its electric power P to its hot side (Rowe, CRC Handbook of Thermoelectrics,
    chapter 1), with the current x and the absolute temperature T of its cold side.

    Limits: the electric power depends on the current alone, not on the temperatures; the gas is mixed; what
    condenses beyond 0.2 mm runs off; the heat of condensation is left out.
    """
    net, given = nets[0], givens[0]
    for step in range(first_step, first_step + steps):
        if step % STEPS_PER_SAMPLE == 0:
            samples[step // STEPS_PER_SAMPLE % samples.shape[0]] = state
        sensor_c, cold_c, middle_c, sink_c = state[SENSOR], state[COLD_SIDE], state[MIDDLE], state[SINK]
        window_c = state[WINDOW]
        wanted = wanted_percent(nets, givens, sensor_c, state[INTEGRAL])
        percent = min(max(wanted, 0.0), given.limit_percent)
        if given.mode == AUTOMATIC:
            seen_c = sensor_c if math.isnan(given.thermometer_c) else given.thermometer_c
            change = net.integral_percent_per_c_s * (seen_c - given.target_c) * STEP_S
            if not ((wanted > given.limit_percent and change > 0.0) or (wanted < 0.0 and change < 0.0)):
                state[INTEGRAL] = min(max(state[INTEGRAL] + change, 0.0), 100.0)
        state[PERCENT] = percent

        current = 0.01 * percent
        power_w = net.linear_w * current + net.square_w * current * current
        first_w = net.first_stage_share * power_w
        second_w = power_w - first_w
        pumped = current * given.strength
        first_takes_w = (
            net.first_pump_w_per_k * pumped * (cold_c + ZERO_C_K)
            - 0.5 * first_w
            - net.first_stage_w_per_k * (middle_c - cold_c)
        )
        second_takes_w = (
            net.second_pump_w_per_k * pumped * (middle_c + ZERO_C_K)
            - 0.5 * second_w
            - net.second_stage_w_per_k * (sink_c - middle_c)
        )
        glass_w = net.window_sensor_w_per_k * (window_c - sensor_c)
        to_cold_side_w = net.sensor_w_per_k * (sensor_c - cold_c)
        state[SENSOR] += STEP_S / net.sensor_j_per_k * (given.load_w + glass_w - to_cold_side_w)
        state[COLD_SIDE] += STEP_S / net.cold_side_j_per_k * (to_cold_side_w - first_takes_w)
        state[MIDDLE] += STEP_S / net.middle_j_per_k * (first_takes_w + first_w - second_takes_w)
        to_coolant_w = given.sink_w_per_k * (sink_c - given.coolant_c)
        state[SINK] += STEP_S / net.sink_j_per_k * (second_takes_w + second_w - to_coolant_w)
        to_air_w = net.window_w_per_k * (window_c - given.ambient_c)
        state[WINDOW] += STEP_S / net.window_j_per_k * (given.heater_w - glass_w - to_air_w)

        outside_hpa, water = given.ambient_vapour_hpa, state[CHAMBER_WATER]
        housing_share = 1.0 - net.sensor_share - net.window_share
        gas_c = net.sensor_share * sensor_c + net.window_share * window_c + housing_share * given.ambient_c
        inside_hpa = vapour_hpa(water, gas_c)
        state[DEW_OUTSIDE] += deposit_um(outside_hpa, window_c, state[DEW_OUTSIDE], OUTSIDE_M_PER_S, STEP_S)
        on_glass_um = deposit_um(inside_hpa, window_c, state[DEW_INSIDE], INSIDE_M_PER_S, STEP_S)
        on_sensor_um = deposit_um(inside_hpa, sensor_c, state[FROST], INSIDE_M_PER_S, STEP_S)
        state[DEW_INSIDE] += on_glass_um
        state[FROST] += on_sensor_um
        lost_g = on_glass_um * net.window_area_m2 + on_sensor_um * net.cold_area_m2
        leaks = given.leak_per_s * (water_g_per_m3(outside_hpa, given.ambient_c) - water)
        dries = given.drying_per_s * (water_g_per_m3(given.dry_vapour_hpa, given.ambient_c) - water)
        state[CHAMBER_WATER] = max(0.0, water - lost_g / net.volume_m3 + (leaks + dries) * STEP_S)
