"""One camera as the vendor's library shows it: permissive, forgetful of order, with a memory of its own.

The library checks next to nothing: it remembers what it is told and answers from that memory. What reaches the
camera is the nearest that the camera can do, and the log says so.
"""

from __future__ import annotations

import logging
import math
import threading
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.controls import Control
from fullwell.camera.device import (
    BurstPort,
    BurstSource,
    Device,
    StartMemory,
    Stream,
    Triggerable,
    UndervoltageMemory,
)
from fullwell.camera.frame import FrameReport
from fullwell.camera.undervoltage import ERROR_CODES
from fullwell.errors import FullwellError, InvalidValue, NotSupported
from fullwell.models.facts import Window
from fullwell.models.sdk import SdkFacts
from fullwell.serve.sdk.geometry import Request, request
from fullwell.serve.sdk.memory import LIVE, TRANSFER_BIT, Memory
from fullwell.serve.sdk.port import Port
from fullwell.serve.sdk.quirks import STAMP_BYTES, FrameQuirks, Quirks
from fullwell.serve.sdk.shared import SharedFrames

log = logging.getLogger(__name__)

ERROR_VALUE: Final = 4294967295.0
EXPOSURE, COOLER, WHEEL_PORT, WHEEL_SLOTS = 8, 18, 17, 44
TEMPERATURE, POWER, MANUAL_POWER = 14, 15, 16
GPS, ANTI_GLOW, MEMORY, SUPPLY = 36, 41, 48, 67
MOST_POWER: Final = 255
LIBRARY_SLACK_S: Final = 0.3
"""What the library waits beyond the exposure and its time-out."""

KNOBS: Final = {6: Control.GAIN, 7: Control.OFFSET, 9: Control.SPEED, 12: Control.USB_TRAFFIC}
"""Controls that are whole numbers on the camera too."""
READINGS: Final = {
    32: Control.SENSOR_TEMPERATURE_C,
    62: Control.HUMIDITY_PERCENT,
    63: Control.PRESSURE_HPA,
}
GAIN_AND_OFFSET: Final = frozenset({6, 7})
LIVE_POLL_S: Final = 0.1
NOTHING_CAME_S: Final = 0.0005


