"""The light curve of an occultation, drawn with its fit."""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fullwell.cli.picture import AMBER, FAINT, INK, NIGHT, PANEL
from fullwell.measure import Occulted, StarLight, expected_light
from fullwell.record.instants import iso
from fullwell.scene.light_curve import LightCurve

CURVE: Final = "#8fc1ff"
SIZE_IN: Final = (12.0, 6.0)
CLOSE_FRAMES: Final = 6


def draw_occultation(light: StarLight, found: Occulted, edge: LightCurve, title: str, file: BinaryIO) -> None:
    """Draw a light curve as PNG: the whole above, both edges magnified below.

    Parameters
    ----------
    light : StarLight
    found : Occulted
        Its fit.
    edge : LightCurve
        That it was fitted with.
    title : str
        One line.
    file : BinaryIO
        Open for writing.
    """
    figure = Figure(SIZE_IN, dpi=110, facecolor=NIGHT)
    FigureCanvasAgg(figure)
    figure.text(0.06, 0.945, title, color=INK, fontsize=12, fontweight="bold")
    whole = figure.add_axes((0.08, 0.52, 0.89, 0.38))
    closer = [figure.add_axes((left, 0.1, 0.42, 0.3)) for left in (0.08, 0.55)]
    middle_s, half_s = _exposures(light, found)
    period_s = float(np.median(np.diff(middle_s)))
    expected = expected_light(light, found, edge)
    noise = np.sqrt(light.background_e2 + np.maximum(expected, 0))
    for axes in (whole, *closer):
        axes.set_facecolor(PANEL)
        axes.tick_params(colors=FAINT, labelsize=8)
        axes.errorbar(middle_s, light.flux_e, noise, half_s, fmt="none", ecolor=CURVE, elinewidth=0.9)
        axes.plot(middle_s, expected, ".", color=AMBER, markersize=4)
        for spine in axes.spines.values():
            spine.set_color(FAINT)
    for axes, letter, instant in zip(closer, "DR", (found.disappearance_s, found.reappearance_s), strict=True):
        axes.set_xlim(instant.value - CLOSE_FRAMES * period_s, instant.value + CLOSE_FRAMES * period_s)
        error_s, told = instant.standard_error, iso(found.epoch_ns + round(instant.value * 1e9))
        axes.axvspan(instant.value - error_s, instant.value + error_s, color=AMBER, alpha=0.35)
        axes.set_title(f"{letter}  {told}  ± {error_s:.6f} s", color=INK, fontsize=9)
        whole.axvline(instant.value, color=AMBER, linewidth=0.8)
    whole.set_ylabel("electrons per frame", color=INK, fontsize=9)
    whole.set_xlabel(f"s after {iso(found.epoch_ns)}", color=INK, fontsize=9)
    figure.savefig(file, format="png", facecolor=NIGHT)


def _exposures(light: StarLight, found: Occulted) -> tuple[np.ndarray, np.ndarray]:
    """Middle and half length of each exposure, s."""
    start_s, stop_s = ((edge - found.epoch_ns) * 1e-9 for edge in (light.start_ns, light.stop_ns))
    return (start_s + stop_s) / 2, (stop_s - start_s) / 2
