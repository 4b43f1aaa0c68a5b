"""When the rows of a sensor end their exposure, from frames of a lamp that flashes after the shutter signal.

A row catches the part of a flash that falls into its own exposure. Rows that end while the lamp is on catch its
beginning, rows that start while it is on catch its end, rows between all of it: the two ramps tell, to a small
part of a row, when row 0 ends after the signal, how long a row takes, how long the exposure lasts, and how many
rows are exposed together. Nothing but the levels of the rows and the times of the flashes goes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.optimize import least_squares

from fullwell.errors import InvalidValue
from fullwell.measure.estimate import Estimate

__all__ = ["Flash", "RowFit", "caught_ns", "fit_rows"]

STEPS: Final = (1, 2)
"""How many rows these sensors are known to expose together."""

LIT: Final = 0.9
"""Share of the full level from which a row counts as lit by the whole flash."""

DARK: Final = 5.0
CLEAR: Final = 40.0
"""Standard deviations up to which a row counts as dark, and that a lit one must stand out."""

PEDESTAL_DN: Final = 0.3
"""How uneven the cutting of words is between dark and lit rows: an even spread of one count."""

MARGIN: Final = 16
"""Dark rows beside the lit ones that are fitted, too."""

ROUNDS: Final = 3
"""How often the weights are taken anew from the fit."""


@dataclass(frozen=True, eq=False, slots=True)
class Flash:
    """What the rows of one frame caught of one flash.

    Attributes
    ----------
    delay_ns, width_ns : int
        When the lamp went on after the falling edge of the shutter signal, and for how long, ns.
    level_dn : ndarray of float64, shape (rows,)
        Mean of each row above a frame without flash, DN; NaN for rows that are not to be used.
    variance_dn2 : ndarray of float64, shape (rows,)
        Of these means, from the scatter of the pixels.
    rounding_dn2 : ndarray of float64, shape (rows,)
        Mean square of the error that whole counts make where the pixels do not scatter enough to hide it.
    period_ns : int
        Time since the flash of the frame before, ns; 0 = there was none.
    """

    delay_ns: int
    width_ns: int
    level_dn: NDArray[np.float64]
    variance_dn2: NDArray[np.float64]
    rounding_dn2: NDArray[np.float64]
    period_ns: int = 0

    @classmethod
    def seen(
        cls,
        lit: NDArray[Any],
        dark: NDArray[Any],
        *,
        delay_ns: int,
        width_ns: int,
        period_ns: int = 0,
        skip_bytes: int = 0,
    ) -> Self:
        """What a frame shows of a flash.

        Parameters
        ----------
        lit, dark : ndarray, shape (rows, columns)
            DN; dark is a frame of the same settings without the flash.
        delay_ns, width_ns, period_ns : int
            See above.
        skip_bytes : int
            Bytes at the beginning of the buffer that are no pixels (a GPS stamp): rows that hold some are NaN.

        Notes
        -----
        The mean of a Gaussian of width s counts, cut to whole counts, errs by up to exp(-2 pi^2 s^2) / pi.
        """
        columns = lit.shape[1]
        difference = np.subtract(lit, dark, dtype=np.float64)
        scatter = np.asarray(difference.var(axis=1, ddof=1), np.float64)
        level = np.asarray(difference.mean(axis=1), np.float64)
        stamped = -(-skip_bytes // (columns * lit.itemsize))
        level[:stamped] = np.nan
        rounding = np.exp(-4.0 * np.pi**2 * scatter) / (2.0 * np.pi**2)
        return cls(delay_ns, width_ns, level, scatter / columns, rounding, period_ns)


@dataclass(frozen=True, slots=True)
class RowFit:
    """The clockwork of the rows as light tells it.

    Attributes
    ----------
    offset_ns : Estimate
        End of exposure of row 0 of the window after the falling edge of the shutter signal.
    line_period_ns : Estimate
        Time per row.
    exposure_ns : Estimate
        Of each row.
    rows_per_step : int
        Rows exposed together.
    top : int
        First row of the window on the sensor.
    rate_dn_per_ns, pedestal_dn : float
        Brightness of the lamp, and what stands under it in lit rows.
    scatter : float
        Root mean square of the residuals in standard deviations: 1 = the model explains everything. The errors
        above are multiplied by it where it is larger.
    points : int
        Rows that show an edge of a flash.
    """

    offset_ns: Estimate
    line_period_ns: Estimate
    exposure_ns: Estimate
    rows_per_step: int
    top: int
    rate_dn_per_ns: float
    pedestal_dn: float
    scatter: float
    points: int

    def ends_ns(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """End of exposure of rows of the window after the falling edge, ns."""
        late_ns = self.line_period_ns.value * lines(rows, self.top, self.rows_per_step)
        return np.asarray(self.offset_ns.value + late_ns, np.float64)

    def level_dn(self, flash: Flash, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """What this fit expects of rows of the window in a frame, DN."""
        ends_ns, exposure_ns = self.ends_ns(rows), self.exposure_ns.value
        caught = caught_ns(ends_ns, exposure_ns, flash.delay_ns, flash.width_ns)
        if flash.period_ns:
            caught = caught + caught_ns(ends_ns, exposure_ns, flash.delay_ns - flash.period_ns, flash.width_ns)
        return np.asarray(self.rate_dn_per_ns * caught + self.pedestal_dn * (caught > 0.0), np.float64)


def lines(rows: NDArray[np.int64], top: int, together: int) -> NDArray[np.int64]:
    """Line periods from row 0 of a window to other rows, where `together` rows are exposed at a time."""
    return ((rows + top) // together - top // together) * together


def caught_ns(
    ends_ns: NDArray[np.float64],
    exposure_ns: float,
    delay_ns: float | NDArray[np.float64],
    width_ns: float | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Overlap of exposures with a flash, ns.

    Parameters
    ----------
    ends_ns : ndarray of float64
        End of each exposure after the edge.
    exposure_ns : float
    delay_ns, width_ns : float or ndarray of float64
        Of the flash.

    Examples
    --------
    >>> caught_ns(np.array([90.0, 110.0, 130.0, 200.0, 230.0]), 100.0, delay_ns=100.0, width_ns=20.0)
    array([ 0., 10., 20., 20.,  0.])
    """
    first = np.maximum(ends_ns - exposure_ns, delay_ns)
    last = np.minimum(ends_ns, delay_ns + width_ns)
    return np.asarray(np.maximum(last - first, 0.0), np.float64)


