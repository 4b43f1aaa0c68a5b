"""The instants of an occultation from a light curve: maximum likelihood, with their errors.

The light of frame k is low + (full - low) s_k, where s_k is the mean, over the exposure of the star's own
rows, of a curve that falls at the disappearance D and rises at the reappearance R. Its noise is that of the
star's own photons and of everything else in the aperture. D, R and both levels are sought where the likelihood
L is largest. Where D or R falls near the end of an exposure, L is no Gaussian: it has a kink there and often two
hills. So the instant that is told is the centre of gravity of L over D (or R), levels fitted for each, and the
error its standard deviation; where L is a Gaussian these are its top and the bound of Cramer and Rao.

Limits: both edges alike and independent of each other, with at least one frame between them; constant
transparency of the sky (divide by a comparison star first where it is not).

References
----------
.. [1] Rao C. R. 1973, Linear Statistical Inference, 5a (information and the bound on the error).
.. [2] Roques F., Moncuquet M., Sicardy B. 1987, AJ 93, 1549 (edges with diffraction).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.measure.aperture import Aperture
from fullwell.measure.estimate import Estimate
from fullwell.scene.diffraction import REACH, STEPS_PER_SCALE, fresnel_scale_km, shadow_profile
from fullwell.scene.light_curve import LightCurve
from fullwell.scene.occultation import covered_share

Points = NDArray[np.float64]

LEAST_SIGNIFICANCE = 5.0
_GRID = 64
_PLACES = 801
_WIDE = 10.0
_ROUNDS = 10
_FINEST = 1e-5  # of a frame period
_LARGE_KM = 1e7  # a body whose limb is straight


@dataclass(frozen=True, eq=False)
class StarLight:
    """The light of a star, frame by frame.

    Attributes
    ----------
    start_ns, stop_ns : ndarray of int64, shape (frames,)
        UTC ns: exposure of the star's rows, not of the frame.
    flux_e : ndarray of float64, shape (frames,)
        Electrons.
    background_e2 : ndarray of float64, shape (frames,)
        Variance of the flux without the star's own photons: sky, dark current, read noise, the sky taken off.
    """

    start_ns: NDArray[np.int64]
    stop_ns: NDArray[np.int64]
    flux_e: Points
    background_e2: Points


def star_light(
    boxes: NDArray[np.generic],
    aperture: Aperture,
    start_ns: NDArray[np.int64],
    stop_ns: NDArray[np.int64],
    e_per_dn: float,
) -> StarLight:
    """The light of a star from its surroundings in many frames.

    The noise of sky and read-out is measured: how the pixels of the ring change from frame to frame.

    Parameters
    ----------
    boxes : ndarray, shape (frames, rows, columns)
        The pixels of ``aperture.box`` in each frame, DN.
    aperture : Aperture
    start_ns, stop_ns : ndarray of int64, shape (frames,)
        UTC ns: exposure of the star's rows.
    e_per_dn : float
        System gain.
    """
    found = [aperture.measure_box(box) for box in boxes]
    ring = boxes[:, aperture.ring()].astype(np.float64)
    variance_dn2 = np.diff(ring, axis=0).var(axis=0) / 2
    quiet = variance_dn2 < 9 * np.median(variance_dn2)  # no cosmic rays, no telegraph pixels
    background_e2 = found[0].noise_pixels * float(variance_dn2[quiet].mean()) * e_per_dn**2
    flux_e = np.array([light.flux for light in found]) * e_per_dn
    return StarLight(start_ns, stop_ns, flux_e, np.full(len(found), background_e2))


@dataclass(frozen=True, slots=True)
class Occulted:
    """When a star was gone.

    Attributes
    ----------
    epoch_ns : int
        UTC ns from which the instants are counted: the start of the first frame.
    disappearance_s, reappearance_s : Estimate
        Instants, s after the epoch: where the star's centre meets the limb.
    full_e, low_e : float
        Electrons per frame outside and inside.
    significance : float
        Depth over its error.
    chi_square : float
        Of the frames about the curve.
    degrees : int
        Of freedom.
    """

    epoch_ns: int
    disappearance_s: Estimate
    reappearance_s: Estimate
    full_e: float
    low_e: float
    significance: float
    chi_square: float
    degrees: int

    @property
    def disappearance_ns(self) -> int:
        """UTC ns."""
        return self.epoch_ns + round(self.disappearance_s.value * 1e9)

    @property
    def reappearance_ns(self) -> int:
        """UTC ns."""
        return self.epoch_ns + round(self.reappearance_s.value * 1e9)


def sharp_edge() -> LightCurve:
    """A star that is there and, an instant later, not."""
    return LightCurve(0, np.zeros(2), np.array([1.0, 0.0]))


def soft_edge(
    speed_km_s: float,
    distance_au: float,
    star_diameter_mas: float = 0.0,
    wavelength_nm: Points | None = None,
) -> LightCurve:
    """A star that fades behind a straight limb, from light to dark; time 0 is its centre at the limb.

    Parameters
    ----------
    speed_km_s : float
        Of the shadow's edge, at right angles to it.
    distance_au : float
        Of the body.
    star_diameter_mas : float
        Of the star's even disc.
    wavelength_nm : ndarray of float64, optional
        Wavelengths of equal weight, for diffraction; none without.
    """
    star_km = np.radians(star_diameter_mas / 3.6e6) / 2 * distance_au * 149_597_870.7
    if wavelength_nm is None:
        if star_km == 0:
            return sharp_edge()
        inside_km = np.linspace(-1, 1, 401) * star_km
        return LightCurve(0, inside_km / speed_km_s, 1 - covered_share(star_km, _LARGE_KM, _LARGE_KM - inside_km))
    scale_km = fresnel_scale_km(float(wavelength_nm.max()), distance_au)
    step_km = fresnel_scale_km(float(wavelength_nm.min()), distance_au) / STEPS_PER_SCALE
    reach_km = REACH * scale_km + star_km
    inside_km = np.linspace(-reach_km, reach_km, int(2 * reach_km / step_km) + 2)
    light = shadow_profile(_LARGE_KM, distance_au, wavelength_nm, _LARGE_KM - inside_km)
    if star_km > 0:
        light = _smeared(light, star_km / (inside_km[1] - inside_km[0]))
    light[[0, -1]] = 1.0, 0.0
    return LightCurve(0, inside_km / speed_km_s, light)


def _smeared(light: Points, radius: float) -> Points:
    """Mean over an even disc of so many steps' radius: its strips are as long as the chords."""
    reach = int(np.ceil(radius))
    edges = np.clip((np.arange(-reach - 1, reach + 1) + 0.5) / radius, -1, 1)
    area = (edges * np.sqrt(1 - edges**2) + np.arcsin(edges)) / np.pi
    padded = np.pad(light, reach, mode="edge")
    return np.convolve(padded, np.diff(area), mode="valid")


