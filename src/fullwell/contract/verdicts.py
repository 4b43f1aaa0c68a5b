"""How a check ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NoReturn


class Verdict(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


class Broken(Exception):
    """The camera did not do what it must.

    Parameters
    ----------
    expected, got : str
        Each with its unit.
    """

    def __init__(self, expected: str, got: str) -> None:
        self.expected, self.got = expected, got
        super().__init__(f"expected {expected}; got {got}")


class Unfit(Exception):
    """There is nothing to check in this camera, or in what it looks at; the text says why."""


def expect(good: bool, expected: str, got: object) -> None:
    """See that something holds.

    Raises
    ------
    Broken
        If it does not.

    Examples
    --------
    >>> expect(2 > 1, "more than one", 2)
    >>> expect(1 > 2, "more than two", 1)
    Traceback (most recent call last):
    ...
    fullwell.contract.verdicts.Broken: expected more than two; got 1
    """
    if not good:
        raise Broken(expected, str(got))


def unfit(why: str) -> NoReturn:
    """End a check that has nothing to check.

    Raises
    ------
    Unfit
        Always.
    """
    raise Unfit(why)


@dataclass(frozen=True, slots=True)
class Result:
    """A check and what came of it.

    Attributes
    ----------
    name, why : str
        Of the check.
    verdict : Verdict
    detail : str
        What was measured; why there was nothing to check; or what was expected and what was got.
    expected, got : str
        Of a check that failed, else "".
    remedy : str
        What to do, if it failed.
    duration_s : float
        Real time.
    """

    name: str
    why: str
    verdict: Verdict
    detail: str
    expected: str = ""
    got: str = ""
    remedy: str = ""
    duration_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for scripts."""
        return asdict(self)
