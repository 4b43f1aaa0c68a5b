"""Checks: single exposures from start to frame, aborted, stopped, and at their real length."""

from __future__ import annotations

import threading
import time
from typing import Final

from fullwell.camera.engine import Camera
from fullwell.camera.frame import Frame
from fullwell.camera.states import State
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect, unfit
from fullwell.errors import Busy, ExposureAborted, FullwellError, NoImage, NotSupported

AT_ONCE_S: Final = 2.0
"""What a command that must not wait may take, with a USB transfer and a busy computer in between, real time."""
SLACK_S: Final = 5.0
"""What a frame may take beyond exposure, read-out and transfer, real time."""


@check(
    "exposure-order",
    "Start, progress, read, idle: programs rely on that order, and on clear refusals of any other.",
    "Report it: the engine in front of the camera has lost its state.",
)
def exposure_order(stand: Stand) -> str:
    """States and progress of one exposure; what is refused meanwhile, and before and after it."""
    camera = stand.camera
    stand.configure(exposure_s=0.5)
    _expect_refusal(stand, camera.read, NoImage, "reading without an exposure")
    expect(camera.remaining_s() == 0.0, "nothing remaining while idle", camera.remaining_s())
    camera.start()
    expect(camera.state is State.EXPOSING, "exposing", camera.state)
    _expect_refusal(stand, camera.start, Busy, "a second exposure at the same time")
    _expect_refusal(stand, lambda: camera.configure(gain=1), Busy, "a change of gain while exposing")
    _expect_refusal(stand, lambda: camera.live(frames=1), Busy, "a live run while exposing")
    left_s, percent = [], []
    for _ in range(4):
        left_s.append(camera.remaining_s())
        percent.append(camera.progress_percent())
        stand.sleep(0.1)
    expect(left_s == sorted(left_s, reverse=True), "the time left to fall", left_s)
    expect(percent == sorted(percent), "progress to rise", percent)
    expect(0.0 < left_s[0] <= 0.5 + SLACK_S, "a time left about the exposure", f"{left_s[0]:g} s")
    camera.read()
    expect(camera.state is State.IDLE, "idle after reading", camera.state)
    _expect_refusal(stand, camera.read, NoImage, "reading the same frame twice")
    return f"progress {percent[0]} to {percent[-1]} %, then idle"


def _expect_refusal(stand: Stand, call: object, error: type[Exception], what: str) -> None:
    assert callable(call)
    try:
        call()
    except error:
        return
    expect(False, f"{what} to be refused", f"no error, state {stand.camera.state}")


@check(
    "exposure-length",
    "An exposure lasts as long as was asked for, and its frame comes soon after.",
    "Look for another program on the same USB bus; else the SDK rounds exposures.",
)
def exposure_length(stand: Stand) -> str:
    """Length by the camera's clockwork to a line, and by the clock outside."""
    told = []
    for exposure_s in (0.001, 0.3) if stand.quick else (0.001, 0.02, 0.3, 3.0):
        stand.configure(exposure_s=exposure_s)
        before_ns = stand.camera.clock.now_ns()
        frame = stand.camera.expose()
        took_s = (stand.camera.clock.now_ns() - before_ns) * 1e-9
        timing = frame.report.timing
        off_ns = abs(timing.exposure_ns - exposure_s * 1e9)
        expect(
            off_ns <= timing.line_period_ns + 1000,
            f"{exposure_s:g} s to a line of {timing.line_period_ns} ns",
            f"{timing.exposure_ns * 1e-9:g} s",
        )
        due_s = (timing.exposure_ns + timing.read_ns + timing.transfer_ns) * 1e-9
        expect(took_s > 0.99 * exposure_s, f"a frame not before {exposure_s:g} s", f"after {took_s:.3f} s")
        expect(took_s < due_s + SLACK_S, f"a frame within {due_s + SLACK_S:.2f} s", f"after {took_s:.2f} s")
        error_ns = 3 * frame.report.time_uncertainty_ns + 1_000_000
        expect(
            abs(frame.start_ns - before_ns) <= max(error_ns, 1_000_000_000),
            "a start of exposure at the start of the command",
            f"{(frame.start_ns - before_ns) * 1e-9:+.3f} s",
        )
        told.append(f"{exposure_s:g} s took {took_s:.3f} s")
    return ", ".join(told)


