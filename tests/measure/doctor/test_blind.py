"""The doctor, blind: it names the trouble of cameras that were drawn at random, and leaves healthy ones alone.

Each verdict may call a healthy camera ill with a probability of 1e-6; a round has some 25 verdicts, so that 100
healthy cameras give an alarm with a probability of about 0.3 %. All cases come from one seed each.
"""

from __future__ import annotations

import numpy as np
import pytest

from measure.doctor import clinic

CASES = 100
FEW = 6


def healthy_alarms(cases: range) -> list[str]:
    alarms = []
    for number in cases:
        case = clinic.drawn(np.random.default_rng((2026, number)))
        report = case.examined()
        alarms += [f"{number}: {case}: {verdict.words}" for _, verdict in report.verdicts if verdict.trouble]
    return alarms


def unnamed(cases: range) -> list[str]:
    missed = []
    for number in cases:
        case = clinic.troubled(np.random.default_rng((1126, number)))
        report = case.examined()
        if not case.expected & set(report.troubles):
            missed.append(f"{number}: {case}: {report.troubles}")
    return missed


def test_a_few_healthy_cameras_are_healthy() -> None:
    assert healthy_alarms(range(CASES, CASES + FEW)) == []


def test_the_trouble_of_a_few_cameras_is_named() -> None:
    assert unnamed(range(CASES, CASES + FEW)) == []


@pytest.mark.slow
def test_no_alarm_on_a_hundred_healthy_cameras() -> None:
    assert healthy_alarms(range(CASES)) == []


@pytest.mark.slow
def test_the_trouble_of_a_hundred_cameras_is_named() -> None:
    missed = unnamed(range(CASES))
    assert len(missed) <= 5, "\n".join(missed)
