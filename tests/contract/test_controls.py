"""Controls: what can be set reads back, what cannot is refused; cooler and filter wheel."""

from __future__ import annotations

import math

import pytest

from contract.bench import START_NS, Bench, expose, prepare
from fullwell.camera.clock import InstantClock, SteppedClock
from fullwell.camera.controls import CONTROLS, Control
from fullwell.errors import NotSupported, OutOfRange

RANGED = [control for control, facts in CONTROLS.items() if facts.range_field is not None]
READ_ONLY = [control for control, facts in CONTROLS.items() if not facts.writable]


@pytest.mark.parametrize("control", RANGED)
def test_what_is_set_reads_back_and_what_is_out_of_range_is_refused(bench: Bench, control: Control) -> None:
    device = bench.ready()
    limits = getattr(bench.model, CONTROLS[control].range_field or "")
    if limits.low == limits.high:
        with pytest.raises(NotSupported):
            device.set_control(control, limits.low)
        return
    for value in (limits.low, limits.high, limits.default):
        device.set_control(control, value)
        assert device.get_control(control) == value
    for value in (limits.low - limits.step, limits.high + limits.step, float("nan")):
        with pytest.raises(OutOfRange):
            device.set_control(control, value)
    assert device.get_control(control) == limits.default


@pytest.mark.parametrize("control", READ_ONLY)
def test_readings_cannot_be_set(bench: Bench, control: Control) -> None:
    with pytest.raises(NotSupported):
        bench.ready().set_control(control, 1.0)


def test_a_control_is_there_or_refused_but_never_invented(bench: Bench) -> None:
    device = bench.ready()
    for control in Control:
        try:
            value = device.get_control(control)
        except NotSupported:
            with pytest.raises(NotSupported):
                device.set_control(control, 0.0)
        else:
            assert math.isfinite(value), control


def test_the_cooler_cools(bench: Bench) -> None:
    clock = InstantClock(START_NS)
    device = bench.device(clock=clock)
    prepare(device)
    device.set_control(Control.EXPOSURE_S, 10.0)
    device.set_control(Control.TARGET_TEMPERATURE_C, 0.0)
    device.set_control(Control.COOLER_ON, 1.0)
    clock.sleep_until(START_NS + 600_000_000_000)
    assert device.get_control(Control.SENSOR_TEMPERATURE_C) == pytest.approx(0.0, abs=0.2)
    assert 0.0 < device.get_control(Control.COOLER_POWER_PERCENT) <= 100.0
    device.set_control(Control.COOLER_ON, 0.0)
    clock.sleep_until(START_NS + 36_000_000_000_000)
    ambient_c = device.get_control(Control.AMBIENT_TEMPERATURE_C)
    assert device.get_control(Control.SENSOR_TEMPERATURE_C) == pytest.approx(ambient_c, abs=0.2)
    assert device.get_control(Control.COOLER_POWER_PERCENT) == 0.0


def test_a_frame_knows_its_temperature(bench: Bench) -> None:
    device = bench.device()
    frame_format = prepare(device)
    _, report = expose(device, frame_format)
    assert report.readings.sensor_temperature_c == pytest.approx(
        device.get_control(Control.SENSOR_TEMPERATURE_C), abs=0.1
    )
    assert report.readings.target_temperature_c == device.get_control(Control.TARGET_TEMPERATURE_C)


def test_the_wheel_turns_in_its_time(bench: Bench) -> None:
    clock = SteppedClock(START_NS)
    device = bench.device(clock=clock)
    prepare(device)
    names = device.wheel_names()
    assert len(names) == bench.model.wheel_slots
    if not names:
        for call in (device.get_control, lambda control: device.set_control(control, 0.0)):
            with pytest.raises(NotSupported):
                call(Control.WHEEL_POSITION)
        return
    assert len(set(names)) == len(names)
    for slot in (*range(len(names)), 0):
        device.set_control(Control.WHEEL_POSITION, slot)
        clock.step(60.0)
        assert device.get_control(Control.WHEEL_POSITION) == slot
    device.set_control(Control.WHEEL_POSITION, len(names) // 2)
    assert device.get_control(Control.WHEEL_POSITION) == -1
    for slot in (-1, len(names)):
        with pytest.raises(OutOfRange):
            device.set_control(Control.WHEEL_POSITION, slot)


def test_a_frame_knows_its_filter(bench: Bench) -> None:
    clock = InstantClock(START_NS)
    device = bench.device(clock=clock)
    frame_format = prepare(device)
    for slot, name in enumerate(device.wheel_names()):
        device.set_control(Control.WHEEL_POSITION, slot)
        clock.sleep_until(clock.now_ns() + 60_000_000_000)
        _, report = expose(device, frame_format)
        assert report.observation.filter_name == name
