"""Pack the star catalogue that ships with the scenes: ``python tools/pack_stars.py stars.npz``.

Reads arrays ra, dec (fractions of 2^32 of a turn and of half a turn), vmag, bv (millimagnitudes) and src; writes
``src/fullwell/scene/tycho2.npz`` in the form that `fullwell.scene.catalogue` explains.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TARGET = Path(__file__).parents[1] / "src" / "fullwell" / "scene" / "tycho2.npz"
UNITS_PER_TURN = 2**26
COLOUR_UNKNOWN = -32768


def byte_planes(column: NDArray[np.generic]) -> NDArray[np.uint8]:
    """The bytes of a column, least significant plane first, which compress better apart."""
    return column.view(np.uint8).reshape(len(column), -1).T


def pack(source: Path) -> dict[str, NDArray[np.uint8]]:
    """The 180 zones of one degree of declination, each sorted by right ascension."""
    with np.load(source) as stars:
        ra_turn = stars["ra"].astype(np.float64) / 2**32
        dec_deg = stars["dec"].astype(np.float64) * 180 / 2**32
        magnitude = stars["vmag"].astype("<i2")
        colour = stars["bv"]
        origin = stars["src"].astype(np.uint8)
    zone = np.clip(np.floor(dec_deg + 90).astype(int), 0, 179)
    step_colour = np.where(colour == COLOUR_UNKNOWN, -128, np.round(colour / 50.0)).astype(np.int8)
    zones = {}
    for number in range(180):
        inside = np.flatnonzero(zone == number)
        inside = inside[np.argsort(ra_turn[inside], kind="stable")]
        ra = np.round(ra_turn[inside] * UNITS_PER_TURN).astype("<u4")
        dec = np.round((dec_deg[inside] + 90 - number) / 360 * UNITS_PER_TURN).astype("<u4")
        columns = (
            np.diff(ra, prepend=np.uint32(0)).astype("<u4"),
            dec,
            magnitude[inside],
            step_colour[inside],
            origin[inside],
        )
        zones[f"zone{number:03d}"] = np.ascontiguousarray(
            np.concatenate([byte_planes(column) for column in columns])
        )
    return zones


if __name__ == "__main__":
    np.savez_compressed(TARGET, allow_pickle=False, **pack(Path(sys.argv[1])))
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.1f} MB")
