"""Pictures and statistics of files of any origin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image
from scipy.stats import norm

from fullwell.cli.loading import Plane, load
from fullwell.cli.picture import essentials
from fullwell.cli.statistics import statistics
from fullwell.cli.stretch import block_mean, midtones, picture_of, stretched


def noise(rows: int = 300, columns: int = 400, level: float = 500.0, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(level, (rows, columns)).astype(np.uint16)


def written(path, data, **cards):
    fits.PrimaryHDU(data, fits.Header(list(cards.items()))).writeto(path)
    return path


def picture(path) -> np.ndarray:
    with Image.open(path) as opened:
        assert opened.format == "PNG"
        return np.asarray(opened.convert("RGB"))


# --- the command ----------------------------------------------------------------------------------------------


def test_what_it_says_and_writes(run, tmp_path):
    data = noise()
    data[0, 0], data[0, 1:4] = 65535, 0
    written(tmp_path / "a.fits", data, EGAIN=0.5, BIASLVL=100.0)
    done = run("show", "a.fits")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "a.png\n"
    told = {line.split()[0]: line.split()[1] for line in done.stderr.splitlines() if line.startswith("  ")}
    assert float(told["mean"]) == pytest.approx(data.mean(), abs=0.006)
    assert told["maximum"] == "65,535.0"
    assert picture(tmp_path / "a.png").shape[1] == 1600


FILES = {
    "mono": lambda: (noise(), {}),
    "float": lambda: (noise().astype(np.float32) / 65535, {}),
    "negative float": lambda: (np.random.default_rng(1).normal(0, 1, (50, 60)).astype(np.float32), {}),
    "not a number": lambda: (np.where(noise() > 550, np.nan, noise()).astype(np.float32), {}),
    "signed": lambda: (noise().astype(np.int16) - 300, {}),
    "sums": lambda: (noise().astype(np.uint32) * 9, {}),
    "bytes": lambda: (noise(level=20).astype(np.uint8), {}),
    "all the same": lambda: (np.full((30, 40), 7, np.uint16), {}),
    "all zero": lambda: (np.zeros((30, 40), np.uint16), {}),
    "one pixel": lambda: (np.ones((1, 1), np.uint16), {}),
    "one row": lambda: (noise(1, 500), {}),
    "mosaic": lambda: (noise(), {"BAYERPAT": "RGGB"}),
    "odd mosaic": lambda: (noise(31, 41), {"BAYERPAT": "GBRG", "XBAYROFF": 1}),
    "three colours": lambda: (np.stack([noise(seed=s) for s in range(3)]), {}),
    "dual": lambda: (noise(), {"NCHAINS": 2, "EGAIN": 0.5, "EGAIN2": 20.0, "SATURATE": 4095, "SATURAT2": 4095}),
    "strange cards": lambda: (
        noise(),
        {"EXPTIME": 30, "XBINNING": 2, "RA": "14 03 12", "GAIN": "high", "CD1_1": 0.0},
    ),
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_any_file_is_drawn(run, tmp_path, make):
    data, cards = make()
    written(tmp_path / "a.fits", data, **cards)
    done = run("show", "a.fits", "--out", "b.png")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "b.png\n"
    assert picture(tmp_path / "b.png").std() > 1


def test_a_compressed_file(run, tmp_path):
    fits.CompImageHDU(noise(), compression_type="RICE_1").writeto(tmp_path / "a.fits.fz")
    done = run("show", "a.fits.fz")
    assert (done.exit_code, done.stdout) == (0, "a.png\n"), done.stderr


def test_a_real_frame(run, shared, tmp_path):
    done = run("show", shared / "data" / "frames" / "qhy600m_m101_1024.fits", "--out", "m101.png")
    assert done.exit_code == 0, done.stderr
    shot = load(shared / "data" / "frames" / "qhy600m_m101_1024.fits")
    assert shot.top_down
    assert dict(essentials(shot))["settings"] == "gain 26, offset 100"


def test_several_files(run, tmp_path):
    for name in "ab":
        written(tmp_path / f"{name}.fits", noise())
    done = run("show", "a.fits", "b.fits")
    assert done.stdout == "a.png\nb.png\n"
    assert run("show", "a.fits", "b.fits", "--out", "c.png").exit_code == 2


def test_what_cannot_be_shown(run, tmp_path):
    (tmp_path / "text.fits").write_text("hello")
    (tmp_path / "empty.fits").write_bytes(b"")
    fits.PrimaryHDU().writeto(tmp_path / "header.fits")
    written(tmp_path / "whole.fits", noise())
    (tmp_path / "half.fits").write_bytes((tmp_path / "whole.fits").read_bytes()[:20000])
    for name, what in (
        ("missing.fits", "there is no file 'missing.fits'"),
        ("text.fits", "cannot be read as FITS"),
        ("empty.fits", "cannot be read as FITS"),
        ("header.fits", "holds no image"),
        ("half.fits", "was cut short"),
        (".", "there is no file"),
    ):
        done = run("show", name)
        assert (done.exit_code, done.stdout) == (1, ""), name
        assert what in done.stderr
        assert "Traceback" not in done.stderr
    assert run("show", "whole.fits", "--out", "whole.fits").exit_code == 2
    assert run("show", "whole.fits", "--out", "no/such.png").exit_code == 1
    assert not list(tmp_path.glob("*.png"))


# --- the numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.float32])
def test_statistics_agree_with_numpy(kind):
    data = np.random.default_rng(2).normal(120, 10, (400, 500)).round().astype(kind)
    data[0, :50], data[1, :30] = 0, 255
    found = statistics(Plane("", (data,), None, None, 255.0))
    assert found.mean == pytest.approx(data.mean(dtype=float), rel=1e-6)
    assert found.median == pytest.approx(np.median(data), abs=0.5)
    # 199,920 draws: half the distance of the two percentiles has a standard error of
    # 10 x 1.18 / sqrt(2 x 199,920) = 0.02 DN; 5 of them. Rounding does not matter: the shares below
    # half-integers are those of the normal law.
    assert found.sigma == pytest.approx(10, abs=0.1)
    assert (found.minimum, found.maximum) == (0, 255)
    assert found.low_fraction == pytest.approx(50 / 200_000)
    assert found.high_fraction == pytest.approx(30 / 200_000)
    assert (found.per_dn * np.diff(found.edges)).sum() == pytest.approx(data.size)


def test_sigma_of_a_quiet_frame_is_not_rounded():
    """Noise of 0.8 DN: without interpolation sigma could be 0.5 or 1 only."""
    data = np.random.default_rng(3).normal(500, 0.8, (500, 500)).round().astype(np.uint16)
    steps = np.arange(-3.5, 4.0)
    low, high = np.interp([0.158655, 0.841345], norm.cdf(steps / 0.8), steps)
    # Shares of 250,000 draws have a standard error of 0.0007, over a density of 0.24 per DN: 0.003 DN; 4 of them.
    assert statistics(Plane("", (data,), None, None, None)).sigma == pytest.approx((high - low) / 2, abs=0.012)


def test_the_two_greens_count_once_each():
    mosaic = np.tile(np.array([[10, 20], [30, 40]], np.uint16), (50, 50))
    shot = make_shot(mosaic, BAYERPAT="RGGB")
    means = {plane.name: statistics(plane).mean for plane in shot.planes}
    assert means == {"R": 10, "G": 25, "B": 40}


@pytest.mark.parametrize(
    ("pattern", "offsets", "names"),
    [("RGGB", (0, 0), "RGB"), ("GRBG", (1, 0), "RGB"), ("GBRG", (0, 1), "RGB"), ("BGGR", (1, 1), "RGB")],
)
def test_offsets_of_the_mosaic(pattern, offsets, names):
    mosaic = np.tile(np.array([[10, 20], [30, 40]], np.uint16), (50, 50))
    shot = make_shot(mosaic, BAYERPAT=pattern, XBAYROFF=offsets[0], YBAYROFF=offsets[1])
    assert {plane.name: statistics(plane).mean for plane in shot.planes} == {"R": 10, "G": 25, "B": 40}


def make_shot(data, **cards):
    """A file written and read."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "a.fits", data, **cards)
        shot = load(path)
    return replace(shot, path=Path("a.fits"))


