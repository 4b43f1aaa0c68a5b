"""A plausible colour for each star whose colour nobody has measured.

Two groups, dwarfs and giants, both redder at faint magnitudes, where cool dwarfs take over. Shares and means were
chosen to look like the colours of the brighter stars of the catalogue (median B-V 0.6, a tail to 1.7): an
assumption.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.keys import key
from fullwell.scene.catalogue import Stars
from fullwell.scene.draws import normal, uniform

_GIANT_SHARE = 0.35


def colours_mag(stars: Stars) -> NDArray[np.float64]:
    """B-V of each star: as catalogued, else drawn by the star's own number."""
    own = stars.identity.view(np.int64)
    redder = np.interp(stars.v_mag, (13.0, 19.0), (0.0, 0.35))
    giant = uniform(key("star colour", "group"), own) < _GIANT_SHARE
    drawn = np.where(giant, 1.15, 0.55) + redder + 0.2 * normal(key("star colour", "spread"), own)
    return np.where(np.isnan(stars.bv_mag), np.clip(drawn, -0.2, 2.0), stars.bv_mag)
