"""Recordings in the programs that people use: fitsverify, funpack, Siril, ffmpeg."""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import fullwell
from fullwell.models import Window
from fullwell.record import Summary, record
from fullwell.record.instants import iso
from fullwell.record.runlog import read_log
from fullwell.scene import Flat
from recorded import NAMES, Tap

FRAMES = 6


def recorded(
    tmp_path: Path, form: str, key: str = "qhy42-pro", bits: int = 16
) -> tuple[Summary, list[np.ndarray]]:
    """A short recording and what was delivered for it."""
    with fullwell.open(f"twin:{key}", scene=Flat(4000), seed=3, clock="instant") as camera:
        camera.configure(window=Window(100, 200, 204, 58), exposure_s=0.01, bits=bits)
        tap = Tap(camera)
        done = record(tap, tmp_path / NAMES[form], format=form, frames=FRAMES)
    return done, list(tap.frames.values())


@pytest.mark.needs("fitsverify")
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("form", ["fits", "cube"])
def test_fitsverify_finds_nothing(tmp_path, form, compress):
    if form == "cube":
        paths = recorded(tmp_path, form)[0].paths
    else:
        with fullwell.open("twin:qhy42-pro", scene=Flat(4000), seed=3, clock="instant") as camera:
            camera.configure(window=Window(100, 200, 203, 57), exposure_s=0.01)
            paths = record(camera, tmp_path, format=form, frames=2, compress=compress).paths
    for path in paths:
        done = subprocess.run(["fitsverify", "-l", str(path)], capture_output=True, text=True, check=False)
        assert "found 0 warning(s) and 0 error(s)" in done.stdout, done.stdout


def siril(folder: Path, *commands: str) -> str:
    """Let Siril run commands in a folder."""
    script = folder / "script.ssf"
    script.write_text("\n".join(["requires 1.0.0", *commands, ""]))
    done = subprocess.run(
        ["siril-cli", "-d", str(folder), "-s", str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.needs("siril-cli")
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_siril_reads_ser(tmp_path, bits):
    """Siril finds size, depth, times and rate, and in every frame the same mean and extremes."""
    done, key = recorded(tmp_path, "ser", bits=bits)
    said = siril(tmp_path, "set16bits", "seqstat a stats.csv basic")
    notes = read_log(done.log).notes
    rate_hz = 1e9 * (FRAMES - 1) / (notes[-1].start_ns - notes[0].start_ns)
    assert f"image size: 204 x 58 ({bits} bits)" in said
    assert f"frame count: {FRAMES}" in said
    assert f"UTC time: {iso(notes[0].start_ns // 1000 * 1000)}" in said
    told_hz = float(re.search(r"fps: ([\d.]+)", said)[1])
    assert told_hz == pytest.approx(rate_hz, rel=1e-4)  # 2 us in 50 ms: it counts in microseconds
    assert "Timestamps in the SER file are correctly ordered." in said
    lines = [line.split() for line in (tmp_path / "a.seq").read_text().splitlines() if line.startswith("M0-")]
    assert len(lines) == FRAMES
    for words in lines:
        image = key[int(words[0].split("-")[1])]
        mean, low, high = float(words[3]), float(words[11]), float(words[12])
        assert int(words[1]) == image.size
        assert (low, high) == (image.min(), image.max())
        assert mean == pytest.approx(image[image > 0].mean(), rel=1e-5)  # it prints six digits


@pytest.mark.needs("siril-cli")
def test_siril_reads_a_cube(tmp_path):
    """Siril takes a FITS cube as a sequence of its planes."""
    _, key = recorded(tmp_path, "cube")
    siril(tmp_path, "set16bits", "load a.fits", "save one")
    data = fits.getdata(tmp_path / "one.fit")
    plane = data if data.ndim == 2 else data[0]
    assert any(np.array_equal(turned, key[0]) for turned in (plane, plane[::-1]))


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize(("bits", "pixels"), [(8, "gray"), (16, "gray16le")])
def test_ffmpeg_reads_ser(tmp_path, bits, pixels):
    """As raw video behind a header of 178 bytes, as the page on files tells."""
    done, key = recorded(tmp_path, "ser", bits=bits)
    rows, columns = key[0].shape
    read = ["-f", "rawvideo", "-pixel_format", pixels, "-video_size", f"{columns}x{rows}"]
    source = ["-i", f"subfile,,start,178,end,{178 + FRAMES * key[0].nbytes},,:{done.paths[0]}"]
    made = subprocess.run(
        ["ffmpeg", "-v", "error", *read, *source, "-f", "framehash", "-hash", "sha256", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in made.stdout.splitlines() if not line.startswith("#")]
    assert [line.split(",")[-1].strip() for line in lines] == [hashlib.sha256(image).hexdigest() for image in key]


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize(("bits", "swapped"), [(8, False), (16, True)])
def test_ffmpegs_own_reader_of_ser_takes_the_field_by_the_letter(tmp_path, bits, swapped):
    """It swaps the 16-bit words of all who write the field as Siril reads it: the page on files says so."""
    done, key = recorded(tmp_path, "ser", bits=bits)
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "ser", "-i", str(done.paths[0]), "-c", "copy", "-f", "rawvideo", "-"],
        capture_output=True,
        check=True,
    )
    assert made.stdout[: key[0].nbytes] == key[0].tobytes()
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=pix_fmt", "-of", "csv=p=0", str(done.paths[0])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("be" in told.stdout) is swapped


@pytest.mark.needs("ffmpeg")
def test_ffmpeg_reads_fits_files(tmp_path):
    done, key = recorded(tmp_path, "fits")
    for path in done.paths:
        made = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray16le", "-"],
            capture_output=True,
            check=True,
        )
        assert len(made.stdout) == key[0].nbytes


@pytest.mark.parametrize(("left", "top", "colour"), [(0, 0, 8), (1, 0, 9), (0, 1, 10), (1, 1, 11)])
def test_the_mosaic_of_a_colour_camera(tmp_path, left, top, colour):
    """RGGB, GRBG, GBRG, BGGR: 8 to 11, for the first pixel of the window."""
    with fullwell.open("twin:qhy600c-pro", scene=Flat(4000), seed=3, clock="instant") as camera:
        assert camera.model.sensor.bayer == "RGGB"
        camera.configure(window=Window(left, top, 64, 64), exposure_s=0.01)
        done = record(camera, tmp_path / "a.ser", format="ser", frames=1)
    assert struct.unpack_from("<i", done.paths[0].read_bytes(), 18) == (colour,)
