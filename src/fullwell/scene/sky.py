"""A field of the sky through a telescope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import NoneType

import numpy as np

from fullwell.errors import InvalidValue
from fullwell.models.facts import Sensor
from fullwell.scene.bound_sky import BoundSky
from fullwell.scene.catalogue import cone, join
from fullwell.scene.drift import Drift
from fullwell.scene.events import Event, Plate, bind_events
from fullwell.scene.faint_stars import FAINTEST_MAG, faint_stars
from fullwell.scene.illumination import illumination_grid
from fullwell.scene.light import Pointing
from fullwell.scene.limits import require_number
from fullwell.scene.moon import Moon
from fullwell.scene.occultation import Occultation
from fullwell.scene.optics import Optics
from fullwell.scene.photometry import Photometry
from fullwell.scene.projection import Projection, centred
from fullwell.scene.satellite import Satellite
from fullwell.scene.seeing import StarImage, star_image
from fullwell.scene.spectra import channels
from fullwell.scene.star_colours import colours_mag
from fullwell.scene.star_field import StarField
from fullwell.scene.targets import Comet, Galaxy, Glow
from fullwell.scene.tracking import STEADY, Tracking

MOST_STARS = 170_000  # in the circle round the sensor; about 100,000 on it
FAINTEST_SIGNAL = 2.0
LONG_EXPOSURE_S = 600.0
DETECTOR_VARIANCE_E2 = 4.0
FAINTEST_SHARE_OF_SKY = 1e-3  # the images of stars are drawn until they drown in the sky
FAINTEST_RATE_E_PER_S = 1e-4


@dataclass(frozen=True, slots=True)
class Sky:
    """A field of the real sky.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Centre of the effective area, ICRS, 0 to 360 and -90 to 90.
    focal_length_mm, aperture_mm, obstruction, transmission, image_circle_mm, dust
        The telescope; see `fullwell.scene.optics.Optics`.
    position_angle_deg : float, default 0
        Direction towards row 0, from north through east, -360 to 360.
    object_name : str, default ""
        For file headers.
    seeing_arcsec : float, default 2.5
        Full width at half maximum of a star, 0.05 to 60.
    moffat_beta : float, default 3.0
        Power of its wings, 1.5 to 20.
    sky_brightness_mag : float, default 21.0
        Per square arcsecond in V, 10 to 30.
    airmass : float, default 1.2
        1 to 40.
    extinction_mag : float, default 0.2
        Loss in V per air mass, 0 to 5.
    moon : Moon, optional
        Adds its light to the sky.
    tracking : Tracking or Drift, default perfect
        Error of the mount.
    cosmic_rays_per_cm2_min : float, default 1.0
        Muons per square centimetre and minute, 0 to 1000.
    target : Comet or Galaxy, optional
        What shines at the centre of the field besides the stars.
    events : sequence of Occultation or Satellite, default none
        What happens in the field.
    faintest_mag : float, default 26
        No star fainter than this, -2 to 26; 11 leaves the catalogue alone.

    Examples
    --------
    >>> from fullwell.scene import Sky
    >>> Sky(ra_deg=210.8, dec_deg=54.3, focal_length_mm=530, aperture_mm=106).seeing_arcsec
    2.5
    """

    ra_deg: float
    dec_deg: float
    focal_length_mm: float = 530.0
    aperture_mm: float = 106.0
    obstruction: float = 0.0
    transmission: float = 0.9
    image_circle_mm: float = 20.0
    dust: int = 8
    position_angle_deg: float = 0.0
    object_name: str = ""
    seeing_arcsec: float = 2.5
    moffat_beta: float = 3.0
    sky_brightness_mag: float = 21.0
    airmass: float = 1.2
    extinction_mag: float = 0.2
    moon: Moon | None = None
    tracking: Tracking | Drift = STEADY
    cosmic_rays_per_cm2_min: float = 1.0
    target: Comet | Galaxy | None = None
    events: tuple[Event, ...] = ()
    faintest_mag: float = FAINTEST_MAG

    def __post_init__(self) -> None:
        require_number("ra_deg", self.ra_deg, 0, 360, "deg")
        require_number("dec_deg", self.dec_deg, -90, 90, "deg")
        require_number("position_angle_deg", self.position_angle_deg, -360, 360, "deg")
        require_number("seeing_arcsec", self.seeing_arcsec, 0.05, 60, "arcsec")
        require_number("moffat_beta", self.moffat_beta, 1.5, 20)
        require_number("sky_brightness_mag", self.sky_brightness_mag, 10, 30, "mag/arcsec2")
        require_number("airmass", self.airmass, 1, 40)
        require_number("extinction_mag", self.extinction_mag, 0, 5, "mag")
        require_number("cosmic_rays_per_cm2_min", self.cosmic_rays_per_cm2_min, 0, 1000, "/cm2/min")
        require_number("faintest_mag", self.faintest_mag, -2, FAINTEST_MAG, "mag")
        for name, kinds in (
            ("object_name", (str,)),
            ("tracking", (Tracking, Drift)),
            ("moon", (Moon, NoneType)),
            ("target", (Comet, Galaxy, NoneType)),
        ):
            if not isinstance(getattr(self, name), kinds):
                known = " or ".join(kind.__name__ for kind in kinds if kind is not NoneType)
                raise InvalidValue(f"{name} cannot be {getattr(self, name)!r}.", f"Give a {known}.")
        object.__setattr__(self, "events", _events(self.events))
        self.optics()

    def optics(self) -> Optics:
        """The telescope in front of the camera."""
        return Optics(
            focal_length_mm=self.focal_length_mm,
            aperture_mm=self.aperture_mm,
            obstruction=self.obstruction,
            transmission=self.transmission,
            image_circle_mm=self.image_circle_mm,
            dust=self.dust,
        )

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundSky:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`."""
        optics, geometry = self.optics(), sensor.geometry
        colours = channels(sensor, coating, filter_name)
        projection = centred(geometry, self.ra_deg, self.dec_deg, self.focal_length_mm, self.position_angle_deg)
        scale = projection.scale_arcsec
        photometry = Photometry.through(optics, colours, self.airmass, self.extinction_mag)
        background = photometry.sky_rates(self._sky_mag_per_arcsec2(), scale)
        image = star_image(self.seeing_arcsec / scale, self.moffat_beta, self.tracking.jitter_arcsec / scale)
        size = (geometry.effective.height, geometry.effective.width)
        grid = illumination_grid(geometry, optics, filter_name, seed)
        faintest_e_per_s = max(FAINTEST_SHARE_OF_SKY * float(background.max()), FAINTEST_RATE_E_PER_S)
        plate = Plate(projection, image, colours.index, grid, size, faintest_e_per_s)
        stars = self._star_field(photometry, plate, float(background.max()))
        events, stars = bind_events(self.events, plate, photometry, stars)
        return BoundSky(
            pointing=self._pointing(projection, filter_name),
            projection=projection,
            zero_point_mag=photometry.zero_point_mag,
            star_field=stars,
            image=image,
            tracking=self.tracking,
            events=events,
            glows=self._glows(projection, photometry),
            cosmic_rays_per_cm2_min=self.cosmic_rays_per_cm2_min,
            pixel_size_um=geometry.pixel_size_um,
            background_e_per_s=background[colours.index].astype(np.float32),
            channel=colours.index,
            grid=grid,
            size=size,
            effects=self._effects(photometry),
        )

    def _star_field(self, photometry: Photometry, plate: Plate, background_e_per_s: float) -> StarField:
        """The stars whose images reach the sensor, from top to bottom."""
        projection, image, (rows, columns) = plate.projection, plate.image, plate.size
        half_diagonal = np.hypot(rows, columns) / 2 * np.radians(projection.scale_arcsec / 3600)
        margin_deg = self.tracking.margin_arcsec / 3600
        radius_deg = float(np.degrees(np.arctan(half_diagonal))) + 0.05 + margin_deg
        limit_mag = min(self.faintest_mag, self._limit_mag(photometry, image, background_e_per_s))
        bright = cone(self.ra_deg, self.dec_deg, radius_deg)
        bright = bright.where(bright.v_mag <= limit_mag)
        stars = join([bright, faint_stars(self.ra_deg, self.dec_deg, radius_deg, limit_mag, MOST_STARS)])
        stars = replace(stars, bv_mag=colours_mag(stars))
        x, y = projection.to_pixels(stars.ra_deg, stars.dec_deg)
        rates = photometry.star_rates(stars.v_mag, stars.bv_mag)
        reach = image.radius_px(rates.max(axis=0), plate.faintest_e_per_s)
        far = reach + self.tracking.margin_arcsec / projection.scale_arcsec
        near = (x > -far) & (x < columns + far) & (y > -far) & (y < rows + far)
        order = np.flatnonzero(near)
        order = order[np.argsort(y[order], kind="stable")]
        return StarField(stars.where(order), x[order], y[order], reach[order], rates[:, order])

    def _limit_mag(self, photometry: Photometry, image: StarImage, background_e_per_s: float) -> float:
        """V of a star that stands out of the noise of the sky by `FAINTEST_SIGNAL` in ten minutes."""
        pixels = max(np.pi * (2 * image.scale_px) ** 2, 4.0)
        noise_e = np.sqrt(background_e_per_s * pixels * LONG_EXPOSURE_S + DETECTOR_VARIANCE_E2 * pixels)
        return photometry.zero_point_mag - 2.5 * np.log10(FAINTEST_SIGNAL * noise_e / LONG_EXPOSURE_S)

    def _sky_mag_per_arcsec2(self) -> float:
        """Brightness of the sky, moonlight included."""
        light = 10 ** (-0.4 * self.sky_brightness_mag)
        if self.moon is not None:
            light += 10 ** (-0.4 * self.moon.sky_mag_per_arcsec2(self.airmass, self.extinction_mag))
        return float(-2.5 * np.log10(light))

    def _glows(self, projection: Projection, photometry: Photometry) -> list[Glow]:
        if self.target is None:
            return []
        east, north = np.linalg.inv(np.array(projection.cd_deg) * 3600).T
        scale = projection.scale_arcsec
        return self.target.glows(photometry, scale, self.seeing_arcsec / scale, np.stack([north, east]))

    def _pointing(self, projection: Projection, filter_name: str) -> Pointing:
        return Pointing(
            object_name=self.object_name,
            ra_deg=self.ra_deg,
            dec_deg=self.dec_deg,
            filter_name=filter_name,
            focal_length_mm=self.focal_length_mm,
            aperture_mm=self.aperture_mm,
            crpix=projection.crpix,
            cd_deg=projection.cd_deg,
        )

    def _effects(self, photometry: Photometry) -> dict[str, str]:
        effects = {
            "zero point": f"{photometry.zero_point_mag:.3f} mag (V of a star of B-V 0.65 giving 1 e-/s)",
            "sky": f"{self._sky_mag_per_arcsec2():.2f} mag/arcsec2 in V",
            "air": f"air mass {self.airmass:g}, {self.extinction_mag:g} mag in V per air mass",
            "seeing": f"Moffat, {self.seeing_arcsec:g} arcsec full width, beta {self.moffat_beta:g}",
            "vignetting": f"beyond a circle of {self.image_circle_mm:g} mm",
            "dust": f"{self.dust} specks",
            "cosmic rays": f"{self.cosmic_rays_per_cm2_min:g} per cm2 and minute",
        }
        if self.tracking != STEADY:
            effects["tracking"] = self.tracking.in_words()
        if self.target is not None:
            effects["target"] = self.target.in_words()
        for number, event in enumerate(self.events, 1):
            effects[f"event {number}"] = f"{type(event).__name__.lower()}: {event.in_words()}"
        return effects


def _events(given: object) -> tuple[Event, ...]:
    """Events as a tuple, checked."""
    events = (given,) if isinstance(given, Occultation | Satellite) else given
    try:
        listed = tuple(events)  # type: ignore[arg-type, var-annotated]
    except TypeError:
        listed = (events,)
    for event in listed:
        if not isinstance(event, Occultation | Satellite):
            raise InvalidValue(f"events cannot hold {event!r}.", "Give a list of Occultation or Satellite.")
    return listed
