"""Checks: the law of row and frame times."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from fullwell.camera.controls import Control
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect, unfit
from fullwell.models.facts import Window
from fullwell.readout.rows import RowTiming
from fullwell.readout.timing import row_timing

LAW_TOLERANCE: Final = 0.05
"""Firmware versions differ by so much before it is another clockwork."""


@check(
    "row-times",
    "Every row has its own time, in order, and each is exposed equally long.",
    "Report model, mode and firmware: times of rows must not be used.",
)
def row_times(stand: Stand) -> str:
    """Starts never go back, rows that are read together start together, ends follow by the exposure."""
    told = []
    for number in stand.modes:
        for factor in stand.model.bins[:1] if stand.quick else stand.model.bins:
            stand.configure(mode=number, bin=factor)
            frame = stand.camera.expose()
            times, timing = frame.times, frame.report.timing
            rows = frame.data.shape[0]
            expect(len(times.start_ns) == rows, f"times of {rows} rows", len(times.start_ns))
            steps = np.diff(times.start_ns)
            expect(bool((steps >= 0).all()), "starts of rows that never go back", f"{steps.min()} ns")
            span_ns = int(times.end_ns[-1] - times.start_ns[0])
            due_ns = timing.exposure_ns + (rows * factor - 1) * timing.line_period_ns
            slack_ns = timing.rows_per_step * timing.line_period_ns
            expect(
                abs(span_ns - due_ns) <= slack_ns,
                f"{due_ns} ns from the first start to the last end, to {slack_ns} ns",
                f"{span_ns} ns",
            )
            middles = (times.middle_ns >= times.start_ns) & (times.middle_ns <= times.end_ns)
            expect(bool(middles.all()), "the middle of each row between its start and end", "another order")
        told.append(f"{stand.model.mode(number).name}: {timing.line_period_ns} ns per row")
    return "; ".join(told)


@check(
    "frame-period-law",
    "The frame period follows from rows, exposure and line period, so that frame rates can be planned.",
    "Report model, firmware and SDK version: its clockwork differs from what is known.",
)
def frame_period_law(stand: Stand) -> str:
    """Periods for two exposures and two heights; the line period against the facts."""
    window = stand.window()
    half = Window(window.left, window.top, window.width, window.height // 2 // stand.grid * stand.grid)
    stand.configure(exposure_s=stand.shortest_s)
    short, law = stand.camera.expose().report.timing, _law(stand)
    long = _timing(stand, exposure_s=1.0)
    lower = _timing(stand, exposure_s=stand.shortest_s, window=half)
    expect(long.frame_period_ns >= long.exposure_ns, "a frame period of at least the exposure", long)
    expect(long.frame_period_ns > short.frame_period_ns, "a longer period for a longer exposure", long)
    expect(lower.read_ns < short.read_ns, "a shorter read-out of fewer rows", f"{lower.read_ns} ns")
    rows = short.read_ns / short.line_period_ns
    expect(abs(rows - window.height) <= 4, f"a read-out of {window.height} lines", f"{rows:g} lines")
    for name, got_ns, law_ns in (
        ("line", short.line_period_ns, law.line_period_ns),
        ("frame", short.frame_period_ns, law.frame_period_ns),
    ):
        expect(
            abs(got_ns / law_ns - 1) < LAW_TOLERANCE,
            f"a {name} period of {law_ns} ns to {LAW_TOLERANCE:.0%}",
            f"{got_ns} ns",
        )
    return f"line {short.line_period_ns} ns, frame {short.frame_period_ns * 1e-6:.3f} ms"


def _timing(stand: Stand, **changes: Any) -> RowTiming:
    stand.configure(**changes)
    return stand.camera.timing()


def _law(stand: Stand) -> RowTiming:
    """The clockwork by the facts, for the settings in force."""
    used = stand.camera.settings
    return row_timing(
        stand.model,
        used.mode,
        used.format.window,
        exposure_s=used.exposure_s,
        link=used.link,
        bits=used.format.bits,
        usb_traffic=used.usb_traffic,
        speed=used.speed,
        overscan=used.format.overscan,
    )


@check(
    "traffic-slows-rows",
    "The USB traffic lengthens rows, to give slow computers time.",
    "The camera does not take the USB traffic: use another SDK version.",
)
def traffic_slows_rows(stand: Stand) -> str:
    """The line period at the lowest and the highest USB traffic."""
    knob = stand.model.usb_traffic
    if Control.USB_TRAFFIC not in stand.camera.controls or knob.low == knob.high:
        unfit("it has no USB traffic to set.")
    lines = []
    for traffic in (knob.low, knob.high):
        stand.configure(usb_traffic=round(traffic))
        lines.append(stand.camera.expose().report.timing.line_period_ns)
    expect(lines[1] > lines[0], f"longer lines than {lines[0]} ns at traffic {knob.high:g}", f"{lines[1]} ns")
    return f"{lines[0]} ns per line at {knob.low:g}, {lines[1]} ns at {knob.high:g}"


CHECKS: Final[tuple[Check, ...]] = (row_times, frame_period_law, traffic_slows_rows)
