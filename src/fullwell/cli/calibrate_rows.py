"""``fullwell calibrate-rows``: when the rows of a camera end their exposure, found with a flashing LED."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fullwell.cli.scenery import LinkOption, SeedOption
from fullwell.cli.settings import (
    BitsOption,
    GainOption,
    ModeOption,
    OverscanOption,
    RoiOption,
    SpeedOption,
    TrafficOption,
    given_settings,
)
from fullwell.cli.talk import opening, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fullwell.camera.device import Stream
    from fullwell.camera.engine import Camera
    from fullwell.measure import Estimate, RowCalibration
    from fullwell.measure.rowscan import Lamp
    from fullwell.scene import PinLed, Strobe

SUMMARY: Final = "Find with an LED when rows end their exposure after the vsync."
EPILOG: Final = """\b
Examples:
  fullwell calibrate-rows twin:qhy600-pro --instant
  fullwell calibrate-rows twin:qhy600-pro --mode 4 --usb-traffic 30 --live --out offsets.toml --plot fit.png
  fullwell calibrate-rows twin:qhy600-pro --roi 0,2000,9576,400 --columns 64 --instant --out offsets.toml
  fullwell calibrate-rows twin:qhy600-pro --roi 0,2000,9576,400 --check offsets.toml

\b
A GPS box stamps the vsync, not an exposure. Row 0 ends its exposure a fixed time later, and that time depends on
read mode, rows of the window, word depth, USB traffic, speed, and on single or live frames: a calibration
holds for the settings that it was made with, and is refused for others with the reasons.

\b
The LED hangs on the LED pin of the GPIO socket (mode 6), or on a pulse generator that the camera's shutter
signal triggers. It must light all rows alike; a piece of paper before the sensor does it.
"""
FLASH_SHARE: Final = 0.2
"""How far a flash fills the pixels of a twin."""


def run(
    camera: Annotated[
        str, typer.Argument(metavar="CAMERA", help="As `fullwell models` lists them: twin:qhy600-pro")
    ],
    mode: ModeOption = None,
    gain: GainOption = None,
    roi: RoiOption = None,
    bits: BitsOption = None,
    overscan: OverscanOption = False,
    usb_traffic: TrafficOption = None,
    speed: SpeedOption = None,
    link: LinkOption = None,
    seed: SeedOption = None,
    live: Annotated[bool, typer.Option("--live", help="For live frames. [single frames]")] = False,
    flashes: Annotated[int, typer.Option(metavar="N", min=2, max=1000, help="How many frames.")] = 12,
    columns: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Read only so many columns: rows alone matter. [all of the window]"
        ),
    ] = None,
    generator: Annotated[
        bool, typer.Option("--generator", help="LED on a pulse generator. [on the LED pin, where there is one]")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add the calibration to this TOML file.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw brightness of the rows, and fit.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Do not measure: is there one for these settings?")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    instant: Annotated[bool, typer.Option("--instant", help="Do not wait for the exposure time.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a picture of that name.")] = False,
) -> None:
    """Find when rows end their exposure after the vsync, how long they take, and how many are exposed together.

    An LED that the camera's shutter signal fires is moved through the read-out. Each row catches the part of the
    flash that falls into its own exposure. Nothing but frames and the times of the flashes is used.
    """
    settings = given_settings(
        mode=mode,
        exposure_s=None,
        gain=gain,
        offset=None,
        bin=None,
        roi=roi,
        bits=bits,
        overscan=overscan,
        usb_traffic=usb_traffic,
        speed=speed,
        anti_glow=False,
        telegraph_suppression=False,
        gps=False,
    )

    import fullwell
    from fullwell.camera.device import Stream
    from fullwell.measure import calibrate_rows
    from fullwell.scene import Dark

    stream = Stream.LIVE if live else Stream.SINGLE
    if plot is not None:
        _refuse_existing(plot, overwrite)
    with opening():
        rehearsal = fullwell.open(camera, seed=seed, clock="instant", link=link, scene=Dark())
    with rehearsal:
        rehearsal.configure(**settings)
        if check is not None:
            _check(rehearsal, check, stream)
            return
        led = _led(rehearsal, generator)
        title = _title(rehearsal, stream)
    say(f"{title}: {flashes} flashes ...")
    with fullwell.open(camera, scene=led, seed=seed, clock="instant" if instant else "real", link=link) as opened:
        opened.configure(**settings)
        _narrow(opened, columns)
        result = calibrate_rows(opened, _lamp(opened, led), flashes=flashes, stream=stream)
    _keep(result, title, out, plot, overwrite)
    if json:
        _print_json(result)
    else:
        for name, words in _told(result):
            typer.echo(f"{name:20}{words}")
    for path in (out, plot):
        if path is not None:
            typer.echo(path, err=json)


def _refuse_existing(path: Path, overwrite: bool) -> None:
    """Say so before the measurement, not after it."""
    from fullwell.record.atomic import refuse_existing

    refuse_existing(path, overwrite)


def _led(camera: Camera, generator: bool) -> PinLed | Strobe:
    """The LED before a twin, so bright that a flash fills a fifth of the pixels' range."""
    from fullwell.measure.rowscan import flash_ns
    from fullwell.models.connector import Signal
    from fullwell.scene import PinLed, Strobe
    from fullwell.scene.lamps import HIGHEST_RATE_E_PER_S

    settings = camera.settings
    point = camera.model.mode(settings.mode).chains[0].curve.at(settings.gain)
    rate_e_per_s = FLASH_SHARE * point.full_well_e / (flash_ns(camera.timing()) * 1e-9)
    bright = min(rate_e_per_s, HIGHEST_RATE_E_PER_S)
    connector = camera.model.connector
    has_pin = connector is not None and any(Signal.LED in mode.pins for mode in connector.modes)
    return PinLed(bright) if has_pin and not generator else Strobe(bright)


