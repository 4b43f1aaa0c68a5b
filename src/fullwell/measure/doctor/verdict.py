"""What an examination says: a verdict with what was measured, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class State(StrEnum):
    """How a verdict came out."""

    HEALTHY = "healthy"
    TROUBLE = "trouble"
    CANNOT_TELL = "cannot tell"


class Trouble(StrEnum):
    """What the doctor can find. Tests and programs go by these names."""

    PERIODIC_BANDING = "periodic banding"
    ZERO_FRAMES = "zero frames"
    REPEATED_FRAMES = "repeated frames"
    TORN_FRAMES = "torn frames"
    STALE_FRAMES = "stale frames"
    LOST_FRAMES = "lost frames"
    SLOW_LINK = "slow link"
    SLOW_DISK = "slow disk"
    WRONG_BIAS = "wrong bias"
    HIGH_READ_NOISE = "high read noise"
    TELEGRAPH_NOISE = "telegraph noise"
    HIGH_DARK_CURRENT = "high dark current"
    HOT_PIXELS = "hot pixels"
    WRONG_GAIN = "wrong gain"
    SETTINGS_NOT_KEPT = "settings not kept"
    CLOCK_JUMP = "clock jump"
    NO_GPS_LOCK = "no GPS lock"
    CLOCK_WRONG = "clock wrong"
    WHEEL_STUCK = "wheel stuck"
    OLD_FIRMWARE = "old firmware"
    CABLE_RESISTANCE = "cable resistance"
    LOW_SUPPLY = "low supply"
    UNDERVOLTAGE = "undervoltage"
    PROTECTION = "power protection"
    TARGET_NOT_REACHED = "target not reached"
    WEAK_COOLING = "weak cooling"
    FAN = "fan suspected"
    THERMOMETER_STUCK = "thermometer stuck"
    DEW = "dew"
    HEATER_DEAD = "heater dead"
    NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a verdict.

    Attributes
    ----------
    name, unit : str
    value : float
    uncertainty : float or None
        One standard deviation, same unit.
    low, high : float or None
        Between these a healthy camera is expected to lie, the uncertainty of the measurement included.
    """

    name: str
    value: float
    unit: str = ""
    uncertainty: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def as_expected(self) -> bool:
        """Whether the value lies within the limits."""
        above = self.low is None or self.value >= self.low
        return above and (self.high is None or self.value <= self.high)

    @property
    def words(self) -> str:
        """Value, uncertainty and unit.

        Examples
        --------
        >>> Quantity("read noise", 1.512, "e-", 0.012, 1.2, 1.7).words
        '1.51 ± 0.01 e-'
        """
        spread = "" if self.uncertainty is None else f" ± {_plain(float(f'{self.uncertainty:.1g}'))}"
        return f"{_plain(self.value)}{spread} {self.unit}".strip()

    @property
    def expected_words(self) -> str:
        """The limits in words, "" where there are none.

        Examples
        --------
        >>> Quantity("jumps", 0.09, "%", high=0.12).expected_words
        'at most 0.12 %'
        """
        if self.low is not None and self.high is not None:
            if self.low == self.high:
                return f"{_plain(self.low)} {self.unit}".strip()
            return f"{_plain(self.low)} to {_plain(self.high)} {self.unit}".strip()
        if self.high is not None:
            return f"at most {_plain(self.high)} {self.unit}".strip()
        return f"at least {_plain(self.low)} {self.unit}".strip() if self.low is not None else ""


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """Something to draw.

    Attributes
    ----------
    title, x_label, y_label : str
        Labels with units.
    x, y : ndarray of float64
    limit : float or None
        A horizontal line: what is expected at most.
    marks : tuple of float
        Vertical lines.
    points : bool
        Draw points, not a line.
    logarithmic : bool
        Both axes.
    """

    title: str
    x_label: str
    y_label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    limit: float | None = None
    marks: tuple[float, ...] = ()
    points: bool = False
    logarithmic: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Verdict:
    """What the doctor says of one thing.

    Attributes
    ----------
    subject : str
        What was looked at: "read noise".
    state : State
    words : str
        A sentence.
    trouble : Trouble or None
        What is wrong; None unless the state is TROUBLE.
    remedy : str
        What to do; "" where there is nothing to be done.
    quantities : tuple of Quantity
    curves : tuple of Curve
    """

    subject: str
    state: State
    words: str
    trouble: Trouble | None = None
    remedy: str = ""
    quantities: tuple[Quantity, ...] = ()
    curves: tuple[Curve, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """For JSON; curves are left out."""
        return {
            "subject": self.subject,
            "state": self.state.value,
            "words": self.words,
            "trouble": None if self.trouble is None else self.trouble.value,
            "remedy": self.remedy,
            "quantities": [
                {
                    "name": each.name,
                    "value": _number(each.value),
                    "unit": each.unit,
                    "uncertainty": _number(each.uncertainty),
                    "expected_low": _number(each.low),
                    "expected_high": _number(each.high),
                }
                for each in self.quantities
            ],
        }


def healthy(
    subject: str, words: str, quantities: Sequence[Quantity] = (), curves: Sequence[Curve] = ()
) -> Verdict:
    """Nothing is wrong."""
    return Verdict(subject, State.HEALTHY, words, None, "", tuple(quantities), tuple(curves))


def ill(
    subject: str,
    trouble: Trouble,
    words: str,
    remedy: str,
    quantities: Sequence[Quantity] = (),
    curves: Sequence[Curve] = (),
) -> Verdict:
    """Something is wrong."""
    return Verdict(subject, State.TROUBLE, words, trouble, remedy, tuple(quantities), tuple(curves))


def unknown(subject: str, words: str, remedy: str = "", quantities: Sequence[Quantity] = ()) -> Verdict:
    """It cannot be told, and why."""
    return Verdict(subject, State.CANNOT_TELL, words, None, remedy, tuple(quantities))


def _number(value: float | None) -> float | None:
    """Python's own kind of number: numpy's have leaked into some sums."""
    return None if value is None else float(value)


def _plain(value: float) -> str:
    """Three significant digits, without an exponent where people write none.

    Examples
    --------
    >>> _plain(23872.4), _plain(0.01234), _plain(1612.0)
    ('23872', '0.0123', '1612')
    """
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"
