"""The image of a star: exact in flux and place for every size of seeing."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.scene.seeing import StarImage, star_image
from fullwell.scene.starlight import add_stars

STILL = np.zeros((1, 1))


def draw(image: StarImage, x: float, y: float, size: int, radius: float) -> np.ndarray:
    out = np.zeros((size, size), np.float32)
    one, channel = np.ones((1, 1), np.float32), np.zeros((2, 2), np.int64)
    place = np.array([x]), np.array([y]), np.array([radius])
    add_stars(out, 0, 0, *place, one, channel, STILL, STILL, image.core, image.radial)
    return out.astype(np.float64)


@pytest.mark.parametrize(
    ("fwhm_px", "beta", "jitter_px"), [(1.3, 3, 0), (1.5, 6, 0.5), (1.7, 2.5, 0), (4, 4, 1.0), (25, 3, 0)]
)
def test_flux_and_centroid(fwhm_px, beta, jitter_px):
    image = star_image(fwhm_px, beta, jitter_px)
    radius = 25 * np.hypot(fwhm_px, 2.355 * jitter_px)
    size = int(2 * radius + 5)
    grid = np.arange(size)
    # An undersampled image has a centroid that depends on its place in the pixel, in truth as here.
    tolerance_px = 0.02 if fwhm_px < 1.5 else 0.005 * fwhm_px
    rng = np.random.default_rng(1)
    for _ in range(6):
        x, y = size / 2 + rng.uniform(-0.5, 0.5, 2)
        out = draw(image, x, y, size, radius)
        assert out.sum() == pytest.approx(float(image.enclosed(np.array(radius))), abs=1e-3)
        assert (out * grid).sum() / out.sum() == pytest.approx(x, abs=tolerance_px)
        assert (out * grid[:, np.newaxis]).sum() / out.sum() == pytest.approx(y, abs=tolerance_px)


@pytest.mark.parametrize("fwhm", [0.8, 1.3, 3.0])
def test_pixels_are_integrals_of_the_moffat_profile(fwhm):
    beta, x, y = 3.0, 20.3, 19.8
    image = star_image(fwhm, beta)
    out = draw(image, x, y, 41, 18)
    node, weight = np.polynomial.legendre.leggauss(24)
    alpha = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    for row, column in ((20, 20), (19, 21), (22, 20), (20, 30), (33, 20)):
        dx, dy = column + node / 2 - x, (row + node / 2 - y)[:, np.newaxis]
        profile = (beta - 1) / (np.pi * alpha**2) * (1 + (dx**2 + dy**2) / alpha**2) ** -beta
        exact = (profile * weight * weight[:, np.newaxis]).sum() / 4
        # Linear between 26 or more positions a pixel: the error is below curvature x step^2 / 8.
        assert out[row, column] == pytest.approx(exact, rel=5e-3)


@pytest.mark.parametrize("fwhm", [0.01, 0.4, 0.8])
def test_the_sharpest_images_keep_their_light(fwhm):
    image = star_image(fwhm, 3.0)
    for x, y in ((10.0, 10.0), (10.5, 10.5), (10.21, 9.87)):
        assert draw(image, x, y, 21, 9).sum() == pytest.approx(1, abs=1.5e-3)


def test_core_and_wing_meet():
    image = star_image(2.0, 3.0)
    row = draw(image, 50.0, 50.0, 101, 49)[50, 50:]
    alpha = image.scale_px
    exact = (image.beta - 1) / (np.pi * alpha**2) * (1 + (np.arange(51) / alpha) ** 2) ** -image.beta
    edge = image.half
    np.testing.assert_allclose(row[edge - 1 : edge + 4], exact[edge - 1 : edge + 4], rtol=0.06)
    step = row[edge - 2 : edge + 4] / exact[edge - 2 : edge + 4]
    assert np.abs(np.diff(step)).max() < 0.02


def test_jitter_widens_the_image():
    still, shaken = star_image(3.0, 3.0), star_image(3.0, 3.0, 1.5)
    peak = draw(still, 40, 40, 81, 39).max() / draw(shaken, 40, 40, 81, 39).max()
    assert 1.8 < peak < 3.5
