"""Checks: live runs and bursts."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from fullwell.camera.frame import Frame, Settings
from fullwell.camera.states import State
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect, unfit
from fullwell.errors import Busy

CHANGED_AFTER: Final = 2
REACHES_WITHIN: Final = 4
"""Frames after which a change during a live run must have come: the vendor says one to three later."""


@check(
    "live-order",
    "A live run gives as many frames as were wanted, ends, and can be begun again at once.",
    "Switch the camera off and on; if it stays so, use another SDK version.",
)
def live_order(stand: Stand) -> str:
    """Runs that end by themselves, that are stopped, aborted and left; a single frame afterwards."""
    camera = stand.camera
    stand.configure()
    with camera.live(frames=3) as run:
        expect(camera.state is State.LIVE, "live", camera.state)
        frames = list(run)
    expect(len(frames) == 3, "3 frames", len(frames))
    expect(camera.state is State.IDLE, "idle after a run that is over", camera.state)
    run = camera.live()
    next(run)
    try:
        camera.configure(bin=max(stand.model.bins))
    except Busy:
        pass
    else:
        expect(max(stand.model.bins) == 1, "a change of binning while live to be refused", "no error")
    camera.stop()
    list(run)
    expect(camera.state is State.IDLE, "idle after stop()", camera.state)
    run = camera.live()
    next(run)
    camera.abort()
    expect(camera.state is State.IDLE, "idle after abort()", camera.state)
    run.close()
    single = camera.expose()
    expect(single.report.stream == "single", "a single frame afterwards", single.report.stream)
    return "3 runs: ended, stopped, aborted; then a single frame"


@check(
    "live-complete",
    "Live frames come one after another, none lost, none twice.",
    "Lower the USB traffic or the frame rate, use a shorter cable, close other programs.",
)
def live_complete(stand: Stand) -> str:
    """Numbers go up one by one, and the ledger of the run knows of no loss."""
    stand.configure()
    number = 10 if stand.quick else 60
    with stand.camera.live(frames=number, ring=8) as run:
        sequences = [frame.report.sequence for frame in run]
        lost = run.ledger.lost
    expect(len(sequences) == number, f"{number} frames", len(sequences))
    gaps = [(one, other) for one, other in pairwise(sequences) if other != one + 1]
    expect(not gaps, "numbers one after another", f"gaps {gaps}")
    expect(lost == 0, "no frame lost", f"{lost} lost")
    return f"{number} frames, numbers {sequences[0]} to {sequences[-1]}, none lost"


@check(
    "live-settings",
    "What is changed while live holds a few frames later, and each frame says which settings it had.",
    "Stop the run, change, and begin again; do not trust the settings of the first frames after a change.",
)
def live_settings(stand: Stand) -> str:
    """A change during a run is in the frames after at most three more, and the level tells the same offset."""
    camera, offset = stand.camera, stand.model.offset
    before = stand.configure(exposure_s=0.1, offset=round(offset.default))
    seen: list[tuple[Settings, float]] = []
    after = None
    with camera.live() as run:
        for frame in run:
            seen.append((frame.report.settings, float(frame.data.mean())))
            if len(seen) == CHANGED_AFTER:
                after = camera.configure(
                    gain=before.gain + 1, exposure_s=0.08, offset=round((offset.default + offset.high) / 2)
                )
            if seen[-1][0] == after or len(seen) > CHANGED_AFTER + REACHES_WITHIN:
                break
    expect(seen[0][0] == before, f"{before} at first", seen[0][0])
    expect(seen[-1][0] == after, f"{after} within {REACHES_WITHIN} frames", seen[-1][0])
    _expect_true_offsets(stand, seen)
    return f"in force {len(seen) - CHANGED_AFTER} frames later"


def _expect_true_offsets(stand: Stand, seen: list[tuple[Settings, float]]) -> None:
    """Each frame has the level of the offset that it claims, by half of what the facts say of the difference."""
    model, first, level = stand.model, seen[0][0].offset, seen[0][1]
    scale = 2.0 ** (seen[0][0].format.bits - 16)
    if max(mean for _, mean in seen) > 0.9 * stand.full_scale_dn:
        return  # too bright to tell
    for number, (claimed, mean) in enumerate(seen):
        rise = model.offset_dn_per_step * (claimed.offset - first) * scale
        largest = model.offset_dn_per_step * (max(each.offset for each, _ in seen) - first) * scale
        expect(
            abs(mean - level - rise) < largest / 2,
            f"frame {number} of the run at the level of the offset {claimed.offset} that it claims",
            f"{mean - level:+.1f} DN against the first, not {rise:+.1f}",
        )


@check(
    "live-period",
    "Live frames come at the period that the clockwork says.",
    "Raise the exposure or lower the USB traffic: the computer or the cable does not keep up.",
)
def live_period(stand: Stand) -> str:
    """Median distance of the starts of live frames against the frame period."""
    number = 8 if stand.quick else 30
    stand.configure(exposure_s=0.1)
    with stand.camera.live(frames=number, ring=8) as run:
        reports = [frame.report for frame in run]
    starts_ns = np.array([report.row0_start_ns for report in reports])
    period_ns = stand.camera.timing().frame_period_ns
    got_ns = float(np.median(np.diff(starts_ns)))
    bound_ns = 2 * max(report.time_uncertainty_ns for report in reports) + 1e-3 * period_ns
    expect(
        abs(got_ns - period_ns) < bound_ns,
        f"{period_ns * 1e-6:.3f} ms +- {bound_ns * 1e-6:.3f} ms from frame to frame",
        f"{got_ns * 1e-6:.3f} ms",
    )
    return f"{got_ns * 1e-6:.3f} ms from frame to frame, by the clockwork {period_ns * 1e-6:.3f} ms"


@check(
    "burst",
    "A burst gives the frames that were asked for, and no others.",
    "Use live(frames=...); report model, cable and SDK version.",
)
def burst(stand: Stand) -> str:
    """Two bursts by number, one by start and end: counters, no more frames, and a live run afterwards."""
    camera = stand.camera
    if stand.model.burst is None:
        unfit("it has no burst mode.")
    stand.configure()
    told = []
    for wish in ({"frames": 3}, {"frames": 3}, {"start": 3, "end": 8}):
        with camera.burst(**wish) as run:
            frames = list(run)
        counters = [_counter(frame) for frame in frames]
        wanted = 3 if "frames" in wish else 4
        first = 4 if "start" in wish else counters[0] if counters else 0
        expect(counters == list(range(first, first + wanted)), f"{wanted} frames in a row for {wish}", counters)
        expect(run.ledger.lost == 0, "no frame of the burst lost", f"{run.ledger.lost} lost")
        told.append(f"{counters[0]} to {counters[-1]}")
    with camera.live(frames=3) as run:
        after = list(run)
    expect(len(after) == 3, "3 live frames after the bursts", len(after))
    return f"frames {', '.join(told)}; then live again"


def _counter(frame: Frame) -> int:
    report = frame.report
    return report.sequence if report.counter is None else report.counter


CHECKS: Final[tuple[Check, ...]] = (live_order, live_complete, live_settings, live_period, burst)
