"""S14, B3, B4, B6: the doctor measures what the pages name: jumping pixels, cable, lock-out, dew."""

from __future__ import annotations

import pytest

import fullwell
from fullwell.measure import doctor
from fullwell.measure.doctor import Quantity, Report, Trouble
from fullwell.scene import Dark
from fullwell.twin.surroundings import Surroundings


def examined(only: str, trouble: str = "", surroundings: Surroundings | None = None, **values: float) -> Report:
    with fullwell.open(
        "twin:qhy600-pro", scene=Dark(), clock="instant", seed=7, surroundings=surroundings
    ) as camera:
        camera.configure(mode="High Gain", gain=56)
        if trouble:
            camera.troubles.set(trouble, **values)
        return doctor.examine(camera, only=[only], quick=True)


def quantity(report: Report, name: str) -> Quantity:
    return next(each for _, verdict in report.verdicts for each in verdict.quantities if each.name == name)


@pytest.mark.requirement("S14")
def test_the_census_of_jumping_pixels_follows_the_facts_and_sees_more_of_them() -> None:
    usual, more = examined("noise"), examined("noise", "telegraph-noise", factor=4.0)
    assert usual.troubles == ()
    assert more.troubles == (Trouble.TELEGRAPH_NOISE,)
    ratio = quantity(usual, "pixels that jump").value / quantity(usual, "the facts let this count find").value
    assert 0.75 < ratio < 1.25


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("cable_ohm", [0.05, 0.1, 0.18])
def test_the_resistance_of_the_cable_comes_out_of_the_cooler_steps(cable_ohm: float) -> None:
    report = examined("power", surroundings=Surroundings(supply_voltage_v=13.0, cable_ohm=cable_ohm))
    assert report.troubles == ()
    measured = quantity(report, "cable and plugs")
    assert measured.uncertainty is not None
    assert abs(measured.value - cable_ohm) < max(5.0 * measured.uncertainty, 0.03 * cable_ohm)


@pytest.mark.requirement("B4")
def test_the_lock_out_is_explained() -> None:
    report = examined("power", "sag", surroundings=Surroundings(supply_voltage_v=12.0), sag_v=1.5)
    assert Trouble.UNDERVOLTAGE in report.troubles
    (_, verdict), *_ = report.verdicts
    assert "code 9" in verdict.words
    assert "ohm" in verdict.remedy


@pytest.mark.requirement("B6")
def test_a_wet_chamber_is_seen_and_not_cooled_into_frost() -> None:
    wet = Surroundings(ambient_temperature_c=20.0, humidity_percent=90.0)
    report = examined("dew", "wet-chamber", surroundings=wet)
    assert Trouble.DEW in report.troubles
    cooling = examined("cooling", "wet-chamber", surroundings=wet)
    assert cooling.troubles == ()
    assert "too wet" in cooling.verdicts[0][1].words


@pytest.mark.requirement("B6")
def test_a_dead_window_heater_is_seen() -> None:
    assert examined("dew").troubles == ()
    assert examined("dew", "dead-heater").troubles == (Trouble.HEATER_DEAD,)
