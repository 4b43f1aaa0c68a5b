"""From counts to brightness on the screen."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.cli.loading import Plane, Shot

BLACK_SIGMAS: Final = 2.8
BACKGROUND: Final = 0.14
QUANTILES: Final = (0.002, 0.1587, 0.5, 0.8413)


def block_mean(pixels: NDArray[Any], factor: int) -> NDArray[np.float32]:
    """Mean over blocks of factor x factor pixels: a star keeps its light, however small the picture gets.

    Rows and columns beyond the last whole block (fewer than `factor`) are left out.
    """
    rows, columns = pixels.shape[0] // factor, pixels.shape[1] // factor
    picture = np.empty((rows, columns), np.float32)
    for row in range(rows):
        strip = pixels[row * factor : (row + 1) * factor, : columns * factor]
        picture[row] = strip.sum(axis=0, dtype=np.float64).reshape(columns, factor).sum(axis=1)
    picture /= factor**2
    return picture


def black_and_midtone(picture: NDArray[np.float32]) -> tuple[float, float, float]:
    """Black point, white point, and the midtone that puts the median to a dark grey.

    Parameters
    ----------
    picture : ndarray of float32
        Counts.

    Returns
    -------
    black, white : float
        Counts.
    midtone : float
        Parameter of `midtones`, 0 to 1.

    References
    ----------
    The screen transfer function in the sense of PixInsight: black 2.8 robust standard deviations below the
    median, then a rational curve. Here vignetted corners, where more than 0.2 % of the picture is darker than
    that, keep their stars.
    """
    finite = picture[np.isfinite(picture)]
    if finite.size == 0:
        return 0.0, 1.0, 0.5
    darkest, brightest = float(finite.min()), float(finite.max())
    corner, low, median, high = (float(value) for value in np.quantile(finite, QUANTILES))
    black = max(min(median - BLACK_SIGMAS * (high - low) / 2, corner), darkest)
    white = brightest if brightest > black else black + 1.0
    level = min(max((median - black) / (white - black), 1e-7), 1 - 1e-7)
    return black, white, float(midtones(np.float64(level), BACKGROUND))


def midtones(level: Any, midtone: float) -> Any:
    """The rational curve through (0, 0), (midtone, 1/2) and (1, 1).

    Examples
    --------
    >>> [float(midtones(np.float64(x), 0.1)) for x in (0, 0.1, 1)]
    [0.0, 0.5, 1.0]
    """
    return (midtone - 1) * level / ((2 * midtone - 1) * level - midtone)


def stretched(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Counts as brightness from 0 to 1."""
    black, white, midtone = black_and_midtone(picture)
    level = np.nan_to_num(np.clip((picture - black) / (white - black), 0, 1))
    return np.asarray(midtones(level, midtone), np.float32)


def picture_of(shot: Shot, longest_px: int) -> NDArray[np.float32]:
    """The whole frame, stretched, no side much longer than asked.

    Parameters
    ----------
    shot : Shot
    longest_px : int
        Length of the longer side, at most twice that.

    Returns
    -------
    ndarray of float32, shape (rows, columns) or (rows, columns, 3)
        0 to 1. The two sides of a dual frame are stretched apart, the colours of a mosaic to one background.
    """
    planes = [_reduced(plane, max(max(shot.planes[0].pixels[0].shape) // longest_px, 1)) for plane in shot.planes]
    if shot.colour:
        return _balanced(planes)
    return np.hstack([stretched(plane) for plane in planes])


def _reduced(plane: Plane, factor: int) -> NDArray[np.float32]:
    return np.asarray(np.mean([block_mean(part, factor) for part in plane.pixels], axis=0), np.float32)


def _balanced(planes: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Colours on one curve after each has been given the same black and background."""
    curves = [black_and_midtone(plane) for plane in planes]
    spans = [
        max(float(np.median(plane)) - black, 1e-6) for plane, (black, _, _) in zip(planes, curves, strict=True)
    ]
    lifted = np.stack(
        [(plane - black) / span for plane, (black, _, _), span in zip(planes, curves, spans, strict=True)],
        axis=-1,
    )
    white = float(lifted.max())
    midtone = float(midtones(np.float64(min(max(1 / white, 1e-7), 1 - 1e-7)), BACKGROUND))
    return np.asarray(midtones(np.clip(lifted / white, 0, 1), midtone), np.float32)
