"""The feature table says what the tests prove, no more."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def build_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_feature_table_is_that_of_the_tests() -> None:
    assert (ROOT / "docs" / "features.md").read_text(encoding="utf-8") == build_module().features(), (
        "docs/features.md is stale: run make docs"
    )


def test_every_row_of_the_reference_table_is_listed(shared: Path) -> None:
    """The ids of our table are those of the requirements."""
    rows = {
        line.split("|")[1].strip()
        for line in (shared / "requirements.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and line.split("|")[1].strip()[1:].isdigit()
    }
    import tomllib

    assert set(tomllib.loads((ROOT / "docs" / "promises.toml").read_text(encoding="utf-8"))) == rows
