"""Plans and simple light for the physics tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fullwell.camera.frame import FrameFormat, Settings
from fullwell.models import load
from fullwell.models.facts import Window
from fullwell.readout.timing import row_timing
from fullwell.twin.expose import plan

ROW0_START_NS = 1_800_000_000_000_000_000


class Ramp:
    """Light that differs from pixel to pixel and grows from left to right over the sensor."""

    def __init__(self, low: float, high: float, width: int) -> None:
        self.low, self.high, self.width = low, high, width

    def expose(self, out, left, top, interval) -> None:
        columns = np.arange(left, left + out.shape[1])
        rows = np.arange(top, top + out.shape[0])
        slope = (self.high - self.low) / self.width
        out[...] = self.low + slope * columns[None, :] + 0.01 * (rows[:, None] % 7)
        assert len(interval.start_ns) == len(interval.stop_ns) == out.shape[0]


class Even:
    """The same light everywhere."""

    def __init__(self, electrons: float) -> None:
        self.electrons = electrons

    def expose(self, out, left, top, interval) -> None:
        out[...] = self.electrons


def _plan_for(
    key="qhy600-pro",
    mode=1,
    window=None,
    *,
    bits=None,
    bin=1,
    overscan=False,
    gain=30,
    offset=30,
    exposure_s=0.5,
    temperature_c=-10.0,
    seed=3,
    sequence=11,
    traffic=0,
    suppressed=False,
    row0_start_ns=ROW0_START_NS,
    **changes,
):
    model = load(key)
    read_mode = model.mode(mode)
    area = model.sensor.geometry.effective
    window = window or Window(0, 0, area.width, area.height)
    bits = bits or read_mode.output_bits[0]
    link = model.links[0].name
    settings = Settings(
        read_mode.number,
        exposure_s,
        gain,
        offset,
        traffic,
        0,
        FrameFormat(window, bin, bits, overscan),
        False,
        suppressed,
        link,
    )
    timing = row_timing(
        model, read_mode.number, window, exposure_s=exposure_s, link=link, bits=bits, overscan=overscan
    )
    made = plan(model, read_mode, settings, temperature_c, seed, sequence, timing, row0_start_ns)
    return replace(made, **changes)


@pytest.fixture(scope="session")
def plan_for():
    """Make a plan from a few words."""
    return _plan_for


@pytest.fixture(scope="session")
def ramp():
    return Ramp


@pytest.fixture(scope="session")
def even():
    return Even


@pytest.fixture(scope="session")
def quiet():
    """The same plan without any noise in time: fixed patterns, gain, offset, ADC remain."""

    def silence(made):
        chains = tuple(
            replace(chain, gaussian_median_e=0.0, row_dn=np.zeros_like(chain.row_dn)) for chain in made.chains
        )
        never = np.repeat(np.float32([[1, 1, 0, 0]]), 1024, axis=0)
        return replace(made, chains=chains, telegraph_table=never, shot_noise=False)

    return silence
