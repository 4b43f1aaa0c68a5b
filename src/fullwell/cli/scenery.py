"""The options that say what a camera looks at, shared by ``capture`` and ``serve``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fullwell.cli import events
from fullwell.cli.quantities import declination_deg, right_ascension_deg

if TYPE_CHECKING:
    from fullwell.scene.light import Scene

DEFAULT_RA_DEG: Final = 210.802
DEFAULT_DEC_DEG: Final = 54.349
DEFAULT_OBJECT: Final = "M 101"
DEFAULT_UNIFORM_E_PER_S: Final = 1000.0

SceneOption = Annotated[
    str,
    typer.Option(
        "--scene",
        metavar="SCENE",
        help="What it looks at: sky, flat, dark, uniform, occultation, satellite, drift, led, or a picture file.",
    ),
]
RaOption = Annotated[
    float | None,
    typer.Option(
        "--ra",
        metavar="ANGLE",
        parser=right_ascension_deg,
        help="Right ascension: degrees, 5h35m17s or 05:35:17.",
    ),
]
DecOption = Annotated[
    float | None,
    typer.Option(
        "--dec", metavar="ANGLE", parser=declination_deg, help="Declination: degrees, -5d23m or -05:23:24."
    ),
]
ObjectOption = Annotated[
    str | None, typer.Option("--object", metavar="NAME", help="Name of the target, for headers.")
]
AngleOption = Annotated[
    float | None,
    typer.Option(
        "--position-angle", metavar="DEG", help="Direction of the top of the picture, north through east."
    ),
]
FocalOption = Annotated[
    float | None, typer.Option("--focal-length", metavar="MM", help="Of the telescope. [530]")
]
ApertureOption = Annotated[float | None, typer.Option("--aperture", metavar="MM", help="Of the telescope. [106]")]
SeeingOption = Annotated[
    float | None, typer.Option("--seeing", metavar="ARCSEC", help="Full width at half maximum of a star. [2.5]")
]
BrightnessOption = Annotated[
    float | None,
    typer.Option("--sky-brightness", metavar="MAG", help="Of the sky background, V per square arcsecond. [21]"),
]
FlatOption = Annotated[
    float | None,
    typer.Option("--flat-level", metavar="RATE", help="Flat lamp, electrons per second and pixel. [10000]"),
]
EventOption = Annotated[
    str | None,
    typer.Option(
        "--event",
        metavar="WORDS",
        help="Numbers of an occultation, satellite, drift or led: at=UTC or after_s=10, diameter_km=20, "
        "shadow_speed_km_s=10, magnitude=10, diffraction, ...; a wrong name tells all.",
    ),
]
UniformOption = Annotated[
    float | None,
    typer.Option("--uniform-level", metavar="RATE", help="Even light, electrons per second and pixel. [1000]"),
]
FilterOption = Annotated[
    str | None, typer.Option("--filter", metavar="NAME", help="L R G B V Ha OIII SII none. [L with a wheel]")
]
CoatingOption = Annotated[
    str | None, typer.Option("--coating", metavar="NAME", help="Of the sensor, as `fullwell models` lists them.")
]
LinkOption = Annotated[
    str | None, typer.Option("--link", metavar="NAME", help="Cable: usb3 or fibre. [the first]")
]
TemperatureOption = Annotated[
    float | None,
    typer.Option("--temperature", metavar="C", help="Sensor cooled and settled there. [ambient, cooler off]"),
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="Which body of the model: its pixels, its noise. [1]"),
]


def is_real(camera: str) -> bool:
    """Whether a camera's name means a real one."""
    return camera.strip().startswith("qhyccd:")


