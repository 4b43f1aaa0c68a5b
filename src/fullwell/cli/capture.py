"""``fullwell capture``: take frames and keep them as FITS files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fullwell.cli.gps import CalibrationOption, FaultOption, GpsOption, SiteOption, gps_box, use_calibration
from fullwell.cli.scenery import (
    AngleOption,
    ApertureOption,
    BrightnessOption,
    CoatingOption,
    DecOption,
    EventOption,
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
    is_real,
)
from fullwell.cli.settings import (
    AntiGlowOption,
    BinOption,
    BitsOption,
    ExposureOption,
    GainOption,
    ModeOption,
    OffsetOption,
    OverlayOption,
    OverscanOption,
    RoiOption,
    SettledOption,
    SpeedOption,
    TelegraphOption,
    TrafficOption,
    given_settings,
    settled_temperature_c,
)
from fullwell.cli.talk import opening

SUMMARY: Final = "Take frames and keep them as FITS files."
EPILOG: Final = """\b
Examples:
  fullwell capture twin:qhy600-pro --exposure 60 --instant --out m101.fits
  fullwell capture twin:qhy600-pro --ra 5h35m17s --dec -5d23m --filter Ha --exposure 300 -n 10 --out night/
  fullwell capture twin:qhy268m-pro --scene flat --exposure 2 --mode "High Gain" --gain 56 -n 20 --out flats/
  fullwell capture twin:qhy600-pro --scene dark --exposure 300 --temperature -10 --truth --instant
  fullwell capture twin:qhy600-pro --gps --calibration offsets.toml --exposure 0.5 -n 20 --out occultation/
  fullwell capture twin:qhy600-pro --scene satellite --event "after_s=5 magnitude=4" --exposure 10
  fullwell capture twin:qhy42-pro --mode 2 --roi 512,512,1024,1024 --bits 12 --exposure 0.02 -n 5
  fullwell capture twin:qhy600-pro --burst -n 8 --exposure 0.5 --out burst/

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
    event: EventOption = None,
    filter_name: FilterOption = None,
    exposure: ExposureOption = None,
    number: Annotated[int, typer.Option("-n", "--number", metavar="N", min=1, help="How many frames.")] = 1,
    burst: Annotated[
        bool, typer.Option("--burst", help="Take all frames as one burst: consecutive frames of the free run.")
    ] = False,
    mode: ModeOption = None,
    gain: GainOption = None,
    offset: OffsetOption = None,
    bin_: BinOption = None,
    roi: RoiOption = None,
    bits: BitsOption = None,
    overscan: OverscanOption = False,
    usb_traffic: TrafficOption = None,
    speed: SpeedOption = None,
    anti_glow: AntiGlowOption = False,
    telegraph_suppression: TelegraphOption = False,
    gps: GpsOption = False,
    site: SiteOption = None,
    gps_fault: FaultOption = None,
    calibration: CalibrationOption = None,
    overlay: OverlayOption = None,
    link: LinkOption = None,
    coating: CoatingOption = None,
    temperature: SettledOption = None,
    seed: SeedOption = None,
    truth: Annotated[
        bool, typer.Option("--truth", help="Add the answer key: true electrons, stars, effects.")
    ] = False,
    row_times: Annotated[bool, typer.Option("--row-times", help="Add a table of the times of all rows.")] = False,
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
        event=event,
    )
    settings = given_settings(
        mode=mode,
        exposure_s=exposure,
        gain=gain,
        offset=offset,
        bin=bin_,
        roi=roi,
        bits=bits,
        overscan=overscan,
        usb_traffic=usb_traffic,
        speed=speed,
        anti_glow=anti_glow,
        telegraph_suppression=telegraph_suppression,
        gps=gps,
        overlay=overlay,
    )
    box = gps_box(gps, site, gps_fault)
    light = scenery.before(camera)

    import fullwell
    from fullwell.camera.device import Stream
    from fullwell.cli.cooling import bring_to, left_as_it_is
    from fullwell.cli.taking import Keeping, take, take_burst
    from fullwell.record import FileNames, check_folder

    settled_c = settled_temperature_c(camera, temperature)
    names = FileNames(out, scenery.kind, several=number > 1, compressed=compress)
    names.refuse_taken(number, overwrite)
    check_folder(names.folder)
    with opening():
        found = fullwell.open(
            camera,
            scene=light,
            filter=filter_name,
            coating=coating,
            seed=seed,
            clock="instant" if instant else "real",
            link=link,
            temperature_c=None if is_real(camera) else settled_c,
            **box,
        )
    with left_as_it_is(lives_on=is_real(camera)), found as opened:
        opened.configure(**settings)
        bring_to(opened, settled_c)
        use_calibration(opened, gps, calibration, Stream.LIVE if burst else Stream.SINGLE)
        keeping = Keeping(scenery.image_type, truth, compress, overwrite, row_times)
        (take_burst if burst else take)(opened, number, names, keeping)
