"""Noise that a whole row or column has in common."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fullwell.chance.deviates import normals
from fullwell.models.facts import Banding


def row_noise_e(stream: int, steps: NDArray[np.int64], banding: Banding) -> NDArray[np.float64]:
    """Random offset of each row in one frame, normal, electrons.

    Parameters
    ----------
    stream : int
        Key of the frame's row noise.
    steps : ndarray of int64
        Of each row, the number of the step in which it is read: rows that are read together share their noise,
        as a real QHY600 frame shows.
    """
    return banding.row_noise_e * normals(stream, steps, np.zeros(1, np.int64))[:, 0]


def column_noise_e(stream: int, columns: NDArray[np.int64], banding: Banding) -> NDArray[np.float64]:
    """Fixed offset of each column, normal, electrons.

    Parameters
    ----------
    stream : int
        Key of the body's column offsets.
    columns : ndarray of int64
        Columns on the sensor (total px).
    """
    return banding.column_noise_e * normals(stream, np.zeros(1, np.int64), columns)[0]


def band_amplitude_e(banding: Banding, usb_traffic: float) -> float:
    """Amplitude of the periodic bands: zero at the quiet USB traffic, and the full one far from it.

    Examples
    --------
    >>> facts = Banding(0.25, 0.5, 1200.0, 30.0, 12.0, 0.05)
    >>> band_amplitude_e(facts, 30.0), round(band_amplitude_e(facts, 60.0), 3)
    (0.0, 0.499)
    """
    distance = (usb_traffic - banding.quiet_traffic) / banding.traffic_width
    return banding.periodic_amplitude_e * (1.0 - math.exp(-(distance**2)))


def periodic_bands_e(row_end_ns: NDArray[np.int64], banding: Banding, usb_traffic: float) -> NDArray[np.float64]:
    """Periodic bands: a sine in the time at which each row is read, electrons.

    Its phase runs on over rows and frames: the period in rows is 1 / (frequency x line period), so that USB
    traffic, which lengthens the line, moves the bands; they do not average out in a stack of frames that start
    at a multiple of the period.

    Parameters
    ----------
    row_end_ns : ndarray of int64
        UTC at which the exposure of each row ends.
    banding : Banding
        Facts of the sensor.
    usb_traffic : float
        The vendor's knob.

    Notes
    -----
    Limits: one frequency; constant along a row.
    """
    whole_s, rest_ns = np.divmod(row_end_ns, 1_000_000_000)
    whole_turns = np.mod(whole_s * np.mod(banding.periodic_frequency_hz, 1.0), 1.0)
    turns = whole_turns + banding.periodic_frequency_hz * 1e-9 * rest_ns
    return band_amplitude_e(banding, usb_traffic) * np.sin(2.0 * np.pi * np.mod(turns, 1.0))
