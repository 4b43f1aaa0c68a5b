"""A device whose pixels are a function of their place, so that any window and binning can be foretold."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import lru_cache

import numpy as np

from fullwell import models
from fullwell.camera.clock import Clock, RealClock
from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.device import Stream
from fullwell.camera.frame import DeviceIdentity, FrameFormat, FrameReport, Observation, Readings, Settings
from fullwell.errors import ExposureAborted, NotSupported
from fullwell.models.facts import CameraModel, Geometry, Window
from fullwell.readout.rows import RowTiming

READ_NS = 20_000_000
LINE_NS = 1000


def small(key: str, width: int = 90, height: int = 61) -> CameraModel:
    """A real model with a handful of pixels."""
    model = models.load(key)
    geometry = Geometry(
        width + 4, height + 2, Window(4, 0, width, height), (), (), (), model.sensor.geometry.pixel_size_um
    )
    return replace(model, sensor=replace(model.sensor, geometry=geometry))


@lru_cache(maxsize=64)
def pattern(frame_format: FrameFormat, chains: int = 1) -> np.ndarray:
    """The frame of a format, by plain numpy."""
    window, bin_ = frame_format.window, frame_format.bin
    rows = np.arange(window.top, window.bottom, dtype=np.uint32)[:, None]
    columns = np.arange(window.left, window.right, dtype=np.uint32)[None, :]
    images = []
    for chain in range(chains):
        counts = 31 * rows * columns  # wraps at 2**32, of which every word depth is a divisor
        counts += 7919 * rows + np.uint32(12345 * chain)
        counts += 104729 * columns
        counts %= np.uint32(2**frame_format.bits)
        shape = (window.height // bin_, bin_, window.width // bin_, bin_)
        images.append(counts if bin_ == 1 else counts.reshape(shape).sum(axis=(1, 3)))
    frame = np.hstack(images).astype(frame_format.dtype)
    frame.flags.writeable = False
    return frame


class PatternDevice:
    """`fullwell.camera.device.Device`, as small as can be."""

    def __init__(
        self, model: CameraModel, clock: Clock | None = None, link: str | None = None, serial: int = 1
    ) -> None:
        self.model = model
        self.clock = clock or RealClock()
        self.link = link or model.links[0].name
        self.identity = DeviceIdentity(f"{model.sdk_name}-pattern{serial}", model.key, "1", "1", "twin", serial)
        self.read_ns = READ_NS
        self.fault: Exception | None = None
        self.opened = 0
        self._values = {
            Control.EXPOSURE_S: model.exposure_s.default,
            Control.GAIN: model.gain.default,
            Control.OFFSET: model.offset.default,
            Control.USB_TRAFFIC: model.usb_traffic.default,
            Control.SPEED: model.speed.default,
            Control.TARGET_TEMPERATURE_C: -10.0,
            Control.COOLER_ON: 0.0,
            Control.ANTI_GLOW: 0.0,
            Control.TELEGRAPH_SUPPRESSION: 0.0,
            Control.SENSOR_TEMPERATURE_C: 3.25,
            Control.COOLER_POWER_PERCENT: 40.0,
            Control.AMBIENT_TEMPERATURE_C: 20.0,
            Control.HUMIDITY_PERCENT: 50.0,
            Control.PRESSURE_HPA: 1000.0,
            Control.WINDOW_HEATER: 0.0,
            Control.FAN: 1.0,
            Control.SUPPLY_VOLTAGE_V: 12.34,
            Control.UVLO_STATUS: 1.0,
        }
        if model.wheel_slots:
            self._values[Control.WHEEL_POSITION] = 0.0
        self._wheel_arrival_ns = 0
        self._mode = model.default_mode
        self._format = FrameFormat(Window(0, 0, 1, 1))
        self._wake = threading.Event()
        self._cancelled = False
        self._start_ns = self._exposure_ns = 0
        self._sequence = 0

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.cancel_exposure()

    def initialise(self, mode: int, stream: Stream) -> None:
        self._mode = mode
        for control, name in ((Control.GAIN, "gain"), (Control.OFFSET, "offset")):
            self._values[control] = getattr(self.model, name).default

    def configure(self, frame_format: FrameFormat) -> None:
        self._format = frame_format

    def set_control(self, control: Control, value: float) -> None:
        if control is Control.WHEEL_POSITION:
            self._wheel_arrival_ns = self.clock.now_ns() + 200_000_000
        self.get_control(control)
        self._values[control] = value

    def get_control(self, control: Control) -> float:
        if control not in self._values:
            raise NotSupported(f"no {CONTROLS[control].title}")
        if control is Control.WHEEL_POSITION and self.clock.now_ns() < self._wheel_arrival_ns:
            return -1.0
        return self._values[control]

    def precise_timing(self) -> RowTiming:
        return self._timing(round(self._values[Control.EXPOSURE_S] * 1e9))

    def start_exposure(self) -> None:
        self._cancelled = False
        self._wake.clear()
        self._exposure_ns = round(self._values[Control.EXPOSURE_S] * 1e9)
        self._start_ns = self.clock.now_ns()

    def exposure_remaining_s(self) -> float:
        return max(0, self._start_ns + self._exposure_ns - self.clock.now_ns()) * 1e-9

    def stop_exposure(self) -> None:
        self._exposure_ns = min(self._exposure_ns, self.clock.now_ns() - self._start_ns)
        self._wake.set()

    def cancel_exposure(self) -> None:
        self._cancelled = True
        self._wake.set()

    def read_frame(self, out: np.ndarray) -> FrameReport:
        self.clock.sleep_until(self._start_ns + self._exposure_ns, self._wake)
        if not self._cancelled:
            self._wake.clear()
            self.clock.sleep_until(self.clock.now_ns() + self.read_ns, self._wake)
        if self._cancelled:
            raise ExposureAborted("cancelled")
        if self.fault is not None:
            raise self.fault
        out[:] = pattern(self._format, len(self.model.mode(self._mode).chains))
        self._sequence += 1
        return FrameReport(
            self._sequence,
            out.shape,
            self._settings(),
            self._timing(self._exposure_ns),
            self._start_ns,
            "host",
            1000,
            Readings(),
            Observation(),
        )

    def start_live(self) -> None:
        raise NotSupported("no live")

    def read_live(self, out: np.ndarray, timeout_s: float) -> FrameReport | None:
        raise NotSupported("no live")

    def stop_live(self) -> None:
        pass

    def wheel_names(self) -> tuple[str, ...]:
        return ("L", "R", "G", "B", "Ha", "OIII", "SII")[: self.model.wheel_slots]

    def _timing(self, exposure_ns: int) -> RowTiming:
        return RowTiming(LINE_NS, 1, self._format.window.top, exposure_ns, exposure_ns, LINE_NS, self.read_ns, 0)

    def _settings(self) -> Settings:
        values = self._values
        return Settings(
            self._mode,
            values[Control.EXPOSURE_S],
            int(values[Control.GAIN]),
            int(values[Control.OFFSET]),
            int(values[Control.USB_TRAFFIC]),
            int(values[Control.SPEED]),
            self._format,
            bool(values[Control.ANTI_GLOW]),
            bool(values[Control.TELEGRAPH_SUPPRESSION]),
            self.link,
        )
