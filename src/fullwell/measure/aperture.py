"""Aperture photometry: the light of a star in a circle, the sky from a ring round it, and the noise of both.

Limits: a fixed place; no correction for neighbours in the circle; the sky is even over circle and ring.

References
----------
.. [1] Howell S. B. 2006, Handbook of CCD Astronomy, 2nd ed., 5.1 and 4.4 (apertures, and the noise in them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue

CLIP = 4.0
_CLIPPINGS = 3
_GAUSS = 1.4826  # standard deviation over median absolute deviation


@dataclass(frozen=True, slots=True)
class Aperture:
    """Where a star's light is summed.

    Parameters
    ----------
    x_px, y_px : float
        Centre, 0-based pixel centres of the picture.
    radius_px : float
        Of the circle, above 0. Pixels on its edge count in part.
    ring_px : tuple of float
        Inner and outer radius of the ring for the sky.

    Examples
    --------
    >>> picture = np.full((41, 41), 7.0)
    >>> picture[20, 20] += 100
    >>> light = Aperture(20, 20, radius_px=4, ring_px=(8, 12)).measure(picture)
    >>> float(light.flux), float(light.sky)
    (100.0, 7.0)
    """

    x_px: float
    y_px: float
    radius_px: float
    ring_px: tuple[float, float]

    def __post_init__(self) -> None:
        inner, outer = self.ring_px
        if not 0 < self.radius_px <= inner < outer:
            raise InvalidValue(
                f"an aperture of {self.radius_px:g} px with a ring from {inner:g} to {outer:g} px is impossible.",
                "Choose 0 < radius <= inner < outer.",
            )

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns that it needs."""
        reach = int(np.ceil(self.ring_px[1])) + 1
        row, column = round(self.y_px), round(self.x_px)
        return slice(row - reach, row + reach + 1), slice(column - reach, column + reach + 1)

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise `InvalidValue` unless circle and ring lie inside a picture."""
        rows, columns = self.box
        if rows.start < 0 or columns.start < 0 or rows.stop > shape[0] or columns.stop > shape[1]:
            raise InvalidValue(
                f"the ring of {self.ring_px[1]:g} px round ({self.x_px:g}, {self.y_px:g}) leaves the picture of "
                f"{shape[1]} x {shape[0]} px.",
                "Choose a star further inside, or a smaller ring.",
            )

    def covered(self) -> NDArray[np.float64]:
        """Share of each pixel of the box that lies in the circle."""
        return np.clip(self.radius_px + 0.5 - self._distance_px(), 0.0, 1.0)

    def ring(self) -> NDArray[np.bool_]:
        """Which pixels of the box are in the ring."""
        inner, outer = self.ring_px
        return (self._distance_px() >= inner) & (self._distance_px() < outer)

    def measure(self, picture: NDArray[np.generic]) -> Light:
        """The light of the star in a picture.

        Parameters
        ----------
        picture : ndarray, shape (rows, columns)
            In any linear unit.
        """
        self.check(picture.shape)
        return self.measure_box(picture[self.box])

    def measure_box(self, box: NDArray[np.generic]) -> Light:
        """The same from the pixels of `box` alone."""
        pixels, covered = box.astype(np.float64), self.covered()
        ring = _clipped(pixels[self.ring()])
        sky = float(ring.mean())
        return Light(
            flux=float(np.sum(covered * (pixels - sky))),
            sky=sky,
            noise_pixels=float((covered**2).sum() + covered.sum() ** 2 / ring.size),
        )

    def _distance_px(self) -> NDArray[np.float64]:
        rows, columns = self.box
        y, x = np.mgrid[rows, columns]
        return np.hypot(y - self.y_px, x - self.x_px)


@dataclass(frozen=True, slots=True)
class Light:
    """What an aperture found, in the unit of the picture.

    Attributes
    ----------
    flux : float
        Of the star, sky taken off.
    sky : float
        Of one pixel.
    noise_pixels : float
        How many times the variance of one pixel the variance of the flux holds, the star's own aside: that of the
        circle, and that of the sky that is taken off.
    """

    flux: float
    sky: float
    noise_pixels: float


def centroid(box: NDArray[np.generic], aperture: Aperture, rounds: int = 5) -> Aperture:
    """The aperture moved to the centre of light within it.

    Parameters
    ----------
    box : ndarray
        The pixels of ``aperture.box``, best the mean of many frames.
    aperture : Aperture
        Within a radius of the star.
    rounds : int
        How often it is moved.
    """
    pixels = box.astype(np.float64)
    rows, columns = aperture.box
    y, x = np.mgrid[rows, columns]
    for _ in range(rounds):
        distance = np.hypot(y - aperture.y_px, x - aperture.x_px)
        weight = np.clip(aperture.radius_px + 0.5 - distance, 0.0, 1.0)
        light = weight * (pixels - np.median(pixels[distance >= aperture.ring_px[0]]))
        total = light.sum()
        if not total > 0:
            break
        moved = (light * x).sum() / total, (light * y).sum() / total
        if max(abs(moved[0] - columns.start), abs(moved[1] - rows.start)) > 2 * len(pixels):
            break
        aperture = Aperture(float(moved[0]), float(moved[1]), aperture.radius_px, aperture.ring_px)
    return aperture


def _clipped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values without stars and cosmic rays."""
    for _ in range(_CLIPPINGS):
        middle = np.median(values)
        spread = max(_GAUSS * float(np.median(np.abs(values - middle))), 1e-12)
        kept = values[np.abs(values - middle) <= max(CLIP * spread, 1.0)]
        if kept.size == values.size:
            break
        values = kept
    return values
