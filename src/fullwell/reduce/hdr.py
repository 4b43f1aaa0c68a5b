"""Dual-gain frames to one linear frame in electrons, with variance and mask.

Both chains read the same electrons, so they share the photon noise: it has no say in their weights. What differs
is the noise of the read-out alone, and that is the same at every level. Below the top of the high-gain chain its
share is therefore constant, by inverse variance. Near the top it fades to nothing as a smooth function of the
high-gain value alone. A threshold would pick pixels by their own noise and pull their mean; a smooth weight w(h)
does so only by (variance of h) x dw/dh, here about 0.01 electrons at 1500 (Stein's lemma).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import Frame
from fullwell.camera.words import word_meanings
from fullwell.compiled import njit
from fullwell.errors import InvalidValue

FADE_FROM, FADE_TO = 0.75, 0.95
"""Where the share of the high-gain chain begins and ends to fade, as fractions of its range above the bias."""

END_SIGMA: Final = 25.0
"""Saturation begins this far below the mean word of full wells: they scatter with the noise of the read-out, six
times the usual one in the noisiest pixels."""

STAMP_BYTES: Final = 64
"""The most that a camera overwrites with a GPS stamp; for files, which do not tell it."""

STRIP_PX: Final = 1 << 18


class Mask(IntFlag):
    """Why a pixel of a merged frame is not like the others; 0 = nothing special."""

    HIGH_SATURATED = 1
    """The high-gain chain was at its end: the value is the low-gain chain's. Good to use."""
    SATURATED = 2
    """Both chains were at their end: the value is a lower limit, its variance infinite."""
    STAMPED = 4
    """The GPS stamp stands in the high-gain pixel: the value is the low-gain chain's. Good to use."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One chain of a dual frame, in the words of the frame.

    Attributes
    ----------
    e_per_dn : float
        Electrons per DN.
    bias_dn : float
        Level without light, as the mean of many words: short words cut off half a step on average.
    noise_e : float
        Noise of the read-out, electrons rms, rounding to whole steps included.
    saturation_dn : float
        From here on a pixel counts as saturated.
    """

    e_per_dn: float
    bias_dn: float
    noise_e: float
    saturation_dn: float

    @property
    def range_e(self) -> float:
        """Electrons between bias and saturation."""
        return (self.saturation_dn - self.bias_dn) * self.e_per_dn