def fit_occultation(light: StarLight, edge: LightCurve | None = None) -> Occulted:
    """Find disappearance and reappearance.

    Parameters
    ----------
    light : StarLight
        At least six frames in order of time, with at least one inside and two outside.
    edge : LightCurve, optional
        From 1 to 0 at time 0; a sharp one by default. See `soft_edge`.

    Returns
    -------
    Occulted

    Raises
    ------
    InvalidValue
        If there are too few frames, or no occultation in them.
    """
    if len(light.flux_e) < 6 or not np.all(np.diff(light.start_ns) > 0):
        raise InvalidValue(
            f"{len(light.flux_e)} frames are too few or not in order of time.", "Give six or more, in order."
        )
    fit = _Fit(light, sharp_edge() if edge is None else edge)
    begin, end = fit.settled()
    full, low = (float(level[0]) for level in fit.levels(np.array([begin]), np.array([end])))
    depth_error = fit.depth_error(begin, end)
    if not full - low > LEAST_SIGNIFICANCE * depth_error or end <= begin:
        raise InvalidValue(
            f"no occultation stands out of the noise: the depth is {full - low:.0f} +- {depth_error:.0f} e-.",
            "Check the place of the star, or sum frames.",
        )
    return Occulted(
        epoch_ns=int(light.start_ns[0]),
        disappearance_s=_gravity(lambda there: fit.cost(there, np.array([end])), begin, fit.period_s),
        reappearance_s=_gravity(lambda there: fit.cost(np.array([begin]), there), end, fit.period_s),
        full_e=full,
        low_e=low,
        significance=(full - low) / depth_error,
        chi_square=fit.chi_square(begin, end),
        degrees=len(light.flux_e) - 4,
    )


