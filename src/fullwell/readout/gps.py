"""The 44 bytes that a GPS box writes over the first pixels of a frame: encoder and decoder side by side.

Layout (all numbers big-endian): sequence u32, temporary u8, width u16, height u16, latitude u32, longitude u32,
then three edges "start", "end", "now" of flag u8, seconds u32, count u24, and the PPS count u24.

The bytes stand in the *buffer*, whatever the depth of its words: byte 0 is the first byte in memory. Words are
little-endian, so the first 16-bit pixel is ``byte0 + 256 * byte1``; 44 bytes are 44 pixels of 8 bits, 22 of
16 bits or 11 of 32 bits. Binned frames are stamped after binning.

A count is in ticks of the box's 10 MHz oscillator since the last pulse per second (PPS); the PPS count tells how
many ticks that oscillator made between the last two pulses. Cameras with a global shutter stamp their real start
and end of exposure. With a rolling shutter start and end are the two edges of the vsync, 0.4 us apart, and the
rows follow by way of a calibrated offset.

References
----------
.. [1] The vendor's GPS manual, as read by three decoders (Siril, N.I.N.A., rockit's camera daemon), which all
   take the 44 bytes from the memory of the buffer.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue

__all__ = [
    "PPS_LOST",
    "SIZE_BYTES",
    "Edge",
    "GpsStamp",
    "Receiver",
    "decode",
    "doubts",
    "encode",
    "latitude_word",
    "longitude_word",
    "resembles_a_stamp",
    "stamp_bytes",
    "write_stamp",
]

SIZE_BYTES: Final = 44
EPOCH_S: Final = 813_283_200
"""JD 2450000.5 = 1995-10-10T00:00 UTC, seconds since 1970: the zero of the box's seconds."""
NOMINAL_PPS: Final = 10_000_000
PPS_LOST: Final = 10_000_500
"""PPS count of a box that has lost the pulse."""
LOWEST_PPS: Final = 9_999_000
"""100 ppm low: no sound oscillator is as far off, nor does any decoder take less."""
LARGEST_SIZE: Final = (12_000, 9_000)
"""Width and height that no camera with a box exceeds, as Siril has it."""
STILL_DEG: Final = 0.005
"""A position that moves by more between frames (half a kilometre) has jumped; the known fault jumps 0.03."""
SECOND_NS: Final = 1_000_000_000

_LAYOUT: Final = struct.Struct(">IBHHII" + 3 * "BI3s" + "3s")
_SIGN: Final = 1_000_000_000


class Receiver(IntEnum):
    """State of the GPS receiver, bits 4 and 5 of a flag."""

    POWERED_ON = 0
    NOT_LOCKED = 1
    VALID = 2
    LOCKED = 3

    @property
    def words(self) -> str:
        """For people."""
        return ("just powered on", "not locked", "not locked but its data are valid", "locked")[self]


