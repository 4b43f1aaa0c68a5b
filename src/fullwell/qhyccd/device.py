"""A real camera at the far end of the cable (`fullwell.camera.device.Device`)."""

from __future__ import annotations

import math
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.clock import Clock, RealClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.frame import (
    DeviceIdentity,
    FrameFormat,
    FrameReport,
    Observation,
    Overlay,
    Readings,
    Settings,
)
from fullwell.errors import (
    DeviceFault,
    DeviceLost,
    ExposureAborted,
    InvalidOperation,
    InvalidValue,
    NoImage,
    NotSupported,
)
from fullwell.models.facts import CameraModel, Window
from fullwell.models.sdk import load_sdk
from fullwell.qhyccd.burst import QhyccdBurst
from fullwell.qhyccd.knobs import Knobs
from fullwell.qhyccd.mapping import RawWindow, deliver, raw_window, read_mode_of
from fullwell.qhyccd.timing import start_of_arrived_ns, timing_as_told, timing_by_facts
from fullwell.qhyccd.triggers import SOFT_TRIGGER, TriggerPort
from fullwell.qhyccd.waiting import ArmedExposure
from fullwell.qhyccd.worker import Worker
from fullwell.readout.rows import RowTiming

READ_OUT_S: Final = 30.0
"""Longest that read-out and transfer of a frame may take beyond what they should."""
PAGE_BYTES: Final = 4096
LIVE_SLICE_S: Final = 0.5
HOST_UNCERTAINTY_NS: Final = 5_000_000
"""How well the moment is known at which the vendor's library told the camera to begin: a few USB frames."""
BURST_MODE: Final = 72


