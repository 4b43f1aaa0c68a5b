"""A star and its surroundings in the frames of files, each with the times of the star's own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue
from fullwell.measure import Aperture, StarLight, centroid, star_light
from fullwell.record.opened import first_picture, opened_fits, require_file
from fullwell.record.picture import COLOURED, SER_MAGIC
from fullwell.record.ser import HEADER
from fullwell.record.times import read_times

MARGIN_PX: Final = 5
"""How far the star may be from the place that was given."""


Box = tuple[slice, slice]
_Plane = tuple[Callable[[Box], NDArray[Any]], tuple[int, ...], float | None]
"""How to read a part of a frame, its shape, and electrons per DN where the file knows."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """A star in the frames of files.

    Attributes
    ----------
    light : StarLight
        In order of time.
    aperture : Aperture
        At the star's centre of light.
    source : str
        Where the times come from.
    uncertainty_ns : int
        One standard deviation of a shift common to all of them.
    """

    light: StarLight
    aperture: Aperture
    source: str
    uncertainty_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """The surroundings of a star in one frame."""

    pixels: NDArray[Any]
    start_ns: NDArray[np.int64]
    stop_ns: NDArray[np.int64]
    e_per_dn: float | None
    source: str
    uncertainty_ns: int


def gather(
    paths: Sequence[Path],
    near: Sequence[Aperture],
    *,
    e_per_dn: float | None = None,
    any_source: bool = False,
) -> list[Gathered]:
    """The light of stars in the frames of files.

    Parameters
    ----------
    paths : sequence of Path
        FITS images, cubes or SER of one run: same window, same settings.
    near : sequence of Aperture
        Each within a few pixels of a star, in pixels of the file, from 0.
    e_per_dn : float, optional
        System gain; EGAIN of the first file by default.
    any_source : bool
        Where a GPS stamp is doubtful take times of another source.

    Raises
    ------
    MissingFile, DoubtfulTime
        If a file is not there, or its times must not be believed.
    InvalidValue
        If a star is too near an edge, or not where it should be, or the gain is not known.
    """
    wide = [
        Aperture(one.x_px, one.y_px, one.radius_px, (one.ring_px[0], one.ring_px[1] + MARGIN_PX)) for one in near
    ]
    frames = [cuts for path in paths for cuts in _cuts(path, wide, any_source)]
    frames.sort(key=lambda cuts: int(cuts[0].start_ns[0]))
    gain = frames[0][0].e_per_dn if e_per_dn is None else e_per_dn
    if gain is None:
        raise InvalidValue(
            f"{paths[0].name} does not say how many electrons a DN is.", "Give the gain, e-/DN (--gain)."
        )
    return [_gathered([cuts[n] for cuts in frames], one, wide[n], gain) for n, one in enumerate(near)]


def _gathered(cuts: list[_Cut], near: Aperture, wide: Aperture, e_per_dn: float) -> Gathered:
    boxes = np.stack([cut.pixels for cut in cuts])
    found = centroid(boxes.mean(axis=0), wide)
    if max(abs(found.x_px - near.x_px), abs(found.y_px - near.y_px)) > MARGIN_PX - 1:
        raise InvalidValue(
            f"no star stands out within {MARGIN_PX - 1} px of {near.x_px + 1:g},{near.y_px + 1:g} (from 1).",
            "Give its place more exactly.",
        )
    star = Aperture(found.x_px, found.y_px, near.radius_px, near.ring_px)
    (top, left), (rows, columns) = ((part.start for part in one) for one in (wide.box, star.box))
    size = star.box[0].stop - star.box[0].start
    inner = boxes[:, rows - top : rows - top + size, columns - left : columns - left + size]
    start_ns, stop_ns = (
        np.array([_at_row(times, star.y_px - top) for times in edge], np.int64)
        for edge in ([cut.start_ns for cut in cuts], [cut.stop_ns for cut in cuts])
    )
    light = star_light(inner, star, start_ns, stop_ns, e_per_dn)
    return Gathered(light, star, cuts[0].source, max(cut.uncertainty_ns for cut in cuts))


def _cuts(path: Path, wide: Sequence[Aperture], any_source: bool) -> Iterator[list[_Cut]]:
    """What is round each star, frame by frame."""
    for frame, (read, shape, gain) in enumerate(_planes(path)):
        for one in wide:
            one.check(shape)
        times = read_times(path, frame).sound(any_source=any_source)
        told = gain, times.source, times.uncertainty_ns
        yield [_Cut(read(one.box), times.start_ns[one.box[0]], times.end_ns[one.box[0]], *told) for one in wide]


def _planes(path: Path) -> Iterator[_Plane]:
    """The frames of a file."""
    require_file(path)
    with path.open("rb") as file:
        start = file.read(HEADER.size)
    return _ser_planes(path, start) if start.startswith(SER_MAGIC) else _fits_planes(path)


def _fits_planes(path: Path) -> Iterator[_Plane]:
    with opened_fits(path) as opened:
        image = first_picture(path, opened)
        for frame in range(image.shape[0] if len(image.shape) == 3 else 1):
            plane = (frame,) if len(image.shape) == 3 else ()
            yield partial(_section, image, plane), image.shape[-2:], image.header.get("EGAIN")


def _ser_planes(path: Path, start: bytes) -> Iterator[_Plane]:
    _, _, colour, big_endian, columns, rows, bits, frames, *_ = HEADER.unpack(start)
    if colour in COLOURED:
        raise InvalidValue(f"{path.name} holds three colours a pixel.", "Give a file as the sensor made it.")
    word = np.dtype(np.uint8) if bits <= 8 else np.dtype(">u2" if big_endian else "<u2")
    pictures = np.memmap(path, word, "r", HEADER.size, (frames, rows, columns))
    for picture in pictures:
        yield partial(_part, picture), (rows, columns), None


def _section(image: Any, plane: tuple[int, ...], box: Box) -> NDArray[Any]:
    return np.array(image.section[(*plane, *box)])


def _part(picture: NDArray[Any], box: Box) -> NDArray[Any]:
    return np.array(picture[box])


def _at_row(times_ns: NDArray[np.int64], row: float) -> int:
    """Between the rows above and below the star's centre."""
    above = int(np.floor(row))
    step_ns = int(times_ns[above + 1] - times_ns[above])
    return int(times_ns[above]) + round((row - above) * step_ns)
