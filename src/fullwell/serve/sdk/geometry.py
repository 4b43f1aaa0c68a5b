"""From the library's binned windows of the raw frame to what the camera is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameFormat
from fullwell.models.facts import CameraModel, Window
from fullwell.models.sdk import SdkFacts

LARGEST = {8: 255, 16: 65535, 32: 2**32 - 1}


@dataclass(frozen=True, slots=True)
class Request:
    """How a frame is got.

    Attributes
    ----------
    format : FrameFormat
        To be asked of the device.
    shape : tuple of int
        (rows, columns) of the frame that the program gets.
    bits : int
        Its depth: 8, 16 or 32.
    source, target : Window or None
        Which binned pixels of the device's frame go where in the program's; None = all, as they are.
    """

    format: FrameFormat
    shape: tuple[int, int]
    bits: int
    source: Window | None = None
    target: Window | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """Word of the program's frame."""
        return np.dtype({8: np.uint8, 16: np.uint16, 32: np.uint32}[self.bits])

    def straight(self, chains: int) -> bool:
        """Whether the device's frame is the program's, word for word."""
        form = self.format
        return self.source is None and form.dtype == self.dtype and form.shape(chains) == self.shape

    def deliver(self, data: NDArray[Any], out: NDArray[Any]) -> None:
        """Turn the device's frame into the program's: cut, saturate.

        The library sums binned pixels; in 8 and 16 bits a sum that does not fit saturates.
        """
        if self.source is None or self.target is None:
            np.minimum(data, LARGEST[self.bits], out=out, casting="unsafe")
            return
        out[...] = 0
        s, t = self.source, self.target
        np.minimum(
            data[s.top : s.bottom, s.left : s.right],
            LARGEST[self.bits],
            out=out[t.top : t.bottom, t.left : t.right],
            casting="unsafe",
        )


def request(
    model: CameraModel, facts: SdkFacts, *, window: Window, factor: int, bits: int, chains: int
) -> Request | None:
    """The request for a window.

    Parameters
    ----------
    model : CameraModel
    facts : SdkFacts
    window : Window
        Raw frame, binned px. Two images of the same pixels stand side by side in it.
    factor : int
        Binning.
    bits : int
    chains : int
        Images of the same pixels.

    Returns
    -------
    Request or None
        None if there is nothing to be read.

    Notes
    -----
    The raw frame of the library has its optically active pixels at ``facts.image_at``; what lies outside them is
    read as the sensor's own border where it has one there, and is zero elsewhere.
    """
    width, height = (side * factor for side in (window.width, window.height))
    if width <= 0 or height <= 0:
        return None
    depth = 8 if bits == 8 else 16
    left, top = window.left * factor, window.top * factor
    effective = model.sensor.geometry.effective
    image_left, image_top = facts.image_at
    inside = (
        left >= image_left
        and top >= image_top
        and left + width <= image_left + effective.width
        and top + height <= image_top + effective.height
    )
    shape = (window.height, window.width)
    if chains == 1 and inside:
        part = Window(left - image_left, top - image_top, width, height)
        return Request(FrameFormat(part, factor, depth), shape, bits)
    return _composed(model, facts, window, factor, depth, bits, chains)


def _composed(
    model: CameraModel, facts: SdkFacts, window: Window, factor: int, depth: int, bits: int, chains: int
) -> Request:
    """The whole effective area is read, and what falls into the window laid there."""
    effective = model.sensor.geometry.effective
    whole = Window(0, 0, effective.width // factor * factor, effective.height // factor * factor)
    columns, rows = chains * (whole.width // factor), whole.height // factor
    image_left, image_top = facts.image_at[0] // factor, facts.image_at[1] // factor
    left, top = max(window.left, image_left), max(window.top, image_top)
    right = min(window.left + window.width, image_left + columns)
    bottom = min(window.top + window.height, image_top + rows)
    size = max(right - left, 0), max(bottom - top, 0)
    source = Window(left - image_left, top - image_top, *size)
    target = Window(left - window.left, top - window.top, *size)
    return Request(
        FrameFormat(whole, factor, depth), (window.height, window.width), bits, source=source, target=target
    )
