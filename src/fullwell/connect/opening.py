"""Opens cameras by name. The only place that knows which backend stands behind a name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

from fullwell import models
from fullwell.camera.clock import Clock, InstantClock, RealClock
from fullwell.camera.device import Device
from fullwell.camera.engine import Camera
from fullwell.connect.names import RealName, parse
from fullwell.errors import InvalidValue, UnknownName
from fullwell.models.facts import CameraModel
from fullwell.qhyccd.device import QhyccdDevice
from fullwell.scene import Sky
from fullwell.scene.light import Scene
from fullwell.twin.body.flash import Flash
from fullwell.twin.cable import Cable
from fullwell.twin.device import TwinDevice
from fullwell.twin.faults import Fault
from fullwell.twin.gpsbox import GpsBox
from fullwell.twin.identity import FACTORY_FIRMWARE
from fullwell.twin.surroundings import Surroundings
from fullwell.twin.sync import SyncCable
from fullwell.twin.trigger import TriggerLine

CLOCKS: Final[dict[str, type[RealClock] | type[InstantClock]]] = {"real": RealClock, "instant": InstantClock}

DEFAULT_GPS_BOX: Final = GpsBox()
"""Plugged in and locked, at the Roque de los Muchachos."""


def default_scene() -> Sky:
    """The sky that a camera sees when nobody says where it points: M 101 and its stars, 530 mm at f/5."""
    return Sky(ra_deg=210.802, dec_deg=54.349, focal_length_mm=530.0, aperture_mm=106.0)


def default_filter(model: CameraModel) -> str:
    """Luminance where the camera has a filter wheel, none where it has not."""
    return "L" if model.wheel_slots else "none"


def open_camera(
    name: str,
    *,
    scene: Scene | None = None,
    filter: str | None = None,
    coating: str | None = None,
    seed: int | None = None,
    clock: Literal["real", "instant"] | Clock = "real",
    link: str | None = None,
    temperature_c: float | None = None,
    ambient_temperature_c: float | None = None,
    surroundings: Surroundings | None = None,
    threads: int | None = None,
    gps_box: GpsBox | None = DEFAULT_GPS_BOX,
    fpga: str | None = None,
    firmware: str | None = None,
    flash: Path | str | None = None,
    cable: Cable | None = None,
    faults: Iterable[Fault] = (),
    trigger_line: TriggerLine | None = None,
    sync: SyncCable | None = None,
    oscillator_ppm: float = 0.0,
    recover: bool = True,
) -> Camera:
    """Open a camera.

    Parameters
    ----------
    name : str
        One of `list_cameras`: ``"twin:qhy600-pro"``. ``"twin:qhy600-pro#2"`` is the second body of that model,
        with other pixels and another identity. Or one of `scan_cameras`: ``"qhyccd:QHY600M-2c52f645aa1c25b9"``, a
        real camera.
    scene : Scene, optional
        What a twin looks at; default is the sky round M 101 through 530 mm at f/5.
    filter : str, optional
        In the light path at the beginning; default is L with a filter wheel, none without.
    coating : str, optional
        Of the sensor; default is the first that the vendor offers.
    seed : int, optional
        Of the twin's body; default is the number after ``#``, 1 without.
    clock : {"real", "instant"} or Clock
        Whether exposures take their time, take none, or as a clock of the caller says.
    link : str, optional
        Name of the cable; default is the first of the model.
    temperature_c : float, optional
        Begin with the cooler on and settled there, C; default is ambient with the cooler off.
    ambient_temperature_c : float, optional
        Air round a twin, C; everything else round it is as usual. Default is 20 C.
    surroundings : Surroundings, optional
        Air, supply, cables and coolant of a twin, instead of its temperature alone.
    threads : int, optional
        How many draw a twin's frame; default is one per processor.
    gps_box : GpsBox or None
        Plugged into a twin; None = nothing is. Its stamps stand in the frames after ``configure(gps=True)`` only.
    fpga : str, optional
        Versions of a twin's logic, as in ``"FPGA_V20191118 MAX10_V20191120"``; default is the oldest with which
        everything works.
    firmware : str, optional
        The day that is the version of a twin's firmware, as in ``"2020-06-01"``; default is one after September
        2021, when the way in which cameras notice too little voltage changed.
    flash : Path or str, optional
        File that is the memory of a twin: firmware that was loaded, under-voltage that was seen. It is made when
        it is not there. Default is a fresh memory that dies with the twin.
    cable : Cable, optional
        Between a twin and the computer (`fullwell.twin.cable`); default is a short one.
    faults : iterable of Fault
        What goes wrong in a twin, and with which frames (`fullwell.twin.faults`); default is nothing.
    trigger_line : TriggerLine, optional
        Plugged into the trigger input of a twin: its edges start exposures when the pins are set so.
    sync : SyncCable, optional
        Joins the GPIO sockets of twins: in the mode "master" one drives the rows of those in the mode "slave".
    oscillator_ppm : float
        How fast the oscillator of a twin runs, parts per million, -200 to 200.
    recover : bool
        Whether a camera that is lost is opened again by itself, with its settings.

    Returns
    -------
    Camera
        Open; a context manager.

    Raises
    ------
    UnknownName
        If there is no such camera, filter, coating, link or clock.
    InvalidValue
        If a seed contradicts the number after ``#``, surroundings and ambient temperature are both given, a
        number or the scene is none, or a real camera is to have what only a twin can.
    DeviceLost, MissingFile, NotSupported
        If a real camera is not there, or the vendor's library is not, or does not work here.

    Examples
    --------
    >>> from fullwell.models import Window
    >>> from fullwell.scene import Uniform
    >>> with open_camera("twin:qhy600-pro", scene=Uniform(100.0), clock="instant") as camera:
    ...     _ = camera.configure(exposure_s=0.5, window=Window(0, 0, 64, 32))
    ...     camera.expose().data.shape
    (32, 64)
    """
    wanted = parse(name)
    if isinstance(wanted, RealName):
        only_for_twins = {
            "scene": scene is not None,
            "filter": filter is not None,
            "coating": coating is not None,
            "seed": seed is not None,
            "clock": clock != "real" and not isinstance(clock, RealClock),
            "temperature_c": temperature_c is not None,
            "ambient_temperature_c": ambient_temperature_c is not None,
            "surroundings": surroundings is not None,
            "gps_box": gps_box is not DEFAULT_GPS_BOX,
            "fpga": fpga is not None,
            "firmware": firmware is not None,
            "flash": flash is not None,
            "cable": cable is not None,
            "faults": bool(tuple(faults)),
            "trigger_line": trigger_line is not None,
            "sync": sync is not None,
            "oscillator_ppm": oscillator_ppm != 0.0,
        }
        return _open_real(wanted, link, recover, [word for word, given in only_for_twins.items() if given])
    if scene is not None and not hasattr(scene, "bind"):
        raise InvalidValue(
            f"a scene must be described by an object of fullwell.scene, not {scene!r}.",
            "Give e.g. Sky(ra_deg=210.8, dec_deg=54.3, focal_length_mm=530, aperture_mm=106).",
        )
    if "#" in name and seed is not None and seed != wanted.body:
        raise InvalidValue(
            f"{name!r} is the body with seed {wanted.body}, but seed {seed} is asked for.",
            "Give one of the two: the number after # is the seed.",
        )
    model = models.load(wanted.model_key)
    device = TwinDevice(
        model,
        default_scene() if scene is None else scene,
        filter_name=default_filter(model) if filter is None else filter,
        coating=coating,
        seed=wanted.body if seed is None else seed,
        clock=_clock(clock),
        link=link,
        surroundings=_surroundings(surroundings, ambient_temperature_c),
        temperature_c=temperature_c,
        threads=threads,
        gps_box=gps_box,
        fpga=fpga,
        firmware=FACTORY_FIRMWARE if firmware is None else firmware,
        flash=Flash(flash),
        cable=cable,
        faults=faults,
        trigger_line=trigger_line,
        sync=sync,
        oscillator_ppm=oscillator_ppm,
    )
    camera = Camera(device, recover=recover)
    camera.open()
    return camera


def _surroundings(given: Surroundings | None, ambient_temperature_c: float | None) -> Surroundings:
    if given is not None and ambient_temperature_c is not None:
        raise InvalidValue(
            "both surroundings and ambient_temperature_c are given.",
            "Give one of the two: Surroundings(ambient_temperature_c=...) holds the temperature as well.",
        )
    if ambient_temperature_c is not None:
        return Surroundings(ambient_temperature_c=ambient_temperature_c)
    return Surroundings() if given is None else given


def _open_real(wanted: RealName, link: str | None, recover: bool, refused: list[str]) -> Camera:
    if refused:
        raise InvalidValue(
            f"{', '.join(refused)} can be chosen only for a twin; qhyccd:{wanted.identity} is a real camera.",
            "Leave it away, or open a twin.",
        )
    camera = Camera(QhyccdDevice(wanted.identity, models.load(wanted.model_key), link=link), recover=recover)
    camera.open()
    return camera


def find_device(name: str, **options: Any) -> Device:
    """The far end of the cable, closed: for doors that speak its language and need no engine.

    Parameters
    ----------
    name : str
    **options
        Those of `open_camera`, which also says what errors there are.

    Examples
    --------
    >>> from fullwell.scene import Dark
    >>> find_device("twin:qhy42-pro", scene=Dark(), clock="instant").model.name
    'QHY42 Pro'
    """
    with open_camera(name, **options) as camera:
        return camera.device


def _clock(wanted: str | Clock) -> Clock:
    if isinstance(wanted, str) and wanted in CLOCKS:
        return CLOCKS[wanted]()
    if hasattr(wanted, "sleep_until") and not isinstance(wanted, str):
        return wanted
    raise UnknownName("clock", wanted, CLOCKS)
