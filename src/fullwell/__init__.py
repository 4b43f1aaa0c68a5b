"""fullwell: the whole of a scientific CMOS camera, in software."""

__version__ = "0.1.0"
