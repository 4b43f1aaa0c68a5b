"""Moonlight in the night sky.

Limits: 8 to 23 %, by the authors' own estimate; even over the field.

References
----------
.. [1] Krisciunas K., Schaefer B. E. 1991, PASP 103, 1033.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fullwell.scene.limits import require_number


@dataclass(frozen=True, slots=True)
class Moon:
    """The moon above the horizon.

    Parameters
    ----------
    illuminated : float
        Lit share of the disc, 0 to 1.
    separation_deg : float, default 60
        From the field, 3 to 180.
    altitude_deg : float, default 45
        Above the horizon, 0 to 90.
    """

    illuminated: float
    separation_deg: float = 60.0
    altitude_deg: float = 45.0

    def __post_init__(self) -> None:
        require_number("illuminated", self.illuminated, 0, 1)
        require_number("separation_deg", self.separation_deg, 3, 180, "deg")
        require_number("altitude_deg", self.altitude_deg, 0, 90, "deg")

    def sky_mag_per_arcsec2(self, airmass: float, extinction_mag: float) -> float:
        """V of the moonlit air towards the field, without the dark sky.

        Parameters
        ----------
        airmass : float
            Of the field.
        extinction_mag : float
            In V per air mass.

        Examples
        --------
        >>> round(Moon(illuminated=1.0).sky_mag_per_arcsec2(1.2, 0.17), 1)
        18.5
        """
        phase_deg = float(np.degrees(np.arccos(2 * self.illuminated - 1)))
        moon = 10 ** (-0.4 * (3.84 + 0.026 * phase_deg + 4e-9 * phase_deg**4))
        rho = self.separation_deg
        scatter = 10**5.36 * (1.06 + np.cos(np.radians(rho)) ** 2) + 10 ** (6.15 - rho / 40)
        moon_air = (1 - 0.96 * np.cos(np.radians(self.altitude_deg)) ** 2) ** -0.5
        through = 10 ** (-0.4 * extinction_mag * moon_air)
        nanolamberts = scatter * moon * through * (1 - 10 ** (-0.4 * extinction_mag * airmass))
        if nanolamberts <= 0:
            return float("inf")
        return float((20.7233 - np.log(nanolamberts / 34.08)) / 0.92104)
