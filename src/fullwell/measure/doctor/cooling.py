"""The cooler: whether it reaches its target, how long it takes, and how much power it needs to stay there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fullwell.measure.doctor.climate import LEAST_DEPTH_C, STILL_C, CoolingRun, Ending
from fullwell.measure.doctor.patient import Patient
from fullwell.measure.doctor.verdict import Curve, Quantity, Trouble, Verdict, healthy, ill, unknown

BODY_POWER: Final = 1.15
"""How much more power than by the rule a healthy cooler may need: other air, other bodies (assumed)."""

LEAST_POWER: Final = 0.3
"""Share of the power by the rule that even a very good cooler needs: with less the thermometer is off."""

STANDING: Final = 0.95
"""Power at the end of the hold over that at its beginning: by the thermal facts of the models 0.90 to 0.92 with a
fan that turns and 0.98 to 1.01 with one that stands. With it the heat sink stays cool, and the power goes down as
the rest of the camera settles; without it the sink warms up for a quarter of an hour."""

SLOWEST: Final = 2.0
"""In times to settle."""

REMEDY: Final = (
    "Look whether the fan turns and its openings are free of dust, and whether the supply gives 4 A. If they "
    "are fine, the cooler has aged: ask for a target nearer to the air's temperature."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Cool the sensor, or watch it if it is cooled already."""
    subject, run = "cooling", patient.cooling_run
    if isinstance(run, str):
        yield unknown(subject, run)
        return
    yield _verdict(patient, run, subject)
    if run.trend is not None:
        yield _fan(run.trend)


def _verdict(patient: Patient, run: CoolingRun, subject: str) -> Verdict:
    cooling, samples = patient.model.cooling, run.samples
    drawn = [
        Curve("Sensor", "time / s", "temperature / C", samples.elapsed_s, samples.sensor_c, limit=run.target_c),
        Curve("Cooler", "time / s", "power / %", samples.elapsed_s, samples.percent),
    ]
    below_c = run.ambient_c - run.target_c
    told = [Quantity("below the air", run.ambient_c - float(samples.sensor_c[-1]), "C")]
    stuck = run.ending is Ending.TOO_LONG and run.started and run.moved_c < STILL_C
    if run.ending is Ending.STILL or stuck:
        words = f"The thermometer stood at {samples.sensor_c[-1]:.1f} C while the cooler worked."
        remedy = (
            "It is stuck: the camera regulates by it, and may run at full power for nothing. Have it repaired."
        )
        return ill(subject, Trouble.THERMOMETER_STUCK, words, remedy, told, drawn)
    if run.ending is Ending.LOW_VOLTAGE:
        return unknown(subject, "The run was ended: the supply came near to its limit.", "See power.", told)
    if run.ending is Ending.SWITCHED_OFF:
        words = "The camera switched its cooler off by itself."
        remedy = "Most likely too little voltage: see power, and reset the lock-out when the supply is good."
        return ill(subject, Trouble.TARGET_NOT_REACHED, words, remedy, told, drawn)
    # the colder, the less each further percent gains: a linear rule is the most that a sound cooler needs
    most = BODY_POWER * 100.0 * below_c / cooling.below_ambient_long_c
    least = LEAST_POWER * 100.0 * below_c / cooling.below_ambient_long_c if below_c >= LEAST_DEPTH_C else 0.0
    if run.settled_s is None or run.holding_percent is None:
        told.append(Quantity("power at the end", float(samples.percent[-1]), "%"))
        goal = f"{run.target_c:.1f} C, {below_c:.0f} C below the air"
        words = f"It did not come to {goal}, in {samples.elapsed_s[-1]:.0f} s."
        if below_c > cooling.below_ambient_long_c:
            remedy = f"That is too deep: the camera promises {cooling.below_ambient_long_c:g} C. Ask for less."
            return ill(subject, Trouble.TARGET_NOT_REACHED, words, remedy, told, drawn)
        return ill(subject, Trouble.TARGET_NOT_REACHED, words, REMEDY, told, drawn)
    time = Quantity("time to settle", run.settled_s, "s", high=SLOWEST * cooling.settle_s)
    power = Quantity(
        f"power to hold {run.target_c:.1f} C", run.holding_percent, "%", None, least, min(most, 99.0)
    )
    told += [time, power]
    if power.value < least:
        words = f"{power.value:.0f} % are too little to hold {below_c:.0f} C below the air."
        remedy = (
            "The thermometer is wrong: compare it with the air round a camera long off, and look at dark frames."
        )
        return ill(subject, Trouble.THERMOMETER_STUCK, words, remedy, told, drawn)
    if not power.as_expected:
        words = f"It needs {power.value:.0f} % to hold {below_c:.0f} C below the air."
        return ill(subject, Trouble.WEAK_COOLING, words, REMEDY, told, drawn)
    if not time.as_expected:
        return ill(subject, Trouble.WEAK_COOLING, f"It took {time.value:.0f} s.", REMEDY, told, drawn)
    return healthy(subject, "It reaches its target and holds it with power to spare.", told, drawn)


def _fan(trend: float) -> Verdict:
    """A suspicion only: nothing tells the temperature of the heat sink."""
    subject = "fan and heat sink"
    power = Quantity("power after eight minutes over that after one", trend, "", high=STANDING)
    if power.as_expected:
        return healthy(
            subject, "The power goes down while the target is held: the heat sink stays cool.", [power]
        )
    words = "The power does not go down while the target is held: the heat sink gets warm."
    remedy = "Feel whether air comes out of the camera, and clean fan and openings."
    return ill(subject, Trouble.FAN, words, remedy, [power])
