"""How well the mount follows the sky: drift, periodic error, jitter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.scene.limits import require_number

LARGEST_STEP_PX = 0.5
MOST_STEPS = 4000


@dataclass(frozen=True, slots=True)
class Tracking:
    """The error of the mount, as the stars move on the sky relative to the sensor.

    Drift starts from zero with the exposure of each row: a guider centres the field between exposures. Periodic
    error is a sine of absolute time in right ascension. Jitter is faster than any exposure.

    Parameters
    ----------
    drift_east_arcsec_per_s, drift_north_arcsec_per_s : float, default 0
        -30 to 30; the sidereal rate is 15.04.
    periodic_arcsec : float, default 0
        Amplitude of the periodic error, 0 to 120.
    period_s : float, default 480
        One turn of the worm, 1 to 100,000.
    jitter_arcsec : float, default 0
        Standard deviation in each direction, 0 to 10.
    """

    drift_east_arcsec_per_s: float = 0.0
    drift_north_arcsec_per_s: float = 0.0
    periodic_arcsec: float = 0.0
    period_s: float = 480.0
    jitter_arcsec: float = 0.0

    def __post_init__(self) -> None:
        require_number("drift_east_arcsec_per_s", self.drift_east_arcsec_per_s, -30, 30, "arcsec/s")
        require_number("drift_north_arcsec_per_s", self.drift_north_arcsec_per_s, -30, 30, "arcsec/s")
        require_number("periodic_arcsec", self.periodic_arcsec, 0, 120, "arcsec")
        require_number("period_s", self.period_s, 1, 1e5, "s")
        require_number("jitter_arcsec", self.jitter_arcsec, 0, 10, "arcsec")

    @property
    def still(self) -> bool:
        """Whether the stars stand still but for jitter."""
        return not (self.drift_east_arcsec_per_s or self.drift_north_arcsec_per_s or self.periodic_arcsec)

    @property
    def margin_arcsec(self) -> float:
        """How far beyond the edges there must be stars that may drift in: none, as each exposure starts anew."""
        return 0.0

    def in_words(self) -> str:
        """For the answer key."""
        drift = f"{self.drift_east_arcsec_per_s:g}, {self.drift_north_arcsec_per_s:g} arcsec/s east, north"
        periodic = f"periodic {self.periodic_arcsec:g} arcsec in {self.period_s:g} s"
        return f"drift {drift}; {periodic}; jitter {self.jitter_arcsec:g} arcsec"

    def path_arcsec(
        self, start_ns: NDArray[np.int64], stop_ns: NDArray[np.int64], scale_arcsec: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the stars are during the exposures of some rows.

        Parameters
        ----------
        start_ns, stop_ns : ndarray of int64, shape (rows,)
            UTC ns.
        scale_arcsec : float
            Size of a pixel; steps are finer than half of it (up to 4000 steps).

        Returns
        -------
        east_arcsec, north_arcsec : ndarray of float64, shape (rows or 1, steps)
            Displacements of equal weight; one row where all rows have the same.
        """
        if self.still:
            return np.zeros((1, 1)), np.zeros((1, 1))
        if not self.periodic_arcsec and np.ptp(stop_ns - start_ns) == 0:
            start_ns, stop_ns = start_ns[:1], stop_ns[:1]
        exposure_s = (stop_ns - start_ns) * 1e-9
        speed = np.hypot(self.drift_east_arcsec_per_s, self.drift_north_arcsec_per_s)
        speed += 2 * np.pi * self.periodic_arcsec / self.period_s
        length_px = speed * float(exposure_s.max(initial=0.0)) / scale_arcsec
        steps = int(np.clip(np.ceil(length_px / LARGEST_STEP_PX), 1, MOST_STEPS))
        elapsed_s = exposure_s[:, np.newaxis] * ((np.arange(steps) + 0.5) / steps)
        # The phase in whole nanoseconds first: an epoch in float seconds would be too coarse.
        period_ns = round(self.period_s * 1e9)
        turn = ((start_ns % period_ns) / period_ns)[:, np.newaxis] + elapsed_s / self.period_s
        east = self.drift_east_arcsec_per_s * elapsed_s + self.periodic_arcsec * np.sin(2 * np.pi * turn)
        return east, self.drift_north_arcsec_per_s * elapsed_s


STEADY = Tracking()
