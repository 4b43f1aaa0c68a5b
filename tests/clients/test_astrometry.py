"""Frames of the sky, taken on the command line, in the hands of astrometry.net, fitsverify and a photometrist.

`solve-field` gets the scale within a factor of two and no position; its index files are made of Tycho-2 as well,
but it knows nothing of how the frame was drawn. Photometry is done here with plain numpy: bias off, flat
divided, apertures of four times the seeing, sky from an annulus.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy import ndimage

EXPOSURE_S = 20
APERTURE_PX = 8
ANNULUS_PX = (12, 20)
TELESCOPE = ("--focal-length", "530", "--aperture", "106")
FIELDS = {"M 101": (210.802, 54.349), "Vulpecula": (299.9, 22.7), "Sculptor": (0.05, -30.0)}
"""High galactic latitude, the Milky Way, and the south where right ascension wraps round."""


@dataclass(frozen=True)
class Shot:
    """A frame on disk and the flat field that belongs to it."""

    light: Path
    flat: Path
    ra_deg: float
    dec_deg: float
    whole: bool


def fullwell(*arguments: object) -> Path:
    """Run the command, as a user's script does; the path it writes."""
    done = subprocess.run(
        [sys.executable, "-m", "fullwell.cli.main", "capture", *map(str, arguments), "--instant"],
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip())


quick = ("qhy268m-pro", "Vulpecula", (2126, 1338, 2000, 1500))
slow = [
    pytest.param((key, name, None), marks=pytest.mark.slow)
    for key in ("qhy600-pro", "qhy268m-pro")
    for name in FIELDS
]


@pytest.fixture(scope="module", params=[quick, *slow], ids=lambda case: f"{case[0]} {case[1]}")
def shot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shot:
    key, name, window = request.param
    folder = tmp_path_factory.mktemp("sky")
    ra_deg, dec_deg = FIELDS[name]
    camera = (f"twin:{key}", "--mode", "High Gain", "--gain", 0, "--filter", "G", *TELESCOPE)
    roi = () if window is None else ("--roi", ",".join(map(str, window)))
    light = fullwell(
        *camera,
        *roi,
        "--ra",
        ra_deg,
        "--dec",
        dec_deg,
        "--exposure",
        EXPOSURE_S,
        "--truth",
        "--out",
        folder / "light.fits",
    )
    flat = fullwell(*camera, *roi, "--scene", "flat", "--exposure", 3, "--out", folder / "flat.fits")
    return Shot(light, flat, ra_deg, dec_deg, window is None)


@pytest.mark.needs("fitsverify")
def test_fitsverify_finds_nothing(shot: Shot) -> None:
    for path in (shot.light, shot.flat):
        told = subprocess.run(["fitsverify", str(path)], capture_output=True, text=True, check=False).stdout
        assert "0 warning(s) and 0 error(s)" in told, told


@pytest.mark.needs("solve-field")
def test_astrometry_net_finds_centre_and_scale(shot: Shot) -> None:
    solved = solve(shot.light)
    header = fits.getheader(shot.light)
    told = WCS(header)
    middle = (header["NAXIS1"] - 1) / 2, (header["NAXIS2"] - 1) / 2
    found, written = (wcs.pixel_to_world(*middle) for wcs in (solved, told))
    assert found.separation(written).arcsec < 2.0
    scale, written_scale = (np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))) for wcs in (solved, told))
    assert abs(scale / written_scale - 1.0) < 1e-3
    if shot.whole:
        assert found.separation(SkyCoord(shot.ra_deg, shot.dec_deg, unit="deg")).arcsec < 2.0


def solve(path: Path) -> WCS:
    """What astrometry.net makes of the pixels; the header's own coordinates are kept from it."""
    bare = path.with_name("bare.fits")
    fits.PrimaryHDU(fits.getdata(path)).writeto(bare, overwrite=True)
    settings = "--no-plots --uniformize 0 --tweak-order 0 --downsample 2 --objs 300 --cpulimit 240"
    scale = "--scale-units arcsecperpix --scale-low 1 --scale-high 2"
    command = ["solve-field", "--overwrite", *settings.split(), *scale.split(), str(bare)]
    subprocess.run(command, capture_output=True, check=True)
    assert bare.with_suffix(".solved").exists(), "astrometry.net found no solution"
    return WCS(fits.getheader(bare.with_suffix(".new")))