def fit_rows(flashes: Sequence[Flash], *, line_period_ns: float, exposure_ns: float, top: int = 0) -> RowFit:
    """The clockwork of the rows from several frames, each with a flash at another time.

    Parameters
    ----------
    flashes : sequence of Flash
        At least two, whose edges fall on different rows.
    line_period_ns, exposure_ns : float
        As the camera tells them: where the fit begins.
    top : int
        First row of the window on the sensor: pairs of rows are fixed on the sensor.

    Raises
    ------
    InvalidValue
        If the rows do not show the edges of the flashes.

    Notes
    -----
    Weighted least squares for offset, line period, exposure, brightness, and a pedestal under all lit rows: the
    bits that short words lose are the same in dark pixels but not in lit ones, up to half a count on average,
    and no more than that is allowed for. The variance of a row is that of its expected level: the scatter of the
    unlit rows, and what the pixels of lit rows add to it in proportion to their level (shot noise, response of
    the pixels). How many rows are exposed together is decided by which number leaves the smaller residuals.

    Limits: the response is taken as straight; the bend of these sensors shifts an edge by less than a
    thousandth of the flash while the signal stays below a quarter of the well. Where words are so short that
    even lit pixels scatter by less than half a count, the error is larger than stated.
    """
    if len(flashes) < 2:
        raise InvalidValue(f"{len(flashes)} flash is not enough.", "Take at least two, at different times.")
    points = _points(flashes)
    fits = [_fit(points, top, together, line_period_ns, exposure_ns) for together in STEPS]
    return min(fits, key=lambda fit: fit.scatter)


@dataclass(frozen=True, eq=False, slots=True)
class _Points:
    """The rows that tell something, of all frames, one after the other, and what is plain to see in them."""

    row: NDArray[np.int64]
    delay_ns: NDArray[np.float64]
    width_ns: NDArray[np.float64]
    period_ns: NDArray[np.float64]
    level_dn: NDArray[np.float64]
    least_variance: NDArray[np.float64]
    variance_per_dn: float
    rate_dn_per_ns: float
    beginnings: tuple[tuple[int, float], ...]
    """Row that first has half the level, and the middle of the flash, for each frame that shows one."""


def _points(flashes: Sequence[Flash]) -> _Points:
    levels = np.array([flash.level_dn for flash in flashes])
    variances = np.array([flash.variance_dn2 for flash in flashes])
    rounding = np.array([flash.rounding_dn2 for flash in flashes])
    delays, widths, periods = (
        np.array([getattr(flash, name) for flash in flashes], np.float64)
        for name in ("delay_ns", "width_ns", "period_ns")
    )
    height_dn = float(np.nanmax(levels))
    below = levels < 0.5 * height_dn
    spread_dn = 1.4826 * float(np.median(np.abs(levels[below])))
    quiet_dn = float(np.hypot(spread_dn, np.sqrt(np.median(rounding[below]))))
    if not height_dn > CLEAR * quiet_dn:
        raise InvalidValue(
            f"the flash lifts the rows by {height_dn:.3g} DN, and they scatter by {quiet_dn:.2g} DN without it.",
            "Make the lamp brighter or the flash longer, and see that it falls into the read-out.",
        )
    dark, lit = levels < DARK * quiet_dn, levels > LIT * height_dn
    growth = (np.median(variances[lit]) - np.median(variances[dark])) / np.median(levels[lit])
    near_light = maximum_filter1d(~dark, 2 * MARGIN + 1, axis=1)
    frames, rows = np.nonzero(near_light & np.isfinite(levels))
    return _Points(
        row=rows.astype(np.int64),
        delay_ns=delays[frames],
        width_ns=widths[frames],
        period_ns=periods[frames],
        level_dn=levels[frames, rows],
        least_variance=spread_dn**2 + rounding[frames, rows],
        variance_per_dn=max(0.0, float(growth)),
        rate_dn_per_ns=height_dn / float(widths.max()),
        beginnings=tuple(_beginnings(levels > 0.5 * height_dn, dark, delays + 0.5 * widths)),
    )


