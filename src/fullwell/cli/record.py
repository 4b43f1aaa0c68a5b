"""``fullwell record``: record live frames at the speed of the sensor, and account for each of them."""

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

SUMMARY: Final = "Record live frames at the speed of the sensor; every frame is accounted for."
EPILOG: Final = """\b
Examples:
  fullwell record twin:qhy42-pro --exposure 0.02 --duration 60 --format ser --out occultation.ser
  fullwell record twin:qhy600-pro --link fibre --exposure 0.1 --frames 100 --out night/
  fullwell record twin:qhy268m-pro --roi 2000,1500,640,480 --exposure 0.005 --format cube --out fast.fits
  fullwell record twin:qhy42-pro --scene occultation --event "after_s=20 diameter_km=15" --exposure 0.04
      --duration 30 --out run/                  and then: fullwell occultation run/*.fits --pixel X,Y
  fullwell record twin:qhy42-pro --exposure 0.04 --compress --out night/      until Ctrl-C
  fullwell record twin:qhy42-pro --exposure 0.02 --pre-trigger 5 --trigger step --duration 10 --out flash/

\b
A frame is recorded when it is safe: a kill or a power cut takes at most the last half second. Beside the
files stands a log (.frames.jsonl) with each frame's time and fate; `fullwell repair` finishes files of a run
that was cut off.

\b
The paths of the files go to standard output, one a line. Exit status: 0 everything asked for is recorded
without a gap; 1 not so, and the reason is said.
"""


def run(
    camera: Annotated[
        str, typer.Argument(metavar="CAMERA", help="As `fullwell models` lists them: twin:qhy600-pro")
    ],
    frames: Annotated[
        int | None, typer.Option("-n", "--frames", metavar="N", min=1, help="How many frames. [until Ctrl-C]")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(metavar="S", help="Frames that start within so many seconds.")
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="fits: a file for each frame; cube: one FITS file; ser: one SER file.",
        ),
    ] = "fits",
    compress: Annotated[bool, typer.Option("--compress", help="Lossless RICE compression (fits only).")] = False,
    every: Annotated[int, typer.Option(metavar="N", min=1, help="Keep one frame of N.")] = 1,
    pre_trigger: Annotated[
        float | None,
        typer.Option(metavar="S", help="Keep the last seconds; record from there on when the trigger comes."),
    ] = None,
    trigger: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="key (Enter), step (in brightness), or an instant in UTC: 21:30:05, 2026-11-21T21:30:05. [key]",
        ),
    ] = None,
    burst: Annotated[bool, typer.Option("--burst", help="Take the frames as one burst, with --frames.")] = False,
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
    instant: Annotated[bool, typer.Option("--instant", help="Do not wait for the sensor.")] = False,
    out: Annotated[
        Path, typer.Option(metavar="PATH", help="A folder, or a file name; with fits, frames get numbers.")
    ] = Path(),
) -> None:
    """Record live frames at the speed of the sensor; every frame is accounted for.

    Each frame that the sensor takes ends as recorded, skipped on purpose, lost in the camera's memory, lost on
    the link, dropped, or failed on the disk: on the screen, in the log, and in the file if it has a place for it.
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
    from fullwell.cli.triggering import KEY, listen_for_enter, pre_triggered
    from fullwell.cli.watching import watched
    from fullwell.record.recording import Recording
    from fullwell.record.writer import require_place

    settled_c = settled_temperature_c(camera, temperature)
    require_place(out, form, compress)
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
        use_calibration(opened, gps, calibration, Stream.LIVE)
        before = pre_triggered(pre_trigger, trigger, opened.clock.now_ns())
        recording = Recording(
            opened,
            out,
            format=form,
            frames=frames,
            duration_s=duration,
            compress=compress,
            every=every,
            burst=burst,
            before=before,
            what=scenery.kind,
            cards={"IMAGETYP": scenery.image_type},
        )
        if before is not None and pre_trigger is not None and trigger in (None, KEY):
            listen_for_enter(before, pre_trigger)
        watched(opened, recording, open_ended=frames is None and duration is None)