def test_photometry_gives_the_catalogue(shot: Shot) -> None:
    """Counts of apertures against the electrons that the stars sent, and against their catalogue magnitudes.

    Zero point and colour term (from V of the catalogue to the G filter) are fitted, as photometrists do.
    """
    with fits.open(shot.light) as light, fits.open(shot.flat) as lamp:
        header, stars = light[0].header, light["STARS"].data
        level = lamp[0].data - lamp[0].header["BIASLVL"]
        electrons = (light[0].data - header["BIASLVL"]) / (level / lamp_centre(level)) * header["EGAIN"]
        brightest = ndimage.maximum_filter(light[0].data, 5)
        usable = pick(stars, brightest, 0.8 * header["SATURATE"])
        seconds = header["EXPTIME"]
    assert len(usable) >= 25
    flux = np.array([aperture(electrons, star["x_image"] - 1, star["y_image"] - 1) for star in usable])
    expected = usable["electrons"] / usable["illumination"] * inside_aperture(2.5 / 1.4633)
    assert abs(np.median(-2.5 * np.log10(flux / expected))) < 0.03
    offset = usable["magnitude"] + 2.5 * np.log10(flux / seconds)
    colour_term, zero_point = np.polyfit(usable["bv_mag"], offset, 1)
    assert abs(colour_term) < 0.2
    assert np.median(np.abs(offset - zero_point - colour_term * usable["bv_mag"])) < 0.03


def lamp_centre(level: NDArray[np.float64]) -> float:
    """The brightest part of the flat: the axis of the telescope."""
    return float(np.percentile(ndimage.uniform_filter(level, 65)[::16, ::16], 99.5))


def pick(stars: NDArray[np.void], brightest: NDArray[np.uint16], limit_dn: float) -> NDArray[np.void]:
    """Stars of the catalogue with no neighbour of 2 %, well inside, neither faint nor saturated."""
    rows, columns = brightest.shape
    x, y = stars["x_image"] - 1, stars["y_image"] - 1
    edge = ANNULUS_PX[1] + 2
    inside = (x > edge) & (x < columns - edge) & (y > edge) & (y < rows - edge)
    bright = inside & (stars["source"] != "counts") & (stars["electrons"] > 10_000)
    chosen = []
    for index in np.flatnonzero(bright):
        near = np.hypot(x - x[index], y - y[index]) < 1.5 * APERTURE_PX
        near[index] = False
        alone = not np.any(near & (stars["electrons"] > 0.02 * stars["electrons"][index]))
        if alone and brightest[round(y[index]), round(x[index])] < limit_dn:
            chosen.append(index)
    return stars[chosen]


def aperture(electrons: NDArray[np.float64], x: float, y: float) -> float:
    """Electrons of a star in its aperture, sky taken off."""
    reach = ANNULUS_PX[1] + 1
    top, left = round(y) - reach, round(x) - reach
    cut = electrons[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    rows, columns = np.mgrid[top : top + cut.shape[0], left : left + cut.shape[1]]
    radius = np.hypot(rows - y, columns - x)
    ring = cut[(radius >= ANNULUS_PX[0]) & (radius < ANNULUS_PX[1])]
    covered = np.clip(APERTURE_PX + 0.5 - radius, 0.0, 1.0)  # share of each pixel inside the circle
    return float(np.sum(covered * (cut - np.median(ring))))


def inside_aperture(fwhm_px: float, beta: float = 3.0) -> float:
    """Share of a Moffat star inside the aperture."""
    alpha_px = fwhm_px / (2.0 * np.sqrt(2.0 ** (1.0 / beta) - 1.0))
    return float(1.0 - (1.0 + (APERTURE_PX / alpha_px) ** 2) ** (1.0 - beta))
