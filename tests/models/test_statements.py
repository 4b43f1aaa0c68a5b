"""Every number of the facts files says where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fullwell import models
from fullwell.models.loader import CURVE_COLUMNS, FOLDER, facts_of
from fullwell.models.tables import read_columns


def numeric_leaves(value: Any, path: str = "") -> Iterator[str]:
    """Dotted names of all numbers, list indices left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numeric_leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from numeric_leaves(item, path)
    elif isinstance(value, int | float):
        yield path


def names_of(key: str) -> set[str]:
    """What a statement may be about: every entry and table of the file, and the columns of the curves."""
    names: set[str] = set()

    def walk(value: Any, path: str) -> None:
        names.add(path)
        if isinstance(value, dict):
            for name, item in value.items():
                walk(item, f"{path}.{name}" if path else name)
        elif isinstance(value, list):
            for item in value:
                walk(item, path)

    walk(facts_of(FOLDER / f"{key}.toml"), "")
    return names | {f"mode.chain.curve.{column}" for column in CURVE_COLUMNS}


@pytest.mark.parametrize("key", models.keys())
def test_each_number_has_a_statement(key: str) -> None:
    facts = facts_of(FOLDER / f"{key}.toml")
    stated = [statement.field for statement in models.load(key).statements]
    silent = {
        leaf
        for leaf in numeric_leaves(facts)
        if not leaf.startswith("rate.")  # each rate carries its own source
        and not any(leaf == field or leaf.startswith(f"{field}.") for field in stated)
    }
    assert not silent


@pytest.mark.parametrize("key", models.keys())
def test_each_statement_is_about_something_that_exists(key: str) -> None:
    names = names_of(key)
    assert [s.field for s in models.load(key).statements if s.field not in names] == []


@pytest.mark.parametrize("key", models.keys())
def test_statements_are_whole_sentences_with_a_source(key: str) -> None:
    statements = models.load(key).statements
    assert any(statement.assumed for statement in statements)
    assert any(not statement.assumed for statement in statements)
    assert len({(s.field, s.text) for s in statements}) == len(statements), "the same thing said twice"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.csv")), ids=lambda path: path.name)
def test_each_table_of_numbers_names_its_source_and_is_used(path: Path) -> None:
    columns = path.read_text().splitlines()
    header = next(line for line in columns if not line.startswith("#"))
    _, source = read_columns(path, header.split(","))
    assert len(source) > 40
    assert any(f"{path.parent.name}/{path.name}" in file.read_text() for file in FOLDER.glob("*.toml"))
