"""Pictures of the user's: every kind of file, the three fits, colours, bad files."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from fullwell.errors import InvalidValue, MissingFile, UnknownName
from fullwell.scene import Picture
from fullwell.scene.picture import _enlarge, _lay

GRADIENT = np.arange(600, dtype=np.uint16).reshape(20, 30)


def save(path, values):
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".fits":
        fits.PrimaryHDU(values).writeto(path)
    else:
        Image.fromarray(values).save(path)
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.fits", "a.png", "a.tif"])
def test_files_land_on_the_centre_pixel_by_pixel(tmp_path, make_sensor, expose, name):
    sensor = make_sensor(100, 60)
    picture = Picture(save(tmp_path / name, GRADIENT), brightest_e_per_s=599)
    frame = expose(picture.bind(sensor, "standard", "L", 1), sensor, 2.0)
    np.testing.assert_allclose(frame[20:40, 35:65], GRADIENT * 2.0, rtol=1e-6)
    frame[20:40, 35:65] = 0
    assert not frame.any()


def test_larger_than_the_sensor_is_cropped_about_its_centre(make_sensor, expose):
    sensor = make_sensor(10, 6)
    frame = expose(Picture(GRADIENT, brightest_e_per_s=599).bind(sensor, "standard", "L", 1), sensor)
    np.testing.assert_allclose(frame, GRADIENT[7:13, 10:20], rtol=1e-6)


def test_fill_and_fit(make_sensor, expose):
    sensor = make_sensor(120, 60)
    even = np.ones((20, 30))
    fill = expose(Picture(even, 5.0, fit="fill").bind(sensor, "standard", "L", 1), sensor)
    assert np.all(fill == 5.0)
    fit = expose(Picture(even, 5.0, fit="fit").bind(sensor, "standard", "L", 1), sensor)
    assert np.count_nonzero(fit) == 90 * 60
    assert np.all(fit[:, 15:105] == 5.0)


def test_reducing_keeps_the_mean(make_sensor, expose):
    sensor = make_sensor(10, 10)
    noise = np.random.default_rng(1).uniform(0, 1, (100, 100))
    frame = expose(Picture(noise, noise.max(), fit="fit").bind(sensor, "standard", "L", 1), sensor)
    np.testing.assert_allclose(frame, noise.reshape(10, 10, 10, 10).mean(axis=(1, 3)), rtol=1e-5)


def test_colours(make_sensor, expose):
    values = np.zeros((60, 100, 3))
    values[...] = (1.0, 2.0, 3.0)
    picture = Picture(values, 3.0)
    colour, mono = make_sensor(100, 60, bayer="GRBG"), make_sensor(100, 60)
    frame = expose(picture.bind(colour, "standard", "none", 1), colour)
    np.testing.assert_allclose(frame[:2, :2], [[2, 1], [3, 2]])
    for name, level in (("R", 1), ("G", 2), ("B", 3), ("L", 2), ("Ha", 2)):
        np.testing.assert_allclose(expose(picture.bind(mono, "standard", name, 1), mono), level)


def test_bad_pictures(tmp_path):
    with pytest.raises(MissingFile, match="no picture"):
        Picture(tmp_path / "nowhere.fits")
    for name in ("a.png", "a.fits", "a.npy"):
        (tmp_path / name).write_bytes(b"no picture at all")
        with pytest.raises(MissingFile, match="cannot be read"):
            Picture(tmp_path / name)
    for values in (
        np.full((2, 2), -1.0),
        np.full((2, 2), np.nan),
        np.ones(4),
        "x" and np.empty((0, 3)),
        object(),
    ):
        with pytest.raises(InvalidValue):
            Picture(values)
    with pytest.raises(UnknownName, match="Did you mean 'fill'"):
        Picture(np.ones((2, 2)), fit="fil")


@pytest.mark.parametrize("corner", [(0, 0), (3, 2), (2, 5), (9, 9)])
@pytest.mark.parametrize("origin", [(0, 0), (4, -3), (-5, 6), (40, 0)])
def test_a_picture_in_its_own_size_is_laid_as_it_would_be_enlarged_once(corner, origin):
    """The quick way and the general way give the same pixels, mosaic and dark rim included."""
    planes = np.random.default_rng(1).random((3, 14, 17), np.float32)
    pattern = np.array([[0, 1], [1, 2]])
    seconds_of_row = np.linspace(1, 2, 12, dtype=np.float32)
    laid, enlarged = np.full((12, 20), -1, np.float32), np.full((12, 20), -1, np.float32)
    _lay(laid, *corner, planes, pattern, *origin, seconds_of_row)
    _enlarge(enlarged, *corner, planes, pattern, 1.0, *map(float, origin), seconds_of_row)
    np.testing.assert_array_equal(laid, enlarged)
