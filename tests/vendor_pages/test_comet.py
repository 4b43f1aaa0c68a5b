"""A7: the vendor's example picture, comet C/2025 A6 in L, R, G and B: 450 s and three times 90 s on a QHY600."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Comet, Sky

EXPOSURES_S = {"L": 450.0, "R": 90.0, "G": 90.0, "B": 90.0}
COMET = Sky(
    ra_deg=228.0,
    dec_deg=30.0,
    focal_length_mm=530,
    aperture_mm=106,
    object_name="C/2025 A6",
    dust=0,
    target=Comet(magnitude=7.0, coma_arcmin=12, tail_deg=1.5, tail_position_angle_deg=60),
)
HALF_PX = 300


@pytest.mark.requirement("A7")
def test_comet_in_luminance_and_colour() -> None:
    signal, contrast, spent_s = {}, {}, 0.0
    with fullwell.open("twin:qhy600-pro", scene=COMET, seed=6, clock="instant", temperature_c=-10) as camera:
        area = camera.model.sensor.geometry.effective
        corner = area.width // 2 - HALF_PX, area.height // 2 - HALF_PX
        camera.configure(mode="High Gain", gain=0, offset=30, window=Window(*corner, 2 * HALF_PX, 2 * HALF_PX))
        e_per_dn = camera.model.mode("High Gain").chains[0].curve.at(0).e_per_dn
        for name, exposure_s in EXPOSURES_S.items():
            camera.wheel.move(camera.wheel.names.index(name))
            camera.configure(exposure_s=exposure_s)
            frame = camera.expose()
            assert frame.report.observation.filter_name == name
            assert frame.report.observation.object_name == "C/2025 A6"
            spent_s += exposure_s
            electrons = frame.data.astype(np.float64) * e_per_dn
            coma, tail, sky = (
                electrons[HALF_PX - 20 : HALF_PX + 21, HALF_PX - 20 : HALF_PX + 21],
                electrons[HALF_PX - 120 : HALF_PX - 100, HALF_PX - 200 : HALF_PX - 180],
                electrons[-60:, :60],
            )
            background = np.median(sky)
            signal[name] = (np.median(coma) - background) / exposure_s
            scatter = median_abs_deviation(sky, axis=None, scale="normal")  # a star in the corner must not count
            contrast[name] = (np.median(coma) - background) / scatter
            assert np.median(tail) > background + 3 * scatter / np.sqrt(tail.size)
    assert spent_s == 12 * 60
    # The three colours share the light of luminance; the bands of C2 make the coma green.
    assert signal["R"] + signal["G"] + signal["B"] == pytest.approx(signal["L"], rel=0.1)
    assert signal["G"] > signal["R"]
    assert signal["G"] > signal["B"]
    assert contrast["L"] > max(contrast["R"], contrast["G"], contrast["B"])
