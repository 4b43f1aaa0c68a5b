"""What a client sends with a request: parameters by name, as text, and the strict readers of their types.

Alpaca's rules: names in a query are matched without regard to case, names in a form exactly; a value that
cannot be read is answered with HTTP status 400 before anything else is looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

UINT32_MAX: Final = 2**32 - 1
MOST_FIELDS: Final = 64

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", re.ASCII)


class Malformed(ValueError):
    """The request cannot be understood: HTTP status 400. The text says why."""


def boolean(text: str) -> bool:
    """True or False in any case, nothing else."""
    folded = text.casefold()
    if folded not in ("true", "false"):
        raise Malformed(f"{text!r} is neither True nor False.")
    return folded == "true"


def integer(text: str) -> int:
    """A whole number of 32 bits with sign.

    Examples
    --------
    >>> integer("-12")
    -12
    >>> integer("1e3")
    Traceback (most recent call last):
    ...
    fullwell.serve.alpaca.parameters.Malformed: '1e3' is not a whole number of 32 bits.
    """
    if not _INTEGER.fullmatch(text) or not -(2**31) <= int(text) < 2**31:
        raise Malformed(f"{text!r} is not a whole number of 32 bits.")
    return int(text)


def number(text: str) -> float:
    """A finite decimal number with a point, whatever the local custom."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise Malformed(f"{text!r} is not a number (decimal point, no blanks, no thousands separators).")
    return value


def text(value: str) -> str:
    """Any text."""
    return value


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a member.

    Attributes
    ----------
    name : str
        With the documented letter case.
    read : callable
        Makes a value of the text or raises `Malformed`.
    default : str or None
        Stands for a parameter that was not sent; None = it must be sent.
    """

    name: str
    read: Callable[[str], object]
    default: str | None = None


class Fields:
    """The parameters of one request as text.

    Parameters
    ----------
    encoded : bytes
        Query or form, percent-encoded.
    exact : bool
        Whether letter case matters, as it does in forms.
    """

    def __init__(self, encoded: bytes, *, exact: bool) -> None:
        try:
            pairs = parse_qsl(
                encoded.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        except ValueError as reason:
            raise Malformed(f"The parameters cannot be decoded: {reason}.") from None
        self._exact = exact
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name if exact else name.casefold(), []).append(value)

    def text_of(self, name: str) -> str | None:
        """Value of a parameter, None when it was not sent; `Malformed` when it was sent more than once."""
        found = self._values.get(name if self._exact else name.casefold(), [])
        if len(found) > 1:
            raise Malformed(f"The parameter {name} was sent {len(found)} times.")
        return found[0] if found else None

    def value_of(self, parameter: Parameter) -> object:
        """Value of a parameter."""
        found = self.text_of(parameter.name)
        if found is None and self._spelling_of(parameter.name) is None:
            found = parameter.default
        if found is None:
            raise Malformed(f"The parameter {parameter.name} (letter case matters in PUT) is missing.")
        try:
            return parameter.read(found)
        except Malformed as reason:
            raise Malformed(f"Parameter {parameter.name}: {reason}") from None

    def identifier(self, name: str) -> int:
        """ClientID or ClientTransactionID: 32 bits without sign, 0 when it was not sent."""
        found = self.text_of(name)
        if found is None:
            return 0
        if not re.fullmatch(r"[0-9]{1,10}", found, re.ASCII) or int(found) > UINT32_MAX:
            raise Malformed(f"{name} of {found!r} is not a whole number from 0 to {UINT32_MAX}.")
        return int(found)

    def client_id(self) -> int:
        """ClientID in whatever letter case.

        A form with a mis-cased name has, strictly, no ClientID. It would then connect as client 0 and never
        disconnect; being generous here can hurt nobody because the reply does not show this number.
        """
        if not self._exact:
            return self.identifier("ClientID")
        if self.text_of("ClientID") is not None:
            return self.identifier("ClientID")
        spelling = self._spelling_of("ClientID")
        return 0 if spelling is None else self.identifier(spelling)

    def _spelling_of(self, name: str) -> str | None:
        """How the client wrote a name, whatever the letter case."""
        return next((sent for sent in self._values if sent.casefold() == name.casefold()), None)
