"""Whether the disk takes what the camera sends at the wanted rate."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Final

import numpy as np

from fullwell.camera.clock import RealClock
from fullwell.errors import NotWritable
from fullwell.measure.doctor.patient import Patient
from fullwell.measure.doctor.verdict import Quantity, Trouble, Verdict, healthy, ill, unknown
from fullwell.readout.timing import frame_rate_fps

BLOCK_BYTES: Final = 8 << 20
BLOCKS: Final = 32
QUICK_BLOCKS: Final = 8

RESERVE: Final = 1.2
"""How much faster than the camera the disk should be: file systems pause now and then."""

REMEDY: Final = (
    "Record to a faster disk, compress, read fewer rows or 8 bits, or record fewer frames per second. A slow "
    "disk costs no frames as long as memory lasts; what is lost stands in the log of the run."
)


def examine(patient: Patient) -> Iterator[Verdict]:
    """Write a file, wait until it is on the disk, and compare with the frames as found."""
    subject, folder = "disk", patient.wish.folder
    if folder is None:
        yield unknown(subject, "No folder was named.", "Name the folder that frames shall go to.")
        return
    patient.restore_settings()
    form = patient.found.format
    rows, columns = form.shape(len(patient.mode.chains))
    rate_fps = patient.wish.frame_rate_fps or frame_rate_fps(patient.camera.timing())
    needed = rows * columns * form.dtype.itemsize * rate_fps
    speed = _write_bytes_per_s(folder, QUICK_BLOCKS if patient.wish.quick else BLOCKS, patient)
    written = Quantity("writing", speed * 1e-6, "MB/s", low=RESERVE * needed * 1e-6)
    frames = Quantity("frames as found", needed * 1e-6, "MB/s")
    if written.as_expected:
        yield healthy(subject, f"It takes the frames as found at {rate_fps:.3g} fps.", [written, frames])
    else:
        words = f"It does not take the frames as found at {rate_fps:.3g} fps."
        yield ill(subject, Trouble.SLOW_DISK, words, REMEDY, [written, frames])


def _write_bytes_per_s(folder: os.PathLike[str], blocks: int, patient: Patient) -> float:
    """How fast noise, which no file system shrinks, reaches the disk."""
    block = np.random.default_rng(1).bytes(BLOCK_BYTES)
    clock = RealClock()
    try:
        with tempfile.TemporaryFile(dir=folder, prefix="fullwell-doctor-", buffering=0) as file:
            begin_ns = clock.now_ns()
            for number in range(blocks):
                file.write(block)
                patient.progress((number + 1) / blocks)
            os.fsync(file.fileno())
            return blocks * BLOCK_BYTES / max(1, clock.now_ns() - begin_ns) * 1e9
    except OSError as error:
        raise NotWritable(
            f"{os.fspath(folder)!r} cannot be written to: {error.strerror}.", "Name another folder."
        ) from None
