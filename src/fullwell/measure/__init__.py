"""Know the camera: photon transfer, noise, linearity, defects, each number with its standard error.

Plain arrays in, frozen results out; nothing here knows where the frames came from.
"""

from fullwell.measure.codes import CodeUse, code_use
from fullwell.measure.dark import DarkCurrent, dark_current
from fullwell.measure.estimate import Estimate
from fullwell.measure.neighbours import NeighbourCorrelation, isolated_bright_pixels, neighbour_correlation
from fullwell.measure.pixels import PixelStatistics
from fullwell.measure.readnoise import ReadNoise, read_noise
from fullwell.measure.rows import Band, RowNoise, row_levels, row_noise, strongest_band
from fullwell.measure.telegraph import TelegraphCensus, telegraph_census
from fullwell.measure.transfer import PairStatistics, PhotonTransfer, pair_statistics, photon_transfer

__all__ = [
    "Band",
    "CodeUse",
    "DarkCurrent",
    "Estimate",
    "NeighbourCorrelation",
    "PairStatistics",
    "PhotonTransfer",
    "PixelStatistics",
    "ReadNoise",
    "RowNoise",
    "TelegraphCensus",
    "code_use",
    "dark_current",
    "isolated_bright_pixels",
    "neighbour_correlation",
    "pair_statistics",
    "photon_transfer",
    "read_noise",
    "row_levels",
    "row_noise",
    "strongest_band",
    "telegraph_census",
]
