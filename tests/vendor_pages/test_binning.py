"""S10: binning is a digital sum, exact, without a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from astropy.io import fits

import fullwell
from fullwell.errors import NotSupported
from fullwell.models.facts import Window
from fullwell.record import record, write_fits
from fullwell.scene import Uniform

EDGE_E = 81_900.0
"""Where photon noise lifts most pixels over the end of the ADC, and leaves others below (gain 0, offset 30)."""


def first_frame(rate_e_per_s: float, **settings: object) -> np.ndarray:
    with fullwell.open("twin:qhy600-pro", scene=Uniform(rate_e_per_s), clock="instant", seed=3) as camera:
        camera.configure(exposure_s=1.0, **settings)
        return camera.expose().data


@pytest.mark.requirement("S10")
@pytest.mark.parametrize("binning", [2, 3, 4])
def test_binned_frames_are_sums_in_32_bits(binning: int) -> None:
    window = Window(101, 51, 12 * binning, 10 * binning)
    single = first_frame(5000.0, window=window)
    binned = first_frame(5000.0, window=window, bin=binning)
    assert binned.dtype == np.uint32
    blocks = single.reshape(10, binning, 12, binning).astype(np.uint64)
    assert np.array_equal(binned, blocks.sum(axis=(1, 3)))


@pytest.mark.requirement("S10")
@pytest.mark.parametrize(("binning", "bits"), [(2, 18), (3, 20), (4, 20)])
def test_saturated_pixels_add_up(binning: int, bits: int) -> None:
    """Nine times 65535 needs 20 bits (the page says 19)."""
    binned = first_frame(1e6, window=Window(0, 0, 8 * binning, 8 * binning), bin=binning, gain=30)
    assert (binned == binning**2 * 65535).all()
    assert int(binned.max()).bit_length() == bits


@pytest.mark.requirement("S10")
@pytest.mark.parametrize("compress", [None, "rice"])
@pytest.mark.parametrize("binning", [2, 3, 4])
def test_sums_go_into_files_and_come_back_without_loss(
    tmp_path: Path, binning: int, compress: Literal["rice"] | None
) -> None:
    """From the bias to 16 x 65535, and where saturated pixels stand beside others in one sum."""
    window = Window(96, 48, 480, 360)
    for name, level_e in (("dark", 0.0), ("edge", EDGE_E), ("saturated", 1e6)):
        with fullwell.open("twin:qhy600-pro", scene=Uniform(level_e), clock="instant", seed=3) as camera:
            camera.configure(exposure_s=1.0, gain=0, offset=30, window=window, bin=binning)
            frame = camera.expose()
        full_dn = binning**2 * 65535
        if name == "saturated":
            assert (frame.data == full_dn).all()
        if name == "edge":
            assert 0.01 < (frame.data == full_dn).mean() < 0.6
            assert (frame.data > full_dn - 2000 * binning).all()
        path = write_fits(frame, tmp_path / f"{name}.fits", compress=compress)
        with fits.open(path, checksum=True) as found:
            image = found[0 if compress is None else 1]
            assert image.data.dtype == np.uint32
            assert np.array_equal(image.data, frame.data)
            assert image.header["DATAMAX"] == full_dn
            assert image.header["XBINNING"] == binning


@pytest.mark.requirement("S10")
def test_recordings_keep_sums_and_ser_refuses_them(tmp_path: Path) -> None:
    """SER has 16 bits at most: it says so before anything is taken, and names what holds the sums."""
    with fullwell.open("twin:qhy600-pro", scene=Uniform(EDGE_E), clock="instant", seed=3) as camera:
        camera.configure(exposure_s=1.0, gain=0, offset=30, window=Window(96, 48, 480, 360), bin=3)
        with pytest.raises(NotSupported, match=r"at most 16 bits.*cube"):
            record(camera, tmp_path / "sums.ser", format="ser", frames=2)
        assert not list(tmp_path.iterdir())
        summary = record(camera, tmp_path / "sums.fits", format="cube", frames=2)
        assert summary.recorded == 2
        with fits.open(tmp_path / "sums.fits") as found:
            cube = next(hdu.data for hdu in found if hdu.data is not None)
    assert cube.shape == (2, 120, 160)
    assert cube.dtype == np.uint32
    assert cube.max() == 9 * 65535
