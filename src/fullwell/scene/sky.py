"""A field of the sky through a telescope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fullwell.errors import InvalidValue
from fullwell.models.facts import Sensor
from fullwell.scene.bound_sky import BoundSky, StarField
from fullwell.scene.catalogue import cone
from fullwell.scene.illumination import Optics, illumination_grid
from fullwell.scene.light import Pointing
from fullwell.scene.limits import require_number
from fullwell.scene.photometry import Photometry
from fullwell.scene.projection import Projection, centred
from fullwell.scene.seeing import StarImage, star_image
from fullwell.scene.spectra import channels
from fullwell.scene.tracking import STEADY, Tracking

FAINTEST_SHARE_OF_SKY = 1e-3
FAINTEST_RATE_E_PER_S = 1e-4


@dataclass(frozen=True, slots=True)
class Sky:
    """A field of the real sky.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Centre of the effective area, ICRS, 0 to 360 and -90 to 90.
    focal_length_mm, aperture_mm, obstruction, transmission, image_circle_mm, dust
        The telescope; see `fullwell.scene.illumination.Optics`.
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
    tracking : Tracking, default perfect
        Error of the mount.

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
    image_circle_mm: float = 30.0
    dust: int = 8
    position_angle_deg: float = 0.0
    object_name: str = ""
    seeing_arcsec: float = 2.5
    moffat_beta: float = 3.0
    sky_brightness_mag: float = 21.0
    airmass: float = 1.2
    extinction_mag: float = 0.2
    tracking: Tracking = STEADY

    def __post_init__(self) -> None:
        require_number("ra_deg", self.ra_deg, 0, 360, "deg")
        require_number("dec_deg", self.dec_deg, -90, 90, "deg")
        require_number("position_angle_deg", self.position_angle_deg, -360, 360, "deg")
        require_number("seeing_arcsec", self.seeing_arcsec, 0.05, 60, "arcsec")
        require_number("moffat_beta", self.moffat_beta, 1.5, 20)
        require_number("sky_brightness_mag", self.sky_brightness_mag, 10, 30, "mag/arcsec2")
        require_number("airmass", self.airmass, 1, 40)
        require_number("extinction_mag", self.extinction_mag, 0, 5, "mag")
        if not isinstance(self.tracking, Tracking):
            raise InvalidValue(f"tracking must be a Tracking, not {self.tracking!r}.", "Use scene.Tracking(...).")
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
        background = photometry.sky_rates(self.sky_brightness_mag, scale)
        image = star_image(self.seeing_arcsec / scale, self.moffat_beta, self.tracking.jitter_arcsec / scale)
        size = (geometry.effective.height, geometry.effective.width)
        faintest = max(FAINTEST_SHARE_OF_SKY * float(background.max()), FAINTEST_RATE_E_PER_S)
        return BoundSky(
            pointing=self._pointing(projection, filter_name),
            projection=projection,
            zero_point_mag=photometry.zero_point_mag,
            star_field=self._star_field(projection, photometry, image, size, faintest),
            image=image,
            tracking=self.tracking,
            background_e_per_s=background[colours.index].astype(np.float32),
            channel=colours.index,
            grid=illumination_grid(geometry, optics),
            size=size,
            effects=self._effects(photometry),
        )

    def _star_field(
        self,
        projection: Projection,
        photometry: Photometry,
        image: StarImage,
        size: tuple[int, int],
        faintest_e_per_s: float,
    ) -> StarField:
        """The stars whose images reach the sensor, from top to bottom."""
        radius_deg = np.hypot(*size) / 2 * projection.scale_arcsec / 3600
        stars = cone(self.ra_deg, self.dec_deg, float(radius_deg) + 0.05)
        x, y = projection.to_pixels(stars.ra_deg, stars.dec_deg)
        rates = photometry.star_rates(stars.v_mag, np.nan_to_num(stars.bv_mag, nan=0.65))
        reach = image.radius_px(rates.max(axis=0), faintest_e_per_s)
        rows, columns = size
        near = (x > -reach) & (x < columns + reach) & (y > -reach) & (y < rows + reach)
        order = np.flatnonzero(near)
        order = order[np.argsort(y[order], kind="stable")]
        return StarField(stars.where(order), x[order], y[order], reach[order], rates[:, order])

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
        return {
            "zero point": f"{photometry.zero_point_mag:.3f} mag (V of a star of B-V = 0 giving 1 e-/s)",
            "sky": f"{self.sky_brightness_mag:g} mag/arcsec2 in V",
            "air": f"air mass {self.airmass:g}, {self.extinction_mag:g} mag in V per air mass",
            "seeing": f"Moffat, {self.seeing_arcsec:g} arcsec full width, beta {self.moffat_beta:g}",
        }
