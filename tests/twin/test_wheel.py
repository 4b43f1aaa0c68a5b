"""The filter wheel: names, moves that take time, the short way round."""

from __future__ import annotations

import pytest

from fullwell.errors import Busy, OutOfRange
from fullwell.twin.wheel import MOVING, FilterWheel, slot_names

SECOND_NS = 1_000_000_000


def test_moves_take_time_and_go_the_short_way() -> None:
    wheel = FilterWheel(slot_names(7, "L"), 0)
    assert wheel.position(0) == 0
    wheel.move(6, 0)
    assert wheel.position(SECOND_NS // 2) == MOVING
    assert wheel.position(SECOND_NS) == 6
    wheel.move(3, SECOND_NS)
    assert wheel.position(2 * SECOND_NS) == MOVING
    assert wheel.position(3 * SECOND_NS) == 3


def test_stays_when_it_is_there_already() -> None:
    wheel = FilterWheel(slot_names(5, "L"), 2)
    wheel.move(2, SECOND_NS)
    assert wheel.position(SECOND_NS) == 2
    assert wheel.filter_name == "G"


@pytest.mark.parametrize("slot", [-1, 7, 2.5])
def test_refuses_a_slot_that_is_not_there(slot: float) -> None:
    wheel = FilterWheel(slot_names(7, "L"), 0)
    with pytest.raises(OutOfRange, match="filter wheel position"):
        wheel.move(slot, 0)
    assert wheel.position(0) == 0


def test_no_slots_no_names() -> None:
    assert slot_names(0, "L") == ()


def test_it_homes_after_power_up_and_answers_nothing_meanwhile() -> None:
    wheel = FilterWheel(slot_names(7, "L"), 0)
    wheel.move(2, 0)
    wheel.power_up(10 * SECOND_NS)
    assert not wheel.answers(10 * SECOND_NS)
    with pytest.raises(Busy, match="homes"):
        wheel.move(1, 20 * SECOND_NS)
    assert not wheel.answers(27 * SECOND_NS - 1)
    assert wheel.answers(27 * SECOND_NS)
    assert wheel.position(27 * SECOND_NS) == 0
    assert wheel.filter_name == "L"


def test_a_stuck_wheel_does_not_arrive_until_it_is_freed() -> None:
    wheel = FilterWheel(slot_names(7, "L"), 0)
    wheel.jam(0)
    assert wheel.position(SECOND_NS) == 0
    wheel.move(2, SECOND_NS)
    assert wheel.position(100 * SECOND_NS) == MOVING
    assert wheel.turned_between(50 * SECOND_NS, 51 * SECOND_NS)
    wheel.free(100 * SECOND_NS)
    assert wheel.position(102 * SECOND_NS) == 2
    assert not wheel.turned_between(103 * SECOND_NS, 104 * SECOND_NS)


def test_it_knows_when_it_turned() -> None:
    wheel = FilterWheel(slot_names(7, "L"), 0)
    wheel.move(1, SECOND_NS)  # until 1.8 s
    assert wheel.turned_between(0, SECOND_NS + 1)
    assert wheel.turned_between(1_700_000_000, 5 * SECOND_NS)
    assert not wheel.turned_between(0, SECOND_NS)
    assert not wheel.turned_between(1_800_000_000, 5 * SECOND_NS)
