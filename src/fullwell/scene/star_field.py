"""The stars of a field on a sensor, and how they stand in an answer key."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.scene.catalogue import SOURCES, Stars

ANSWER = np.dtype(
    [
        ("x_px", "f8"),
        ("y_px", "f8"),
        ("ra_deg", "f8"),
        ("dec_deg", "f8"),
        ("magnitude", "f4"),
        ("bv_mag", "f4"),
        ("electrons", "f8"),
        ("illumination", "f4"),
        ("source", "U8"),
    ]
)


@dataclass(frozen=True, eq=False)
class StarField:
    """Stars on the sensor.

    Attributes
    ----------
    stars : Stars
        Those whose image reaches the sensor.
    x_px, y_px : ndarray of float64
        Where, 0-based pixel centres of the effective area; ascending in y.
    radius_px : ndarray of float64
        How far each image is drawn.
    rate_e_per_s : ndarray of float64, shape (channels, stars)
        Electrons per second of the whole image by colour channel.
    """

    stars: Stars
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    radius_px: NDArray[np.float64]
    rate_e_per_s: NDArray[np.float64]

    def brightest_near(self, x_px: float, y_px: float, within_px: float) -> int | None:
        """Index of the star with the most light within a distance; None if there is none."""
        near = np.flatnonzero(np.hypot(self.x_px - x_px, self.y_px - y_px) <= within_px)
        return int(near[np.argmax(self.rate_e_per_s.sum(axis=0)[near])]) if len(near) else None

    def without(self, indices: list[int]) -> StarField:
        """The field without some of its stars."""
        kept = np.ones(len(self.stars), np.bool_)
        kept[indices] = False
        return StarField(
            self.stars.where(kept),
            self.x_px[kept],
            self.y_px[kept],
            self.radius_px[kept],
            self.rate_e_per_s[:, kept],
        )


def star_table(
    stars: Stars,
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    illumination: NDArray[np.float64],
    sent_e: NDArray[np.float64],
) -> NDArray[np.void]:
    """Stars for an answer key; `sent_e` are their electrons before vignetting."""
    table = np.empty(len(stars), ANSWER)
    table["x_px"], table["y_px"] = x_px, y_px
    table["ra_deg"], table["dec_deg"] = stars.ra_deg, stars.dec_deg
    table["magnitude"], table["bv_mag"] = stars.v_mag, stars.bv_mag
    table["illumination"] = illumination
    table["electrons"] = sent_e * table["illumination"]
    table["source"] = np.array(SOURCES)[stars.source]
    return table
