"""Row times of frames that other programs took with a QHYCCD camera and its GPS.

Global shutters stamp start and end of the exposure. With a rolling shutter the stamp is the vsync; the rows
follow from what the program has written about the clockwork (N.I.N.A.: line period, offset of row 0, exposure),
and where it has not, from the facts of the camera, if the header tells which settings they are to be taken for.

Whether rows are read in pairs stands in the facts of cameras that we know, by the name of the mode; of others
modes with 2CMS in their name read single rows, as Siril has it, and all others are taken for pairs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import isqrt
from typing import Any, Final

from fullwell.camera.timekeeper import GPS_UNCERTAINTY_NS
from fullwell.errors import DoubtfulTime
from fullwell.models import CameraModel, Window, keys, load
from fullwell.models.facts import ReadMode
from fullwell.readout.calibration import FACTS_UNCERTAINTY_NS
from fullwell.readout.rows import RowTiming
from fullwell.readout.timing import row_timing

__all__ = ["Clockwork", "clockwork_of", "has_global_shutter", "model_of", "number"]

GLOBAL_SHUTTERS: Final = ("QHY174", "QHY550", "QHY990", "QHY991", "QHY1253")
"""Cameras whose stamps are start and end of the exposure (the vendor's GPS manual)."""

_LEAST_ALIKE: Final = 3
"""Letters that the name of a mode must share with one of ours."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """How a frame was read, as far as its header tells.

    Attributes
    ----------
    timing : RowTiming
        With ``reference_to_row0_end_ns`` for the first row that was read.
    uncertainty_ns : int
        Of the times of the rows.
    offset_by : str
        Where the offset from the vsync comes from.
    notes : tuple of str
        What had to be assumed.
    """

    timing: RowTiming
    uncertainty_ns: int
    offset_by: str
    notes: tuple[str, ...]


def has_global_shutter(camera: str) -> bool:
    """Whether a camera of this name stamps start and end of the exposure."""
    plain = re.sub(r"[^A-Z0-9]", "", camera.upper())
    return any(re.search(f"{name}(?![0-9])", plain) for name in GLOBAL_SHUTTERS)


@cache
def model_of(camera: str) -> CameraModel | None:
    """The facts of a camera by the name that a program gives it; None where there are none.

    Examples
    --------
    >>> model_of("QHYCCD-Cameras-Capture QHY600M-2c52f645").key
    'qhy600-pro'
    >>> model_of("QHY411M") is None
    True
    """
    number = re.search(r"QHY[ -]?(\d+)", camera.upper())
    if number is None:
        return None
    found = [key for key in keys() if re.match(rf"qhy{number[1]}(?!\d)", key)]
    colour = re.search(rf"QHY[ -]?{number[1]}C", camera.upper()) is not None
    found.sort(key=lambda key: (f"{number[1]}c" in key) != colour)
    return load(found[0]) if found else None


def mode_of(model: CameraModel, name: str) -> ReadMode | None:
    """The mode whose name begins like this one; None where none does.

    Examples
    --------
    >>> mode_of(load("qhy600-pro"), "Extend Fullwell 2CMS").name
    'Extended Fullwell-2CMS'
    >>> mode_of(load("qhy600-pro"), "High Gain Mode 16BIT").name
    'High Gain'
    """
    wanted = _plain(name)
    best = max(model.modes, key=lambda mode: (_alike(_plain(mode.name), wanted), -len(mode.name)))
    return best if _alike(_plain(best.name), wanted) >= _LEAST_ALIKE else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).replace("extended", "extend")


def _alike(one: str, other: str) -> int:
    """Length of the beginning that two names share."""
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared


def clockwork_of(header: Mapping[str, Any], sensor_rows: int, top: int) -> Clockwork:
    """How a frame of a rolling shutter was read.

    Parameters
    ----------
    header : mapping
    sensor_rows : int
        Rows that were read, unbinned.
    top : int
        First of them, counted from the window that the camera calls row 0.

    Raises
    ------
    DoubtfulTime
        If the header does not tell enough.
    """
    camera, mode_name = str(header.get("INSTRUME", "")), str(header.get("READOUTM", ""))
    exposure_s = number(header, "QHY_EXP", "EXPTIME", "EXPOSURE")
    if exposure_s is None or exposure_s <= 0:
        raise DoubtfulTime("the header tells no exposure time.", "It should be in QHY_EXP or EXPTIME.")
    model = model_of(camera)
    mode = mode_of(model, mode_name) if model is not None and mode_name else None
    line_ns, offset_us = number(header, "QHY_LP", "GPS_LP"), number(header, "QHY_OFF0")
    per_step, notes = _rows_per_step(mode, mode_name)
    if line_ns and offset_us is not None:
        offset_ns, offset_by = round(offset_us * 1000), "QHY_OFF0"
    else:
        facts = _facts(header, model, mode, Window(0, top, 1, sensor_rows), exposure_s)
        line_ns = line_ns or facts.line_period_ns
        offset_ns = facts.reference_to_row0_end_ns if offset_us is None else round(offset_us * 1000)
        offset_by = "the vendor's figures"
        notes += ("line period and offset of row 0 are those of the facts for this mode and USB traffic",)
    timing = RowTiming(
        line_period_ns=round(line_ns),
        rows_per_step=per_step,
        top=top,
        exposure_ns=round(exposure_s * 1e9),
        frame_period_ns=0,
        read_ns=0,
        transfer_ns=0,
        reference_to_row0_end_ns=offset_ns,
    )
    return Clockwork(timing, isqrt(GPS_UNCERTAINTY_NS**2 + FACTS_UNCERTAINTY_NS**2), offset_by, notes)


def number(header: Mapping[str, Any], *keywords: str) -> float | None:
    """The first of these cards that holds a number."""
    for keyword in keywords:
        value = header.get(keyword)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _rows_per_step(mode: ReadMode | None, mode_name: str) -> tuple[int, tuple[str, ...]]:
    """How many rows are read together, and what had to be assumed for it."""
    if "2CMS" in mode_name.upper():
        return 1, ()
    if mode is not None:
        return mode.timing.rows_per_step, ()
    return 2, ("rows are taken to be read in pairs: nothing tells of the mode otherwise",)


def _facts(
    header: Mapping[str, Any], model: CameraModel | None, mode: ReadMode | None, window: Window, exposure_s: float
) -> RowTiming:
    """The clockwork from our own facts, for frames of programs that do not ask the camera."""
    traffic = number(header, "USBTRAF", "USBLIMIT", "USBTRAFFIC")
    missing = [
        what
        for what, known in (
            ("a camera that we have facts of", model),
            ("a mode that they hold (READOUTM)", mode),
            ("the USB traffic (USBLIMIT)", traffic),
        )
        if known is None
    ]
    if model is None or mode is None or traffic is None:
        raise DoubtfulTime(
            f"the header tells neither line period and offset (QHY_LP, QHY_OFF0) nor {', '.join(missing)}.",
            "Take frames with a program that writes the precise-exposure numbers, as N.I.N.A. does.",
        )
    return row_timing(
        model,
        mode.number,
        window,
        exposure_s=exposure_s,
        link=mode.links[0],
        bits=8 if header.get("BITPIX") == 8 else 16,
        usb_traffic=round(traffic),
    )
