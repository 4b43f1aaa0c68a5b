"""Numbers about the pixels of a plane, exact for words of up to 16 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.cli.loading import Plane

BINS: Final = 512
CHUNK_PX: Final = 1 << 22
ONE_SIGMA: Final = (0.158655, 0.841345)
LONG_TAIL: Final = 100.0


@dataclass(frozen=True, eq=False)
class Statistics:
    """What the values of a plane are.

    Attributes
    ----------
    mean, median, minimum, maximum : float
        DN.
    sigma : float
        Robust: half the distance between the 15.87th and 84.13th percentile, DN.
    low_fraction, high_fraction : float
        Share of pixels that are zero, and that are saturated.
    edges : ndarray
        Limits of the histogram's bins, DN.
    per_dn : ndarray
        Pixels per DN in each bin.
    linear_to : float
        Up to this distance from zero the bins are of equal width, beyond of equal ratio; 0 where they are all of
        one kind.
    """

    mean: float
    median: float
    sigma: float
    minimum: float
    maximum: float
    low_fraction: float
    high_fraction: float
    edges: NDArray[np.float64]
    per_dn: NDArray[np.float64]
    linear_to: float


def statistics(plane: Plane) -> Statistics:
    """Statistics and histogram of all pixels of a plane."""
    values, counts = _counted(plane.pixels)
    total = float(counts.sum())
    cumulative = np.cumsum(counts)
    low, median, high = (
        _quantile(values, counts, cumulative, share) for share in (ONE_SIGMA[0], 0.5, ONE_SIGMA[1])
    )
    saturated = values >= plane.saturation_dn if plane.saturation_dn is not None else np.zeros(values.size, bool)
    sigma = (high - low) / 2
    edges, per_dn, linear_to = _histogram(values, counts, plane.saturation_dn, sigma)
    return Statistics(
        mean=float(values @ counts) / total,
        median=median,
        sigma=sigma,
        minimum=float(values[0]),
        maximum=float(values[-1]),
        low_fraction=float(counts[values == 0].sum()) / total,
        high_fraction=float(counts[saturated].sum()) / total,
        edges=edges,
        per_dn=per_dn,
        linear_to=linear_to,
    )


def _counted(pixels: tuple[NDArray[Any], ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each value that occurs, ascending, and how often."""
    if all(part.dtype.kind == "u" and part.dtype.itemsize <= 2 for part in pixels):
        table = np.zeros(65536, np.int64)
        for part in pixels:
            rows = max(CHUNK_PX // part.shape[1], 1)
            for first in range(0, part.shape[0], rows):
                table += np.bincount(part[first : first + rows].ravel(), minlength=table.size)
        values = np.flatnonzero(table)
        return values.astype(float), table[values].astype(float)
    flat = np.concatenate([part.ravel() for part in pixels])
    finite = flat[np.isfinite(flat)]
    values, counts = np.unique(finite if finite.size else np.zeros(1), return_counts=True)
    return values.astype(float), counts.astype(float)


def _quantile(
    values: NDArray[np.float64], counts: NDArray[np.float64], cumulative: NDArray[np.float64], share: float
) -> float:
    """A quantile; a whole number stands for the interval of half a step round it.

    Without that, sigma of a quiet frame could only be a multiple of 1/2 DN.
    """
    wanted = share * cumulative[-1]
    at = int(np.searchsorted(cumulative, wanted))
    if float(values[at]).is_integer():
        inside = (wanted - (cumulative[at] - counts[at])) / counts[at]
        return float(values[at] - 0.5 + inside)
    return float(values[at])


def _histogram(
    values: NDArray[np.float64], counts: NDArray[np.float64], saturation_dn: float | None, sigma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Bins of equal ratio where all values allow it, else of equal width; whole numbers are never split.

    Fractions with a long tail (electrons of a merged frame) get equal widths near zero and equal ratios beyond.
    """
    low, high = float(values[0]), max(float(values[-1]), saturation_dn or 0.0)
    whole = bool(np.all(values == np.floor(values)))
    linear_to = 0.0
    if low >= 0 and high > 20 and whole:
        edges = np.unique(np.floor(np.geomspace(max(low, 1.0), high + 1.0, BINS))) - 0.5
        edges = np.concatenate([[low - 0.5], edges[edges > low - 0.5]])
        edges[-1] = high + 0.5
    elif not whole and high > LONG_TAIL * sigma > 0:
        linear_to = max(sigma, 1.0)
        edges = linear_to * np.sinh(np.linspace(np.arcsinh(low / linear_to), np.arcsinh(high / linear_to), BINS))
    else:
        edges = np.linspace(low, high if high > low else low + 1.0, BINS)
    found, _ = np.histogram(values, edges, weights=counts)
    return edges, found / np.diff(edges), linear_to
