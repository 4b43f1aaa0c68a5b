"""What a scene accepts: numbers are checked when a scene is described, not when the first frame is due."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real

from fullwell.errors import InvalidValue, OutOfRange


def require_number(name: str, value: object, low: float, high: float, unit: str = "") -> None:
    """Refuse anything but a finite number from `low` to `high`.

    Raises
    ------
    InvalidValue
        If it is no finite number.
    OutOfRange
        If it lies outside the limits.

    Examples
    --------
    >>> require_number("airmass", 0.5, 1, 40)
    Traceback (most recent call last):
    ...
    fullwell.errors.OutOfRange: airmass of 0.5 is outside 1 to 40. Choose a value in that range.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        limits = f"{low:g} to {high:g} {unit}".strip()
        raise InvalidValue(f"{name} must be a number, not {value!r}.", f"Give a value from {limits}.")
    if not low <= float(value) <= high:
        raise OutOfRange(name, float(value), low, high, unit)


def require_whole_number(name: str, value: object, low: int, high: int, unit: str = "") -> None:
    """Refuse anything but a whole number from `low` to `high`.

    Raises
    ------
    InvalidValue
        If it is no whole number.
    OutOfRange
        If it lies outside the limits.
    """
    require_number(name, value, low, high, unit)
    if value != int(value):  # type: ignore[call-overload]
        raise InvalidValue(f"{name} must be a whole number, not {value!r}.", f"Give one from {low} to {high}.")


def require_instant(name: str, value: object) -> None:
    """Refuse anything but whole nanoseconds.

    Raises
    ------
    InvalidValue
        If it is no int.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidValue(f"{name} must be a whole number of nanoseconds, not {value!r}.", "Give an int.")
