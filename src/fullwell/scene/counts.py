"""How many stars there are: counts by magnitude and galactic coordinates.

The analytic fit of Bahcall & Soneira to counts in V: a disc and a spheroid, each with a power law that bends. At
the bright end it has too few stars at high latitudes, and too many towards the galactic centre, where it knows no
dust; a factor that depends on galactic latitude and longitude brings it to the counts of the catalogue that ships
with the scenes, at magnitudes 9.5 to 11, and holds for all magnitudes. With it, 2,500 stars per square degree are
brighter than 20 at the galactic pole.

Limits: over the whole sky within 33 % of the totals of Tycho-2 and UCAC4 from magnitude 10 to 16; below 10
degrees of latitude the law is held at its value for 10 degrees (an assumption); towards the galactic centre it
is tied down at the bright end only; no clusters, no Magellanic Clouds, no dark clouds (Ophiuchus
has half of its stars).

References
----------
.. [1] Bahcall J. N., Soneira R. M. 1980, ApJS 44, 73, appendix B.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

# Counts of the catalogue over those of the fit, magnitudes 9.5 to 11, by galactic latitude (rows) and longitude.
_RATIO_LATITUDE_DEG = (5.0, 15.0, 29.0, 55.0)
_RATIO_LONGITUDE_DEG = (7.5, 22.0, 40.0, 62.0, 97.0, 150.0)
_RATIO = np.array(
    [
        [0.50, 0.64, 0.92, 1.23, 1.32, 1.22],
        [0.59, 0.85, 1.22, 1.28, 1.35, 1.30],
        [1.08, 1.32, 1.59, 1.66, 1.77, 1.70],
        [1.77, 1.77, 1.77, 1.77, 1.77, 1.77],
    ]
)

LOWEST_LATITUDE_DEG = 10.0
_POLE_RA, _POLE_DEC, _NODE_LONGITUDE = (np.radians(angle) for angle in (192.85948, 27.12825, 122.93192))


def galactic(ra_deg: Points, dec_deg: Points) -> tuple[Points, Points]:
    """Galactic longitude and latitude, degrees, of ICRS positions.

    References
    ----------
    Blaauw A. et al. 1960, MNRAS 121, 123; pole in ICRS after the Hipparcos catalogue, vol. 1, 1.5.3.
    """
    ra, dec = np.radians(ra_deg) - _POLE_RA, np.radians(dec_deg)
    sin_b = np.sin(dec) * np.sin(_POLE_DEC) + np.cos(dec) * np.cos(_POLE_DEC) * np.cos(ra)
    east = np.cos(dec) * np.sin(ra)
    north = np.sin(dec) * np.cos(_POLE_DEC) - np.cos(dec) * np.sin(_POLE_DEC) * np.cos(ra)
    longitude = (_NODE_LONGITUDE - np.arctan2(east, north)) % (2 * np.pi)
    return np.degrees(longitude), np.degrees(np.arcsin(np.clip(sin_b, -1, 1)))


def brighter_per_deg2(v_mag: Points, longitude_deg: Points, latitude_deg: Points) -> Points:
    """Stars per square degree brighter than a magnitude.

    Parameters
    ----------
    v_mag, longitude_deg, latitude_deg : ndarray of float64
        Broadcast against one another; magnitude 5 to 30.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> pole = brighter_per_deg2(np.array([12.0, 20.0]), np.array(0.0), np.array(90.0))
    >>> [round(float(n)) for n in pole]
    [19, 2549]
    """
    b = np.radians(np.maximum(np.abs(latitude_deg), LOWEST_LATITUDE_DEG))
    cos_l, cos_b, sin_b = np.cos(np.radians(longitude_deg)), np.cos(b), np.sin(b)
    bend = np.clip(v_mag, 12, 20) - 12
    mu, gamma = 0.03 + 0.0075 * bend, 0.36 - 0.04 * bend
    disc = 925 * 10 ** (0.035 * (v_mag - 15.75)) / (1 + 10 ** (-0.132 * (v_mag - 15.75))) ** 3
    disc = disc / (sin_b * (1 - mu * cos_b / sin_b * cos_l)) ** (3 - 5 * gamma)
    spheroid = 1050 * 10 ** (0.087 * (v_mag - 17.5)) / (1 + 10 ** (-0.180 * (v_mag - 17.5))) ** 2.5
    spheroid = spheroid / (1 - cos_b * cos_l) ** (1.45 - 0.20 * cos_b * cos_l)
    return np.asarray((disc + spheroid) * _ratio(longitude_deg, latitude_deg))


def _ratio(longitude_deg: Points, latitude_deg: Points) -> Points:
    """The factor to the catalogue's counts, with straight lines between the nodes."""
    from_centre_deg = np.abs((np.asarray(longitude_deg) + 180) % 360 - 180)
    x = np.interp(from_centre_deg, _RATIO_LONGITUDE_DEG, np.arange(6.0))
    y = np.interp(np.abs(latitude_deg), _RATIO_LATITUDE_DEG, np.arange(4.0))
    column, row = np.minimum(x.astype(int), 4), np.minimum(y.astype(int), 2)
    right, down = x - column, y - row
    upper = _RATIO[row, column] * (1 - right) + _RATIO[row, column + 1] * right
    lower = _RATIO[row + 1, column] * (1 - right) + _RATIO[row + 1, column + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)
