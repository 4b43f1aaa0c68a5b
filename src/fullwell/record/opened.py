"""Opens FITS files of whatever origin, and says in words what is wrong with one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from astropy.io import fits

from fullwell.errors import MissingFile

__all__ = ["first_picture", "is_plane_or_cube", "opened_fits", "require_file"]


def require_file(path: Path) -> None:
    """Raise `MissingFile` unless there is such a file."""
    if not path.is_file():
        raise MissingFile(f"there is no file {str(path)!r}.", "Check the name.")


@contextmanager
def opened_fits(path: Path) -> Iterator[fits.HDUList]:
    """A FITS file as long as it is needed.

    Oddities of other programs' headers are no reason to talk.

    Parameters
    ----------
    path : Path

    Raises
    ------
    MissingFile
        If it is not there, must not be read, is no FITS file, or was cut short.
    """
    require_file(path)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with fits.open(path) as opened:
                len(opened)  # reads all headers: only then is it known whether the file goes to its end
                if any("truncated" in str(warning.message) for warning in told):
                    raise MissingFile(f"{str(path)!r} was cut short.", "Copy or take it again.")
                yield opened
    except PermissionError as error:
        raise MissingFile(f"no permission to read {str(path)!r}.", "Have its permissions changed.") from error
    except (OSError, ValueError, TypeError) as error:
        raise MissingFile(
            f"{str(path)!r} cannot be read as FITS.", "Is it a FITS file, and a whole one?"
        ) from error


def is_plane_or_cube(hdu: Any) -> bool:
    """Whether an extension holds a picture, or several behind each other."""
    return bool(hdu.is_image) and len(hdu.shape) in (2, 3)


def first_picture(path: Path, opened: fits.HDUList, fits_in: Callable[[Any], bool] = is_plane_or_cube) -> Any:
    """The first extension that holds a picture.

    Parameters
    ----------
    path : Path
        For the message.
    opened : HDUList
    fits_in : callable
        Which pictures will do.

    Raises
    ------
    MissingFile
        If there is none.
    """
    found = next((hdu for hdu in opened if fits_in(hdu)), None)
    if found is None:
        raise MissingFile(f"{str(path)!r} holds no image.", "Choose a file with a two-dimensional image.")
    return found
