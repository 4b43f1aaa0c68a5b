"""What a scene is: something that can be asked how many electrons it frees in each pixel of each row.

A scene is described in the user's terms (a field, a telescope, a filter) and *bound* to a sensor before use.
A bound scene is asked for strips of rows, each row with its own exposure interval, so that rolling shutter,
moving targets and flashes need no special case. It answers with *expected* electrons; shot noise is the
sensor's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fullwell.models.facts import Sensor


@dataclass(frozen=True, slots=True)
class Interval:
    """When the rows of a strip were exposed.

    Attributes
    ----------
    start_ns, stop_ns : ndarray of int64, shape (rows,)
        UTC, nanoseconds since 1970.
    key : int
        64-bit number that is different for each frame of each camera; chance events that belong to the scene
        (cosmic rays, scintillation) are drawn from it and the sensor coordinates, never from a shared generator.
    """

    start_ns: NDArray[np.int64]
    stop_ns: NDArray[np.int64]
    key: int


@dataclass(frozen=True, slots=True)
class Pointing:
    """What is known about the line of sight, for file headers.

    Attributes
    ----------
    object_name : str
    ra_deg, dec_deg : float or None
        ICRS, centre of the effective area.
    filter_name : str
    focal_length_mm, aperture_mm : float or None
    crpix : tuple of float or None
        FITS convention (1-based), in unbinned pixels of the effective area, rows counted in read-out order.
    cd_deg : tuple of tuple of float or None
        CD matrix of the tangential projection, degrees per pixel.
    """

    object_name: str = ""
    ra_deg: float | None = None
    dec_deg: float | None = None
    filter_name: str = "none"
    focal_length_mm: float | None = None
    aperture_mm: float | None = None
    crpix: tuple[float, float] | None = None
    cd_deg: tuple[tuple[float, float], tuple[float, float]] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answer key of a scene for one frame.

    Attributes
    ----------
    stars : structured ndarray or None
        Columns x_px, y_px (0-based pixel centres, unbinned effective area), ra_deg, dec_deg, magnitude
        (V), bv_mag (colour), electrons (expected total over the exposure of its own row as it falls on the
        sensor, vignetting included; mean over the mosaic on a colour sensor), illumination (share that vignetting
        and dust have left), source.
        Only stars whose centre lies on the effective area; light of others may reach into it.
    effects : mapping of str to str
        What is switched on, in words with units.
    """

    stars: NDArray[np.void] | None = None
    effects: Mapping[str, str] = field(default_factory=dict)


class BoundScene(Protocol):
    """A scene as one sensor sees it. Thread-safe: strips of one frame are asked for from several threads."""

    @property
    def pointing(self) -> Pointing:
        """Line of sight, for headers."""
        ...

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip with expected electrons (photons x QE x optics, mosaic included).

        Parameters
        ----------
        out : ndarray of float32, shape (rows, columns)
            Overwritten.
        left, top : int
            Position of its first pixel in the effective area, unbinned px. The strip never leaves that area.
        interval : Interval
            One start and stop per row of `out`.
        """
        ...

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key for one frame.

        Parameters
        ----------
        top : int
            Row of the effective area that the interval's first belongs to, unbinned px.
        interval : Interval
            One start and stop for each row that was read. What lies on other rows counts as seen by the nearest.
        """
        ...


@runtime_checkable
class Triggered(Protocol):
    """A bound scene with a lamp that the camera's shutter signal fires."""

    def triggered(self, edges_ns: Sequence[int], pin: tuple[int, int] | None) -> BoundScene:
        """What it looks like to a frame.

        Parameters
        ----------
        edges_ns : sequence of int
            UTC, falling edges of the shutter signal in and round that frame.
        pin : tuple of int, optional
            Delay after each edge and width of the pulse on the camera's LED pin, ns; None = that pin is silent.
        """
        ...


class Scene(Protocol):
    """A scene in the user's terms."""

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundScene:
        """The scene as a sensor behind a filter sees it.

        Parameters
        ----------
        sensor : Sensor
            Geometry and response.
        coating : str
            Name of one of ``sensor.coatings``.
        filter_name : str
            One of `fullwell.scene.filters`' names; a turn of the filter wheel binds anew.
        seed : int
            Of the camera body.
        """
        ...
