"""A scene behind a window with dew on it, and with frost on the sensor.

Drops throw light out of its way. What they leave is dimmer; what they scatter comes down again as halos about
bright stars and as a veil over all. Frost on the sensor itself lies too near to blur far: it dims in patches.

Limits: one veil for all wavelengths; beyond the field it is taken to be as bright as at its edge; drops do not
run off; the patches of frost lie still. How much surface a film of water covers and how far it scatters are rough
figures, good for programs that watch for dew, not for measuring it.

References
----------
.. [1] D. Beysens, "The formation of dew", Atmospheric Research 39 (1995) 215: drops grow and merge so that they
   come to cover 55 % of a surface, and stay at that.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.models.facts import Geometry
from fullwell.scene.light import Answers, BoundScene, Interval, Pointing

__all__ = ["Mist", "Misted"]

STEP_PX: Final = 32
"""Distance of the nodes of the maps."""

DROPS_COVER: Final = 0.55
"""Share of a surface that grown dew covers [1]_."""

NOTICED_UM: Final = 0.01
"""Films thinner than this are taken for none."""

DROPS_GROWN_UM: Final = 3.0
"""Mean thickness of water at which drops have come to 63 % of that (assumed)."""

FROST_GROWN_UM: Final = 8.0
"""Mean thickness of ice water at which frost takes 63 % of the light (assumed)."""

SENT_ON: Final = 0.9
"""Share of the light thrown out of its way that still goes forward (assumed)."""

REFRACTED_DEG: Final = 12.0
"""How far drops throw the light that they refract, standard deviation (assumed)."""

DIFFRACTED_DEG: Final = 1.5
"""How far they throw what passes their edges: about the wavelength over their size, here 20 um."""

DIFFRACTED_SHARE: Final = 0.5
"""Of the light that goes forward (assumed): the halo about bright stars; the rest is a veil over all."""

WINDOW_DISTANCE_MM: Final = 12.0
"""From the window to the sensor (assumed)."""

PATCH_PX: Final = 96.0
"""Size of patches of frost: crystals blurred by the beam between them and the pixels (assumed)."""

PATCHINESS: Final = 0.5
"""How much thicker or thinner frost is from patch to patch, standard deviation of its logarithm (assumed)."""


@dataclass(frozen=True, slots=True)
class Mist:
    """Films of water in the way of light, as mean thickness of liquid water, um.

    Attributes
    ----------
    window_um, window_inner_um : float
        On the outer and inner side of the window, 0 or more.
    sensor_um : float
        On the sensor, 0 or more.
    """

    window_um: float = 0.0
    window_inner_um: float = 0.0
    sensor_um: float = 0.0

    def __bool__(self) -> bool:
        """Whether there is enough to be seen: some film of 0.01 um, which takes 0.2 % of the light."""
        return max(self.window_um, self.window_inner_um, self.sensor_um) > NOTICED_UM

    @property
    def window_passes(self) -> float:
        """Share of the light that comes through the window undisturbed, 0 to 1."""
        drops_um = np.array([self.window_um, self.window_inner_um])
        return float(np.prod(1.0 - DROPS_COVER * -np.expm1(-drops_um / DROPS_GROWN_UM)))

    def effects(self) -> Mapping[str, str]:
        """What it does, in words with units."""
        words = {}
        if self.window_passes < 1.0:
            words["dew"] = (
                f"{self.window_um:.3g} um on the window, {self.window_inner_um:.3g} um on its inside: "
                f"{100 * self.window_passes:.1f} % of the light undisturbed"
            )
        if self.sensor_um > 0:
            words["frost"] = f"{self.sensor_um:.3g} um of water on the sensor"
        return words


class Misted:
    """A bound scene as it looks through films of water, in one frame (`fullwell.scene.light.BoundScene`).

    Parameters
    ----------
    light : BoundScene
        Without them.
    geometry : Geometry
        Of the sensor.
    mist : Mist
    seed : int
        Of the body: where its frost grows.
    top : int
        Row of the effective area that the first of `rows` belongs to, unbinned px.
    rows : Interval
        The exposures of all rows of the frame. Rows that are not read scatter as the nearest that is.
    """

    def __init__(
        self, light: BoundScene, geometry: Geometry, mist: Mist, seed: int, top: int, rows: Interval
    ) -> None:
        self._light, self._geometry, self._mist = light, geometry, mist
        self._top, self._rows = top, rows
        self._making = threading.Lock()
        self._passes = (_frost(geometry, mist, seed) * np.float32(mist.window_passes)).astype(np.float32)
        self._veil: NDArray[np.float32] | None = None

    @property
    def pointing(self) -> Pointing:
        """See `BoundScene.pointing`."""
        return self._light.pointing

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """See `BoundScene.expose`."""
        self._light.expose(out, left, top, interval)
        _through(out, left, top, self._passes, self._find_veil())

    def answers(self, top: int, interval: Interval) -> Answers:
        """See `BoundScene.answers`. What stars lose stands in their electrons; the veil is nobody's."""
        clear = self._light.answers(top, interval)
        stars = clear.stars
        if stars is not None:
            stars = stars.copy()
            rows, columns = (np.rint(stars[name]).astype(np.int64) for name in ("y_px", "x_px"))
            shares = self._passes[rows // STEP_PX, columns // STEP_PX]
            for name in ("electrons", "illumination"):
                stars[name] *= shares
        return replace(clear, stars=stars, effects={**clear.effects, **self._mist.effects()})

    def _find_veil(self) -> NDArray[np.float32]:
        with self._making:
            if self._veil is None:
                self._veil = self._scattered()
            return self._veil

    def _scattered(self) -> NDArray[np.float32]:
        """Electrons per pixel that the window throws on the sensor, at the nodes."""
        thrown = (1.0 - self._mist.window_passes) * SENT_ON
        if thrown == 0.0:
            return np.zeros_like(self._passes)
        distance_px = 1e3 * WINDOW_DISTANCE_MM / self._geometry.pixel_size_um
        means = self._means()
        halo, veil = (
            _blurred(means, distance_px * math.tan(math.radians(angle_deg)))
            for angle_deg in (DIFFRACTED_DEG, REFRACTED_DEG)
        )
        frost = self._passes / np.float32(self._mist.window_passes)
        spread = DIFFRACTED_SHARE * halo + (1.0 - DIFFRACTED_SHARE) * veil
        return np.asarray(thrown * spread * frost, dtype=np.float32)

    def _means(self) -> NDArray[np.float64]:
        """Mean light of each field of STEP_PX x STEP_PX of the effective area."""
        area = self._geometry.effective
        across = -(-area.width // STEP_PX)
        means = np.empty((-(-area.height // STEP_PX), across))
        starts = np.arange(across) * STEP_PX
        widths = np.minimum(STEP_PX, area.width - starts)
        for field in range(means.shape[0]):
            first = field * STEP_PX
            rows = np.arange(first, min(first + STEP_PX, area.height))
            near = np.clip(rows - self._top, 0, len(self._rows.start_ns) - 1)
            strip = np.empty((len(rows), area.width), np.float32)
            interval = Interval(self._rows.start_ns[near], self._rows.stop_ns[near], self._rows.key)
            self._light.expose(strip, 0, first, interval)
            sums = np.add.reduceat(strip.sum(axis=0, dtype=np.float64), starts)
            means[field] = sums / (widths * len(rows))
        return means


def _frost(geometry: Geometry, mist: Mist, seed: int) -> NDArray[np.float32]:
    """Share of the light that frost on the sensor lets through, at the nodes."""
    area = geometry.effective
    shape = (-(-area.height // STEP_PX) + 1, -(-area.width // STEP_PX) + 1)
    if mist.sensor_um == 0.0:
        return np.ones(shape, np.float32)
    white = np.random.default_rng(seed).standard_normal((shape[0] - 1, shape[1] - 1))
    patches = _blurred(white, PATCH_PX)
    patches *= PATCHINESS / patches.std()
    thickness_um = mist.sensor_um * np.exp(patches - PATCHINESS**2 / 2)
    return np.exp(-thickness_um / FROST_GROWN_UM).astype(np.float32)


def _blurred(fields: NDArray[np.float64], spread_px: float) -> NDArray[np.float64]:
    """Values of fields, spread by a Gaussian, at the nodes round them: one more than fields each way.

    What lies beyond the edge is taken to be like what lies near it.
    """

    def spreading(count: int) -> NDArray[np.float64]:
        nodes, centres = np.arange(count + 1), np.arange(count) + 0.5
        deviation = (nodes[:, np.newaxis] - centres) * STEP_PX / spread_px
        weights = np.exp(-(deviation**2) / 2)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    rows, columns = fields.shape
    return np.asarray(spreading(rows) @ fields @ spreading(columns).T)


@njit(cache=True, nogil=True)
def _through(
    out: NDArray[np.float32], left: int, top: int, passes: NDArray[np.float32], veil: NDArray[np.float32]
) -> None:
    """What is left of a strip's light, and the veil over it; between the nodes along straight lines.

    The result is the same to the bit however the area is cut into strips.
    """
    step = np.float32(1.0 / STEP_PX)
    for i in range(out.shape[0]):
        above, down = divmod(top + i, STEP_PX)
        v = np.float32(down) * step
        for j in range(out.shape[1]):
            before, along = divmod(left + j, STEP_PX)
            u = np.float32(along) * step
            share = _between(passes, above, before, v, u)
            out[i, j] = out[i, j] * share + _between(veil, above, before, v, u)


@njit(cache=True, nogil=True)
def _between(grid: NDArray[np.float32], i: int, j: int, v: np.float32, u: np.float32) -> np.float32:
    upper = grid[i, j] + (grid[i, j + 1] - grid[i, j]) * u
    lower = grid[i + 1, j] + (grid[i + 1, j + 1] - grid[i + 1, j]) * u
    return np.float32(upper + (lower - upper) * v)
