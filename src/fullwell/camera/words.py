"""What the words of a frame mean: electrons per DN, noise, saturation and bias level in the file's own units.

A chain digitises with its own depth; the words that leave the camera may be shorter (upper bits kept) or longer
(moved to the upper bits), and binned frames hold sums of words. Everything here follows from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Final

from fullwell.camera.frame import Settings
from fullwell.models.facts import CameraModel, Chain

BENT_AT: Final = 0.95
"""Fraction of the well at which the facts give the deviation from a straight line; it grows as the square."""


@dataclass(frozen=True, slots=True)
class WordMeaning:
    """One chain's words in physical units.

    Attributes
    ----------
    chain : str
        Name of the chain.
    e_per_dn : float
        Electrons per count of the words in the file.
    read_noise_median_e, read_noise_rms_e : float
        Of one pixel of the file (binned sums: of the sum), without the rounding of short words.
    full_well_e : float
        Of one pixel of the file.
    bias_dn : float
        Expected level without light.
    adc_bits : int
        Depth of the chain's ADC.
    saturation_dn : int
        Where the response ends: the ADC's rail, or the well where it is reached first. At the well, words scatter
        round this level with the noise of the read-out.
    rail_dn : int
        Largest word that the frame can hold.
    """

    chain: str
    e_per_dn: float
    read_noise_median_e: float
    read_noise_rms_e: float
    full_well_e: float
    bias_dn: float
    adc_bits: int
    saturation_dn: int
    rail_dn: int


def word_meanings(model: CameraModel, settings: Settings) -> tuple[WordMeaning, ...]:
    """The meaning of the words, chain by chain, in the order in which the images stand in the frame.

    Parameters
    ----------
    model : CameraModel
        Facts of the camera.
    settings : Settings
        What the sensor used.

    Returns
    -------
    tuple of WordMeaning

    Notes
    -----
    With an ADC of a bits, words of w bits and binning b, a count of the ADC becomes 2^(w-a) DN, so a DN is worth
    g 2^(a-w) electrons. A sum of b^2 pixels keeps that gain, multiplies bias, rail and well by b^2 and the read
    noise by b.
    """
    return tuple(_meaning(model, settings, chain) for chain in model.mode(settings.mode).chains)


def _meaning(model: CameraModel, settings: Settings, chain: Chain) -> WordMeaning:
    point = chain.curve.at(settings.gain)
    summed = settings.format.bin**2
    dn_per_count = 2.0 ** (settings.format.bits - chain.adc_bits)
    bias_counts = (model.offset_dn_zero + model.offset_dn_per_step * settings.offset) * 2.0 ** (
        chain.adc_bits - 16
    )
    rail_counts = 2**chain.adc_bits - 1
    well_e = chain.pixel_well_e * (1.0 - model.sensor.nonlinearity_fraction / BENT_AT**2)
    full_counts = min(rail_counts, bias_counts + well_e / point.e_per_dn)
    return WordMeaning(
        chain=chain.name,
        e_per_dn=point.e_per_dn / dn_per_count,
        read_noise_median_e=point.read_noise_median_e * settings.format.bin,
        read_noise_rms_e=point.read_noise_rms_e * settings.format.bin,
        full_well_e=point.full_well_e * summed,
        bias_dn=bias_counts * dn_per_count * summed,
        adc_bits=chain.adc_bits,
        saturation_dn=floor(full_counts * dn_per_count) * summed,
        rail_dn=floor(rail_counts * dn_per_count) * summed,
    )
