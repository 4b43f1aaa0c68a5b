"""How recorded and present answers are compared: the rules of ``rules.csv``."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from fullwell.errors import InvalidFacts
from fullwell.serve.sdk.trace.calls import Call, Value
from fullwell.serve.sdk.wire import FAILED

RESULT: Final = "result"
_FAILED_VALUES: Final = frozenset({FAILED, float(FAILED)})

Compare = Callable[[Value, Value], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one answer of a function is compared.

    Attributes
    ----------
    function : str
    where : mapping of str to int
        What must have gone in for the rule to hold.
    answer : str
        "result" or a parameter.
    vendor_only : bool
        Whether it holds only for traces of other libraries than ours.
    text : str
        As the table says it.
    agrees : callable
        Recorded value, present value -> whether they agree.
    patience_s : float
        How long to ask again, s; 0 = never.
    is_frame : bool
        Whether a frame is waited for.
    why : str
    """

    function: str
    where: dict[str, int]
    answer: str
    vendor_only: bool
    text: str
    agrees: Compare
    patience_s: float
    is_frame: bool
    why: str


def _equal(recorded: Value, now: Value) -> bool:
    return recorded == now or (recorded != recorded and now != now)  # noqa: PLR0124 -- a NaN equals a NaN here


def _answered(recorded: Value, now: Value) -> bool:
    return (recorded in _FAILED_VALUES) == (now in _FAILED_VALUES)


def _model(recorded: Value, now: Value) -> bool:
    return str(recorded).partition("-")[0] == str(now).partition("-")[0]


def _between(low: float, high: float) -> Compare:
    def agrees(recorded: Value, now: Value) -> bool:
        return recorded == now or (isinstance(now, int | float) and low <= now <= high)

    return agrees


def _near(most: float) -> Compare:
    def agrees(recorded: Value, now: Value) -> bool:
        both = isinstance(recorded, int | float) and isinstance(now, int | float)
        return recorded == now or (both and abs(float(recorded) - float(now)) <= most)

    return agrees


_FORMS: Final[tuple[tuple[str, Callable[..., tuple[Compare, float, bool]]], ...]] = (
    (r"not compared", lambda: (lambda _recorded, _now: True, 0.0, False)),
    (r"also an answer", lambda: (_answered, 0.0, False)),
    (r"same model", lambda: (_model, 0.0, False)),
    (r"to (\S+)", lambda most: (_near(float(most)), 0.0, False)),
    (r"between (\S+) and (\S+)", lambda low, high: (_between(float(low), float(high)), 0.0, False)),
    (r"within (\S+) s", lambda seconds: (_equal, float(seconds), False)),
    (r"frame within (\S+) s", lambda seconds: (_equal, float(seconds), True)),
)


def _understand(text: str) -> tuple[Compare, float, bool]:
    for pattern, build in _FORMS:
        if found := re.fullmatch(pattern, text):
            return build(*found.groups())
    raise InvalidFacts(f"rules.csv has a rule that nobody understands: {text!r}.", "Its head lists the rules.")


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of the table.

    Examples
    --------
    >>> rules()[0].function, rules()[0].text
    ('GetQHYCCDExposureRemaining', 'also an answer')
    """
    text = (files(__package__) / "rules.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Rule(
            row["function"],
            {name: int(value) for name, _, value in (each.partition("=") for each in row["where"].split())},
            row["answer"],
            row["traces"] == "vendor",
            row["rule"],
            *_understand(row["rule"]),
            row["why"],
        )
        for row in rows
    )


@cache
def _by_function(vendor: bool) -> dict[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in rules():
        if vendor or not rule.vendor_only:
            found[rule.function] = (*found.get(rule.function, ()), rule)
    return found


def rules_of(call: Call, vendor: bool) -> dict[str, Rule]:
    """The rules for the answers of a call, by answer.

    Parameters
    ----------
    call : Call
    vendor : bool
        Whether the trace is of another library than ours.
    """
    return {
        rule.answer: rule
        for rule in _by_function(vendor).get(call.export.name, ())
        if all(call.given.get(name) == value for name, value in rule.where.items())
    }


def agree(rule: Rule | None, recorded: Value, now: Value) -> bool:
    """Whether two answers agree; without a rule they must be equal."""
    return (_equal if rule is None else rule.agrees)(recorded, now)
