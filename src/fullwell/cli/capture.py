"""``fullwell capture``: take frames and keep them as FITS files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from fullwell.cli.quantities import window_px
from fullwell.cli.scenery import (
    AngleOption,
    ApertureOption,
    BrightnessOption,
    CoatingOption,
    DecOption,
    FilterOption,
    FlatOption,
    FocalOption,
    LinkOption,
    ObjectOption,
    RaOption,
    SceneOption,
    Scenery,
    SeedOption,
    SeeingOption,
    UniformOption,
)
from fullwell.cli.talk import opening

SUMMARY: Final = "Take frames and keep them as FITS files."
EPILOG: Final = """\b
Examples:
  fullwell capture twin:qhy600-pro --exposure 60 --instant --out m101.fits
  fullwell capture twin:qhy600-pro --ra 5h35m17s --dec -5d23m --filter Ha --exposure 300 -n 10 --out night/
  fullwell capture twin:qhy268m-pro --scene flat --exposure 2 --mode "High Gain" --gain 56 -n 20 --out flats/
  fullwell capture twin:qhy600-pro --scene dark --exposure 300 --temperature -10 --truth --instant
  fullwell capture twin:qhy42-pro --mode 2 --roi 512,512,1024,1024 --bits 12 --exposure 0.02 -n 5

\b
The paths of the files go to standard output, one a line: a script reads them with
  for file in $(fullwell capture ...); do ...; done
"""


def run(
    camera: Annotated[
        str, typer.Argument(metavar="CAMERA", help="As `fullwell models` lists them: twin:qhy600-pro")
    ],
    scene: SceneOption = "sky",
    ra: RaOption = None,
    dec: DecOption = None,
    object_name: ObjectOption = None,
    position_angle: AngleOption = None,
    focal_length: FocalOption = None,
    aperture: ApertureOption = None,
    seeing: SeeingOption = None,
    sky_brightness: BrightnessOption = None,
    flat_level: FlatOption = None,
    uniform_level: UniformOption = None,
    filter_name: FilterOption = None,
    exposure: Annotated[
        float | None, typer.Option(metavar="S", help="Time that each row collects light.")
    ] = None,
    number: Annotated[int, typer.Option("-n", "--number", metavar="N", min=1, help="How many frames.")] = 1,
    mode: Annotated[str | None, typer.Option(metavar="MODE", help="Read mode, by name or number.")] = None,
    gain: Annotated[int | None, typer.Option(metavar="N", help="The vendor's gain knob.")] = None,
    offset: Annotated[int | None, typer.Option(metavar="N", help="The vendor's offset knob.")] = None,
    bin_: Annotated[int | None, typer.Option("--bin", metavar="N", help="Sum N x N pixels into one.")] = None,
    roi: Annotated[
        str | None, typer.Option(metavar="L,T,W,H", help="Window: left, top, width, height in unbinned pixels.")
    ] = None,
    bits: Annotated[
        int | None, typer.Option(metavar="B", help="Word depth: 8, 12, 14, 16 as the mode has it.")
    ] = None,
    overscan: Annotated[bool, typer.Option("--overscan", help="Read optical black and overscan, too.")] = False,
    usb_traffic: Annotated[int | None, typer.Option(metavar="N", help="Higher: slower rows.")] = None,
    speed: Annotated[int | None, typer.Option(metavar="N", help="Pixel clock, where the camera has it.")] = None,
    anti_glow: Annotated[bool, typer.Option("--anti-glow", help="Reduce glow, where the sensor has it.")] = False,
    telegraph_suppression: Annotated[
        bool, typer.Option("--telegraph-suppression", help="Reduce telegraph noise, where the camera can.")
    ] = False,
    gps: Annotated[bool, typer.Option("--gps", help="GPS stamp in the first pixels of each frame.")] = False,
    link: LinkOption = None,
    coating: CoatingOption = None,
    temperature: Annotated[
        float | None, typer.Option(metavar="C", help="Sensor cooled and settled there. [-10]")
    ] = None,
    seed: SeedOption = None,
    truth: Annotated[
        bool, typer.Option("--truth", help="Add the answer key: true electrons, stars, effects.")
    ] = False,
    compress: Annotated[bool, typer.Option("--compress", help="Lossless RICE compression.")] = False,
    instant: Annotated[bool, typer.Option("--instant", help="Do not wait for the exposure time.")] = False,
    out: Annotated[
        Path, typer.Option(metavar="PATH", help="A folder, or a file name; several frames get numbers.")
    ] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of that name.")] = False,
) -> None:
    """Take frames and keep them as FITS files.

    A frame of a twin is the real sensor's under the scene: photon and read noise, dark current, telegraph noise,
    hot pixels, rolling shutter. The header says what the sensor used.
    """
    scenery = Scenery(
        scene=scene,
        ra=ra,
        dec=dec,
        position_angle=position_angle,
        object=object_name,
        focal_length=focal_length,
        aperture=aperture,
        seeing=seeing,
        sky_brightness=sky_brightness,
        flat_level=flat_level,
        uniform_level=uniform_level,
    )
    window = None if roi is None else window_px(roi)
    light = scenery.build()

    import fullwell
    from fullwell.cli.taking import Keeping, take
    from fullwell.connect.names import parse
    from fullwell.errors import OutOfRange
    from fullwell.models import Window, load
    from fullwell.record import FileNames, check_folder

    allowed_c = load(parse(camera).model_key).temperature_c
    settled_c = allowed_c.default if temperature is None else temperature
    if not allowed_c.low <= settled_c <= allowed_c.high:
        raise OutOfRange("temperature", settled_c, allowed_c.low, allowed_c.high, "C")
    names = FileNames(out, scenery.kind, several=number > 1, compressed=compress)
    names.refuse_taken(number, overwrite)
    check_folder(names.folder)
    settings: dict[str, Any] = {
        "mode": mode,
        "exposure_s": exposure,
        "gain": gain,
        "offset": offset,
        "bin": bin_,
        "window": None if window is None else Window(*window),
        "bits": bits,
        "overscan": overscan or None,
        "usb_traffic": usb_traffic,
        "speed": speed,
        "anti_glow": anti_glow or None,
        "telegraph_suppression": telegraph_suppression or None,
        "gps": gps or None,
    }
    with opening():
        found = fullwell.open(
            camera,
            scene=light,
            filter=filter_name,
            coating=coating,
            seed=seed,
            clock="instant" if instant else "real",
            link=link,
            temperature_c=settled_c,
        )
    with found as opened:
        opened.configure(**{name: value for name, value in settings.items() if value is not None})
        take(opened, number, names, Keeping(scenery.image_type, truth, compress, overwrite))
