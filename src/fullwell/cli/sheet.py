"""The facts of cameras as text: tables for people, on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fullwell.models.facts import CameraModel, Chain, GainCurve, Geometry, Link, Range, ReadMode, Window
from fullwell.readout.timing import frame_rate_fps, row_timing

TITLE = "bold"
FAINT = "dim"
UNBROKEN = 400
UNBREAKABLE = frozenset({"camera", "name"})
RATE_ROWS = (None, 2048, 1080, 480)


def print_all(models: Iterable[CameraModel]) -> None:
    """One line per camera."""
    table = plain_table("camera", "name", "sensor", "pixels", "pitch", "colour", "modes", "full well")
    for model in models:
        area = model.sensor.geometry.effective
        table.add_row(
            f"twin:{model.key}",
            model.name,
            f"{model.sensor.maker} {model.sensor.name} {model.sensor.illumination}",
            f"{area.width} x {area.height}",
            f"{model.sensor.geometry.pixel_size_um:g} um",
            model.sensor.bayer or "mono",
            str(len(model.modes)),
            f"{max(_largest_well_e(mode) for mode in model.modes) / 1000:.0f} ke-",
        )
    console = plain_console()
    console.print(table)
    console.print("fullwell models NAME tells all of one; fullwell capture takes frames.", style=FAINT)


def print_one(model: CameraModel) -> None:
    """All that is known of a camera."""
    console = plain_console()
    console.print(Text(f"{model.name}  (twin:{model.key}, {model.sdk_name})", style=TITLE))
    _section(console, "Sensor", _pairs(_sensor(model)))
    _section(console, "Controls", _controls(model))
    for mode in model.modes:
        console.print()
        console.print(Text(f"Mode {mode.number}: {mode.name}", style=TITLE))
        console.print(mode.description, style=FAINT)
        console.print(_mode_facts(mode))
        for chain in mode.chains:
            console.print(_gain_table(chain, several=len(mode.chains) > 1))
    _section(console, "Frames per second, shortest exposure", _rates(model))
    for title, assumed in (("Sources", False), ("Assumed, because nobody prints it", True)):
        console.print()
        console.print(Text(title, style=TITLE))
        for statement in model.statements:
            if statement.assumed is assumed:
                console.print(f"{statement.field}: {statement.text}", soft_wrap=not console.is_terminal)
                console.print(f"    {statement.source}", style=FAINT, soft_wrap=not console.is_terminal)


def plain_console(stderr: bool = False) -> Console:
    """Standard output or error; wide where it is no terminal, so that scripts see whole lines."""
    console = Console(highlight=False, stderr=stderr)
    return console if console.is_terminal else Console(highlight=False, stderr=stderr, width=UNBROKEN)


def plain_table(*columns: str) -> Table:
    """A table without lines."""
    table = Table(box=None, header_style=FAINT, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column in UNBREAKABLE)
    return table


def _section(console: Console, title: str, content: Table) -> None:
    console.print()
    console.print(Text(title, style=TITLE))
    console.print(content)


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style=FAINT)
    table.add_column()
    for row in rows:
        table.add_row(*row)
    return table


def _sensor(model: CameraModel) -> Iterator[tuple[str, str]]:
    sensor, geometry = model.sensor, model.sensor.geometry
    area, pitch_um = geometry.effective, geometry.pixel_size_um
    yield "chip", f"{sensor.maker} {sensor.name}, {sensor.illumination}, {sensor.shutter} shutter"
    yield "colour", f"mosaic {sensor.bayer}" if sensor.bayer else "monochrome"
    size_mm = " x ".join(f"{length * pitch_um / 1000:.1f}" for length in (area.width, area.height))
    yield "image area", f"{area.width} x {area.height} px of {pitch_um:g} um = {size_mm} mm"
    yield "read out", f"{geometry.total_width} x {geometry.total_height} px; {_edges(geometry)}"
    yield "coatings", ", ".join(f"{c.name} (QE up to {max(c.quantum_efficiency):.0%})" for c in sensor.coatings)
    dark = sensor.dark
    yield (
        "dark current",
        ", ".join(f"{r:g} at {t:g} C" for t, r in zip(dark.temperature_c, dark.rate_e_per_s, strict=True))
        + " (e-/s per pixel)",
    )
    yield "telegraph noise", f"{sensor.telegraph.fraction:.2%} of the pixels jump between three levels"
    yield (
        "uniformity",
        f"response {sensor.prnu_fraction:.1%} rms, linear within {sensor.nonlinearity_fraction:.1%}",
    )
    cooling = model.cooling
    glow = sensor.glow.rate_e_per_s
    yield "amplifier glow", f"{glow:g} e-/s at its source" if glow else "none"
    yield (
        "cooling",
        f"{cooling.below_ambient_long_c:g} C below ambient, {cooling.below_ambient_fast_c:g} C at high rate",
    )
    yield "frame buffer", f"{model.buffer_bytes / 2**20:,.0f} MiB"
    for link in model.links:
        yield f"link {link.name}", _cable(link)
    yield "filter wheel", f"{model.wheel_slots} slots" if model.wheel_slots else "no port"


def _cable(link: Link) -> str:
    """Rate and reach."""
    return (
        f"{link.rate_bytes_per_s / 1e6:.0f} MB/s; {link.reach_m:g} m of cable, up to {link.extended_reach_m:g} m"
        " with extenders or long-distance optics"
    )


def _edges(geometry: Geometry) -> str:
    def listed(windows: tuple[Window, ...]) -> str:
        return " and ".join(f"{w.width} x {w.height}" for w in windows) or "none"

    return f"optical black {listed(geometry.optical_black)}, overscan {listed(geometry.overscan)}"


def _controls(model: CameraModel) -> Table:
    table = plain_table("control", "from", "to", "step", "default")
    for name, allowed, unit in (
        ("exposure", model.exposure_s, " s"),
        ("gain", model.gain, ""),
        ("offset", model.offset, ""),
        ("USB traffic", model.usb_traffic, ""),
        ("speed", model.speed, ""),
        ("target temperature", model.temperature_c, " C"),
    ):
        if allowed.low != allowed.high:
            table.add_row(name, *_range(allowed, unit))
    table.add_row("binning", ", ".join(f"{n} x {n}" for n in model.bins), "", "", "")
    table.add_row("bias level", f"{model.offset_dn_zero:g} + {model.offset_dn_per_step:g} x offset DN of 16 bit")
    return table


def _range(allowed: Range, unit: str) -> tuple[str, str, str, str]:
    low, high, step, default = (
        f"{value:g}{unit}" for value in (allowed.low, allowed.high, allowed.step, allowed.default)
    )
    return low, high, step, default


def _mode_facts(mode: ReadMode) -> str:
    rows = (
        "rows one by one" if mode.timing.rows_per_step == 1 else f"rows in steps of {mode.timing.rows_per_step}"
    )
    twice = ", each pixel sampled twice" if mode.samples == 2 else ""
    depths = ", ".join(map(str, mode.output_bits))
    return (
        f"words of {depths} bit; {rows}, {mode.timing.line_period_ns / 1000:.3f} us per line{twice}; "
        f"links: {', '.join(mode.links)}"
    )


def _gain_table(chain: Chain, several: bool) -> Table:
    table = plain_table("gain", "e-/DN", "read noise e-", "rms e-", "full well e-", "range")
    if several:
        table.title = f"{chain.name} chain, {chain.adc_bits}-bit ADC"
        table.title_justify = "left"
    for column in table.columns:
        column.justify = "right"
    for setting in telling_settings(chain.curve):
        point = chain.curve.at(setting)
        stops = np.log2(point.full_well_e / point.read_noise_median_e)
        table.add_row(
            f"{setting:g}",
            f"{point.e_per_dn:.4g}",
            f"{point.read_noise_median_e:.2f}",
            f"{point.read_noise_rms_e:.2f}",
            f"{point.full_well_e:,.0f}",
            f"{stops:.1f} stops",
        )
    return table


def telling_settings(curve: GainCurve) -> list[float]:
    """Gain settings that tell a curve: both sides of each step, the ends, and few between.

    Parameters
    ----------
    curve : GainCurve

    Returns
    -------
    list of float
        Ascending.
    """
    nodes = curve.gain_setting
    noise = curve.read_noise_median_e
    telling = {float(nodes[0]), float(nodes[-1])}
    for index in range(nodes.size - 1):
        if nodes[index + 1] - nodes[index] <= 1 and abs(noise[index + 1] / noise[index] - 1) > 0.1:
            telling |= {float(nodes[index]), float(nodes[index + 1])}
    telling |= {setting for setting in (30.0, 60.0, 100.0) if nodes[0] < setting < nodes[-1]}
    return sorted(telling)


def _rates(model: CameraModel) -> Table:
    """Rates by link and word depth; modes that are equally fast share a line."""
    geometry = model.sensor.geometry
    heights = [rows for rows in RATE_ROWS if rows is None or rows < geometry.effective.height]
    modes_by_rates: dict[tuple[str, ...], list[int]] = {}
    for mode in model.modes:
        for link in mode.links:
            for bits in sorted(mode.output_bits, reverse=True):
                windows = [Window(0, 0, geometry.total_width, rows or geometry.total_height) for rows in heights]
                rates = [f"{_rate_fps(model, mode, window, link, bits):.2f}" for window in windows]
                modes_by_rates.setdefault((link, str(bits), *rates), []).append(mode.number)
    table = plain_table(
        "link", "bits", *("all rows" if rows is None else f"{rows} rows" for rows in heights), "modes"
    )
    for column in table.columns[1:-1]:
        column.justify = "right"
    for row, modes in modes_by_rates.items():
        table.add_row(*row, ", ".join(map(str, modes)))
    return table


def _rate_fps(model: CameraModel, mode: ReadMode, window: Window, link: str, bits: int) -> float:
    shortest_s = model.exposure_s.low
    return frame_rate_fps(
        row_timing(model, mode.number, window, exposure_s=shortest_s, link=link, bits=bits, overscan=True)
    )


def _largest_well_e(mode: ReadMode) -> float:
    return max(float(chain.curve.full_well_e.max()) for chain in mode.chains)
