"""Make science frames of raw ones, each with its variance and its mask.

Plain arrays in, arrays out; nothing here knows of files.
"""

from fullwell.reduce.hdr import Channel, HdrCalibration, Mask, Merged, merge_hdr
from fullwell.reduce.splice import Splice, fit_splice

__all__ = ["Channel", "HdrCalibration", "Mask", "Merged", "Splice", "fit_splice", "merge_hdr"]
