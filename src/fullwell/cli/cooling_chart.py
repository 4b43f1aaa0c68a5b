"""The course of a cooling as a picture: temperature above, power of the cooler below."""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from fullwell.cli.cool import Moment
from fullwell.cli.picture import AMBER, FAINT, INK, LINE, NIGHT, PANEL

SENSOR: Final = "#8fc1ff"
POWER: Final = "#7be08a"


def draw_course(course: list[Moment], title: str, file: BinaryIO) -> None:
    """Draw a course as PNG.

    Parameters
    ----------
    course : list of Moment
        In the order of time; at least one.
    title : str
    file : BinaryIO
        Open for writing.
    """
    minutes = np.array([each.elapsed_s for each in course]) / 60.0
    sensor_c = np.array([each.sensor_c for each in course])
    power_percent = np.array([each.power_percent for each in course])
    target_c = np.array([np.nan if each.target_c is None else each.target_c for each in course])
    figure = Figure((11, 7), dpi=110, facecolor=NIGHT, layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12))
    FigureCanvasAgg(figure)
    figure.suptitle(f"{title}, {_steepest(minutes, sensor_c)}", color=INK, fontsize=13, x=0.02, ha="left")
    temperature, power = figure.subplots(2, 1, height_ratios=(3, 2), sharex=True)
    temperature.plot(minutes, target_c, color=AMBER, lw=1.4, label="target")
    temperature.plot(minutes, sensor_c, color=SENSOR, lw=2, label="sensor")
    temperature.legend(frameon=False, labelcolor=INK, fontsize=9)
    power.plot(minutes, power_percent, color=POWER, lw=2)
    power.set_ylim(-3, 103)
    _dress(temperature, "", "temperature, °C")
    _dress(power, "minutes", "cooler power, %")
    figure.savefig(file, format="png", facecolor=NIGHT)


def _steepest(minutes: NDArray[np.float64], sensor_c: NDArray[np.float64]) -> str:
    """The fastest change, over ten seconds or more."""
    apart = max(1, int(np.searchsorted(minutes, minutes[0] + 10.0 / 60.0)))
    if len(minutes) <= apart:
        return "nothing to do"
    slopes = (sensor_c[apart:] - sensor_c[:-apart]) / (minutes[apart:] - minutes[:-apart])
    return f"by at most {np.abs(slopes).max():.1f} °C per minute"


def _dress(axes: Axes, x: str, y: str) -> None:
    axes.set_facecolor(PANEL)
    axes.set_xlabel(x, color=FAINT, fontsize=10)
    axes.set_ylabel(y, color=FAINT, fontsize=10)
    axes.tick_params(colors=FAINT, labelsize=9)
    axes.grid(color=LINE, lw=0.6)
    for spine in axes.spines.values():
        spine.set_color(LINE)
