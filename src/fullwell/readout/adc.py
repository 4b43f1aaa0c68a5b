"""Gain, offset, analogue-to-digital conversion, words and binning."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.models.facts import CameraModel


def bias_dn(model: CameraModel, offset: float, adc_bits: int) -> float:
    """Bias level: zero + step x offset knob, given in DN of 16 bits, scaled to the depth of the ADC."""
    return (model.offset_dn_zero + model.offset_dn_per_step * offset) * 2.0 ** (adc_bits - 16)


def quantise(signal_dn: NDArray[np.float64], adc_bits: int) -> NDArray[np.int64]:
    """Counts of the ADC: rounded to the nearest, clipped at 0 and at the rail.

    Examples
    --------
    >>> quantise(np.array([-3.0, 0.4, 0.5, 70000.0]), 16)
    array([    0,     0,     1, 65535])
    """
    return np.clip(np.floor(signal_dn + 0.5), 0, 2**adc_bits - 1).astype(np.int64)


def words_out(counts: NDArray[np.int64], adc_bits: int, output_bits: int) -> NDArray[np.int64]:
    """Words that leave the camera: counts moved up or down to the depth asked for.

    Fewer bits than the ADC has keep its upper ones; more bits hold its counts in their upper ones.

    Examples
    --------
    >>> words_out(np.array([4095]), 12, 16), words_out(np.array([65535]), 16, 8)
    (array([65520]), array([255]))
    """
    shift = output_bits - adc_bits
    return counts << shift if shift >= 0 else counts >> -shift


def bin_sum(words: NDArray[np.int64], factor: int) -> NDArray[Any]:
    """Exact sums of square blocks.

    Parameters
    ----------
    words : ndarray of int64, shape (rows, columns)
        Both multiples of `factor`.
    factor : int
        Binning.

    Examples
    --------
    >>> bin_sum(np.full((2, 4), 65535), 2)
    array([[262140, 262140]])
    """
    rows, columns = words.shape
    blocks = words.reshape(rows // factor, factor, columns // factor, factor)
    return blocks.sum(axis=(1, 3))
