"""A row calibration that was made after the frames: whether it fits a file, by the cards of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fullwell.errors import DoubtfulTime, InvalidValue
from fullwell.models import keys, load
from fullwell.readout.calibration import Conditions, RowOffset, pick

__all__ = ["conditions_of", "fitting"]


def fitting(header: Mapping[str, Any], records: Iterable[RowOffset]) -> RowOffset:
    """The latest record that fits a file of ours.

    Raises
    ------
    InvalidValue
        If none does, with the reasons.
    DoubtfulTime
        If the file does not tell its settings, or its times do not come from a GPS stamp.
    """
    if header.get("TIMESRC") != "gps" or "ROWOFF" not in header:
        raise DoubtfulTime(
            "a row calibration is of use only for times from a GPS stamp that are written in a FITS header.",
            "Leave the calibration away.",
        )
    record, reasons = pick(records, conditions_of(header))
    if record is None:
        raise InvalidValue(
            f"no row calibration fits the file: {'; '.join(reasons) or 'there is none'}.",
            "Calibrate with the settings of the file.",
        )
    return record


def conditions_of(header: Mapping[str, Any]) -> Conditions:
    """What a calibration has to hold for, by the cards of a file.

    Raises
    ------
    DoubtfulTime
        If they do not tell.
    """
    models = {load(key).name: load(key) for key in keys()}
    model = models.get(str(header.get("INSTRUME")))
    section = re.fullmatch(r"\[\d+:\d+,(\d+):(\d+)\]", str(header.get("DETSEC", "")).strip())
    if model is None or section is None or any(name not in header for name in ("READMODE", "BITSPIX", "STREAM")):
        raise DoubtfulTime(
            "the file does not tell the settings that a row calibration depends on.",
            "Leave the calibration away.",
        )
    overscan = any(name in header for name in ("DATASEC", "BIASSEC", "OBSEC"))
    first, last = int(section[1]), int(section[2])
    return Conditions(
        model_key=model.key,
        mode=int(header["READMODE"]),
        top=first - 1 - (0 if overscan else model.sensor.geometry.effective.top),
        height=last - first + 1,
        overscan=overscan,
        bits=int(header["BITSPIX"]),
        usb_traffic=int(header.get("USBTRAF", 0)),
        speed=int(header.get("SPEED", 0)),
        stream=str(header["STREAM"]),
    )
