"""The table of docs/verify.md is that of the checks."""

from __future__ import annotations

import re
from pathlib import Path

from fullwell.contract import CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "verify.md"


def test_every_check_is_told() -> None:
    found = re.search(r"<!-- checks -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    told = [line.strip("| ").split(" | ") for line in found[1].strip().splitlines()[2:]]
    assert told == [[f"`{each.name}`{'' if each.quick else ' *'}", each.why] for each in CHECKS]
