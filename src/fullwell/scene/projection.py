"""Where a point of the sky falls on the sensor: the tangential projection of FITS (TAN).

Pixel x counts columns and y counts rows in the order they are read, both 0-based at pixel centres here and
1-based in `Pointing.crpix`. Shown with row 0 at the top, the sky looks as it does to the eye: at position angle 0
north is up and east is left. Shown the other way up, as FITS viewers do unless told otherwise, it is mirrored.
No precession, aberration, refraction or distortion.

References
----------
.. [1] Calabretta M. R., Greisen E. W. 2002, A&A 395, 1077 (FITS paper II).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.models.facts import Geometry

Matrix = tuple[tuple[float, float], tuple[float, float]]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Projection:
    """A tangential projection.

    Attributes
    ----------
    ra_deg, dec_deg : float
        ICRS position of the reference pixel.
    crpix : tuple of float
        Reference pixel (column, row), 1-based.
    cd_deg : tuple of tuple of float
        Degrees of the tangential plane (east, north) per pixel of column and row.
    """

    ra_deg: float
    dec_deg: float
    crpix: tuple[float, float]
    cd_deg: Matrix

    @property
    def scale_arcsec(self) -> float:
        """Angle of one pixel at the reference pixel, arcsec."""
        (a, b), (c, d) = self.cd_deg
        return float(np.sqrt(abs(a * d - b * c)) * 3600)

    def to_pixels(self, ra_deg: Points, dec_deg: Points) -> tuple[Points, Points]:
        """Points of the sky on the sensor.

        Parameters
        ----------
        ra_deg, dec_deg : ndarray of float64
            ICRS.

        Returns
        -------
        x_px, y_px : ndarray of float64
            0-based pixel centres; NaN for points more than 89 degrees away.
        """
        ra, dec = np.radians(ra_deg - self.ra_deg), np.radians(dec_deg)
        sin0, cos0 = np.sin(np.radians(self.dec_deg)), np.cos(np.radians(self.dec_deg))
        away = sin0 * np.sin(dec) + cos0 * np.cos(dec) * np.cos(ra)
        away = np.where(away > np.cos(np.radians(89)), away, np.nan)
        east = np.degrees(np.cos(dec) * np.sin(ra) / away)
        north = np.degrees((cos0 * np.sin(dec) - sin0 * np.cos(dec) * np.cos(ra)) / away)
        (a, b), (c, d) = np.linalg.inv(np.array(self.cd_deg))
        return self.crpix[0] - 1 + a * east + b * north, self.crpix[1] - 1 + c * east + d * north

    def to_sky(self, x_px: Points, y_px: Points) -> tuple[Points, Points]:
        """Points of the sensor on the sky: the inverse of `to_pixels`.

        Returns
        -------
        ra_deg, dec_deg : ndarray of float64
            ICRS, right ascension from 0 to 360.
        """
        dx, dy = x_px - (self.crpix[0] - 1), y_px - (self.crpix[1] - 1)
        (a, b), (c, d) = self.cd_deg
        east, north = np.radians(a * dx + b * dy), np.radians(c * dx + d * dy)
        sin0, cos0 = np.sin(np.radians(self.dec_deg)), np.cos(np.radians(self.dec_deg))
        ahead = cos0 - north * sin0
        ra = np.arctan2(east, ahead)
        dec = np.arctan2(sin0 + north * cos0, np.hypot(ahead, east))
        return np.asarray((np.degrees(ra) + self.ra_deg) % 360), np.degrees(dec)


def centred(
    geometry: Geometry, ra_deg: float, dec_deg: float, focal_length_mm: float, position_angle_deg: float
) -> Projection:
    """The projection of a telescope that points at (ra, dec) with the centre of the effective area.

    Parameters
    ----------
    geometry : Geometry
        Of the sensor.
    ra_deg, dec_deg : float
        ICRS.
    focal_length_mm : float
        Above 0.
    position_angle_deg : float
        Direction towards row 0, counted from north through east.
    """
    scale = float(np.degrees(geometry.pixel_size_um * 1e-3 / focal_length_mm))
    cos, sin = np.cos(np.radians(position_angle_deg)), np.sin(np.radians(position_angle_deg))
    cd = ((float(-scale * cos), float(-scale * sin)), (float(scale * sin), float(-scale * cos)))
    area = geometry.effective
    return Projection(ra_deg, dec_deg, ((area.width + 1) / 2, (area.height + 1) / 2), cd)