@dataclass(frozen=True)
class Scenery:
    """What the options about the scene said; None = not given.

    Attributes
    ----------
    scene : str
        "sky", "flat", "dark", "uniform", "occultation", "satellite", "drift", "led" or the path of a picture.
    ra, dec, position_angle : float or None
        deg.
    object : str or None
    focal_length, aperture : float or None
        mm.
    seeing : float or None
        arcsec.
    sky_brightness : float or None
        mag per square arcsecond.
    flat_level, uniform_level : float or None
        Electrons per second and pixel.
    event : str or None
        See `fullwell.cli.events.told`.
    """

    scene: str
    ra: float | None = None
    dec: float | None = None
    position_angle: float | None = None
    object: str | None = None
    focal_length: float | None = None
    aperture: float | None = None
    seeing: float | None = None
    sky_brightness: float | None = None
    flat_level: float | None = None
    uniform_level: float | None = None
    event: str | None = None

    @property
    def kind(self) -> str:
        """Which of the scenes, "picture" for a file."""
        return self.scene if self.scene in BELONGS_TO else "picture"

    @property
    def image_type(self) -> str:
        """For the IMAGETYP card."""
        return {"flat": "FLAT", "dark": "DARK"}.get(self.kind, "LIGHT")

    def before(self, camera: str) -> Scene | None:
        """The scene before a camera; None before a real one, unless options ask for one."""
        asked = self.scene != "sky" or any(getattr(self, name) is not None for name in ABOUT_SCENES - {"object"})
        return self.build() if asked or not is_real(camera) else None

    def build(self) -> Scene:
        """The scene.

        Raises
        ------
        typer.BadParameter
            If an option was given that means nothing to it.
        UnknownName, MissingFile, InvalidValue, OutOfRange
            If the scene does not exist or a number is impossible.
        """
        from fullwell import scene

        self._refuse_strangers()
        if self.kind == "led":
            return events.led(events.told("led", self.event))
        if self.kind == "sky" or self.kind in events.NAMES:
            return self._sky()
        if self.kind == "flat":
            return scene.Flat(
                **_given(
                    rate_e_per_s=self.flat_level, focal_length_mm=self.focal_length, aperture_mm=self.aperture
                )
            )
        if self.kind == "uniform":
            level = self.uniform_level
            return scene.Uniform(DEFAULT_UNIFORM_E_PER_S if level is None else level)
        if self.kind == "dark":
            return scene.Dark()
        return self._picture()

    def _sky(self) -> Scene:
        from fullwell import scene

        if (self.ra is None) != (self.dec is None):
            raise typer.BadParameter("--ra and --dec go together.", param_hint="'--ra' / '--dec'")
        pointed = self.ra is not None
        dec_deg = self.dec if self.dec is not None else DEFAULT_DEC_DEG
        event = {}
        if self.kind != "sky":
            event = events.in_field(self.kind, events.told(self.kind, self.event), dec_deg)
        return scene.Sky(
            ra_deg=self.ra if self.ra is not None else DEFAULT_RA_DEG,
            dec_deg=dec_deg,
            **event,
            object_name=self.object or ("" if pointed else DEFAULT_OBJECT),
            **_given(
                focal_length_mm=self.focal_length,
                aperture_mm=self.aperture,
                position_angle_deg=self.position_angle,
                seeing_arcsec=self.seeing,
                sky_brightness_mag=self.sky_brightness,
            ),
        )

    def _picture(self) -> Scene:
        from fullwell.errors import UnknownName
        from fullwell.scene import Picture

        path = Path(self.scene)
        if not path.suffix and not path.exists():
            raise UnknownName("scene", self.scene, [*BELONGS_TO, "or a picture file"])
        return Picture(path)

    def _refuse_strangers(self) -> None:
        """Nothing that was asked for is dropped in silence."""
        belonging = BELONGS_TO.get(self.kind, frozenset())
        for name in sorted(ABOUT_SCENES - belonging):
            if getattr(self, name) is not None:
                option = "--" + name.replace("_", "-")
                where = " or ".join(kind for kind, options in BELONGS_TO.items() if name in options)
                raise typer.BadParameter(
                    f"means nothing to scene {self.scene!r}, only to {where}.", param_hint=option
                )


_OF_THE_SKY: Final = frozenset(
    {"ra", "dec", "position_angle", "object", "focal_length", "aperture", "seeing", "sky_brightness"}
)
BELONGS_TO: Final[dict[str, frozenset[str]]] = {
    "sky": _OF_THE_SKY,
    "occultation": _OF_THE_SKY | {"event"},
    "satellite": _OF_THE_SKY | {"event"},
    "drift": _OF_THE_SKY | {"event"},
    "led": frozenset({"event"}),
    "flat": frozenset({"flat_level", "focal_length", "aperture"}),
    "dark": frozenset(),
    "uniform": frozenset({"uniform_level"}),
}
ABOUT_SCENES: Final = frozenset().union(*BELONGS_TO.values())


def _given(**options: float | None) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
