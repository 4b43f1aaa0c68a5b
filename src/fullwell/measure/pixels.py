"""Mean and variance of every pixel over a stack of frames, in one pass and without the stack in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.errors import InvalidOperation, InvalidValue


@njit(cache=True, nogil=True)
def _add(frame, reference, total, squares) -> None:  # type: ignore[no-untyped-def]
    """Add one frame's distance from the reference frame, and its square, in exact integers."""
    rows, columns = frame.shape
    for row in range(rows):
        for column in range(columns):
            distance = np.int64(frame[row, column]) - np.int64(reference[row, column])
            total[row, column] += distance
            squares[row, column] += distance * distance


class PixelStatistics:
    """Mean and temporal variance per pixel of the frames added so far.

    Sums are taken of the distance from the first frame, in 64-bit integers, so nothing is rounded.

    Examples
    --------
    >>> import numpy as np
    >>> stack = PixelStatistics()
    >>> for level in (10, 12, 14):
    ...     stack.add(np.full((1, 2), level, np.uint16))
    >>> stack.mean_dn, stack.variance_dn2
    (array([[12., 12.]]), array([[4., 4.]]))
    """

    def __init__(self) -> None:
        self.frames = 0
        self._reference: NDArray[Any] = np.empty((0, 0), np.uint16)
        self._total: NDArray[np.int64] = np.empty((0, 0), np.int64)
        self._squares: NDArray[np.int64] = np.empty((0, 0), np.int64)

    def add(self, frame: NDArray[Any]) -> None:
        """Take one more frame in; it may be reused by the caller afterwards.

        Parameters
        ----------
        frame : ndarray of an integer type, shape (rows, columns)
            DN.

        Raises
        ------
        InvalidValue
            If the frame is not two-dimensional, not of integers, or not of the shape of the first.
        """
        if frame.ndim != 2 or frame.dtype.kind not in "ui":
            raise InvalidValue(
                f"a frame of shape {frame.shape} and type {frame.dtype} cannot be measured.",
                "Give two-dimensional arrays of whole DN.",
            )
        if self.frames == 0:
            self._reference = frame.copy()
            self._total = np.zeros(frame.shape, np.int64)
            self._squares = np.zeros(frame.shape, np.int64)
        elif frame.shape != self._reference.shape:
            raise InvalidValue(
                f"a frame of shape {frame.shape} was given to a stack of shape {self._reference.shape}.",
                "Take all frames with one window and binning.",
            )
        _add(frame, self._reference, self._total, self._squares)
        self.frames += 1

    def merged(self, other: PixelStatistics) -> PixelStatistics:
        """Statistics of the frames of both stacks together."""
        if self.frames == 0 or other.frames == 0:
            raise InvalidOperation("an empty stack cannot be merged.", "Add frames to both first.")
        both = PixelStatistics()
        both.frames = self.frames + other.frames
        both._reference = self._reference
        shift = other._reference.astype(np.int64) - self._reference.astype(np.int64)
        both._total = self._total + other._total + other.frames * shift
        both._squares = self._squares + other._squares + 2 * shift * other._total + other.frames * shift**2
        return both

    @property
    def mean_dn(self) -> NDArray[np.float64]:
        """Mean of each pixel, DN."""
        self._require(1)
        return self._reference + self._total / self.frames

    @property
    def variance_dn2(self) -> NDArray[np.float64]:
        """Unbiased temporal variance of each pixel, DN squared."""
        self._require(2)
        return (self._squares - self._total.astype(np.float64) ** 2 / self.frames) / (self.frames - 1)

    def _require(self, frames: int) -> None:
        if self.frames < frames:
            raise InvalidOperation(
                f"{self.frames} frames are too few, this needs at least {frames}.", "Add more frames."
            )


def stack_of(frames: Any) -> PixelStatistics:
    """Statistics of an iterable of frames, each looked at once."""
    stack = PixelStatistics()
    for frame in frames:
        stack.add(frame)
    return stack
