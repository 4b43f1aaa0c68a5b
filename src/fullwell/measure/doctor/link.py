"""Whether the link carries what the camera has to send, and whether the wanted frame rate can be had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from fullwell.measure.doctor.patient import Patient
from fullwell.measure.doctor.verdict import Quantity, Trouble, Verdict, healthy, ill, unknown
from fullwell.models.facts import Window
from fullwell.readout.timing import frame_rate_fps, row_timing

FRAMES: Final = 12
QUICK_FRAMES: Final = 5
COLUMNS: Final = 64
"""Whole rows travel whatever the window: few columns load the link as all of them do."""

SLOWER: Final = 1.03
"""How much longer than by the facts a frame may take; rates are printed with two digits."""

EXPOSURE_S: Final = 0.005

REMEDY: Final = (
    "Use a USB 3 port of the board itself, no hub, and a cable of at most 3 m (extenders cost rate); or read "
    "fewer rows, or 8 bits."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Read whole frames as fast as they come, and compare with the facts and with the wish."""
    yield _link(patient)
    yield _wish(patient)


def _link(patient: Patient) -> Verdict:
    camera, model, found = patient.camera, patient.model, patient.found
    subject = f"link {found.link}"
    height = model.sensor.geometry.effective.height
    window = Window(0, 0, COLUMNS, height)
    bits = patient.mode.output_bits[0]
    patient.set_up(window, EXPOSURE_S, bits=bits, usb_traffic=int(model.usb_traffic.low))
    expected = row_timing(
        model,
        found.mode,
        window,
        exposure_s=EXPOSURE_S,
        link=found.link,
        bits=bits,
        usb_traffic=int(model.usb_traffic.low),
        speed=found.speed,
    )
    arrivals_ns, numbers = [], []
    wanted = QUICK_FRAMES if patient.wish.quick else FRAMES
    live = camera.live(frames=wanted, ring=1)
    for frame in live:
        arrivals_ns.append(frame.end_ns + frame.report.timing.transfer_ns)
        numbers.append(frame.report.sequence)
        patient.progress(len(numbers) / wanted)
    if len(numbers) < 3:
        return unknown(subject, "Too few frames came to tell its speed.", "Look at the verdict about frames.")
    period_s = (arrivals_ns[-1] - arrivals_ns[0]) * 1e-9 / (len(numbers) - 1)
    frame_bytes = np.dtype(np.uint16 if bits > 8 else np.uint8).itemsize * height
    frame_bytes *= model.sensor.geometry.total_width * len(patient.mode.chains)
    expected_s = expected.frame_period_ns * 1e-9
    rate = Quantity("rate of whole frames", 1.0 / period_s, "fps", low=frame_rate_fps(expected) / SLOWER)
    carried = Quantity("bytes on the link", frame_bytes / period_s * 1e-6, "MB/s")
    if live.ledger.lost:
        words = f"{live.ledger.lost} of {live.ledger.lost + len(numbers)} whole frames were lost on the way."
        return ill(subject, Trouble.LOST_FRAMES, words, REMEDY, [rate, carried])
    if rate.as_expected:
        return healthy(subject, "It carries whole frames as fast as the camera can read them.", [rate, carried])
    words = f"A whole frame takes {period_s:.3g} s, not {expected_s:.3g} s."
    return ill(subject, Trouble.SLOW_LINK, words, REMEDY, [rate, carried])


def _wish(patient: Patient) -> Verdict:
    """Whether the settings as found allow the wanted rate."""
    subject, wanted = "wanted frame rate", patient.wish.frame_rate_fps
    patient.restore_settings()
    timing = patient.camera.timing()
    reached = frame_rate_fps(timing)
    if wanted is None:
        return healthy(subject, "None was given.", [Quantity("rate with the settings as found", reached, "fps")])
    rate = Quantity("rate with the settings as found", reached, "fps", low=wanted)
    if rate.as_expected:
        return healthy(subject, "The settings as found allow it.", [rate])
    words = f"The settings as found allow {reached:.3g} fps, not {wanted:.3g} fps."
    if timing.exposure_ns > 1e9 / wanted:
        return ill(subject, Trouble.SLOW_LINK, words, "Expose for a shorter time.", [rate])
    return ill(subject, Trouble.SLOW_LINK, words, "Read fewer rows, 8 bits, or lower the USB traffic.", [rate])
