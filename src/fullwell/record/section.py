"""Where a file's pixels lie on the sensor and on the sky: window and binning as one linear map.

FITS counts pixels from 1 and puts integers at pixel centres. A pixel at X (1-based, unbinned, effective area)
lies in the file at ``(X - left - 1/2) / bin + 1/2``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameFormat, Observation
from fullwell.models.facts import Geometry, Window

Coordinate = TypeVar("Coordinate", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Section:
    """The part of the effective area that a file shows.

    Attributes
    ----------
    left, top : int
        First column and row relative to the effective area, unbinned px; negative for optical black and overscan.
    bin : int
        Square binning factor.
    """

    left: int
    top: int
    bin: int

    @classmethod
    def of(cls, frame_format: FrameFormat, geometry: Geometry) -> Section:
        """The section that a format reads from a sensor."""
        window = frame_format.window
        if frame_format.overscan:
            return cls(
                window.left - geometry.effective.left, window.top - geometry.effective.top, frame_format.bin
            )
        return cls(window.left, window.top, frame_format.bin)

    def to_file(self, x: Coordinate, y: Coordinate) -> tuple[Coordinate, Coordinate]:
        """Position in the file of a position on the effective area, both 1-based.

        Examples
        --------
        The first unbinned pixel of a 2x2 sum lies a quarter of a binned pixel before its centre.

        >>> Section(left=100, top=50, bin=2).to_file(101, 51)
        (0.75, 0.75)
        """
        return (x - self.left - 0.5) / self.bin + 0.5, (y - self.top - 0.5) / self.bin + 0.5

    def crpix(self, observation: Observation) -> tuple[float, float] | None:
        """Reference pixel in the file, None where it is not known."""
        return None if observation.crpix is None else self.to_file(*observation.crpix)

    def cd_deg(self, observation: Observation) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """CD matrix in degrees per pixel of the file, None where it is not known."""
        if observation.cd_deg is None:
            return None
        (xx, xy), (yx, yy) = observation.cd_deg
        return (xx * self.bin, xy * self.bin), (yx * self.bin, yy * self.bin)

    def bayer(self, pattern: str | None) -> str | None:
        """Mosaic read row-wise from the first pixel of the file; None for monochrome and for sums.

        Parameters
        ----------
        pattern : str or None
            Mosaic at the corner of the effective area.

        Examples
        --------
        >>> Section(left=1, top=0, bin=1).bayer("RGGB")
        'GRBG'
        """
        if pattern is None or self.bin > 1:
            return None
        rows = (pattern[:2], pattern[2:])
        return "".join(rows[(self.top + y) % 2][(self.left + x) % 2] for y in (0, 1) for x in (0, 1))


def on_sensor(frame_format: FrameFormat, geometry: Geometry) -> Window:
    """The format's window in total sensor pixels."""
    window = frame_format.window
    if frame_format.overscan:
        return window
    return Window(
        window.left + geometry.effective.left,
        window.top + geometry.effective.top,
        window.width,
        window.height,
    )


def in_file(area: Window, frame_format: FrameFormat, geometry: Geometry) -> Window | None:
    """The file's pixels that lie wholly inside an area of the sensor.

    Parameters
    ----------
    area : Window
        Total sensor pixels.
    frame_format : FrameFormat
    geometry : Geometry

    Returns
    -------
    Window or None
        Pixels of the file, 0-based; None where nothing is left.
    """
    read, factor = on_sensor(frame_format, geometry), frame_format.bin
    left = -(-max(area.left - read.left, 0) // factor)
    top = -(-max(area.top - read.top, 0) // factor)
    right = (min(area.right, read.right) - read.left) // factor
    bottom = (min(area.bottom, read.bottom) - read.top) // factor
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None


def fits_section(window: Window) -> str:
    """A window as FITS writes sections: 1-based, both ends included.

    Examples
    --------
    >>> fits_section(Window(0, 10, 100, 20))
    '[1:100,11:30]'
    """
    return f"[{window.left + 1}:{window.right},{window.top + 1}:{window.bottom}]"
