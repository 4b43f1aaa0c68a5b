"""The manual names every member, with the sentence that stands in the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullwell.serve.alpaca.camera import ACTIONS
from fullwell.serve.alpaca.camera_members import CAMERA_MEMBERS
from fullwell.serve.alpaca.conditions import CONDITIONS_MEMBERS
from fullwell.serve.alpaca.members import Member, by_address
from fullwell.serve.alpaca.switches import SWITCH_MEMBERS
from fullwell.serve.alpaca.wheel import WHEEL_MEMBERS

MANUAL = (Path(__file__).resolve().parents[3] / "docs" / "alpaca.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "member",
    dict.fromkeys((*CAMERA_MEMBERS, *WHEEL_MEMBERS, *SWITCH_MEMBERS, *CONDITIONS_MEMBERS)),
    ids=lambda m: f"{m.method}-{m.name}",
)
def test_member(member: Member) -> None:
    parameters = ", ".join(parameter.name for parameter in member.parameters)
    assert f"| `{member.name}` | {member.method} | {parameters} | {member.meaning} |" in MANUAL


@pytest.mark.parametrize("action", ACTIONS)
def test_action(action: str) -> None:
    assert f"| `{action}` |" in MANUAL


def test_a_member_cannot_stand_in_the_table_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        by_address([*WHEEL_MEMBERS, WHEEL_MEMBERS[0]])
