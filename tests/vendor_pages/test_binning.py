"""S10: binning is a digital sum, exact, without a clip."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.models.facts import Window
from fullwell.scene import Uniform


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
