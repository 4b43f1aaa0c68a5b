"""The curves of a camera as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from fullwell.cli.picture import FAINT, INK, LINE, NIGHT, PANEL
from fullwell.models.facts import CameraModel, Chain, Telegraph
from fullwell.record import whole_file

LINES: Final = ("#8fc1ff", "#f2a65a", "#7be08a", "#d98cff", "#ff7b7b", "#6fd6d0", "#e6d36a")
CURVE_POINTS: Final = 800
SUPPRESSED: Final = "#7d8899"


def draw_charts(model: CameraModel, folder: Path) -> list[Path]:
    """Draw gain, noise and full well of each mode, quantum efficiency, dark current, telegraph noise.

    Parameters
    ----------
    model : CameraModel
    folder : Path
        Where the pictures go; those of an earlier run are replaced.

    Returns
    -------
    list of Path
        What was drawn.

    Raises
    ------
    NotWritable
        If the folder does not exist or may not be written to.
    """
    charts = {
        "gain": _gain_chart(model),
        "efficiency": _efficiency_chart(model),
        "dark": _dark_chart(model),
        "telegraph": _telegraph_chart(model),
    }
    paths = []
    for name, figure in charts.items():
        path = folder / f"{model.key}_{name}.png"
        with whole_file(path, overwrite=True) as part, part.open("xb") as file:
            figure.savefig(file, format="png", facecolor=NIGHT)
        paths.append(path)
    return paths


def _figure(title: str, rows: int = 1, height: float = 5.4) -> tuple[Figure, list[Axes]]:
    figure = Figure(
        (10, height), dpi=110, facecolor=NIGHT, layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12)
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, color=INK, fontsize=14, fontweight="bold", x=0.02, ha="left")
    axes = list(figure.subplots(rows, 1, sharex=rows > 1, squeeze=False)[:, 0])
    for one in axes:
        one.set_facecolor(PANEL)
        one.tick_params(colors=FAINT, labelsize=9, which="both")
        one.grid(color=LINE, lw=0.6)
        for spine in one.spines.values():
            spine.set_color(LINE)
    return figure, axes


def _name(axes: Axes, x: str | None, y: str) -> None:
    if x is not None:
        axes.set_xlabel(x, color=FAINT, fontsize=10)
    axes.set_ylabel(y, color=FAINT, fontsize=10)


def _plain_log(axes: Axes) -> None:
    """A logarithmic axis with plain numbers at 1, 2, 3 and 5."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.yaxis.set_minor_formatter(
        FuncFormatter(
            lambda value, _: (
                f"{value:,.10g}" if round(value / 10 ** np.floor(np.log10(value))) in (2, 3, 5) else ""
            )
        )
    )


def _chains(model: CameraModel) -> Iterator[tuple[str, Chain, str]]:
    for mode in model.modes:
        style = "--" if mode.samples == 2 else "-"
        for chain in mode.chains:
            name = f"{mode.number} {mode.name}"
            yield (name if len(mode.chains) == 1 else f"{name}, {chain.name}"), chain, style


def _gain_chart(model: CameraModel) -> Figure:
    figure, axes = _figure(f"{model.name}: gain, read noise, full well", rows=3, height=11)
    for order, (label, chain, style) in enumerate(_chains(model)):
        # Modes that share a curve lie on one another: the earlier ones shine through as wider lines.
        colour, width = LINES[order % len(LINES)], max(4.6 - 0.45 * order, 1.6)
        nodes = chain.curve.gain_setting
        between = np.union1d(np.linspace(nodes[0], nodes[-1], CURVE_POINTS), nodes)
        for one, quantity in zip(axes, ("e_per_dn", "read_noise_median_e", "full_well_e"), strict=True):
            values = getattr(chain.curve, quantity)
            one.plot(between, np.interp(between, nodes, values), style, label=label, color=colour, lw=width)
            one.plot(nodes, values, "o", ms=3, color=colour)
    for one, unit in zip(axes, ("e⁻ per DN", "read noise, e⁻ (median)", "full well, e⁻"), strict=True):
        _plain_log(one)
        _name(one, None, unit)
    axes[-1].set_xlabel("gain setting", color=FAINT, fontsize=10)
    axes[0].legend(frameon=False, labelcolor=INK, fontsize=9, ncols=2)
    return figure


def _efficiency_chart(model: CameraModel) -> Figure:
    figure, (axes,) = _figure(f"{model.name}: quantum efficiency")
    colours = {"R": "#ff7b7b", "G": "#7be08a", "B": "#7aa8ff"}
    for coating, colour in zip(model.sensor.coatings, LINES, strict=False):
        axes.plot(
            coating.wavelength_nm,
            100 * np.array(coating.quantum_efficiency),
            color=colour,
            lw=2,
            label=coating.name,
        )
    first = model.sensor.coatings[0]
    for letter, response in model.sensor.mosaic.items():
        grid = np.linspace(first.wavelength_nm[0], first.wavelength_nm[-1], 400)
        together = np.interp(grid, first.wavelength_nm, first.quantum_efficiency) * np.interp(
            grid, response.wavelength_nm, response.quantum_efficiency, left=0, right=0
        )
        axes.plot(grid, 100 * together, color=colours.get(letter, INK), lw=2, label=f"{letter}, coating included")
    axes.set_ylim(0, 100)
    _name(axes, "wavelength, nm", "electrons per photon, %")
    axes.legend(frameon=False, labelcolor=INK, fontsize=9)
    return figure


def _dark_chart(model: CameraModel) -> Figure:
    figure, (axes,) = _figure(f"{model.name}: dark current")
    dark = model.sensor.dark
    axes.plot(dark.temperature_c, dark.rate_e_per_s, color=LINES[0], lw=2, marker="o", ms=5)
    for temperature_c, rate in zip(dark.temperature_c, dark.rate_e_per_s, strict=True):
        axes.annotate(
            f"{rate:g}",
            (temperature_c, rate),
            (0, 9),
            textcoords="offset points",
            color=INK,
            fontsize=9,
            ha="right",
        )
    axes.margins(0.06, 0.12)
    _plain_log(axes)
    _name(axes, "sensor temperature, °C", "e⁻ per second and pixel")
    return figure


def _telegraph_chart(model: CameraModel) -> Figure:
    telegraph = model.sensor.telegraph
    figure, (axes,) = _figure(f"{model.name}: {telegraph.fraction:.2%} of the pixels jump between three levels")
    for factor, colour, label in (
        (1.0, LINES[0], "as it is"),
        (telegraph.suppressed_factor, SUPPRESSED, "suppressed"),
    ):
        size, share = _jump_sizes(telegraph, factor)
        axes.plot(size, share, color=colour, lw=2, label=label)
        axes.fill_between(size, share, color=colour, alpha=0.15)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    _name(axes, "size of a jump, e⁻", "share of the jumping pixels per e⁻, %")
    axes.legend(frameon=False, labelcolor=INK, fontsize=9)
    return figure


def _jump_sizes(telegraph: Telegraph, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Density of the jump sizes: pixels are drawn linearly between percentiles, so it is a staircase."""
    jump = factor * np.array(telegraph.jump_e)
    density = np.diff(telegraph.percentiles) / np.maximum(np.diff(jump), 1e-9)
    return np.repeat(jump, 2), np.concatenate([[0.0], np.repeat(density, 2), [0.0]])
