"""The page of troubles is that of the board."""

from __future__ import annotations

from docs.test_features import ROOT, build_module
from fullwell.camera.alarms import AlarmKind
from fullwell.night.script import read

PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_board() -> None:
    assert build_module().faults() == PAGE, "docs/faults.md is stale: run make docs"


def test_every_alarm_is_explained() -> None:
    for kind in AlarmKind:
        assert str(kind) in PAGE


def test_the_night_on_the_page_can_be_read() -> None:
    text = PAGE.partition("```toml\n")[2].partition("```")[0]
    assert read(text).planned == 60
