"""Any picture of the user's as the light on the sensor: FITS, PNG, TIFF, NumPy files or arrays.

Values count as linear light, 0 = dark. Row 0 of the array (the first row of a FITS image, the top of other
pictures) falls on the row that is read first.

Limits: the picture does not move or change; no optics and no filter act on it beyond the choice of its colours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fullwell.compiled import njit
from fullwell.errors import InvalidValue, MissingFile, UnknownName
from fullwell.models.facts import Sensor
from fullwell.scene.lamps import HIGHEST_RATE_E_PER_S, seconds
from fullwell.scene.light import Answers, Interval, Pointing
from fullwell.scene.limits import require_number
from fullwell.scene.spectra import channels

Fit = Literal["crop", "fit", "fill"]
FITS_ENDINGS = (".fits", ".fit", ".fts", ".fits.gz", ".fits.fz", ".fit.gz")
_COLOURS = "RGB"


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture on the sensor.

    Parameters
    ----------
    image : path or array_like
        File (FITS, NumPy ``.npy``, or what Pillow opens), or array of shape (rows, columns) or (rows, columns, 3)
        with red, green and blue. No negative and no missing values. Contiguous arrays of float32 are not copied:
        leave them as they are while the picture is in use.
    brightest_e_per_s : float, default 1000
        Electrons per second and pixel of the largest value, 0 to 1e9; the others in proportion.
    fit : {"crop", "fit", "fill"}, default "crop"
        One pixel of the picture per pixel of the sensor, centred; enlarged or reduced until all of it is on the
        sensor; or until it covers the sensor. What the picture does not reach stays dark.

    Raises
    ------
    MissingFile
        If the file is not there or cannot be read.
    InvalidValue
        If the values are no light.

    Examples
    --------
    >>> Picture(np.eye(4), brightest_e_per_s=10).shape
    (4, 4, 1)
    """

    image: str | Path | Any
    brightest_e_per_s: float = 1_000.0
    fit: Fit = "crop"
    _values: NDArray[np.float32] = field(init=False, repr=False)
    _e_per_s: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        require_number("brightest_e_per_s", self.brightest_e_per_s, 0, HIGHEST_RATE_E_PER_S, "e-/s")
        if self.fit not in ("crop", "fit", "fill"):
            raise UnknownName("fit", self.fit, ("crop", "fit", "fill"))
        values = _load(self.image)
        largest = float(values.max())
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_e_per_s", self.brightest_e_per_s / largest if largest > 0 else 0.0)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, columns and colours (1 or 3) of the picture."""
        return self._values.shape

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundPicture:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`.

        A colour sensor sees the colours of its mosaic, a mono sensor behind R, G or B that colour, else the mean.
        """
        channels(sensor, coating, filter_name)
        area = sensor.geometry.effective
        rows, columns, colours = self._values.shape
        scale = {
            "crop": 1.0,
            "fit": min(area.height / rows, area.width / columns),
            "fill": max(area.height / rows, area.width / columns),
        }[self.fit]
        planes, pattern = self._planes(sensor.bayer, filter_name, colours)
        if scale < 1:
            size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
            planes, scale = np.stack([_reduced(plane, size) for plane in planes]), 1.0
        name = "picture" if not isinstance(self.image, str | Path) else Path(self.image).name
        # The centre of the picture falls on the centre of the area, to the pixel where it is not enlarged.
        top = (area.height - scale * planes.shape[1]) / 2
        left = (area.width - scale * planes.shape[2]) / 2
        origin = (top, left) if scale != 1 else (float(top // 1), float(left // 1))
        return BoundPicture(
            planes, self._e_per_s, pattern, scale, origin, name, Pointing(filter_name=filter_name)
        )

    def _planes(
        self, bayer: str | None, filter_name: str, colours: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Planes of one colour each, and which of them each pixel of the mosaic sees."""
        planes = np.moveaxis(self._values, 2, 0)
        if colours == 3 and bayer is not None:
            index = np.array([_COLOURS.index(letter) for letter in bayer], np.int64).reshape(2, 2)
            return np.ascontiguousarray(planes), index
        if colours == 3 and filter_name in _COLOURS:
            planes = planes[_COLOURS.index(filter_name)][np.newaxis]
        elif colours == 3:
            planes = planes.mean(axis=0, keepdims=True)
        return np.ascontiguousarray(planes), np.zeros((2, 2), np.int64)


@dataclass(frozen=True, eq=False)
class BoundPicture:
    """A picture on a sensor."""

    planes: NDArray[np.float32]
    e_per_s: float
    pattern: NDArray[np.int64]
    scale: float
    origin: tuple[float, float]
    name: str
    pointing: Pointing

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip; see `fullwell.scene.light.BoundScene`."""
        electrons = (self.e_per_s * seconds(interval)).astype(np.float32)
        if self.scale == 1:
            first_row, first_column = int(self.origin[0]), int(self.origin[1])
            _lay(out, left, top, self.planes, self.pattern, first_row, first_column, electrons)
        else:
            _enlarge(out, left, top, self.planes, self.pattern, self.scale, *self.origin, electrons)

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key; see `fullwell.scene.light.BoundScene`."""
        rate = self.e_per_s * float(self.planes.max())
        return Answers(effects={"light": f"{self.name}, up to {rate:g} e-/s, enlarged {self.scale:g} times"})


def _load(image: object) -> NDArray[np.float32]:
    """Values of shape (rows, columns, 1 or 3), checked."""
    given = _read(Path(image)) if isinstance(image, str | Path) else image
    try:
        with np.errstate(over="ignore"):  # what does not fit becomes infinite and is refused below
            values = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise InvalidValue(
            "the picture is no array of numbers.", "Give a path, or an array of numbers."
        ) from None
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    if values.ndim == 3 and values.shape[2] == 4:
        values = values[:, :, :3]
    if values.ndim != 3 or values.shape[2] not in (1, 3) or values.size == 0:
        shape = " x ".join(map(str, values.shape))
        raise InvalidValue(
            f"the picture has the shape {shape}.",
            "Give rows x columns, or rows x columns x 3 for red, green, blue.",
        )
    if not (values.min() >= 0 and np.isfinite(values.max())):
        raise InvalidValue(
            "the picture has negative or missing values, which no light can have.",
            "Subtract its smallest value, or replace the missing ones, first.",
        )
    return values


def _read(path: Path) -> Any:
    """The array in a file."""
    if not path.is_file():
        raise MissingFile(f"there is no picture {str(path)!r}.", "Check the path.")
    try:
        if path.name.lower().endswith(FITS_ENDINGS):
            return _read_fits(path)
        if path.suffix.lower() == ".npy":
            return np.load(path, allow_pickle=False)
        from PIL import Image  # noqa: PLC0415  (only for users who bring pictures)

        with Image.open(path) as picture:
            plain = picture if picture.mode in ("L", "F", "I", "I;16", "I;16B", "RGB") else picture.convert("RGB")
            return np.asarray(plain)
    except (OSError, ValueError, EOFError, TypeError) as failure:
        raise MissingFile(
            f"the picture {str(path)!r} cannot be read: {failure}.", "Give a FITS, PNG, TIFF, JPEG or .npy file."
        ) from failure


def _read_fits(path: Path) -> Any:
    """The first image of a FITS file; colour planes come last."""
    from astropy.io import fits  # noqa: PLC0415  (only for users who bring FITS files)

    with fits.open(path, memmap=False) as parts:
        for part in parts:
            if part.is_image and part.data is not None:
                return np.moveaxis(part.data, 0, -1) if part.data.ndim == 3 else part.data
    raise ValueError("it holds no image")


def _reduced(plane: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """A smaller picture, each pixel the mean of those it covers."""
    from PIL import Image  # noqa: PLC0415  (only for users who bring pictures)

    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX), np.float32)


@njit(cache=True, nogil=True)
def _lay(
    out: NDArray[np.float32],
    left: int,
    top: int,
    planes: NDArray[np.float32],
    pattern: NDArray[np.int64],
    first_row: int,
    first_column: int,
    factor: NDArray[np.float32],
) -> None:
    """Read the planes pixel by pixel, dark outside."""
    height, width = planes.shape[1:]
    shift = left - first_column
    begin = min(max(-shift, 0), out.shape[1])
    end = min(max(width - shift, begin), out.shape[1])
    for row in range(out.shape[0]):
        source = top + row - first_row
        if not 0 <= source < height:
            out[row] = 0.0
            continue
        out[row, :begin] = 0.0
        out[row, end:] = 0.0
        target, colours = out[row, begin:end], pattern[(top + row) & 1]
        near, other = colours[(left + begin) & 1], colours[(left + begin + 1) & 1]
        light = planes[near, source, begin + shift : end + shift]
        for i in range(target.size):
            target[i] = light[i] * factor[row]
        if other != near:
            light = planes[other, source, begin + shift : end + shift]
            for i in range(1, target.size, 2):
                target[i] = light[i] * factor[row]


@njit(cache=True, nogil=True)
def _enlarge(
    out: NDArray[np.float32],
    left: int,
    top: int,
    planes: NDArray[np.float32],
    pattern: NDArray[np.int64],
    scale: float,
    first_row: float,
    first_column: float,
    factor: NDArray[np.float32],
) -> None:
    """Read the planes with straight lines between pixel centres, dark outside."""
    height, width = planes.shape[1:]
    for row in range(out.shape[0]):
        source_y = (top + row + 0.5 - first_row) / scale - 0.5
        inside_y = -0.5 <= source_y < height - 0.5
        y = min(max(source_y, 0.0), height - 1.0)
        upper = int(y)
        lower = min(upper + 1, height - 1)
        fy = np.float32(y - upper)
        for column in range(out.shape[1]):
            source_x = (left + column + 0.5 - first_column) / scale - 0.5
            if not inside_y or source_x < -0.5 or source_x >= width - 0.5:
                out[row, column] = 0.0
                continue
            x = min(max(source_x, 0.0), width - 1.0)
            near = int(x)
            far = min(near + 1, width - 1)
            fx = np.float32(x - near)
            plane = planes[pattern[(top + row) & 1, (left + column) & 1]]
            above = plane[upper, near] + (plane[upper, far] - plane[upper, near]) * fx
            below = plane[lower, near] + (plane[lower, far] - plane[lower, near]) * fx
            out[row, column] = (above + (below - above) * fy) * factor[row]
