"""The 12 V side: resistance of the cable from voltage against the cooler's current, and the lock-out.

The cooler changes the current, the cable takes V = I x R away: the slope of the voltage over the current is the
resistance of cable and plugs, its value at no current the supply's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.controls import Control
from fullwell.measure.doctor.climate import Ending, Samples
from fullwell.measure.doctor.patient import SIGMAS, Patient
from fullwell.measure.doctor.verdict import Curve, Quantity, Trouble, Verdict, healthy, ill, unknown

LEAST_SPREAD_A: Final = 0.05
"""Below it the current changed too little to tell a slope."""

LEAST_SAMPLES: Final = 4
LEAST_NOISE_V: Final = 0.002
MULTIMETER: Final = (
    "Measure the voltage at the camera's plug with a multimeter, cooler off and at full power: the difference "
    "over that of the currents ({idle:.2f} A and {full:.2f} A) is R; more than {most:g} ohm is too much."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Read the lock-out first, then the voltage over the run of the cooler."""
    if Control.UVLO_STATUS in patient.camera.controls:
        yield _lock_out(patient)
    if patient.model.power is None:
        yield unknown("supply", "Nothing is known of what the camera needs.")
        return
    if Control.SUPPLY_VOLTAGE_V not in patient.camera.controls:
        yield unknown("supply", "The camera does not tell its voltage.", _by_multimeter(patient))
        return
    run = patient.cooling_run
    if isinstance(run, str):
        yield unknown("supply", f"The cooler was not run: {run}", _by_multimeter(patient))
        return
    yield from _cable(patient, run.samples, near_limit=run.ending is Ending.LOW_VOLTAGE)
    yield from _protection(patient, run.samples)


def _lock_out(patient: Patient) -> Verdict:
    status = patient.camera.undervoltage()
    code = Quantity("undervoltage status", status.code)
    if not status.error:
        return healthy("undervoltage lock-out", "No event is remembered.", [code])
    words = f"{status.message[:1].upper()}{status.message[1:]}"
    return ill("undervoltage lock-out", Trouble.UNDERVOLTAGE, words, status.remedy, [code])


def currents_a(power_w: tuple[float, float, float], samples: Samples) -> NDArray[np.float64]:
    """What the camera drew, A, from the power that the vendor prints at 0, 50 and 100 %.

    Parameters
    ----------
    power_w : tuple of float
        At 0, 50 and 100 % cooler power, W.
    samples : Samples

    Notes
    -----
    Between the three figures a power law goes through all of them, nearly the square of the percentage.
    """
    idle_w, half_w, full_w = power_w
    exponent = math.log2((full_w - idle_w) / (half_w - idle_w))
    return np.asarray((idle_w + (full_w - idle_w) * (samples.percent / 100.0) ** exponent) / samples.voltage_v)


def _cable(patient: Patient, samples: Samples, near_limit: bool) -> Iterator[Verdict]:
    facts, cooling = patient.model.power, patient.model.cooling
    assert facts is not None
    current_a = currents_a(cooling.power_w, samples)
    spread_a = current_a - current_a.mean()
    drawn = [
        Curve("Voltage at the camera", "current / A", "voltage / V", current_a, samples.voltage_v, points=True)
    ]
    if float(current_a.std()) < LEAST_SPREAD_A or len(current_a) < LEAST_SAMPLES:
        lowest = Quantity("lowest voltage", float(samples.voltage_v.min()), "V", low=facts.lowest_v)
        words = "The cooler's power hardly changed: the resistance of the cable cannot be told."
        if lowest.as_expected and not near_limit:
            yield unknown("supply cable", words, "Warm the camera up, and examine it again.", [lowest])
        else:
            yield ill(
                "supply",
                Trouble.LOW_SUPPLY,
                "Too little voltage arrives to run the cooler.",
                _supply_remedy(patient),
                [lowest],
            )
        return
    slope = float(spread_a @ samples.voltage_v / (spread_a @ spread_a))
    left_v = samples.voltage_v - samples.voltage_v.mean() - slope * spread_a
    scatter_v = max(float(left_v.std(ddof=2)), LEAST_NOISE_V)
    error_ohm = scatter_v / float(spread_a @ spread_a) ** 0.5
    cable_ohm, supply_v = -slope, float(samples.voltage_v.mean() - slope * current_a.mean())
    cable = Quantity("cable and plugs", cable_ohm, "ohm", error_ohm, high=facts.cable_ohm + SIGMAS * error_ohm)
    full_v = _at_full_power_v(supply_v, max(cable_ohm, 0.0), cooling.power_w[2])
    most_a = cooling.power_w[2] / facts.lowest_v
    room_v = SIGMAS * error_ohm * most_a
    full = Quantity("voltage at full cooling", full_v, "V", error_ohm * most_a, low=facts.lowest_v - room_v)
    supply = Quantity("supply without load", supply_v, "V", None, high=facts.highest_v)
    noise = Quantity("noise of the supply", scatter_v, "V")
    told = [cable, supply, full, noise]
    if not cable.as_expected:
        words = f"The cable takes {cable_ohm * most_a:.1f} V away at full cooling."
        remedy = (
            f"Use a shorter or thicker cable with clean plugs: at most {facts.cable_ohm:g} ohm there and back. "
            "A supply of 13 V helps meanwhile."
        )
        yield ill("supply cable", Trouble.CABLE_RESISTANCE, words, remedy, told, drawn)
    elif not full.as_expected or not supply.as_expected:
        words = f"{supply_v:.2f} V without load, {full_v:.2f} V at full cooling."
        yield ill("supply", Trouble.LOW_SUPPLY, words, _supply_remedy(patient), told, drawn)
    else:
        yield healthy("supply and cable", "Enough voltage arrives at any cooler power.", told, drawn)


def _protection(patient: Patient, samples: Samples) -> Iterator[Verdict]:
    """Whether the power is held at the limit that follows an event."""
    facts = patient.model.power
    if facts is None or facts.uvlo is None:
        return
    top = float(samples.percent.max())
    held = float(np.mean(np.abs(samples.percent - facts.uvlo.limit_percent) < 0.5))
    if held > 0.2 and abs(top - facts.uvlo.limit_percent) < 0.5:
        words = f"The cooler stayed at {top:.0f} % and never had more: the protection after an event is in force."
        remedy = 'Mend the supply, then erase the memory of the event ("Reset Flash Code").'
        yield ill(
            "power protection", Trouble.PROTECTION, words, remedy, [Quantity("most cooler power", top, "%")]
        )


def _at_full_power_v(supply_v: float, cable_ohm: float, load_w: float) -> float:
    """Of a load of constant power: V = V0 - R P / V; 0 where the cable cannot feed it."""
    under_root = supply_v**2 - 4.0 * cable_ohm * load_w
    return 0.5 * (supply_v + math.sqrt(under_root)) if under_root >= 0.0 else 0.0


def _supply_remedy(patient: Patient) -> str:
    facts = patient.model.power
    assert facts is not None
    return (
        f"Use a supply that holds {facts.lowest_v:g} to {facts.highest_v:g} V at the camera with "
        f"{facts.supply_a:g} A. {_by_multimeter(patient)}"
    )


def _by_multimeter(patient: Patient) -> str:
    facts, power_w = patient.model.power, patient.model.cooling.power_w
    most = 0.2 if facts is None else facts.cable_ohm
    return MULTIMETER.format(idle=power_w[0] / 12.0, full=power_w[2] / 12.0, most=most)
