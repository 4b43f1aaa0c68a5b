"""The options about the GPS box and the row times that follow, shared by ``capture`` and ``record``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fullwell.camera.device import Stream
    from fullwell.camera.engine import Camera

GpsOption = Annotated[bool, typer.Option("--gps", help="GPS stamp in the first pixels of each frame.")]
SiteOption = Annotated[
    str | None,
    typer.Option("--site", metavar="LAT,LON", help="Where the GPS box of a twin stands, degrees north and east."),
]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--gps-fault",
        metavar="NAME",
        help='What is wrong with the GPS box of a twin: "lock lost", "frozen stamps" ... May be repeated.',
    ),
]
CalibrationOption = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="FILE",
        help="Row calibrations of `fullwell calibrate-rows`, for the row times of frames with a GPS stamp.",
    ),
]


def gps_box(gps: bool, site: str | None, faults: list[str] | None) -> dict[str, Any]:
    """The argument of `fullwell.open` for what was given on the command line; empty for the usual box.

    Raises
    ------
    typer.BadParameter
        If the options mean nothing, or the site is not two numbers.
    UnknownName, OutOfRange
        If there is no such fault or place.
    """
    for option, given in (("--site", site), ("--gps-fault", faults)):
        if given and not gps:
            raise typer.BadParameter("means nothing without --gps.", param_hint=option)
    if not site and not faults:
        return {}

    from fullwell.twin.gpsbox import GpsBox

    place = {} if site is None else dict(zip(("latitude_deg", "longitude_deg"), _degrees(site), strict=True))
    return {"gps_box": GpsBox(**place, faults=tuple(faults or ()))}


def use_calibration(camera: Camera, gps: bool, path: Path | None, stream: Stream) -> None:
    """Let the camera use the calibration of a file that fits its settings.

    Raises
    ------
    typer.BadParameter
        If it means nothing.
    MissingFile, InvalidFacts, InvalidValue
        If there is no such file, it holds no calibrations, or none that fits: with the reasons.
    """
    if path is None:
        return
    if not gps:
        raise typer.BadParameter("means nothing without --gps.", param_hint="--calibration")

    from fullwell.readout.calibration import load_offsets

    camera.use_row_offsets(load_offsets(path), stream=stream)


def _degrees(site: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(part) for part in site.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{site!r} is not two numbers: latitude,longitude in degrees, as in 28.76,-17.88.",
            param_hint="--site",
        ) from None
    return latitude, longitude
