"""F1-F4: every frame rate that the vendor prints, within 2 %, from one timing model.

The rates are those of the facts files (`fullwell.models.facts.PrintedRate`), which say for each under which word
depth, traffic and speed it holds where the page leaves that open. Full frames are all rows that the sensor puts
out, with overscan; the other rates are windows of that many rows.
"""

from __future__ import annotations

import numpy as np
import pytest

import fullwell
from fullwell.camera.engine import Camera
from fullwell.models import load
from fullwell.models.facts import PrintedRate, Window
from fullwell.scene import Dark

ROWS = {"F1": "qhy268m-pro", "F2": "qhy268m-pro", "F3": "qhy600-pro", "F4": "qhy42-pro"}
TOLERANCE = 0.02


def printed(row: str) -> list[PrintedRate]:
    """The rates of one row of the table: F1 and F2 are the full frame and the windows of one camera."""
    model = load(ROWS[row])
    total = model.sensor.geometry.total_height
    wanted = {"F1": lambda rate: rate.rows == total, "F2": lambda rate: rate.rows != total}
    return [rate for rate in model.printed_rates if wanted.get(row, lambda rate: True)(rate)]


EVERY = [
    pytest.param(row, rate, id=f"{row}-{rate.link}-mode{rate.mode}-{rate.rows}-{rate.output_bits}bit")
    for row in ROWS
    for rate in printed(row)
]


def opened(row: str, rate: PrintedRate, width: int) -> Camera:
    camera = fullwell.open(f"twin:{ROWS[row]}", scene=Dark(), clock="instant", seed=1, link=rate.link)
    camera.configure(
        mode=rate.mode,
        bits=rate.output_bits,
        overscan=True,
        window=Window(0, 0, width, rate.rows),
        usb_traffic=rate.usb_traffic,
        speed=rate.speed,
        exposure_s=camera.model.exposure_s.low,
    )
    return camera


def full_width(row: str) -> int:
    return load(ROWS[row]).sensor.geometry.total_width


@pytest.mark.requirement("F1", "F2", "F3", "F4")
@pytest.mark.parametrize(("row", "rate"), EVERY)
def test_the_camera_announces_the_printed_rate(row: str, rate: PrintedRate) -> None:
    with opened(row, rate, full_width(row)) as camera:
        announced = 1e9 / camera.timing().frame_period_ns
        assert announced == pytest.approx(rate.frames_per_s, rel=TOLERANCE)


@pytest.mark.requirement("F1", "F2", "F3", "F4")
@pytest.mark.parametrize(("row", "rate"), EVERY)
def test_live_frames_come_at_the_printed_rate(row: str, rate: PrintedRate) -> None:
    """In a narrow window: columns are cut in the computer, so they change neither clock nor link."""
    measure(row, rate, width=8)


@pytest.mark.slow
@pytest.mark.requirement("F1", "F2", "F3", "F4")
@pytest.mark.parametrize(("row", "rate"), EVERY)
def test_live_frames_of_full_width_come_at_the_printed_rate(row: str, rate: PrintedRate) -> None:
    measure(row, rate, full_width(row))


def measure(row: str, rate: PrintedRate, width: int, frames: int = 3) -> None:
    """Take live frames and compare the time between their exposures, and between their arrivals."""
    with opened(row, rate, width) as camera:
        begin_ns = camera.clock.now_ns()
        starts_ns = [frame.start_ns for frame in camera.live(frames=frames)]
        timing = camera.timing()
        first_takes_ns = timing.exposure_ns + timing.read_ns + timing.transfer_ns
        others_took_ns = camera.clock.now_ns() - begin_ns - first_takes_ns
    assert np.allclose(1e9 / np.diff(starts_ns), rate.frames_per_s, rtol=TOLERANCE)
    assert (frames - 1) * 1e9 / others_took_ns == pytest.approx(rate.frames_per_s, rel=TOLERANCE)
