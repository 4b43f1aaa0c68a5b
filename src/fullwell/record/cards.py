"""Header cards as the text of a FITS file. Cards that stay the same from frame to frame are made once."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from astropy.io import fits

from fullwell.record.header import Card, Value

BLOCK_BYTES: Final = 2880
CARD_BYTES: Final = 80
LONGEST_TEXT: Final = 68

LONG_TEXTS: Final = Card("LONGSTRN", "OGIP 1.0", "long texts go on in CONTINUE cards")


def header_bytes(structure: Sequence[Card], cards: Sequence[Card], ending: Sequence[Card] = ()) -> bytes:
    """A whole header, filled up to whole blocks.

    Parameters
    ----------
    structure : sequence of Card
        What describes the array, in the order that the standard wants.
    cards : sequence of Card
        Text in printable ASCII.
    ending : sequence of Card
        What comes last: sums.
    """
    long = any(isinstance(card.value, str) and len(_quoted(card.value)) > LONGEST_TEXT + 2 for card in cards)
    return filled([*structure, *([LONG_TEXTS] if long else []), *cards, *ending])


def filled(cards: Iterable[Card]) -> bytes:
    """Cards, END and blanks up to whole blocks."""
    text = b"".join(card_bytes(*card) for card in cards) + b"END"
    return text.ljust(-(-len(text) // BLOCK_BYTES) * BLOCK_BYTES)


@lru_cache(maxsize=4096, typed=True)
def card_bytes(keyword: str, value: Value, comment: str = "") -> bytes:
    """One card, or the several that a long text needs. A card without keyword is blank: room for another.

    Examples
    --------
    >>> card_bytes("GAIN", 56, "the vendor's knob").decode().rstrip()
    "GAIN    =                   56 / the vendor's knob"
    >>> card_bytes("FILTER", "L", "").decode().rstrip()
    "FILTER  = 'L       '"
    """
    if not keyword:
        return b" " * CARD_BYTES
    if keyword in ("HISTORY", "COMMENT"):
        lines = textwrap.wrap(str(value), CARD_BYTES - 8, drop_whitespace=False) or [""]
        return b"".join(f"{keyword:8}{line}".encode("ascii").ljust(CARD_BYTES) for line in lines)
    if isinstance(value, str) and len(_quoted(value)) > LONGEST_TEXT + 2:
        # A comment that does not fit behind a long text gives way to it.
        return str(fits.Card(keyword, value).image).encode("ascii")
    text = f"{keyword:8}= {_value(value)}"
    if comment and len(text) + 3 + len(comment) <= CARD_BYTES:
        text += f" / {comment}"
    return text.encode("ascii").ljust(CARD_BYTES)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return f"{'T' if value else 'F':>20}"
    if isinstance(value, str):
        return f"{_quoted(value):20}"
    if isinstance(value, int):
        return f"{value:>20}"
    text = repr(float(value)).upper()
    if "." not in text:
        text = text.replace("E", ".0E")
    return f"{text:>20}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").ljust(8) + "'"
