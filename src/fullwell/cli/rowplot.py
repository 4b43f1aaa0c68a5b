"""A row calibration as a picture: brightness of the rows under each flash, and how the fit explains it."""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from fullwell.cli.picture import AMBER, FAINT, INK, LINE, NIGHT, PANEL
from fullwell.measure.led import Flash, RowFit, caught_ns
from fullwell.measure.rowscan import RowCalibration

DOTS: Final = "#8fc1ff"
NEAR: Final = 1.6
"""How far from the flash the middle panel reaches, in lengths of the flash."""

FINE: Final = 2000


def draw_row_fit(result: RowCalibration, title: str, file: BinaryIO) -> None:
    """Draw a calibration as PNG.

    Parameters
    ----------
    result : RowCalibration
    title : str
        Camera and settings, in one line.
    file : BinaryIO
        Open for writing.
    """
    figure = Figure((13, 11), dpi=110, facecolor=NIGHT, layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12))
    FigureCanvasAgg(figure)
    figure.suptitle(f"{title}\n{_finding(result.fit)}", color=INK, fontsize=13, x=0.02, ha="left")
    whole, begin, rest = figure.subplots(3, 1, height_ratios=(3, 4, 2))
    for axes in (whole, begin, rest):
        _dress(axes)
    begin.sharex(rest)
    _draw_rows(whole, result)
    _draw_ramp(begin, rest, result)
    figure.savefig(file, format="png", facecolor=NIGHT)


def _finding(fit: RowFit) -> str:
    return (
        f"row 0 ends {fit.offset_ns.value * 1e-3:.3f} ± {fit.offset_ns.standard_error * 1e-3:.3f} µs after the "
        f"vsync, line period {fit.line_period_ns.value:.2f} ± {fit.line_period_ns.standard_error:.2f} ns, "
        f"{fit.rows_per_step} row{'s' if fit.rows_per_step > 1 else ''} together"
    )


def _dress(axes: Axes) -> None:
    axes.set_facecolor(PANEL)
    axes.tick_params(colors=FAINT, labelsize=9, which="both")
    axes.grid(color=LINE, lw=0.6)
    for spine in axes.spines.values():
        spine.set_color(LINE)


def _name(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, color=FAINT, fontsize=10)
    axes.set_ylabel(y, color=FAINT, fontsize=10)


def _draw_rows(axes: Axes, result: RowCalibration) -> None:
    """Every frame: level of its rows."""
    rows = np.arange(len(result.flashes[0].level_dn))
    for flash in result.flashes:
        near = _where_lit(result.fit, flash, rows)
        axes.plot(near, flash.level_dn[near], ".", ms=3, color=DOTS)
        axes.plot(near, result.fit.level_dn(flash, near), color=AMBER, lw=1.0, alpha=0.8)
    axes.set_xlim(-0.01 * len(rows), 1.01 * len(rows))
    _name(axes, "row of the window", "level of the row, DN")


def _where_lit(fit: RowFit, flash: Flash, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows that catch something, and some dark ones on either side."""
    lit = np.flatnonzero(fit.level_dn(flash, rows) > 0.0)
    return rows[max(0, lit.min() - 20) : lit.max() + 21] if len(lit) else rows[:0]


def _draw_ramp(axes: Axes, residuals: Axes, result: RowCalibration) -> None:
    """All frames laid on one another: rows that end during the flash catch its beginning."""
    fit, width_ns = result.fit, float(result.flashes[0].width_ns)
    rows = np.arange(len(result.flashes[0].level_dn))
    ends_ns = fit.ends_ns(rows)
    for flash in result.flashes:
        since_ns = ends_ns - flash.delay_ns
        near = (since_ns > (1 - NEAR) * width_ns) & (since_ns < NEAR * width_ns) & np.isfinite(flash.level_dn)
        expected = fit.level_dn(flash, rows[near])
        sigma = np.sqrt(flash.variance_dn2[near] + flash.rounding_dn2[near])
        axes.plot(since_ns[near] * 1e-3, flash.level_dn[near], "o", ms=4, color=DOTS, alpha=0.8)
        residuals.plot(
            since_ns[near] * 1e-3, (flash.level_dn[near] - expected) / sigma, "o", ms=3, color=DOTS, alpha=0.8
        )
    fine_ns = np.linspace((1 - NEAR) * width_ns, NEAR * width_ns, FINE)
    caught = caught_ns(fine_ns, fit.exposure_ns.value, 0.0, width_ns)
    axes.plot(fine_ns * 1e-3, fit.rate_dn_per_ns * caught, color=AMBER, lw=1.4)
    residuals.axhline(0.0, color=AMBER, lw=1.4)
    _name(axes, "", "level of the row, DN")
    _name(
        residuals,
        "end of exposure of the row after the flash begins, by the fit, µs",
        "row − fit, σ of its pixels",
    )
