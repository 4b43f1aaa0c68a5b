"""How numbers are written on the command line: angles in degrees or sexagesimal, windows as four numbers."""

from __future__ import annotations

import re
from typing import Final

import typer

_SEPARATORS: Final = re.compile(r"[\s:hdms°'\"′″]+")
_NUMBER: Final = re.compile(r"\d+(\.\d*)?|\.\d+")


def right_ascension_deg(text: str) -> float:
    """A right ascension: degrees, or hours, minutes and seconds.

    Examples
    --------
    >>> right_ascension_deg("83.82")
    83.82
    >>> right_ascension_deg("5h35m16.8s") == right_ascension_deg("05:35:16.8") == 83.82
    True
    """
    return _angle_deg(text, "h", 15.0, "83.82, 5h35m17s or 05:35:17")


def declination_deg(text: str) -> float:
    """A declination: degrees, or degrees, minutes and seconds.

    Examples
    --------
    >>> declination_deg("-5d23m24s") == declination_deg("-05:23:24") == -5.39
    True
    >>> declination_deg("-0:30")
    -0.5
    """
    return _angle_deg(text, "d", 1.0, "-5.39, -5d23m24s or -05:23:24")


def window_px(text: str) -> tuple[int, int, int, int]:
    """Left, top, width and height, separated by commas.

    Examples
    --------
    >>> window_px("100,200,640,480")
    (100, 200, 640, 480)
    """
    parts = text.split(",")
    try:
        left, top, width, height = (int(part) for part in parts)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not four whole numbers: left,top,width,height in px, as in 100,200,640,480.",
            param_hint="--roi",
        ) from None
    return left, top, width, height


def spoken_ns(time_ns: int) -> str:
    """A time in the unit that suits it, exact to the nanosecond.

    Examples
    --------
    >>> spoken_ns(41_655_600), spoken_ns(400), spoken_ns(-1_500), spoken_ns(2_000_000_000)
    ('41.6556 ms', '400 ns', '-1.5 us', '2 s')
    """
    for unit, size_ns in (("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)):
        if abs(time_ns) >= size_ns:
            whole, rest = divmod(abs(time_ns), size_ns)
            digits = f"{rest:0{len(str(size_ns)) - 1}d}".rstrip("0")
            return f"{'-' if time_ns < 0 else ''}{whole}{'.' + digits if digits else ''} {unit}"
    return f"{time_ns} ns"


def _angle_deg(text: str, unit: str, deg_per_unit: float, like: str) -> float:
    body = text.strip()
    sign = -1.0 if body.startswith("-") else 1.0
    body = body.lstrip("+-")
    parts = [part for part in _SEPARATORS.split(body) if part]
    if not 1 <= len(parts) <= 3 or len(body) < len(text.strip()) - 1 or not all(map(_NUMBER.fullmatch, parts)):
        raise typer.BadParameter(f"{text!r} is no angle. Write it like {like}.")
    numbers = [float(part) for part in parts]
    if any(number >= 60 for number in numbers[1:]):
        raise typer.BadParameter(f"{text!r} has 60 or more minutes or seconds. Write it like {like}.")
    sexagesimal = len(parts) > 1 or unit in body
    value = sum(number / 60.0**place for place, number in enumerate(numbers))
    return round(sign * value * (deg_per_unit if sexagesimal else 1.0), 12)
