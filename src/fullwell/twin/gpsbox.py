"""The GPS box on the twin's pins: states of the receiver, stamps, and what is known to go wrong with them.

The box latches both edges of the shutter signal with the count of its oscillator since the last pulse per second,
and the camera writes what it says over the first pixels of the frame. Everything is a function of the clock but
frozen stamps, which are those of an earlier frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameReport
from fullwell.chance.keys import key
from fullwell.errors import InvalidValue, UnknownName
from fullwell.models.facts import ShutterSignal
from fullwell.readout.gps import (
    EPOCH_S,
    NOMINAL_PPS,
    PPS_LOST,
    SIZE_BYTES,
    Edge,
    GpsStamp,
    Receiver,
    latitude_word,
    longitude_word,
    write_stamp,
)
from fullwell.readout.timing import shutter_edges_ns
from fullwell.scene.limits import require_number
from fullwell.twin.oscillator import SECOND_NS, Oscillator

__all__ = ["Fault", "GpsBox", "GpsFault", "StampSource"]

BOOT_S: Final = 3.0
"""From power-on until the receiver says that it searches (assumed)."""

VALID_SHARE: Final = 0.8
"""Share of the time to lock after which seconds and position are known (assumed)."""

POSITION_NOISE_M: Final = 1.5
"""Scatter of the position from second to second (assumed: a receiver under open sky)."""

JUMP_DEG: Final = 0.03
"""How far a faulty longitude or latitude jumps (reported by users of SharpCap)."""

BOGUS_S: Final = 18
"""A bogus lock counts GPS time as UTC: the leap seconds are not known yet."""

_DEG_PER_M: Final = 1.0 / 111_195.0
_PULSE_LOCKED: Final = 0b01
_SECOND_LOCKED: Final = 0b10


class GpsFault(StrEnum):
    """What is known to go wrong with the stamps of a GPS box."""

    FROZEN_STAMPS = "frozen stamps"
    """All times stay at those of the frame before while the sequence numbers go on."""
    BOGUS_LOCK = "bogus lock"
    """Locked, it says, but the seconds are wrong by 18."""
    JUMPING_LATITUDE = "jumping latitude"
    """By 0.03 deg and back: wrong in every third second or so."""
    JUMPING_LONGITUDE = "jumping longitude"
    """The same east or west."""
    PPS_LOST = "pps lost"
    """Locked, but no pulses: the count between them stands at 10,000,500 and the time runs 50 us/s slow."""
    PPS_EXACT = "pps exact"
    """An oscillator of exactly 10,000,000 Hz: sound, though some programs refuse it."""
    LOCK_LOST = "lock lost"
    """No satellites: data still valid, no pulses."""
    FAILED_FRAMES = "failed frames"
    """Sequence number 0."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and when it holds.

    Parameters
    ----------
    kind : GpsFault or str
    after_s, until_s : float
        Seconds since the camera was made; default is always.

    Examples
    --------
    >>> Fault("lock lost", after_s=10, until_s=20).kind
    <GpsFault.LOCK_LOST: 'lock lost'>
    """

    kind: GpsFault | str
    after_s: float = 0.0
    until_s: float = math.inf

    def __post_init__(self) -> None:
        known = [fault.value for fault in GpsFault]
        if self.kind not in known:
            raise UnknownName("fault of a GPS box", self.kind, known)
        object.__setattr__(self, "kind", GpsFault(self.kind))
        require_number("after_s", self.after_s, 0.0, 1e9, "s")
        if not self.until_s > self.after_s:
            raise InvalidValue(
                f"a fault from {self.after_s:g} s until {self.until_s!r} s never holds.",
                "Choose until_s above after_s.",
            )


@dataclass(frozen=True, slots=True)
class GpsBox:
    """A GPS box that is plugged into a twin.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Where it stands, north and east positive, deg.
    powered_s : float
        How long it had power when the camera was made, s; 0 = a cold start.
    cold_start_s : float
        From power-on to lock, s.
    oscillator_ppm : float
        Mean deviation of its oscillator from 10 MHz, parts per million. Below 0 by default: a count of exactly
        10,000,000 between pulses is refused by some programs.
    faults : iterable of Fault or str
        Names of `GpsFault`, or `Fault` for a part of the time.

    Raises
    ------
    OutOfRange, InvalidValue, UnknownName
        If a number is outside its limits, or there is no such fault.

    Examples
    --------
    >>> GpsBox(latitude_deg=52.41, longitude_deg=12.96, faults=["bogus lock"]).faults
    (Fault(kind=<GpsFault.BOGUS_LOCK: 'bogus lock'>, after_s=0.0, until_s=inf),)
    """

    latitude_deg: float = 28.7606
    longitude_deg: float = -17.8816
    powered_s: float = 3600.0
    cold_start_s: float = 35.0
    oscillator_ppm: float = -0.3
    faults: Iterable[Fault | str] = ()

    def __post_init__(self) -> None:
        require_number("latitude", self.latitude_deg, -90.0, 90.0, "deg")
        require_number("longitude", self.longitude_deg, -180.0, 180.0, "deg")
        require_number("powered_s", self.powered_s, 0.0, 1e9, "s")
        require_number("cold_start_s", self.cold_start_s, BOOT_S / VALID_SHARE, 3600.0, "s")
        require_number("oscillator_ppm", self.oscillator_ppm, -90.0, 49.0, "ppm")
        object.__setattr__(self, "faults", _faults(self.faults))


def _faults(given: object) -> tuple[Fault, ...]:
    """Faults by name or in full."""
    if isinstance(given, str | Fault):
        given = (given,)
    if not isinstance(given, Iterable):
        raise InvalidValue(f"faults must be names or Fault, not {given!r}.", 'Give e.g. ["lock lost"].')
    return tuple(each if isinstance(each, Fault) else Fault(each) for each in given)


@dataclass(frozen=True, slots=True)
class _Latch:
    """What the box knows of one instant."""

    edge: Edge
    pulse_count: int


class StampSource:
    """What stands in the first bytes of a camera's frames, with a box or without.

    Parameters
    ----------
    box : GpsBox or None
        None = nothing is plugged in: the camera stamps all the same, and says that there is no lock.
    seed : int
        Of the camera body.
    made_ns : int
        UTC at which the camera was made.
    """

    def __init__(self, box: GpsBox | None, seed: int, made_ns: int) -> None:
        self._box = box
        self._made_ns = made_ns
        self._stream = key(seed, "gps box")
        self._faults = () if box is None else _faults(box.faults)
        self._latched: tuple[_Latch, _Latch] | None = None
        if box is not None:
            self._power_on_ns = made_ns - round(box.powered_s * SECOND_NS)
            self._oscillator = Oscillator(self._stream, box.oscillator_ppm, self._power_on_ns)

    def write(self, report: FrameReport, signal: ShutterSignal, out: NDArray[Any]) -> None:
        """Overwrite the first bytes of a frame.

        Parameters
        ----------
        report : FrameReport
            Of the frame.
        signal : ShutterSignal
            What the box stamps, and how many bytes the camera overwrites; those beyond the stamp become 0.
        out : ndarray
            The frame, C-contiguous.

        Raises
        ------
        InvalidValue
            If the frame has fewer bytes.
        """
        write_stamp(out, self.of_frame(report, signal))
        out.reshape(-1).view(np.uint8)[SIZE_BYTES : signal.stamp_bytes] = 0

    def of_frame(self, report: FrameReport, signal: ShutterSignal) -> GpsStamp:
        """What the camera writes into this frame."""
        rise_ns, fall_ns = shutter_edges_ns(signal, report.timing, report.row0_start_ns)
        rows, columns = report.shape
        factor = report.settings.format.bin
        return self.stamp(rise_ns, fall_ns, report.sequence, columns * factor, rows * factor)

    def stamp(self, rise_ns: int, fall_ns: int, number: int, width: int, height: int) -> GpsStamp:
        """What the camera writes into a frame.

        Parameters
        ----------
        rise_ns, fall_ns : int
            Edges of the shutter signal of this frame, UTC, ns.
        number : int
            Of the frame, from 0; the sequence number of the stamp begins with 1, 0 marks a failed frame.
        width, height : int
            Of the frame, unbinned px.
        """
        box = self._box
        if box is None:
            return GpsStamp(number + 1, 0, width, height, 0, 0, _NOTHING, _NOTHING, _NOTHING, PPS_LOST)
        start, end = self._latches(box, rise_ns, fall_ns)
        latitude, longitude = self._position(box, fall_ns)
        failed = self._has(GpsFault.FAILED_FRAMES, fall_ns)
        return GpsStamp(
            sequence=0 if failed else number + 1,
            temporary=0,
            width=width,
            height=height,
            latitude_word=latitude,
            longitude_word=longitude,
            start=start.edge,
            end=end.edge,
            now=end.edge,
            pps_count=end.pulse_count,
        )

    def receiver(self, instant_ns: int) -> Receiver:
        """What the receiver is doing at an instant, UTC ns; without a box it is never more than powered on."""
        if self._box is None:
            return Receiver.POWERED_ON
        age_s = (instant_ns - self._power_on_ns) / SECOND_NS
        if age_s < BOOT_S:
            return Receiver.POWERED_ON
        if age_s < VALID_SHARE * self._box.cold_start_s:
            return Receiver.NOT_LOCKED
        if age_s < self._box.cold_start_s or self._has(GpsFault.LOCK_LOST, instant_ns):
            return Receiver.VALID
        return Receiver.LOCKED

    def _latches(self, box: GpsBox, rise_ns: int, fall_ns: int) -> tuple[_Latch, _Latch]:
        """Both edges of a frame, or of the last one before the stamps froze."""
        if self._latched is None or not self._has(GpsFault.FROZEN_STAMPS, fall_ns):
            self._latched = self._latch(box, rise_ns), self._latch(box, fall_ns)
        return self._latched

    def _latch(self, box: GpsBox, instant_ns: int) -> _Latch:
        receiver = self.receiver(instant_ns)
        if receiver is Receiver.POWERED_ON:
            return _Latch(_NOTHING, PPS_LOST)
        if receiver is Receiver.NOT_LOCKED:
            second, count = divmod(self._uptime_ticks(instant_ns), PPS_LOST)
            return _Latch(Edge(receiver << 4, second, count), PPS_LOST)
        without_pulse = self._without_pulse_since(box, receiver, instant_ns)
        if without_pulse is not None:
            whole, count = divmod(self._oscillator.free_ticks(without_pulse, instant_ns), PPS_LOST)
            flag = receiver << 4 | _SECOND_LOCKED
            return _Latch(Edge(flag, self._seconds(without_pulse + whole, instant_ns), count), PPS_LOST)
        flag = receiver << 4 | _SECOND_LOCKED | _PULSE_LOCKED
        if self._has(GpsFault.PPS_EXACT, instant_ns):
            second, rest_ns = divmod(instant_ns, SECOND_NS)
            edge = Edge(flag, self._seconds(second, instant_ns), rest_ns // (SECOND_NS // NOMINAL_PPS))
            return _Latch(edge, NOMINAL_PPS)
        second, count = self._oscillator.since_pulse(instant_ns)
        edge = Edge(flag, self._seconds(second, instant_ns), count)
        return _Latch(edge, self._oscillator.pulse_count(second))

    def _without_pulse_since(self, box: GpsBox, receiver: Receiver, instant_ns: int) -> int | None:
        """The last second with a pulse, where there are none any more, or none yet."""
        fault = self._fault(GpsFault.PPS_LOST, instant_ns) or self._fault(GpsFault.LOCK_LOST, instant_ns)
        if fault is not None:
            return min(self._begin_ns(fault), instant_ns) // SECOND_NS
        if receiver is Receiver.VALID:
            valid_s = VALID_SHARE * box.cold_start_s
            return self._power_on_ns // SECOND_NS + math.ceil(valid_s)
        return None

    def _uptime_ticks(self, instant_ns: int) -> int:
        """Ticks since power-on: the only time that a box without satellites has."""
        return (instant_ns - self._power_on_ns) * NOMINAL_PPS // SECOND_NS

    def _seconds(self, utc_s: int, instant_ns: int) -> int:
        """The box's seconds of a UTC second, 32 bits."""
        wrong_s = BOGUS_S if self._has(GpsFault.BOGUS_LOCK, instant_ns) else 0
        return (utc_s - EPOCH_S + wrong_s) % 2**32

    def _position(self, box: GpsBox, instant_ns: int) -> tuple[int, int]:
        """Latitude and longitude as the box sends them; 0 before the first fix."""
        if self.receiver(instant_ns) < Receiver.VALID:
            return 0, 0
        second = instant_ns // SECOND_NS
        north_deg, east_deg = (self._scatter_deg(axis, second) for axis in ("north", "east"))
        east_deg /= max(0.01, math.cos(math.radians(box.latitude_deg)))
        if self._jumps(GpsFault.JUMPING_LATITUDE, instant_ns):
            north_deg += math.copysign(JUMP_DEG, -box.latitude_deg)
        if self._jumps(GpsFault.JUMPING_LONGITUDE, instant_ns):
            east_deg += math.copysign(JUMP_DEG, -box.longitude_deg)
        latitude_deg = min(90.0, max(-90.0, box.latitude_deg + north_deg))
        longitude_deg = (box.longitude_deg + east_deg + 180.0) % 360.0 - 180.0
        return latitude_word(latitude_deg), longitude_word(longitude_deg)

    def _scatter_deg(self, axis: str, second: int) -> float:
        """Error of the position in a second: the sum of four even ones is near enough to normal."""
        evens = (key(self._stream, axis, second, part) / 2**64 - 0.5 for part in range(4))
        return sum(evens) * math.sqrt(3.0) * POSITION_NOISE_M * _DEG_PER_M

    def _jumps(self, kind: GpsFault, instant_ns: int) -> bool:
        return self._has(kind, instant_ns) and key(self._stream, kind, instant_ns // SECOND_NS) % 3 == 0

    def _has(self, kind: GpsFault, instant_ns: int) -> bool:
        return self._fault(kind, instant_ns) is not None

    def _fault(self, kind: GpsFault, instant_ns: int) -> Fault | None:
        """The fault of a kind that holds at an instant.

        The vsync of the first frame may come before the camera was made: row 0 of a low window ends long after.
        """
        age_s = max(0.0, (instant_ns - self._made_ns) / SECOND_NS)
        for fault in self._faults:
            if fault.kind is kind and fault.after_s <= age_s < fault.until_s:
                return fault
        return None

    def _begin_ns(self, fault: Fault) -> int:
        return self._made_ns + round(fault.after_s * SECOND_NS)


_NOTHING: Final = Edge(0, 0, 0)
