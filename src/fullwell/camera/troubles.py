"""Troubles on request, as clients see them: what there is, what is on, and the board on which they are set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fullwell.errors import InvalidValue, OutOfRange, UnknownName

__all__ = ["ActiveTrouble", "Parameter", "Trouble", "TroubleBoard"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that says how bad a trouble is.

    Attributes
    ----------
    name : str
        With its unit at the end, as in "voltage_v".
    unit : str
        "" for pure numbers.
    low, high, default : float
        Inclusive limits, and what it is when nobody says.
    meaning : str
        A few words.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that can befall a camera.

    Attributes
    ----------
    name : str
        "power-cut".
    title : str
        For people.
    part : str
        What it befalls: "cable", "frames", "computer", "supply", "wheel", "cooling", "chamber", "air" or
        "sensor".
    parameters : tuple of Parameter
    description : str
        What happens, in a sentence or two.
    source : str
        Who has met it.
    """

    name: str
    title: str
    part: str
    parameters: tuple[Parameter, ...]
    description: str
    source: str

    def values(self, given: Mapping[str, Any]) -> dict[str, float]:
        """All parameters, the defaults included.

        Raises
        ------
        UnknownName
            If there is no such parameter.
        InvalidValue, OutOfRange
            If a value is no number, or outside its limits.

        Examples
        --------
        >>> rate = Parameter("rate", "", 0, 1, 0.01, "part of the frames")
        >>> Trouble("lost-packets", "Lost packets", "cable", (rate,), "...", "...").values({"rate": 0.5})
        {'rate': 0.5}
        """
        known = {each.name: each for each in self.parameters}
        for name in given:
            if name not in known:
                raise UnknownName(f"parameter of the trouble {self.name!r}", name, known or ("none",))
        return {name: _number(each, given.get(name, each.default)) for name, each in known.items()}


@dataclass(frozen=True, slots=True)
class ActiveTrouble:
    """A trouble that is on.

    Attributes
    ----------
    name : str
    values : mapping of str to float
        Its parameters.
    since_ns : int
        UTC.
    until_ns : int or None
        When it ends by itself, UTC; None = when somebody clears it.
    """

    name: str
    values: Mapping[str, float]
    since_ns: int
    until_ns: int | None = None

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value:g}" for name, value in self.values.items())
        return f"{self.name} ({told})" if told else self.name


class TroubleBoard(Protocol):
    """Where troubles are set and cleared. Thread-safe."""

    @property
    def known(self) -> Mapping[str, Trouble]:
        """What can befall this camera, by name."""
        ...

    @property
    def active(self) -> tuple[ActiveTrouble, ...]:
        """What is on, the oldest first."""
        ...

    def set(self, name: str, *, for_s: float | None = None, **values: float) -> ActiveTrouble:
        """Let a trouble begin, or change one that is on.

        Parameters
        ----------
        name : str
            One of `known`.
        for_s : float, optional
            After how long it ends by itself, s in the camera's time; default is when it is cleared.
        **values : float
            Its parameters; those left away have their defaults.

        Raises
        ------
        UnknownName
            If there is no such trouble, or it has no such parameter.
        NotSupported
            If this camera has no such part.
        InvalidValue, OutOfRange
            If a value is no number, or outside its limits.
        """
        ...

    def clear(self, name: str | None = None) -> tuple[ActiveTrouble, ...]:
        """End a trouble, or all; harmless when it is not on. Gives those that were ended.

        Raises
        ------
        UnknownName, NotSupported
            If there is no such trouble, or this camera has no such part.
        """
        ...


def _number(parameter: Parameter, value: Any) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not usable:
        limits = f"{parameter.low:g} to {parameter.high:g} {parameter.unit}".strip()
        raise InvalidValue(f"{parameter.name} must be a number, not {value!r}.", f"Give a value from {limits}.")
    if not parameter.low <= value <= parameter.high:
        raise OutOfRange(parameter.name, value, parameter.low, parameter.high, parameter.unit)
    return float(value)
