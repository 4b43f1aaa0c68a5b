"""A frame and all that is known of it: settings the sensor used, times, readings, line of sight, answer key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.alarms import Alarm
from fullwell.camera.ledger import Entry, Fate
from fullwell.models.facts import CameraModel, Window
from fullwell.readout.calibration import RowOffset
from fullwell.readout.gps import GpsStamp
from fullwell.readout.rows import RowTiming
from fullwell.readout.rowtimes import RowTimes, row_times


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who is at the far end of the cable.

    Attributes
    ----------
    id : str
        Unique and stable, at most 31 characters ("QHY600M-2c52f645aa1c25b98").
    model_key : str
        Which facts belong to it.
    firmware, fpga : str
        Versions, dates as the vendor prints them; "" if unknown.
    backend : str
        "twin" or "qhyccd".
    seed : int or None
        Of the twin's body; None for a real camera.
    """

    id: str
    model_key: str
    firmware: str
    fpga: str
    backend: str
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """Which pixels are read and how they are packed.

    Attributes
    ----------
    window : Window
        Unbinned px, relative to the effective area, or to the whole sensor if `overscan` is set. Width and
        height are multiples of `bin`.
    bin : int
        Square binning factor; sums, exact.
    bits : int
        Word depth, one of the mode's `output_bits`. Binned sums of more than 8 bits are kept in 32 bits.
    overscan : bool
        Whether the area is the whole sensor output with optical black and overscan.
    """

    window: Window
    bin: int = 1
    bits: int = 16
    overscan: bool = False

    def shape(self, chains: int = 1) -> tuple[int, int]:
        """(rows, columns) of the frame; two chains stand side by side."""
        return self.window.height // self.bin, chains * (self.window.width // self.bin)

    @property
    def nominal_bits(self) -> int:
        """Depth of the pixels as the vendor counts it: 18, 19, 20 bits for 2 x 2, 3 x 3, 4 x 4 words of 16.

        (The largest sum of 3 x 3 needs 20; the frame keeps every sum whole.)

        Examples
        --------
        >>> [FrameFormat(Window(0, 0, 12, 12), bin=bin).nominal_bits for bin in (1, 2, 3, 4)]
        [16, 18, 19, 20]
        """
        return self.bits + int(2 * math.log2(self.bin))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Unsigned word of the frame: 8 bit, 16 bit, or 32 bit for binned sums."""
        if self.bin > 1:
            return np.dtype(np.uint32 if self.bits > 8 else np.uint16)
        return np.dtype(np.uint8 if self.bits <= 8 else np.uint16)


class Overlay(StrEnum):
    """Text in the picture, written by the camera and only when asked for.

    The vendor numbers them:

    >>> float(Overlay.GPS), Overlay(1)
    (2.0, <Overlay.FRAME_NUMBER: 'frame number'>)
    """

    NONE = "none"
    FRAME_NUMBER = "frame number"
    GPS = "gps"

    def __float__(self) -> float:
        return float(tuple(Overlay).index(self))

    @classmethod
    def _missing_(cls, value: object) -> Overlay | None:
        return next((each for each in cls if isinstance(value, int | float) and float(each) == value), None)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the sensor used for a frame.

    Attributes
    ----------
    mode : int
        Number of the read mode.
    exposure_s : float
        Asked for; what was done is in the frame's `RowTiming`.
    gain, offset, usb_traffic, speed : int
        The vendor's knobs.
    format : FrameFormat
    anti_glow, telegraph_suppression : bool
    link : str
        Name of the cable.
    gps : bool
        The GPS box's 44 bytes stand in the first pixels: with `overlay` the only thing that alters raw pixels.
    overlay : Overlay
        Text that the camera writes into the picture.
    anti_rbi : bool
        The sensor is flushed before each live frame.
    """

    mode: int
    exposure_s: float
    gain: int
    offset: int
    usb_traffic: int
    speed: int
    format: FrameFormat
    anti_glow: bool
    telegraph_suppression: bool
    link: str
    gps: bool = False
    overlay: Overlay = Overlay.NONE
    anti_rbi: bool = False


