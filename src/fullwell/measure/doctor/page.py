"""The report as one page of HTML: words, numbers, and plots drawn into it. Nothing is loaded from elsewhere."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final

from fullwell.measure.doctor.examine import Report
from fullwell.measure.doctor.verdict import Curve, Quantity, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = {State.HEALTHY: "#2e7d32", State.TROUBLE: "#c62828", State.CANNOT_TELL: "#b26a00"}
SIGNS: Final = {State.HEALTHY: "✓", State.TROUBLE: "✗", State.CANNOT_TELL: "?"}

STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem; border-bottom: 1px solid var(--line); }
p { margin: .3rem 0; }
.facts { color: #888; margin-bottom: 1.2rem; }
.state { display: inline-block; min-width: 1.4em; text-align: center; color: #fff; border-radius: .3em;
  padding: 0 .4em; font-weight: 600; }
.verdict { margin: .9rem 0; padding: .6rem .9rem; background: var(--soft); border-radius: .5rem; }
.remedy { border-left: 3px solid; padding-left: .6rem; }
table { border-collapse: collapse; margin: .4rem 0; font-size: .9rem; width: 100%; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
.plots { display: flex; flex-wrap: wrap; gap: .6rem; background: #fff; border-radius: .4rem; margin-top: .5rem; }
.plots svg { width: 27rem; max-width: 100%; height: auto; }
"""


def page(report: Report) -> str:
    """The whole report.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        HTML with styles and plots inside.
    """
    who = report.identity
    parts = [
        f"<h1>{_badge(report.state)} {escape(who.id)}</h1>",
        f'<p class="facts">{escape(_about(report))}</p>',
        _overview(report),
    ]
    title = ""
    for kind, verdict in report.verdicts:
        if kind.title != title:
            title = kind.title
            parts.append(f'<h2 id="{escape(kind.name)}">{escape(title)}</h2>')
        parts.append(_verdict(verdict))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(who.id)}: {report.state.value}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _about(report: Report) -> str:
    who, used = report.identity, report.settings
    when = datetime.fromtimestamp(report.begin_ns * 1e-9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"{who.model_key}, firmware {who.firmware or 'unknown'}, {who.fpga or 'logic unknown'}. {when}. As "
        f"found: mode {used.mode}, gain {used.gain}, offset {used.offset}, USB traffic {used.usb_traffic}, "
        f"exposure {used.exposure_s:g} s, link {used.link}."
    )


def _overview(report: Report) -> str:
    rows = []
    for kind, verdict in report.verdicts:
        where = f'<a href="#{escape(kind.name)}">{escape(verdict.subject)}</a>'
        rows.append(f"<tr><td>{_badge(verdict.state)}</td><td>{where}</td><td>{escape(verdict.words)}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def _verdict(verdict: Verdict) -> str:
    colour = COLOURS[verdict.state]
    named = "" if verdict.trouble is None else f" <b>{escape(verdict.trouble.value)}</b>:"
    parts = [f"<p>{_badge(verdict.state)} <b>{escape(verdict.subject)}</b>:{named} {escape(verdict.words)}</p>"]
    if verdict.remedy:
        parts.append(f'<p class="remedy" style="border-color:{colour}">{escape(verdict.remedy)}</p>')
    if verdict.quantities:
        rows = "".join(map(_row, verdict.quantities))
        parts.append(f"<table><tr><th>measured</th><th></th><th>expected</th></tr>{rows}</table>")
    if verdict.curves:
        parts.append(f'<div class="plots">{"".join(map(_drawn, verdict.curves))}</div>')
    return f'<div class="verdict">{"".join(parts)}</div>'


def _row(quantity: Quantity) -> str:
    cells = (quantity.name, quantity.words, quantity.expected_words)
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _badge(state: State) -> str:
    return f'<span class="state" style="background:{COLOURS[state]}" title="{state.value}">{SIGNS[state]}</span>'


def _drawn(curve: Curve) -> str:
    """The plot as an SVG element."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second, and only pages need it

    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": curve.title, "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure(curve).savefig(file, format="svg", metadata={"Date": None})
    drawn = file.getvalue()
    return drawn[drawn.index("<svg") :]


def figure(curve: Curve) -> Figure:
    """One plot."""
    return sheet([curve])


def sheet(curves: Sequence[Curve]) -> Figure:
    """Plots side by side, two in a row.

    Parameters
    ----------
    curves : sequence of Curve
        At least one.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    columns = min(2, len(curves))
    rows = -(-len(curves) // columns)
    drawing = Figure(figsize=(5.4 * columns, 3.2 * rows), layout="constrained")
    for place, curve in enumerate(curves, 1):
        _draw(drawing.add_subplot(rows, columns, place), curve)
    return drawing


def _draw(axes: Axes, curve: Curve) -> None:
    if curve.points:
        axes.plot(curve.x, curve.y, ".", color="#1565c0", markersize=5)
    else:
        axes.plot(curve.x, curve.y, color="#1565c0", linewidth=1.2)
    if curve.limit is not None:
        axes.axhline(curve.limit, color="#c62828", linewidth=1, linestyle="--")
    for mark in curve.marks:
        axes.axvline(mark, color="#2e7d32", linewidth=1, linestyle="--")
    if curve.logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_title(curve.title, fontsize=10)
    axes.set_xlabel(curve.x_label)
    axes.set_ylabel(curve.y_label)
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
