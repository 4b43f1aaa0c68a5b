"""The cable: the few calls that every camera answers, real or twin, with the vendor's semantics.

Calls come from one thread at a time (the engine sees to it). While `read_frame` or `read_live` waits in one
thread, these may come from others: `cancel_exposure`, `stop_exposure`, `exposure_remaining_s`, `stop_live`,
`precise_timing`, `get_control`, `truth`, and `set_control` of controls marked `while_exposing` in `CONTROLS` and,
when live, of exposure, gain and offset, which reach the frames one to three later.

Order, as in the vendor's library: open, initialise (mode and stream), configure, controls, then single
exposures or live. `initialise` sets the camera back: afterwards gain, offset, exposure and format are the
device's defaults, whatever they were; the engine sends the user's again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from fullwell.camera.clock import Clock
from fullwell.camera.controls import Control
from fullwell.camera.frame import DeviceIdentity, FrameFormat, FrameReport, Truth
from fullwell.camera.troubles import TroubleBoard
from fullwell.models.facts import CameraModel
from fullwell.readout.rows import RowTiming


class Stream(StrEnum):
    """How frames are taken."""

    SINGLE = "single"
    LIVE = "live"


class Device(Protocol):
    """A camera at the far end of the cable."""

    @property
    def identity(self) -> DeviceIdentity:
        """Who it is. Known before `open`."""
        ...

    @property
    def model(self) -> CameraModel:
        """The facts that belong to it."""
        ...

    @property
    def clock(self) -> Clock:
        """The time in which it lives."""
        ...

    @property
    def link(self) -> str:
        """Name of the cable it hangs on."""
        ...

    def open(self) -> None:
        """Connect. Raises `DeviceLost` if it does not answer."""
        ...

    def close(self) -> None:
        """Let go. Harmless when closed."""
        ...

    def initialise(self, mode: int, stream: Stream) -> None:
        """Choose read mode and stream; sets gain, offset, exposure and format back to the device's defaults."""
        ...

    def configure(self, frame_format: FrameFormat) -> None:
        """Choose window, binning, word depth. The engine has checked them against the model."""
        ...

    def set_control(self, control: Control, value: float) -> None:
        """Set a control. Raises `NotSupported` where there is none."""
        ...

    def get_control(self, control: Control) -> float:
        """Read a control. Raises `NotSupported` where there is none."""
        ...

    def precise_timing(self) -> RowTiming:
        """The clockwork for the present settings."""
        ...

    def start_exposure(self) -> None:
        """Begin a single exposure and return at once."""
        ...

    def exposure_remaining_s(self) -> float:
        """Time until the frame can be read without waiting, 0 when it can, s."""
        ...

    def stop_exposure(self) -> None:
        """End the exposure now and keep what was collected. Raises `NotSupported` where hardware cannot."""
        ...

    def cancel_exposure(self) -> None:
        """Abandon the exposure; a waiting `read_frame` raises `ExposureAborted`. Harmless when idle."""
        ...

    def read_frame(self, out: NDArray[Any]) -> FrameReport:
        """Wait for the end of exposure, read-out and transfer, and fill `out`.

        Parameters
        ----------
        out : ndarray, C-contiguous
            Shape and dtype of the configured format.
        """
        ...

    def start_live(self) -> None:
        """Let the sensor run freely."""
        ...

    def read_live(self, out: NDArray[Any], timeout_s: float) -> FrameReport | None:
        """Wait at most `timeout_s` for the next frame; None if there was none in that time."""
        ...

    def stop_live(self) -> None:
        """Stop the free run; a `read_live` that waits or comes too late returns None. Harmless when idle."""
        ...

    def wheel_names(self) -> tuple[str, ...]:
        """Names of the slots of the filter wheel on the camera port; empty when there is no wheel."""
        ...


@runtime_checkable
class TruthSource(Protocol):
    """A device that knows the answer key of its frames. Only twins do."""

    def truth(self, sequence: int) -> Truth:
        """The answer key of a frame that this device has delivered (the last 16 are remembered).

        Raises
        ------
        NoImage
            If that frame is not remembered.
        """
        ...


