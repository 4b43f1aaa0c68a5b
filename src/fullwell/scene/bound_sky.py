"""A sky as one sensor sees it: the light of each strip of rows, and the answer key.

Light that does not change is a rate. From the third frame on, the rate of each pixel is remembered (4 bytes per
pixel), so that a live stream costs one multiplication per pixel; a single exposure never holds more than a strip.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.scene.cosmic_rays import add_cosmic_rays
from fullwell.scene.drift import Drift
from fullwell.scene.events import BoundEvent, BoundOccultation
from fullwell.scene.glowlight import add_glow
from fullwell.scene.illumination import at_positions, fill_mosaic, shade
from fullwell.scene.lamps import seconds
from fullwell.scene.light import Answers, Interval, Pointing
from fullwell.scene.projection import Projection
from fullwell.scene.seeing import StarImage
from fullwell.scene.star_field import ANSWER, StarField, star_table
from fullwell.scene.starlight import add_stars
from fullwell.scene.targets import Glow
from fullwell.scene.tracking import Tracking

FRAMES_BEFORE_REMEMBERING = 2
WIDE_IMAGE_PX = 48.0


@dataclass(frozen=True, eq=False)
class _Drawing:
    """Stars of similar reach, ready for the kernel."""

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    radius_px: NDArray[np.float64]
    rate: NDArray[np.float32]
    reach_px: float

    @classmethod
    def of(cls, stars: StarField, image: StarImage, chosen: NDArray[np.bool_]) -> _Drawing:
        # What the truncated wings lose is given back, so that each star has all of its light.
        rate = (stars.rate_e_per_s / image.enclosed(stars.radius_px))[:, chosen].astype(np.float32)
        radius = stars.radius_px[chosen]
        return cls(stars.x_px[chosen], stars.y_px[chosen], radius, rate, float(radius.max(initial=0.0)))


@dataclass(eq=False)
class _Memory:
    """Rates of the rows that have been drawn, for one range of columns."""

    left: int
    rate: NDArray[np.float32]
    drawn: NDArray[np.bool_]


@dataclass(eq=False)
class BoundSky:
    """A field of the sky on a sensor.

    Attributes
    ----------
    pointing : Pointing
        Line of sight.
    projection : Projection
        From sky to pixels.
    zero_point_mag : float
        V of a star of B-V 0.65 that frees 1 electron per second.
    star_field : StarField
        The stars.
    image : StarImage
        Their shape.
    tracking : Tracking or Drift
        How they move.
    events : tuple of BoundOccultation or BoundSatellite
        What changes with time.
    glows : list of Glow
        The target.
    cosmic_rays_per_cm2_min, pixel_size_um : float
    background_e_per_s : ndarray of float32, shape (2, 2)
        Sky by parity of row and column.
    channel : ndarray of int64, shape (2, 2)
        Colour channel by parity of row and column.
    grid : ndarray of float32
        From `fullwell.scene.illumination.illumination_grid`.
    size : tuple of int
        Rows and columns of the effective area.
    effects : dict of str to str
        For the answer key.
    """

    pointing: Pointing
    projection: Projection
    zero_point_mag: float
    star_field: StarField
    image: StarImage
    tracking: Tracking | Drift
    events: tuple[BoundEvent, ...]
    glows: list[Glow]
    cosmic_rays_per_cm2_min: float
    pixel_size_um: float
    background_e_per_s: NDArray[np.float32]
    channel: NDArray[np.int64]
    grid: NDArray[np.float32]
    size: tuple[int, int]
    effects: dict[str, str]
    _drawings: tuple[_Drawing, ...] = field(init=False)
    _memory: _Memory | None = field(init=False, default=None)
    _frames: int = field(init=False, default=0)
    _last_key: int | None = field(init=False, default=None)
    _lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        wide = self.star_field.radius_px > WIDE_IMAGE_PX
        self._drawings = tuple(_Drawing.of(self.star_field, self.image, chosen) for chosen in (~wide, wide))

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip; see `fullwell.scene.light.BoundScene`."""
        exposure_s = seconds(interval)
        self._expose_optics(out, left, top, interval, exposure_s)
        if self.events:
            path = self._path_px(interval)
            for event in self.events:
                event.add(out, left, top, interval, path)
        if self.cosmic_rays_per_cm2_min:
            add_cosmic_rays(out, left, top, interval, self.cosmic_rays_per_cm2_min, self.pixel_size_um, self.size)

    def _expose_optics(
        self,
        out: NDArray[np.float32],
        left: int,
        top: int,
        interval: Interval,
        exposure_s: NDArray[np.float32],
    ) -> None:
        """What comes through the telescope, from memory where it is there."""
        memory = self._memory_for(left, out.shape[1], interval.key)
        rows = slice(top, top + out.shape[0])
        if memory is None:
            self._draw(out, left, top, interval, exposure_s)
        elif memory.drawn[rows].all():
            _scale(out, memory.rate[rows], exposure_s)
        else:
            # Drawn aside and then copied: other threads may be reading these very rows, which never change.
            self._draw(out, left, top, interval, np.ones_like(exposure_s))
            memory.rate[rows] = out
            memory.drawn[rows] = True
            _scale(out, out, exposure_s)

    def _draw(
        self,
        out: NDArray[np.float32],
        left: int,
        top: int,
        interval: Interval,
        factor: NDArray[np.float32],
    ) -> None:
        """Everything that goes through the telescope, per second times `factor` for each row."""
        fill_mosaic(out, left, top, self.background_e_per_s)
        path_x, path_y = self._path_px(interval)
        lowest, highest = float(path_y.min()) - 1, float(path_y.max()) + 1
        for drawing in self._drawings:
            reach = drawing.reach_px
            limits = (top - reach - highest, top + out.shape[0] + reach - lowest)
            first, last = np.searchsorted(drawing.y_px, limits)
            add_stars(
                out,
                left,
                top,
                drawing.x_px[first:last],
                drawing.y_px[first:last],
                drawing.radius_px[first:last],
                drawing.rate[:, first:last],
                self.channel,
                path_x,
                path_y,
                self.image.core,
                self.image.radial,
            )
        x_px = self.projection.crpix[0] - 1 + path_x.mean(axis=1)
        y_px = self.projection.crpix[1] - 1 + path_y.mean(axis=1)
        for glow in self.glows:
            add_glow(
                out,
                left,
                top,
                x_px,
                y_px,
                glow.rate_e_per_s[self.channel].astype(np.float32),
                glow.law,
                glow.radius_px,
                glow.softening_px,
                glow.axis_ratio,
                glow.direction,
                glow.spread_px,
            )
        shade(out, left, top, self.grid, factor)

    def _path_px(self, interval: Interval) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        east, north = self.tracking.path_arcsec(interval.start_ns, interval.stop_ns, self.projection.scale_arcsec)
        (a, b), (c, d) = np.linalg.inv(np.array(self.projection.cd_deg) * 3600)
        return a * east + b * north, c * east + d * north

    def _memory_for(self, left: int, columns: int, key: int) -> _Memory | None:
        """Where the rates of these columns are kept, once they are worth keeping."""
        if not self.tracking.still:
            return None
        memory = self._memory
        if memory is not None and memory.left == left and memory.rate.shape[1] == columns:
            return memory
        with self._lock:
            if key != self._last_key:
                self._last_key, self._frames = key, self._frames + 1
            if self._frames <= FRAMES_BEFORE_REMEMBERING:
                return None
            memory = self._memory
            if memory is None or memory.left != left or memory.rate.shape[1] != columns:
                rows = self.size[0]
                memory = _Memory(left, np.empty((rows, columns), np.float32), np.zeros(rows, np.bool_))
                self._memory = memory
            return memory

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key; see `fullwell.scene.light.BoundScene`.

        Stars whose centre lies outside the effective area are left out. `electrons` are those in the frame
        (vignetted); `illumination` is the share that vignetting and dust have left.
        """
        star_field, (rows, columns) = self.star_field, self.size
        shift_x, shift_y = (
            np.broadcast_to(path.mean(axis=1), len(interval.start_ns)) for path in self._path_px(interval)
        )
        last = len(interval.start_ns) - 1
        own_row = np.clip(np.rint(star_field.y_px + shift_y[last // 2]).astype(np.int64) - top, 0, last)
        x, y = star_field.x_px + shift_x[own_row], star_field.y_px + shift_y[own_row]
        inside = (x > -0.5) & (x < columns - 0.5) & (y > -0.5) & (y < rows - 0.5)
        illumination = at_positions(self.grid, x[inside], y[inside])
        rate = star_field.rate_e_per_s[self.channel].mean(axis=(0, 1))[inside]
        exposure_s = ((interval.stop_ns - interval.start_ns) * 1e-9)[own_row[inside]]
        table = star_table(star_field.stars.where(inside), x[inside], y[inside], illumination, rate * exposure_s)
        happening = [event for event in self.events if isinstance(event, BoundOccultation)]
        occulted = np.array([event.answer(top, interval, shift_x, shift_y) for event in happening], ANSWER)
        return Answers(np.concatenate([table, occulted]), self.effects)


@njit(cache=True, nogil=True)
def _scale(out: NDArray[np.float32], rate: NDArray[np.float32], factor: NDArray[np.float32]) -> None:
    """Each row of `rate` times its factor."""
    for row in range(out.shape[0]):
        f = factor[row]
        for column in range(out.shape[1]):
            out[row, column] = rate[row, column] * f
