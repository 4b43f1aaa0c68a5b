"""RICE compression beside astropy's, which is cfitsio's code, on one core: ``python -m bench rice``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 5
ROWS, COLUMNS = 2000, 9600


def pictures() -> dict[str, np.ndarray]:
    """What is compressed: a sky as the QHY600 delivers it, words of 8 bits, sums of 32 bits, noise."""
    import fullwell
    from fullwell.models import Window
    from fullwell.scene import Sky

    scene = Sky(ra_deg=56.75, dec_deg=24.12, focal_length_mm=530, aperture_mm=106)
    found = {}
    with fullwell.open("twin:qhy600-pro", scene=scene, seed=1, clock="instant") as camera:
        camera.configure(exposure_s=30.0, window=Window(0, 0, COLUMNS - 24, ROWS))
        found["sky, 16 bit"] = camera.expose().data.copy()
        camera.configure(bits=8)
        found["sky, 8 bit"] = camera.expose().data.copy()
        camera.configure(bits=16, bin=2)
        found["sky, sums of 2 x 2, 32 bit"] = camera.expose().data.copy()
    draw = np.random.default_rng(1)
    found["noise beyond compression, 16 bit"] = draw.integers(0, 65536, (ROWS, COLUMNS)).astype(np.uint16)
    return found


def cpu_ns_per_px(work: Any, pixels: int) -> float:
    """Best of some rounds: the processor time of one thread."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.thread_time()
        work()
        best = min(best, time.thread_time() - begin)
    return best / pixels * 1e9


def encoders(name: str, image: np.ndarray) -> list[dict[str, Any]]:
    """The two encoders on the same rows, with the same bytes as result."""
    from astropy.io.fits.hdu.compressed._codecs import Rice1

    from fullwell.record.rice import encode_rows, longest_tile_bytes
    from fullwell.record.word_order import MASKS

    rows, columns = image.shape
    target = np.empty(rows * longest_tile_bytes(columns, image.itemsize), np.uint8)
    ends = np.empty(rows, np.int64)
    size = encode_rows(image, target, ends)
    theirs = Rice1(blocksize=32, bytepix=image.itemsize, tilesize=columns)
    signed = (image ^ image.dtype.type(MASKS[image.itemsize])).view(f"i{image.itemsize}")
    same = b"".join(bytes(theirs.encode(row)) for row in signed) == target[:size].tobytes()
    assert same, "the encoders differ"
    ours_ns = cpu_ns_per_px(lambda: encode_rows(image, target, ends), image.size)
    theirs_ns = cpu_ns_per_px(lambda: [theirs.encode(row) for row in signed], image.size)
    return [
        {"task": f"{name}: our encoder", "value": ours_ns, "unit": "ns/px", "goal": ""},
        {"task": f"{name}: astropy's encoder", "value": theirs_ns, "unit": "ns/px", "goal": ""},
        {"task": f"{name}: times as fast", "value": theirs_ns / ours_ns, "unit": "", "goal": ">= 2"},
        {"task": f"{name}: ratio", "value": image.nbytes / size, "unit": "", "goal": ""},
    ]


def files(image: np.ndarray) -> list[dict[str, Any]]:
    """Whole files from memory to the page cache: ours with all cards, astropy's with none."""
    from dataclasses import replace

    from astropy.io import fits

    import fullwell
    from fullwell.models import Window
    from fullwell.record import write_fits
    from fullwell.scene import Dark

    rows, columns = image.shape
    with fullwell.open("twin:qhy600-pro", scene=Dark(), seed=1, clock="instant") as camera:
        camera.configure(window=Window(0, 0, columns, rows))
        frame = replace(camera.expose(), data=image)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.fits.fz"

        def ours() -> None:
            write_fits(frame, path, compress="rice", overwrite=True)

        def theirs() -> None:
            hdus = [fits.PrimaryHDU(), fits.CompImageHDU(image, compression_type="RICE_1")]
            fits.HDUList(hdus).writeto(path, overwrite=True, checksum=True)

        figures = []
        for work in (ours, theirs):
            work()
            best = float("inf")
            for _ in range(3):
                begin = time.process_time()
                work()
                best = min(best, time.process_time() - begin)
            figures.append(best / image.size * 1e9)
    return [
        {"task": "file, sky, 16 bit: write_fits", "value": figures[0], "unit": "ns/px", "goal": ""},
        {"task": "file, sky, 16 bit: astropy", "value": figures[1], "unit": "ns/px", "goal": ""},
        {
            "task": "file, sky, 16 bit: times as fast",
            "value": figures[1] / figures[0],
            "unit": "",
            "goal": ">= 2",
        },
    ]


def run() -> list[dict[str, Any]]:
    """All figures.

    Returns
    -------
    list of dict
        Keys task, value, unit, goal (text, "" where there is none).
    """
    found = pictures()
    lines = [line for name, image in found.items() for line in encoders(name, image)]
    return lines + files(found["sky, 16 bit"])


if __name__ == "__main__":
    for line in run():
        print(f"{line['task']:64} {line['value']:8.3g} {line['unit']:10} {line['goal']}")
