"""S9: the dual frames of the QHY42 Pro merged to one linear frame, held against the answer key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from scipy.stats import norm
from typer.testing import CliRunner

import fullwell
from fullwell.camera.engine import Camera
from fullwell.cli.main import app
from fullwell.errors import InvalidValue
from fullwell.models.facts import Window
from fullwell.record import write_fits
from fullwell.reduce import HdrCalibration, Mask, Merged, fit_splice, merge_hdr
from fullwell.scene import Dark, Uniform

FALSE_ALARM = 1e-6
LAMP_E_PER_S = 1000.0
WINDOW = Window(512, 512, 1024, 1024)
LEVELS_E = (5, 20, 100, 500, 1000, 1450, 1600, 1750, 1850, 2000, 5000, 20_000, 50_000, 80_000)
"""From read noise to near the well; the chains change between 1430 and 1810."""


@pytest.fixture(scope="module")
def camera():
    with fullwell.open(
        "twin:qhy42-pro", scene=Uniform(LAMP_E_PER_S), clock="instant", temperature_c=-20.0, seed=3
    ) as opened:
        opened.configure(mode="HDR", gain=0, offset=22, window=WINDOW, anti_glow=True)
        yield opened


def taken(camera: Camera, level_e: float) -> tuple[Merged, np.ndarray]:
    """A merged frame, and the expected electrons of its pixels."""
    camera.configure(exposure_s=level_e / LAMP_E_PER_S)
    frame = camera.expose()
    return merge_hdr(frame.data, HdrCalibration.of_frame(frame)), camera.truth(frame).electrons.astype(float)


@pytest.mark.requirement("S9")
@pytest.mark.parametrize("level_e", LEVELS_E)
def test_linear_from_5_to_80_000_electrons(camera: Camera, level_e: float) -> None:
    """Mean error below 1 % at every level; without the sensor's own bend (up to 0.7 %) below 1e-3 and 0.05 e-."""
    merged, truth = taken(camera, level_e)
    error_e = float((merged.electrons - truth).mean(dtype=float))
    bend_e = -float((truth**3).mean()) * camera.model.sensor.nonlinearity_fraction / (0.95 * 89_000) ** 2
    photon_noise_e = float((merged.electrons - truth).std()) / WINDOW.width
    # Column offsets of 0.5 e- of two chains average out over 1024 columns, row offsets of 0.2 e- over 512 pairs.
    pattern_e = 0.5 / 1024**0.5 + 0.2 / 512**0.5
    assert abs(error_e) < 0.01 * truth.mean()
    assert (
        abs(error_e - bend_e) < norm.isf(FALSE_ALARM / 2) * np.hypot(photon_noise_e, pattern_e) + 1e-4 * level_e
    )


@pytest.mark.requirement("S9")
@pytest.mark.parametrize("level_e", LEVELS_E)
def test_the_variance_is_that_of_the_pixels(camera: Camera, level_e: float) -> None:
    """Chi-square per pixel of two frames of the same light against the sum of their variances is 1.

    The bend of the response compresses photon noise by its slope, 1 - 3 c e^2: 2 % at 80 ke-.
    """
    (first, truth), (second, _) = taken(camera, level_e), taken(camera, level_e)
    difference = first.electrons.astype(float) - second.electrons
    told = first.variance.sum(dtype=float) + second.variance.sum(dtype=float)
    slope = 1.0 - 3.0 * camera.model.sensor.nonlinearity_fraction * (truth.mean() / (0.95 * 89_000)) ** 2
    chi_square = float((difference**2).sum()) / told
    # Telegraph noise and the spread of the read noise fatten the tails: kurtosis from the pixels themselves.
    kurtosis = float((difference**4).mean() / (difference**2).mean() ** 2)
    bound = norm.isf(FALSE_ALARM / 2) * ((kurtosis - 1.0) / difference.size) ** 0.5
    assert abs(chi_square / slope**2 - 1.0) < bound + 2e-3


@pytest.mark.requirement("S9")
def test_each_pixel_is_as_far_from_the_truth_as_its_sigma_says(camera: Camera) -> None:
    """Of (merged - expected) / sigma 68.3 % lie within 1 and 95.4 % within 2, on each side of the change."""
    for level_e in (1000, 1600, 5000):
        merged, truth = taken(camera, level_e)
        pull = np.abs(merged.electrons - truth) / np.sqrt(merged.variance)
        for within, share in ((1.0, 0.6827), (2.0, 0.9545)):
            assert (pull < within).mean() == pytest.approx(share, abs=0.004)


@pytest.mark.requirement("S9")
def test_the_mask_says_which_chain_was_at_its_end(camera: Camera) -> None:
    """Against the answer key: clear of each end by 8 sigma the mask is certain; beyond the well it is, too."""
    high_end_e = 1908.7
    for level_e, expected in (
        (high_end_e - 8 * 44, 0),
        (high_end_e + 8 * 44, Mask.HIGH_SATURATED),
        (86_000, Mask.HIGH_SATURATED),
        (95_000, Mask.HIGH_SATURATED | Mask.SATURATED),
        (300_000, Mask.HIGH_SATURATED | Mask.SATURATED),
    ):
        merged, truth = taken(camera, level_e)
        inside = np.abs(truth / level_e - 1.0) < 0.01  # hot pixels and the tails of the pixel response apart
        assert inside.mean() > 0.5
        assert (merged.mask[inside] == expected).all(), level_e
        assert np.isinf(merged.variance[inside]).all() == bool(expected & Mask.SATURATED)


