"""A camera of the project as an Alpaca ICameraV4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, ClassVar, Final

import orjson

import fullwell
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.errors import (
    FullwellError,
    InvalidValue,
    InvalidWindow,
    NoImage,
    NotSupported,
    OutOfRange,
    UnknownName,
)
from fullwell.models.facts import GainPoint, ReadMode, Window
from fullwell.serve.alpaca.device import AlpacaDevice
from fullwell.serve.alpaca.error_numbers import ActionNotImplemented
from fullwell.serve.alpaca.exposure import Exposure
from fullwell.serve.alpaca.images import Picture
from fullwell.serve.alpaca.members import Member
from fullwell.serve.alpaca.parameters import Malformed, boolean, integer


class CameraState(IntEnum):
    """ASCOM's CameraStates."""

    IDLE = 0
    WAITING = 1
    EXPOSING = 2
    READING = 3
    DOWNLOAD = 4
    ERROR = 5


STATES: Final = {
    State.CLOSED: CameraState.IDLE,
    State.IDLE: CameraState.IDLE,
    State.ARMED: CameraState.WAITING,
    State.EXPOSING: CameraState.EXPOSING,
    State.READING: CameraState.READING,
    State.LIVE: CameraState.EXPOSING,
    State.ERROR: CameraState.ERROR,
}

ACTIONS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "Bits": ("bits", integer),
    "USBTraffic": ("usb_traffic", integer),
    "Speed": ("speed", integer),
    "AntiGlow": ("anti_glow", boolean),
    "TelegraphSuppression": ("telegraph_suppression", boolean),
}
"""Controls without a member of their own: name of the action, setting of the engine, reader of the parameter."""

ALARMS: Final = "Alarms"
"""The action that tells what is wrong with the camera."""


