"""The tables of docs/libqhyccd.md are those of the data."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from fullwell.models.sdk.quirks import load_profiles, load_quirks
from fullwell.serve.sdk.trace.rules import rules

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "libqhyccd.md"
EXPLAINED = ROOT / "tests" / "serve" / "sdk" / "explained.toml"


def table(name: str) -> list[list[str]]:
    """Cells of the rows of a table between its marks."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in found[1].strip().splitlines()[2:]
    ]


def test_every_explained_difference_is_told() -> None:
    reasons = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["difference"]
    told = [[row[0].strip("`").replace("\\|", "|"), row[1], row[2].strip("`")] for row in table("explained")]
    assert told == [[each["step"], each["why"], each.get("apart", "")] for each in reasons]


def test_every_quirk_is_told() -> None:
    known = [[f"`{each.name}`", each.what, each.source] for each in load_quirks().values()]
    profiles = [[f"`{name}`", "profile: " + ", ".join(quirks), ""] for name, quirks in load_profiles().items()]
    assert table("quirks") == known + profiles


def test_every_rule_of_replays_is_told() -> None:
    known = [
        [
            f"`{each.function}`",
            " ".join(f"{name} {value}" for name, value in each.where.items()),
            each.answer,
            "other libraries" if each.vendor_only else "all",
            each.text,
            each.why,
        ]
        for each in rules()
    ]
    assert table("rules") == known