@pytest.mark.requirement("S9")
def test_k_and_b_follow_from_the_frames_themselves(camera: Camera) -> None:
    frames = []
    for level_e in (10, 100, 300, 600, 900, 1200):
        camera.configure(exposure_s=level_e / LAMP_E_PER_S)
        frames.append(camera.expose())
    calibration = HdrCalibration.of_frame(frames[0])
    splice = fit_splice([frame.data for frame in frames], calibration)
    high, low = calibration.high, calibration.low
    k = low.e_per_dn / high.e_per_dn
    # Fixed offsets of the columns (0.5 e-, both chains) are not in the errors of the fit.
    pattern_dn = 0.5 * 2**0.5 / 1024**0.5 / high.e_per_dn
    sigmas = norm.isf(FALSE_ALARM / 4)
    assert splice.k == pytest.approx(k, abs=sigmas * splice.k_error + 1e-4 * k)
    assert splice.b_dn == pytest.approx(
        high.bias_dn - k * low.bias_dn,
        abs=sigmas * np.hypot(splice.b_error_dn, pattern_dn) + 1e-4 * k * low.bias_dn,
    )
    assert splice.k_error < 1e-3 * k


@pytest.mark.requirement("S9")
@pytest.mark.parametrize(("bits", "level_e"), [(12, 1000), (12, 20_000), (8, 1000), (8, 20_000)])
def test_any_word_depth(camera: Camera, bits: int, level_e: float) -> None:
    """In words of 8 bits the upper bits of both chains are left: coarser, and still without bias."""
    camera.configure(bits=bits)
    try:
        merged, truth = taken(camera, level_e)
    finally:
        camera.configure(bits=None)
    assert merged.electrons.mean(dtype=float) == pytest.approx(truth.mean(), rel=2e-3)
    error = merged.electrons - truth
    assert float((error**2).mean()) == pytest.approx(float(merged.variance.mean(dtype=float)), rel=0.02)


@pytest.mark.requirement("S9")
def test_from_the_command_line_with_stamp_and_picture(tmp_path: Path) -> None:
    """The file alone is enough: the header gives the same calibration as the facts."""
    with fullwell.open("twin:qhy42-pro", scene=Uniform(1000.0), clock="instant", seed=4) as camera:
        camera.configure(mode="HDR", gain=30, offset=60, exposure_s=0.4, window=Window(0, 0, 512, 300), gps=True)
        frame = camera.expose()
        truth = camera.truth(frame).electrons
        dual = write_fits(frame, tmp_path / "dual.fits")
    merged = merge_hdr(frame.data, HdrCalibration.of_frame(frame))
    result = CliRunner().invoke(app, ["hdr", str(dual), "--picture"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "dual_hdr.png").stat().st_size > 10_000
    with fits.open(tmp_path / "dual_hdr.fits", checksum=True) as found:
        assert [hdu.name for hdu in found] == ["PRIMARY", "SCI", "VAR", "MASK"]
        assert found["SCI"].header["BUNIT"] == "electron"
        assert found["SCI"].header["DATE-OBS"] == fits.getheader(dual)["DATE-OBS"]
        assert not {"EGAIN", "BIASLVL", "NCHAINS"} & set(found["SCI"].header)
        for name, wanted in (("SCI", merged.electrons), ("VAR", merged.variance), ("MASK", merged.mask)):
            assert np.allclose(found[name].data, wanted, rtol=1e-5), name
        assert (found["MASK"].data[0, :32] == Mask.STAMPED).all()
        assert np.abs(found["SCI"].data[0, :32] - truth[0, :32]).max() < 6 * (400 + 17**2) ** 0.5


@pytest.mark.requirement("S9")
def test_under_the_text_of_the_camera_the_other_chain_still_saw_the_light(camera: Camera) -> None:
    camera.configure(overlay="frame number")
    try:
        merged, truth = taken(camera, 500)
    finally:
        camera.configure(overlay="none")
    dots = merged.mask == Mask.HIGH_SATURATED
    assert 1000 < np.count_nonzero(dots) < 0.02 * dots.size
    error_e = (merged.electrons - truth)[dots]
    expected_e = float(np.sqrt(merged.variance[dots].mean()))
    assert abs(error_e.mean()) < 5 * expected_e / error_e.size**0.5 + 0.5
    assert error_e.std() == pytest.approx(expected_e, rel=0.1)


@pytest.mark.requirement("S9")
def test_what_cannot_be_merged_is_refused_in_words() -> None:
    with fullwell.open("twin:qhy42-pro", scene=Dark(), clock="instant") as camera:
        camera.configure(window=Window(0, 0, 64, 64))
        with pytest.raises(InvalidValue, match="dual-gain"):
            HdrCalibration.of_frame(camera.expose())
        camera.configure(mode="HDR", bin=2)
        with pytest.raises(InvalidValue, match="unbinned"):
            HdrCalibration.of_frame(camera.expose())