@check(
    "abort",
    "An exposure can be given up at once, and the next one is good.",
    "Switch the camera off and on; if it stays so, use another SDK version.",
)
def abort(stand: Stand) -> str:
    """Aborted while nobody reads, and (in real time) while a thread waits; the next exposure gives a frame."""
    camera = stand.camera
    stand.configure(exposure_s=20.0)
    camera.start()
    begin_s = time.monotonic()
    camera.abort()
    took_s = [time.monotonic() - begin_s]
    expect(camera.state is State.IDLE, "idle after the abort", camera.state)
    _expect_refusal(stand, camera.read, NoImage, "reading an exposure that was aborted")
    if stand.in_real_time:
        took_s.append(_abort_a_reader(stand))
    expect(max(took_s) < AT_ONCE_S, f"an abort within {AT_ONCE_S:g} s", f"{max(took_s):.2f} s")
    stand.configure()
    frame = camera.expose()
    expect(bool(frame.data.any()), "a frame after the abort", "zeros")
    return f"exposures of 20 s aborted in {max(took_s):.2f} s"


def _abort_a_reader(stand: Stand) -> float:
    camera = stand.camera
    caught: list[Exception] = []

    def read() -> None:
        try:
            camera.read()
        except Exception as error:  # whatever it is, it is judged below
            caught.append(error)

    camera.start()
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(0.3)
    begin_s = time.monotonic()
    camera.abort()
    reader.join(10.0)
    took_s = time.monotonic() - begin_s
    good = len(caught) == 1 and isinstance(caught[0], ExposureAborted)
    expect(good, "the waiting reader to hear of the abort", caught or "nothing")
    return took_s


@check(
    "stop",
    "An exposure that is stopped keeps what it has collected.",
    "abort() instead, and expose again.",
)
def stop(stand: Stand) -> str:
    """An exposure ended early gives a frame whose length is the time that has passed."""
    camera = stand.camera
    stand.configure(exposure_s=20.0)
    begin_ns = camera.clock.now_ns()
    camera.start()
    stand.sleep(0.5)
    try:
        camera.stop()
    except NotSupported as error:
        unfit(error.message)
    passed_s = (camera.clock.now_ns() - begin_ns) * 1e-9
    frame = camera.read()
    done_s = frame.report.timing.exposure_ns * 1e-9
    expect(0.45 <= done_s <= passed_s + 0.01, f"an exposure of about {passed_s:.2f} s", f"{done_s:.2f} s")
    return f"stopped after {passed_s:.2f} s: exposed {done_s:.2f} s"


@check(
    "readings-while-busy",
    "Temperature can be read while exposing and reading out, without waiting for the frame.",
    "Read it less often, or before the exposure.",
)
def readings_while_busy(stand: Stand) -> str:
    """Readings come at once in an exposure, and while another thread waits for a full frame."""
    camera = stand.camera
    stand.configure(exposure_s=0.5)
    camera.start()
    longest_s = _reading_s(stand)
    camera.read()
    stand.configure(window=None, exposure_s=0.3)
    camera.start()
    came: list[Frame | FullwellError] = []
    reader = threading.Thread(target=_read_into, args=(camera, came), daemon=True)
    reader.start()
    while reader.is_alive():
        longest_s = max(longest_s, _reading_s(stand))
        reader.join(0.1)
    expect(bool(came) and isinstance(came[0], Frame), "the frame that was waited for", came or "nothing")
    expect(longest_s < AT_ONCE_S, f"readings within {AT_ONCE_S:g} s", f"{longest_s:.2f} s")
    return f"{camera.readings().sensor_temperature_c:.1f} C, within {longest_s * 1000:.0f} ms"


def _read_into(camera: Camera, came: list[Frame | FullwellError]) -> None:
    try:
        came.append(camera.read())
    except FullwellError as error:  # judged by who waits
        came.append(error)


def _reading_s(stand: Stand) -> float:
    begin_s = time.monotonic()
    temperature_c = stand.camera.readings().sensor_temperature_c
    if temperature_c is None:
        unfit("it has no thermometer.")
    expect(-80.0 < temperature_c < 80.0, "a temperature from -80 to 80 C", f"{temperature_c:g} C")
    return time.monotonic() - begin_s


CHECKS: Final[tuple[Check, ...]] = (exposure_order, exposure_length, abort, stop, readings_while_busy)
