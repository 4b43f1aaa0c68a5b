"""Keep frames: files that lose nothing, and recordings that account for every frame."""

from fullwell.record.atomic import check_folder, whole_file
from fullwell.record.fits import write_fits
from fullwell.record.naming import FileNames
from fullwell.record.recording import Recording, Status, Summary, record
from fullwell.record.vcd import write_vcd

__all__ = [
    "FileNames",
    "Recording",
    "Status",
    "Summary",
    "check_folder",
    "record",
    "whole_file",
    "write_fits",
    "write_vcd",
]
