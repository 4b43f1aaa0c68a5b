"""``fullwell pins``: what the pins of a camera carry, as a table, a file for logic analysers, and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fullwell.cli.quantities import spoken_ns, window_px
from fullwell.cli.talk import opening

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fullwell.camera.engine import Camera
    from fullwell.camera.pins import Pins
    from fullwell.readout.waveforms import Trace

SUMMARY: Final = "Tell what the GPIO pins carry; waveforms as numbers, VCD, picture."
EPILOG: Final = """\b
Examples:
  fullwell pins twin:qhy600-pro                         the modes of the socket
  fullwell pins twin:qhy42-pro --gpio five-pin --exposure 0.02
  fullwell pins twin:qhy42-pro --gpio 2 --exposure 0.001 --plot scope.png --vcd pins.vcd
  fullwell pins twin:qhy600-pro --gpio led-calibration --led 3000,2000 --json

\b
The waveforms are those of a live run with these settings; GTKWave and PulseView read the VCD file.
"""
ZOOM_LINES: Final = 8


def run(
    camera: Annotated[
        str, typer.Argument(metavar="CAMERA", help="As `fullwell models` lists them: twin:qhy600-pro")
    ],
    gpio: Annotated[
        str | None, typer.Option(metavar="MODE", help="GPIO mode, by name or number. [tell the modes]")
    ] = None,
    exposure: Annotated[float | None, typer.Option(metavar="S", help="Exposure of each row.")] = None,
    mode: Annotated[str | None, typer.Option(metavar="MODE", help="Read mode, by name or number.")] = None,
    roi: Annotated[
        str | None, typer.Option(metavar="L,T,W,H", help="Window: left, top, width, height in unbinned pixels.")
    ] = None,
    bits: Annotated[int | None, typer.Option(metavar="B", help="Word depth.")] = None,
    usb_traffic: Annotated[int | None, typer.Option(metavar="N", help="Higher: slower rows.")] = None,
    speed: Annotated[int | None, typer.Option(metavar="N", help="Pixel clock, where the camera has it.")] = None,
    frames: Annotated[int, typer.Option(metavar="N", min=1, help="How many frames of a live run.")] = 3,
    sma: Annotated[
        str | None, typer.Option(metavar="SIGNAL", help='SMA output: "shutter measure" or "trig out".')
    ] = None,
    led: Annotated[
        str | None, typer.Option(metavar="DELAY,WIDTH", help="LED pulse after the vsync, in whole ns.")
    ] = None,
    vcd: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a value change dump.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw an oscilloscope.")] = None,
    json: Annotated[bool, typer.Option("--json", help="All edges in ns, as JSON on standard output.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of these names.")] = False,
) -> None:
    """Tell what the pins of the GPIO socket and the SMA output carry, edge by edge in nanoseconds."""
    window = None if roi is None else window_px(roi)
    pulse = None if led is None else _pair(led)

    import fullwell
    from fullwell.errors import NotSupported
    from fullwell.models import Window
    from fullwell.scene import Dark

    settings: dict[str, Any] = {
        "exposure_s": exposure,
        "mode": mode,
        "window": None if window is None else Window(*window),
        "bits": bits,
        "usb_traffic": usb_traffic,
        "speed": speed,
    }
    with opening():
        found = fullwell.open(camera, scene=Dark(), clock="instant")
    with found as opened:
        if opened.pins is None:
            raise NotSupported(f"the {opened.model.name} has no GPIO socket.")
        opened.configure(**{name: value for name, value in settings.items() if value is not None})
        if gpio is None:
            _print_modes(opened.pins)
            return
        opened.pins.configure(mode=gpio, trig_out=True, sma_output=sma)
        if pulse is not None:
            opened.pins.flash_led(*pulse)
        trace = opened.pins.waveforms(frames)
        title = _title(opened)
        zoom_ns = ZOOM_LINES * opened.timing().line_period_ns
    paths = _keep(trace, title, zoom_ns, vcd, plot, overwrite)
    if json:
        _print_json(trace, title)
    else:
        _print_table(trace, title, aside=bool(paths))
    for path in paths:
        typer.echo(path, err=json)


def _pair(text: str) -> tuple[int, int]:
    try:
        delay, width = (int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not two whole numbers: delay,width in ns, as in 3000,2000.", param_hint="--led"
        ) from None
    return delay, width


def _title(camera: Camera) -> str:
    used, timing = camera.settings, camera.timing()
    mode = camera.model.mode(used.mode).name
    gpio = camera.pins.settings.mode if camera.pins is not None else None
    pins = "" if gpio is None else f"GPIO mode {gpio.number} {gpio.name}, "
    return (
        f"{camera.model.name}, {pins}{mode}, exposure {timing.exposure_ns * 1e-6:.6g} ms, "
        f"line period {timing.line_period_ns} ns"
    )


def _keep(
    trace: Trace, title: str, zoom_ns: int, vcd: Path | None, plot: Path | None, overwrite: bool
) -> list[Path]:
    """Write the files that are wanted."""
    from fullwell.record import whole_file, write_vcd

    if vcd is not None:
        write_vcd(trace, vcd, title=title, overwrite=overwrite)
    if plot is not None:
        from fullwell.cli.oscilloscope import draw_oscilloscope

        with whole_file(plot, overwrite) as part, part.open("xb") as file:
            draw_oscilloscope(trace, title, file, zoom_ns)
    return [path for path in (vcd, plot) if path is not None]


def _print_modes(pins: Pins) -> None:
    from fullwell.cli.sheet import plain_console, plain_table

    table = plain_table("mode", "name", "GPIO1", "GPIO2", "GPIO3", "GPIO4", "what for")
    for mode in pins.modes:
        table.add_row(str(mode.number), mode.name, *mode.pins, mode.title)
    plain_console().print(table)


def _print_json(trace: Trace, title: str) -> None:
    import orjson

    pins = [
        {
            "pin": wave.pin,
            "signal": str(wave.signal),
            "input": wave.signal.is_input,
            "starts_high": wave.starts_high,
            "period_ns": wave.period_ns,
            "edges_ns": wave.edges_ns.tolist(),
        }
        for wave in trace.waveforms
    ]
    whole = {"title": title, "begin_ns": trace.begin_ns, "end_ns": trace.end_ns, "pins": pins}
    typer.echo(orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode())


def _print_table(trace: Trace, title: str, *, aside: bool) -> None:
    """Tell the waveforms; on standard error when standard output is for the names of files."""
    from fullwell.cli.sheet import plain_console, plain_table

    table = plain_table("pin", "signal", "begins", "edges", "first rises", "first falls", "period")
    for wave in trace.waveforms:
        table.add_row(
            wave.pin,
            wave.signal,
            "high" if wave.starts_high else "low",
            str(len(wave.edges_ns)),
            _first(wave.rising_ns, trace.begin_ns),
            _first(wave.falling_ns, trace.begin_ns),
            "" if wave.period_ns is None else f"{wave.period_ns} ns",
        )
    console = plain_console(stderr=aside)
    console.print(title)
    console.print(table)


def _first(edges_ns: NDArray[np.int64], begin_ns: int) -> str:
    """The first edge after the begin."""
    return spoken_ns(int(edges_ns[0]) - begin_ns) if len(edges_ns) else ""
