"""Files of dual-gain frames to files of merged frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.cli.loading import first_image
from fullwell.cli.talk import say
from fullwell.errors import InvalidValue
from fullwell.record.header import Card
from fullwell.record.planes import Plane, kept_cards, write_planes
from fullwell.reduce import HdrCalibration, Mask, Merged, Splice, fit_splice, merge_hdr


def fitted(files: list[Path]) -> Splice:
    """The line between the chains, from all frames together.

    Raises
    ------
    InvalidValue
        If the frames were not taken alike, or show no line.
    """
    calibrations = {_calibration(path, *first_image(path)) for path in files}
    if len(calibrations) > 1:
        raise InvalidValue(
            "the files were taken with different gains, offsets or word depths.",
            "Give files of one setting together.",
        )
    return fit_splice(_frames(files), calibrations.pop())


def merge_file(path: Path, target: Path, splice: Splice | None, overwrite: bool) -> None:
    """Merge one file and say how much of it is saturated.

    Parameters
    ----------
    path, target : Path
    splice : Splice or None
        Instead of what the header says of the low-gain chain.
    overwrite : bool
    """
    data, header = first_image(path)
    calibration = _calibration(path, data, header)
    if splice is not None:
        calibration = splice.apply(calibration)
    merged = merge_hdr(data, calibration)
    cards = (*kept_cards(header), *_cards(path, calibration, splice))
    planes = {
        "SCI": Plane(merged.electrons, "electron", cards),
        "VAR": Plane(merged.variance, "electron2"),
        "MASK": Plane(merged.mask, "", tuple(_meanings())),
    }
    write_planes(target, planes, overwrite)
    say(f"{path}: {_summary(merged)}")


def _frames(files: list[Path]) -> Iterator[NDArray[Any]]:
    for path in files:
        yield first_image(path)[0]


def _calibration(path: Path, data: NDArray[Any], header: Any) -> HdrCalibration:
    try:
        return HdrCalibration.of_header(header, data.dtype.itemsize)
    except InvalidValue as error:
        raise InvalidValue(f"{str(path)!r}: {error.message}", error.remedy) from None


def _cards(path: Path, calibration: HdrCalibration, splice: Splice | None) -> Iterator[Card]:
    high, low = calibration.high, calibration.low
    yield Card("HDRFILE", path.name, "the dual frame that was merged")
    yield Card("HDRGAINH", high.e_per_dn, "[electron/adu] high gain")
    yield Card("HDRGAINL", low.e_per_dn, "[electron/adu] low gain")
    yield Card("HDRBIASH", high.bias_dn, "[adu] bias, high gain")
    yield Card("HDRBIASL", low.bias_dn, "[adu] bias, low gain")
    yield Card("HDRNOISH", high.noise_e, "[electron] noise of the read-out, high gain")
    yield Card("HDRNOISL", low.noise_e, "[electron] noise of the read-out, low gain")
    yield Card("HDRFROM", "facts" if splice is None else "frames", "where gain and bias of low gain come from")
    if splice is not None:
        yield Card("HDRK", splice.k, "high = k x low + b")
        yield Card("HDRB", splice.b_dn, "[adu] high = k x low + b")
    yield Card("SATURATE", low.range_e, "[electron] the response ends here")


def _meanings() -> Iterator[Card]:
    for bit in Mask:
        yield Card("HISTORY", f"{int(bit)}: {bit.name.lower().replace('_', ' ')}" if bit.name else "")


def _summary(merged: Merged) -> str:
    size = merged.mask.size
    high = np.count_nonzero(merged.mask & Mask.HIGH_SATURATED) / size
    both = np.count_nonzero(merged.mask & Mask.SATURATED) / size
    return f"{100 * (high - both):.3g} % from low gain alone, {100 * both:.3g} % saturated"
