"""The telescope in front of the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fullwell.scene.limits import require_number, require_whole_number

GRID_STEP_PX = 8  # of the map of illumination


@dataclass(frozen=True, slots=True)
class Optics:
    """A telescope, as far as the light on the sensor depends on it.

    Parameters
    ----------
    focal_length_mm : float
        1 to 100,000.
    aperture_mm : float
        Diameter of the entrance pupil, 1 to 50,000.
    obstruction : float, default 0
        Diameter of the central obstruction in units of the aperture, 0 to 0.9.
    transmission : float, default 0.9
        Share of light that mirrors, lenses and window let through, 0 to 1.
    image_circle_mm : float, default 20
        Diameter of the circle that the whole aperture lights, 1 to 10,000; beyond it baffles cut in.
    dust : int, default 8
        Specks of dust on filter and sensor window, 0 to 1000.
    """

    focal_length_mm: float
    aperture_mm: float
    obstruction: float = 0.0
    transmission: float = 0.9
    image_circle_mm: float = 20.0
    dust: int = 8

    def __post_init__(self) -> None:
        require_number("focal_length_mm", self.focal_length_mm, 1, 1e5, "mm")
        require_number("aperture_mm", self.aperture_mm, 1, 5e4, "mm")
        require_number("obstruction", self.obstruction, 0, 0.9)
        require_number("transmission", self.transmission, 0, 1)
        require_number("image_circle_mm", self.image_circle_mm, 1, 1e4, "mm")
        require_whole_number("dust", self.dust, 0, 1000)

    @property
    def area_cm2(self) -> float:
        """Clear area of the aperture."""
        return float(np.pi / 4 * (self.aperture_mm / 10) ** 2 * (1 - self.obstruction**2))

    @property
    def focal_ratio(self) -> float:
        """Focal length over aperture."""
        return self.focal_length_mm / self.aperture_mm
