"""Strict reading of facts files: every entry is asked for by name, wrong ones are named with file and field."""

from __future__ import annotations

import csv
import math
import tomllib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from fullwell.errors import InvalidFacts, MissingFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray


class Table:
    """A table of a TOML file that keeps account of what has been read.

    Parameters
    ----------
    entries : dict
        As parsed.
    file : str
        Name of the file, for messages.
    path : str, optional
        Dotted name of the table inside the file, for messages.

    Examples
    --------
    >>> table = Table({"rows": 10, "colour": "red"}, "some.toml", "sensor")
    >>> table.integer("rows", low=1)
    10
    >>> table.finish()
    Traceback (most recent call last):
    ...
    fullwell.errors.InvalidFacts: some.toml: unknown entry sensor.colour. Remove it or correct its name.
    """

    def __init__(self, entries: dict[str, Any], file: str, path: str = "") -> None:
        self.entries, self.file, self.path = entries, file, path
        self._read: set[str] = set()

    def name(self, key: str) -> str:
        """Dotted name of an entry."""
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, what: str) -> InvalidFacts:
        """The error for one entry, to be raised by the caller."""
        return InvalidFacts(f"{self.file}: {self.name(key)} {what}.", "Correct the facts file.")

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def value(self, key: str) -> Any:
        """The raw entry.

        Raises
        ------
        InvalidFacts
            If it is missing.
        """
        if key not in self.entries:
            raise self.wrong(key, "is missing")
        self._read.add(key)
        return self.entries[key]

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.value(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, f"must be a text, not {value!r}")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None where the entry is absent."""
        return self.text(key) if key in self else None

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number within limits."""
        return self._as_number(key, self.value(key), low, high)

    def integer(self, key: str, low: int, high: int = 2**62) -> int:
        """A whole number within limits."""
        return self._as_integer(key, self.value(key), low, high)

    def optional_integer(self, key: str, low: int) -> int | None:
        """A whole number, or None where the entry is absent."""
        return self.integer(key, low) if key in self else None

    def numbers(self, key: str, low: float = -math.inf, high: float = math.inf) -> tuple[float, ...]:
        """A list of finite numbers within limits, at least one."""
        return tuple(self._as_number(key, item, low, high) for item in self._items(key))

    def ascending(self, key: str, low: float = -math.inf, high: float = math.inf) -> tuple[float, ...]:
        """A list of numbers, each larger than the one before."""
        numbers = self.numbers(key, low, high)
        if any(b <= a for a, b in pairwise(numbers)):
            raise self.wrong(key, f"must ascend strictly, not {list(numbers)}")
        return numbers

    def as_many(self, key: str, other: str, low: float, high: float = math.inf) -> tuple[float, ...]:
        """A list of numbers with as many items as the list `other`."""
        numbers = self.numbers(key, low, high)
        if len(numbers) != len(self._items(other)):
            raise self.wrong(key, f"has {len(numbers)} items, {other} has {len(self._items(other))}")
        return numbers

    def integers(self, key: str, low: int, high: int = 2**62) -> tuple[int, ...]:
        """A list of whole numbers within limits, at least one."""
        return tuple(self._as_integer(key, item, low, high) for item in self._items(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, at least one."""
        items = self._items(key)
        if not all(isinstance(item, str) for item in items):
            raise self.wrong(key, f"must hold texts, not {items!r}")
        return tuple(items)

    def switch(self, key: str) -> bool:
        """True or false."""
        value = self.value(key)
        if not isinstance(value, bool):
            raise self.wrong(key, f"must be true or false, not {value!r}")
        return value

    def table(self, key: str) -> Table:
        """A table inside this one."""
        value = self.value(key)
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table")
        return Table(value, self.file, self.name(key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables; empty where the entry is absent."""
        items = self.value(key) if key in self else []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self.wrong(key, "must be a list of tables")
        return tuple(Table(item, self.file, f"{self.name(key)}[{i}]") for i, item in enumerate(items))

    def finish(self) -> None:
        """Refuse entries that nobody asked for.

        Raises
        ------
        InvalidFacts
            Naming the first of them.
        """
        for key in self.entries:
            if key not in self._read:
                raise InvalidFacts(
                    f"{self.file}: unknown entry {self.name(key)}.", "Remove it or correct its name."
                )

    def _items(self, key: str) -> list[Any]:
        value = self.value(key)
        if not isinstance(value, list) or not value:
            raise self.wrong(key, f"must be a list with at least one item, not {value!r}")
        return value

    def _as_number(self, key: str, value: Any, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(key, f"must be a number, not {value!r}")
        if not low <= value <= high:
            raise self.wrong(key, f"of {value:g} is outside {low:g} to {high:g}")
        return float(value)

    def _as_integer(self, key: str, value: Any, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, f"must be a whole number, not {value!r}")
        if not low <= value <= high:
            raise self.wrong(key, f"of {value} is outside {low} to {high}")
        return value


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises
    ------
    MissingFile
        If it is not there.
    InvalidFacts
        If it is not TOML; the message names the line.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise MissingFile(f"facts file {path.name} is not there.", "Install fullwell again.") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidFacts(f"{path.name}: not TOML, {error}.", "Correct the facts file.") from None


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Entries of `base` with those of `changes` over them: tables merge, everything else is replaced.

    Examples
    --------
    >>> merged({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"y": 3}, "b": [2, 3]})
    {'a': {'x': 1, 'y': 3}, 'b': [2, 3]}
    """
    result = dict(base)
    for key, value in changes.items():
        both_tables = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both_tables else value
    return result


def read_columns(path: Path, names: Iterable[str]) -> tuple[dict[str, NDArray[np.float64]], str]:
    """Read a CSV file whose leading ``# `` lines tell its source.

    Parameters
    ----------
    path : Path
        The file.
    names : iterable of str
        Columns that must be there, in this order.

    Returns
    -------
    columns : dict of str to ndarray of float64
        At least two rows each.
    source : str
        The comment lines, joined.

    Raises
    ------
    MissingFile
        If the file is not there.
    InvalidFacts
        If columns, numbers or the source are missing.
    """
    if not path.is_file():
        raise MissingFile(f"facts file {path.name} is not there.", "Install fullwell again.")
    lines = path.read_text(encoding="utf-8").splitlines()
    source = " ".join(line.lstrip("# ").strip() for line in lines if line.startswith("#"))
    rows = list(csv.reader(line for line in lines if line.strip() and not line.startswith("#")))
    wanted = list(names)
    if not source:
        raise InvalidFacts(f"{path.name}: no source.", "Begin the file with '# ' lines that name it.")
    if not rows or rows[0] != wanted:
        found = rows[0] if rows else []
        raise InvalidFacts(f"{path.name}: columns are {found}, not {wanted}.", "Correct the facts file.")
    try:
        values = np.array([[float(cell) for cell in row] for row in rows[1:]], dtype=np.float64)
    except ValueError as error:
        raise InvalidFacts(f"{path.name}: {error}.", "Correct the facts file.") from None
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] != len(wanted):
        raise InvalidFacts(f"{path.name}: needs two or more full rows.", "Correct the facts file.")
    if not np.isfinite(values).all():
        raise InvalidFacts(f"{path.name}: has numbers that are not finite.", "Correct the facts file.")
    return {name: values[:, i] for i, name in enumerate(wanted)}, source
