"""Frames of the sky, taken on the command line, in the hands of astrometry.net, fitsverify and a photometrist.

`solve-field` gets the scale within a factor of two and no position; its index files are made of Tycho-2 as well,
but it knows nothing of how the frame was drawn. Photometry is done here with plain numpy: bias off, flat
divided, apertures of four times the seeing, sky from an annulus. Through V, the catalogue's band, a zero point
is all that may be fitted; through the G of colour pictures an observer fits a colour term, too.

``pytest -s`` prints what was measured.
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


@dataclass(frozen=True)
class Field:
    """A field through two filters."""

    name: str
    ra_deg: float
    dec_deg: float
    whole: bool
    v: Shot
    g: Shot


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
def field(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Field:
    key, name, window = request.param
    folder = tmp_path_factory.mktemp("sky")
    ra_deg, dec_deg = FIELDS[name]
    camera = [f"twin:{key}", "--mode", "High Gain", "--gain", 0, *TELESCOPE]
    camera += [] if window is None else ["--roi", ",".join(map(str, window))]
    pointed = ("--ra", ra_deg, "--dec", dec_deg, "--exposure", EXPOSURE_S, "--truth")

    def shot(filter_name: str) -> Shot:
        light, flat = (folder / f"{kind}{filter_name}.fits" for kind in ("light", "flat"))
        through = (*camera, "--filter", filter_name)
        return Shot(
            fullwell(*through, *pointed, "--out", light),
            fullwell(*through, "--scene", "flat", "--exposure", 3, "--out", flat),
        )

    whole = window is None
    return Field(f"{key}, {name}{'' if whole else ' (window)'}", ra_deg, dec_deg, whole, shot("V"), shot("G"))


@pytest.mark.needs("fitsverify")
def test_fitsverify_finds_nothing(field: Field) -> None:
    for path in (field.v.light, field.v.flat):
        told = subprocess.run(["fitsverify", str(path)], capture_output=True, text=True, check=False).stdout
        assert "0 warning(s) and 0 error(s)" in told, told


@pytest.mark.needs("solve-field")
def test_astrometry_net_finds_centre_and_scale(field: Field) -> None:
    solved = solve(field.v.light)
    header = fits.getheader(field.v.light)
    told = WCS(header)
    middle = (header["NAXIS1"] - 1) / 2, (header["NAXIS2"] - 1) / 2
    found, written = (wcs.pixel_to_world(*middle) for wcs in (solved, told))
    scale, written_scale = (np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))) for wcs in (solved, told))
    off_arcsec, off_scale = found.separation(written).arcsec, abs(scale / written_scale - 1.0)
    print(f"\n{field.name}: centre off by {off_arcsec:.3f} arcsec, scale by {off_scale:.1e}")
    assert off_arcsec < 2.0
    assert off_scale < 1e-3
    if field.whole:
        assert found.separation(SkyCoord(field.ra_deg, field.dec_deg, unit="deg")).arcsec < 2.0


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


def test_photometry_gives_the_catalogue(field: Field) -> None:
    """Counts of apertures against the electrons that the stars sent, and against their catalogue magnitudes."""
    plain, fitted = photometry(field, field.v)
    assert plain.median_mag < 0.03
    assert fitted.median_mag < 0.03
    assert abs(fitted.colour_term) < 0.03
    _, fitted = photometry(field, field.g)
    assert fitted.median_mag < 0.03
    assert abs(fitted.colour_term) < 0.2


@dataclass(frozen=True)
class Residuals:
    """How far magnitudes are off those of the catalogue, and with which colour term."""

    median_mag: float
    colour_term: float


def photometry(field: Field, shot: Shot) -> tuple[Residuals, Residuals]:
    """Residuals with a zero point alone, and with a colour term as well."""
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
    light_ratio = float(np.median(flux / expected))
    offset, bv_mag = usable["magnitude"] + 2.5 * np.log10(flux / seconds), usable["bv_mag"]
    colour_term, zero_point = np.polyfit(bv_mag, offset, 1)
    plain = Residuals(float(np.median(np.abs(offset - np.median(offset)))), 0.0)
    fitted = Residuals(float(np.median(np.abs(offset - zero_point - colour_term * bv_mag))), float(colour_term))
    print(
        f"\n{field.name}, {header['FILTER']}: {len(usable)} stars, {light_ratio:.4f} of their light, residuals "
        f"{plain.median_mag:.4f} mag, with colour term {colour_term:+.3f} {fitted.median_mag:.4f} mag"
    )
    # 25 stars of 0.005 mag each have a median within 0.005 mag of the truth at four standard errors.
    assert light_ratio == pytest.approx(1.0, abs=0.005)
    return plain, fitted


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