class VendorCamera:
    """An open camera.

    Parameters
    ----------
    device : Device
        Not yet open.
    facts : SdkFacts
    number : int
        By which the library names it.
    memory : Memory
        What the program's library remembers of it.
    quirks : Quirks, optional
        What goes wrong; default is nothing.
    """

    def __init__(
        self, device: Device, facts: SdkFacts, number: int, memory: Memory, quirks: Quirks | None = None
    ) -> None:
        self.device, self.facts, self.number = device, facts, number
        self.quirks = Quirks() if quirks is None else quirks
        self._spoiler = FrameQuirks(self.quirks)
        widest = max(mode.size[0] for mode in facts.read_modes) + facts.extra_px[0]
        highest = max(mode.size[1] for mode in facts.read_modes) + facts.extra_px[1]
        self.memory_bytes = widest * highest * facts.memory_bytes_per_px
        self.port = Port(device, facts)
        device.open()  # before memory is shared: whoever cannot open leaves nothing behind
        self.port.forget()
        self.frames = SharedFrames(self.memory_bytes)
        self.memory = memory
        self._ready = False
        self._told: dict[Control, str] = {}
        self._lock = threading.RLock()
        self._live_lock = threading.RLock()
        self.has_exposed = False
        self._exposing: Request | None = None
        self._exposure_begin_ns = 0
        self._run: threading.Thread | None = None
        self._stopping = threading.Event()
        self._withheld: frozenset[int] = frozenset()

    # Set-up.

    def initialise(self) -> None:
        """`InitQHYCCD`: what is remembered is sent again."""
        self.stop_live()
        self.cancel()
        with self._lock:
            self.memory.initialise()
            self._prepare()

    def _prepare(self) -> None:
        """Bring the device into the mode and stream, and to the remembered values."""
        read_mode = self.facts.read_modes[self.memory.mode]
        stream = Stream.LIVE if self.memory.stream == LIVE else Stream.SINGLE
        try:
            self.device.initialise(read_mode.mode, stream)
        except NotSupported as error:
            log.warning("%s: %s The first read mode is used instead.", read_mode.name, error)
            self.device.initialise(self.facts.read_modes[0].mode, stream)
        self._ready = True
        self._withheld = GAIN_AND_OFFSET if "init-resets-gain" in self.quirks else frozenset()
        self._send_all()

    def _send_all(self) -> None:
        for number in (*KNOBS, EXPOSURE):
            known = self.facts.controls.get(number)
            if known is not None and known.settable and number not in self._withheld:
                self._send(number)

    # Controls.

    def set_value(self, control: int, value: float) -> bool:
        """`SetQHYCCDParam`: remember, and send if it is the camera's; False = refused."""
        if control == TRANSFER_BIT:
            return self.memory.set_bits(int(value) if math.isfinite(value) else 0)
        if control == MEMORY and value == 1:
            self._spoiler.clear_memory()
        known = self.facts.controls.get(control)
        if known is None or not known.settable:
            return False
        if control == WHEEL_PORT:
            return self.turn_wheel(int(value) - ord("0") if math.isfinite(value) else -1)
        if control != MANUAL_POWER:
            self.memory.set_value(control, value)
        with self._lock:
            self._withheld -= {control}
            if control == MANUAL_POWER:
                self._set_power(value)
            else:
                self._send(control)
        return True

    def _set_power(self, value: float) -> None:
        """Manual cooler power, 0 to 255: regulation ends."""
        if not self.supply_is_low:
            self._nearest(Control.COOLER_POWER_PERCENT, value * 100 / MOST_POWER, 0.0, 100.0)

    @property
    def supply_is_low(self) -> bool:
        """Whether a quirk keeps the supply low: the cooler stays off."""
        low = "uvlo" in self.quirks
        if low and self._reading(Control.UVLO_STATUS) not in ERROR_CODES:
            self.fail_supply()
        return low

    def fail_supply(self) -> None:
        """`QHYCCDTestFlashULVOError`: the camera believes that its supply was too low."""
        if isinstance(self.device, StartMemory):
            self.device.provoke_undervoltage()

    def forget_supply(self) -> None:
        """`QHYCCDResetFlashULVOError`: erase that from the camera's flash."""
        if isinstance(self.device, UndervoltageMemory):
            with suppress(NotSupported):
                self.device.reset_undervoltage()

    def _send(self, control: int) -> None:
        """Pass a remembered value on to the device."""
        value = self.memory.values.get(control)
        if control == EXPOSURE and value is not None:
            limits = self.device.model.exposure_s
            self._nearest(Control.EXPOSURE_S, value * 1e-6, limits.low, limits.high)
        elif control in KNOBS and value is not None:
            limits = getattr(self.device.model, KNOBS[control].value)
            self._nearest(KNOBS[control], value, limits.low, limits.high, whole=True)
        elif control == GPS and value is not None:
            self._nearest(Control.GPS, float(value != 0), 0, 1)
        elif control == ANTI_GLOW and value is not None:
            self._nearest(Control.ANTI_GLOW, float(value != 0), 0, 1)
        elif control == COOLER and value is not None and value > -100 and not self.supply_is_low:
            limits = self.device.model.temperature_c
            self._nearest(Control.TARGET_TEMPERATURE_C, value, limits.low, limits.high)
            self.device.set_control(Control.COOLER_ON, 1)

    def _nearest(self, control: Control, value: float, low: float, high: float, whole: bool = False) -> None:
        if math.isnan(value):
            self._tell(control, f"{control} is no number: the camera keeps what it has.")
            return
        used = min(max(value, low), high)
        used = round(used) if whole else used
        if used != value:
            self._tell(
                control, f"{control} of {value:g} is outside {low:g} to {high:g}: the camera gets {used:g}."
            )
        try:
            self.device.set_control(control, used)
        except (NotSupported, InvalidValue) as error:
            self._tell(control, str(error))
        except FullwellError as error:  # busy: it is sent again with the next exposure
            log.info("%s", error)

    def _tell(self, control: Control, text: str) -> None:
        """Log it, unless it is what was told last of this control: values are sent again with each exposure."""
        if self._told.get(control) != text:
            self._told[control] = text
            log.warning("%s", text)

    def value(self, control: int) -> float:
        """`GetQHYCCDParam`."""
        known = self.facts.controls.get(control)
        _ = self.supply_is_low
        if control == TEMPERATURE:
            return self.device.get_control(Control.SENSOR_TEMPERATURE_C)
        if control == POWER:
            return float(round(self.device.get_control(Control.COOLER_POWER_PERCENT) * MOST_POWER / 100))
        if control == WHEEL_PORT and known is not None:
            return float(ord(self.wheel_status())) if self.wheel_slots else 0.0
        if control == WHEEL_SLOTS:
            return float(self.wheel_slots) if self.wheel_slots else ERROR_VALUE
        if control == SUPPLY and known is not None:
            return self._reading(Control.UVLO_STATUS)
        if control in READINGS:
            return self._reading(READINGS[control])
        return self.memory.values.get(control, ERROR_VALUE)

    def _reading(self, control: Control) -> float:
        try:
            return self.device.get_control(control)
        except NotSupported:
            return 0.0

    @property
    def burst(self) -> BurstPort:
        """The burst calls.

        Raises
        ------
        NotSupported
            If the camera has none.
        """
        port = self.device.burst if isinstance(self.device, BurstSource) else None
        if port is None:
            raise NotSupported(f"the {self.device.model.name} has no burst mode.")
        return port

    # Filter wheel.

    @property
    def wheel_slots(self) -> int:
        """How many; 0 without a wheel."""
        return len(self.device.wheel_names())

    def wheel_status(self) -> str:
        """The slot as one character; while it turns, the one that it left."""
        position = int(self.device.get_control(Control.WHEEL_POSITION))
        if position >= 0:
            self._slot = position
        return f"{getattr(self, '_slot', 0):X}"

    def turn_wheel(self, slot: int) -> bool:
        """Start to turn; True even without a wheel, as the vendor's library says."""
        if self.wheel_slots and 0 <= slot < self.wheel_slots:
            self.wheel_status()
            self.device.set_control(Control.WHEEL_POSITION, slot)
        return True

    # Frames.

    def _request(self) -> Request | None:
        left, top, width, height = self.memory.roi if self.memory.roi[2] else (0, 0, *self.memory.chip)
        if self.memory.stream == LIVE and not self.memory.roi_is_raw:
            image_left, image_top = self.facts.live_shift
            left, top = left + image_left, top + image_top
        mode = self.facts.read_modes[self.memory.mode]
        chains = len(self.device.model.mode(mode.mode).chains)
        window = Window(left, top, width, height)
        factor = self.memory.bin * mode.hardware_bin
        return request(
            self.device.model,
            self.facts,
            window=window,
            chip=(mode.size[0] * mode.hardware_bin, mode.size[1] * mode.hardware_bin),
            factor=factor,
            bits=self.memory.bits,
            chains=chains,
            image_at=mode.image_at,
        )

    @property
    def chains(self) -> int:
        """Images of the same pixels in a frame."""
        return len(self.device.model.mode(self.facts.read_modes[self.memory.mode].mode).chains)

    def start(self) -> None:
        """`ExpQHYCCDSingleFrame`; an exposure under way is abandoned."""
        self.cancel()
        with self._lock:
            if not self._ready or self.memory.stream == LIVE:
                self.device.initialise(self.facts.read_modes[self.memory.mode].mode, Stream.SINGLE)
            wanted = self._request()
            if wanted is None:
                return
            self.device.configure(wanted.format)
            self._send_all()
            self.device.start_exposure()
            self.has_exposed = True
            self._exposing = wanted
            self._exposure_begin_ns = self.device.clock.now_ns()

    @property
    def remaining_percent(self) -> int:
        """`GetQHYCCDExposureRemaining`: 100 to 0."""
        if self._exposing is None:
            return 0
        exposure_ns = self.memory.values.get(EXPOSURE, 0.0) * 1000
        passed_ns = self.device.clock.now_ns() - self._exposure_begin_ns
        return max(0, min(100, round(100 - 100 * passed_ns / exposure_ns))) if exposure_ns > 0 else 0

    def fetch(self) -> bool:
        """`GetQHYCCDSingleFrame`: wait, and lay the frame into the first slot; False = there is none."""
        wanted = self._exposing
        if wanted is None:
            return False
        out = self.frames.view(0, wanted.shape, wanted.dtype)
        try:
            if not self._comes_in_time():
                log.warning("no single frame within %d ms after its exposure.", self.memory.timeout_ms)
                self.device.cancel_exposure()
                return "timeout-success" in self.quirks and self.fetch_black()
            if wanted.straight(self.chains):
                self.device.read_frame(out)
            else:
                data = np.empty(wanted.format.shape(self.chains), wanted.format.dtype)
                self.device.read_frame(data)
                wanted.deliver(data, out, self._stamp_bytes)
        except FullwellError as error:
            log.info("no single frame: %s", error)
            return False
        finally:
            if self._exposing is wanted:
                self._exposing = None
        self._spoiler.spoil(out, bool(self._stamp_bytes), live=False)
        self.frames.publish(0, out)
        return True

    def _comes_in_time(self) -> bool:
        """Wait for the beginning; whether the frame will be there before the time-out."""
        if self.memory.timeout_ms == 0:
            return True
        exposure_s = self.device.get_control(Control.EXPOSURE_S)
        patience_s = exposure_s + self.memory.timeout_ms / 1000 + LIBRARY_SLACK_S
        if isinstance(self.device, Triggerable) and not self.device.wait_for_start(patience_s):
            return False
        left_s = self.device.exposure_remaining_s()
        if left_s <= patience_s:
            return True
        clock = self.device.clock
        clock.sleep_until(clock.now_ns() + round(patience_s * 1e9))
        return False

    def fetch_black(self) -> bool:
        """Lay a black frame into the first slot, as after a time-out that is called a success."""
        wanted = self._exposing or self._request()
        if wanted is None:
            return False
        self._exposing = None
        out = self.frames.view(0, wanted.shape, wanted.dtype)
        out.fill(0)
        self.frames.publish(0, out)
        return True

    @property
    def _stamp_bytes(self) -> int:
        """How many bytes of a frame the camera overwrites with the GPS stamp."""
        return STAMP_BYTES if self.memory.values.get(GPS) else 0

    def cancel(self) -> None:
        """Abandon an exposure; whoever waits for it is told."""
        self._exposing = None
        if self._run is None:
            self.device.cancel_exposure()

    def begin_live(self) -> None:
        """`BeginQHYCCDLive`."""
        with self._live_lock, self._lock:
            if self._run is not None or self.memory.stream != LIVE:
                return
            if not self._ready:
                self._prepare()
            wanted = self._request()
            if wanted is None:
                return
            self.device.configure(wanted.format)
            self._send_all()
            self.frames.begin_run(wanted.shape[1], wanted.shape[0], wanted.bits)
            self._stopping = threading.Event()
            self.device.start_live()
            self._run = threading.Thread(
                target=self._stream_frames, args=(wanted, self._stopping), name="sdk-live", daemon=True
            )
            self._run.start()

    def _stream_frames(self, wanted: Request, stopping: threading.Event) -> None:
        straight, chains = wanted.straight(self.chains), self.chains
        spare = None if straight else np.empty(wanted.format.shape(chains), wanted.format.dtype)
        self._spoiler.begin_run()
        first = self.frames.view(0, wanted.shape, wanted.dtype)
        if self._spoiler.left_over(first):
            self.frames.lay(0, first)
        while not stopping.is_set():
            slot = self.frames.free_slot
            if slot is None:
                stopping.wait(NOTHING_CAME_S)
                continue
            out = self.frames.view(slot, wanted.shape, wanted.dtype)
            try:
                report = self._read_live(out if spare is None else spare)
            except FullwellError as error:
                log.warning("the live run ends: %s", error)
                return
            if report is None:
                stopping.wait(NOTHING_CAME_S)  # it returns at once where something else ended the run
                continue
            if not self._spoiler.comes():
                continue
            if spare is not None:
                wanted.deliver(spare, out, self._stamp_bytes)
            self._spoiler.spoil(out, bool(self._stamp_bytes), live=True)
            self.frames.lay(slot, out)

    def _read_live(self, out: NDArray[Any]) -> FrameReport | None:
        return self.device.read_live(out, LIVE_POLL_S)

    def stop_live(self) -> None:
        """`StopQHYCCDLive`. Harmless when no run is on."""
        with self._live_lock:
            run, self._run = self._run, None
            if run is None:
                return
            self._stopping.set()
            self.frames.end_run()
            self.device.stop_live()
            run.join()

    def close(self) -> None:
        """`CloseQHYCCD`."""
        self.stop_live()
        self.cancel()
        self.device.close()
        self.frames.close()
