"""S9, S12: modes of the QHY42 Pro; glow."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.errors import NotSupported
from fullwell.models.facts import Window
from fullwell.scene import Dark, Uniform


@pytest.mark.requirement("S9")
def test_three_modes_of_12_and_8_bits() -> None:
    with fullwell.open("twin:qhy42-pro", scene=Uniform(1000.0), clock="instant") as camera:
        assert sorted(mode.name for mode in camera.model.modes) == ["HDR", "STD high gain", "STD low gain"]
        for mode in camera.model.modes:
            width = 2048 * len(mode.chains)
            for bits, dtype in ((12, np.uint16), (8, np.uint8)):
                camera.configure(mode=mode.name, bits=bits, exposure_s=0.02)
                frame = camera.expose()
                assert frame.data.shape == (2048, width)
                assert frame.data.dtype == dtype
                assert frame.data.max() < 2**bits
                assert frame.report.settings.mode == mode.number


@pytest.mark.requirement("S9")
def test_hdr_shows_the_same_pixels_twice() -> None:
    """The two halves share photons: what one gains above its mean, the other has too."""
    with fullwell.open("twin:qhy42-pro", scene=Uniform(1000.0 / 0.02), clock="instant", seed=2) as camera:
        camera.configure(mode="HDR", exposure_s=0.02, gain=0, offset=60)
        frame = camera.expose()
        assert frame.data.shape == (2048, 4096)
        high, low = np.hsplit(frame.data.astype(float), 2)
        gains = [chain.curve.at(0).e_per_dn for chain in camera.model.mode("HDR").chains]
        bias = camera.model.offset_dn_zero + 60 * camera.model.offset_dn_per_step
        depth_factor = 2.0 ** (frame.report.settings.format.bits - 16)
        adc_factor = 2.0 ** (frame.report.settings.format.bits - 12)
    assert gains[0] < gains[1]
    for half, e_per_dn in ((high, gains[0]), (low, gains[1])):
        assert (half.mean() - bias * depth_factor) * e_per_dn / adc_factor == pytest.approx(1000.0, rel=0.02)
    centre = np.s_[900:1100, 900:1100]
    # Of 40 000 pairs that share nothing the correlation stays below 0.03 with a probability of 1 - 1e-9.
    assert np.corrcoef(high[centre].ravel(), low[centre].ravel())[0, 1] > 0.5


@pytest.mark.requirement("S9")
def test_low_gain_holds_89_ke() -> None:
    with fullwell.open("twin:qhy42-pro", scene=Uniform(80_000.0), clock="instant") as camera:
        camera.configure(mode="STD low gain", exposure_s=1.0, gain=0, window=Window(0, 0, 200, 200), bits=12)
        below = camera.expose().data
        assert below.max() < 4095
        camera.configure(exposure_s=1.5)
        e_per_dn = camera.model.mode("STD low gain").chains[0].curve.at(0).e_per_dn
        above = camera.expose().data.astype(float)
        bias_dn = (camera.model.offset_dn_zero + camera.settings.offset * camera.model.offset_dn_per_step) / 16
        assert (above.mean() - bias_dn) * e_per_dn == pytest.approx(89_000.0, rel=0.02)


@pytest.mark.requirement("S12")
def test_anti_glow_takes_most_of_the_glow_away() -> None:
    corner, far = Window(1948, 1948, 100, 100), Window(0, 0, 100, 100)
    signal = {}
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock="instant", temperature_c=-10.0) as camera:
        for anti_glow in (False, True):
            for name, window in (("corner", corner), ("far", far)):
                camera.configure(window=window, anti_glow=anti_glow, exposure_s=60.0, bits=12)
                signal[anti_glow, name] = camera.expose().data.mean()
    glow = signal[False, "corner"] - signal[False, "far"]
    left = signal[True, "corner"] - signal[True, "far"]
    assert glow > 50.0
    assert left < 0.2 * glow


@pytest.mark.requirement("S12")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_the_sony_sensors_have_neither_glow_nor_its_control(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", temperature_c=-10.0) as camera:
        with pytest.raises(NotSupported, match="glow"):
            camera.configure(anti_glow=True)
        area = camera.model.sensor.geometry.effective
        camera.configure(exposure_s=600.0, gain=60)
        means, errors = [], []
        for left in (0, area.width - 300):
            for top in (0, area.height - 200):
                camera.configure(window=Window(left, top, 300, 200))
                data = camera.expose().data
                rows = np.sort(data, axis=1)[:, 30:-30].mean(axis=1)  # warm pixels apart
                means.append(rows.mean())
                errors.append(rows.std(ddof=1) / np.sqrt(len(rows)))
        # Four corners of the same level: 6 sigma, row noise included, is 1e-8 in six comparisons.
        assert np.ptp(means) < 6.0 * np.sqrt(2.0) * max(errors)


@pytest.mark.requirement("S12")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_no_residual_image(key: str) -> None:
    """A dark frame after a saturated one is the dark frame of a camera that never saw light."""
    window = Window(0, 0, 200, 100)
    frames = []
    for first_exposure_s in (0.001, 10.0):
        with fullwell.open(f"twin:{key}", scene=Uniform(1e5), clock="instant", temperature_c=-10.0) as camera:
            camera.configure(window=window, exposure_s=first_exposure_s, gain=30)
            saturated = camera.expose().data
            camera.configure(exposure_s=0.001)
            frames.append(camera.expose().data)
    assert (saturated == 65535).all()
    assert np.array_equal(*frames)
