"""What a file tells of one of its frames without reading its pixels: header, size, first and last row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from fullwell.errors import InvalidValue, MissingFile

__all__ = ["Picture", "open_picture"]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame of a file.

    Attributes
    ----------
    path : Path
    frame, frames : int
        Number in the file, from 0; how many there are.
    header : mapping
        Of the image.
    rows, columns : int
    first, last : ndarray, shape (columns,)
        First and last row.
    """

    path: Path
    frame: int
    frames: int
    header: Mapping[str, Any]
    rows: int
    columns: int
    first: NDArray[Any]
    last: NDArray[Any]


def open_picture(path: Path, frame: int = 0) -> Picture:
    """Open a frame of a FITS file.

    Parameters
    ----------
    path : Path
        Plain or tile-compressed; the first image counts.
    frame : int
        Number in a cube, from 0.

    Raises
    ------
    MissingFile
        If the file is not there, is no FITS file, or holds no image.
    InvalidValue
        If there is no such frame.
    """
    if not path.is_file():
        raise MissingFile(f"there is no file {str(path)!r}.", "Check the name.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of other programs' headers are no reason to talk
            with fits.open(path) as opened:
                for hdu in opened:
                    if hdu.is_image and len(hdu.shape) in (2, 3):
                        return _picture(path, hdu, frame)
    except PermissionError as error:
        raise MissingFile(f"no permission to read {str(path)!r}.", "Have its permissions changed.") from error
    except (OSError, ValueError, TypeError) as error:
        raise MissingFile(f"{str(path)!r} cannot be read as FITS ({error}).", "Is it a FITS file?") from error
    raise MissingFile(f"{str(path)!r} holds no image.", "Choose a file with a two-dimensional image.")


def _picture(path: Path, hdu: Any, frame: int) -> Picture:
    frames = hdu.shape[0] if len(hdu.shape) == 3 else 1
    if not 0 <= frame < frames:
        raise InvalidValue(f"there is no frame {frame} in {path.name}.", f"Choose one from 0 to {frames - 1}.")
    rows, columns = hdu.shape[-2:]
    plane = (frame,) if len(hdu.shape) == 3 else ()
    first, last = (np.asarray(hdu.section[(*plane, slice(row, row + 1))]).ravel() for row in (0, rows - 1))
    return Picture(path, frame, frames, dict(hdu.header), rows, columns, first, last)
