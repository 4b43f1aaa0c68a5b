"""From expected to actual electrons: shot noise, the well's end, the small bend of the response."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr, pdtrik

_BEND_AT = 0.95


def shot_noise(expected_e: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole electrons, Poisson distributed: the inverse of the distribution at a uniform number.

    Parameters
    ----------
    expected_e : ndarray of float64
        Mean, electrons, 0 or more.
    uniform : ndarray of float64
        Above 0 and below 1.

    Examples
    --------
    >>> shot_noise(np.array([0.0, 3.0, 100.0]), np.array([0.5, 0.5, 0.5]))
    array([  0.,   3., 100.])
    """
    mean = np.maximum(expected_e, 1e-30)
    guess = np.ceil(np.maximum(pdtrik(uniform, mean), 0.0))
    low = np.maximum(guess - 1.0, 0.0)
    count = np.where(pdtr(low, mean) >= uniform, low, guess)
    return np.where(pdtr(0.0, mean) >= uniform, 0.0, count)


def saturate(electrons: NDArray[np.float64], pixel_well_e: float) -> NDArray[np.float64]:
    """The well is full at the same number of electrons in every pixel.

    Limits: no blooming, no spread of the well over the pixels, no remanence.
    """
    return np.minimum(electrons, pixel_well_e)


def bend_per_e2(nonlinearity_fraction: float, pixel_well_e: float) -> float:
    """Constant c of the response e (1 - c e^2) that lies `nonlinearity_fraction` low at 95 % of the well."""
    return nonlinearity_fraction / (_BEND_AT * pixel_well_e) ** 2


def bend(electrons: NDArray[np.float64], per_e2: float) -> NDArray[np.float64]:
    """Nonlinearity: e (1 - c e^2), straight at low signal.

    Limits: one smooth bend of the same form in every pixel; the measured curves of these sensors stay within a
    percent and agree on no finer form.
    """
    return electrons * (1.0 - per_e2 * electrons**2)
