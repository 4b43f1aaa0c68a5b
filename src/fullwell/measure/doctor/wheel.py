"""The filter wheel: whether it goes where it is sent, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fullwell.camera.wheel import Wheel
from fullwell.errors import Busy, DeviceFault, NotSupported
from fullwell.measure.doctor.patient import Patient
from fullwell.measure.doctor.verdict import Quantity, Trouble, Verdict, healthy, ill, unknown

SLOWEST_S: Final = 30.0
"""Homing takes 16 s on real wheels; no move takes longer than that and a turn."""

REMEDY: Final = (
    "Check the cable to the 4-pin port and whether a filter or a screw touches the housing; power the camera "
    "off and on, so that the wheel finds its home. Do not trust the filter of frames taken meanwhile."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Move to the farthest slot, to one beside it, and back."""
    wheel = patient.camera.wheel
    if wheel is None:
        yield unknown("filter wheel", "The camera has none.")
        return
    try:
        yield _moves(patient, wheel)
    except (NotSupported, Busy) as error:
        yield ill(
            "filter wheel", Trouble.WHEEL_STUCK, f"The camera does not find its wheel: {error.message}", REMEDY
        )


def _moves(patient: Patient, wheel: Wheel) -> Verdict:
    clock, subject = patient.camera.clock, "filter wheel"
    _settle(patient, wheel)
    home = wheel.position
    if home < 0:
        return ill(subject, Trouble.WHEEL_STUCK, "It does not say in which slot it stands.", REMEDY)
    slots = len(wheel.names)
    longest_s = 0.0
    for slot in ((home + slots // 2) % slots, (home + slots // 2 + 1) % slots, home):
        begin_ns = clock.now_ns()
        try:
            wheel.move(slot, wait=True)
        except DeviceFault as error:
            return ill(
                subject, Trouble.WHEEL_STUCK, f"It failed on the way to slot {slot}: {error.message}", REMEDY
            )
        longest_s = max(longest_s, (clock.now_ns() - begin_ns) * 1e-9)
    time = Quantity("longest move", longest_s, "s", high=SLOWEST_S)
    if time.as_expected:
        return healthy(subject, "It arrives at each slot that it is sent to.", [time])
    return ill(subject, Trouble.WHEEL_STUCK, f"A move took {longest_s:.0f} s.", REMEDY, [time])


def _settle(patient: Patient, wheel: Wheel) -> None:
    """Let it finish what it is doing."""
    clock = patient.camera.clock
    deadline_ns = clock.now_ns() + round(SLOWEST_S * 1e9)
    while wheel.position < 0 and clock.now_ns() < deadline_ns:
        clock.sleep_until(clock.now_ns() + 500_000_000)
