"""A satellite that crosses the field: each row sees it where it is during the row's own exposure.

Limits: a straight path at constant speed on the tangential plane; a point source; no shadow of the Earth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.scene.limits import require_instant, require_number
from fullwell.scene.occultation import require_place

STEP_PX = 0.5
"""The trail is drawn as points no further apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Satellite:
    """A satellite, one of the `events` of a `fullwell.scene.Sky`.

    Parameters
    ----------
    mid_time_ns : int
        UTC ns since 1970: when it passes the given place.
    speed_arcsec_per_s : float
        Angular speed relative to the stars, 0 to 20,000; low orbits have some 3000, geostationary ones 15.
    position_angle_deg : float, default 90
        Where it goes, from north through east, -360 to 360.
    magnitude : float, default 5
        V, mean over a tumble, -10 to 26.
    bv_mag : float, default 0.65
        Its colour, -0.4 to 3.
    ra_deg, dec_deg : float, optional
        The place, ICRS; the centre of the field by default.
    tumbling_period_s : float, optional
        It flashes: its light follows 1 + depth x cos(2 pi t / period), brightest at the given instant. 1e-3 to
        1e5; steady by default.
    tumbling_depth : float, default 1
        0 to 1.

    Examples
    --------
    >>> Satellite(mid_time_ns=10**18, speed_arcsec_per_s=3000).magnitude
    5.0
    """

    mid_time_ns: int
    speed_arcsec_per_s: float
    position_angle_deg: float = 90.0
    magnitude: float = 5.0
    bv_mag: float = 0.65
    ra_deg: float | None = None
    dec_deg: float | None = None
    tumbling_period_s: float | None = None
    tumbling_depth: float = 1.0

    def __post_init__(self) -> None:
        require_instant("mid_time_ns", self.mid_time_ns)
        require_number("speed_arcsec_per_s", self.speed_arcsec_per_s, 0, 20_000, "arcsec/s")
        require_number("position_angle_deg", self.position_angle_deg, -360, 360, "deg")
        require_number("magnitude", self.magnitude, -10, 26, "mag")
        require_number("bv_mag", self.bv_mag, -0.4, 3, "mag")
        if self.tumbling_period_s is not None:
            require_number("tumbling_period_s", self.tumbling_period_s, 1e-3, 1e5, "s")
        require_number("tumbling_depth", self.tumbling_depth, 0, 1)
        require_place(self.ra_deg, self.dec_deg)

    def velocity_arcsec_per_s(self) -> tuple[float, float]:
        """Speed towards east and north."""
        angle = np.radians(self.position_angle_deg)
        return float(self.speed_arcsec_per_s * np.sin(angle)), float(self.speed_arcsec_per_s * np.cos(angle))

    def in_words(self) -> str:
        """For the answer key."""
        told = f"V {self.magnitude:g}, {self.speed_arcsec_per_s:g} arcsec/s to {self.position_angle_deg:g} deg"
        if self.tumbling_period_s is None:
            return told
        return f"{told}, tumbling in {self.tumbling_period_s:g} s, depth {self.tumbling_depth:g}"


@njit(cache=True, nogil=True, error_model="numpy")
def add_trail(
    out: NDArray[np.float32],
    left: int,
    top: int,
    columns: int,
    start_s: NDArray[np.float64],
    stop_s: NDArray[np.float64],
    place: tuple[float, float],
    velocity: tuple[float, float],
    reach: float,
    rate: NDArray[np.float32],
    tumble_per_s: float,
    depth: float,
    core: NDArray[np.float32],
    radial: NDArray[np.float32],
    radial_steps: int,
) -> None:
    """Add the trail of a moving star to a strip.

    A pixel comes out the same whatever strip it is drawn in: the points of a row's trail depend on that row's
    exposure and the effective area alone.

    Parameters
    ----------
    out : ndarray of float32, shape (rows, columns)
        Added to.
    left, top : int
        Its position in the effective area, px.
    columns : int
        Of the effective area.
    start_s, stop_s : ndarray of float64, shape (rows,)
        Exposure of each row, from the instant at which it is at `place`.
    place, velocity : tuple of float
        x, y, 0-based px of the effective area, and px/s.
    reach : float
        Radius of the image, px.
    rate : ndarray of float32, shape (2, 2)
        Electrons per second by parity of row and column.
    tumble_per_s, depth : float
        Angular frequency (rad/s, 0 = steady) and depth of its flashes.
    core, radial : ndarray of float32
    radial_steps : int
        See `fullwell.scene.seeing.StarImage`.
    """
    speed = np.hypot(velocity[0], velocity[1])
    steps, half = core.shape[0] - 1, core.shape[2] // 2 - 1
    for row in range(out.shape[0]):
        begin, end = _meeting(start_s[row], stop_s[row], place[1] - (top + row), velocity[1], -reach, reach)
        begin, end = _meeting(begin, end, place[0], velocity[0], -reach, columns + reach)
        if end <= begin:
            continue
        points = max(1, int(np.ceil(speed * (end - begin) / STEP_PX)))
        step_s = (end - begin) / points
        for point in range(points):
            first = begin + point * step_s
            light_s = step_s
            if tumble_per_s > 0:
                last = first + step_s
                light_s += depth / tumble_per_s * (np.sin(tumble_per_s * last) - np.sin(tumble_per_s * first))
            middle = first + step_s / 2
            x, y = place[0] + velocity[0] * middle, place[1] + velocity[1] * middle
            dy = top + row - y
            chord = np.sqrt(max(reach * reach - dy * dy, 0.0))
            whole_x, whole_y = int(np.floor(x)), int(np.floor(y))
            q, p = int((x - whole_x) * steps), int((y - whole_y) * steps)
            fx, fy = (x - whole_x) * steps - q, (y - whole_y) * steps - p
            i = top + row - whole_y + half
            for column in range(
                max(0, int(np.ceil(x - chord)) - left), min(out.shape[1], int(np.floor(x + chord)) + 1 - left)
            ):
                j = left + column - whole_x + half
                if 0 <= i < core.shape[2] and 0 <= j < core.shape[3]:
                    share = (1 - fy) * ((1 - fx) * core[p, q, i, j] + fx * core[p, q + 1, i, j])
                    share += fy * ((1 - fx) * core[p + 1, q, i, j] + fx * core[p + 1, q + 1, i, j])
                else:
                    fine = np.hypot(left + column - x, dy) * radial_steps
                    n = int(fine)
                    share = radial[n] + (radial[n + 1] - radial[n]) * (fine - n)
                out[row, column] += share * light_s * rate[(top + row) & 1, (left + column) & 1]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _meeting(
    start: float, stop: float, offset: float, velocity: float, low: float, high: float
) -> tuple[float, float]:
    """The part of a time span in which offset + velocity x time lies between two limits."""
    if velocity == 0:
        return (start, stop) if low <= offset <= high else (0.0, 0.0)
    one, other = (low - offset) / velocity, (high - offset) / velocity
    return max(start, min(one, other)), min(stop, max(one, other))
