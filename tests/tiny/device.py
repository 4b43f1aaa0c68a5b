"""A device that obeys the protocol and no more: it keeps what it is told, forgets it at `initialise`, and paints
each frame with its number."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.clock import Clock
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.frame import (
    DeviceIdentity,
    FrameFormat,
    FrameReport,
    Observation,
    Readings,
    Truth,
)
from fullwell.camera.request import FIELDS, default_choice
from fullwell.errors import ExposureAborted, NoImage, NotSupported
from fullwell.models.facts import CameraModel
from fullwell.readout.rows import RowTiming
from fullwell.readout.timing import row_timing
from tiny.burst import TinyBurst

OWN_DEFAULTS = {"gain": 0, "offset": 0, "exposure_s": 0.02, "usb_traffic": 0, "speed": 0}
"""What a camera falls back to at `initialise`: never what the user wants."""

TRIGGER_LATENCY_NS = 1000

BUFFERED = 2
"""Live frames that wait in the device; older ones are lost."""


class TinyDevice:
    """The far end of the cable; time passes only on `clock`."""

    def __init__(self, model: CameraModel, clock: Clock, link: str = "usb3") -> None:
        self.model, self.clock, self.link = model, clock, link
        self.identity = DeviceIdentity("TINY1-0001", model.key, "1.0", "2.0", "twin", 1)
        self.sequence = -1
        self.connected = False
        self._factory = default_choice(model, link).settings
        self._settings = self._factory
        self._others = {
            Control.TARGET_TEMPERATURE_C: 0.0,
            Control.COOLER_ON: 0.0,
            Control.SENSOR_TEMPERATURE_C: 20.0,
            Control.COOLER_POWER_PERCENT: 0.0,
            Control.AMBIENT_TEMPERATURE_C: 20.0,
            Control.HUMIDITY_PERCENT: 40.0,
            Control.PRESSURE_HPA: 1000.0,
            Control.MEMORY_FILL_KB: 0.0,
            Control.WHEEL_POSITION: 0.0,
            Control.TRIGGER_INPUT: 0.0,
        }
        self._armed = False
        self._wheel_arrives_ns = 0
        self._stream = Stream.SINGLE
        self._begin_ns: int | None = None
        self._exposure_ns = 0
        self._wake = threading.Event()
        self._live_from: tuple[int, int] | None = None
        self.burst = TinyBurst(self._restart) if model.burst is not None else None

    def open(self) -> None:
        self.connected = True

    def close(self) -> None:
        self.connected = False
        self._live_from = self._begin_ns = None

    def initialise(self, mode: int, stream: Stream) -> None:
        factory = self._factory
        self._settings = replace(factory, mode=mode, **OWN_DEFAULTS)
        self._stream = stream

    def configure(self, frame_format: FrameFormat) -> None:
        self._settings = replace(self._settings, format=frame_format)

    def set_control(self, control: Control, value: float) -> None:
        if control is Control.WHEEL_POSITION:
            self._wheel_arrives_ns = self.clock.now_ns() + 1_000_000_000
        for name, known in FIELDS.items():
            if known is control:
                kind = type(getattr(self._settings, name))
                self._settings = replace(self._settings, **{name: kind(value)})
                return
        if control not in self._others:
            raise NotSupported(f"no {control}")
        self._others[control] = value

    def get_control(self, control: Control) -> float:
        if control is Control.WHEEL_POSITION and self.clock.now_ns() < self._wheel_arrives_ns:
            return -1.0
        for name, known in FIELDS.items():
            if known is control:
                return float(getattr(self._settings, name))
        if control not in self._others:
            raise NotSupported(f"no {control}")
        if control is Control.SENSOR_TEMPERATURE_C and self._others[Control.COOLER_ON]:
            return self._others[Control.TARGET_TEMPERATURE_C]
        return self._others[control]

    def precise_timing(self) -> RowTiming:
        used = self._settings
        return row_timing(
            self.model,
            used.mode,
            used.format.window,
            exposure_s=used.exposure_s,
            link=self.link,
            bits=used.format.bits,
            usb_traffic=used.usb_traffic,
            speed=used.speed,
            overscan=used.format.overscan,
        )

    def start_exposure(self) -> None:
        assert self._stream is Stream.SINGLE
        self._wake.clear()
        self._armed = self.waits()
        self._begin_ns = None if self._armed else self.clock.now_ns()
        self._exposure_ns = self.precise_timing().exposure_ns

    def waits(self) -> bool:
        return self._others[Control.TRIGGER_INPUT] > 0

    def soft_trigger(self) -> None:
        if self._armed:
            self._armed, self._begin_ns = False, self.clock.now_ns() + TRIGGER_LATENCY_NS
            self._wake.set()

    def exposure_start_ns(self) -> int | None:
        begin_ns = self._begin_ns
        return begin_ns if begin_ns is not None and begin_ns <= self.clock.now_ns() else None

    def wait_for_start(self, timeout_s: float | None) -> bool:
        give_up_ns = 2**62 if timeout_s is None else self.clock.now_ns() + round(timeout_s * 1e9)
        while self._armed and self.clock.now_ns() < give_up_ns:
            if timeout_s is None:
                self._wake.wait(0.05)
            else:
                self.clock.sleep_until(give_up_ns, self._wake)
            self._wake.clear()
        if not self._armed and self._begin_ns is None:
            raise ExposureAborted("cancelled")
        return not self._armed

    def trigger_edges_ns(self, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        return ()

    def _ready_ns(self) -> int:
        assert self._begin_ns is not None
        timing = self.precise_timing()
        return self._begin_ns + self._exposure_ns + timing.read_ns + timing.transfer_ns

    def exposure_remaining_s(self) -> float:
        if self._armed:
            return float("inf")
        if self._begin_ns is None:
            return 0.0
        return max(0, self._ready_ns() - self.clock.now_ns()) * 1e-9

    def stop_exposure(self) -> None:
        if self._begin_ns is not None:
            self._exposure_ns = min(self._exposure_ns, self.clock.now_ns() - self._begin_ns)
            self._wake.set()

    def cancel_exposure(self) -> None:
        self._begin_ns = None
        self._armed = False
        self._wake.set()

    def read_frame(self, out: NDArray[Any]) -> FrameReport:
        while self._begin_ns is not None and not self.clock.sleep_until(self._ready_ns(), self._wake):
            if self._begin_ns is not None:
                self._wake.clear()  # stopped: wait for the read-out
        begin_ns, self._begin_ns = self._begin_ns, None
        if begin_ns is None:
            raise ExposureAborted("cancelled")
        timing = replace(self.precise_timing(), exposure_ns=self._exposure_ns)
        self.sequence += 1
        return self._fill(out, timing, begin_ns)

    def start_live(self) -> None:
        assert self._stream is Stream.LIVE
        self._wake.clear()
        self._restart()

    def _restart(self) -> None:
        self._live_from = (self.clock.now_ns(), self.sequence + 1)

    def read_live(self, out: NDArray[Any], timeout_s: float) -> FrameReport | None:
        run = self._live_from
        if run is None:
            return None
        give_up_ns = self.clock.now_ns() + round(timeout_s * 1e9)
        from_ns, first = run
        timing = self.precise_timing()
        arrived = (self.clock.now_ns() - from_ns) // timing.frame_period_ns
        index = max(self.sequence - first + 1, arrived - BUFFERED)
        sent = self.burst.sent if self.burst is not None else None
        if sent is not None:
            index = max(index, sent.start)
            if index >= sent.stop:
                self.clock.sleep_until(give_up_ns, self._wake)
                return None
        begin_ns = from_ns + index * timing.frame_period_ns
        there = self.clock.sleep_until(min(give_up_ns, begin_ns + timing.frame_period_ns), self._wake)
        if not there or self.clock.now_ns() < begin_ns + timing.frame_period_ns:
            return None
        self.sequence = first + index
        report = self._fill(out, timing, begin_ns)
        return report if sent is None else replace(report, counter=index)

    def stop_live(self) -> None:
        self._live_from = None
        self._wake.set()

    def wheel_names(self) -> tuple[str, ...]:
        return ("L", "R", "G", "B", "Ha")[: self.model.wheel_slots]

    def truth(self, sequence: int) -> Truth:
        if sequence > self.sequence:
            raise NoImage("not taken yet")
        return Truth(np.full((2, 2), sequence, np.float32), None, {})

    def _fill(self, out: NDArray[Any], timing: RowTiming, begin_ns: int) -> FrameReport:
        used = self._settings
        assert out.shape == used.format.shape(len(self.model.mode(used.mode).chains))
        assert out.dtype == used.format.dtype
        out[...] = self.sequence % 251
        observation = Observation("nothing", "L")
        return FrameReport(self.sequence, out.shape, used, timing, begin_ns, "twin", 0, Readings(), observation)


def plain(clock: Clock, model: CameraModel, link: str) -> TinyDevice:
    return TinyDevice(model, clock, link)


def twin(clock: Clock, model: CameraModel, link: str) -> object:
    from fullwell.scene import Uniform
    from fullwell.twin.device import TwinDevice

    return TwinDevice(model, Uniform(100.0), filter_name="L", seed=1, clock=clock, link=link, threads=1)
