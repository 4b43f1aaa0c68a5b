"""S3, S11: the quantum efficiency of the sensor, and of the coating that was ordered, reaches the pixels.

Behind a narrow filter the spectrum of the sky drops out: two sensors of one pixel size under one telescope differ
by their quantum efficiencies at that wavelength, and so do two coatings of one sensor.
"""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Sky

LINE_NM = {"OIII": 500.7, "Ha": 656.3, "SII": 672.4}
BRIGHT = Sky(ra_deg=150.0, dec_deg=60.0, sky_brightness_mag=11.0, dust=0)
BOX_PX = 128


def sky_e(key: str, mode: int, filter_name: str, exposure_s: float, coating: str | None = None) -> float:
    """Median signal of a bright sky in the middle of the field, electrons by the model's own gain."""
    with fullwell.open(
        f"twin:{key}", scene=BRIGHT, filter=filter_name, seed=3, clock="instant", coating=coating
    ) as camera:
        model = camera.model
        area = model.sensor.geometry.effective
        middle = Window((area.width - BOX_PX) // 2, (area.height - BOX_PX) // 2, BOX_PX, BOX_PX)
        camera.configure(mode=mode, gain=0, window=middle, exposure_s=exposure_s)
        light = float(np.median(camera.expose().data))
        camera.configure(exposure_s=model.exposure_s.low)
        bias = float(np.mean(camera.expose().data))
        chain = model.modes[mode].chains[0]
        return (light - bias) * chain.curve.at(0).e_per_dn / 2 ** (16 - chain.adc_bits)


def efficiency(key: str, filter_name: str, coating: str | None = None) -> float:
    coatings = fullwell.models.load(key).sensor.coatings
    response = next(r for r in coatings if coating in (None, r.name))
    return float(np.interp(LINE_NM[filter_name], response.wavelength_nm, response.quantum_efficiency))


@pytest.mark.requirement("S3", "S11")
@pytest.mark.parametrize("filter_name", ["OIII", "Ha"])
@pytest.mark.parametrize("coating", ["UV", "VIS", "FSI"])
def test_coating_of_the_42_sets_the_signal(filter_name: str, coating: str) -> None:
    measured = sky_e("qhy42-pro", 2, filter_name, 4.0, coating) / sky_e("qhy42-pro", 2, filter_name, 4.0, "TVISB")
    expected = efficiency("qhy42-pro", filter_name, coating) / efficiency("qhy42-pro", filter_name, "TVISB")
    assert expected < 0.95 or coating == "VIS"
    # 16,384 pixels of 7 ke- and more: 0.01 % of shot noise; a 12-bit step is 0.3 %, half of it at most enters
    assert measured == pytest.approx(expected, rel=0.005)


@pytest.mark.requirement("S11")
@pytest.mark.parametrize("filter_name", ["OIII", "SII"])
def test_efficiencies_of_the_600_and_the_268(filter_name: str) -> None:
    measured = sky_e("qhy600-pro", 1, filter_name, 20.0) / sky_e("qhy268m-pro", 1, filter_name, 20.0)
    expected = efficiency("qhy600-pro", filter_name) / efficiency("qhy268m-pro", filter_name)
    assert measured == pytest.approx(expected, rel=0.005)
