"""The twin beside a real camera: a raw frame of a QHY600M, gain 26, offset 100, B filter, 120 s, 530 mm at f/5.

The twin is set up the same and looks at the same field; its sky is as bright as that of the real frame. Both
frames go through the same estimators, in the rows below the galaxy where both are blank. "Within errors" = within
4.9 standard errors of the difference, one false alarm in a million; where the two differ, the test states by how
much and `docs/real_frame.md` says why.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

import fullwell
from fullwell import measure
from fullwell.measure.background import flattened
from fullwell.models.facts import Window
from fullwell.scene import Sky, Uniform

SIGMAS = 4.9
BLANK = np.s_[780:, :]
SKY_MAG = 22.0
"""Gives the background of the real frame, 1660 DN."""


@lru_cache
def real_frame(shared: Path) -> NDArray[Any]:
    return fits.getdata(shared / "data" / "frames" / "qhy600m_m101_1024.fits")


@lru_cache
def twin_frame() -> NDArray[Any]:
    scene = Sky(
        ra_deg=210.802,
        dec_deg=54.349,
        focal_length_mm=530,
        aperture_mm=106,
        sky_brightness_mag=SKY_MAG,
    )
    with fullwell.open(
        "twin:qhy600-pro", scene=scene, filter="B", seed=1, clock="instant", temperature_c=-10.0
    ) as camera:
        camera.configure(mode=0, gain=26, offset=100, exposure_s=120.0, window=Window(4276, 2682, 1024, 1024))
        return camera.expose().data.copy()


def agree(one: measure.Estimate, other: measure.Estimate) -> bool:
    return abs(one.value - other.value) < SIGMAS * np.hypot(one.standard_error, other.standard_error)


def test_background_level(shared: Path) -> None:
    """Set by hand; the rest is compared at this level."""
    assert abs(np.median(real_frame(shared)[BLANK]) - np.median(twin_frame()[BLANK])) < 2.0


def test_row_noise_by_pairs_of_rows(shared: Path) -> None:
    real, twin = (measure.row_noise(frame[BLANK], 2) for frame in (real_frame(shared), twin_frame()))
    assert agree(real.row_variance_dn2, twin.row_variance_dn2)
    assert min(real.row_dn.value, twin.row_dn.value) > 0.4
    assert agree(real.column_variance_dn2, twin.column_variance_dn2)


def test_rows_of_a_pair_share_their_noise(shared: Path) -> None:
    """Difference of the two rows of a pair: no more than their pixels explain, in both frames."""
    for frame in (real_frame(shared), twin_frame()):
        flat = flattened(frame[BLANK])
        steps = np.asarray(np.diff(flat.mean(axis=1))[::2])
        of_pixels = 2.0 * np.mean(np.asarray(flat.var(axis=1) / flat.count(axis=1)))
        assert abs(np.mean(steps**2) / of_pixels - 1.0) < SIGMAS * (2.0 / len(steps)) ** 0.5


def test_neighbours_are_not_correlated(shared: Path) -> None:
    real, twin = (measure.neighbour_correlation(frame[BLANK]) for frame in (real_frame(shared), twin_frame()))
    assert agree(real.in_row, twin.in_row)
    assert agree(real.in_column, twin.in_column)
    assert abs(real.in_row.value) < 0.01


@pytest.mark.parametrize("threshold_dn", [50, 100, 200, 400, 1000])
def test_isolated_bright_pixels(threshold_dn: int, shared: Path) -> None:
    real, twin = (
        measure.isolated_bright_pixels(frame[BLANK], threshold_dn) for frame in (real_frame(shared), twin_frame())
    )
    assert agree(real, twin)
    assert real.relative_error < 0.1


def test_use_of_codes(shared: Path) -> None:
    for frame in (real_frame(shared), twin_frame()):
        use = measure.code_use(frame)
        assert use.missing_dn == ()
        assert use.step_dn == 1
        assert use.judged > 120


def test_saturation_level(shared: Path) -> None:
    """The real frame ends at 65534; the twin's ADC at its rail, 65535."""
    with fullwell.open("twin:qhy600-pro", scene=Uniform(1e6), seed=1, clock="instant") as camera:
        camera.configure(mode=0, gain=26, offset=100, exposure_s=0.1, window=Window(4276, 2682, 64, 64))
        assert camera.expose().data.max() - real_frame(shared).max() in (0, 1)


def test_pixel_noise_is_that_of_the_real_frame_within_20_percent(shared: Path) -> None:
    """The real background is quieter than its level over the supposed bias (1612 DN) makes it."""
    real, twin = (float(flattened(frame[BLANK]).std()) for frame in (real_frame(shared), twin_frame()))
    assert 1.0 < twin / real < 1.2
