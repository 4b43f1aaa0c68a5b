"""Instants in the forms that FITS wants, from integer nanoseconds, without a detour through floats.

References
----------
.. [1] FITS Standard 4.0, section 9.1 (date and time strings), 4.4.2 (MJD-OBS).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

MJD_OF_EPOCH: Final = 40587
DAY_NS: Final = 86_400_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso(instant_ns: int, digits: int = 6) -> str:
    """An instant as ``YYYY-MM-DDThh:mm:ss.ffffff``, UTC, rounded to the nearest last digit.

    Parameters
    ----------
    instant_ns : int
        UTC, ns since 1970.
    digits : int
        Of the fraction of a second, 1 to 9.

    Examples
    --------
    >>> iso(1_700_000_000_000_000_499)
    '2023-11-14T22:13:20.000000'
    >>> iso(1_700_000_000_999_999_500)
    '2023-11-14T22:13:21.000000'
    """
    unit_ns = 10 ** (9 - digits)
    seconds, fraction = divmod((instant_ns + unit_ns // 2) // unit_ns, 10**digits)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{fraction:0{digits}d}"


def instant_ns(text: str) -> int:
    """The instant that a text like ``2026-03-01T21:14:05.123456789`` tells, UTC, ns since 1970.

    Digits beyond the ninth are cut.

    Raises
    ------
    ValueError
        If it is no date and time.

    Examples
    --------
    >>> instant_ns("2023-11-14T22:13:20.123456789")
    1700000000123456789
    """
    moment, _, fraction = text.strip().removesuffix("Z").partition(".")
    if fraction and not fraction.isdigit():
        raise ValueError(f"{text!r} is no date and time")
    whole = datetime.fromisoformat(moment).replace(tzinfo=UTC) - _EPOCH
    return (whole.days * 86_400 + whole.seconds) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))


def mjd(instant_ns: int) -> float:
    """Modified Julian Date, UTC, days; a double resolves 0.6 us of it.

    Examples
    --------
    >>> mjd(0)
    40587.0
    """
    days, rest_ns = divmod(instant_ns, DAY_NS)
    return MJD_OF_EPOCH + days + rest_ns / DAY_NS