@runtime_checkable
class UndervoltageMemory(Protocol):
    """A device that remembers under-voltage events and can be told to forget them."""

    def reset_undervoltage(self) -> None:
        """Erase the memory of such events. Raises `NotSupported` where the camera has none."""
        ...


@runtime_checkable
class SpeedTeller(Protocol):
    """A device that knows how fast its cable has come up."""

    @property
    def super_speed(self) -> bool:
        """False where a USB3 camera answers as a USB2 device."""
        ...


@runtime_checkable
class StartMemory(Protocol):
    """A device with a flash memory for what it does after power-up; no engine needs it."""

    def provoke_undervoltage(self) -> None:
        """Let the device remember an under-voltage event that was none."""
        ...

    def start_config(self) -> bytes:
        """The block of start-up settings, 64 bytes; all ones when it is erased."""
        ...

    def erase_start_config(self) -> None:
        """Erase that block."""
        ...

    def set_start_power(self, power: int) -> None:
        """Power of the cooler after power-up, 0 to 255; 0 = off."""
        ...


class BurstPort(Protocol):
    """The burst calls of live mode. All may come while live, from any thread.

    The camera counts its frames; the counter starts from zero when the camera is connected and at each release.
    With burst mode enabled only frames strictly between start and end leave it. Their reports carry `counter`.
    """

    def enable(self, on: bool) -> None:
        """Enter burst mode: output stops. Or leave it: live mode goes on."""
        ...

    def set_range(self, start: int, end: int) -> None:
        """Choose the frames that leave: those strictly between `start` and `end`."""
        ...

    def set_patch_number(self, number: int) -> None:
        """Choose the padding that flushes the last frame out of the camera; 0 = none."""
        ...

    def idle(self) -> None:
        """Stop the frame counter: nothing leaves until the release."""
        ...

    def release(self) -> None:
        """Let the counter run from zero: a new burst."""
        ...

    def reset_counter(self) -> None:
        """Set the frame counter to zero while live. Raises `NotSupported` where the camera cannot."""
        ...


@runtime_checkable
class BurstSource(Protocol):
    """A device that knows burst mode."""

    @property
    def burst(self) -> BurstPort | None:
        """The burst calls; None where this very camera has none."""
        ...


@runtime_checkable
class Dryable(Protocol):
    """A device to whose chamber a drying tube can be connected by a call. Only twins can."""

    def connect_drying_tube(self, connected: bool) -> None:
        """Connect a tube with fresh desiccant, or take it off."""
        ...


@runtime_checkable
class Triggerable(Protocol):
    """A device whose exposures may wait for something outside: a trigger, or the rows of another camera.

    All but `soft_trigger` may be called from any thread while another one waits in the device.
    """

    def soft_trigger(self) -> None:
        """Start what waits for a trigger. Harmless when nothing does."""
        ...

    def waits(self) -> bool:
        """Whether exposures wait, as the device is set."""
        ...

    def exposure_start_ns(self) -> int | None:
        """UTC at which the single exposure under way began; None while it waits, and when there is none."""
        ...

    def wait_for_start(self, timeout_s: float | None) -> bool:
        """Wait until the single exposure under way begins.

        Parameters
        ----------
        timeout_s : float or None
            s; None = as long as it takes.

        Returns
        -------
        bool
            False if it has not begun in that time; it goes on waiting.

        Raises
        ------
        ExposureAborted
            If it is abandoned meanwhile.
        """
        ...

    def trigger_edges_ns(self, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        """The edges at the trigger input from `begin_ns` up to, but without, `end_ns`; UTC."""
        ...


@runtime_checkable
class Troubled(Protocol):
    """A device that troubles can be set on. Only twins are."""

    @property
    def troubles(self) -> TroubleBoard:
        """The board of its troubles."""
        ...


@runtime_checkable
class WallClock(Protocol):
    """A device that lives with another clock of the computer than the one this program runs on."""

    def wall_ns(self) -> int:
        """What the computer says the time is, UTC, ns."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A device that goes on with an exposure while it cannot be reached."""

    def resume(self) -> bool:
        """Take up the single exposure that was under way when the connection was lost.

        To be called after `Device.open`; `Device.initialise` abandons it. With False there is none.
        """
        ...
