"""The clock of the GPS box: a 10 MHz oscillator that is counted between the pulses per second of the receiver.

Both are pure functions of the instant. The frequency is constant within a second and differs from one to the
next by temperature, warming up, ageing and a random walk; the pulse comes late by the receiver's own error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Final

from fullwell.chance.keys import key

NOMINAL_HZ: Final = 10_000_000
SECOND_NS: Final = 1_000_000_000

TEMPERATURE_PPM: Final = 0.05
TEMPERATURE_PERIOD_S: Final = 1500.0
"""The box breathes with the air around it (assumed: a crystal of 0.1 ppm/K, half a kelvin up and down)."""

WARMING_PPM: Final = 0.8
WARMING_S: Final = 240.0
"""What is still missing after power-on, and how fast it fades (assumed: a crystal without an oven)."""

AGEING_PPM_PER_DAY: Final = 0.005
WALK_PPM: Final = 2e-4
"""Random walk of the frequency: standard deviation of its change over one second (assumed: a VCXO)."""

_OCTAVES: Final = 14
"""The random walk is a sum of smooth noises of 1, 2, 4 ... 8192 s."""

PULSE_LATE_NS: Final = (20, 100)
"""How late a pulse is: the box's figure for the error of its PPS."""


@dataclass(frozen=True, slots=True)
class Oscillator:
    """A voltage-controlled crystal oscillator and the pulses that it is counted against.

    Parameters
    ----------
    stream : int
        Key of its chance, see `fullwell.chance.keys.key`.
    offset_ppm : float
        Mean deviation from 10 MHz, parts per million.
    power_on_ns : int
        UTC at which it was switched on.

    Notes
    -----
    Limits: the second is the shortest time in which the frequency changes; jitter of the edges, far below the
    tick of 100 ns, is left out.

    Examples
    --------
    >>> oscillator = Oscillator(stream=1, offset_ppm=-0.3, power_on_ns=0)
    >>> 9_999_990 < oscillator.pulse_count(86_400) < 10_000_000
    True
    """

    stream: int
    offset_ppm: float
    power_on_ns: int

    def frequency_hz(self, second: int) -> float:
        """Mean frequency within a second.

        Parameters
        ----------
        second : int
            UTC, s since 1970.
        """
        return _frequency_hz(self, second)

    def pulse_ns(self, second: int) -> int:
        """UTC at which the pulse of a second really comes: 20 to 100 ns late, ns."""
        earliest, latest = PULSE_LATE_NS
        return second * SECOND_NS + earliest + round((latest - earliest) * self._uniform("pulse", second))

    def pulse_count(self, second: int) -> int:
        """Ticks between the pulse of a second and the one before."""
        return self._ticks(second - 1, self.pulse_ns(second))

    def since_pulse(self, instant_ns: int) -> tuple[int, int]:
        """The second that the latest pulse began, and the ticks since.

        Parameters
        ----------
        instant_ns : int
            UTC, ns.
        """
        second = instant_ns // SECOND_NS
        if instant_ns < self.pulse_ns(second):
            second -= 1
        return second, self._ticks(second, instant_ns)

    def free_ticks(self, second: int, instant_ns: int) -> int:
        """Ticks since the pulse of `second`, however long ago, with no pulse in between.

        The frequency of the whole time is taken as the mean of its ends.
        """
        last = max(second, instant_ns // SECOND_NS)
        mean_hz = 0.5 * (self.frequency_hz(second) + self.frequency_hz(last))
        return math.floor((instant_ns - self.pulse_ns(second)) * (mean_hz / SECOND_NS) + self._phase(second))

    def ppm(self, second: int) -> float:
        """Deviation of the frequency from 10 MHz within a second, parts per million."""
        age_s = second - self.power_on_ns / SECOND_NS
        swing = math.sin(2.0 * math.pi * (age_s / TEMPERATURE_PERIOD_S + self._uniform("temperature", 0)))
        return (
            self.offset_ppm
            + TEMPERATURE_PPM * swing
            - WARMING_PPM * math.exp(-max(0.0, age_s) / WARMING_S)
            + AGEING_PPM_PER_DAY * age_s / 86_400
            + self._walk_ppm(second)
        )

    def _ticks(self, second: int, instant_ns: int) -> int:
        """Whole ticks from the pulse of a second to an instant in it."""
        elapsed_ns = instant_ns - self.pulse_ns(second)
        return math.floor(elapsed_ns * (self.frequency_hz(second) / SECOND_NS) + self._phase(second))

    def _phase(self, second: int) -> float:
        """Where between two ticks the pulse of a second comes, 0 to 1."""
        return self._uniform("phase", second)

    def _walk_ppm(self, second: int) -> float:
        """Random walk of the frequency, without a memory: smooth noise of many time scales."""
        total = 0.0
        for octave in range(_OCTAVES):
            scale_s = 2**octave
            node, part = divmod(second, scale_s)
            weight = 0.5 - 0.5 * math.cos(math.pi * part / scale_s)
            here, next_one = self._normal(octave, node), self._normal(octave, node + 1)
            total += math.sqrt(scale_s) * ((1.0 - weight) * here + weight * next_one)
        return WALK_PPM * total

    def _normal(self, octave: int, node: int) -> float:
        return _STANDARD.inv_cdf(self._uniform(f"walk {octave}", node))

    def _uniform(self, purpose: str, counter: int) -> float:
        """Evenly distributed above 0 and below 1."""
        return ((key(self.stream, purpose, counter) >> 12) + 0.5) / 2**52


@lru_cache(maxsize=256)
def _frequency_hz(oscillator: Oscillator, second: int) -> float:
    return NOMINAL_HZ * (1.0 + 1e-6 * oscillator.ppm(second))


_STANDARD: Final = NormalDist()
