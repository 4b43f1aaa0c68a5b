"""Checks: frames are what they claim to be. Not empty, not torn, not those of before."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import Frame
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect, unfit

STRIPS: Final = 8
"""Parts of a frame that are compared each."""
LEAST_NOISE_DN: Final = 0.3
"""With less noise two frames may agree by chance."""


@check(
    "frames-fresh-single",
    "Each exposure gives a frame of its own: not zeros, not the one before, not half of it.",
    "Lower the USB traffic, shorten the cable; switch the camera off and on.",
)
def fresh_singles(stand: Stand) -> str:
    """Single frames one after another have nothing in common but the scene."""
    number = 4 if stand.quick else 12
    _expect_fresh(stand, [_kept(frame) for frame in stand.frames(number)])
    return f"{number} frames, all different"


@check(
    "frames-fresh-live",
    "Each live frame is a frame of its own, and the first is not left over from the run before.",
    "Clear the camera's frame memory before live runs, or drop the first frames; lower the USB traffic.",
)
def fresh_lives(stand: Stand) -> str:
    """Frames of two live runs one after another have nothing in common but the scene."""
    stand.configure()
    number = 4 if stand.quick else 16
    kept = []
    for _ in range(2):
        with stand.camera.live(frames=number) as run:
            kept += [_kept(frame) for frame in run]
    expect(len(kept) == 2 * number, f"{2 * number} frames", len(kept))
    _expect_fresh(stand, kept)
    return f"2 runs of {number} frames, all different"


def _kept(frame: Frame) -> tuple[Frame, NDArray[np.float64]]:
    """A frame and its pixels, copied: buffers are used again."""
    return frame, frame.data.astype(np.float64)


def _expect_fresh(stand: Stand, kept: list[tuple[Frame, NDArray[np.float64]]]) -> None:
    for frame, pixels in kept:
        expect(bool(pixels.any()), f"pixels in frame {frame.number}", "zeros only")
    if all(pixels.min() == stand.full_scale_dn for _, pixels in kept):
        unfit("every pixel is saturated: nothing can be told.")
    for frame, _ in kept:
        expect(not frame.doubts, f"no doubts about frame {frame.number}", "; ".join(frame.doubts))
    for number, (frame, pixels) in enumerate(kept):
        for other, before in kept[max(0, number - 4) : number]:
            same = _same_strips(pixels, before)
            expect(
                not same,
                f"frame {frame.number} to be its own",
                f"strips {same} of {STRIPS} as in frame {other.number}",
            )


def _same_strips(one: NDArray[np.float64], other: NDArray[np.float64]) -> list[int]:
    """Which strips of rows agree in every pixel though they are noisy."""
    pairs = zip(np.array_split(one, STRIPS), np.array_split(other, STRIPS), strict=True)
    return [
        strip
        for strip, (here, there) in enumerate(pairs)
        if here.std() > LEAST_NOISE_DN and np.array_equal(here, there)
    ]


@check(
    "frame-numbers",
    "Frames are counted, so that a missing one shows.",
    "Report it: the engine in front of the camera miscounts.",
)
def frame_numbers(stand: Stand) -> str:
    """Numbers of the engine and of the hardware go up, one for each single frame."""
    frames = stand.frames(4, window=stand.window(60, 60))
    numbers = [frame.number for frame in frames]
    hardware = [frame.report.sequence for frame in frames]
    for name, found in (("frame numbers", numbers), ("hardware numbers", hardware)):
        expect(bool((np.diff(found) == 1).all()), f"{name} without a gap", found)
    return f"{numbers[0]} to {numbers[-1]}"


CHECKS: Final[tuple[Check, ...]] = (fresh_singles, fresh_lives, frame_numbers)
