"""One camera as the vendor's library shows it: permissive, forgetful of order, with a memory of its own.

The library checks next to nothing: it remembers what it is told and answers from that memory. What reaches the
camera is the nearest that the camera can do, and the log says so.
"""

from __future__ import annotations

import logging
import threading
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.controls import Control
from fullwell.camera.device import Device, Stream
from fullwell.camera.frame import FrameReport
from fullwell.errors import FullwellError, InvalidValue, NotSupported
from fullwell.models.facts import Window
from fullwell.models.sdk import SdkFacts
from fullwell.serve.sdk.geometry import Request, request
from fullwell.serve.sdk.shared import SharedFrames

log = logging.getLogger(__name__)

ERROR_VALUE: Final = 4294967295.0
EXPOSURE, TRANSFER_BIT, COOLER, WHEEL_PORT, WHEEL_SLOTS = 8, 10, 18, 17, 44
TEMPERATURE, POWER, MANUAL_POWER = 14, 15, 16
SINGLE, LIVE = 0, 1

KNOBS: Final = {6: Control.GAIN, 7: Control.OFFSET, 9: Control.SPEED, 12: Control.USB_TRAFFIC}
"""Controls that are whole numbers on the camera too."""
READINGS: Final = {
    32: Control.SENSOR_TEMPERATURE_C,
    62: Control.HUMIDITY_PERCENT,
    63: Control.PRESSURE_HPA,
}
LIVE_POLL_S: Final = 0.1