@dataclass(frozen=True, slots=True)
class Readings:
    """Measured round the exposure; None = the camera does not know.

    Attributes
    ----------
    sensor_temperature_c, target_temperature_c, cooler_power_percent, ambient_temperature_c,
    humidity_percent, pressure_hpa : float or None
    """

    sensor_temperature_c: float | None = None
    target_temperature_c: float | None = None
    cooler_power_percent: float | None = None
    ambient_temperature_c: float | None = None
    humidity_percent: float | None = None
    pressure_hpa: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What the camera was pointed at, as far as anybody told.

    Attributes
    ----------
    object_name, filter_name : str
    ra_deg, dec_deg, focal_length_mm, aperture_mm : float or None
    crpix : tuple of float or None
        FITS convention, unbinned effective pixels, rows in read-out order.
    cd_deg : tuple or None
        CD matrix, degrees per unbinned pixel, tangential projection.
    """

    object_name: str = ""
    filter_name: str = ""
    ra_deg: float | None = None
    dec_deg: float | None = None
    focal_length_mm: float | None = None
    aperture_mm: float | None = None
    crpix: tuple[float, float] | None = None
    cd_deg: tuple[tuple[float, float], tuple[float, float]] | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """The answer key of a frame.

    Attributes
    ----------
    electrons : ndarray of float32, shape of the unbinned frame of one chain
        Expected electrons per pixel (light, dark current, glow), before shot noise.
    stars : structured ndarray or None
        See `fullwell.scene.light.Answers`.
    effects : mapping of str to str
        What was switched on, in words with units.
    row0_start_ns : int or None
        UTC, when row 0 of the window really began its exposure, whatever a GPS box says.
    """

    electrons: NDArray[np.float32]
    stars: NDArray[np.void] | None
    effects: Mapping[str, str]
    row0_start_ns: int | None = None


@dataclass(frozen=True, slots=True)
class FrameReport:
    """What a device says of the frame that it has just put into the caller's buffer.

    Attributes
    ----------
    sequence : int
        Hardware frame number since power-on, from 0.
    shape : tuple of int
        (rows, columns) as delivered.
    settings : Settings
        In force for this very frame.
    timing : RowTiming
    row0_start_ns : int
        UTC, start of exposure of row 0 of the window.
    time_source : str
        "twin", "gps", "host".
    time_uncertainty_ns : int
    readings : Readings
    observation : Observation
    losses : tuple of Entry
        The frames between the one delivered before and this one that the device knows to have lost, and where:
        `Fate.LOST_IN_MEMORY` or `Fate.LOST_ON_LINK`, in order of number.
    stream : str
        "single" or "live".
    gps : GpsStamp or None
        What the GPS box wrote into the first pixels, doubtful or not.
    row_offset : RowOffset or None
        What led from the stamp to the times of the rows.
    time_doubts : tuple of str
        Why the stamp was not used, or which calibration was not; sentences without a full stop.
    counter : int or None
        What the camera's own frame counter shows: each burst sets it back. None = the same as `sequence`.
    """

    sequence: int
    shape: tuple[int, int]
    settings: Settings
    timing: RowTiming
    row0_start_ns: int
    time_source: str
    time_uncertainty_ns: int
    readings: Readings
    observation: Observation
    losses: tuple[Entry, ...] = ()
    stream: str = "single"
    gps: GpsStamp | None = None
    row_offset: RowOffset | None = None
    time_doubts: tuple[str, ...] = ()
    counter: int | None = None

    def begun_before(self, instant_ns: int) -> bool:
        """Whether its exposure began before an instant, by more than the uncertainty of its time."""
        return self.row0_start_ns + self.time_uncertainty_ns < instant_ns

    @property
    def exposure_end_ns(self) -> int:
        """UTC, end of exposure of the last row."""
        return self.row0_start_ns + self.timing.exposure_ns + self.timing.read_ns

    @property
    def lost_in_memory(self) -> int:
        """How many of the `losses` found no room in the camera's memory."""
        return _frames(self.losses, Fate.LOST_IN_MEMORY)

    @property
    def lost_on_link(self) -> int:
        """How many of the `losses` never arrived whole."""
        return _frames(self.losses, Fate.LOST_ON_LINK)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    Attributes
    ----------
    data : ndarray of uint8, uint16 or uint32, shape (rows, columns)
        Row 0 was read first. True raw: nothing has altered it.
    number : int
        Counted by the engine from 1 for each opening of the camera.
    report : FrameReport
        What the device says of it.
    model : CameraModel
    identity : DeviceIdentity
    asked : Settings
        What was asked for; differs from ``report.settings`` only if the camera disobeyed.
    extra : mapping of str to object
        Cards that a client adds for the file header.
    doubts : tuple of str
        What speaks against it: see `fullwell.camera.watch`. Empty for a good frame.
    alarms : tuple of Alarm
        What was wrong with the camera meanwhile: see `fullwell.camera.alarms`.
    """

    data: NDArray[Any]
    number: int
    report: FrameReport
    model: CameraModel
    identity: DeviceIdentity
    asked: Settings
    extra: Mapping[str, object] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    @property
    def start_ns(self) -> int:
        """UTC, start of exposure of the first row."""
        return self.report.row0_start_ns

    @property
    def end_ns(self) -> int:
        """UTC, end of exposure of the last row."""
        return self.report.exposure_end_ns

    @property
    def times(self) -> RowTimes:
        """Start, middle and end of each row."""
        report = self.report
        return row_times(
            report.timing,
            report.row0_start_ns,
            self.data.shape[0],
            report.settings.format.bin,
            source=report.time_source,
            uncertainty_ns=report.time_uncertainty_ns,
        )

    @property
    def middle_ns(self) -> int:
        """UTC, middle of the exposure of the middle of the frame."""
        return (self.start_ns + self.end_ns) // 2


def _frames(losses: tuple[Entry, ...], fate: Fate) -> int:
    return sum(entry.frames for entry in losses if entry.fate is fate)
