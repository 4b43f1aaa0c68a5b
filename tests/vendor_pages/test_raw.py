"""S16, S17: raw is raw; the offset keeps a dark frame above zero."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.frame import FrameFormat
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.scene import Dark
from fullwell.twin.device import TwinDevice

WINDOW = Window(1000, 1000, 600, 400)


@pytest.mark.requirement("S16")
def test_nothing_alters_what_the_cable_delivers() -> None:
    """The camera's frame is bit for bit what the device at the far end of the cable has written."""
    start_ns = 1_767_225_600_000_000_000
    model = load("qhy600-pro")
    device = TwinDevice(model, Dark(), filter_name="L", seed=5, clock=InstantClock(start_ns), temperature_c=-10.0)
    device.open()
    device.initialise(0, Stream.SINGLE)
    device.configure(FrameFormat(WINDOW))
    for control, value in ((Control.EXPOSURE_S, 30.0), (Control.GAIN, 30), (Control.OFFSET, 30)):
        device.set_control(control, value)
    delivered = np.empty((400, 600), np.uint16)
    device.start_exposure()
    device.read_frame(delivered)
    with fullwell.open(
        "twin:qhy600-pro", scene=Dark(), filter="L", seed=5, clock=InstantClock(start_ns), temperature_c=-10.0
    ) as camera:
        camera.configure(exposure_s=30.0, gain=30, offset=30, window=WINDOW)
        assert np.array_equal(camera.expose().data, delivered)


@pytest.mark.requirement("S16")
def test_hot_pixels_stay() -> None:
    """Pixels far above their neighbours in one dark frame are there in the next: nobody smooths them away."""
    with fullwell.open("twin:qhy600-pro", scene=Dark(), clock="instant", temperature_c=10.0) as camera:
        camera.configure(exposure_s=120.0, gain=26, offset=30, window=Window(1000, 1000, 1500, 1000))
        first, second = (camera.expose().data.astype(float) for _ in range(2))
    hot = np.argwhere(first > np.median(first) + 2000.0)
    assert len(hot) > 20
    rows, columns = hot.T
    assert (second[rows, columns] > np.median(second) + 1000.0).mean() > 0.99
    lonely = np.median(first) + 1000.0
    inner = (columns > 0) & (columns < first.shape[1] - 1)
    neighbours = np.maximum(first[rows[inner], columns[inner] - 1], first[rows[inner], columns[inner] + 1])
    assert (neighbours < lonely).mean() > 0.9


@pytest.mark.requirement("S17")
@pytest.mark.parametrize(("key", "clips"), [("qhy600-pro", True), ("qhy268m-pro", True), ("qhy42-pro", False)])
def test_offset_lifts_the_bias_and_a_low_one_clips_visibly(key: str, clips: bool) -> None:
    """The 42 has a level of its own below the offset: there the lowest offset does not clip."""
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", temperature_c=-10.0) as camera:
        model = camera.model
        camera.configure(exposure_s=0.001, window=Window(100, 100, 600, 400), gain=26)
        depth_factor = 2.0 ** (camera.settings.format.bits - 16)
        levels, clipped = [], []
        for offset in (0, 40, 80):
            camera.configure(offset=offset)
            data = camera.expose().data
            levels.append(data.mean())
            clipped.append((data == 0).mean())
        per_step = model.offset_dn_per_step * depth_factor
        # Row noise is common to 600 pixels; 400 rows average it to far below 1 % of 40 steps.
        assert (levels[2] - levels[1]) / 40 == pytest.approx(per_step, rel=0.01)
        assert levels[1] == pytest.approx(
            (model.offset_dn_zero + 40 * model.offset_dn_per_step) * depth_factor, abs=0.05 * 40 * per_step
        )
        assert (clipped[0] > 0.001) == clips
        assert clipped[1] == clipped[2] == 0.0
