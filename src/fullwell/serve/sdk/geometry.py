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
    factor : int
        Binning that is left to do.
    raw : tuple of int
        (rows, columns) of the raw frame; (0, 0) where the device's frame is the window already.
    place : tuple of int
        (row, column) of the raw frame at which the device's first pixel lies; what goes beyond the last row comes
        round at the top.
    cut : Window or None
        Of the raw frame, unbinned.
    """

    format: FrameFormat
    shape: tuple[int, int]
    bits: int
    factor: int = 1
    raw: tuple[int, int] = (0, 0)
    place: tuple[int, int] = (0, 0)
    cut: Window | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """Word of the program's frame."""
        return np.dtype({8: np.uint8, 16: np.uint16, 32: np.uint32}[self.bits])

    def straight(self, chains: int) -> bool:
        """Whether the device's frame is the program's, word for word."""
        form = self.format
        return self.cut is None and form.dtype == self.dtype and form.shape(chains) == self.shape

    def deliver(self, data: NDArray[Any], out: NDArray[Any], stamp_bytes: int = 0) -> None:
        """Turn the device's frame into the program's: place, cut, sum, saturate.

        The library sums binned pixels; in 8 and 16 bits a sum that does not fit saturates. A stamp in the first
        bytes of the device's frame is in the first bytes of the program's too.

        Parameters
        ----------
        data : ndarray
            The device's frame.
        out : ndarray
            The program's.
        stamp_bytes : int
            Length of the stamp; 0 = none.
        """
        stamp = data.reshape(-1).view(np.uint8)[:stamp_bytes].copy()
        if self.cut is not None:
            canvas = np.zeros(self.raw, data.dtype)
            row, column = self.place
            rows = min(data.shape[0], self.raw[0] - row)
            canvas[row : row + rows, column : column + data.shape[1]] = data[:rows]
            rest = min(data.shape[0] - rows, row)
            canvas[:rest, column : column + data.shape[1]] = data[rows : rows + rest]
            data = canvas[self.cut.top : self.cut.bottom, self.cut.left : self.cut.right]
            blocks = data.reshape(self.shape[0], self.factor, self.shape[1], self.factor)
            data = blocks.sum(axis=(1, 3), dtype=np.uint32)
        largest = min(LARGEST[self.bits], int(np.iinfo(data.dtype).max))
        np.minimum(data, largest, out=out, casting="unsafe")
        first = out.reshape(-1).view(np.uint8)[: stamp.size]
        first[...] = stamp[: first.size]


def request(
    model: CameraModel,
    facts: SdkFacts,
    *,
    window: Window,
    chip: tuple[int, int],
    factor: int,
    bits: int,
    chains: int,
    image_at: tuple[int, ...] = (),
) -> Request | None:
    """The request for a window.

    Parameters
    ----------
    model : CameraModel
    facts : SdkFacts
    window : Window
        Raw frame, binned px. Two images of the same pixels stand side by side in it.
    chip : tuple of int
        Columns and rows of the raw frame, unbinned.
    factor : int
        Binning.
    bits : int
    chains : int
        Images of the same pixels.
    image_at : tuple of int
        Where the optically active pixels begin in the raw frame; empty = at ``facts.image_at``.

    Returns
    -------
    Request or None
        None if there is nothing to be read.

    Notes
    -----
    The raw frame of the library has its optically active pixels at ``facts.image_at``. A window inside them is
    read as it is; for any other the whole sensor is read, its border laid round the image as far as it has one:
    rows that the model reads after the image come before it, as in the vendor's raw frame.
    """
    shape = (window.height, window.width)
    whole = Window(*(side * factor for side in (window.left, window.top, window.width, window.height)))
    if not all(shape) or whole.right > chip[0] or whole.bottom > chip[1]:
        return None
    depth = 8 if bits == 8 else 16
    geometry = model.sensor.geometry
    effective, (image_left, image_top) = geometry.effective, image_at or facts.image_at
    inside = (
        whole.left >= image_left
        and whole.top >= image_top
        and whole.right <= image_left + effective.width
        and whole.bottom <= image_top + effective.height
    )
    if chains == 1 and inside:
        part = Window(whole.left - image_left, whole.top - image_top, whole.width, whole.height)
        return Request(FrameFormat(part, factor, depth), shape, bits)
    if chains > 1:
        form = FrameFormat(Window(0, 0, effective.width, effective.height), 1, depth)
        return Request(form, shape, bits, factor, (chip[1], chip[0]), (image_top, image_left), whole)
    form = FrameFormat(Window(0, 0, geometry.total_width, geometry.total_height), 1, depth, overscan=True)
    place = (image_top - effective.top, image_left - effective.left)
    return Request(form, shape, bits, factor, (chip[1], chip[0]), place, whole)