def _lamp(camera: Camera, led: PinLed | Strobe) -> Lamp:
    from fullwell.measure.rowscan import LedPin
    from fullwell.scene import Strobe

    return led if isinstance(led, Strobe) else LedPin(camera)


def _narrow(camera: Camera, columns: int | None) -> None:
    """Keep so many columns of the window, from its middle."""
    if columns is None:
        return
    from dataclasses import replace

    from fullwell.errors import OutOfRange

    window = camera.settings.format.window
    if columns > window.width:
        raise OutOfRange("number of columns", columns, 1, window.width)
    left = window.left + (window.width - columns) // 2
    camera.configure(window=replace(window, left=left, width=columns))


def _title(camera: Camera, stream: Stream) -> str:
    used = camera.settings
    window = used.format.window
    return (
        f"{camera.model.name}, {camera.model.mode(used.mode).name}, {window.height} rows from row {window.top}"
        f"{' of the whole sensor' if used.format.overscan else ''}, {used.format.bits} bit, "
        f"USB traffic {used.usb_traffic}, speed {used.speed}, {stream.value} frames"
    )


def _check(camera: Camera, path: Path, stream: Stream) -> None:
    """Tell the calibration that fits; where none does, the reasons are the error."""
    from fullwell.camera.timekeeper import conditions
    from fullwell.readout.calibration import load_offsets, pick

    camera.use_row_offsets(load_offsets(path), stream=stream)
    record, _ = pick(camera.row_offsets, conditions(camera.model, camera.settings, stream.value))
    if record is not None:
        typer.echo(f"{record.offset_ns} ns +- {record.uncertainty_ns} ns after the vsync ({record.source})")


def _told(result: RowCalibration) -> Iterator[tuple[str, str]]:
    """What was found beside what the camera says of itself."""
    fit, told = result.fit, result.told
    vendor_ns = told.reference_to_row0_end_ns
    lines = vendor_ns // told.line_period_ns

    def spoken(instant_ns: float) -> str:
        rest_us = (instant_ns - lines * told.line_period_ns) * 1e-3
        return f"{instant_ns * 1e-3:.3f} us = {lines} lines + {rest_us:.3f} us"

    yield "row 0 ends", f"{spoken(fit.offset_ns.value)} after the vsync, +- {_us(fit.offset_ns)} us"
    yield "by the vendor", f"{spoken(vendor_ns)}; found {(fit.offset_ns.value - vendor_ns) * 1e-3:+.3f} us later"
    period, error = fit.line_period_ns.value, fit.line_period_ns.standard_error
    yield "line period", f"{period:.3f} +- {error:.3f} ns (the camera says {told.line_period_ns})"
    yield "exposed together", f"{_rows(fit.rows_per_step)} (the camera says {told.rows_per_step})"
    exposure_us = f"{fit.exposure_ns.value * 1e-3:.3f} +- {_us(fit.exposure_ns)} us"
    yield "exposure", f"{exposure_us} (the camera says {told.exposure_ns * 1e-3:.3f})"
    yield "fit", f"{fit.points} rows at edges of {len(result.flashes)} flashes, residuals {fit.scatter:.2f} sigma"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _us(estimate: Estimate) -> str:
    return f"{estimate.standard_error * 1e-3:.3f}"


def _print_json(result: RowCalibration) -> None:
    from dataclasses import asdict

    import orjson

    found = {"record": asdict(result.record), "fit": asdict(result.fit), "told": asdict(result.told)}
    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


def _keep(result: RowCalibration, title: str, out: Path | None, plot: Path | None, overwrite: bool) -> None:
    from fullwell.readout.calibration import load_offsets, save_offsets
    from fullwell.record import whole_file

    if out is not None:
        known = load_offsets(out) if out.exists() else ()
        others = [record for record in known if record.conditions != result.record.conditions]
        save_offsets(out, [*others, result.record])
    if plot is not None:
        from fullwell.cli.rowplot import draw_row_fit

        with whole_file(plot, overwrite) as part, part.open("xb") as file:
            draw_row_fit(result, title, file)
