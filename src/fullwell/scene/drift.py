"""A mount that does not follow the sky at all, or at a wrong rate: the field drifts through the frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.scene.limits import require_instant, require_number
from fullwell.scene.tracking import LARGEST_STEP_PX, MOST_STEPS

SIDEREAL_ARCSEC_PER_S = 15.041_07


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A steady drift of the field, counted from one instant: the `tracking` of a `fullwell.scene.Sky`.

    Unlike the drift of `fullwell.scene.Tracking`, which starts anew with each exposure, it goes on from frame to
    frame and from row to row. Limits: the sky does not turn, and the line of sight in file headers is that of the
    epoch.

    Parameters
    ----------
    epoch_ns : int
        UTC ns since 1970: when the centre of the field is where the `Sky` says.
    east_arcsec_per_s, north_arcsec_per_s : float, default 0
        How the stars move relative to the sensor, -100 to 100.
    span_s : float, default 60
        How long before and after the epoch there are stars beyond the edges to drift in, 0 to 3600.
    jitter_arcsec : float, default 0
        Standard deviation in each direction, 0 to 10.

    Examples
    --------
    >>> parked = Drift.untracked(dec_deg=60, epoch_ns=10**18)
    >>> round(parked.east_arcsec_per_s, 3)
    -7.521
    """

    epoch_ns: int
    east_arcsec_per_s: float = 0.0
    north_arcsec_per_s: float = 0.0
    span_s: float = 60.0
    jitter_arcsec: float = 0.0

    def __post_init__(self) -> None:
        require_instant("epoch_ns", self.epoch_ns)
        require_number("east_arcsec_per_s", self.east_arcsec_per_s, -100, 100, "arcsec/s")
        require_number("north_arcsec_per_s", self.north_arcsec_per_s, -100, 100, "arcsec/s")
        require_number("span_s", self.span_s, 0, 3600, "s")
        require_number("jitter_arcsec", self.jitter_arcsec, 0, 10, "arcsec")

    @classmethod
    def untracked(cls, dec_deg: float, epoch_ns: int, span_s: float = 60.0) -> Drift:
        """The drift of a telescope that stands still, at some declination."""
        require_number("dec_deg", dec_deg, -90, 90, "deg")
        west_arcsec_per_s = SIDEREAL_ARCSEC_PER_S * float(np.cos(np.radians(dec_deg)))
        return cls(epoch_ns=epoch_ns, east_arcsec_per_s=-west_arcsec_per_s, span_s=span_s)

    @property
    def speed_arcsec_per_s(self) -> float:
        """How fast."""
        return float(np.hypot(self.east_arcsec_per_s, self.north_arcsec_per_s))

    @property
    def still(self) -> bool:
        """Whether the stars stand still but for jitter."""
        return self.speed_arcsec_per_s == 0

    @property
    def margin_arcsec(self) -> float:
        """How far stars drift within the span."""
        return self.speed_arcsec_per_s * self.span_s

    def in_words(self) -> str:
        """For the answer key."""
        rates = f"{self.east_arcsec_per_s:g}, {self.north_arcsec_per_s:g} arcsec/s east, north"
        return f"drift {rates} from {self.epoch_ns} ns on; jitter {self.jitter_arcsec:g} arcsec"

    def path_arcsec(
        self, start_ns: NDArray[np.int64], stop_ns: NDArray[np.int64], scale_arcsec: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the stars are during the exposures of some rows; see `fullwell.scene.tracking.Tracking`."""
        since_s, exposure_s = (start_ns - self.epoch_ns) * 1e-9, (stop_ns - start_ns) * 1e-9
        length_px = self.speed_arcsec_per_s * float(exposure_s.max(initial=0.0)) / scale_arcsec
        steps = int(np.clip(np.ceil(length_px / LARGEST_STEP_PX), 1, MOST_STEPS))
        elapsed_s = since_s[:, np.newaxis] + exposure_s[:, np.newaxis] * ((np.arange(steps) + 0.5) / steps)
        return self.east_arcsec_per_s * elapsed_s, self.north_arcsec_per_s * elapsed_s
