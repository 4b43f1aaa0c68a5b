"""Whatever is done to the 12 V of a twin, in any order: what it says is true, and its guard holds."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fullwell.camera.clock import SteppedClock
from fullwell.camera.controls import Control
from fullwell.connect import Surroundings, find_device
from fullwell.errors import DeviceLost, NotConnected
from fullwell.scene import Dark
from fullwell.twin.device import TwinDevice

NOON_NS = 1_767_225_600_000_000_000
BOOT_S = 5.0

DEEDS = st.one_of(
    st.tuples(st.just("cut")),
    st.tuples(st.just("restore")),
    st.tuples(st.just("sag"), st.sampled_from([0.0, 0.5, 1.2, 2.5, 4.0, 12.5])),
    st.tuples(st.just("cool"), st.sampled_from([0.0, 30.0, 70.0, 100.0])),
    st.tuples(st.just("reset")),
    st.tuples(st.just("open")),
    st.tuples(st.just("wait"), st.sampled_from([0.3, 2.0, 20.0, 600.0])),
)


def do(device: TwinDevice, clock: SteppedClock, deed: str, value: float = 0.0) -> None:
    power: dict[str, Any] = {"cut": device.power.cut, "restore": device.power.restore}
    match deed:
        case "cut" | "restore":
            power[deed]()
        case "sag":
            device.power.sag(value)
        case "cool":
            device.set_control(Control.COOLER_POWER_PERCENT, value)
        case "reset":
            device.reset_undervoltage()
        case "open":
            device.close()
            device.open()
        case "wait":
            clock.step(value)


@settings(max_examples=60)
@given(st.lists(DEEDS, max_size=14))
def test_any_order(deeds: list[tuple[Any, ...]]) -> None:
    clock = SteppedClock(NOON_NS)
    around = Surroundings(supply_noise_v=0.0, cable_ohm=0.2)
    device = find_device(
        "twin:qhy600-pro", scene=Dark(), clock=clock, surroundings=around, threads=1, recover=False
    )
    assert isinstance(device, TwinDevice)
    device.open()
    losses = 0
    for deed in deeds:
        try:
            do(device, clock, *deed)
        except (DeviceLost, NotConnected):
            losses += 1
            assert deed[0] in ("cool", "reset", "open"), "nothing else needs a camera that answers"
        feed, guard = device.power.feed, device.power.guard
        percent = device.body.state().cooler_percent
        assert percent <= guard.limit_percent + 1e-9
        if guard.low:
            assert guard.tripped
            assert percent == 0.0
        if not device.power.runs:
            clock_ns = clock.now_ns()
            try:
                device.get_control(Control.SENSOR_TEMPERATURE_C)
            except (DeviceLost, NotConnected):
                assert clock.now_ns() == clock_ns
            else:
                raise AssertionError("a camera without power answers")
        if device.power.supply.switched_on and feed.voltage_v >= 11.2:
            clock.step(1.0 + BOOT_S + 0.1)
            assert device.power.runs, "a camera with good power is up after its boot"
