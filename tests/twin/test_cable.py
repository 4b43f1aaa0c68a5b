"""The data cable by itself."""

from __future__ import annotations

import pytest

from fullwell.errors import DeviceLost, OutOfRange
from fullwell.models import load
from fullwell.twin.cable import Cable

USB = load("qhy600-pro").link("usb3")
FIBRE = load("qhy600-pro").link("fibre")
FRAME_BYTES, FRAME_NS = 123_302_400, 400_000_000


@pytest.mark.parametrize("metres", [0.5, 3.0, 5.0])
def test_within_reach_nothing_is_lost(metres: float) -> None:
    path = Cable(length_m=metres).path(USB)
    assert path.speed == "SuperSpeed"
    assert path.link.rate_bytes_per_s == pytest.approx(USB.rate_bytes_per_s, rel=1e-6)
    assert path.loss_probability(FRAME_BYTES, FRAME_NS) < 1e-20


def test_longer_cables_lose_more() -> None:
    losses = [
        Cable(length_m=metres).path(USB).loss_probability(FRAME_BYTES, FRAME_NS) for metres in (5, 6, 6.5, 6.9)
    ]
    assert losses == sorted(losses)
    assert losses[-1] > 0.5


@pytest.mark.parametrize(("metres", "extenders", "speed"), [
    (10, 0, "none"), (7.5, 0, "USB2"), (10, 1, "SuperSpeed"), (15, 2, "SuperSpeed"), (20.9, 4, "SuperSpeed"),
    (21.5, 4, "USB2"), (30, 10, "none"),
])  # fmt: skip
def test_extenders_reach_fifteen_metres(metres: float, extenders: int, speed: str) -> None:
    assert Cable(length_m=metres, extenders=extenders).path(USB).speed == speed


def test_no_more_than_two_fibres_and_300_m() -> None:
    assert Cable(length_m=300, fibres=1).path(FIBRE).link.rate_bytes_per_s == 800e6
    assert Cable(length_m=300).path(FIBRE).link.rate_bytes_per_s == 1600e6
    with pytest.raises(DeviceLost, match="too long"):
        Cable(length_m=301).path(FIBRE).require()
    far = Cable(length_m=40_000, long_optics=True).path(FIBRE)
    far.require()
    assert far.delay_ns == pytest.approx(196_000, rel=0.01)


def test_interference_takes_hold_of_copper_only() -> None:
    near, far = (Cable(length_m=metres, interference_per_s=1.0).path(USB) for metres in (1.0, 5.0))
    assert 0 < near.loss_probability(FRAME_BYTES, FRAME_NS) < far.loss_probability(FRAME_BYTES, FRAME_NS)
    assert Cable(interference_per_s=1e4).path(FIBRE).loss_probability(FRAME_BYTES, FRAME_NS) == 0.0


def test_the_same_frames_are_lost_each_time_and_as_often_as_they_should() -> None:
    path = Cable(length_m=5.0, interference_per_s=0.5).path(USB)
    probability = path.loss_probability(FRAME_BYTES, FRAME_NS)
    lost = [path.loses(3, number, number * FRAME_NS, FRAME_BYTES, FRAME_NS) for number in range(5000)]
    assert lost == [path.loses(3, number, number * FRAME_NS, FRAME_BYTES, FRAME_NS) for number in range(5000)]
    # Binomial, 5 sigma: false alarm 6e-7.
    assert abs(sum(lost) - 5000 * probability) < 5 * (5000 * probability * (1 - probability)) ** 0.5


@pytest.mark.parametrize("wrong", [{"length_m": 0.0}, {"hubs": 6}, {"fibres": 3}, {"interference_per_s": -1.0}])
def test_impossible_cables_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(OutOfRange):
        Cable(**wrong)  # type: ignore[arg-type]