@dataclass(frozen=True, slots=True)
class HdrCalibration:
    """What it takes to merge a dual frame.

    Attributes
    ----------
    high, low : Channel
        The high-gain chain stands left.
    stamped_px : int
        How many pixels at the beginning of the frame are overwritten by the GPS stamp.
    """

    high: Channel
    low: Channel
    stamped_px: int = 0

    @classmethod
    def of_frame(cls, frame: Frame) -> HdrCalibration:
        """From the facts of the camera and the settings of a frame.

        Raises
        ------
        InvalidValue
            If the frame is no dual one, or is binned.
        """
        settings = frame.report.settings
        meanings = word_meanings(frame.model, settings)
        _check(len(meanings), settings.format.bin)
        high, low = (
            _channel(
                meaning.e_per_dn,
                meaning.bias_dn,
                meaning.read_noise_rms_e,
                meaning.saturation_dn,
                meaning.rail_dn,
                settings.format.bits - meaning.adc_bits,
            )
            for meaning in meanings
        )
        stamp_bytes = frame.model.shutter_signal.stamp_bytes if settings.gps else 0
        return cls(high, low, -(-stamp_bytes // frame.data.itemsize))

    @classmethod
    def of_header(cls, header: Mapping[str, Any], itemsize: int = 2) -> HdrCalibration:
        """From the header of a file that `fullwell.record.write_fits` wrote.

        Parameters
        ----------
        header : mapping
        itemsize : int
            Bytes of a word.

        Raises
        ------
        InvalidValue
            If the frame is no dual one or is binned, or the header does not tell enough.
        """
        _check(header.get("NCHAINS", 1), header.get("XBINNING", 1))
        try:
            shift = int(header["BITSPIX"]) - int(header["ADCBITS"])
            rail_dn = float(header["DATAMAX"])
            high, low = (
                _channel(
                    float(header[gain]),
                    float(header[bias]),
                    float(header[noise]),
                    float(header[end]),
                    rail_dn,
                    shift,
                )
                for gain, bias, noise, end in (
                    ("EGAIN", "BIASLVL", "RDNOISER", "SATURATE"),
                    ("EGAIN2", "BIASLVL2", "RDNOISR2", "SATURAT2"),
                )
            )
        except KeyError as missing:
            raise InvalidValue(
                f"the header has no card {missing.args[0]}: gain, bias, noise or depth of a chain are unknown.",
                "Give a dual frame that fullwell wrote.",
            ) from None
        stamp_bytes = STAMP_BYTES if header.get("GPSSTAMP") else 0
        return cls(high, low, -(-stamp_bytes // itemsize))


def _check(chains: object, binning: object) -> None:
    if chains != 2:
        raise InvalidValue(
            f"a frame of {chains} image is no dual-gain frame.", "Take it in a mode of two chains (HDR)."
        )
    if binning != 1:
        raise InvalidValue(
            f"a dual frame binned {binning} x {binning} hides which of its pixels were saturated.",
            "Take it unbinned, merge it, and sum afterwards.",
        )


def _channel(
    e_per_dn: float, bias_dn: float, noise_e: float, end_dn: float, rail_dn: float, shift: int = 0
) -> Channel:
    """A channel of words that are `shift` bits longer than the ADC's counts."""
    step_dn = 2.0 ** max(shift, 0)
    cut_dn = 0.5 * (1.0 - 2.0**shift) if shift < 0 else 0.0
    rounding_e = step_dn * e_per_dn / 12**0.5
    all_noise_e = float(np.hypot(noise_e, rounding_e))
    saturation_dn = rail_dn if end_dn >= rail_dn else end_dn - END_SIGMA * all_noise_e / e_per_dn
    return Channel(e_per_dn, bias_dn - cut_dn, all_noise_e, saturation_dn)


@dataclass(frozen=True, eq=False, slots=True)
class Merged:
    """One linear frame.

    Attributes
    ----------
    electrons : ndarray of float32, shape (rows, columns)
        Collected electrons, bias taken off.
    variance : ndarray of float32, same shape
        Photon noise, by the electrons found, and noise of the read-out, electrons squared; infinite where
        saturated.
    mask : ndarray of uint8, same shape
        Sums of `Mask`.
    """

    electrons: NDArray[np.float32]
    variance: NDArray[np.float32]
    mask: NDArray[np.uint8]

    @classmethod
    def empty(cls, rows: int, columns: int) -> Merged:
        """Room for a frame."""
        shape = rows, columns
        return cls(np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.uint8))


def merge_hdr(
    data: NDArray[Any], calibration: HdrCalibration, threads: int | None = None, out: Merged | None = None
) -> Merged:
    """Merge a dual-gain frame.

    Parameters
    ----------
    data : ndarray of uint8 or uint16, shape (rows, 2 columns)
        High gain left, low gain right.
    calibration : HdrCalibration
    threads : int, optional
        Default is one per processor.
    out : Merged, optional
        Overwritten and returned; for many frames of one size.

    Returns
    -------
    Merged
        Of shape (rows, columns).

    Raises
    ------
    InvalidValue
        If the frame has no two halves.

    Examples
    --------
    >>> chains = HdrCalibration(Channel(0.5, 100, 1.6, 4095), Channel(20.0, 100, 16.0, 4095))
    >>> merged = merge_hdr(np.array([[300, 4095, 4095, 105, 1100, 4095]], np.uint16), chains)
    >>> merged.electrons.round(1)
    array([[  100., 20000., 79900.]], dtype=float32)
    >>> merged.variance.round(1), merged.mask
    (array([[  102.5, 20256. ,     inf]], dtype=float32), array([[0, 1, 3]], dtype=uint8))

    Notes
    -----
    Limits: the noise of the read-out is taken as the rms over all pixels, so noisy pixels have too small a
    variance and quiet ones too large; photon noise is that of the electrons found, so at a few electrons the
    variance scatters with the value. The non-linearity of the response (below 1 %) is left in, with its effect on
    the photon noise (three times that). Of words of 8 bits the steps of the high-gain chain show below about 60
    electrons, where photon noise does not cover them.

    References
    ----------
    M. Granados et al., *Optimal HDR reconstruction with linear digital cameras*, CVPR 2010 (inverse variance).
    C. Stein, Ann. Statist. 9 (1981) 1135: E[n w(x + n)] = variance x E[w'] for Gaussian n, the bias of a weight
    that depends on the data.
    """
    if data.ndim != 2 or data.shape[1] % 2 or data.dtype not in (np.uint8, np.uint16):
        raise InvalidValue(
            f"an array of shape {data.shape} and type {data.dtype} is no dual frame.",
            "Give unsigned words of 8 or 16 bits, two images of equal width side by side.",
        )
    rows, columns = data.shape[0], data.shape[1] // 2
    merged = Merged.empty(rows, columns) if out is None else out
    if merged.electrons.shape != (rows, columns):
        raise InvalidValue(
            f"`out` is of shape {merged.electrons.shape}, the merged frame of {(rows, columns)}.",
            f"Give Merged.empty({rows}, {columns}), or leave `out` away.",
        )
    numbers = _numbers(calibration)
    step = max(1, STRIP_PX // max(columns, 1))

    def work(first: int) -> None:
        part = slice(first, first + step)
        _merge(data[part], numbers, merged.electrons[part], merged.variance[part], merged.mask[part])

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for _ in pool.map(work, range(0, rows, step)):
            pass
    _take_stamp_off(data, calibration, merged)
    return merged


def _numbers(calibration: HdrCalibration) -> tuple[np.float32, ...]:
    high, low = calibration.high, calibration.low
    share = low.noise_e**2 / (high.noise_e**2 + low.noise_e**2)
    return tuple(
        np.float32(number)
        for number in (
            high.bias_dn,
            high.e_per_dn,
            high.noise_e**2,
            high.saturation_dn,
            low.bias_dn,
            low.e_per_dn,
            low.noise_e**2,
            low.saturation_dn,
            share,
            FADE_TO * high.range_e,
            1.0 / ((FADE_TO - FADE_FROM) * high.range_e),
        )
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(data, numbers, electrons, variance, mask) -> None:  # type: ignore[no-untyped-def]
    """One strip; no branches inside and words of one width in each loop, so that many pixels go at a time."""
    high_bias, high_gain, high_noise, high_end, low_bias, low_gain, low_noise, low_end, share, top, steep = (
        numbers
    )
    zero, one, two, three, infinite = (
        np.float32(0),
        np.float32(1),
        np.float32(2),
        np.float32(3),
        np.float32(np.inf),
    )
    high_full, low_full = np.uint16(np.ceil(high_end)), np.uint16(np.ceil(low_end))
    nothing, first, second = np.uint8(0), np.uint8(1), np.uint8(2)
    rows, columns = electrons.shape
    for row in range(rows):
        left, right = data[row, :columns], data[row, columns:]
        value_row, variance_row, mask_row = electrons[row], variance[row], mask[row]
        for column in range(columns):
            low_dn = np.float32(right[column])
            high = (np.float32(left[column]) - high_bias) * high_gain
            low = (low_dn - low_bias) * low_gain
            rise = (top - high) * steep
            rise = zero if rise < zero else rise
            rise = one if rise > one else rise
            weight = share * rise * rise * (three - two * rise)
            rest = one - weight
            value = low + weight * (high - low)
            photons = value if value > zero else zero
            noise = photons + weight * weight * high_noise + rest * rest * low_noise
            value_row[column] = value
            variance_row[column] = infinite if low_dn >= low_end else noise
        for column in range(columns):
            of_high = first if left[column] >= high_full else nothing
            of_low = second if right[column] >= low_full else nothing
            mask_row[column] = of_high | of_low


def _take_stamp_off(data: NDArray[Any], calibration: HdrCalibration, merged: Merged) -> None:
    """Take the pixels that the GPS stamp covers from the low-gain image, which it leaves alone."""
    columns, low = merged.electrons.shape[1], calibration.low
    place = np.s_[0, : min(calibration.stamped_px, columns)]
    if not merged.electrons[place].size:
        return
    words = data[0, columns : columns + merged.electrons[place].size].astype(np.float32)
    merged.electrons[place] = (words - low.bias_dn) * low.e_per_dn
    saturated = words >= low.saturation_dn
    merged.variance[place] = np.where(
        saturated, np.inf, np.maximum(merged.electrons[place], 0.0) + low.noise_e**2
    )
    merged.mask[place] = Mask.STAMPED | np.where(saturated, Mask.SATURATED, 0).astype(np.uint8)
