"""Reduced frames as FITS files: science, variance and mask as extensions of one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from astropy.io import fits
from numpy.typing import NDArray

import fullwell
from fullwell.record.atomic import whole_file
from fullwell.record.header import STRUCTURE, Card, in_ascii

OF_WORDS: Final = frozenset(
    {
        "EGAIN",
        "RDNOISE",
        "RDNOISER",
        "FULLWELL",
        "BIASLVL",
        "SATURATE",
        "DATAMAX",
        "BITSPIX",
        "ADCBITS",
        "NCHAINS",
    }
    | {"EGAIN2", "RDNOISE2", "RDNOISR2", "FULLWEL2", "BIASLVL2", "SATURAT2", "BUNIT", "CREATOR", "LONGSTRN"}
)
"""Cards that tell what raw words mean: not true of a reduced frame."""


class Plane(NamedTuple):
    """One extension.

    Attributes
    ----------
    data : ndarray, shape (rows, columns)
    unit : str
        As FITS writes it; "" where there is none.
    cards : tuple of Card
        What its header says besides.
    """

    data: NDArray[Any]
    unit: str
    cards: tuple[Card, ...] = ()


def kept_cards(header: Mapping[str, Any]) -> tuple[Card, ...]:
    """Cards of a raw frame that are as true of the frame made of it.

    Parameters
    ----------
    header : mapping
        A FITS header; comments are kept if it has them.
    """
    comments = getattr(header, "comments", {})
    dropped = OF_WORDS | STRUCTURE
    return tuple(
        Card(keyword, value, comments[keyword] if comments else "")
        for keyword, value in header.items()
        if keyword not in dropped and value is not None and not isinstance(value, fits.card.Undefined)
    )


def write_planes(path: str | Path, planes: Mapping[str, Plane], overwrite: bool = False) -> Path:
    """Write extensions behind an empty primary. The file appears whole or not at all.

    Parameters
    ----------
    path : str or Path
    planes : mapping of str to Plane
        By the name of the extension, in order.
    overwrite : bool
        Whether a file of that name may be replaced.

    Raises
    ------
    NotWritable, DiskFull
        See `fullwell.record.write_fits`.
    """
    primary = fits.PrimaryHDU()
    primary.header["CREATOR"] = (f"fullwell {fullwell.__version__}", "program that wrote the file")
    extensions = []
    for name, plane in planes.items():
        extension = fits.ImageHDU(plane.data, name=name)
        if plane.unit:
            extension.header["BUNIT"] = (plane.unit, "unit of the pixels")
        _add(extension.header, in_ascii(plane.cards))
        extensions.append(extension)
    with whole_file(Path(path), overwrite) as part:
        fits.HDUList([primary, *extensions]).writeto(part, checksum=True)
    return Path(path)


def _add(header: fits.Header, cards: Iterable[Card]) -> None:
    """Append cards; a comment that does not fit behind its value is left out."""
    for keyword, value, comment in cards:
        if keyword in ("HISTORY", "COMMENT"):
            header[keyword] = value
            continue
        room = 80 - len(fits.Card(keyword, value).image.rstrip()) - len(" / ")
        header.append((keyword, value, comment if len(comment) <= room else ""), end=True)
