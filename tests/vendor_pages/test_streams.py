"""F6, F7, T1: single frames and live, the camera's memory, rows one after the other."""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.models.facts import Window
from fullwell.scene import Dark, Led, Uniform

START_NS = 1_767_225_600_000_000_000
WINDOW = Window(0, 0, 64, 48)


@pytest.mark.requirement("F7")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro", "qhy42-pro"])
def test_single_frames_and_live_frames(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Uniform(100.0), clock="instant") as camera:
        camera.configure(exposure_s=0.01, window=WINDOW)
        numbers = [camera.expose().report.sequence for _ in range(2)]
        with camera.live(frames=5) as live:
            frames = list(live)
        numbers += [frame.report.sequence for frame in frames]
        numbers.append(camera.expose().report.sequence)
        assert numbers == list(range(8))
        starts_ns = np.array([frame.start_ns for frame in frames])
        assert (np.diff(starts_ns) == frames[0].report.timing.frame_period_ns).all()


@pytest.mark.requirement("F7")
@pytest.mark.parametrize("key", ["qhy600-pro", "qhy268m-pro"])
def test_more_traffic_makes_slower_rows(key: str) -> None:
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant") as camera:
        area = camera.model.sensor.geometry.effective
        camera.configure(exposure_s=0.001, window=Window(0, 0, 8, area.height))
        lines_ns, reads_ns = [], []
        for traffic in (0, 10, 30, 60):
            camera.configure(usb_traffic=traffic)
            timing = camera.expose().report.timing
            lines_ns.append(timing.line_period_ns)
            reads_ns.append(timing.read_ns)
        assert lines_ns == sorted(set(lines_ns))
        assert reads_ns == sorted(set(reads_ns))


@pytest.mark.requirement("F6")
def test_memory_of_each_camera() -> None:
    printed = {"qhy600-pro": 2 * 2**30, "qhy268m-pro": 2 * 2**30, "qhy42-pro": 128 * 2**20}
    for key, size_bytes in printed.items():
        with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant") as camera:
            assert camera.model.buffer_bytes == size_bytes


@pytest.mark.requirement("T1")
@pytest.mark.parametrize(
    ("key", "mode"),
    [("qhy600-pro", "High Gain"), ("qhy600-pro", "High Gain-2CMS"), ("qhy42-pro", "STD low gain")],
)
def test_each_row_sees_a_flash_in_its_own_time(key: str, mode: str) -> None:
    """A flash of 20 ms in the middle of a fast frame: every row catches the part that falls into its exposure."""
    rate_e_per_s = 2e7
    flash = (START_NS + 1_013_700_000, START_NS + 1_033_700_000)
    clock = InstantClock(START_NS)
    with fullwell.open(f"twin:{key}", scene=Led(rate_e_per_s, pulses_ns=(flash,)), clock=clock) as camera:
        height = camera.model.sensor.geometry.effective.height
        camera.configure(mode=mode, gain=0, exposure_s=0.001, window=Window(100, 3, 64, height - 3))
        clock.sleep_until(START_NS + 1_000_000_000)
        frame = camera.expose()
        timing = frame.report.timing
        chain = camera.model.mode(mode).chains[0]
    starts_ns = frame.start_ns + timing.offsets_ns(np.arange(height - 3))
    ends_ns = starts_ns + timing.exposure_ns
    assert starts_ns.dtype == np.int64
    assert ends_ns[-1] == frame.end_ns
    lit_ns = np.clip(np.minimum(ends_ns, flash[1]) - np.maximum(starts_ns, flash[0]), 0, None)
    assert 0 < np.count_nonzero(lit_ns) < height - 3
    rows = np.median(frame.data, axis=1)
    bias = np.median(rows[lit_ns == 0])
    scale = 2.0 ** (frame.report.settings.format.bits - chain.adc_bits)
    caught_e = (rows - bias) * chain.curve.at(0).e_per_dn / scale
    expected_e = lit_ns * 1e-9 * rate_e_per_s
    # Shot noise of up to 20 000 e- and its median over 64 pixels, read noise, one count: at most 40 e- and 1 %.
    assert np.abs(caught_e - expected_e).max() < 120.0 + 0.01 * expected_e.max()
    step_ns = timing.rows_per_step * timing.line_period_ns
    edges = np.abs(np.diff(expected_e)).max()
    assert edges <= 1.001 * step_ns * 1e-9 * rate_e_per_s
