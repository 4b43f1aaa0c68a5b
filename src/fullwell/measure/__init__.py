"""Know the camera: photon transfer, noise, linearity, defects, each number with its standard error.

Plain arrays in, frozen results out; nothing here knows where the frames came from. Only `rowscan` takes frames
itself: it has to move a lamp between them.
"""

from fullwell.measure.aperture import Aperture, Light, centroid
from fullwell.measure.codes import CodeUse, code_use
from fullwell.measure.dark import DarkCurrent, dark_current
from fullwell.measure.estimate import Estimate
from fullwell.measure.led import Flash, RowFit, fit_rows
from fullwell.measure.neighbours import NeighbourCorrelation, isolated_bright_pixels, neighbour_correlation
from fullwell.measure.occultation import (
    Occulted,
    StarLight,
    expected_light,
    fit_occultation,
    sharp_edge,
    soft_edge,
    star_light,
)
from fullwell.measure.pixels import PixelStatistics
from fullwell.measure.readnoise import ReadNoise, read_noise
from fullwell.measure.rows import Band, RowNoise, row_levels, row_noise, strongest_band
from fullwell.measure.rowscan import RowCalibration, calibrate_rows
from fullwell.measure.telegraph import TelegraphCensus, telegraph_census
from fullwell.measure.transfer import PairStatistics, PhotonTransfer, pair_statistics, photon_transfer

__all__ = [
    "Aperture",
    "Band",
    "CodeUse",
    "DarkCurrent",
    "Estimate",
    "Flash",
    "Light",
    "NeighbourCorrelation",
    "Occulted",
    "PairStatistics",
    "PhotonTransfer",
    "PixelStatistics",
    "ReadNoise",
    "RowCalibration",
    "RowFit",
    "RowNoise",
    "StarLight",
    "TelegraphCensus",
    "calibrate_rows",
    "centroid",
    "code_use",
    "dark_current",
    "expected_light",
    "fit_occultation",
    "fit_rows",
    "isolated_bright_pixels",
    "neighbour_correlation",
    "pair_statistics",
    "photon_transfer",
    "read_noise",
    "row_levels",
    "row_noise",
    "sharp_edge",
    "soft_edge",
    "star_light",
    "strongest_band",
    "telegraph_census",
]
