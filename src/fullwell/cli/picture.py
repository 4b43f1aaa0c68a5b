"""A frame drawn for people: picture, histogram, statistics, and what the header says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from fullwell.cli.loading import Plane, Shot
from fullwell.cli.statistics import Statistics
from fullwell.cli.stretch import picture_of

NIGHT: Final = "#0b0e14"
PANEL: Final = "#11161f"
INK: Final = "#d7dde8"
FAINT: Final = "#7d8899"
LINE: Final = "#2a3342"
AMBER: Final = "#f2a65a"
ALARM: Final = "#ff6b6b"
COLOURS: Final = {"": "#8fc1ff", "R": "#ff7b7b", "G": "#7be08a", "B": "#7aa8ff"} | {
    "high gain": "#8fc1ff",
    "low gain": "#f2a65a",
}
MONO: Final = "DejaVu Sans Mono"

WIDTH_PX: Final = 1600
TEXT_PX: Final = 400
MARGIN_PX: Final = 30
HISTOGRAM_PX: Final = 190
DPI: Final = 100


def draw(shot: Shot, found: tuple[Statistics, ...], file: BinaryIO) -> None:
    """Draw a frame as PNG.

    Parameters
    ----------
    shot : Shot
    found : tuple of Statistics
        One per plane.
    file : BinaryIO
        Open for writing.
    """
    rows, columns = shot.shape
    picture_px = WIDTH_PX - TEXT_PX - 3 * MARGIN_PX
    height_px = min(max(picture_px * rows / columns, 500.0), 1200.0)
    total_px = height_px + HISTOGRAM_PX + 4.2 * MARGIN_PX
    figure = Figure((WIDTH_PX / DPI, total_px / DPI), dpi=DPI, facecolor=NIGHT)
    FigureCanvasAgg(figure)

    def place(left: float, top: float, width: float, height: float) -> Axes:
        box = (left / WIDTH_PX, 1 - (top + height) / total_px, width / WIDTH_PX, height / total_px)
        return figure.add_axes(box)

    _draw_picture(place(MARGIN_PX, MARGIN_PX, picture_px, height_px), shot, picture_px)
    _draw_histogram(
        place(MARGIN_PX + 45, height_px + 2 * MARGIN_PX, picture_px - 45, HISTOGRAM_PX), shot.planes, found
    )
    text = place(WIDTH_PX - TEXT_PX - MARGIN_PX, MARGIN_PX, TEXT_PX, total_px - 2 * MARGIN_PX)
    _write_column(text, shot, found, total_px - 2 * MARGIN_PX)
    figure.savefig(file, format="png", facecolor=NIGHT)


def _draw_picture(axes: Axes, shot: Shot, width_px: int) -> None:
    rows, columns = shot.shape
    top_down = shot.top_down
    extent = (0.5, columns + 0.5, rows + 0.5, 0.5) if top_down else (0.5, columns + 0.5, 0.5, rows + 0.5)
    axes.imshow(
        picture_of(shot, width_px),
        cmap="gray",
        vmin=0,
        vmax=1,
        extent=extent,
        origin="upper" if top_down else "lower",
        interpolation="antialiased",
        interpolation_stage="data",
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(LINE)
    if len(shot.planes) == 2 and not shot.colour:
        axes.axvline(columns / 2 + 0.5, color=LINE, lw=1)
        for side, plane in enumerate(shot.planes):
            _label(axes, 0.01 + side / 2, 0.975, plane.name, "left", "top")
    scale = _arcsec_per_px(shot.header)
    if scale is not None:
        _draw_scale_bar(axes, scale, columns)
        _draw_compass(axes, shot.header, top_down)


def _label(axes: Axes, x: float, y: float, text: str, across: str, along: str) -> None:
    axes.text(
        x,
        y,
        text,
        color=INK,
        fontsize=9,
        ha=across,
        va=along,
        transform=axes.transAxes,
        bbox={"facecolor": NIGHT, "edgecolor": "none", "alpha": 0.65, "pad": 3},
    )


def _arcsec_per_px(header: Mapping[str, Any]) -> float | None:
    try:
        area = header["CD1_1"] * header["CD2_2"] - header["CD1_2"] * header["CD2_1"]
    except (KeyError, TypeError):
        return None
    return math.sqrt(abs(area)) * 3600 if area else None


def _draw_scale_bar(axes: Axes, arcsec_per_px: float, columns: int) -> None:
    """A bar of a round angle, about a seventh of the picture long."""
    steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000]
    arcsec = min(steps, key=lambda step: abs(math.log(step / (columns * arcsec_per_px / 7))))
    length = arcsec / arcsec_per_px / columns
    text = f"{arcsec // 3600}°" if arcsec >= 3600 else f"{arcsec // 60}′" if arcsec >= 60 else f"{arcsec}″"
    axes.plot(
        [0.02, 0.02 + length], [0.03, 0.03], color=INK, lw=2, transform=axes.transAxes, solid_capstyle="butt"
    )
    _label(axes, 0.02 + length / 2, 0.04, text, "center", "bottom")


def _draw_compass(axes: Axes, header: Mapping[str, Any], top_down: bool) -> None:
    """Where north and east are in the picture as shown."""
    matrix = np.array([[header["CD1_1"], header["CD1_2"]], [header["CD2_1"], header["CD2_2"]]], dtype=float)
    to_pixels = np.linalg.inv(matrix)
    box = axes.get_window_extent()
    for name, direction in (("N", (0.0, 1.0)), ("E", (1.0, 0.0))):
        across, along = to_pixels @ np.array(direction)
        along = -along if top_down else along
        length = math.hypot(across, along)
        dx, dy = 34 * across / length / box.width, 34 * along / length / box.height
        foot = (1 - 62 / box.width, 62 / box.height)
        axes.annotate(
            "",
            (foot[0] + dx, foot[1] + dy),
            foot,
            xycoords="axes fraction",
            arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0},
        )
        axes.text(
            foot[0] + 1.4 * dx,
            foot[1] + 1.4 * dy,
            name,
            color=INK,
            fontsize=9,
            ha="center",
            va="center",
            transform=axes.transAxes,
        )


def _draw_histogram(axes: Axes, planes: tuple[Plane, ...], found: tuple[Statistics, ...]) -> None:
    axes.set_facecolor(PANEL)
    for plane, stats in zip(planes, found, strict=True):
        colour = COLOURS.get(plane.name, INK)
        # Bins without pixels break the line: a log axis has no place for them.
        heights = np.where(stats.per_dn > 0, stats.per_dn, np.nan)
        axes.stairs(np.nan_to_num(heights), stats.edges, color=colour, fill=True, alpha=0.25)
        axes.stairs(np.nan_to_num(heights), stats.edges, color=colour, lw=1, label=plane.name or None)
    logarithmic = all(stats.minimum >= 0 and stats.maximum > 20 for stats in found)
    axes.set_yscale("log")
    least = min(float(stats.per_dn[stats.per_dn > 0].min()) for stats in found)
    axes.set_ylim(least * 0.5, max(float(stats.per_dn.max()) for stats in found) * 4)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(max(0.93 * min(stats.minimum for stats in found), 0.6), _right_end(planes, found) * 1.25)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(_some_minor_labels))
    elif any(stats.linear_to > 0 for stats in found):
        axes.set_xscale("symlog", linthresh=max(stats.linear_to for stats in found))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    for saturation in sorted({p.saturation_dn for p in planes if p.saturation_dn is not None}):
        axes.axvline(saturation, color=ALARM, lw=1, ls=(0, (4, 2)))
        axes.text(
            saturation,
            1.02,
            "saturation",
            color=ALARM,
            fontsize=8,
            ha="center",
            transform=axes.get_xaxis_transform(),
        )
    if any(stats.low_fraction > 0 for stats in found):
        share = max(stats.low_fraction for stats in found)
        axes.text(
            0.006, 1.02, f"clipped at zero: {_percent(share)}", color=ALARM, fontsize=8, transform=axes.transAxes
        )
    for stats, plane in zip(found, planes, strict=True):
        axes.axvline(stats.median, color=COLOURS.get(plane.name, INK), lw=0.8, ls=":")
    unit = planes[0].unit
    axes.set_xlabel("electrons" if unit == "e-" else "counts (DN)", color=FAINT, fontsize=9)
    axes.set_ylabel(f"pixels per {unit.replace('-', '⁻')}", color=FAINT, fontsize=9)
    axes.tick_params(colors=FAINT, labelsize=8, which="both")
    axes.grid(color=LINE, lw=0.5, which="major")
    for spine in axes.spines.values():
        spine.set_color(LINE)
    if len(planes) > 1:
        axes.legend(frameon=False, labelcolor=INK, fontsize=8, loc="upper center", ncols=3)


def _right_end(planes: tuple[Plane, ...], found: tuple[Statistics, ...]) -> float:
    return max(max(s.maximum, p.saturation_dn or 0.0) for p, s in zip(planes, found, strict=True))


def _some_minor_labels(value: float, _: int | None) -> str:
    """Label 2 and 5 between the powers of ten."""
    leading = value / 10 ** math.floor(math.log10(value))
    return f"{value:,.0f}" if round(leading) in (2, 5) else ""


def _percent(share: float) -> str:
    return "none" if share == 0 else f"{100 * share:.3g} %"


def _write_column(axes: Axes, shot: Shot, found: tuple[Statistics, ...], height_px: float) -> None:
    axes.set_axis_off()
    line = 21.0
    y = 0.0

    def write(text: str, down_px: float, x: float = 0.0, **style: Any) -> None:
        look: dict[str, Any] = {"color": INK, "fontsize": 10, "va": "top", **style}
        axes.text(x, 1 - down_px / height_px, text, transform=axes.transAxes, **look)

    kind = str(shot.header.get("IMAGETYP") or "").strip().lower()
    title = str(shot.header.get("OBJECT") or "").strip() or f"{kind.capitalize()} frame".strip().capitalize()
    write(title, y, fontsize=20, fontweight="bold")
    y += 34
    write(shot.path.name, y, color=FAINT, fontsize=9)
    y += 34
    for name, value in essentials(shot):
        write(name, y, color=FAINT)
        write(value, y, 0.27)
        y += line
    for plane, stats in zip(shot.planes, found, strict=True):
        y += 16
        heading = " ".join(filter(None, ("statistics", plane.name)))
        write(heading, y, color=COLOURS.get(plane.name, INK) if plane.name else AMBER, fontweight="bold")
        write(plane.unit.replace("-", "⁻"), y, 0.60, color=FAINT, ha="right")
        if plane.e_per_dn is not None:
            write("electrons" if plane.bias_dn is not None else "e⁻ with bias", y, 1.0, color=FAINT, ha="right")
        y += line
        for name, dn, electrons in figures(plane, stats):
            write(name, y, color=FAINT)
            write(dn, y, 0.60, ha="right", family=MONO, fontsize=9.5)
            write(electrons, y, 1.0, ha="right", family=MONO, fontsize=9.5)
            y += line - 2


def figures(plane: Plane, stats: Statistics) -> list[tuple[str, str, str]]:
    """The statistics as rows: name, DN, electrons ("" where the header does not know them)."""

    def electrons(dn: float) -> str:
        if plane.e_per_dn is None:
            return ""
        return _tidy((dn - (plane.bias_dn or 0.0)) * plane.e_per_dn)

    rows = [
        (name, _tidy(value), electrons(value))
        for name, value in (
            ("mean", stats.mean),
            ("median", stats.median),
            ("minimum", stats.minimum),
            ("maximum", stats.maximum),
        )
    ]
    spread = "" if plane.e_per_dn is None else _tidy(stats.sigma * plane.e_per_dn)
    rows.insert(2, ("robust σ", _tidy(stats.sigma), spread))
    rows.append(("at zero", _percent(stats.low_fraction), ""))
    rows.append(("saturated", _percent(stats.high_fraction), ""))
    return rows


def _tidy(value: float) -> str:
    size = abs(value)
    if size and (size >= 1e7 or size < 1e-3):
        return f"{value:.4g}"
    return f"{value:,.0f}" if size >= 1e5 else f"{value:,.1f}" if size >= 1000 else f"{value:,.2f}"


def essentials(shot: Shot) -> list[tuple[str, str]]:
    """What the header says, in a few lines; what it does not say is left out."""
    header = shot.header

    def first(*keywords: str) -> Any:
        return next((header[k] for k in keywords if header.get(k) not in (None, "")), None)

    rows, columns = shot.shape
    exposure = first("EXPTIME", "EXPOSURE")
    temperature = first("CCD-TEMP")
    gain, offset = first("GAIN"), first("OFFSET")
    knobs = ", ".join(f"{n} {v}" for n, v in (("gain", gain), ("offset", offset)) if v is not None)
    focal, aperture = first("FOCALLEN"), first("APTDIA")
    binning = first("XBINNING")
    lines = {
        "camera": first("INSTRUME"),
        "mode": first("READOUTM"),
        "settings": knobs,
        "exposure": None if exposure is None else f"{float(exposure):g} s",
        "filter": first("FILTER"),
        "start": None if first("DATE-OBS") is None else str(first("DATE-OBS")).replace("T", "  ") + " UTC",
        "sensor": None if temperature is None else f"{float(temperature):.1f} °C",
        "size": f"{columns} × {rows} px" + (f", {binning}×{binning} summed" if binning not in (None, 1) else ""),
        "telescope": None
        if focal is None
        else f"{focal:g} mm" + (f", aperture {aperture:g} mm" if aperture else ""),
        "centre": _position(first("RA"), first("DEC")),
        "scale": None if _arcsec_per_px(header) is None else f"{_arcsec_per_px(header):.3f}″ per px",
    }
    return [(name, str(value)) for name, value in lines.items() if value not in (None, "")]


def _position(ra_deg: object, dec_deg: object) -> str | None:
    """Right ascension and declination as astronomers write them."""
    if not isinstance(ra_deg, (int, float)) or not isinstance(dec_deg, (int, float)):
        return None
    seconds = round(ra_deg / 15 * 36000) % 864000
    arcsec = round(abs(dec_deg) * 3600)
    hours, rest = divmod(seconds, 36000)
    degrees, left = divmod(arcsec, 3600)
    sign = "−" if dec_deg < 0 else "+"
    return (
        f"{hours:02d}h {rest // 600:02d}m {rest % 600 / 10:04.1f}s  "
        f"{sign}{degrees:02d}° {left // 60:02d}′ {left % 60:02d}″"
    )