def _beginnings(
    bright: NDArray[np.bool_], dark: NDArray[np.bool_], middles_ns: NDArray[np.float64]
) -> Iterator[tuple[int, float]]:
    for lit, unlit, middle_ns in zip(bright, dark, middles_ns, strict=True):
        row = int(np.argmax(lit))
        if unlit[:row].any():
            yield row, float(middle_ns)


def _fit(points: _Points, top: int, together: int, line_period_ns: float, exposure_ns: float) -> RowFit:
    line = lines(points.row, top, together).astype(np.float64)
    if not points.beginnings:
        raise InvalidValue(
            "no frame shows where a flash begins.", "Let the flashes come later, within the read-out."
        )
    guesses = [
        middle_ns - line_period_ns * lines(np.array([row]), top, together)[0]
        for row, middle_ns in points.beginnings
    ]
    start = np.array([float(np.median(guesses)), line_period_ns, exposure_ns, points.rate_dn_per_ns, 0.0])
    unit = np.array([line_period_ns, 1e-3 * line_period_ns, line_period_ns, 0.1 * points.rate_dn_per_ns, 1.0])
    found = start
    for _ in range(ROUNDS):
        expected_dn = np.maximum(_model(points, line, found)[0], 0.0)
        sigma = np.sqrt(points.least_variance + points.variance_per_dn * expected_dn)

        def residuals(scaled: NDArray[np.float64], sigma: NDArray[np.float64] = sigma) -> NDArray[np.float64]:
            misses = (_model(points, line, start + unit * scaled)[0] - points.level_dn) / sigma
            return np.append(misses, scaled[-1] * unit[-1] / PEDESTAL_DN)

        def slopes(scaled: NDArray[np.float64], sigma: NDArray[np.float64] = sigma) -> NDArray[np.float64]:
            rows = _model(points, line, start + unit * scaled)[1] * unit / sigma[:, None]
            return np.vstack([rows, np.append(np.zeros(len(unit) - 1), unit[-1] / PEDESTAL_DN)])

        solved = least_squares(residuals, (found - start) / unit, jac=slopes, x_scale="jac")
        found = start + unit * solved.x
    jacobian = np.asarray(solved.jac, np.float64)
    edges = (jacobian[:, [0, 2]] != 0.0).any(axis=1)
    scatter = float(np.sqrt(2.0 * solved.cost / max(1, len(line) + 1 - len(found))))
    try:
        covariance = np.linalg.inv(jacobian.T @ jacobian) * max(1.0, scatter) ** 2
    except np.linalg.LinAlgError:
        raise InvalidValue(
            "the edges of the flashes fall on too few rows.",
            "Spread the flashes over the read-out, or take a window with more rows.",
        ) from None
    errors = unit * np.sqrt(np.diag(covariance))
    offset, period, exposure = (Estimate(float(found[i]), float(errors[i])) for i in range(3))
    return RowFit(
        offset, period, exposure, together, top, float(found[3]), float(found[4]), scatter, int(edges.sum())
    )


def _model(
    points: _Points, line: NDArray[np.float64], parameters: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected levels, DN, and their slopes by offset, line period, exposure, brightness and pedestal."""
    offset_ns, period_ns, exposure_ns, rate, pedestal = parameters
    ends_ns = offset_ns + period_ns * line
    levels, slopes = _one_flash(points, ends_ns, exposure_ns, points.delay_ns)
    if points.period_ns.any():
        earlier = np.where(points.period_ns > 0, points.delay_ns - points.period_ns, -np.inf)
        before, before_slopes = _one_flash(points, ends_ns, exposure_ns, earlier)
        levels, slopes = levels + before, slopes + before_slopes
    by_end, by_exposure = rate * slopes
    lit = (levels > 0.0).astype(np.float64)
    return rate * levels + pedestal * lit, np.stack([by_end, by_end * line, by_exposure, levels, lit], axis=1)


def _one_flash(
    points: _Points, ends_ns: NDArray[np.float64], exposure_ns: float, delay_ns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the rows catch of one flash each, ns, and the slopes of that by end and length of the exposure."""
    caught = caught_ns(ends_ns, exposure_ns, delay_ns, points.width_ns)
    some = caught > 0.0
    starting = (some & (ends_ns - exposure_ns > delay_ns)).astype(np.float64)
    ending = (some & (ends_ns < delay_ns + points.width_ns)).astype(np.float64)
    return caught, np.stack([ending - starting, starting])
