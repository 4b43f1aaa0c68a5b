"""The exact distribution of a pixel's counts, by convolution in float64, and counts drawn by the fast form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import njit
from scipy import stats
from scipy.special import ndtr

from fullwell.chance.keys import key
from fullwell.twin import fused
from fullwell.twin.plan import pack_kinds

NEVER = 2e9
BIAS_DN = 200.0


@njit(nogil=True)
def _count(picture, histogram):
    for value in picture.ravel():
        histogram[value] += 1


def bare(made, *, read_noise_e, e_per_dn, well_e=1e6, ratios=(1.0,)):
    """A plan with shot noise, read noise, gain, bias and ADC only; `ratios` in equal shares of the pixels."""
    ratio = np.repeat(np.asarray(ratios, float), 8192 // len(ratios)).reshape(1024, 8)
    kinds = pack_kinds(np.zeros((1024, 8)), ratio)
    chain = replace(
        made.chains[0],
        gaussian_median_e=read_noise_e,
        e_per_dn=e_per_dn,
        bias_dn=BIAS_DN,
        pixel_well_e=well_e,
        bend_per_e2=0.0,
        row_dn=np.zeros_like(made.chains[0].row_dn),
        column_dn=np.zeros_like(made.chains[0].column_dn),
    )
    return replace(
        made,
        chains=(chain,),
        kinds=kinds,
        prnu_fraction=0.0,
        dark_e=0.0,
        warm_gap=NEVER,
        telegraph_traps=0.0,
        dark_areas=(),
        blank_areas=(),
    )


SERIES = 3
"""Another number draws all the counts anew."""


def draw(made, light, count, label=""):
    """Histogram of the counts of at least `count` pixels, drawn by the fast form in frames of their own keys.

    Another `label` draws other numbers, so that points of a series are independent.
    """
    histogram = np.zeros(65536, np.int64)
    out = np.empty(made.shape, np.uint16)
    sequence = 0
    while histogram.sum() < count:
        frame_key = key("exactness", SERIES, label, sequence)
        chain = replace(made.chains[0], noise_stream=key(frame_key, "read"))
        streams = {"shot_stream": key(frame_key, "shot"), "telegraph_stream": key(frame_key, "jump")}
        fused.expose(replace(made, chains=(chain,), **streams), light, out)
        _count(out, histogram)
        sequence += 1
    return histogram


def distribution(mean_e, read_noise_e, e_per_dn, well_e=1e6, jumps=((1.0, 0.0),), ratios=(1.0,)):
    """Probability of each count: Poisson, clipped at the well, with Gauss, gain, bias, rounding, clipping.

    `jumps` are (share, electrons) of telegraph levels, `ratios` equally frequent relative read noises.
    """
    mean = float(np.float32(mean_e))
    dn_per_e = float(np.float32(1.0 / e_per_dn))
    root = np.sqrt(mean)
    k = np.arange(max(0, int(mean - 9 * root - 10)), int(mean + 9 * root + 40))
    weight = stats.poisson.pmf(k, mean)
    level = np.minimum(k, float(np.float32(well_e)))
    total = np.zeros(65536)
    for share, jump_e in jumps:
        for ratio in ratios:
            sigma = read_noise_e * ratio
            low = int(max(0, (level[0] + jump_e - 8 * sigma) * dn_per_e + BIAS_DN - 2))
            high = int(min(65535, (level[-1] + jump_e + 8 * sigma) * dn_per_e + BIAS_DN + 2))
            edges_e = (np.arange(low, high + 2) - 0.5 - BIAS_DN) / dn_per_e - jump_e
            edges_e[0] = -np.inf
            if high == 65535:
                edges_e[-1] = np.inf
            cumulative = np.zeros(len(edges_e))
            for start in range(0, len(k), 64):
                part = slice(start, start + 64)
                cumulative += ndtr((edges_e[:, None] - level[part]) / sigma) @ weight[part]
            total[low : high + 1] += share / len(ratios) * np.diff(cumulative)
    return total


def p_value(histogram, probability):
    """Chi-square p-value; neighbouring counts are merged until each class expects at least 20."""
    expected = probability * histogram.sum()
    order = np.cumsum(expected)
    classes = np.floor(order / 20.0).astype(np.int64)
    wide = expected >= 20.0
    # a class ends at each count that is large enough on its own, or when small ones have added up
    ends = np.flatnonzero(wide | (np.diff(classes, append=classes[-1] + 1) > 0))
    summed_e = np.diff(np.concatenate([[0.0], order[ends]]))
    summed_o = np.diff(np.concatenate([[0], np.cumsum(histogram)[ends]]))
    keep = summed_e >= 10.0
    observed, expected = summed_o[keep].astype(float), summed_e[keep]
    observed[-1] += histogram.sum() - observed.sum()
    expected[-1] += histogram.sum() - expected.sum()
    chi2 = np.sum((observed - expected) ** 2 / expected)
    return float(stats.chi2.sf(chi2, len(expected) - 1)), chi2, len(expected) - 1