def expected_light(light: StarLight, found: Occulted, edge: LightCurve | None = None) -> Points:
    """What a fit makes of each frame, electrons."""
    fit = _Fit(light, sharp_edge() if edge is None else edge)
    share = fit.share(np.array([found.disappearance_s.value]), np.array([found.reappearance_s.value]))[0]
    return np.asarray(found.low_e + (found.full_e - found.low_e) * share)


class _Fit:
    """The likelihood of one light curve; instants are arrays, one likelihood each."""

    def __init__(self, light: StarLight, edge: LightCurve) -> None:
        epoch_ns = light.start_ns[0]
        self.start_s, self.stop_s = ((instant - epoch_ns) * 1e-9 for instant in (light.start_ns, light.stop_ns))
        self.flux, self.background = light.flux_e, light.background_e2
        self.edge = edge
        self.period_s = float(np.median(np.diff(self.start_s)))
        self.finest_s = _FINEST * self.period_s
        self.width_s = float(np.ptp(edge.time_s)) / 2
        self.variance = self.background + max(float(self.flux.mean()), 0.0)

    def settled(self) -> tuple[float, float]:
        """Disappearance and reappearance of the largest likelihood."""
        first, last = self.box()
        begin, end = float(self.start_s[first]), float(self.stop_s[last])
        reach = 2 * self.period_s + self.width_s
        for _ in range(_ROUNDS):
            before = begin, end
            self.weigh(begin, end)
            begin = _lowest(partial(self.cost, end_s=np.array([end])), begin, reach, self.finest_s)
            end = _lowest(partial(self.cost, np.array([begin])), end, reach, self.finest_s)
            if max(abs(begin - before[0]), abs(end - before[1])) < 2 * self.finest_s:
                break
        return begin, end

    def box(self) -> tuple[int, int]:
        """First and last frame of the run of frames that is darkest against the rest, one left on each side."""
        count = len(self.flux)
        total = np.concatenate([[0.0], np.cumsum(self.flux)])
        first, last = np.triu_indices(count)
        allowed = (first >= 1) & (last <= count - 2)
        first, last = first[allowed], last[allowed]
        inside = last - first + 1
        dark = (total[last + 1] - total[first]) / inside
        light = (total[-1] - total[last + 1] + total[first]) / (count - inside)
        gain = np.where(light > dark, (light - dark) ** 2 * inside * (count - inside), 0.0)
        chosen = int(gain.argmax())
        return int(first[chosen]), int(last[chosen])

    def share(self, begin_s: Points, end_s: Points) -> Points:
        """Share of the star's light in each frame (columns) for pairs of instants (rows)."""
        begin, end = begin_s[:, np.newaxis], end_s[:, np.newaxis]
        falling = self.edge.mean_from(self.start_s - begin, self.stop_s - begin)
        return np.asarray(falling + self.edge.mean_from(end - self.stop_s, end - self.start_s))

    def weigh(self, begin_s: float, end_s: float) -> None:
        """Take the star's own noise from the curve, not from each frame: that would favour the dark ones."""
        begin, end = np.array([begin_s]), np.array([end_s])
        full, low = self.levels(begin, end)
        self.variance = self.background + np.maximum(low + (full - low) * self.share(begin, end)[0], 0.0)

    def levels(self, begin_s: Points, end_s: Points) -> tuple[Points, Points]:
        """Both levels that fit best."""
        share, (a, b, c) = self._sums(begin_s, end_s)
        p = (share * (self.flux / self.variance)).sum(axis=1)
        q = ((1 - share) * (self.flux / self.variance)).sum(axis=1)
        determinant = a * c - b * b
        sound = determinant > 1e-9 * (a + c) ** 2
        divisor, level = np.where(sound, determinant, 1.0), (p + q) / (a + 2 * b + c)
        return np.where(sound, (c * p - b * q) / divisor, level), np.where(
            sound, (a * q - b * p) / divisor, level
        )

    def depth_error(self, begin_s: float, end_s: float) -> float:
        """Standard error of the difference of the levels."""
        _, (a, b, c) = self._sums(np.array([begin_s]), np.array([end_s]))
        determinant = float((a * c - b * b)[0])
        return float(np.sqrt((a + c + 2 * b)[0] / determinant)) if determinant > 0 else float("inf")

    def cost(self, begin_s: Points, end_s: Points) -> Points:
        """-ln L, levels fitted."""
        expected = self._expected(begin_s, end_s)
        variance = self.background + np.maximum(expected, 0.0)
        return np.asarray(((self.flux - expected) ** 2 / variance + np.log(variance)).sum(axis=1) / 2)

    def chi_square(self, begin_s: float, end_s: float) -> float:
        """Squared residuals over their variances."""
        expected = self._expected(np.array([begin_s]), np.array([end_s]))[0]
        return float(((self.flux - expected) ** 2 / (self.background + np.maximum(expected, 0.0))).sum())

    def _expected(self, begin_s: Points, end_s: Points) -> Points:
        full, low = (level[:, np.newaxis] for level in self.levels(begin_s, end_s))
        return np.asarray(low + (full - low) * self.share(begin_s, end_s))

    def _sums(self, begin_s: Points, end_s: Points) -> tuple[Points, tuple[Points, Points, Points]]:
        share, weight = self.share(begin_s, end_s), 1 / self.variance
        a, b = (weight * share**2).sum(axis=1), (weight * share * (1 - share)).sum(axis=1)
        return share, (a, b, (weight * (1 - share) ** 2).sum(axis=1))