class VendorCamera:
    """An open camera.

    Parameters
    ----------
    device : Device
        Not yet open.
    facts : SdkFacts
    number : int
        By which the library names it.
    """

    def __init__(self, device: Device, facts: SdkFacts, number: int) -> None:
        self.device, self.facts, self.number = device, facts, number
        widest = max(mode.size[0] for mode in facts.read_modes) + facts.extra_px[0]
        highest = max(mode.size[1] for mode in facts.read_modes) + facts.extra_px[1]
        self.memory_bytes = widest * highest * facts.memory_bytes_per_px
        self.frames = SharedFrames(self.memory_bytes)
        self.stream, self.bin = SINGLE, 1
        self.mode = self.next_mode = 0
        self.bits = 8 if facts.any_bits else 16
        self.roi = (0, 0, *self.chip) if facts.first_window == "chip" else (0, 0, 0, 0)
        self.initialised = False
        self.bin_was_set = False
        self.values = {
            each.id: each.value if each.before_init is None else each.before_init
            for each in facts.controls.values()
            if each.value is not None
        }
        self._lock = threading.RLock()
        self.has_exposed = False
        self._exposing: Request | None = None
        self._exposure_begin_ns = 0
        self._run: threading.Thread | None = None
        self._stopping = threading.Event()
        device.open()

    # Set-up.

    def initialise(self) -> None:
        """`InitQHYCCD`: exposure and depth go back, everything else is remembered and sent again."""
        self.stop_live()
        self.cancel()
        with self._lock:
            self.mode, self.bin_was_set = self.next_mode, False
            self.bits = self.facts.start_bits[self.stream]
            for control in self.facts.controls.values():
                fresh = control.live_value if self.stream == LIVE and control.live_value else control.value
                if control.id in (EXPOSURE, TRANSFER_BIT) and fresh is not None:
                    self.values[control.id] = fresh
            self.initialised = True
            if self.stream == LIVE and self.facts.chip_live:
                self.roi = (*self.facts.live_shift, *self.chip)
            self._prepare()

    def _prepare(self) -> None:
        """Bring the device into the mode and stream, and to the remembered values."""
        read_mode = self.facts.read_modes[self.mode]
        stream = Stream.LIVE if self.stream == LIVE else Stream.SINGLE
        try:
            self.device.initialise(read_mode.mode, stream)
        except NotSupported as error:
            log.warning("%s: %s The first read mode is used instead.", read_mode.name, error)
            self.device.initialise(self.facts.read_modes[0].mode, stream)
        self._prepared = (read_mode.mode, stream)
        for number in (*KNOBS, EXPOSURE):
            self._send(number)

    @property
    def chip(self) -> tuple[int, int]:
        """Columns and rows of the raw frame."""
        read_mode = self.facts.read_modes[self.mode]
        if self.stream == LIVE and self.initialised and self.facts.chip_live:
            width, height = self.facts.chip_live
            return width, height
        return read_mode.size

    def set_mode(self, mode: int) -> None:
        """Remember a read mode; it holds from the next `initialise`."""
        self.next_mode = mode

    def set_bin(self, horizontal: int, vertical: int) -> None:
        """Remember a binning; what the camera cannot do changes nothing."""
        known = {1: 21, 2: 22, 3: 23, 4: 24, 6: 75, 8: 76}
        self.bin_was_set = True
        if horizontal == vertical and known.get(horizontal) in self.facts.controls:
            self.bin = horizontal
        else:
            self.bin = self.facts.unknown_bin or self.bin
            log.warning("no binning of %d x %d: %d is used.", horizontal, vertical, self.bin)

    def area(self, areas: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
        """The effective or the overscan area, as it is told at present."""
        state = (
            ("live" if self.stream == LIVE else "single") if self.initialised and not self.bin_was_set else "set"
        )
        if not self.facts.areas_follow_bin and self.initialised:
            state = "live" if self.stream == LIVE else "single"
        whole = areas[state] or (0, 0, *self.chip)
        return tuple(side // self.bin for side in whole) if self.facts.areas_follow_bin else whole

    def set_bits(self, bits: int) -> bool:
        """Remember a depth; False = refused."""
        if bits not in self.facts.bits:
            if not self.facts.any_bits:
                return False
            bits = 8
        self.bits = bits
        self.values[TRANSFER_BIT] = float(bits)
        return True

    def set_roi(self, left: int, top: int, width: int, height: int) -> bool:
        """Remember a window, binned px; False = it does not fit on the chip."""
        columns, rows = self.chip
        if left + width > columns or top + height > rows:
            return False
        self.roi = (left, top, width, height)
        return True

    # Controls.

    def set_value(self, control: int, value: float) -> bool:
        """`SetQHYCCDParam`: remember, and send if it is the camera's; False = refused."""
        if control == TRANSFER_BIT:
            return self.set_bits(int(value))
        known = self.facts.controls.get(control)
        if known is None or not known.settable:
            return False
        if control == WHEEL_PORT:
            return self.turn_wheel(int(value) - ord("0"))
        if control != MANUAL_POWER and known.remembers != "never":
            self.values[control] = _remembered(known.remembers, value)
        with self._lock:
            self._send(control)
        return True

    def _send(self, control: int) -> None:
        """Pass a remembered value on to the device."""
        value = self.values.get(control)
        if control == EXPOSURE and value is not None:
            limits = self.device.model.exposure_s
            self._nearest(Control.EXPOSURE_S, value * 1e-6, limits.low, limits.high)
        elif control in KNOBS and value is not None:
            limits = getattr(self.device.model, KNOBS[control].value)
            self._nearest(KNOBS[control], round(value), limits.low, limits.high)
        elif control == COOLER and value is not None and value > -100:
            limits = self.device.model.temperature_c
            self._nearest(Control.TARGET_TEMPERATURE_C, value, limits.low, limits.high)
            self.device.set_control(Control.COOLER_ON, 1)
        elif control == MANUAL_POWER:
            self.device.set_control(Control.COOLER_ON, 0)

    def _nearest(self, control: Control, value: float, low: float, high: float) -> None:
        used = min(max(value, low), high)
        if used != value:
            log.warning("%s of %g is outside %g to %g: the camera gets %g.", control, value, low, high, used)
        try:
            self.device.set_control(control, used)
        except (NotSupported, InvalidValue) as error:
            log.warning("%s", error)
        except FullwellError as error:  # busy: it is sent again with the next exposure
            log.info("%s", error)

    def value(self, control: int) -> float:
        """`GetQHYCCDParam`."""
        known = self.facts.controls.get(control)
        if control == TEMPERATURE:
            return self.device.get_control(Control.SENSOR_TEMPERATURE_C)
        if control == POWER:
            return float(round(self.device.get_control(Control.COOLER_POWER_PERCENT) * 2.55))
        if control == WHEEL_PORT and known is not None:
            return float(ord(self.wheel_status())) if self.wheel_slots else 0.0
        if control == WHEEL_SLOTS:
            return float(self.wheel_slots) if self.wheel_slots else ERROR_VALUE
        if control in READINGS:
            return self._reading(READINGS[control])
        return self.values.get(control, ERROR_VALUE)

    def _reading(self, control: Control) -> float:
        try:
            return self.device.get_control(control)
        except NotSupported:
            return 0.0

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
        left, top, width, height = self.roi if self.roi[2] else (0, 0, *self.chip)
        if self.stream == LIVE:
            image_left, image_top = self.facts.live_shift
            left, top = left + image_left, top + image_top
        mode = self.facts.read_modes[self.mode]
        chains = len(self.device.model.mode(mode.mode).chains)
        window = Window(left, top, width, height)
        factor = self.bin * mode.hardware_bin
        return request(
            self.device.model,
            self.facts,
            window=window,
            chip=(mode.size[0] * mode.hardware_bin, mode.size[1] * mode.hardware_bin),
            factor=factor,
            bits=self.bits,
            chains=chains,
        )

    @property
    def chains(self) -> int:
        """Images of the same pixels in a frame."""
        return len(self.device.model.mode(self.facts.read_modes[self.mode].mode).chains)

    def start(self) -> None:
        """`ExpQHYCCDSingleFrame`; an exposure under way is abandoned."""
        self.cancel()
        with self._lock:
            if not self.initialised or self.stream == LIVE:
                self.device.initialise(self.facts.read_modes[self.mode].mode, Stream.SINGLE)
            wanted = self._request()
            if wanted is None:
                return
            self.device.configure(wanted.format)
            for number in (*KNOBS, EXPOSURE):
                self._send(number)
            self.device.start_exposure()
            self.has_exposed = True
            self._exposing = wanted
            self._exposure_begin_ns = self.device.clock.now_ns()

    @property
    def remaining_percent(self) -> int:
        """`GetQHYCCDExposureRemaining`: 100 to 0."""
        if self._exposing is None:
            return 0
        exposure_ns = self.values.get(EXPOSURE, 0.0) * 1000
        passed_ns = self.device.clock.now_ns() - self._exposure_begin_ns
        return max(0, min(100, round(100 - 100 * passed_ns / exposure_ns))) if exposure_ns > 0 else 0

    def fetch(self) -> bool:
        """`GetQHYCCDSingleFrame`: wait, and lay the frame into the first slot; False = there is none."""
        wanted = self._exposing
        if wanted is None:
            return False
        out = self.frames.view(0, wanted.shape, wanted.dtype)
        try:
            if wanted.straight(self.chains):
                self.device.read_frame(out)
            else:
                data = np.empty(wanted.format.shape(self.chains), wanted.format.dtype)
                self.device.read_frame(data)
                wanted.deliver(data, out)
        except FullwellError as error:
            log.info("no single frame: %s", error)
            return False
        finally:
            if self._exposing is wanted:
                self._exposing = None
        self.frames.publish(0, out)
        return True

    def cancel(self) -> None:
        """Abandon an exposure; whoever waits for it is told."""
        self._exposing = None
        if self._run is None:
            self.device.cancel_exposure()

    def begin_live(self) -> None:
        """`BeginQHYCCDLive`."""
        if self._run is not None or self.stream != LIVE:
            return
        with self._lock:
            if not self.initialised:
                self._prepare()
            wanted = self._request()
            if wanted is None:
                return
            self.device.configure(wanted.format)
            for number in (*KNOBS, EXPOSURE):
                self._send(number)
            self.frames.begin_run(wanted.shape[1], wanted.shape[0], wanted.bits)
            self._stopping.clear()
            self.device.start_live()
            self._run = threading.Thread(target=self._stream_frames, args=(wanted,), name="sdk-live", daemon=True)
            self._run.start()

    def _stream_frames(self, wanted: Request) -> None:
        straight, chains = wanted.straight(self.chains), self.chains
        spare = None if straight else np.empty(wanted.format.shape(chains), wanted.format.dtype)
        while not self._stopping.is_set():
            slot = self.frames.free_slot
            if slot is None:
                self._stopping.wait(0.0005)
                continue
            out = self.frames.view(slot, wanted.shape, wanted.dtype)
            try:
                report = self._read_live(out if spare is None else spare)
            except FullwellError as error:
                log.warning("the live run ends: %s", error)
                return
            if report is None:
                continue
            if spare is not None:
                wanted.deliver(spare, out)
            self.frames.lay(slot, out)

    def _read_live(self, out: NDArray[Any]) -> FrameReport | None:
        return self.device.read_live(out, LIVE_POLL_S)

    def stop_live(self) -> None:
        """`StopQHYCCDLive`. Harmless when no run is on."""
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


def _remembered(kind: str, value: float) -> float:
    if kind == "if one":
        return float(value == 1)
    return float(value != 0) if kind == "if not zero" else value
