"""Read a picture from any FITS file, with what its header tells about the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from fullwell.record.opened import first_picture, opened_fits

BAYER_LETTERS: Final = "RGB"


@dataclass(frozen=True, eq=False)
class Plane:
    """Pixels that belong together: a whole mono frame, one colour of a mosaic, one chain of a dual frame.

    Attributes
    ----------
    name : str
        "", or a colour, or the side of a dual frame.
    pixels : tuple of ndarray
        Two-dimensional views of the frame (two for the green of a mosaic), in DN.
    e_per_dn : float or None
        Electrons per DN, where the header knows.
    bias_dn : float or None
        Level without light, where the header knows.
    saturation_dn : float or None
        Where the response ends, as far as anybody knows.
    unit : str
        Of the pixels: "DN", or "e-" for a reduced frame (then everything above is in electrons).
    """

    name: str
    pixels: tuple[NDArray[Any], ...]
    e_per_dn: float | None
    bias_dn: float | None
    saturation_dn: float | None
    unit: str = "DN"


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame as it is to be looked at.

    Attributes
    ----------
    path : Path
    header : mapping
    planes : tuple of Plane
    shape : tuple of int
        (rows, columns) in the file.
    colour : bool
        Whether the planes are red, green, blue.
    top_down : bool
        Whether the first row is the top of the picture.
    """

    path: Path
    header: Mapping[str, Any]
    planes: tuple[Plane, ...]
    shape: tuple[int, int]
    colour: bool
    top_down: bool


def load(path: Path) -> Shot:
    """Read the first image of a FITS file.

    Parameters
    ----------
    path : Path
        Plain or tile-compressed; two axes, or three where the third is colour.

    Raises
    ------
    MissingFile
        If it is not there, is no FITS file, or holds no image.
    """
    data, header = first_image(path)
    top_down = str(header.get("ROWORDER", "BOTTOM-UP")).strip().upper() == "TOP-DOWN"
    if data.ndim == 3:
        planes = tuple(_plane(header, name, (part,)) for name, part in zip(BAYER_LETTERS, data, strict=True))
        return Shot(path, header, planes, data.shape[1:], True, top_down)
    pattern = str(header.get("BAYERPAT", "")).strip().upper()
    if len(pattern) == 4 and set(pattern) <= set(BAYER_LETTERS) and min(data.shape) >= 2:
        return Shot(path, header, _mosaic(data, header, pattern), data.shape, True, top_down)
    if header.get("NCHAINS") == 2 and data.shape[1] % 2 == 0:
        left, right = np.hsplit(data, 2)
        planes = (_plane(header, "high gain", (left,)), _plane(header, "low gain", (right,), "2"))
        return Shot(path, header, planes, data.shape, False, top_down)
    return Shot(path, header, (_plane(header, "", (data,)),), data.shape, False, top_down)


def first_image(path: Path) -> tuple[NDArray[Any], fits.Header]:
    """Pixels and header of the first image of a FITS file.

    Raises
    ------
    MissingFile
        If it is not there, is no FITS file, or holds no image.
    """
    with opened_fits(path) as opened:
        found = first_picture(path, opened, _is_picture)
        return np.asarray(found.data), found.header.copy()


def _is_picture(hdu: Any) -> bool:
    if not hdu.is_image or hdu.header.get("NAXIS", 0) == 0:
        return False
    return len(hdu.shape) == 2 or (len(hdu.shape) == 3 and hdu.shape[0] == len(BAYER_LETTERS))


def _mosaic(data: NDArray[Any], header: Mapping[str, Any], pattern: str) -> tuple[Plane, ...]:
    """The colours of a mosaic, each at half the resolution."""
    across, down = (_integer(header.get(key)) for key in ("XBAYROFF", "YBAYROFF"))
    even = data[: data.shape[0] // 2 * 2, : data.shape[1] // 2 * 2]
    views: dict[str, list[NDArray[Any]]] = {letter: [] for letter in BAYER_LETTERS}
    for y in (0, 1):
        for x in (0, 1):
            views[pattern[2 * ((y + down) % 2) + (x + across) % 2]].append(even[y::2, x::2])
    return tuple(_plane(header, name, tuple(parts)) for name, parts in views.items() if parts)


def _integer(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _plane(header: Mapping[str, Any], name: str, pixels: tuple[NDArray[Any], ...], number: str = "") -> Plane:
    kind = pixels[0].dtype
    rail = float(np.iinfo(kind).max) if kind.kind in "iu" and kind.itemsize <= 2 else None
    saturation = (
        _number(header, f"SATURAT{number}" if number else "SATURATE") or _number(header, "DATAMAX") or rail
    )
    unit = "e-" if str(header.get("BUNIT", "")).strip().lower() == "electron" else "DN"
    e_per_dn, bias_dn = _number(header, f"EGAIN{number}"), _number(header, f"BIASLVL{number}")
    return Plane(name, pixels, e_per_dn, bias_dn, saturation, unit)


def _number(header: Mapping[str, Any], keyword: str) -> float | None:
    value = header.get(keyword)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
