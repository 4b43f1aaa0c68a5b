"""The thermal network as numbers for the kernel: strengths of the stages, and the heat of a reading sensor.

What the vendor prints are temperature differences. From them, and from the conductances of the facts file, follow
the two numbers that are not printed anywhere: how strongly the stages pump, and how much heat a sensor makes that
is read at high frame rate.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidFacts
from fullwell.models.body_facts import Chamber, Thermal
from fullwell.models.facts import Cooling
from fullwell.twin.body.air import ZERO_C_K

TEST_AMBIENT_C: Final = 20.0
"""At which the vendor's temperature differences hold."""

WATER_J_PER_ML_K: Final = 4.18


OFF: Final = 0.0
MANUAL: Final = 1.0
AUTOMATIC: Final = 2.0


class Network(NamedTuple):
    """What the kernel knows of a body. Units as in `Thermal` and `Chamber`.

    Attributes
    ----------
    first_pump_w_per_k, second_pump_w_per_k : float
        Heat that the stages pump at full current, per K of absolute temperature of their cold sides.
    reading_w : float
        Heat of the sensor at high frame rate.
    linear_w, square_w : float
        Electric power of the cooler: ``linear_w * x + square_w * x**2`` for a current of x, 0 to 1, of the
        largest.
    """

    sensor_j_per_k: float
    cold_side_j_per_k: float
    middle_j_per_k: float
    sink_j_per_k: float
    sensor_w_per_k: float
    first_stage_w_per_k: float
    second_stage_w_per_k: float
    first_stage_share: float
    first_pump_w_per_k: float
    second_pump_w_per_k: float
    reading_w: float
    linear_w: float
    square_w: float
    gain_percent_per_c: float
    integral_percent_per_c_s: float
    volume_m3: float
    sensor_share: float
    window_share: float
    cold_area_m2: float
    window_area_m2: float
    window_j_per_k: float
    window_w_per_k: float
    window_sensor_w_per_k: float
    heater_w: float


class Given(NamedTuple):
    """What acts on a body and does not change during a block of steps.

    Attributes
    ----------
    mode : float
        `OFF`, `MANUAL` or `AUTOMATIC`.
    target_c, manual_percent, limit_percent : float
        Of the cooler.
    thermometer_c : float
        What a stuck thermometer shows; NaN = it works.
    strength : float
        Share of its pumping strength that the cooler still has.
    load_w : float
        Heat of the sensor.
    heater_w : float
        Of the window.
    ambient_c, coolant_c : float
        Air round the camera; what cools the heat sink.
    sink_w_per_k : float
        From the heat sink to that.
    ambient_vapour_hpa : float
        Of the air round the camera.
    leak_per_s : float
        Exchange of the chamber's vapour with the air outside.
    drying_per_s, dry_vapour_hpa : float
        The same with the desiccant.
    """

    mode: float
    target_c: float
    manual_percent: float
    limit_percent: float
    thermometer_c: float
    strength: float
    load_w: float
    heater_w: float
    ambient_c: float
    coolant_c: float
    sink_w_per_k: float
    ambient_vapour_hpa: float
    leak_per_s: float
    drying_per_s: float
    dry_vapour_hpa: float


def record(numbers: Network | Given) -> NDArray[Any]:
    """The same as a structured array of one element: the kernel takes it faster than a tuple."""
    names = numbers._fields
    return np.array([tuple(numbers)], dtype=[(name, np.float64) for name in names])


def network(cooling: Cooling, thermal: Thermal, chamber: Chamber) -> Network:
    """The network of a camera.

    Parameters
    ----------
    cooling : Cooling
        Its figures hold at 20 C ambient, with the fan and without the window heater.
    thermal : Thermal
    chamber : Chamber

    Raises
    ------
    InvalidFacts
        If no cooler in such a network reaches the differences.

    Notes
    -----
    The electric power follows the vendor's three figures (0, 50 and 100 %), less what the camera draws without
    cooler: nearly the square of the percentage, so that it is the current that is proportional to it.
    """
    return _network(cooling, thermal, chamber)


@lru_cache(maxsize=16)
def _network(cooling: Cooling, thermal: Thermal, chamber: Chamber) -> Network:
    idle_w, half_w, full_w = cooling.power_w
    linear_w = 4.0 * (half_w - idle_w) - (full_w - idle_w)
    bare = Network(
        sensor_j_per_k=thermal.sensor_j_per_k,
        cold_side_j_per_k=thermal.cold_side_j_per_k,
        middle_j_per_k=thermal.middle_j_per_k,
        sink_j_per_k=thermal.sink_j_per_k,
        sensor_w_per_k=thermal.sensor_w_per_k,
        first_stage_w_per_k=thermal.first_stage_w_per_k,
        second_stage_w_per_k=thermal.second_stage_w_per_k,
        first_stage_share=thermal.first_stage_share,
        first_pump_w_per_k=0.0,
        second_pump_w_per_k=0.0,
        reading_w=0.0,
        linear_w=linear_w,
        square_w=full_w - idle_w - linear_w,
        gain_percent_per_c=thermal.regulator.gain_percent_per_c,
        integral_percent_per_c_s=thermal.regulator.gain_percent_per_c / thermal.regulator.integral_s,
        volume_m3=chamber.volume_ml * 1e-6,
        sensor_share=chamber.sensor_share,
        window_share=chamber.window_share,
        cold_area_m2=chamber.cold_area_cm2 * 1e-4,
        window_area_m2=chamber.window_area_cm2 * 1e-4,
        window_j_per_k=chamber.window_j_per_k,
        window_w_per_k=chamber.window_w_per_k,
        window_sensor_w_per_k=chamber.window_sensor_w_per_k,
        heater_w=chamber.heater_rise_c * (chamber.window_w_per_k + chamber.window_sensor_w_per_k),
    )
    pump = _pump_w_per_k(bare, thermal, cooling.below_ambient_long_c)
    strong = bare._replace(first_pump_w_per_k=pump, second_pump_w_per_k=pump * thermal.stage_ratio)
    return strong._replace(reading_w=_reading_w(strong, thermal, cooling.below_ambient_fast_c))


