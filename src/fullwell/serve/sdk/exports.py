"""The functions of the C library, as data: one table feeds the C source, its header and the engine."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

C_TYPES: Final = {
    "void": "void",
    "handle": "void *",
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "u64": "uint64_t",
    "i32": "int32_t",
    "bool": "bool",
    "f32": "float",
    "f64": "double",
    "text": "const char *",
    "pointer": "void *",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function.

    Attributes
    ----------
    name : str
    kind : str
        A key of `C_TYPES`, or "block" for some bytes, "chars" where the vendor's header calls them characters.
    written : bool
        Whether the function writes through it.
    size_bytes : int
        Of a block.
    """

    name: str
    kind: str
    written: bool
    size_bytes: int = 0

    @property
    def c_type(self) -> str:
        """As the header declares it."""
        if not self.written:
            return C_TYPES[self.kind]
        return {"text": "char *", "chars": "char *", "block": "uint8_t *"}.get(
            self.kind
        ) or f"{C_TYPES[self.kind]} *"


@dataclass(frozen=True, slots=True)
class Export:
    """A function of the library.

    Attributes
    ----------
    number : int
        By which the library names it to the engine.
    name : str
    returns : str
        A key of `C_TYPES`.
    parameters : tuple of Parameter
    tier : str
        "A" behaves, "B" answers honestly, "C" returns what the vendor's library returns.
    exported : str
        "yes", "unlisted" (not in the vendor's header) or "no" (in the header only).
    """

    number: int
    name: str
    returns: str
    parameters: tuple[Parameter, ...]
    tier: str
    exported: str

    @property
    def takes_handle(self) -> bool:
        """Whether it speaks to an open camera."""
        return bool(self.parameters) and self.parameters[0].kind == "handle"


def _parameter(text: str) -> Parameter:
    name, _, kind = text.partition(":")
    written = kind.endswith(">")
    kind = kind.rstrip(">")
    for bytes_kind in ("block", "chars"):
        if kind.startswith(bytes_kind):
            return Parameter(name, bytes_kind, written, int(kind.removeprefix(bytes_kind)))
    return Parameter(name, kind, written)


@cache
def _table() -> str:
    return (files(__package__) / "exports.csv").read_text(encoding="utf-8")


@cache
def exports() -> tuple[Export, ...]:
    """All functions, in alphabetical order.

    Examples
    --------
    >>> [each.name for each in exports() if each.tier == "A"][:2]
    ['BeginQHYCCDLive', 'Bits16ToBits8']
    """
    lines = (line for line in _table().splitlines() if not line.startswith("#"))
    return tuple(
        Export(
            number,
            row["name"],
            row["returns"],
            tuple(_parameter(each) for each in row["parameters"].split()),
            row["tier"],
            row["exported"],
        )
        for number, row in enumerate(csv.DictReader(lines))
    )


def table_digest() -> int:
    """32 bits by which library and engine see that they have the same table."""
    return int.from_bytes(hashlib.blake2b(_table().encode(), digest_size=4).digest())
