"""Keep frames: files that lose nothing."""

from fullwell.record.atomic import check_folder, whole_file
from fullwell.record.fits import write_fits
from fullwell.record.naming import FileNames
from fullwell.record.vcd import write_vcd

__all__ = ["FileNames", "check_folder", "whole_file", "write_fits", "write_vcd"]
