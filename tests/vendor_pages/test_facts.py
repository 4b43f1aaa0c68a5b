"""What the facts alone can show of S1-S9 and S11: the figures of the pages are in the files, and consistent.

Full well, read noise and dark current (S4-S6) are promises about frames; here only the entries are held against
the pages, so these tests carry no mark of their own.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from fullwell import models
from fullwell.models.facts import CameraModel, GainCurve, GainPoint, Response

PHOTOGRAPHIC, HIGH_GAIN, EXTENDED = 0, 1, 2
TWO_SAMPLES = {EXTENDED: 3, PHOTOGRAPHIC: 4, HIGH_GAIN: 5}
SONY = ["qhy600-pro", "qhy600c-pro", "qhy268m-pro"]


def curve(model: CameraModel, mode: int, chain: int = 0) -> GainCurve:
    return model.modes[mode].chains[chain].curve


def at(model: CameraModel, mode: int, gain_setting: float) -> GainPoint:
    return curve(model, mode).at(gain_setting)


def efficiency(response: Response, wavelength_nm: float) -> float:
    return float(np.interp(wavelength_nm, response.wavelength_nm, response.quantum_efficiency, left=0, right=0))


def coating(key: str, name: str) -> Response:
    return next(response for response in models.load(key).sensor.coatings if response.name == name)


@pytest.mark.requirement("S1", "S2")
@pytest.mark.parametrize(
    ("key", "sensor", "bayer", "effective", "total", "megapixels"),
    [
        ("qhy600-pro", "IMX455", None, (9576, 6388), (9600, 6422), 61.17),
        ("qhy600c-pro", "IMX455", "RGGB", (9576, 6388), (9600, 6422), 61.17),
        ("qhy268m-pro", "IMX571", None, (6252, 4176), (6280, 4210), 26.1),
    ],
)
def test_sony_sensors(
    key: str,
    sensor: str,
    bayer: str | None,
    effective: tuple[int, int],
    total: tuple[int, int],
    megapixels: float,
) -> None:
    chip = models.load(key).sensor
    geometry = chip.geometry
    assert (chip.name, chip.maker, chip.illumination, chip.shutter) == (sensor, "Sony", "BSI", "rolling")
    assert chip.bayer == bayer
    assert (geometry.effective.width, geometry.effective.height) == effective
    assert (geometry.total_width, geometry.total_height) == total
    assert geometry.pixel_size_um == 3.76
    assert math.prod(effective) / 1e6 == pytest.approx(megapixels, abs=0.01)
    assert geometry.optical_black
    assert geometry.overscan
    native = [models.load(key).modes[number].chains[0].adc_bits for number in range(6)]
    assert native == [16] * 6


@pytest.mark.requirement("S3")
def test_gsense400() -> None:
    model = models.load("qhy42-pro")
    geometry = model.sensor.geometry
    assert (geometry.total_width, geometry.total_height, geometry.pixel_size_um) == (2048, 2048, 11.0)
    assert geometry.total_width * geometry.pixel_size_um == pytest.approx(22_500, rel=0.002)
    assert {response.name for response in model.sensor.coatings} == {"TVISB", "UV", "VIS", "FSI"}
    assert [(chain.name, chain.adc_bits) for chain in model.modes[0].chains] == [
        ("high gain", 12),
        ("low gain", 12),
    ]


def test_full_well_of_the_pages() -> None:
    """S4."""
    qhy600, qhy268, qhy42 = (models.load(key) for key in ("qhy600-pro", "qhy268m-pro", "qhy42-pro"))
    assert 51_000 < at(qhy600, HIGH_GAIN, 0).full_well_e < 1.05 * 51_000
    assert 80_000 < at(qhy600, EXTENDED, 0).full_well_e < 1.05 * 80_000
    assert 51_000 < at(qhy268, HIGH_GAIN, 0).full_well_e < 1.05 * 51_000
    assert 75_000 < at(qhy268, EXTENDED, 0).full_well_e < 1.05 * 75_000
    assert qhy42.modes[2].chains[0].curve.at(0).full_well_e == pytest.approx(89_000, rel=0.005)
    assert qhy42.modes[0].chains[1].curve.at(0).full_well_e == pytest.approx(89_000, rel=0.005)


def read_noise_range_e(model: CameraModel, mode: int) -> tuple[float, float]:
    """Least and largest median over all gain settings, rounded as the pages print them."""
    noise = curve(model, mode).read_noise_median_e
    return round(float(noise.min()), 1), round(float(noise.max()), 1)


def test_read_noise_of_the_pages() -> None:
    """S5."""
    assert read_noise_range_e(models.load("qhy600-pro"), HIGH_GAIN) == (1.0, 3.7)
    assert read_noise_range_e(models.load("qhy268m-pro"), HIGH_GAIN) == (1.1, 3.5)
    assert read_noise_range_e(models.load("qhy268m-pro"), EXTENDED) == (5.3, 7.4)
    assert read_noise_range_e(models.load("qhy42-pro"), 1) == (1.6, 1.7)


@pytest.mark.parametrize(
    ("key", "printed"),
    [("qhy600-pro", {-20: 0.0022, -10: 0.0046}), ("qhy268m-pro", {-20: 0.0005, -10: 0.001})],
)
def test_dark_current_of_the_pages(key: str, printed: dict[int, float]) -> None:
    """S6."""
    dark = models.load(key).sensor.dark
    entered = dict(zip(dark.temperature_c, dark.rate_e_per_s, strict=True))
    assert {temperature: entered[temperature] for temperature in printed} == printed
    assert list(dark.rate_e_per_s) == sorted(dark.rate_e_per_s)


@pytest.mark.requirement("S7")
@pytest.mark.parametrize(
    ("key", "shortest_s", "longest_s"),
    [
        ("qhy600-pro", 40e-6, 3600),
        ("qhy600c-pro", 40e-6, 3600),
        ("qhy268m-pro", 30e-6, 3600),
        ("qhy42-pro", 20e-6, 300),
    ],
)
def test_exposure_range(key: str, shortest_s: float, longest_s: float) -> None:
    exposure_s = models.load(key).exposure_s
    assert (exposure_s.low, exposure_s.high) == (shortest_s, longest_s)


@pytest.mark.requirement("S8")
@pytest.mark.parametrize("key", SONY)
def test_six_modes_in_the_order_of_the_page(key: str) -> None:
    assert [mode.name for mode in models.load(key).modes[:6]] == [
        "Photographic DSO",
        "High Gain",
        "Extended Fullwell",
        "Extended Fullwell-2CMS",
        "Photographic DSO-2CMS",
        "High Gain-2CMS",
    ]
    assert [mode.samples for mode in models.load(key).modes[:6]] == [1, 1, 1, 2, 2, 2]


@pytest.mark.requirement("S8")
@pytest.mark.parametrize("key", SONY)
@pytest.mark.parametrize(("mode", "below", "above"), [(PHOTOGRAPHIC, 25, 26), (HIGH_GAIN, 55, 56)])
def test_noise_halves_at_the_conversion_gain_step(key: str, mode: int, below: int, above: int) -> None:
    model = models.load(key)
    for number in (mode, TWO_SAMPLES[mode]):
        before, after = at(model, number, below), at(model, number, above)
        assert 0.4 < after.read_noise_median_e / before.read_noise_median_e < 0.6
        assert 0.8 < after.e_per_dn / before.e_per_dn < 0.95  # the driver makes up for the rest
        ordinary = at(model, number, below - 1), before
        assert abs(ordinary[1].read_noise_median_e / ordinary[0].read_noise_median_e - 1) < 0.03


@pytest.mark.requirement("S8")
@pytest.mark.parametrize("key", SONY)
def test_no_step_in_the_extended_mode(key: str) -> None:
    model = models.load(key)
    for setting in range(100):
        one, next_one = at(model, EXTENDED, setting), at(model, EXTENDED, setting + 1)
        assert abs(next_one.read_noise_median_e / one.read_noise_median_e - 1) < 0.03


@pytest.mark.requirement("S8")
@pytest.mark.parametrize("key", SONY)
@pytest.mark.parametrize("mode", TWO_SAMPLES)
def test_sampling_twice_lowers_the_noise_and_nothing_else(key: str, mode: int) -> None:
    model = models.load(key)
    once, twice = curve(model, mode), curve(model, TWO_SAMPLES[mode])
    np.testing.assert_array_equal(twice.gain_setting, once.gain_setting)
    np.testing.assert_array_equal(twice.e_per_dn, once.e_per_dn)
    np.testing.assert_array_equal(twice.full_well_e, once.full_well_e)
    assert (twice.read_noise_median_e <= once.read_noise_median_e).all()
    if mode == EXTENDED:  # the printed factor; the charts of the other modes lie on either side of it
        ratio = once.read_noise_median_e / twice.read_noise_median_e
        assert float(np.median(ratio)) == pytest.approx(1.3, rel=0.03)


@pytest.mark.requirement("S8")
def test_unity_gain_of_the_extended_mode() -> None:
    """Printed for gain 25; the chart has 1.085 there, lowered as all its gains 0.94."""
    assert at(models.load("qhy600-pro"), EXTENDED, 25).e_per_dn == pytest.approx(1.0, rel=0.07)


@pytest.mark.requirement("S9")
def test_modes_of_the_42() -> None:
    model = models.load("qhy42-pro")
    assert [(mode.name, [chain.name for chain in mode.chains]) for mode in model.modes] == [
        ("HDR", ["high gain", "low gain"]),
        ("STD high gain", ["high gain"]),
        ("STD low gain", ["low gain"]),
    ]
    assert all({8, 12} <= set(mode.output_bits) for mode in model.modes)


def test_quantum_efficiency_of_the_pages() -> None:
    """S11."""
    peaks = {
        ("qhy600-pro", "standard"): 0.90,
        ("qhy268m-pro", "standard"): 0.91,
        ("qhy42-pro", "TVISB"): 0.95,
        ("qhy42-pro", "UV"): 0.76,
    }
    for (key, name), peak in peaks.items():
        assert max(coating(key, name).quantum_efficiency) == pytest.approx(peak, abs=0.005)
    assert efficiency(coating("qhy42-pro", "UV"), 275) == pytest.approx(0.76, abs=0.005)
    assert efficiency(coating("qhy42-pro", "TVISB"), 240) > 0.4
    assert efficiency(coating("qhy42-pro", "UV"), 275) > 2 * efficiency(coating("qhy42-pro", "TVISB"), 275)
