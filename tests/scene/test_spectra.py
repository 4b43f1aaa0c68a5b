"""Photons of stars, air and filters against printed numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.scene.filters import FILTERS
from fullwell.scene.spectra import WAVELENGTH_NM, air_transmission, black_body, channels, star_spectrum


def at(spectrum, wavelength_nm):
    return float(np.interp(wavelength_nm, WAVELENGTH_NM, spectrum))


def test_photons_of_vega():
    """Bessell et al. 1998: 1,005 photons/s/cm2/A in V, 1,393 in B, 702 in R, 452 in I."""
    vega = star_spectrum(0.0)
    for wavelength_nm, per_angstrom in ((545, 1005), (438, 1393), (641, 702), (798, 452)):
        assert at(vega, wavelength_nm) == pytest.approx(10 * per_angstrom, rel=0.03)


def test_photons_of_the_sun():
    """ASTM E490 solar spectrum: 1.83, 1.87, 1.55 and 1.12 W/m2/nm at 440, 550, 650 and 800 nm (smoothed)."""
    sun = star_spectrum(0.65)
    for wavelength_nm, power in ((440, 1.83), (650, 1.55), (800, 1.12)):
        ratio = power * wavelength_nm / (1.87 * 550)
        assert at(sun, wavelength_nm) / at(sun, 550) == pytest.approx(ratio, rel=0.06)


def test_redder_stars_have_redder_spectra():
    ratios = [at(star_spectrum(bv), 800) / at(star_spectrum(bv), 450) for bv in np.linspace(-0.4, 2.0, 49)]
    assert np.all(np.diff(ratios) > 0)


def test_black_body_peaks_where_wien_says():
    power = black_body(5000.0) / WAVELENGTH_NM
    assert WAVELENGTH_NM[np.argmax(power)] == pytest.approx(2.897772e6 / 5000, abs=1)


def test_air_takes_more_blue_than_red():
    air = air_transmission(1.0, 0.2)
    assert -2.5 * np.log10(at(air, 550)) == pytest.approx(0.2, abs=1e-6)
    # Hayes & Latham 1975 for a site near 2000 m: 0.25 to 0.35 mag at 440 nm, under 0.15 at 650 nm.
    assert 0.25 < -2.5 * np.log10(at(air, 440)) < 0.4
    assert -2.5 * np.log10(at(air, 650)) < 0.15
    assert np.all(air_transmission(3.0, 0.0) == 1)


def test_filters_hold_their_bands():
    assert set(FILTERS) == {"none", "L", "R", "G", "B", "V", "Ha", "OIII", "SII"}
    for name, inside_nm, outside_nm in (
        ("L", 550, 750),
        ("R", 640, 560),
        ("G", 530, 600),
        ("B", 450, 530),
        ("V", 530, 700),
        ("Ha", 656.3, 650),
        ("OIII", 500.7, 495),
        ("SII", 672.4, 667),
    ):
        transmission = FILTERS[name].at(np.array([inside_nm, outside_nm], float))
        assert transmission[0] >= 0.9
        assert transmission[1] == 0
    assert np.all(FILTERS["none"].at(WAVELENGTH_NM) == 1)


def test_mosaic_multiplies_coating_and_filter(make_sensor):
    mono, colour = (channels(make_sensor(bayer=bayer), "standard", "G") for bayer in (None, "GBRG"))
    assert mono.response.shape[0] == 1
    assert [["BGR"[i] for i in row] for row in colour.index] == [["G", "B"], ["R", "G"]]
    green = colour.response[colour.index[0, 0]]
    assert at(green, 530) == pytest.approx(0.9 * at(mono.response[0], 530), rel=0.01)