class AlpacaCamera(AlpacaDevice):
    """ICameraV4 over a camera engine.

    Gain, offset and read mode are the engine's own settings. Region and binning are kept here, because Alpaca
    writes them one by one and has them checked together at StartExposure. A new session begins with the whole
    frame, no binning and no image.

    Parameters
    ----------
    camera : Camera
        Open.
    number : int
        Alpaca device number.
    identity : str
        Unique and stable.
    members : mapping
        The table of ICameraV4.
    """

    kind: ClassVar[str] = "camera"
    interface_version: ClassVar[int] = 4

    def __init__(
        self, camera: Camera, number: int, identity: str, members: Mapping[str, Mapping[str, Member]]
    ) -> None:
        super().__init__(camera, number, f"{camera.model.name} {camera.identity.id}", identity, members)
        self.exposure = Exposure(camera, self)
        self.binning = 1
        self.start_x = self.start_y = 0
        self.num_x, self.num_y = self.size_x, self.size_y

    @property
    def description(self) -> str:
        """Model and sensor, for FITS."""
        text = f"{self.camera.model.name}, {self.camera.model.sensor.name}, fullwell {fullwell.__version__}"
        return text[:68]

    async def begin_session(self) -> None:
        """Start afresh: whole frame, no binning, no image."""
        if self.camera.state in (State.CLOSED, State.ERROR):
            await self.in_worker(self.camera.open)
        self.exposure.forget()
        self.binning = 1
        self.whole_frame()

    async def end_session(self) -> None:
        """Abandon an exposure that nobody waits for any more, and let the image go."""
        await self.exposure.abort()
        self.exposure.forget()

    def operational_state(self) -> Mapping[str, object]:
        """See `AlpacaDevice.operational_state`."""
        sources: Mapping[str, Callable[[], object]] = {
            "CameraState": self.state,
            "CCDTemperature": self.sensor_temperature_c,
            "CoolerPower": self.cooler_power_percent,
            "ImageReady": self.exposure.ready,
            "IsPulseGuiding": lambda: False,
            "PercentCompleted": self.percent_completed,
        }
        state: dict[str, object] = {}
        for name, source in sources.items():
            try:
                state[name] = source()
            except FullwellError:  # a property that cannot be read is left out, as the interface asks
                continue
        return state

    # geometry

    @property
    def mode(self) -> ReadMode:
        """The read mode in force."""
        return self.camera.model.mode(self.camera.settings.mode)

    @property
    def chains(self) -> int:
        """Images side by side in one frame."""
        return len(self.mode.chains)

    @property
    def size_x(self) -> int:
        """Columns of an unbinned whole frame; both images where the mode gives two side by side."""
        geometry = self.camera.model.sensor.geometry
        whole = self.camera.settings.format.overscan
        return self.chains * (geometry.total_width if whole else geometry.effective.width)

    @property
    def size_y(self) -> int:
        """Rows of an unbinned whole frame."""
        geometry = self.camera.model.sensor.geometry
        return geometry.total_height if self.camera.settings.format.overscan else geometry.effective.height

    def whole_frame(self) -> None:
        """Set the region to all that there is."""
        self.start_x = self.start_y = 0
        self.num_x = self.chains * (self.size_x // self.chains // self.binning)
        self.num_y = self.size_y // self.binning

    def set_binning(self, value: int) -> None:
        """Same factor in both directions; the region stays as it is."""
        if value not in self.camera.model.bins:
            raise UnknownName("binning", value, map(str, self.camera.model.bins))
        self.binning = value

    def set_region(self, name: str, value: int) -> None:
        """One of start_x, start_y, num_x, num_y in binned pixels. Whether they fit is seen at StartExposure."""
        setattr(self, name, value)

    def window(self) -> Window:
        """The region in unbinned pixels of one image.

        Raises
        ------
        InvalidWindow
            If it is empty, leaves the sensor, or has an odd width where two images stand side by side.
        """
        chains, bin_, num_x, num_y = self.chains, self.binning, self.num_x, self.num_y
        width = self.size_x // chains // bin_
        height = self.size_y // bin_
        if num_x % chains:
            raise InvalidWindow(
                f"NumX of {num_x} is odd, but {self.mode.name} gives two images side by side.",
                "Choose an even NumX.",
            )
        fits_x = self.start_x >= 0 and num_x > 0 and self.start_x + num_x // chains <= width
        fits_y = self.start_y >= 0 and num_y > 0 and self.start_y + num_y <= height
        if not (fits_x and fits_y):
            raise InvalidWindow(
                f"StartX {self.start_x}, StartY {self.start_y}, NumX {num_x}, NumY {num_y} leave the frame of "
                f"{chains * width} x {height} pixels at binning {bin_}.",
                "Regions count binned pixels.",
            )
        return Window(self.start_x * bin_, self.start_y * bin_, num_x // chains * bin_, num_y * bin_)

    # exposures

    async def start_exposure(self, duration_s: float, light: bool) -> None:
        """Begin an exposure. There is no shutter, so a dark frame needs a covered telescope."""
        del light
        limits = self.camera.model.exposure_s
        if not limits.low <= duration_s <= limits.high:
            raise OutOfRange("exposure", duration_s, limits.low, limits.high, "s")
        await self.exposure.start(duration_s, self.window(), self.binning)

    async def stop_exposure(self) -> None:
        """End the exposure early and keep its picture."""
        await self.exposure.stop()

    async def abort_exposure(self) -> None:
        """Abandon the exposure."""
        await self.exposure.abort()

    def state(self) -> CameraState:
        """What the camera does at present."""
        if self.exposure.failed:
            return CameraState.ERROR
        state = STATES[self.camera.state]
        if self.exposure.starting:
            return CameraState.WAITING
        if self.exposure.under_way and state is CameraState.IDLE:
            return CameraState.DOWNLOAD
        return state

    def percent_completed(self) -> int:
        """How much of the exposure is over: 0 before the first, 100 once the picture is there."""
        if self.exposure.under_way:
            return int(self.camera.progress_percent())
        return 100 if self.exposure.ready() else 0

    def image(self) -> Picture:
        """The picture of the last exposure."""
        return self.exposure.taken().picture

    def last_exposure(self) -> tuple[float, int]:
        """True length in s and true start in UTC ns of the last exposure."""
        if self.exposure.last is None:
            raise NoImage("nothing has been exposed yet.", "Start an exposure first.")
        return self.exposure.last

    # settings of the engine

    def modes(self) -> list[ReadMode]:
        """Read modes that exist on the cable in use."""
        link = self.camera.settings.link
        return [mode for mode in self.camera.model.modes if link in mode.links]

    def readout_mode(self) -> int:
        """Place of the present read mode in `modes`."""
        return self.modes().index(self.mode)

    def set_readout_mode(self, index: int) -> None:
        """Choose a read mode. Gain and offset stay; the region only if the frame keeps its size."""
        modes = self.modes()
        if not 0 <= index < len(modes):
            raise OutOfRange("ReadoutMode", index, 0, len(modes) - 1)
        before = self.size_x, self.size_y
        self.camera.configure(mode=modes[index].number)
        if (self.size_x, self.size_y) != before:
            self.whole_frame()

    def set_gain(self, gain: int) -> None:
        """Set the vendor's gain knob."""
        self.camera.configure(gain=gain)

    def set_offset(self, offset: int) -> None:
        """Set the vendor's offset knob."""
        self.camera.configure(offset=offset)

    def gain_limits(self) -> tuple[int, int]:
        """Smallest and largest gain setting of the present read mode."""
        allowed = self.camera.limits(Control.GAIN)
        return int(allowed.low), int(allowed.high)

    def gain_points(self) -> list[GainPoint]:
        """What each chain does at the present gain setting."""
        return [chain.curve.at(self.camera.settings.gain) for chain in self.mode.chains]

    def word_scale(self) -> float:
        """Delivered counts per count of the ADC of the first chain."""
        return 2.0 ** (self.camera.settings.format.bits - self.mode.chains[0].adc_bits)

    def electrons_per_adu(self) -> float:
        """Of the first chain: the left image where there are two. Binning adds counts, so it changes nothing."""
        return self.gain_points()[0].e_per_dn / self.word_scale()

    def full_well_e(self) -> float:
        """Largest signal that a (binned) pixel can show, in whichever image shows most."""
        return max(point.full_well_e for point in self.gain_points()) * self.binning**2

    def max_adu(self) -> int:
        """Count of a (binned) pixel at the end of the ADC's range."""
        bits = self.camera.settings.format.bits
        depth = min(bits, self.mode.chains[0].adc_bits)
        return int(((1 << depth) - 1) << (bits - depth)) * self.binning**2

    def bayer_offset(self, axis: int) -> int:
        """Column (0) or row (1) of the red pixel in the mosaic."""
        mosaic = self.camera.model.sensor.bayer
        if mosaic is None:
            raise NotSupported(f"{self.camera.model.name} is monochrome.")
        row, column = divmod(mosaic.index("R"), 2)
        return (column, row)[axis]

    # cooling

    def has(self, control: Control) -> bool:
        """Whether this camera has a control."""
        return control in self.camera.controls

    def sensor_temperature_c(self) -> float:
        """Of the sensor."""
        return _known(self.camera.readings().sensor_temperature_c, "sensor temperature")

    def cooler_power_percent(self) -> float:
        """Of the cooler."""
        return _known(self.camera.readings().cooler_power_percent, "cooler power")

    def target_temperature_c(self) -> float:
        """To which the cooler regulates."""
        return _known(self.camera.readings().target_temperature_c, "target temperature")

    def cooler_on(self) -> bool:
        """Whether the cooler regulates."""
        return bool(self.camera.control(Control.COOLER_ON))

    def set_cooler(self, on: bool) -> None:
        """Switch the cooler."""
        self.camera.set_cooler(on)

    def set_target_temperature_c(self, target_c: float) -> None:
        """Choose the temperature to regulate to."""
        self.camera.set_target_temperature(target_c)

    # actions

    def actions(self) -> list[str]:
        """See `AlpacaDevice.actions`."""
        return [*ACTIONS, ALARMS]

    def action(self, name: str, parameters: str) -> str:
        """Read a control (empty parameters) or set it, and answer its value; or tell of alarms, as JSON."""
        if name.casefold() == ALARMS.casefold():
            return self.alarms()
        found = next((key for key in ACTIONS if key.casefold() == name.casefold()), None)
        if found is None:
            raise ActionNotImplemented(
                f"there is no action {name!r}.", f"Known actions: {', '.join(self.actions())}."
            )
        setting, read = ACTIONS[found]
        if parameters:
            try:
                value = read(parameters)
            except Malformed as reason:
                raise InvalidValue(f"action {found}: {reason}") from None
            self.camera.configure(**{setting: value})
        settings = self.camera.settings
        return str(settings.format.bits if setting == "bits" else getattr(settings, setting))

    def alarms(self) -> str:
        """What is wrong now: a list of objects with Kind, Severity, Since (UTC), Text and Remedy."""
        told = [
            {
                "Kind": str(alarm.kind),
                "Severity": alarm.severity.name.lower(),
                "Since": datetime.fromtimestamp(alarm.since_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "Text": alarm.text,
                "Remedy": alarm.remedy,
            }
            for alarm in self.camera.alarms.standing
        ]
        return orjson.dumps(told).decode()


def _known(reading: float | None, name: str) -> float:
    if reading is None:
        raise NotSupported(f"the camera does not measure its {name}.")
    return reading