class QhyccdDevice:
    """A camera behind the vendor's library, which lives in a child process.

    Parameters
    ----------
    identity : str
        As the library names it ("QHY600M-2c52f645aa1c25b9").
    model : CameraModel
        Facts that belong to it.
    link : str, optional
        Name of the cable; default is the first of the model.
    clock : Clock, optional
        Default is the real one; nothing else makes sense.

    Notes
    -----
    The library bins in 16 bits, which can saturate; here it never bins, and sums are made afterwards, exact. It
    takes pixels out of the frame only by its own rows and columns; the model's order of rows is made here.
    Hardware frame numbers are not to be had from the library: frames are counted as they arrive, and nobody knows
    of frames that were lost on the way, except by the stamps of a GPS box.
    """

    def __init__(
        self, identity: str, model: CameraModel, *, link: str | None = None, clock: Clock | None = None
    ) -> None:
        self._model, self._facts = model, load_sdk(model.key)
        self._link = model.link(link).name if link is not None else model.links[0].name
        self._clock = RealClock() if clock is None else clock
        self._identity = DeviceIdentity(identity, model.key, "", "", "qhyccd")
        self._worker: Worker | None = None
        self._about: dict[str, Any] = {}
        self._stream: Stream | None = None
        self._mode = model.default_mode
        self._format = FrameFormat(Window(0, 0, 8, 8))
        self._raw = RawWindow(Window(0, 0, 8, 8), False, Window(0, 0, 8, 8))
        self._begin_ns: int | None = None
        self._end_s = 0.0
        self._cancelled = False
        self._live = False
        self._sequence = 0
        self._told_is_old = True
        self._changes: deque[tuple[int, Settings, RowTiming]] = deque()
        self._armed: ArmedExposure | None = None
        self._trigger_ns = 0
        self._port = TriggerPort(model, self._facts, self._do)
        self._knobs = Knobs(model, self._port, self._do)
        self._burst = self._make_burst()

    def _make_burst(self) -> QhyccdBurst | None:
        if self._model.burst is None:
            return None
        return QhyccdBurst(
            self._model.burst,
            self._link,
            self._do,
            exposure_s=lambda: self._knobs.values[Control.EXPOSURE_S],
            next_number=lambda: self._sequence,
        )

    @staticmethod
    def scan() -> list[str]:
        """Names of the cameras that are attached."""
        worker = Worker(PAGE_BYTES)
        try:
            found: list[str] = worker.do("scan")
            return found
        finally:
            worker.close()

    @property
    def identity(self) -> DeviceIdentity:
        """Who it is; firmware and FPGA are known once it was open."""
        return self._identity

    @property
    def model(self) -> CameraModel:
        """The facts that belong to it."""
        return self._model

    @property
    def clock(self) -> Clock:
        """Real time."""
        return self._clock

    @property
    def link(self) -> str:
        """Name of the cable it hangs on."""
        return self._link

    @property
    def burst(self) -> QhyccdBurst | None:
        """The burst calls; None where camera or library have none, and before the first `open`."""
        about = self._about
        has = BURST_MODE in about.get("controls", ()) and "EnableQHYCCDBurstMode" in about.get("functions", ())
        return self._burst if has else None

    @property
    def process_id(self) -> int | None:
        """Of the child with the library in it; None when closed."""
        return None if self._worker is None else self._worker.process_id

    def open(self) -> None:
        """Start the child and open the camera in it; an old child is ended.

        Raises
        ------
        DeviceLost
            If there is no such camera, or it cannot be opened.
        MissingFile, NotSupported
            If there is no library, or none that works here.
        """
        self.close()
        geometry = self._model.sensor.geometry
        widest = max(geometry.total_width, *(mode.size[0] for mode in self._facts.read_modes))
        highest = max(geometry.total_height, *(mode.size[1] for mode in self._facts.read_modes))
        worker = Worker(2 * widest * highest)
        try:
            self._about = worker.do("open", self._identity.id)
        except BaseException:
            worker.close()
            raise
        self._worker = worker
        self._identity = DeviceIdentity(
            self._identity.id, self._model.key, self._about["firmware"], self._about["fpga"], "qhyccd"
        )
        self._sequence = 0
        self._port.connect()
        self._knobs.connect(self._about)
        if self._burst is not None:
            self._burst.connect()

    def close(self) -> None:
        """Let go. Harmless when closed."""
        worker, self._worker = self._worker, None
        armed, self._armed = self._armed, None
        self._stream, self._begin_ns, self._live = None, None, False
        if armed is not None:
            armed.cancel()  # else whoever waits for its trigger would wait for ever
        if worker is not None:
            with suppress(DeviceFault):
                worker.do("close", limit_s=5.0)
            worker.close()

    def initialise(self, mode: int, stream: Stream) -> None:
        """Choose read mode and stream; all settings are defaults afterwards, to be sent again."""
        number = read_mode_of(self._model, self._facts, self._about["read_modes"], mode)
        self._do("initialise", number, 1 if stream is Stream.LIVE else 0)
        self._mode, self._stream = mode, stream
        self._knobs.forget()
        self._told_is_old = True
        self._port.send_again()

    def configure(self, frame_format: FrameFormat) -> None:
        """Choose window, binning, word depth.

        Raises
        ------
        InvalidValue
            If the library does not give as much in live frames.
        """
        self._require_stream()
        self._raw = raw_window(self._model, self._facts, frame_format, self._chains)
        window = self._raw.window
        left, top = window.left, window.top
        if self._stream is Stream.LIVE:
            left, top = left - self._facts.live_shift[0], top - self._facts.live_shift[1]
            self._require_in_live(left + window.width, top + window.height)
        self._do("configure", left, top, window.width, window.height, 8 if frame_format.bits == 8 else 16)
        self._format = frame_format
        self._told_is_old = True

    def _require_in_live(self, right: int, bottom: int) -> None:
        if not self._facts.chip_live:
            return
        columns, rows = self._facts.chip_live
        if right > columns or bottom > rows:
            raise InvalidValue(
                f"the vendor's library gives {columns} columns and {rows} rows of this camera in live frames; "
                f"the window ends at column {right}, row {bottom}.",
                f"Choose a window within Window(0, 0, {columns}, {rows}), or take single frames.",
            )

    @property
    def _chains(self) -> int:
        return len(self._model.mode(self._mode).chains)

    def set_control(self, control: Control, value: float) -> None:
        """Set a control; what the camera then uses is read back.

        Raises
        ------
        NotSupported
            If this camera has none.
        """
        if self._live:
            self._changes.append((time.time_ns(), self._settings(), self.precise_timing()))
        self._knobs.set(control, value)
        self._told_is_old = True

    def get_control(self, control: Control) -> float:
        """Read a control.

        Raises
        ------
        NotSupported
            If this camera has none.
        """
        return self._knobs.get(control)

    def precise_timing(self) -> RowTiming:
        """The clockwork: by the camera once a frame with the present settings has come, else by the facts."""
        settings = self._settings()
        told = None if self._told_is_old else self._do("timing")
        if told is None:
            return timing_by_facts(self._model, settings)
        return timing_as_told(self._model, settings, told)

    def start_exposure(self) -> None:
        """Begin a single exposure."""
        if self._stream is not Stream.SINGLE:
            raise InvalidOperation("the camera is not set up for single exposures.", "initialise it first.")
        self._cancelled = False
        self._begin_ns = int(self._do("start_exposure"))
        self._end_s = time.monotonic() + self._knobs.values[Control.EXPOSURE_S]
        hears = self._port.input not in ("off", "soft")
        self._armed = ArmedExposure(self._fetch_triggered if hears else None) if self.waits() else None

    def exposure_remaining_s(self) -> float:
        """Time until the frame can be read, s; infinite while it waits for a trigger."""
        armed = self._armed
        if armed is not None and armed.begin_ns is None:
            return 0.0 if armed.arrived else math.inf
        return max(0.0, self._end_s - time.monotonic()) if self._begin_ns is not None else 0.0

    def stop_exposure(self) -> None:
        """Not possible: the vendor's library ends an exposure only without its frame."""
        raise NotSupported("this camera cannot keep a shortened exposure.", "abort() it, or wait.")

    def cancel_exposure(self) -> None:
        """Abandon the exposure. Harmless when idle."""
        self._cancelled = True
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None
        if self._worker is not None and self._begin_ns is not None:
            self._begin_ns = None
            self._do("cancel")

    def read_frame(self, out: NDArray[Any]) -> FrameReport:
        """Wait for the frame and copy it into `out`."""
        begin_ns = self._begin_ns
        if begin_ns is None:
            raise NoImage("there is no exposure to read.", "Start one first.")
        armed = self._armed
        if armed is not None:
            armed.wait(None)
            armed.join()
        done = (armed is not None and armed.arrived) or self._fetch_single(self.exposure_remaining_s())
        arrival_ns = time.time_ns()
        if not done or self._cancelled or self._begin_ns != begin_ns:
            raise ExposureAborted("the exposure was aborted.", "Start another one.")
        self._begin_ns = self._armed = None
        self._told_is_old = False
        timing, settings = self.precise_timing(), self._settings()
        self._deliver(self._raw_view(), out)
        if armed is None:
            return self._report(out, timing, settings, begin_ns, HOST_UNCERTAINTY_NS)
        start_ns = start_of_arrived_ns(arrival_ns, timing)
        uncertainty_ns = max(timing.transfer_ns, self._trigger_ns, HOST_UNCERTAINTY_NS)
        return self._report(out, timing, settings, armed.begin_ns or start_ns, uncertainty_ns)

    def _fetch_single(self, left_s: float | None) -> bool:
        """Have the frame of an exposure laid into the shared memory; None = nobody knows how long it takes."""
        raw = self._raw_view()
        limit_s = None
        if left_s is not None:
            limit_s = left_s + self.precise_timing().frame_period_ns * 1e-9 + READ_OUT_S
        return bool(self._do("read_frame", raw.shape, raw.dtype.str, self._end_s, limit_s=limit_s))

    def _fetch_triggered(self) -> bool:
        self._end_s = time.monotonic()
        return self._fetch_single(None)

    # Triggers.

    def waits(self) -> bool:
        """Whether exposures wait for a trigger."""
        return self._port.input != "off"

    def soft_trigger(self) -> None:
        """Start what waits. Harmless when nothing does."""
        armed = self._armed
        if not self.waits():
            return
        self._port.require(SOFT_TRIGGER)
        before_ns = time.time_ns()
        if not self._do("call", SOFT_TRIGGER):
            raise DeviceFault("the vendor's library refused the soft trigger.", "open() again.")
        self._trigger_ns = time.time_ns() - before_ns
        if armed is not None and armed.begin_ns is None:
            self._end_s = time.monotonic() + self._knobs.values[Control.EXPOSURE_S]
            armed.begin(before_ns + self._trigger_ns)

    def exposure_start_ns(self) -> int | None:
        """UTC at which the exposure under way began, as far as it is known."""
        if self._armed is not None:
            return self._armed.begin_ns
        return self._begin_ns

    def wait_for_start(self, timeout_s: float | None) -> bool:
        """Wait for the trigger; one from outside is known only by the frame that it gave."""
        return True if self._armed is None else self._armed.wait(timeout_s)

    def trigger_edges_ns(self, begin_ns: int, end_ns: int) -> tuple[int, ...]:  # noqa: ARG002
        """None: the library tells of no edges."""
        return ()

    def start_live(self) -> None:
        """Let the sensor run freely."""
        if self._stream is not Stream.LIVE:
            raise InvalidOperation("the camera is not set up for live frames.", "initialise it first.")
        self._do("begin_live")
        self._changes.clear()
        self._live = True

    def read_live(self, out: NDArray[Any], timeout_s: float) -> FrameReport | None:
        """Wait at most `timeout_s` for the next frame; None if there was none."""
        end_s = time.monotonic() + timeout_s
        raw = self._raw_view()
        while self._live:
            left_s = min(LIVE_SLICE_S, end_s - time.monotonic())
            if left_s <= 0:
                return None
            if self._do("read_live", raw.shape, raw.dtype.str, left_s):
                break
        else:
            return None
        arrival_ns = time.time_ns()
        settings, timing = self._in_force(arrival_ns)
        self._deliver(raw, out)
        start_ns = start_of_arrived_ns(arrival_ns, timing)
        return self._report(out, timing, settings, start_ns, max(timing.transfer_ns, HOST_UNCERTAINTY_NS))

    def _in_force(self, arrival_ns: int) -> tuple[Settings, RowTiming]:
        """What a live frame was taken with: changes hold from the next frame that begins."""
        while self._changes:
            changed_ns, settings, timing = self._changes[0]
            if start_of_arrived_ns(arrival_ns, timing) < changed_ns:
                return settings, timing
            self._changes.popleft()
        self._told_is_old = False
        return self._settings(), self.precise_timing()

    def stop_live(self) -> None:
        """Stop the free run. Harmless when idle."""
        if self._live and self._worker is not None:
            self._live = False
            self._do("stop_live")

    def reset_undervoltage(self) -> None:
        """Erase the camera's memory of under-voltage.

        Raises
        ------
        NotSupported
            If the camera has none, or the library is too old.
        """
        self._knobs.get(Control.UVLO_STATUS)
        self._do("reset_undervoltage")

    def wheel_names(self) -> tuple[str, ...]:
        """Slots of the filter wheel: the library knows only their number. It homes after power-up: ask again."""
        slots = self._knobs.wheel_slots() if self._worker is not None else 0
        return tuple(f"slot {number + 1}" for number in range(slots))

    def _do(self, name: str, *arguments: Any, **limits: float | None) -> Any:
        worker = self._worker
        if worker is None:
            raise DeviceLost("the camera is not open.", "open() it first.")
        return worker.do(name, *arguments, **limits)

    def _require_stream(self) -> None:
        if self._stream is None:
            raise InvalidOperation("the camera is not initialised.", "initialise it first.")

    def _settings(self) -> Settings:
        values = self._knobs.values
        return Settings(
            mode=self._mode,
            exposure_s=values[Control.EXPOSURE_S],
            gain=round(values[Control.GAIN]),
            offset=round(values[Control.OFFSET]),
            usb_traffic=round(values[Control.USB_TRAFFIC]),
            speed=round(values[Control.SPEED]),
            format=self._format,
            anti_glow=bool(values[Control.ANTI_GLOW]),
            telegraph_suppression=bool(values[Control.TELEGRAPH_SUPPRESSION]),
            link=self._link,
            gps=bool(values[Control.GPS]),
            overlay=tuple(Overlay)[round(values[Control.OVERLAY])],
            anti_rbi=bool(values[Control.ANTI_RBI]),
        )

    def _raw_view(self) -> NDArray[Any]:
        """The child's frame as it will lie in shared memory."""
        window = self._raw.window
        dtype = np.dtype(np.uint8 if self._format.bits == 8 else np.uint16)
        worker = self._worker
        if worker is None:
            raise DeviceLost("the camera is not open.", "open() it first.")
        count = window.width * window.height
        return np.frombuffer(worker.frames, dtype, count).reshape(window.height, window.width)

    def _deliver(self, raw: NDArray[Any], out: NDArray[Any]) -> None:
        shift = self._facts.image_at[1] - self._model.sensor.geometry.effective.top
        stamp_bytes = self._model.shutter_signal.stamp_bytes if self._knobs.values[Control.GPS] else 0
        spare_bits = 0 if self._format.bits == 8 else 16 - self._format.bits
        deliver(raw, self._raw, shift, self._format.bin, out, stamp_bytes, spare_bits)

    def _report(
        self, out: NDArray[Any], timing: RowTiming, settings: Settings, start_ns: int, uncertainty_ns: int
    ) -> FrameReport:
        numbers = self._burst.arrived() if self._live and self._burst is not None else None
        sequence, counter = (self._sequence, None) if numbers is None else numbers
        self._sequence = sequence + 1
        return FrameReport(
            sequence=sequence,
            shape=(out.shape[0], out.shape[1]),
            settings=settings,
            timing=timing,
            row0_start_ns=start_ns,
            time_source="host",
            time_uncertainty_ns=uncertainty_ns,
            readings=self._readings(),
            observation=Observation(),
            counter=counter,
        )

    def _readings(self) -> Readings:
        known = {}
        for name, control in (
            ("sensor_temperature_c", Control.SENSOR_TEMPERATURE_C),
            ("cooler_power_percent", Control.COOLER_POWER_PERCENT),
        ):
            try:
                known[name] = self.get_control(control)
            except NotSupported:
                continue
        return Readings(**known, target_temperature_c=self._knobs.target_c)
