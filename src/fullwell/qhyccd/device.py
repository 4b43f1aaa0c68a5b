"""A real camera at the far end of the cable (`fullwell.camera.device.Device`)."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.clock import Clock, RealClock
from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.device import Stream
from fullwell.camera.frame import DeviceIdentity, FrameFormat, FrameReport, Observation, Readings, Settings
from fullwell.errors import DeviceFault, DeviceLost, ExposureAborted, InvalidOperation, NoImage, NotSupported
from fullwell.models.facts import CameraModel, Window
from fullwell.models.sdk import load_sdk
from fullwell.qhyccd.mapping import RawWindow, deliver, raw_window, read_mode_of
from fullwell.qhyccd.worker import Worker
from fullwell.readout.rows import RowTiming
from fullwell.readout.timing import row_timing

MICROSECONDS: Final = 1e6
READ_OUT_S: Final = 30.0
"""Longest that read-out and transfer of a frame may take beyond what they should."""
PAGE_BYTES: Final = 4096
LIVE_SLICE_S: Final = 0.5
HOST_UNCERTAINTY_NS: Final = 5_000_000
"""How well the moment is known at which the vendor's library told the camera to begin: a few USB frames."""
DEFAULTS: Final = {
    Control.EXPOSURE_S: 0.02,
    Control.GAIN: 0.0,
    Control.OFFSET: 0.0,
    Control.USB_TRAFFIC: 0.0,
    Control.SPEED: 0.0,
    Control.ANTI_GLOW: 0.0,
    Control.TELEGRAPH_SUPPRESSION: 0.0,
}


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
        self._values = dict(DEFAULTS)
        self._target_c = 0.0
        self._cooler_on = False
        self._format = FrameFormat(Window(0, 0, 8, 8))
        self._raw = RawWindow(Window(0, 0, 8, 8), False, Window(0, 0, 8, 8))
        self._begin_ns: int | None = None
        self._end_s = 0.0
        self._cancelled = False
        self._live = False
        self._sequence = 0

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

    def close(self) -> None:
        """Let go. Harmless when closed."""
        worker, self._worker = self._worker, None
        self._stream, self._begin_ns, self._live = None, None, False
        if worker is not None:
            with suppress(DeviceFault):
                worker.do("close", limit_s=5.0)
            worker.close()

    def initialise(self, mode: int, stream: Stream) -> None:
        """Choose read mode and stream; all settings are defaults afterwards, to be sent again."""
        number = read_mode_of(self._model, self._facts, self._about["read_modes"], mode)
        self._do("initialise", number, 1 if stream is Stream.LIVE else 0)
        self._mode, self._stream = mode, stream
        self._values = dict(DEFAULTS)

    def configure(self, frame_format: FrameFormat) -> None:
        """Choose window, binning, word depth."""
        self._require_stream()
        self._raw = raw_window(self._model, self._facts, frame_format, self._chains)
        window = self._raw.window
        left, top = window.left, window.top
        if self._stream is Stream.LIVE:
            left, top = left - self._facts.live_shift[0], top - self._facts.live_shift[1]
        self._do("configure", left, top, window.width, window.height, 8 if frame_format.bits == 8 else 16)
        self._format = frame_format

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
        match control:
            case Control.TARGET_TEMPERATURE_C:
                self._target_c = value
                if self._cooler_on:
                    self._do("cool", value)
            case Control.COOLER_ON:
                self._cooler_on = bool(value)
                self._do("cool", self._target_c if value else None)
            case Control.COOLER_POWER_PERCENT:
                self._cooler_on = False
                self._do("set_power", float(round(value * 2.55)))
            case Control.EXPOSURE_S:
                used_us = self._do("set_control", CONTROLS[control].sdk_id, value * MICROSECONDS)
                self._values[control] = used_us / MICROSECONDS
            case Control.WHEEL_POSITION:
                self._require_wheel()
                self._do("set_control", CONTROLS[control].sdk_id, float(ord(f"{int(value):X}")))
            case _:
                number = self._number(control)
                self._values[control] = self._do("set_control", number, value)

    def get_control(self, control: Control) -> float:
        """Read a control.

        Raises
        ------
        NotSupported
            If this camera has none.
        """
        match control:
            case Control.TARGET_TEMPERATURE_C:
                return self._target_c
            case Control.COOLER_ON:
                return float(self._cooler_on)
            case Control.COOLER_POWER_PERCENT:
                return float(self._do("get_control", CONTROLS[control].sdk_id)) / 2.55
            case Control.HUMIDITY_PERCENT | Control.PRESSURE_HPA:
                value = self._do("humidity" if control is Control.HUMIDITY_PERCENT else "pressure")
                if value is None:
                    raise NotSupported(f"this camera has no sensor for {CONTROLS[control].title.lower()}.")
                return float(value)
            case Control.WHEEL_POSITION:
                self._require_wheel()
                return float(int(chr(int(self._do("get_control", CONTROLS[control].sdk_id))), 16))
            case Control.EXPOSURE_S:
                return self._values[control]
            case _:
                number = self._number(control)
                if control in self._values:
                    return self._values[control]
                return float(self._do("get_control", number))

    def _number(self, control: Control) -> int:
        number = CONTROLS[control].sdk_id
        if number is None or number not in self._about.get("controls", ()):
            raise NotSupported(f"the {self._model.name} has no {CONTROLS[control].title.lower()}.")
        return number

    def _require_wheel(self) -> None:
        if not self._about.get("wheel"):
            raise NotSupported("there is no filter wheel on the camera port.")

    def precise_timing(self) -> RowTiming:
        """The clockwork: the camera's own figures where it gives them, else those of the model."""
        settings = self._settings()
        form = settings.format
        law = row_timing(
            self._model,
            self._mode,
            form.window,
            exposure_s=settings.exposure_s,
            link=self._link,
            bits=form.bits,
            usb_traffic=settings.usb_traffic,
            speed=settings.speed,
            overscan=form.overscan,
        )
        told = self._do("timing")
        if told is None:
            return law
        line_ns, frame_us, exposure_us, offset_ns = told
        steps = law.read_ns // (law.rows_per_step * law.line_period_ns)
        return RowTiming(
            line_period_ns=line_ns,
            rows_per_step=law.rows_per_step,
            top=law.top,
            exposure_ns=exposure_us * 1000 or law.exposure_ns,
            frame_period_ns=max(frame_us * 1000, exposure_us * 1000) or law.frame_period_ns,
            read_ns=steps * law.rows_per_step * line_ns,
            transfer_ns=law.transfer_ns,
            reference_to_row0_end_ns=offset_ns,
        )

    def start_exposure(self) -> None:
        """Begin a single exposure."""
        if self._stream is not Stream.SINGLE:
            raise InvalidOperation("the camera is not set up for single exposures.", "initialise it first.")
        self._cancelled = False
        self._begin_ns = int(self._do("start_exposure"))
        self._end_s = time.monotonic() + self._values[Control.EXPOSURE_S]

    def exposure_remaining_s(self) -> float:
        """Time until the frame can be read, s."""
        return max(0.0, self._end_s - time.monotonic()) if self._begin_ns is not None else 0.0

    def stop_exposure(self) -> None:
        """Not possible: the vendor's library ends an exposure only without its frame."""
        raise NotSupported("this camera cannot keep a shortened exposure.", "abort() it, or wait.")

    def cancel_exposure(self) -> None:
        """Abandon the exposure. Harmless when idle."""
        self._cancelled = True
        if self._worker is not None and self._begin_ns is not None:
            self._begin_ns = None
            self._do("cancel")

    def read_frame(self, out: NDArray[Any]) -> FrameReport:
        """Wait for the frame and copy it into `out`."""
        begin_ns = self._begin_ns
        if begin_ns is None:
            raise NoImage("there is no exposure to read.", "Start one first.")
        timing, settings = self.precise_timing(), self._settings()
        limit_s = self.exposure_remaining_s() + timing.frame_period_ns * 1e-9 + READ_OUT_S
        raw = self._raw_view()
        done = self._do("read_frame", raw.shape, raw.dtype.str, self._end_s, limit_s=limit_s)
        if not done or self._cancelled or self._begin_ns != begin_ns:
            raise ExposureAborted("the exposure was aborted.", "Start another one.")
        self._begin_ns = None
        self._deliver(raw, out)
        return self._report(out, timing, settings, begin_ns, HOST_UNCERTAINTY_NS)

    def start_live(self) -> None:
        """Let the sensor run freely."""
        if self._stream is not Stream.LIVE:
            raise InvalidOperation("the camera is not set up for live frames.", "initialise it first.")
        self._do("begin_live")
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
        timing = self.precise_timing()
        self._deliver(raw, out)
        start_ns = arrival_ns - timing.transfer_ns - timing.read_ns - timing.exposure_ns
        return self._report(out, timing, self._settings(), start_ns, max(timing.transfer_ns, HOST_UNCERTAINTY_NS))

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
        self._number(Control.UVLO_STATUS)
        self._do("reset_undervoltage")

    def wheel_names(self) -> tuple[str, ...]:
        """Slots of the filter wheel: the library knows only their number. It homes after power-up: ask again."""
        if not self._about.get("wheel"):
            self._about["wheel"] = self._worker is not None and self._do("wheel_plugged")
        if not self._about["wheel"]:
            return ()
        slots = self._do("get_control", 44)
        return tuple(f"slot {number + 1}" for number in range(int(slots)))

    def _do(self, name: str, *arguments: Any, **limits: float) -> Any:
        worker = self._worker
        if worker is None:
            raise DeviceLost("the camera is not open.", "open() it first.")
        return worker.do(name, *arguments, **limits)

    def _require_stream(self) -> None:
        if self._stream is None:
            raise InvalidOperation("the camera is not initialised.", "initialise it first.")

    def _settings(self) -> Settings:
        values = self._values
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
            gps=bool(values.get(Control.GPS, 0.0)),
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
        deliver(raw, self._raw, shift, self._format.bin, out)

    def _report(
        self, out: NDArray[Any], timing: RowTiming, settings: Settings, start_ns: int, uncertainty_ns: int
    ) -> FrameReport:
        sequence = self._sequence
        self._sequence += 1
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
        return Readings(**known, target_temperature_c=self._target_c if self._cooler_on else None)
