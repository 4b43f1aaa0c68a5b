"""Light-emitting diodes that the camera's shutter signal fires: the lamps of a row calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullwell.models.facts import Sensor
from fullwell.scene.lamps import HIGHEST_RATE_E_PER_S, BoundLed, Led
from fullwell.scene.light import Answers, Interval, Pointing
from fullwell.scene.limits import require_number, require_whole_number
from fullwell.scene.spectra import channels

__all__ = ["BoundPinLed", "BoundStrobe", "PinLed", "Strobe"]

LONGEST_NS = 3_600_000_000_000


class Strobe:
    """An LED with a pulse generator, fired by the falling edge of the camera's shutter signal.

    Nothing is known to it but that signal, as with a generator on the bench that is plugged into the camera.

    Parameters
    ----------
    rate_e_per_s : float
        Electrons per second and pixel while it is on, 0 to 1e9.

    Notes
    -----
    Limits: it goes on and off within a nanosecond; a frame shows the flash that was set when it was read out. In
    a live run flashes more than three frame periods late are not seen.

    Examples
    --------
    >>> strobe = Strobe(rate_e_per_s=5e7)
    >>> strobe.flash(delay_ns=20_000_000, width_ns=100_000)
    >>> strobe.delay_ns, strobe.width_ns
    (20000000, 100000)
    """

    def __init__(self, rate_e_per_s: float) -> None:
        require_number("rate_e_per_s", rate_e_per_s, 0, HIGHEST_RATE_E_PER_S, "e-/s")
        self.rate_e_per_s = rate_e_per_s
        self._flash = (0, 0)

    @property
    def delay_ns(self) -> int:
        """From the edge until it goes on, ns."""
        return self._flash[0]

    @property
    def width_ns(self) -> int:
        """How long it stays on, ns; 0 = it does not flash."""
        return self._flash[1]

    def flash(self, delay_ns: int, width_ns: int) -> None:
        """Set the flash that follows each edge.

        Parameters
        ----------
        delay_ns : int
            From the edge until it goes on, ns, 0 or more: a generator cannot fire before it is triggered.
        width_ns : int
            How long it stays on, ns; 0 = no flash.

        Raises
        ------
        InvalidValue, OutOfRange
            If a number is none, or outside 0 to an hour.
        """
        require_whole_number("delay of the flash", delay_ns, 0, LONGEST_NS, "ns")
        require_whole_number("width of the flash", width_ns, 0, LONGEST_NS, "ns")
        self._flash = (int(delay_ns), int(width_ns))

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundStrobe:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`."""
        channels(sensor, coating, filter_name)
        return BoundStrobe(self, Pointing(filter_name=filter_name))


@dataclass(frozen=True, slots=True)
class BoundStrobe:
    """A strobe on a sensor; dark until something triggers it."""

    strobe: Strobe
    pointing: Pointing

    def triggered(self, edges_ns: Sequence[int], pin: tuple[int, int] | None) -> BoundLed:
        """The light of the flashes after some edges; see `fullwell.scene.light.Triggered`."""
        led = Led(
            self.strobe.rate_e_per_s, pulses_ns=_pulses(edges_ns, self.strobe.delay_ns, self.strobe.width_ns)
        )
        return BoundLed(led, self.pointing)

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip; see `fullwell.scene.light.BoundScene`."""
        out[...] = 0.0

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key; see `fullwell.scene.light.BoundScene`."""
        return Answers(effects={"light": "a strobe that nothing has triggered"})


@dataclass(frozen=True, slots=True)
class PinLed:
    """An LED on the LED pin of the camera (GPIO mode 6, "led-calibration"): lit while the pin is high.

    Parameters
    ----------
    rate_e_per_s : float
        Electrons per second and pixel while it is on, 0 to 1e9.

    Notes
    -----
    Limits: see `Strobe`.
    """

    rate_e_per_s: float

    def __post_init__(self) -> None:
        require_number("rate_e_per_s", self.rate_e_per_s, 0, HIGHEST_RATE_E_PER_S, "e-/s")

    def bind(self, sensor: Sensor, coating: str, filter_name: str, seed: int) -> BoundPinLed:
        """The scene as a sensor sees it; see `fullwell.scene.light.Scene`."""
        channels(sensor, coating, filter_name)
        return BoundPinLed(self.rate_e_per_s, Pointing(filter_name=filter_name))


@dataclass(frozen=True, slots=True)
class BoundPinLed:
    """An LED on the LED pin, before a sensor; dark until the pin is in use."""

    rate_e_per_s: float
    pointing: Pointing

    def triggered(self, edges_ns: Sequence[int], pin: tuple[int, int] | None) -> BoundLed:
        """The light of the pin's pulses after some edges; see `fullwell.scene.light.Triggered`."""
        return BoundLed(Led(self.rate_e_per_s, pulses_ns=_pulses(edges_ns, *(pin or (0, 0)))), self.pointing)

    def expose(self, out: NDArray[np.float32], left: int, top: int, interval: Interval) -> None:
        """Fill a strip; see `fullwell.scene.light.BoundScene`."""
        out[...] = 0.0

    def answers(self, top: int, interval: Interval) -> Answers:
        """The answer key; see `fullwell.scene.light.BoundScene`."""
        return Answers(effects={"light": "an LED on the LED pin, which is silent"})


def _pulses(edges_ns: Sequence[int], delay_ns: int, width_ns: int) -> tuple[tuple[int, int], ...]:
    """Pulses after the edges; one that begins before the last has ended makes it longer."""
    joined: list[tuple[int, int]] = [(0, 0)]  # an LED without pulses is described by an empty one
    for edge_ns in sorted(edges_ns):
        start_ns, stop_ns = edge_ns + delay_ns, edge_ns + delay_ns + width_ns
        if joined and start_ns <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop_ns, joined[-1][1]))
        else:
            joined.append((start_ns, stop_ns))
    return tuple(joined)
