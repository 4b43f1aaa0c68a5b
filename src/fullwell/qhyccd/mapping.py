"""Between the cable's words and the vendor's: modes by name, windows of the raw frame, order of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameFormat
from fullwell.errors import UnknownName
from fullwell.models.facts import CameraModel, Window
from fullwell.models.sdk import SdkFacts


def read_mode_of(model: CameraModel, facts: SdkFacts, names: list[str], mode: int) -> int:
    """The library's number of a read mode.

    Parameters
    ----------
    model : CameraModel
    facts : SdkFacts
    names : list of str
        Read modes as this very camera lists them.
    mode : int
        Our number.

    Raises
    ------
    UnknownName
        If the camera has no such mode.
    """
    for each in facts.read_modes:
        if each.mode == mode and each.hardware_bin == 1 and each.name in names:
            return names.index(each.name)
    raise UnknownName("read mode of this camera", model.mode(mode).name, names)


@dataclass(frozen=True, slots=True)
class RawWindow:
    """What is asked of the library, and what is cut out of it.

    Attributes
    ----------
    window : Window
        Of the raw frame, unbinned.
    whole : bool
        Whether the rows of the raw frame must be brought into the order of the model before cutting.
    cut : Window
        Of the frame that comes, unbinned.
    """

    window: Window
    whole: bool
    cut: Window


def raw_window(model: CameraModel, facts: SdkFacts, form: FrameFormat, chains: int) -> RawWindow:
    """The raw window for a format.

    Image areas are asked for as they are. With overscan the whole raw frame comes: in it the image begins at
    ``facts.image_at``, in the model's order of rows at its effective area.
    """
    window = form.window
    if not form.overscan:
        left, top = facts.image_at
        raw = Window(window.left + left, window.top + top, chains * window.width, window.height)
        return RawWindow(raw, False, Window(0, 0, raw.width, raw.height))
    geometry = model.sensor.geometry
    return RawWindow(Window(0, 0, geometry.total_width, geometry.total_height), True, window)


def deliver(
    raw: NDArray[np.unsignedinteger],
    wanted: RawWindow,
    shift_rows: int,
    factor: int,
    out: NDArray[np.unsignedinteger],
    stamp_bytes: int = 0,
    spare_bits: int = 0,
) -> None:
    """Bring a raw frame into the caller's buffer: order of rows, cut, exact binned sums.

    Parameters
    ----------
    raw : ndarray of uint8 or uint16
    wanted : RawWindow
    shift_rows : int
        By how many rows the image begins later in the raw frame than in the model.
    factor : int
        Binning.
    out : ndarray of uint8, uint16 or uint32
        Overwritten.
    stamp_bytes : int
        So many bytes of the raw frame are no pixels but a stamp, which stays at the beginning of the buffer.
    spare_bits : int
        So many lower bits of each raw word are empty, because the library fills its words from above.
    """
    stamp = raw.reshape(-1).view(np.uint8)[:stamp_bytes].copy()
    if wanted.whole and shift_rows:
        raw = np.roll(raw, -shift_rows, axis=0)
    cut = wanted.cut
    part = raw[cut.top : cut.bottom, cut.left : cut.right]
    if spare_bits:
        part = np.right_shift(part, part.dtype.type(spare_bits))
    if factor == 1:
        out[...] = part
    else:
        rows, columns = out.shape
        out[...] = part.reshape(rows, factor, columns, factor).sum(axis=(1, 3), dtype=out.dtype)
    room = out.reshape(-1).view(np.uint8)[:stamp_bytes]
    room[...] = stamp[: room.size]
