"""The strobe: flashes that follow the edges of the shutter signal."""

from __future__ import annotations

import numpy as np
import pytest

from fullwell.errors import InvalidValue, OutOfRange
from fullwell.models import load
from fullwell.scene import PinLed, Strobe
from fullwell.scene.light import Interval, Triggered


def lit_e(strobe: Strobe, edges_ns: list[int], start_ns: list[int], stop_ns: list[int]) -> list[float]:
    bound = strobe.bind(load("qhy600-pro").sensor, "standard", "none", seed=1)
    assert isinstance(bound, Triggered)
    rows = np.empty((len(start_ns), 3), np.float32)
    bound.triggered(edges_ns, None).expose(rows, 0, 0, Interval(np.array(start_ns), np.array(stop_ns), key=0))
    assert (rows == rows[:, :1]).all()
    return rows[:, 0].tolist()


def test_each_row_catches_the_part_of_the_flash_that_falls_into_its_exposure() -> None:
    strobe = Strobe(rate_e_per_s=1e9)
    strobe.flash(delay_ns=100, width_ns=50)
    assert lit_e(strobe, [1000], [0, 1110, 1120, 1150], [1120, 1400, 1130, 1400]) == [20.0, 40.0, 10.0, 0.0]


def test_flashes_of_neighbouring_frames_add_up_where_they_do_not_overlap() -> None:
    strobe = Strobe(rate_e_per_s=1e9)
    strobe.flash(delay_ns=0, width_ns=60)
    assert lit_e(strobe, [1000, 2000, 2030], [0], [3000]) == [150.0]


def test_without_a_flash_or_an_edge_it_is_dark() -> None:
    strobe = Strobe(rate_e_per_s=1e9)
    assert lit_e(strobe, [1000], [0], [3000]) == [0.0]
    strobe.flash(delay_ns=0, width_ns=60)
    assert strobe.bind(load("qhy600-pro").sensor, "standard", "none", 1).answers(0, None).effects
    dark = np.ones((1, 2), np.float32)
    strobe.bind(load("qhy600-pro").sensor, "standard", "none", 1).expose(
        dark, 0, 0, Interval(np.array([0]), np.array([9999]), key=0)
    )
    assert not dark.any()


def test_a_generator_cannot_fire_before_its_trigger() -> None:
    with pytest.raises(OutOfRange, match="delay of the flash"):
        Strobe(1.0).flash(delay_ns=-1, width_ns=5)
    with pytest.raises(InvalidValue, match="width of the flash"):
        Strobe(1.0).flash(delay_ns=0, width_ns=1.5)


def test_an_led_on_the_pin_follows_the_pin() -> None:
    bound = PinLed(rate_e_per_s=1e9).bind(load("qhy600-pro").sensor, "standard", "none", seed=1)
    assert isinstance(bound, Triggered)
    row, whole = np.empty((1, 2), np.float32), Interval(np.array([0]), np.array([9999]), key=0)
    for pin, electrons in (((-100, 50), 100.0), ((10, 20), 40.0), (None, 0.0)):
        bound.triggered([1000, 2000], pin).expose(row, 0, 0, whole)
        assert row.tolist() == [[electrons, electrons]]
    bound.expose(row, 0, 0, whole)
    assert not row.any()