@dataclass(frozen=True, slots=True)
class Edge:
    """One of the three instants of a stamp.

    Attributes
    ----------
    flag : int
        0 to 255. Bits 4 and 5: `Receiver`; bits 0 and 1: lock of pulse and of seconds.
    seconds : int
        Since 1995-10-10T00:00 UTC.
    count : int
        Ticks of the 10 MHz oscillator since the second began, 0 to 2^24 - 1.
    """

    flag: int
    seconds: int
    count: int

    @classmethod
    def at(cls, utc_ns: int, flag: int, pps_count: int = NOMINAL_PPS) -> Self:
        """The edge that an oscillator with that many ticks per second stamps at an instant, nearest tick.

        Examples
        --------
        >>> Edge.at(1_705_837_411_000_000_100, flag=51)
        Edge(flag=51, seconds=892554211, count=1)
        """
        seconds, rest_ns = divmod(utc_ns, SECOND_NS)
        carry, count = divmod((2 * rest_ns * pps_count + SECOND_NS) // (2 * SECOND_NS), pps_count)
        return cls(flag, seconds + carry - EPOCH_S, count)

    @property
    def receiver(self) -> Receiver:
        """What the receiver was doing."""
        return Receiver(self.flag >> 4 & 3)

    def utc_ns(self, pps_count: int | None = None) -> int:
        """The instant, UTC, ns since 1970.

        Parameters
        ----------
        pps_count : int, optional
            Ticks per true second: scale with it, to the nearest ns. Default is to take a tick as 0.1 us, as most
            decoders do; that errs by up to as many 0.1 us as the oscillator is off.

        Examples
        --------
        >>> Edge(51, 892554211, 9238820).utc_ns()
        1705837411923882000
        >>> Edge(51, 892554211, 9238820).utc_ns(pps_count=10_000_010)
        1705837411923881076
        """
        whole_ns = (self.seconds + EPOCH_S) * SECOND_NS
        if pps_count is None:
            return whole_ns + 100 * self.count
        return whole_ns + (2 * self.count * SECOND_NS + pps_count) // (2 * pps_count)


@dataclass(frozen=True, slots=True)
class GpsStamp:
    """What a GPS box says of a frame, number by number.

    Attributes
    ----------
    sequence : int
        Frame number, 32 bits; 0 in a frame that failed.
    temporary : int
        8 bits, reserved.
    width, height : int
        px, as the camera sees the frame, 16 bits.
    latitude_word, longitude_word : int
        As sent, 32 bits: see the functions of these names.
    start, end, now : Edge
    pps_count : int
        Ticks of the oscillator between the last two pulses, 24 bits; `PPS_LOST` without pulses.
    """

    sequence: int
    temporary: int
    width: int
    height: int
    latitude_word: int
    longitude_word: int
    start: Edge
    end: Edge
    now: Edge
    pps_count: int

    @property
    def latitude_deg(self) -> float:
        """Degrees, north positive."""
        return _angle_deg(self.latitude_word, 10_000_000)

    @property
    def longitude_deg(self) -> float:
        """Degrees, east positive, all three digits of them: some decoders take them modulo 100."""
        return _angle_deg(self.longitude_word, 1_000_000)

    @property
    def locked(self) -> bool:
        """Whether the receiver was locked at all three edges."""
        return all(edge.receiver is Receiver.LOCKED for edge in (self.start, self.end, self.now))

    @property
    def pps_is_sound(self) -> bool:
        """Whether the oscillator is near 10 MHz; an exact 10,000,000 is."""
        return LOWEST_PPS < self.pps_count < PPS_LOST

    @property
    def vsync_ns(self) -> int:
        """UTC of the edge that row times refer to, scaled with the PPS count where that is sound."""
        return self.end.utc_ns(self.pps_count if self.pps_is_sound else None)


def latitude_word(latitude_deg: float) -> int:
    """Latitude as the box sends it, SDDMMMMMMM: S = 1 for south, degrees, minutes with five decimals.

    Examples
    --------
    >>> latitude_word(-32.3763)
    1322257800
    """
    return _angle_word(latitude_deg, 90, 10_000_000, "latitude")


def longitude_word(longitude_deg: float) -> int:
    """Longitude as the box sends it, SDDDMMMMMM: S = 1 for west, degrees, minutes with four decimals.

    Examples
    --------
    >>> longitude_word(-149.1234)
    1149074040
    """
    return _angle_word(longitude_deg, 180, 1_000_000, "longitude")


def _angle_word(angle_deg: float, largest_deg: int, per_degree: int, name: str) -> int:
    """Sign, degrees, and minutes in units of 1 / (per_degree / 100) minute."""
    if not abs(angle_deg) <= largest_deg:
        raise InvalidValue(f"{name} of {angle_deg} deg is outside -{largest_deg} to {largest_deg} deg.")
    per_minute = per_degree // 100
    degrees, units = divmod(round(abs(angle_deg) * 60 * per_minute), 60 * per_minute)
    return (_SIGN if angle_deg < 0 else 0) + degrees * per_degree + units


def _angle_deg(word: int, per_degree: int) -> float:
    degrees, units = divmod(word % _SIGN, per_degree)
    angle_deg = degrees + units * 100 / (60 * per_degree)
    return -angle_deg if word > _SIGN else angle_deg


def encode(stamp: GpsStamp) -> bytes:
    """The 44 bytes of a stamp.

    Raises
    ------
    InvalidValue
        If a number does not fit its field.
    """
    edges = ((edge.flag, edge.seconds, _u24(edge.count)) for edge in (stamp.start, stamp.end, stamp.now))
    try:
        return _LAYOUT.pack(
            stamp.sequence,
            stamp.temporary,
            stamp.width,
            stamp.height,
            stamp.latitude_word,
            stamp.longitude_word,
            *(number for edge in edges for number in edge),
            _u24(stamp.pps_count),
        )
    except (struct.error, OverflowError) as error:
        raise InvalidValue(f"a number of the GPS stamp does not fit its field: {error}.") from error


def decode(data: bytes) -> GpsStamp:
    """The stamp in 44 bytes; the inverse of `encode`, whatever the bytes are.

    Raises
    ------
    InvalidValue
        If there are not 44.
    """
    if len(data) != SIZE_BYTES:
        raise InvalidValue(f"a GPS stamp has {SIZE_BYTES} bytes, not {len(data)}.")
    numbers = [int.from_bytes(x) if isinstance(x, bytes) else x for x in _LAYOUT.unpack(data)]
    start, end, now = (Edge(*numbers[first : first + 3]) for first in (6, 9, 12))
    sequence, temporary, width, height, latitude, longitude = numbers[:6]
    return GpsStamp(sequence, temporary, width, height, latitude, longitude, start, end, now, numbers[-1])


def _u24(number: int) -> bytes:
    return number.to_bytes(3)


def stamp_bytes(data: NDArray[Any]) -> bytes:
    """The first 44 bytes of a frame's buffer.

    Parameters
    ----------
    data : ndarray of uint8, uint16 or uint32
        The frame, row 0 read first. Frames narrower than the stamp carry the rest of it in the next rows.

    Raises
    ------
    InvalidValue
        If the frame is smaller than that.
    """
    _check_room(data)
    words = data.flat[: SIZE_BYTES // data.itemsize]
    return words.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()


def write_stamp(data: NDArray[Any], stamp: GpsStamp) -> None:
    """Overwrite the first 44 bytes of a frame's buffer.

    Parameters
    ----------
    data : ndarray of uint8, uint16 or uint32
        The frame, changed in place.
    stamp : GpsStamp

    Raises
    ------
    InvalidValue
        If the frame is smaller, or a number of the stamp does not fit.

    Examples
    --------
    >>> frame = np.zeros((2, 30), np.uint16)
    >>> edge = Edge(51, 1, 2)
    >>> write_stamp(frame, GpsStamp(0x01020304, 0, 30, 2, 0, 0, edge, edge, edge, 10_000_000))
    >>> [hex(word) for word in frame[0, :2]]
    ['0x201', '0x403']
    >>> decode(stamp_bytes(frame)).pps_count
    10000000
    """
    _check_room(data)
    data.flat[: SIZE_BYTES // data.itemsize] = np.frombuffer(encode(stamp), data.dtype.newbyteorder("<"))


def _check_room(data: NDArray[Any]) -> None:
    if data.nbytes < SIZE_BYTES:
        raise InvalidValue(
            f"a frame of {data.nbytes} bytes has no room for the GPS stamp of {SIZE_BYTES}.",
            "Choose a larger window.",
        )


def resembles_a_stamp(stamp: GpsStamp) -> bool:
    """Whether these bytes can be a stamp at all, however doubtful, rather than pixels.

    The flags hold no unknown bits, width and height are those of a camera, the counts are within a second and
    the position has a sign, degrees and minutes as it should. Random bytes pass about once in 10^8.
    """
    edges = (stamp.start, stamp.end, stamp.now)
    return (
        all(edge.flag & 0b1100_1100 == 0 and edge.count <= PPS_LOST for edge in edges)
        and 0 < stamp.width <= LARGEST_SIZE[0]
        and 0 < stamp.height <= LARGEST_SIZE[1]
        and not _position_doubts(stamp)
    )


def doubts(
    stamp: GpsStamp,
    previous: GpsStamp | None = None,
    *,
    sizes: Collection[tuple[int, int]] = (),
    near_ns: int | None = None,
    within_s: float = 900.0,
    elapsed_ns: int | None = None,
    agree_ns: int = SECOND_NS // 2,
) -> tuple[str, ...]:
    """Why a stamp should not be believed.

    Parameters
    ----------
    stamp : GpsStamp
    previous : GpsStamp, optional
        Of an earlier frame of the same run.
    sizes : collection of tuple of int
        (width, height), px, that the stamp may give; empty = not known.
    near_ns : int, optional
        UTC at which the frame was taken by the file's own date or the computer's clock.
    within_s : float
        How far from it the stamp may be, s. Siril allows 15 minutes, N.I.N.A. one.
    elapsed_ns : int, optional
        Between the previous frame and this one by the computer's clock; the stamps must agree with it. Negative
        where a change of window has moved the vsync to before the last one.
    agree_ns : int
        How well, ns; 100 parts per million of the elapsed time are granted beyond that.

    Returns
    -------
    tuple of str
        Sentences without a full stop; empty for a good stamp.
    """
    reasons = ["it is that of a frame that failed (sequence number 0)"] if stamp.sequence == 0 else []
    reasons += [*_lock_doubts(stamp), *_count_doubts(stamp), *_position_doubts(stamp), *_order_doubts(stamp)]
    reasons += _size_doubts(stamp, sizes)
    if near_ns is not None:
        reasons += _date_doubts(stamp, near_ns, within_s)
    if previous is not None:
        reasons += _sequel_doubts(stamp, previous, elapsed_ns, agree_ns)
    return tuple(reasons)


def _lock_doubts(stamp: GpsStamp) -> list[str]:
    for name, edge in (("start", stamp.start), ("end", stamp.end), ("now", stamp.now)):
        if edge.receiver is not Receiver.LOCKED:
            return [f"the GPS receiver has no lock: it was {edge.receiver.words} ({name} flag {edge.flag})"]
    return []


def _count_doubts(stamp: GpsStamp) -> list[str]:
    reasons = []
    if stamp.pps_count == PPS_LOST:
        reasons.append("the PPS is lost: the box counts 10000500 ticks, its mark for no pulse")
    elif not stamp.pps_is_sound:
        reasons.append(
            f"the PPS is out of range: {stamp.pps_count} ticks per second, "
            f"allowed are {LOWEST_PPS + 1} to {PPS_LOST - 1}"
        )
    late = max(stamp.start.count, stamp.end.count, stamp.now.count)
    if late > PPS_LOST:
        reasons.append(f"a count of {late} ticks is longer than a second")
    return reasons


def _position_doubts(stamp: GpsStamp) -> list[str]:
    for name, word, per_degree, largest in (
        ("latitude", stamp.latitude_word, 10_000_000, 90),
        ("longitude", stamp.longitude_word, 1_000_000, 180),
    ):
        minutes = word % per_degree * 100 / per_degree
        if word >= 2 * _SIGN or minutes >= 60 or abs(_angle_deg(word, per_degree)) > largest:
            return [f"the {name} is impossible ({word:010d})"]
    return []


def _order_doubts(stamp: GpsStamp) -> list[str]:
    if _instant(stamp.end) < _instant(stamp.start):
        return ["the end is before the start"]
    return []


def _size_doubts(stamp: GpsStamp, sizes: Collection[tuple[int, int]]) -> list[str]:
    size = stamp.width, stamp.height
    if not (0 < size[0] <= LARGEST_SIZE[0] and 0 < size[1] <= LARGEST_SIZE[1]):
        return [f"its size of {size[0]} x {size[1]} px is none of a camera"]
    if sizes and size not in sizes:
        known = " or ".join(f"{width} x {height}" for width, height in sorted(set(sizes)))
        return [f"its size of {size[0]} x {size[1]} px is not that of the frame, {known}"]
    return []


def _date_doubts(stamp: GpsStamp, near_ns: int, within_s: float) -> list[str]:
    apart_s = (stamp.vsync_ns - near_ns) / SECOND_NS
    if abs(apart_s) <= within_s:
        return []
    side = "after" if apart_s > 0 else "before"
    return [f"it is {abs(apart_s):.0f} s {side} the date of the frame; allowed are {within_s:.0f} s"]


def _sequel_doubts(stamp: GpsStamp, previous: GpsStamp, elapsed_ns: int | None, agree_ns: int) -> list[str]:
    reasons = []
    now, before = _instant(stamp.now), _instant(previous.now)
    apart_ns = stamp.vsync_ns - previous.vsync_ns
    expected = elapsed_ns is not None and abs(apart_ns - elapsed_ns) <= agree_ns + abs(elapsed_ns) // 10_000
    if now == before or apart_ns == 0:
        reasons.append("the time is frozen: it is that of the frame before")
    elif not expected and (now < before or apart_ns < 0):
        reasons.append("the time runs backwards: it is earlier than that of the frame before")
    elif elapsed_ns is not None and not expected:
        reasons.append(
            f"the time jumps: {apart_ns / SECOND_NS:.3f} s since the frame before, "
            f"by the computer's clock {elapsed_ns / SECOND_NS:.3f} s"
        )
    north_deg = stamp.latitude_deg - previous.latitude_deg
    east_deg = (stamp.longitude_deg - previous.longitude_deg + 180) % 360 - 180
    if max(abs(north_deg), abs(east_deg)) > STILL_DEG:
        reasons.append(
            f"the position jumps: {north_deg:+.4f} deg in latitude and {east_deg:+.4f} deg in longitude "
            "since the frame before"
        )
    return reasons


def _instant(edge: Edge) -> tuple[int, int]:
    return edge.seconds, edge.count
