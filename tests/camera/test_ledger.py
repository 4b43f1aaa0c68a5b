"""The ledger: every number once, and what cannot be is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullwell.camera.ledger import Fate, Ledger
from fullwell.errors import InvalidOperation


@given(st.lists(st.sampled_from(list(Fate)), max_size=40))
def test_entries_give_back_every_number_in_order(fates: list[Fate]) -> None:
    ledger = Ledger()
    for number, fate in enumerate(fates):
        ledger.enter(number, fate)
    spread = [(n, entry.fate) for entry in ledger for n in range(entry.first, entry.last + 1)]
    assert spread == list(enumerate(fates))
    assert sum(ledger.count(fate) for fate in Fate) == ledger.frames == len(fates)
    neighbours = list(ledger)
    assert all(a.fate is not b.fate for a, b in pairwise(neighbours))


def test_a_number_is_entered_once_and_settled_once() -> None:
    ledger = Ledger()
    ledger.enter(5, Fate.DELIVERED)
    with pytest.raises(InvalidOperation):
        ledger.enter(5, Fate.SKIPPED)
    ledger.settle(5, Fate.RECORDED)
    with pytest.raises(InvalidOperation):
        ledger.settle(5, Fate.FAILED_ON_DISK)
    with pytest.raises(InvalidOperation):
        ledger.settle(6, Fate.RECORDED)