def _lowest(cost: Callable[[Points], Points], near_s: float, reach_s: float, finest_s: float) -> float:
    """Where the cost is lowest within a reach: grids ever finer, as it may have kinks and several hollows."""
    while True:
        grid = np.linspace(near_s - reach_s, near_s + reach_s, _GRID + 1)
        near_s, step_s = float(grid[int(cost(grid).argmin())]), float(grid[1] - grid[0])
        if step_s < finest_s:
            return near_s
        reach_s = 2 * step_s


def _gravity(cost: Callable[[Points], Points], best_s: float, period_s: float) -> Estimate:
    """Centre of gravity and standard deviation of exp(-cost) round its top, on a grid as wide as need be."""
    reach_s = 3 * period_s
    while True:
        place = np.linspace(best_s - reach_s, best_s + reach_s, _PLACES)
        weight = np.exp(cost(np.array([best_s]))[0] - cost(place))
        weight /= weight.sum()
        middle_s = float((weight * place).sum())
        spread_s = float(np.sqrt((weight * (place - middle_s) ** 2).sum()))
        if reach_s < 2 * _WIDE * spread_s or spread_s == 0:
            return Estimate(middle_s, max(spread_s, float(place[1] - place[0])))
        reach_s = max(_WIDE * spread_s, reach_s / 20)
