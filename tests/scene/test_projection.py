"""The projection against astropy's WCS, and its parity."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from fullwell.scene import Sky


def wcs_of(pointing) -> WCS:
    """What a reader of the file header would make of a pointing."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [pointing.ra_deg, pointing.dec_deg]
    wcs.wcs.crpix = list(pointing.crpix)
    wcs.wcs.cd = pointing.cd_deg
    return wcs


@pytest.mark.parametrize("position_angle_deg", [0.0, 33.0, -120.0])
@pytest.mark.parametrize(("ra_deg", "dec_deg"), [(10.7, 41.3), (0.01, -5.0), (359.9, 88.5), (120.0, -90.0)])
def test_agrees_with_astropy(make_sensor, ra_deg, dec_deg, position_angle_deg):
    sky = Sky(ra_deg, dec_deg, focal_length_mm=200, position_angle_deg=position_angle_deg)
    bound = sky.bind(make_sensor(4000, 3000), "standard", "L", 1)
    y, x = (grid.ravel().astype(float) for grid in np.mgrid[0:3000:7j, 0:4000:9j])
    ra, dec = bound.projection.to_sky(x, y)
    wanted_ra, wanted_dec = wcs_of(bound.pointing).all_pix2world(x, y, 0)
    turn = (ra - wanted_ra + 180) % 360 - 180
    assert np.abs(turn * np.cos(np.radians(dec))).max() < 1e-10
    np.testing.assert_allclose(dec, wanted_dec, atol=1e-10)
    back_x, back_y = bound.projection.to_pixels(ra, dec)
    np.testing.assert_allclose(back_x, x, atol=1e-6)
    np.testing.assert_allclose(back_y, y, atol=1e-6)


def test_north_is_towards_row_0_and_east_towards_column_0(make_sensor):
    bound = Sky(50.0, 20.0).bind(make_sensor(), "standard", "L", 1)
    x, y = bound.projection.to_pixels(np.array([50.0, 50.01]), np.array([20.01, 20.0]))
    assert y[0] < 190
    assert x[1] < 290


def test_position_angle_is_the_direction_of_row_0(make_sensor):
    bound = Sky(50.0, 20.0, position_angle_deg=90).bind(make_sensor(), "standard", "L", 1)
    x, y = bound.projection.to_pixels(np.array([50.01]), np.array([20.0]))
    assert y[0] < 190
    assert x[0] == pytest.approx(299.5, abs=0.1)


def test_the_other_side_of_the_sky_is_nowhere(make_sensor):
    bound = Sky(50.0, 20.0).bind(make_sensor(), "standard", "L", 1)
    assert np.isnan(bound.projection.to_pixels(np.array([230.0]), np.array([-20.0]))[0]).all()
