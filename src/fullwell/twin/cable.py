"""The data cable of a twin: how long, through what, and what that does to rate and losses.

USB3 sends packets of 1024 bytes and repeats one that arrives damaged, up to three times; a frame is lost when
one of its packets is damaged four times in a row. Up to the reach of the cable one bit in 10^12 is damaged,
which the standard allows and nobody notices; beyond, twenty powers of ten more for each further length of that
kind: at 1.3 times the reach one in 10^6. At 1.4 times the reach the fast lines do not find each other and the
camera answers as a USB2 device; at twice the reach, not at all. Interference comes in bursts that last longer
than the repetitions: each burst that gets into the cable costs the frame that is on it. Light is not disturbed.

Limits: the reach is the vendor's; the steepness of the errors, what a hub costs and the coupling of interference
are assumed. Packets are damaged independently of each other. Hubs are not shared with other devices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from fullwell.chance.keys import key
from fullwell.errors import DeviceLost
from fullwell.models.facts import Link
from fullwell.scene.limits import require_number

__all__ = ["Cable", "DataPath"]

PACKET_BYTES: Final = 1024
TRIES: Final = 4
BITS_PER_BYTE: Final = 10
"""On the wire of USB3."""
ERRORS_PER_BIT: Final = 1e-12
POWERS_OF_TEN_PER_REACH: Final = 20.0
SLOW_FROM_REACHES: Final = 1.4
DEAD_FROM_REACHES: Final = 2.0
EXTENDER_M: Final = 5.0
"""What one extender adds to the reach (the vendor sells 5 and 10 m)."""
HUB_FACTOR: Final = 0.97
"""Share of the rate that a hub leaves (assumed)."""
MOST_HUBS: Final = 5
"""In a row, as the USB standard allows."""
USB2_BYTES_PER_S: Final = 40e6
"""What is left of 480 Mbit/s in practice."""
BURST_S: Final = 1e-3
"""How long a burst of interference keeps the cable from working (assumed)."""
COUPLING_M: Final = 5.0
"""Of a plain cable this long every burst takes hold (assumed)."""
ONE_FIBRE_BYTES_PER_S: Final = 800e6
"""Of one fibre with 10 Gbit/s (vendor pages)."""
LIGHT_S_PER_M: Final = 4.9e-9


@dataclass(frozen=True, slots=True)
class Cable:
    """What lies between camera and computer.

    Parameters
    ----------
    length_m : float
        From end to end, 0.1 to 100 000 m.
    extenders : int
        Amplifiers in a USB cable, 0 to 10; each adds 5 m, up to the vendor's 15 m.
    hubs : int
        In a USB cable, 0 to 5.
    usb2_port : bool
        Whether a USB cable is plugged into a slow port.
    interference_per_s : float
        Strong disturbances near the cable (motors, static, relays), 0 to 10 000 per second.
    fibres : int
        How many of the two fibres are plugged in, 1 or 2.
    long_optics : bool
        Whether the modules at the ends of the fibre are made for long distances.

    Raises
    ------
    InvalidValue, OutOfRange
        If a number is none, or outside its limits.

    References
    ----------
    Product page of the QHY600 Pro: USB3 reaches 3 to 5 m, 10 to 15 m with extenders; interference damages
    packets, and a long cable gets more of it; fibre reaches 300 m, 40 km with long-distance optics, and is
    immune.

    Examples
    --------
    >>> from fullwell.models import load
    >>> usb = load("qhy600-pro").link("usb3")
    >>> for metres in (5, 7, 10):
    ...     path = Cable(length_m=metres).path(usb)
    ...     print(metres, path.speed, round(path.link.rate_bytes_per_s / 1e6))
    5 SuperSpeed 315
    7 USB2 40
    10 none 315
    """

    length_m: float = 2.0
    extenders: int = 0
    hubs: int = 0
    usb2_port: bool = False
    interference_per_s: float = 0.0
    fibres: int = 2
    long_optics: bool = False

    def __post_init__(self) -> None:
        require_number("length of the cable", self.length_m, 0.1, 100_000.0, "m")
        require_number("number of extenders", self.extenders, 0, 10)
        require_number("number of hubs", self.hubs, 0, MOST_HUBS)
        require_number("interference", self.interference_per_s, 0.0, 10_000.0, "per s")
        require_number("number of fibres", self.fibres, 1, 2)

    def path(self, link: Link) -> DataPath:
        """What becomes of the data of a link on this cable."""
        return _fibre(self, link) if link.name == "fibre" else _usb(self, link)


@dataclass(frozen=True, slots=True)
class DataPath:
    """A link as it is with a certain cable.

    Attributes
    ----------
    link : Link
        With the rates that are left.
    speed : str
        "SuperSpeed", "USB2", "light", or "none" where nothing gets through.
    packet_errors : float
        Share of the packets that arrive damaged and are repeated.
    packet_losses : float
        Share of the packets that are damaged each time.
    bursts_per_s : float
        Disturbances that take hold.
    delay_ns : int
        Time of flight.
    """

    link: Link
    speed: str
    packet_errors: float = 0.0
    packet_losses: float = 0.0
    bursts_per_s: float = 0.0
    delay_ns: int = 0

    def require(self) -> None:
        """See that anything gets through.

        Raises
        ------
        DeviceLost
            If the cable is too long.
        """
        if self.speed == "none":
            raise DeviceLost(
                f"the camera does not answer: the {self.link.name} cable is too long.",
                f"Reach: {self.link.reach_m:g} m, or {self.link.extended_reach_m:g} m with extenders or "
                "long-distance optics.",
            )

    def loss_probability(self, frame_bytes: int, frame_ns: int) -> float:
        """That a frame which occupies the cable for a time does not arrive whole."""
        packets = frame_bytes / PACKET_BYTES
        survives = (
            packets * math.log1p(-min(self.packet_losses, 1.0 - 1e-12)) - self.bursts_per_s * frame_ns * 1e-9
        )
        return -math.expm1(survives)

    def loses(self, seed: int, number: int, start_ns: int, frame_bytes: int, frame_ns: int) -> bool:
        """Whether a certain frame is lost: the same answer each time.

        Parameters
        ----------
        seed : int
            Of the camera body.
        number : int
            Hardware frame number.
        start_ns : int
            UTC, when its exposure began.
        frame_bytes, frame_ns : int
            What it is on the cable.
        """
        probability = self.loss_probability(frame_bytes, frame_ns)
        return probability > 0.0 and key(seed, "cable", number, start_ns) < probability * 2.0**64


def _usb(cable: Cable, link: Link) -> DataPath:
    reaches = cable.length_m / _usb_reach_m(cable, link)
    if reaches >= DEAD_FROM_REACHES:
        return DataPath(link, "none")
    hubs = HUB_FACTOR**cable.hubs
    coupling = min(1.0, cable.length_m / COUPLING_M)
    bursts_per_s = cable.interference_per_s * coupling
    working = max(0.0, 1.0 - bursts_per_s * BURST_S)
    if cable.usb2_port or reaches >= SLOW_FROM_REACHES:
        slow = _limited(link, USB2_BYTES_PER_S, hubs * max(working, 0.01))
        return DataPath(slow, "USB2", bursts_per_s=bursts_per_s)
    if reaches <= 1.0:
        return DataPath(
            _limited(link, math.inf, hubs * max(working, 0.01)), "SuperSpeed", bursts_per_s=bursts_per_s
        )
    errors_per_bit = ERRORS_PER_BIT * 10.0 ** (POWERS_OF_TEN_PER_REACH * (reaches - 1.0))
    errors = -math.expm1(PACKET_BYTES * BITS_PER_BYTE * math.log1p(-errors_per_bit))
    fast = _limited(link, math.inf, hubs * (1.0 - errors) * max(working, 0.01))
    return DataPath(fast, "SuperSpeed", errors, errors**TRIES, bursts_per_s)


def _usb_reach_m(cable: Cable, link: Link) -> float:
    """Infinite where the vendor does not tell."""
    if not link.reach_m:
        return math.inf
    return min(link.reach_m + cable.extenders * EXTENDER_M, max(link.reach_m, link.extended_reach_m))


def _fibre(cable: Cable, link: Link) -> DataPath:
    reach_m = link.extended_reach_m if cable.long_optics else link.reach_m
    if 0.0 < reach_m < cable.length_m:
        return DataPath(link, "none")
    bright = _limited(link, cable.fibres * ONE_FIBRE_BYTES_PER_S, 1.0)
    return DataPath(bright, "light", delay_ns=round(cable.length_m * LIGHT_S_PER_M * 1e9))


def _limited(link: Link, most_bytes_per_s: float, factor: float) -> Link:
    """The link with no more than a certain rate, and of that a share."""
    return replace(
        link,
        rate_bytes_per_s=min(link.rate_bytes_per_s, most_bytes_per_s) * factor,
        short_word_rate_bytes_per_s=min(link.short_word_rate_bytes_per_s, most_bytes_per_s) * factor,
    )
