"""``fullwell serve``: cameras for other programs, by ASCOM Alpaca."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Annotated, Final

import typer

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
    TemperatureOption,
    UniformOption,
)
from fullwell.cli.talk import introduced, opening, say

DEFAULT_CAMERA: Final = "twin:qhy600-pro"
DISCOVERY_PORT: Final = 32227

SUMMARY: Final = "Let any ASCOM Alpaca client use cameras."
EPILOG: Final = """\b
Examples:
  fullwell serve
  fullwell serve twin:qhy600-pro twin:qhy268m-pro --ra 83.82 --dec -5.39
  fullwell serve twin:qhy600-pro#2 --port 0 --scene dark
  fullwell serve --host 0.0.0.0        let other computers in; there is no password, so mind the network
"""


def run(
    cameras: Annotated[
        list[str] | None, typer.Argument(metavar="[CAMERA]...", help=f"What to serve. [{DEFAULT_CAMERA}]")
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 = any free one.")] = 11111,
    discovery: Annotated[
        bool, typer.Option("--discovery/--no-discovery", help="Answer clients that search (UDP 32227).")
    ] = True,
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
    link: LinkOption = None,
    coating: CoatingOption = None,
    temperature: TemperatureOption = None,
    seed: SeedOption = None,
) -> None:
    """Let any ASCOM Alpaca client use cameras: N.I.N.A., MaxIm DL, PHD2, alpyca, scripts.

    Runs until Ctrl-C. Each camera is one Alpaca camera and, as far as it has them, one filter wheel, one set of
    switches and one of observing conditions.
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

    import fullwell
    from fullwell.serve.alpaca.server import AlpacaServer
    from fullwell.serve.rest.routes import rest_routes

    with ExitStack() as opened:
        with opening():
            found = [
                opened.enter_context(
                    fullwell.open(
                        name,
                        scene=scenery.before(name),
                        filter=filter_name,
                        coating=coating,
                        seed=seed,
                        link=link,
                        temperature_c=temperature,
                    )
                )
                for name in cameras or [DEFAULT_CAMERA]
            ]
        for camera in found:
            say(introduced(camera))
        discovery_port = DISCOVERY_PORT if discovery else None
        server = AlpacaServer(found, host, port, discovery_port, rest_routes(found))
        say(f"listening at http://{server.address}   (open it in a browser; Ctrl-C ends)")
        say(f"  status and alarms: http://{server.address}/fullwell/v1/cameras; troubles: fullwell fault --help")
        say("In N.I.N.A.: Equipment, Camera, search for Alpaca devices. In Python:")
        say(f"  from alpaca.camera import Camera; camera = Camera({server.address!r}, 0)")
        with suppress(KeyboardInterrupt):
            server.run()
