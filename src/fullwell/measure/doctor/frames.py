"""Frames that are not what they claim: zeros, repeats, torn or stale ones, and numbers that are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from fullwell.measure.doctor.patient import Patient
from fullwell.measure.doctor.verdict import Quantity, Trouble, Verdict, healthy, ill

FRAMES: Final = 180
QUICK_FRAMES: Final = 90
RUNS: Final = 3
"""Frames are divided into runs: stale frames come at the beginning of one."""

ROWS, COLUMNS = 128, 512
EXPOSURE_S: Final = 0.01

REMEDIES: Final = {
    "zero": (
        Trouble.ZERO_FRAMES,
        (
            "The library reports success for frames that never arrived: slow the camera down (raise the USB "
            "traffic), use another USB port or a shorter cable, and throw away frames with doubts."
        ),
    ),
    "repeated": (
        Trouble.REPEATED_FRAMES,
        "A frame came twice: throw away frames with doubts, read faster, or raise the USB traffic.",
    ),
    "torn": (
        Trouble.TORN_FRAMES,
        (
            "Packets were lost inside frames: use a shorter or better cable, no hub, a USB port on the board "
            "itself, and keep cables away from motors."
        ),
    ),
    "stale": (
        Trouble.STALE_FRAMES,
        "Frames of the run before waited in the camera's memory: throw away the first live frame.",
    ),
    "number": (
        Trouble.STALE_FRAMES,
        "Frames came out of order: throw away those with doubts.",
    ),
}
LOST_REMEDY: Final = (
    "Raise the USB traffic, read fewer rows or 8 bits, use a shorter cable and no hub; if the camera's memory "
    "was full, the computer reads too slowly."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Let the camera run freely in a few short runs, and account for every frame."""
    camera = patient.camera
    wanted = QUICK_FRAMES if patient.wish.quick else FRAMES
    patient.set_up(patient.middle(ROWS, COLUMNS), min(patient.found.exposure_s, EXPOSURE_S))
    doubtful: Counter[str] = Counter()
    taken = lost = 0
    for run in range(RUNS):
        live = camera.live(frames=wanted // RUNS)
        for frame in live:
            taken += 1
            kinds = {doubt.split(":")[0] for doubt in frame.doubts}
            doubtful.update({"stale"} if "stale" in kinds else kinds)  # a stale frame also repeats an earlier one
        lost += live.ledger.lost
        patient.progress((run + 1) / RUNS)
    for kind, (trouble, remedy) in REMEDIES.items():
        if doubtful[kind]:
            share = Quantity(f"{kind} frames", 100.0 * doubtful[kind] / taken, "%", high=0.0)
            yield ill(f"{kind} frames", trouble, f"{doubtful[kind]} of {taken} live frames.", remedy, [share])
    if lost:
        share = Quantity("lost frames", 100.0 * lost / (taken + lost), "%", high=0.0)
        words = f"{lost} of {taken + lost} live frames never arrived whole."
        yield ill("lost frames", Trouble.LOST_FRAMES, words, LOST_REMEDY, [share])
    if not lost and not doubtful:
        most = 100.0 * (1.0 - 0.01 ** (1.0 / taken))
        yield healthy(
            "false frames",
            f"All {taken} live frames came, each new and whole: less than {most:.1f} % are false or lost (99 %).",
            [Quantity("false or lost frames", 0.0, "%", high=0.0)],
        )
