"""The oscillator of a camera: how fast its time runs, and where its ticks and lines lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fullwell.readout.rows import RowTiming
from fullwell.scene.limits import require_number

FS_PER_NS: Final = 1_000_000
MOST_PPM: Final = 200.0


@dataclass(frozen=True, slots=True)
class Crystal:
    """An oscillator with a constant error.

    Parameters
    ----------
    ppm : float
        Deviation of its frequency, parts per million, -200 to 200; above 0 it runs fast.

    Raises
    ------
    OutOfRange
        If it is outside.

    Notes
    -----
    Limits: the error does not change with temperature or age. Rows within one frame keep their nominal distance,
    since whole nanoseconds per row do not resolve a few ppm: the last row of a frame is off by as many parts per
    million of the read-out, 2.5 us for 10 ppm and 250 ms.

    Examples
    --------
    >>> Crystal(0.0).next_tick_ns(1_000_001, period_ns=1_000), Crystal(100.0).next_tick_ns(1_000_001, 1_000)
    (1001000, 1000900)
    """

    ppm: float = 0.0

    def __post_init__(self) -> None:
        require_number("oscillator", self.ppm, -MOST_PPM, MOST_PPM, "ppm")

    def next_tick_ns(self, instant_ns: int, period_ns: int) -> int:
        """The first tick at or after an instant, of all that are a period apart since 1970.

        Parameters
        ----------
        instant_ns : int
            UTC.
        period_ns : int
            Nominal, ns.
        """
        period_fs = round(period_ns * FS_PER_NS * self._slowness)
        ticks = (instant_ns - 1) * FS_PER_NS // period_fs + 1
        return -(-ticks * period_fs // FS_PER_NS)

    def paced(self, timing: RowTiming) -> RowTiming:
        """A clockwork as it runs with this oscillator."""
        if self.ppm == 0.0:
            return timing
        return replace(
            timing,
            exposure_ns=round(timing.exposure_ns * self._slowness),
            frame_period_ns=round(timing.frame_period_ns * self._slowness),
            reference_to_row0_end_ns=round(timing.reference_to_row0_end_ns * self._slowness),
        )

    @property
    def _slowness(self) -> float:
        return 1.0 / (1.0 + 1e-6 * self.ppm)
