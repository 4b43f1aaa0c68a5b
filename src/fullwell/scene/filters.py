"""The filters of the wheel: transmission by wavelength, as a few nodes with straight lines between them.

The shapes are those of typical interference filters for deep-sky work, drawn as trapezoids: an assumption, as
every maker's set differs by some nanometres. Leaks outside the pass band are left out.
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


FILTERS: dict[str, Filter] = {
    entry.name: entry
    for entry in (
        Filter("none", (), ()),
        _band("L", 400, 695, edge_nm=8, peak=0.97),
        _band("R", 585, 692, edge_nm=8, peak=0.96),
        _band("G", 490, 575, edge_nm=8, peak=0.96),
        _band("B", 390, 508, edge_nm=8, peak=0.96),
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
