"""The answer key of a frame as extensions of its file: TRUTH, STARS, EFFECTS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from fullwell.camera.frame import Frame, Truth
from fullwell.record.header import plain_ascii
from fullwell.record.section import Section

UNITS: Final = {
    "x_px": "pixel",
    "y_px": "pixel",
    "ra_deg": "deg",
    "dec_deg": "deg",
    "magnitude": "mag",
    "electrons": "electron",
}

FORMATS: Final = {
    "b1": "L",
    "u1": "B",
    "i2": "I",
    "i4": "J",
    "i8": "K",
    "f4": "E",
    "f8": "D",
}


def answer_hdus(frame: Frame, truth: Truth, compressed: bool) -> list[Any]:
    """The extensions of an answer key, as astropy HDUs.

    Parameters
    ----------
    frame : Frame
        The picture that the key belongs to.
    truth : Truth
    compressed : bool
        Whether the electrons are compressed, without loss.

    Returns
    -------
    list of HDU
    """
    hdus = [_electrons(truth.electrons, compressed), _effects(truth.effects)]
    if truth.stars is not None:
        hdus.insert(1, _stars(frame, truth.stars))
    return hdus


def _electrons(electrons: NDArray[np.float32], compressed: bool) -> Any:
    if compressed:
        hdu = fits.CompImageHDU(electrons, name="TRUTH", compression_type="GZIP_2", quantize_level=0.0)
    else:
        hdu = fits.ImageHDU(electrons, name="TRUTH")
    hdu.header["BUNIT"] = ("electron", "expected, before shot noise, unbinned")
    return hdu


def _stars(frame: Frame, stars: NDArray[np.void]) -> fits.BinTableHDU:
    """The stars with their true flux, and where they lie in this file."""
    section = Section.of(frame.report.settings.format, frame.model.sensor.geometry)
    x_file, y_file = section.to_file(stars["x_px"] + 1.0, stars["y_px"] + 1.0)
    columns = [*_columns(stars), _column("x_image", x_file, "pixel"), _column("y_image", y_file, "pixel")]
    hdu = fits.BinTableHDU.from_columns(columns, name="STARS")
    hdu.header["COMMENT"] = "x_px, y_px: effective area, unbinned, from 0. x_image, y_image: this file, from 1."
    return hdu


def _columns(stars: NDArray[np.void]) -> list[fits.Column]:
    return [_column(name, stars[name], UNITS.get(name)) for name in stars.dtype.names or ()]


def _column(name: str, values: NDArray[Any], unit: str | None = None) -> fits.Column:
    if values.dtype.kind in "US":
        values = values.astype("S")
    code = f"{max(values.dtype.itemsize, 1)}A" if values.dtype.kind == "S" else None
    return fits.Column(name, code or FORMATS[values.dtype.newbyteorder("=").str[1:]], unit, array=values)


def _effects(effects: Mapping[str, str]) -> fits.BinTableHDU:
    columns = (
        _column("name", np.array([plain_ascii(name) for name in effects], dtype="S")),
        _column("value", np.array([plain_ascii(text) for text in effects.values()], dtype="S")),
    )
    return fits.BinTableHDU.from_columns(columns, name="EFFECTS")
