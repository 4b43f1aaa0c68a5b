"""Text that the camera writes into the picture: frame number or GPS, only when asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameFormat, Overlay
from fullwell.errors import InvalidValue
from fullwell.readout.gps import GpsStamp, Receiver

LARGEST_DOT_PX: Final = 4
"""Side of a dot of a letter in a large picture; below 768 rows they are smaller, at least 1 px."""

_ROWS, _COLUMNS = 7, 5


def overlay_text(overlay: Overlay, counter: int, stamp: GpsStamp) -> str:
    """What is written for an overlay; empty for none.

    Parameters
    ----------
    overlay : Overlay
    counter : int
        What the frame counter of the camera shows.
    stamp : GpsStamp
        What the GPS box says of the frame.

    Examples
    --------
    >>> from fullwell.readout.gps import Edge, latitude_word, longitude_word
    >>> edge = Edge.at(1_705_837_411_923_882_000, flag=51)
    >>> place = latitude_word(28.7606), longitude_word(-17.8816)
    >>> stamp = GpsStamp(43, 0, 640, 480, *place, edge, edge, edge, 10_000_000)
    >>> print(overlay_text(Overlay.GPS, 42, stamp))
    FRAME 000042
    UTC 2024-01-21 11:43:31.9238820
    GPS LOCKED +28.76060 -017.88160
    """
    number = f"FRAME {counter:06d}"
    if overlay is not Overlay.GPS:
        return "" if overlay is Overlay.NONE else number
    receiver = stamp.end.receiver
    if receiver < Receiver.VALID:
        return f"{number}\nGPS {receiver.words.upper()}"
    second, rest_ns = divmod(stamp.vsync_ns, 1_000_000_000)
    place = f"{stamp.latitude_deg:+09.5f} {stamp.longitude_deg:+010.5f}"
    utc = datetime.fromtimestamp(second, UTC)
    words = "LOCKED" if stamp.locked else "NOT LOCKED"
    return f"{number}\nUTC {utc:%Y-%m-%d %H:%M:%S}.{rest_ns // 100:07d}\nGPS {words} {place}"


def rail_dn(frame_format: FrameFormat) -> int:
    """Largest word of a frame; binned ones are sums."""
    return ((1 << frame_format.bits) - 1) * frame_format.bin * frame_format.bin


def write_text(out: NDArray[Any], text: str, rail_dn: int) -> None:
    r"""Set the dots of a text to the rail and leave all other pixels alone.

    Parameters
    ----------
    out : ndarray of uint8, uint16 or uint32, shape (rows, columns)
        Changed in place.
    text : str
        One line or more, of capital letters, digits, blanks and ``. : - + /``.
    rail_dn : int
        Largest word of the picture.

    Raises
    ------
    InvalidValue
        If there is no such letter.

    Examples
    --------
    >>> picture = np.zeros((12, 16), np.uint16)
    >>> write_text(picture, "7", 9)
    >>> print("\n".join("".join(map(str, row)) for row in picture[1:9, 1:7]))
    999990
    000090
    000900
    009000
    090000
    090000
    090000
    000000

    Notes
    -----
    The vendor shows neither place nor size nor letters: all three are assumed. One dot stays free above and left,
    so the GPS bytes of row 0 and the text never meet. Limits: what does not fit into a
    small picture is cut off at its edge.
    """
    side = min(LARGEST_DOT_PX, 1 + out.shape[0] // 256)
    for number, line in enumerate(text.split("\n")):
        top = side * (1 + number * (_ROWS + 2))
        dots = np.kron(_line(line), np.ones((side, side), bool))
        place = out[top : top + dots.shape[0], side : side + dots.shape[1]]
        place[dots[: place.shape[0], : place.shape[1]]] = rail_dn


def _line(text: str) -> NDArray[np.bool_]:
    """Dots of a line of text, one empty column after each letter."""
    known = letters()
    strange = sorted(set(text) - known.keys())
    if strange:
        raise InvalidValue(f"there are no letters {strange} for the overlay.", "Use capitals, digits, . : - + /.")
    cells = [np.pad(known[letter], ((0, 0), (0, 1))) for letter in text]
    return np.concatenate(cells, axis=1) if cells else np.zeros((_ROWS, 0), bool)


@cache
def letters() -> dict[str, NDArray[np.bool_]]:
    """Dots of each letter, shape (7, 5)."""
    lines = files("fullwell.twin").joinpath("letters.txt").read_text(encoding="ascii").splitlines()
    begins = [i for i, line in enumerate(lines) if line.startswith("= ")]
    return {
        lines[i][2:]: np.array([[dot == "#" for dot in row] for row in lines[i + 1 : i + 1 + _ROWS]])
        for i in begins
    }
