"""S1, S2: pixels, mosaic, optical black and overscan of the IMX455 and the IMX571."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Flat, Uniform

PRINTED = {
    "qhy600-pro": ((9576, 6388), (9600, 6422), 3.76, 61.17e6),
    "qhy600c-pro": ((9576, 6388), (9600, 6422), 3.76, 61.17e6),
    "qhy268m-pro": ((6252, 4176), (6280, 4210), 3.76, 26e6),
}


def check_geometry(key: str) -> None:
    (width, height), (total_width, total_height), pitch_um, pixels = PRINTED[key]
    with fullwell.open(f"twin:{key}", scene=Uniform(50.0), clock="instant") as camera:
        assert camera.model.sensor.geometry.pixel_size_um == pitch_um
        camera.configure(exposure_s=0.01)
        image = camera.expose().data
        assert image.shape == (height, width)
        assert image.dtype == np.uint16
        assert image.size == pytest.approx(pixels, rel=0.005)
        camera.configure(overscan=True)
        assert camera.expose().data.shape == (total_height, total_width)


def check_shielded_pixels(key: str) -> None:
    """A sixth of a second in bright light: the image is far above the bias, shielded pixels stay there."""
    with fullwell.open(f"twin:{key}", scene=Uniform(50_000.0), clock="instant") as camera:
        geometry = camera.model.sensor.geometry
        assert geometry.optical_black
        assert geometry.overscan
        camera.configure(exposure_s=0.16, overscan=True, window=Window(0, 0, 64, 200), gain=0, offset=30)
        left = camera.expose().data.astype(float)
        bias_dn = camera.model.offset_dn_zero + 30 * camera.model.offset_dn_per_step
        e_per_dn = camera.model.mode(0).chains[0].curve.at(0).e_per_dn
        assert left[:, :22].mean() == pytest.approx(bias_dn, abs=3.0)
        assert (left[:, 22:24] == 0).all()
        assert left[:, 24:].mean() == pytest.approx(bias_dn + 8000.0 / e_per_dn, rel=0.01)
        for area in geometry.overscan:
            strip = Window(area.left, area.top, min(area.width, 500), area.height)
            camera.configure(window=strip)
            assert camera.expose().data.mean() == pytest.approx(bias_dn, abs=3.0)


@pytest.mark.requirement("S1")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy600c-pro"])
def test_qhy600_pixels(key: str) -> None:
    check_geometry(key)
    check_shielded_pixels(key)


@pytest.mark.requirement("S2")
def test_qhy268_pixels() -> None:
    check_geometry("qhy268m-pro")
    check_shielded_pixels("qhy268m-pro")


@pytest.mark.requirement("S1")
def test_the_colour_version_has_a_mosaic_and_the_mono_version_none() -> None:
    levels = {}
    for key in ("qhy600-pro", "qhy600c-pro"):
        with fullwell.open(f"twin:{key}", scene=Flat(dust=0), filter="R", clock="instant") as camera:
            camera.configure(exposure_s=0.5, window=Window(4700, 3100, 100, 100))
            data = camera.expose().data.astype(float)
            levels[key] = [data[row::2, column::2].mean() for row in (0, 1) for column in (0, 1)]
            assert (camera.model.sensor.bayer is None) == (key == "qhy600-pro")
    assert max(levels["qhy600-pro"]) < 1.01 * min(levels["qhy600-pro"])
    red, green_1, green_2, blue = levels["qhy600c-pro"]
    assert red > 2 * max(green_1, green_2, blue)
    assert green_1 == pytest.approx(green_2, rel=0.02)
