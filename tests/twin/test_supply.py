"""Supply, cable and under-voltage lock-out of a twin, each by itself."""

from __future__ import annotations

import statistics
from datetime import date
from pathlib import Path

import pytest

from fullwell.errors import DeviceLost, InvalidValue, OutOfRange
from fullwell.models import keys, load
from fullwell.twin.body.flash import Flash
from fullwell.twin.body.lifeline import Lifeline
from fullwell.twin.body.supply import NOISE_STEP_NS, Supply, load_w, voltage_at_camera_v
from fullwell.twin.body.undervoltage import UndervoltageGuard
from fullwell.twin.surroundings import Surroundings

POWER_W = (13.8, 20.0, 40.0)
NEW, OLD = date(2021, 9, 1), date(2021, 8, 31)


@pytest.mark.parametrize(("percent", "watts"), [(0, 13.8), (50, 20.0), (100, 40.0)])
def test_load_goes_through_the_printed_figures(percent: float, watts: float) -> None:
    assert load_w(POWER_W, percent) == pytest.approx(watts, rel=1e-12)


def test_load_never_falls_with_power() -> None:
    loads = [load_w(POWER_W, percent) for percent in range(101)]
    assert loads == sorted(loads)


@pytest.mark.parametrize("supply_v", [11.0, 12.0, 13.8])
@pytest.mark.parametrize("cable_ohm", [0.0, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("watts", POWER_W)
def test_voltage_current_and_power_belong_together(supply_v: float, cable_ohm: float, watts: float) -> None:
    voltage_v = voltage_at_camera_v(supply_v, cable_ohm, watts)
    current_a = watts / voltage_v
    assert voltage_v + current_a * cable_ohm == pytest.approx(supply_v, rel=1e-12)


def test_a_cable_that_cannot_carry_the_load_gives_nothing() -> None:
    assert voltage_at_camera_v(12.0, 0.91, 40.0) == 0.0
    assert voltage_at_camera_v(12.0, 0.89, 40.0) > 6.0


def test_noise_is_of_its_strength_and_repeats() -> None:
    around = Surroundings(supply_noise_v=0.1, cable_ohm=0.0)
    first, again = (Supply(around, POWER_W, seed=5) for _ in range(2))
    instants = [n * NOISE_STEP_NS for n in range(20_000)]
    volts = [first.feed(0.0, at).voltage_v for at in instants]
    assert volts[:100] == [again.feed(0.0, at).voltage_v for at in instants[:100]]
    # 20,000 normal numbers: mean and deviation within 5 of their own standard errors; false alarm 1e-6.
    assert abs(statistics.fmean(volts) - 12.5) < 5 * 0.1 / 20_000**0.5
    assert abs(statistics.stdev(volts) - 0.1) < 5 * 0.1 / 40_000**0.5


def test_sag_switch_and_limit() -> None:
    supply = Supply(Surroundings(supply_noise_v=0.0, cable_ohm=0.1), POWER_W, seed=1)
    full = supply.feed(100.0, 0)
    supply.sag_v = 1.0
    assert supply.feed(100.0, 0).voltage_v == pytest.approx(voltage_at_camera_v(11.5, 0.1, 40.0))
    supply.sag_v = 0.0
    supply.surroundings = Surroundings(supply_noise_v=0.0, cable_ohm=0.1, supply_limit_a=3.0)
    limited = supply.feed(100.0, 0)
    assert limited.current_a == 3.0
    assert limited.voltage_v == pytest.approx(full.voltage_v * 3.0 / full.current_a)
    supply.switched_on = False
    assert supply.feed(0.0, 0).voltage_v == 0.0
    with pytest.raises(OutOfRange, match="sag of the supply"):
        supply.sag_v = -1.0


@pytest.mark.parametrize(("day", "code", "good"), [(NEW, 9, 8), (OLD, 3, 1)])
def test_an_event_is_remembered_until_it_is_erased(day: date, code: int, good: int) -> None:
    uvlo, flash = load("qhy600-pro").power.uvlo, Flash()  # type: ignore[union-attr]
    guard = UndervoltageGuard(uvlo, day, flash)
    assert (guard.status, guard.limit_percent, guard.watch(11.0)) == (good, 100.0, False)
    assert guard.watch(10.99)
    assert guard.low
    assert not guard.watch(11.19), "an event begins once"
    assert guard.low
    assert not guard.watch(11.2)
    assert not guard.low
    assert (guard.status, guard.limit_percent) == (code, 70.0)
    later = UndervoltageGuard(uvlo, day, flash)
    assert (later.status, later.limit_percent) == (code, 70.0)
    later.reset()
    assert (guard.status, guard.limit_percent) == (good, 100.0)


def test_only_old_firmware_takes_interference_for_low_voltage() -> None:
    uvlo = load("qhy600-pro").power.uvlo  # type: ignore[union-attr]
    old, new = UndervoltageGuard(uvlo, OLD, Flash()), UndervoltageGuard(uvlo, NEW, Flash())
    assert old.disturb()
    assert old.status == 3
    assert not new.disturb()
    assert new.status == 8


def test_no_lock_out_no_event() -> None:
    guard = UndervoltageGuard(load("qhy42-pro").power.uvlo, NEW, Flash())  # type: ignore[union-attr]
    assert not guard.exists
    assert not guard.watch(5.0)
    assert (guard.status, guard.limit_percent, guard.tripped) == (0, 100.0, False)


def test_all_models_but_the_42_have_a_lock_out() -> None:
    have = {key for key in keys() if load(key).power.uvlo is not None}  # type: ignore[union-attr]
    assert have == set(keys()) - {"qhy42-pro"}


def test_flash_in_a_file_outlives_the_twin(tmp_path: Path) -> None:
    path = tmp_path / "flash.json"
    Flash(path).write(undervoltage_code=9, start_config=bytes(range(64)))
    memory = Flash(path).memory
    assert (memory.undervoltage_code, memory.start_config) == (9, bytes(range(64)))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"start_config": "", "colour": 1}'])
def test_a_file_that_is_no_flash(tmp_path: Path, text: str) -> None:
    path = tmp_path / "flash.json"
    path.write_text(text)
    with pytest.raises(InvalidValue, match="no flash memory"):
        Flash(path)


def test_lifeline_boots_after_each_loss() -> None:
    line = Lifeline(boot_s=5.0)
    line.regain_power(7)
    assert line.answers(7)
    line.lose_power()
    line.lose_power()
    assert line.losses == 1
    with pytest.raises(DeviceLost, match="no power"):
        line.require(9)
    line.regain_power(10)
    line.regain_power(20)
    with pytest.raises(DeviceLost, match=r"boots: 5\.0 s"):
        line.require(11)
    assert not line.answers(5_000_000_009)
    assert line.answers(5_000_000_010)
