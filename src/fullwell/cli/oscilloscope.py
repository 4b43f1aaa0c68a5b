"""Waveforms drawn as an oscilloscope shows them: the whole stretch above, one vsync magnified below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fullwell.cli.picture import AMBER, FAINT, INK, MONO, NIGHT, PANEL
from fullwell.cli.quantities import spoken_ns
from fullwell.models.connector import Signal
from fullwell.readout.waveforms import Trace, Waveform

GRID: Final = "#2b3646"
CHANNELS: Final = ("#f5d76e", "#6fd6d0", "#d98cff", "#7be08a", "#8fc1ff")
DIVISIONS: Final = 10
WIDTH_IN: Final = 14.0
CHANNEL_IN: Final = 0.62
FRAME_IN: Final = 0.85
DPI: Final = 110
COLUMNS: Final = 2400
"""Where edges are closer than the picture resolves, a band is drawn, as a screen glows."""

NICE: Final = (1, 2, 5)
FRAME_SIGNALS: Final = (Signal.SHUTTER_MEASURE, Signal.TRIG_OUT, Signal.VSYNC, Signal.VSYNC_IN, Signal.LED)
LINE_SIGNALS: Final = (Signal.LINE_PERIOD, Signal.HSYNC, Signal.HSYNC_IN, Signal.GPS_CLOCK)
"""Where the cursors are put, above and below: on the first of these that there is."""


def draw_oscilloscope(trace: Trace, title: str, file: BinaryIO, zoom_lines_ns: int) -> None:
    """Draw a trace as PNG.

    Parameters
    ----------
    trace : Trace
    title : str
        Camera, mode and settings, in one line.
    file : BinaryIO
        Open for writing.
    zoom_lines_ns : int
        Width of the lower screen round the first falling edge, ns.
    """
    channels = len(trace.waveforms)
    screen_in = FRAME_IN + CHANNEL_IN * channels
    figure = Figure((WIDTH_IN, 2 * screen_in + 0.5), dpi=DPI, facecolor=NIGHT)
    FigureCanvasAgg(figure)
    height_in = figure.get_figheight()
    figure.text(0.02, 1 - 0.32 / height_in, title, color=INK, fontsize=13, fontweight="bold")
    marked = _marked(trace, FRAME_SIGNALS)
    whole, near = (
        figure.add_axes((0.13, bottom / height_in, 0.845, CHANNEL_IN * channels / height_in))
        for bottom in (screen_in + 0.55, 0.55)
    )
    _screen(whole, trace, trace.begin_ns, trace.end_ns, marked)
    focus_ns = int(marked.falling_ns[0]) if marked is not None else trace.begin_ns
    begin_ns = max(trace.begin_ns, focus_ns - zoom_lines_ns * 7 // 16)
    end_ns = min(trace.end_ns, begin_ns + zoom_lines_ns)
    _screen(near, trace, begin_ns, end_ns, _marked(trace.between(begin_ns, end_ns), LINE_SIGNALS))
    whole.axvspan(begin_ns - trace.begin_ns, end_ns - trace.begin_ns, color=INK, alpha=0.25, lw=0)
    figure.savefig(file, format="png", facecolor=NIGHT)


def _marked(trace: Trace, signals: Sequence[Signal]) -> Waveform | None:
    """The waveform that carries the cursors."""
    for signal in signals:
        for wave in trace.waveforms:
            if wave.signal is signal and len(wave.falling_ns):
                return wave
    return None


def _screen(axes: Axes, trace: Trace, begin_ns: int, end_ns: int, marked: Waveform | None) -> None:
    """One screen: grid of ten divisions, a trace per channel, its label at the left."""
    length_ns = end_ns - begin_ns
    division_ns = _division_ns(length_ns)
    axes.set_facecolor(PANEL)
    axes.set_xlim(begin_ns - trace.begin_ns, end_ns - trace.begin_ns)
    axes.set_ylim(-0.35, len(trace.waveforms) - 0.1)
    axes.set_yticks([])
    first = -(-(begin_ns - trace.begin_ns) // division_ns) * division_ns
    axes.set_xticks(np.arange(first, end_ns - trace.begin_ns + 1, division_ns))
    axes.set_xticklabels([])
    axes.tick_params(length=0)
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
    for row, wave in enumerate(trace.waveforms):
        base, colour = len(trace.waveforms) - 1 - row, CHANNELS[row % len(CHANNELS)]
        _channel(axes, wave.between(begin_ns, end_ns), base, colour, trace.begin_ns, begin_ns, end_ns)
        axes.text(
            -0.008,
            base + 0.42,
            wave.pin,
            color=colour,
            fontsize=11,
            fontweight="bold",
            transform=axes.get_yaxis_transform(),
            ha="right",
        )
        axes.text(
            -0.008,
            base + 0.08,
            wave.signal,
            color=colour,
            fontsize=8.5,
            transform=axes.get_yaxis_transform(),
            ha="right",
        )
    start_ns = begin_ns - trace.begin_ns
    axes.text(
        0.0,
        -0.06,
        f"{spoken_ns(division_ns)}/div    from {spoken_ns(start_ns)} to {spoken_ns(start_ns + length_ns)}",
        color=INK,
        fontsize=10,
        family=MONO,
        transform=axes.transAxes,
        va="top",
    )
    if marked is not None:
        _cursors(axes, trace, marked)


def _channel(
    axes: Axes, wave: Waveform, base: int, colour: str, zero_ns: int, begin_ns: int, end_ns: int
) -> None:
    """Steps where edges can be told apart, a band where they cannot."""
    low, high = base + 0.05, base + 0.72
    column_ns = max(1, (end_ns - begin_ns) // COLUMNS)
    times, levels = _steps(wave, begin_ns, end_ns)
    if len(wave.edges_ns) > COLUMNS:
        axes.fill_between([begin_ns - zero_ns, end_ns - zero_ns], low, high, color=colour, alpha=0.55, lw=0)
        return
    axes.step(times - zero_ns, np.where(levels, high, low), where="post", color=colour, lw=1.3)
    short = np.flatnonzero(np.diff(wave.edges_ns) < column_ns)
    axes.vlines(wave.edges_ns[short] - zero_ns, low, high, color=colour, lw=1.3)


def _steps(wave: Waveform, begin_ns: int, end_ns: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    times = np.concatenate([[begin_ns], wave.edges_ns, [end_ns]]).astype(np.int64)
    levels = (np.arange(len(times)) + wave.starts_high) % 2 == 1
    levels[-1] = levels[-2]
    return times, levels


def _cursors(axes: Axes, trace: Trace, marked: Waveform) -> None:
    """Two cursors at the first falling edges, and what is between them."""
    falls_ns = marked.falling_ns[:2] - trace.begin_ns
    for fall in falls_ns:
        axes.axvline(fall, color=AMBER, lw=0.9, ls="--")
    text = f"cursors: {marked.pin} falls at {spoken_ns(int(falls_ns[0]))}"
    if len(falls_ns) == 2:
        period_ns = int(falls_ns[1] - falls_ns[0])
        text += f" and {spoken_ns(int(falls_ns[1]))}    Δ {spoken_ns(period_ns)} = {1e9 / period_ns:.7g} Hz"
    axes.text(
        1.0, -0.06, text, color=AMBER, fontsize=10, family=MONO, transform=axes.transAxes, va="top", ha="right"
    )


def _division_ns(length_ns: int) -> int:
    """The shortest time per division, 1, 2 or 5 of a power of ten, with which ten divisions hold it all."""
    exponent = 0
    while True:
        for nice in NICE:
            division_ns: int = nice * 10**exponent
            if division_ns * DIVISIONS >= length_ns:
                return division_ns
        exponent += 1
