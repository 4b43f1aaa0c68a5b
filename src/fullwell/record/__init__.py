"""Keep frames: files that lose nothing."""

from fullwell.record.fits import write_fits
from fullwell.record.naming import FileNames

__all__ = ["FileNames", "write_fits"]
