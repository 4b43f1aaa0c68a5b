"""Whatever clients call, and in whatever order: the sensor never changes faster than the allowed ramp."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera
from fullwell.camera.states import State
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.scene import Dark
from fullwell.twin.device import TwinDevice
from fullwell.twin.surroundings import Surroundings

NOON_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
MODEL = load("qhy600-pro")

Call = Callable[[Camera], object]


def wait(seconds: float) -> Call:
    return lambda cam: cam.clock.sleep_until(cam.clock.now_ns() + round(seconds * SECOND_NS))


def expose(exposure_s: float) -> Call:
    def call(cam: Camera) -> None:
        cam.configure(exposure_s=exposure_s)
        cam.expose()

    return call


def live(exposure_s: float) -> Call:
    def call(cam: Camera) -> None:
        cam.configure(exposure_s=exposure_s)
        with cam.live(frames=5) as frames:
            for _ in frames:
                wait(3.0)(cam)

    return call


def again(cam: Camera) -> None:
    """Close without warming up, and open again after a while."""
    cam.close()
    wait(7.0)(cam)
    cam.open()
    cam.configure(window=Window(0, 0, 32, 16))


CALLS = st.one_of(
    st.floats(-50.0, 40.0).map(lambda c: lambda cam: cam.set_target_temperature(c)),
    st.booleans().map(lambda on: lambda cam: cam.set_cooler(on)),
    st.floats(0.0, 100.0).map(lambda percent: lambda cam: cam.set_cooler_power(percent)),
    st.sampled_from([0.001, 0.5, 20.0]).map(expose),
    st.sampled_from([0.01, 2.0]).map(live),
    st.booleans().map(lambda on: lambda cam: cam.set_window_heater(on)),
    st.just(lambda cam: cam.warm_up(wait=False)),
    st.just(again),
    st.sampled_from([0.3, 1.0, 5.0, 20.0, 60.0, 200.0]).map(wait),
)


@pytest.mark.requirement("B2")
@pytest.mark.parametrize(
    "around",
    [Surroundings(), Surroundings(coolant_temperature_c=1.0), Surroundings(ambient_temperature_c=-15.0)],
    ids=["air", "cold liquid", "winter"],
)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(calls=st.lists(CALLS, min_size=1, max_size=14))
def test_no_calls_drive_the_sensor_faster_than_the_ramp(around: Surroundings, calls: list[Call]) -> None:
    """The true temperature, each second of the whole sequence and of ten minutes after it.

    What no client does is left out: a power cut lets the sensor warm up as fast as physics will.
    """
    clock = InstantClock(NOON_NS)
    device = TwinDevice(MODEL, Dark(), filter_name="L", seed=1, clock=clock, surroundings=around, threads=1)
    with Camera(device) as cam:
        cam.configure(window=Window(0, 0, 32, 16))
        for call in calls:
            call(cam)
        wait(600.0)(cam)
        assert cam.state is State.IDLE
    course_c = device.body.sensor_c(NOON_NS, clock.now_ns())
    assert MODEL.thermal is not None
    assert np.abs(np.diff(course_c)).max() * 60.0 <= MODEL.thermal.ramp_c_per_min
