"""What happens on a field of the sky: stars that are occulted and satellites, as one sensor sees them.

They are drawn on top of the steady light, in the few rows that they reach.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.scene.illumination import at_positions, shade
from fullwell.scene.light import Interval
from fullwell.scene.light_curve import LightCurve
from fullwell.scene.occultation import Occultation
from fullwell.scene.photometry import Photometry
from fullwell.scene.projection import Projection
from fullwell.scene.satellite import Satellite, add_trail
from fullwell.scene.seeing import RADIAL_STEPS_PER_PX, StarImage
from fullwell.scene.spectra import WAVELENGTH_NM, star_spectrum
from fullwell.scene.star_field import StarField
from fullwell.scene.starlight import add_stars

NEAREST_ARCSEC = 30.0
WAVELENGTHS = 200
SUNLIGHT_BV_MAG = 0.65

Path = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Plate:
    """What events need to know of sensor and telescope.

    Attributes
    ----------
    projection : Projection
    image : StarImage
    channel : ndarray of int64, shape (2, 2)
        Colour channel by parity of row and column.
    grid : ndarray of float32
        From `fullwell.scene.illumination.illumination_grid`.
    size : tuple of int
        Rows and columns of the effective area.
    faintest_e_per_s : float
        Images are drawn until they are fainter than this in a pixel.
    """

    projection: Projection
    image: StarImage
    channel: NDArray[np.int64]
    grid: NDArray[np.float32]
    size: tuple[int, int]
    faintest_e_per_s: float

    def place(self, ra_deg: float | None, dec_deg: float | None) -> tuple[float, float]:
        """Pixel of a position, the centre of the field if none is given."""
        if ra_deg is None or dec_deg is None:
            return self.projection.crpix[0] - 1, self.projection.crpix[1] - 1
        x, y = self.projection.to_pixels(np.array([ra_deg]), np.array([dec_deg]))
        return float(x[0]), float(y[0])

    def reach_px(self, rate_e_per_s: NDArray[np.float64]) -> float:
        """Radius of the image of a star."""
        return float(self.image.radius_px(np.array(rate_e_per_s.max()), self.faintest_e_per_s))

    def add(
        self,
        out: NDArray[np.float32],
        left: int,
        top: int,
        factor: NDArray[np.float32],
        box: tuple[float, float, float, float],
        draw: Callable[[NDArray[np.float32], int, int, slice], None],
    ) -> None:
        """Have something drawn where a strip and a box (left, top, right, bottom) overlap, and vignetted."""
        first, last = max(0, int(box[1]) - top), min(out.shape[0], int(box[3]) + 2 - top)
        begin, end = max(0, int(box[0]) - left), min(out.shape[1], int(box[2]) + 2 - left)
        if last <= first or end <= begin:
            return
        part = np.zeros((last - first, end - begin), np.float32)
        draw(part, left + begin, top + first, slice(first, last))
        shade(part, left + begin, top + first, self.grid, factor[first:last])
        out[first:last, begin:end] += part


@dataclass(frozen=True, eq=False)
class BoundOccultation:
    """An occultation on a sensor.

    Attributes
    ----------
    event : Occultation
    plate : Plate
    x_px, y_px : float
        Where the star is.
    star_e_per_s, body_e_per_s : ndarray of float64, shape (channels,)
    magnitude, bv_mag, ra_deg, dec_deg : float
        Of the star.
    curve : LightCurve
        Of the star.
    """

    event: Occultation
    plate: Plate
    x_px: float
    y_px: float
    star_e_per_s: NDArray[np.float64]
    body_e_per_s: NDArray[np.float64]
    magnitude: float
    bv_mag: float
    ra_deg: float
    dec_deg: float
    curve: LightCurve

    def add(self, out: NDArray[np.float32], left: int, top: int, interval: Interval, path: Path) -> None:
        """Add its light to a strip."""
        path_x, path_y = path
        reach = self.reach_px
        upper, lower = self.y_px + path_y.min() - reach, self.y_px + path_y.max() + reach
        if lower < top - 1 or upper > top + len(out):
            return
        box = (self.x_px + path_x.min() - reach, upper, self.x_px + path_x.max() + reach, lower)
        exposure_s = (interval.stop_ns - interval.start_ns) * 1e-9
        star = self.curve.mean(interval.start_ns, interval.stop_ns) * exposure_s
        for rate, factor in ((self.star_e_per_s, star), (self.body_e_per_s, exposure_s)):
            if rate.any():
                whole = (rate / self.plate.image.enclosed(np.array(reach)))[:, np.newaxis].astype(np.float32)
                self.plate.add(out, left, top, factor.astype(np.float32), box, self._drawn(whole, reach, path))

    @cached_property
    def reach_px(self) -> float:
        """Radius of the image."""
        return self.plate.reach_px(self.star_e_per_s + self.body_e_per_s)

    def _drawn(
        self, rate: NDArray[np.float32], reach: float, path: Path
    ) -> Callable[[NDArray[np.float32], int, int, slice], None]:
        def draw(part: NDArray[np.float32], left: int, top: int, rows: slice) -> None:
            own_x, own_y = (places[rows] if len(places) > 1 else places for places in path)
            star = np.array([self.x_px]), np.array([self.y_px]), np.array([reach])
            image = self.plate.image
            add_stars(part, left, top, *star, rate, self.plate.channel, own_x, own_y, image.core, image.radial)

        return draw

    def answer(
        self, top: int, interval: Interval, shift_x: NDArray[np.float64], shift_y: NDArray[np.float64]
    ) -> tuple[object, ...]:
        """Its line in the answer key: `fullwell.scene.star_field.ANSWER`.

        Parameters
        ----------
        top : int
            Row of the effective area that the interval's first belongs to.
        interval : Interval
            Of the rows of the frame.
        shift_x, shift_y : ndarray of float64
            Mean displacement of the field by row of the frame, px.
        """
        row = int(np.clip(round(self.y_px) - top, 0, len(interval.start_ns) - 1))
        row = int(np.clip(round(self.y_px + shift_y[row]) - top, 0, len(interval.start_ns) - 1))
        start_ns, stop_ns = interval.start_ns[row : row + 1], interval.stop_ns[row : row + 1]
        x, y = self.x_px + float(shift_x[row]), self.y_px + float(shift_y[row])
        illumination = float(at_positions(self.plate.grid, np.array([x]), np.array([y]))[0])
        light = float(self.curve.mean(start_ns, stop_ns)[0])
        rate = float((light * self.star_e_per_s + self.body_e_per_s)[self.plate.channel].mean())
        electrons = rate * float(stop_ns[0] - start_ns[0]) * 1e-9 * illumination
        return x, y, self.ra_deg, self.dec_deg, self.magnitude, self.bv_mag, electrons, illumination, "occulted"


@dataclass(frozen=True, eq=False)
class BoundSatellite:
    """A satellite over a sensor.

    Attributes
    ----------
    event : Satellite
    plate : Plate
    place_px, velocity_px_per_s : tuple of float
        x and y at its instant, and how it moves.
    rate_e_per_s : ndarray of float64, shape (channels,)
    """

    event: Satellite
    plate: Plate
    place_px: tuple[float, float]
    velocity_px_per_s: tuple[float, float]
    rate_e_per_s: NDArray[np.float64]

    def add(self, out: NDArray[np.float32], left: int, top: int, interval: Interval, path: Path) -> None:
        """Add its light to a strip."""
        start_s, stop_s = (
            np.asarray((instant - self.event.mid_time_ns) * 1e-9, np.float64)
            for instant in (interval.start_ns, interval.stop_ns)
        )
        reach = self.plate.reach_px(self.rate_e_per_s)
        times = np.array([start_s.min(), stop_s.max()])
        x, y = (place + speed * times for place, speed in zip(self.place_px, self.velocity_px_per_s, strict=True))
        box = (
            max(x.min() - reach, -1.0),
            max(y.min() - reach, -1.0),
            min(x.max() + reach, self.plate.size[1]),
            min(y.max() + reach, self.plate.size[0]),
        )
        image, event = self.plate.image, self.event
        rate = (self.rate_e_per_s / image.enclosed(np.array(reach)))[self.plate.channel].astype(np.float32)
        tumble_per_s = 2 * np.pi / event.tumbling_period_s if event.tumbling_period_s else 0.0

        def draw(part: NDArray[np.float32], part_left: int, part_top: int, rows: slice) -> None:
            add_trail(
                part,
                part_left,
                part_top,
                self.plate.size[1],
                start_s[rows],
                stop_s[rows],
                self.place_px,
                self.velocity_px_per_s,
                reach,
                rate,
                tumble_per_s,
                event.tumbling_depth,
                image.core,
                image.radial,
                RADIAL_STEPS_PER_PX,
            )

        self.plate.add(out, left, top, np.ones(len(start_s), np.float32), box, draw)


Event = Occultation | Satellite
BoundEvent = BoundOccultation | BoundSatellite


def bind_events(
    events: tuple[Event, ...], plate: Plate, photometry: Photometry, star_field: StarField
) -> tuple[tuple[BoundEvent, ...], StarField]:
    """Events as a sensor sees them, and the field without the stars that they are about."""
    bound: list[BoundEvent] = []
    taken: list[int] = []
    for event in events:
        if isinstance(event, Satellite):
            bound.append(_satellite(event, plate, photometry))
        elif event.magnitude is not None:
            bound.append(_new_star(event, plate, photometry, event.magnitude))
        else:
            index = _star_of_the_field(event, plate, star_field)
            taken.append(index)
            bound.append(_known_star(event, plate, photometry, star_field, index))
    return tuple(bound), star_field.without(taken)


def _satellite(event: Satellite, plate: Plate, photometry: Photometry) -> BoundSatellite:
    (a, b), (c, d) = np.linalg.inv(np.array(plate.projection.cd_deg) * 3600)
    east, north = event.velocity_arcsec_per_s()
    velocity = float(a * east + b * north), float(c * east + d * north)
    rate = photometry.star_rates(np.array([event.magnitude]), np.array([event.bv_mag]))[:, 0]
    return BoundSatellite(event, plate, plate.place(event.ra_deg, event.dec_deg), velocity, rate)


def _new_star(event: Occultation, plate: Plate, photometry: Photometry, magnitude: float) -> BoundOccultation:
    x_px, y_px = plate.place(event.ra_deg, event.dec_deg)
    ra_deg, dec_deg = (float(angle[0]) for angle in plate.projection.to_sky(np.array([x_px]), np.array([y_px])))
    rate = photometry.star_rates(np.array([magnitude]), np.array([event.bv_mag]))[:, 0]
    star = x_px, y_px, rate, _body_rate(event, photometry), magnitude, event.bv_mag, ra_deg, dec_deg
    return BoundOccultation(event, plate, *star, _curve(event, photometry, event.bv_mag))


def _known_star(
    event: Occultation, plate: Plate, photometry: Photometry, star_field: StarField, index: int
) -> BoundOccultation:
    stars, rate = star_field.stars, star_field.rate_e_per_s[:, index]
    bv_mag = float(stars.bv_mag[index])
    what = float(stars.v_mag[index]), bv_mag, float(stars.ra_deg[index]), float(stars.dec_deg[index])
    where = float(star_field.x_px[index]), float(star_field.y_px[index])
    curve = _curve(event, photometry, bv_mag)
    return BoundOccultation(event, plate, *where, rate, _body_rate(event, photometry), *what, curve)


def _star_of_the_field(event: Occultation, plate: Plate, star_field: StarField) -> int:
    place = plate.place(event.ra_deg, event.dec_deg)
    index = star_field.brightest_near(*place, NEAREST_ARCSEC / plate.projection.scale_arcsec)
    if index is None:
        raise InvalidValue(
            f"there is no star within {NEAREST_ARCSEC:g} arcsec of the place of the occultation.",
            "Give the position of a star, or a magnitude, which puts one there.",
        )
    return index


def _body_rate(event: Occultation, photometry: Photometry) -> NDArray[np.float64]:
    if event.body_magnitude is None:
        return np.zeros(len(photometry.channels.response))
    return photometry.star_rates(np.array([event.body_magnitude]), np.array([SUNLIGHT_BV_MAG]))[:, 0]


def _curve(event: Occultation, photometry: Photometry, bv_mag: float) -> LightCurve:
    """Light of the star over time at wavelengths that stand for equal shares of its electrons."""
    if not event.diffraction:
        return event.light_curve()
    electrons = photometry.over_mosaic(photometry.channels.response) * photometry.air * star_spectrum(bv_mag)
    if not electrons.any():
        return event.light_curve()
    share = np.cumsum(electrons) / electrons.sum()
    middles = (np.arange(WAVELENGTHS) + 0.5) / WAVELENGTHS
    return event.light_curve(np.interp(middles, share, WAVELENGTH_NM))
