"""What a check is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fullwell.contract.stand import Stand

Examination = Callable[[Stand], str]
"""Examines the camera on the stand and returns what it has measured; raises `Broken` or `Unfit`."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a camera must do.

    Attributes
    ----------
    name : str
    why : str
        One line: what this is good for.
    remedy : str
        What to do about a camera that fails.
    quick : bool
        Whether it belongs to the quick run.
    examine : callable
    """

    name: str
    why: str
    remedy: str
    quick: bool
    examine: Examination


def check(name: str, why: str, remedy: str, *, quick: bool = True) -> Callable[[Examination], Check]:
    """Make a check of a function."""

    def make(examine: Examination) -> Check:
        return Check(name, why, remedy, quick, examine)

    return make
