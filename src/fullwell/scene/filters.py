"""The filters of the wheel: transmission by wavelength, as a few nodes with straight lines between them.

V is the photometrist's: Bessell's V band [1]_, peak 0.9. Folded with the slope of a sensor's response it gives
catalogue magnitudes almost without a colour term; the others do not. The rest have the shapes of typical
interference filters for deep-sky work, drawn as trapezoids: an assumption, as every maker's set differs by some
nanometres. Leaks outside the pass band are left out.

References
----------
.. [1] Bessell M. S. 1990, PASP 102, 1181.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Filter:
    """Transmission of one filter.

    Attributes
    ----------
    name : str
        As on the wheel.
    wavelength_nm, transmission : tuple of float
        Nodes, linear between, 0 outside; no nodes at all = no glass.
    """

    name: str
    wavelength_nm: tuple[float, ...]
    transmission: tuple[float, ...]

    def at(self, wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transmission at wavelengths, 0 to 1."""
        if not self.wavelength_nm:
            return np.ones_like(wavelength_nm)
        return np.interp(wavelength_nm, self.wavelength_nm, self.transmission, left=0.0, right=0.0)


def _band(name: str, low_nm: float, high_nm: float, edge_nm: float, peak: float) -> Filter:
    """A trapezoid whose half-peak points are `low_nm` and `high_nm`."""
    half = edge_nm / 2
    nodes = (low_nm - half, low_nm + half, high_nm - half, high_nm + half)
    return Filter(name, nodes, (0.0, peak, peak, 0.0))


def _line(name: str, centre_nm: float, width_nm: float) -> Filter:
    return _band(name, centre_nm - width_nm / 2, centre_nm + width_nm / 2, edge_nm=2.0, peak=0.90)


BESSELL_V_NM = tuple(range(470, 701, 10))
BESSELL_V = tuple(
    permille / 1000
    for permille in (
        *(0, 30, 163, 458, 780, 967, 1000, 973, 898, 792, 684, 574),
        *(461, 359, 270, 197, 135, 81, 45, 25, 17, 13, 9, 0),
    )
)
"""The V band, 1 at its peak."""

FILTERS: dict[str, Filter] = {
    entry.name: entry
    for entry in (
        Filter("none", (), ()),
        _band("L", 400, 695, edge_nm=8, peak=0.97),
        _band("R", 585, 692, edge_nm=8, peak=0.96),
        _band("G", 490, 575, edge_nm=8, peak=0.96),
        _band("B", 390, 508, edge_nm=8, peak=0.96),
        Filter("V", BESSELL_V_NM, tuple(0.9 * share for share in BESSELL_V)),
        _line("Ha", 656.3, 7),
        _line("OIII", 500.7, 7),
        _line("SII", 672.4, 7),
    )
}


def filter_named(name: str) -> Filter:
    """The filter of that name.

    Raises
    ------
    UnknownName
        If there is none.

    Examples
    --------
    >>> filter_named("Ha").wavelength_nm
    (651.8, 653.8, 658.8, 660.8)
    """
    try:
        return FILTERS[name]
    except (KeyError, TypeError):
        raise UnknownName("filter", name, FILTERS) from None
