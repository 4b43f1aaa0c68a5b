"""The options that say how a camera is set, shared by ``capture`` and ``record``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fullwell.cli.quantities import window_px

ExposureOption = Annotated[float | None, typer.Option(metavar="S", help="Time that each row collects light.")]
ModeOption = Annotated[str | None, typer.Option(metavar="MODE", help="Read mode, by name or number.")]
GainOption = Annotated[int | None, typer.Option(metavar="N", help="The vendor's gain knob.")]
OffsetOption = Annotated[int | None, typer.Option(metavar="N", help="The vendor's offset knob.")]
BinOption = Annotated[int | None, typer.Option("--bin", metavar="N", help="Sum N x N pixels into one.")]
RoiOption = Annotated[
    str | None, typer.Option(metavar="L,T,W,H", help="Window: left, top, width, height in unbinned pixels.")
]
BitsOption = Annotated[
    int | None, typer.Option(metavar="B", help="Word depth: 8, 12, 14, 16 as the mode has it.")
]
OverscanOption = Annotated[bool, typer.Option("--overscan", help="Read optical black and overscan, too.")]
TrafficOption = Annotated[int | None, typer.Option(metavar="N", help="Higher: slower rows.")]
SpeedOption = Annotated[int | None, typer.Option(metavar="N", help="Pixel clock, where the camera has it.")]
AntiGlowOption = Annotated[bool, typer.Option("--anti-glow", help="Reduce glow, where the sensor has it.")]
TelegraphOption = Annotated[
    bool, typer.Option("--telegraph-suppression", help="Reduce telegraph noise, where the camera can.")
]
OverlayOption = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Let the camera write into the picture: frame number, or gps."),
]
SettledOption = Annotated[float | None, typer.Option(metavar="C", help="Sensor cooled and settled there. [-10]")]


def given_settings(
    *,
    mode: str | None,
    exposure_s: float | None,
    gain: int | None,
    offset: int | None,
    bin: int | None,
    roi: str | None,
    bits: int | None,
    overscan: bool,
    usb_traffic: int | None,
    speed: int | None,
    anti_glow: bool,
    telegraph_suppression: bool,
    gps: bool,
    overlay: str | None = None,
) -> dict[str, Any]:
    """The arguments of `Camera.configure` for what was given on the command line.

    Raises
    ------
    BadParameter
        If the window is not four numbers.
    """
    window = None if roi is None else window_px(roi)

    from fullwell.models import Window

    settings: dict[str, Any] = {
        "mode": mode,
        "exposure_s": exposure_s,
        "gain": gain,
        "offset": offset,
        "bin": bin,
        "window": None if window is None else Window(*window),
        "bits": bits,
        "overscan": overscan or None,
        "usb_traffic": usb_traffic,
        "speed": speed,
        "anti_glow": anti_glow or None,
        "telegraph_suppression": telegraph_suppression or None,
        "gps": gps or None,
        "overlay": overlay,
    }
    return {name: value for name, value in settings.items() if value is not None}


def settled_temperature_c(camera: str, given_c: float | None) -> float | None:
    """Where the sensor shall be when the camera is opened.

    Parameters
    ----------
    camera : str
        As given on the command line.
    given_c : float or None
        None = the model's usual temperature; a real camera stays as it is.

    Raises
    ------
    OutOfRange
        If the model cannot be so cold or warm.
    """
    from fullwell.cli.scenery import is_real
    from fullwell.connect.names import parse
    from fullwell.errors import OutOfRange
    from fullwell.models import load

    if given_c is None and is_real(camera):
        return None
    allowed_c = load(parse(camera).model_key).temperature_c
    settled_c = allowed_c.default if given_c is None else given_c
    if not allowed_c.low <= settled_c <= allowed_c.high:
        raise OutOfRange("temperature", settled_c, allowed_c.low, allowed_c.high, "C")
    return settled_c
