"""What libraries and cameras are known to do wrong, by name and with its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class QuirkFacts:
    """Something that goes wrong on request.

    Attributes
    ----------
    name : str
    what : str
        What a program sees.
    source : str
        Where it was seen.
    """

    name: str
    what: str
    source: str


@cache
def load_quirks() -> dict[str, QuirkFacts]:
    """All quirks and faults, by name.

    Examples
    --------
    >>> load_quirks()["zero-frames"].what
    'Frames come with success, and all their pixels are 0.'
    """
    return {each["name"]: QuirkFacts(**each) for each in _table()["quirk"]}


@cache
def load_profiles() -> dict[str, tuple[str, ...]]:
    """Names of the quirks that some version of the library has, by name of the profile.

    Examples
    --------
    >>> load_profiles()["sdk-26.6.4"]
    ('timeout-success', 'id-36-bytes')
    """
    return {each["name"]: tuple(each["quirks"]) for each in _table()["profile"]}


@cache
def _table() -> dict[str, list[dict[str, str]]]:
    text = files(__package__).joinpath("quirks.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