# --- the picture ----------------------------------------------------------------------------------------------


def test_a_star_keeps_its_light_in_a_small_picture():
    data = np.full((1000, 1000), 500, np.uint16)
    data[503, 707] = 60_000
    small = block_mean(data, 8)
    assert small.shape == (125, 125)
    assert (small.astype(float).sum() - 500 * small.size) * 64 == pytest.approx(59_500, rel=1e-4)
    assert np.unravel_index(small.argmax(), small.shape) == (503 // 8, 707 // 8)


def test_every_star_of_a_big_frame_is_seen():
    """One-pixel stars of 20 sigma at any phase of the blocks stand out of the stretched picture."""
    data = np.random.default_rng(4).normal(500, 10, (1600, 2400)).round().astype(np.uint16)
    places = [(100 + 117 * i, 90 + 131 * i) for i in range(12)]
    for row, column in places:
        data[row : row + 3, column : column + 3] += 700
    shot = make_shot(data)
    drawn = picture_of(shot, 600)
    factor = 2400 // 600
    background = np.median(drawn)
    spread = drawn.std()
    for row, column in places:
        assert drawn[row // factor : row // factor + 2, column // factor : column // factor + 2].max() > (
            background + 3 * spread
        )


def test_the_background_is_a_dark_grey():
    for level in (300, 3000, 30_000):
        drawn = stretched(noise(level=level).astype(np.float32))
        assert np.median(drawn) == pytest.approx(0.14, abs=0.01)
        assert (drawn.min(), drawn.max()) == pytest.approx((0, 1), abs=1e-6)


def test_midtones_rise():
    level = np.linspace(0, 1, 1000)
    for midtone in (1e-5, 0.1, 0.5, 0.9):
        assert np.all(np.diff(midtones(level, midtone)) > 0)


def test_a_grey_mosaic_stays_grey():
    """Colours of unlike sensitivity get one background."""
    rng = np.random.default_rng(5)
    mosaic = rng.poisson(np.tile(np.array([[300, 800], [800, 500]]), (200, 200))).astype(np.uint16)
    drawn = picture_of(make_shot(mosaic, BAYERPAT="RGGB"), 400)
    assert drawn.shape == (200, 200, 3)
    medians = np.median(drawn, axis=(0, 1))
    assert np.ptp(medians) < 0.02