def sink_w_per_k(thermal: Thermal, flow_ml_per_s: float | None, fan_turns: bool) -> float:
    """From the heat sink to what cools it.

    Parameters
    ----------
    thermal : Thermal
    flow_ml_per_s : float or None
        Of the liquid; None = the camera is cooled by air.
    fan_turns : bool

    Notes
    -----
    A liquid takes away at most what warms it up to the temperature of the sink; below that it is the
    effectiveness of a heat exchanger with one side at an even temperature (Incropera and DeWitt, Fundamentals of
    Heat and Mass Transfer, chapter 11): ``m c (1 - exp(-UA / (m c)))``.
    """
    if flow_ml_per_s is None or thermal.liquid_w_per_k is None:
        return thermal.fan_w_per_k if fan_turns else thermal.still_w_per_k
    carried_w_per_k = flow_ml_per_s * WATER_J_PER_ML_K
    if carried_w_per_k == 0.0:
        return thermal.still_w_per_k
    return carried_w_per_k * -float(np.expm1(-thermal.liquid_w_per_k / carried_w_per_k))


def _coldest_c(net: Network, thermal: Thermal, load_w: float) -> float:
    """Where the sensor settles at full power in the vendor's test."""
    return float(settled_c(net, 1.0, load_w, TEST_AMBIENT_C, TEST_AMBIENT_C, thermal.fan_w_per_k, 0.0)[0])


def settled_c(
    net: Network,
    current: float,
    load_w: float,
    ambient_c: float,
    coolant_c: float,
    sink_conductance_w_per_k: float,
    heater_w: float,
) -> NDArray[np.float64]:
    """Temperatures of sensor, cold side, middle, heat sink and window that do not change any more, C.

    Parameters
    ----------
    net : Network
    current : float
        Of the cooler, 0 to 1.
    load_w : float
        Heat of the sensor.
    ambient_c : float
    coolant_c : float
        Of what cools the heat sink: the air, or a liquid.
    sink_conductance_w_per_k : float
    heater_w : float
        Of the window.
    """
    power_w = net.linear_w * current + net.square_w * current * current
    first_w = net.first_stage_share * power_w
    second_w = power_w - first_w
    die, through, back = net.sensor_w_per_k, net.first_stage_w_per_k, net.second_stage_w_per_k
    glass = net.window_sensor_w_per_k
    first, second = net.first_pump_w_per_k * current, net.second_pump_w_per_k * current
    sink = sink_conductance_w_per_k
    heat_in = np.array(
        [
            [-die - glass, die, 0.0, 0.0, glass],
            [die, -die - first - through, through, 0.0, 0.0],
            [0.0, first + through, -through - second - back, back, 0.0],
            [0.0, 0.0, second + back, -back - sink, 0.0],
            [glass, 0.0, 0.0, 0.0, -glass - net.window_w_per_k],
        ]
    )
    pumped_at_zero_c = np.array([first * ZERO_C_K, second * ZERO_C_K])
    given = np.array(
        [
            load_w,
            0.5 * first_w - pumped_at_zero_c[0],
            0.5 * first_w + pumped_at_zero_c[0] + 0.5 * second_w - pumped_at_zero_c[1],
            0.5 * second_w + pumped_at_zero_c[1] + sink * coolant_c,
            heater_w + net.window_w_per_k * ambient_c,
        ]
    )
    return np.linalg.solve(heat_in, -given)


def _pump_w_per_k(bare: Network, thermal: Thermal, below_ambient_c: float) -> float:
    """Strength of the first stage with which the sensor gets so cold at full power."""
    from scipy.optimize import brentq  # noqa: PLC0415  (heavy, and only twins need it)

    def too_warm_c(pump: float) -> float:
        net = bare._replace(first_pump_w_per_k=pump, second_pump_w_per_k=pump * thermal.stage_ratio)
        return _coldest_c(net, thermal, 0.0) - (TEST_AMBIENT_C - below_ambient_c)

    strongest = next((pump for pump in np.geomspace(1e-4, 10.0, 200) if too_warm_c(pump) <= 0.0), None)
    if strongest is None:
        raise InvalidFacts(
            f"no cooler in this network reaches {below_ambient_c:g} C below ambient.",
            "Correct the tables thermal and cooling of the facts file.",
        )
    return float(brentq(too_warm_c, 0.0, strongest))


def _reading_w(net: Network, thermal: Thermal, below_ambient_c: float) -> float:
    """Heat of the sensor that leaves the cooler only so much reach. The network is linear in it."""
    cold_c = _coldest_c(net, thermal, 0.0)
    per_w = _coldest_c(net, thermal, 1.0) - cold_c
    return (TEST_AMBIENT_C - below_ambient_c - cold_c) / per_w
