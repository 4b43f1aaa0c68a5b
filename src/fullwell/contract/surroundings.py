"""Checks: cooler, filter wheel, trigger and GPS stamp. Each puts back what it has moved."""

from __future__ import annotations

from typing import Final

import numpy as np

from fullwell.camera.controls import Control
from fullwell.camera.states import State
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand, put_back
from fullwell.contract.verdicts import expect, unfit
from fullwell.errors import DeviceFault, NotSupported, OutOfRange


@check(
    "cooler-target",
    "The cooler takes its target; it is put back as it was found.",
    "Check the 12 V supply: without it cameras do not cool.",
)
def cooler_target(stand: Stand) -> str:
    """A target near the present temperature is read back; one beyond the range is refused. Never switched on."""
    camera, model = stand.camera, stand.model
    was = stand.found.cooler
    if was is None:
        unfit("it has no cooler.")
    here_c = camera.readings().sensor_temperature_c
    allowed = model.temperature_c
    wanted_c = float(round(min(max(20.0 if here_c is None else here_c, allowed.low), allowed.high)))
    with put_back(stand.put_back_cooler):
        camera.set_target_temperature(wanted_c)
        _expect_target(stand, wanted_c)
        try:
            camera.set_target_temperature(allowed.low - 10)
        except OutOfRange:
            pass
        else:
            expect(False, f"a target of {allowed.low - 10:g} C to be refused", "no error")
        _expect_target(stand, wanted_c)
    return f"target {wanted_c:g} C taken; cooler {'on' if was.on else 'off'} as before, target {was.target_c:g} C"


def _expect_target(stand: Stand, wanted_c: float) -> None:
    """The camera itself is asked where nothing leads its cooler step by step."""
    wish = stand.cooler
    got_c = None if wish is None else wish.target_c
    expect(got_c == wanted_c, f"a target of {wanted_c:g} C", f"{got_c} C")
    if wish is not None and not wish.on:
        used_c = stand.camera.control(Control.TARGET_TEMPERATURE_C)
        expect(used_c == wanted_c, f"a target of {wanted_c:g} C in the camera", f"{used_c:g} C")


@check(
    "supply",
    "A camera that has seen too little voltage cools with less power, and frames suffer.",
    "After that, erase the camera's memory of it with reset_undervoltage().",
)
def supply(stand: Stand) -> str:
    """What the camera remembers of its supply: nothing bad."""
    if Control.UVLO_STATUS not in stand.camera.controls:
        unfit("it does not watch its supply.")
    told = stand.camera.undervoltage()
    if told.error:
        raise DeviceFault(told.message, told.remedy)
    return f"status {told.code}"


@check(
    "readings-in-frame",
    "Each frame says how warm the sensor was.",
    "Read the temperature apart; report model and SDK version.",
)
def readings_in_frame(stand: Stand) -> str:
    """The temperature in the report of a frame against the one that is read."""
    if Control.SENSOR_TEMPERATURE_C not in stand.camera.controls:
        unfit("it has no thermometer.")
    frame = stand.frames(1)[0]
    in_frame, now = frame.report.readings.sensor_temperature_c, stand.camera.readings().sensor_temperature_c
    good = in_frame is not None and now is not None and abs(in_frame - now) < 2.0
    expect(good, f"about {now} C in the frame", f"{in_frame} C")
    return f"{in_frame:.1f} C in the frame, {now:.1f} C now"


@check(
    "filter-wheel",
    "The wheel goes where it is told, and the camera says where it is.",
    "Check its cable; let it find its zero for half a minute after switching on.",
    quick=False,
)
def filter_wheel(stand: Stand) -> str:
    """To the next slot, and back."""
    wheel, found = stand.camera.wheel, stand.found.slot
    if wheel is None:
        unfit("there is no filter wheel.")
    home = found if found is not None and found >= 0 else 0
    there = (home + 1) % len(wheel.names)
    with put_back(lambda: wheel.move(home, wait=True)):
        wheel.move(there, wait=True)
        expect(wheel.position == there, f"slot {there}", wheel.position)
    expect(wheel.position == home, f"slot {home}", wheel.position)
    return f"{len(wheel.names)} slots; from {home} to {there} and back"


@check(
    "soft-trigger",
    "An exposure that waits for its trigger begins with it, and not before.",
    "Look at the trigger settings in pins.configure; report model and SDK version.",
)
def soft_trigger(stand: Stand) -> str:
    """An exposure armed, waiting, and started by software."""
    camera = stand.camera
    if camera.pins is None or Control.TRIGGER_INPUT not in camera.controls:
        unfit("it has no trigger input.")
    stand.configure()
    with put_back(stand.wait_for_nothing):
        try:
            camera.pins.configure(trigger_input="soft")
        except NotSupported as error:
            unfit(error.message)
        camera.start()
        stand.sleep(0.2)
        expect(camera.state is State.ARMED, "an exposure that waits", camera.state)
        before_ns = camera.clock.now_ns()
        camera.trigger()
        frame = camera.read(trigger_timeout_s=10.0)
        early_ns = before_ns - frame.start_ns
        bound_ns = 3 * frame.report.time_uncertainty_ns + 1_000_000
        expect(early_ns <= bound_ns, "an exposure that begins with the trigger", f"{early_ns} ns before it")
    camera.expose()
    return f"waited, then began {-early_ns * 1e-6:.1f} ms after the trigger"


@check(
    "gps-stamp",
    "With the GPS switch on, each frame carries the box's stamp, whose number counts the frames.",
    "Plug in the GPS box and wait for its lock; without a box there is nothing to do.",
    quick=False,
)
def gps_stamp(stand: Stand) -> str:
    """Stamps in live frames: readable, numbered one by one, and gone when switched off."""
    if Control.GPS not in stand.camera.controls:
        unfit("it takes no GPS box.")
    stand.configure(gps=True)
    with stand.camera.live(frames=4) as run:
        stamps = [frame.report.gps for frame in run]
    numbers = [stamp.sequence for stamp in stamps if stamp is not None]
    expect(len(numbers) == 4, "a stamp in each frame", f"{len(numbers)} of 4")
    expect(bool((np.diff(numbers) == 1).all()), "stamps numbered one by one", numbers)
    stand.configure()
    after = stand.camera.expose().report.gps
    expect(after is None, "no stamp once it is switched off", after)
    return f"stamps {numbers[0]} to {numbers[-1]}"


CHECKS: Final[tuple[Check, ...]] = (
    cooler_target,
    supply,
    readings_in_frame,
    filter_wheel,
    soft_trigger,
    gps_stamp,
)
