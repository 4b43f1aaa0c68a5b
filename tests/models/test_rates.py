"""The printed frame rates come out of the timing entries by one law, written here in a few lines."""

from __future__ import annotations

import pytest

from fullwell import models
from fullwell.models.facts import CameraModel, PrintedRate

KEYS = models.keys()
RATES = [(key, rate) for key in KEYS for rate in models.load(key).printed_rates]


def frames_per_s(model: CameraModel, rate: PrintedRate) -> float:
    """Buffered and pipelined: the slower of sensor and link sets the pace."""
    mode, link, short = model.modes[rate.mode], model.link(rate.link), rate.output_bits == 8
    timing = mode.timing
    line_ns = timing.line_period_ns * (1 + timing.line_period_per_traffic * rate.usb_traffic)
    line_ns *= timing.speed_factor[int(rate.speed)] * (timing.short_word_factor if short else 1)
    sensor_s = (rate.rows + timing.blanking_lines) * line_ns * 1e-9
    pixels = rate.rows * model.sensor.geometry.total_width * len(mode.chains)
    if short:
        link_s = pixels / link.short_word_rate_bytes_per_s + link.short_word_overhead_s
    else:
        link_s = 2 * pixels / link.rate_bytes_per_s + link.frame_overhead_s
    return 1 / max(sensor_s, link_s)


@pytest.mark.parametrize(("key", "rate"), RATES, ids=lambda x: x if isinstance(x, str) else x.source[:60])
def test_printed_rate(key: str, rate: PrintedRate) -> None:
    assert frames_per_s(models.load(key), rate) == pytest.approx(rate.frames_per_s, rel=0.02)


def test_line_period_of_the_sdk_manual_is_reached() -> None:
    timing = models.load("qhy600-pro").modes[0].timing
    assert timing.line_period_ns * (1 + 10 * timing.line_period_per_traffic) == pytest.approx(43_194, rel=1e-4)


def test_measured_slowing_by_usb_traffic() -> None:
    """LAST, QHY600, 16 bits: 450, 600 and 850 ms a frame at traffic 0, 30 and 60."""
    per_traffic = models.load("qhy600-pro").modes[0].timing.line_period_per_traffic
    assert 1 + 30 * per_traffic == pytest.approx(600 / 450, rel=0.01)
    assert 1 + 60 * per_traffic == pytest.approx(850 / 450, rel=0.13)  # the law is straight, theirs bends


@pytest.mark.parametrize("key", models.keys())
def test_every_printed_rate_names_its_source(key: str) -> None:
    rates = models.load(key).printed_rates
    assert all("product page" in rate.source for rate in rates)
    assert len({(r.mode, r.link, r.rows, r.output_bits) for r in rates}) == len(rates)
