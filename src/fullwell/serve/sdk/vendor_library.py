"""The functions of the vendor's library, one by one: what each answers, and what it makes the camera do.

Each handler takes the call's values and gives an `Answer`. Names and orders are the library's; what they mean is
measured on version 26.6.4 (see ``models/sdk/*.toml`` and docs/decisions/0014-drop-in-library.md).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fullwell.camera.controls import Control
from fullwell.camera.device import Device
from fullwell.errors import FullwellError, NotSupported
from fullwell.models.sdk import SdkFacts, load_sdk
from fullwell.serve.sdk.vendor_camera import ERROR_VALUE, LIVE, SINGLE, VendorCamera
from fullwell.serve.sdk.wire import FAILED, SUCCESS, Answer, Question

log = logging.getLogger(__name__)

VERSION: Final = (26, 6, 4, 16)
UNKNOWN_MODE: Final = 0xFFFF
UNKNOWN_NAME: Final = "NON-EXIST"
REFUSED: Final = Answer(FAILED)
DONE: Final = Answer(SUCCESS)
HARMLESS: Final = frozenset(
    {"SetQHYCCDFocusSetting", "SetQHYCCDFrameDetectOnOff", "SetQHYCCDWriteCMOS", "SetQHYCCDWriteFPGA"}
)
"""Functions that the vendor's library always calls a success where the camera knows them at all."""
COLOUR_QUESTIONS: Final = frozenset({20, 59})
BAYER_RG: Final = 4

Handler = Callable[..., Answer]
_HANDLERS: Final[dict[str, Handler]] = {}


@dataclass(slots=True)
class Attached:
    """A camera on the bus.

    Attributes
    ----------
    device : Device
    facts : SdkFacts
    owner : int
        Process that has it open, 0 = nobody.
    camera : VendorCamera or None
        While it is open.
    """

    device: Device
    facts: SdkFacts
    owner: int = 0
    camera: VendorCamera | None = None


def answers(*names: str) -> Callable[[Handler], Handler]:
    """Register a method for some functions of the library."""

    def register(handler: Handler) -> Handler:
        for name in names:
            _HANDLERS[name] = handler
        return handler

    return register


class VendorLibrary:
    """All cameras, and all functions.

    Parameters
    ----------
    devices : sequence of Device
        What hangs on the bus, not yet open.
    in_real_time : bool
        Whether functions take as long as the vendor's do.
    """

    def __init__(self, devices: Sequence[Device], in_real_time: bool = True) -> None:
        self._attached = [Attached(device, load_sdk(device.model.key)) for device in devices]
        self._in_real_time = in_real_time
        self._lock = threading.Lock()
        self._number = 0
        self._ready = False

    def answer(self, question: Question, process: int) -> Answer:
        """Answer one call of a process.

        Functions without a handler return what the vendor's library returns for the camera.
        """
        name = question.export.name
        handler = _HANDLERS.get(name)
        arguments = {key: value for key, value in question.values.items() if key != "handle"}
        if not question.export.takes_handle:
            if handler is None:
                return Answer(SUCCESS)
            return (
                handler(self, **arguments, process=process)
                if name in _WITH_PROCESS
                else handler(self, **arguments)
            )
        attached = self._open_camera(question.camera, process)
        if attached is None or attached.camera is None:
            return Answer(ERROR_VALUE if question.export.returns == "f64" else FAILED)
        self._take_time(attached, name)
        if name in attached.facts.refused:
            return REFUSED
        if handler is None:
            return DONE if question.export.tier == "A" or name in HARMLESS else REFUSED
        return handler(self, attached.camera, **arguments)

    def camera_file(self, number: int) -> int | None:
        """Descriptor of the shared memory of an open camera."""
        for each in self._attached:
            if each.camera is not None and each.camera.number == number:
                return each.camera.frames.file
        return None

    def forget_process(self, process: int) -> None:
        """A program is gone: close what it had open, as the system does with a USB device."""
        for each in self._attached:
            if each.owner == process:
                self._close(each)

    def close(self) -> None:
        """Close everything."""
        for each in self._attached:
            self._close(each)

    def _open_camera(self, number: int, process: int) -> Attached | None:
        for each in self._attached:
            if each.camera is not None and each.camera.number == number and each.owner == process:
                return each
        return None

    def _close(self, attached: Attached) -> None:
        with self._lock:
            camera, attached.camera, attached.owner = attached.camera, None, 0
        if camera is not None:
            camera.close()

    def _take_time(self, attached: Attached, name: str) -> None:
        seconds = attached.facts.duration_s.get(name, 0.0)
        if seconds and self._in_real_time:
            attached.device.clock.sleep_until(attached.device.clock.now_ns() + round(seconds * 1e9))

    def _by_id(self, identity: str) -> Attached | None:
        return next((each for each in self._attached if each.device.identity.id == identity), None)

    # The library itself.

    @answers("InitQHYCCDResource")
    def _init_resource(self) -> Answer:
        if not self._ready and self._in_real_time:
            time.sleep(1.0)
        self._ready = True
        return DONE

    @answers("ReleaseQHYCCDResource")
    def _release_resource(self, process: int) -> Answer:
        self.forget_process(process)
        return DONE

    @answers("ScanQHYCCD")
    def _scan(self) -> Answer:
        return Answer(len(self._attached))

    @answers("GetQHYCCDId")
    def _id(self, index: int) -> Answer:
        if index >= len(self._attached):
            return REFUSED
        return Answer(written={"id": self._attached[index].device.identity.id})

    @answers("GetQHYCCDModel")
    def _model(self, id: str) -> Answer:
        model, dash, _ = id.partition("-")
        return Answer(written={"model": model}) if dash else REFUSED

    @answers("OpenQHYCCD")
    def _open(self, id: str, process: int) -> Answer:
        attached = self._by_id(id)
        if attached is None:
            return Answer(0)
        with self._lock:
            if attached.camera is not None:
                return Answer(attached.camera.number if attached.owner == process else 0)
            self._number += 1
            try:
                attached.camera = VendorCamera(attached.device, attached.facts, self._number)
            except FullwellError as error:
                log.warning("%s cannot be opened: %s", id, error)
                return Answer(0)
            attached.owner = process
            return Answer(self._number)

    @answers("CloseQHYCCD")
    def _close_camera(self, camera: VendorCamera) -> Answer:
        for each in self._attached:
            if each.camera is camera:
                self._close(each)
        return DONE

    @answers("GetQHYCCDSDKVersion")
    def _version(self) -> Answer:
        return Answer(written=dict(zip(("year", "month", "day", "subday"), VERSION, strict=True)))

    @answers("GetCameraIsSuperSpeedFromID")
    def _super_speed(self, id: str) -> Answer:
        return Answer(int(self._by_id(id) is not None))

    # Read modes.

    @answers("GetQHYCCDReadModeNumberFromID", "GetReadModesNumber")
    def _mode_count_by_id(self, id: str) -> Answer:
        attached = self._by_id(id)
        return REFUSED if attached is None else Answer(written={"count": len(attached.facts.read_modes)})

    @answers("GetQHYCCDReadModeNameFromID")
    def _mode_name_by_id(self, id: str, mode: int) -> Answer:
        attached = self._by_id(id)
        return REFUSED if attached is None else _mode_name(attached.facts, mode)

    @answers("GetReadModeName")
    def _mode_name_shortly(self, id: str, mode: int) -> Answer:
        attached = self._by_id(id)
        known = attached is not None and mode < len(attached.facts.read_modes)
        return _mode_name(attached.facts, mode) if attached is not None and known else REFUSED

    @answers("GetQHYCCDNumberOfReadModes")
    def _mode_count(self, camera: VendorCamera) -> Answer:
        return Answer(written={"count": len(camera.facts.read_modes)})

    @answers("GetQHYCCDReadModeName")
    def _mode_name_of(self, camera: VendorCamera, mode: int) -> Answer:
        return _mode_name(camera.facts, mode)

    @answers("GetQHYCCDReadModeResolution")
    def _mode_size(self, camera: VendorCamera, mode: int) -> Answer:
        if mode >= len(camera.facts.read_modes):
            return Answer(UNKNOWN_MODE, {"width": 0, "height": 0})
        facts = camera.facts.read_modes[mode]
        width, height = facts.live_size if camera.stream == LIVE and camera.initialised else facts.size
        return Answer(written={"width": width, "height": height})

    @answers("SetQHYCCDReadMode")
    def _set_mode(self, camera: VendorCamera, mode: int) -> Answer:
        if mode >= len(camera.facts.read_modes):
            return Answer(UNKNOWN_MODE)
        camera.set_mode(mode)
        return DONE

    @answers("GetQHYCCDReadMode")
    def _get_mode(self, camera: VendorCamera) -> Answer:
        return Answer(written={"mode": camera.mode})

    # Set-up.

    @answers("SetQHYCCDStreamMode")
    def _set_stream(self, camera: VendorCamera, mode: int) -> Answer:
        if mode not in (SINGLE, LIVE):
            return REFUSED
        camera.stop_live()
        camera.stream = mode
        return DONE

    @answers("InitQHYCCD")
    def _init(self, camera: VendorCamera) -> Answer:
        camera.initialise()
        return DONE

    @answers("SetQHYCCDBinMode")
    def _set_bin(self, camera: VendorCamera, horizontal: int, vertical: int) -> Answer:
        camera.set_bin(horizontal, vertical)
        return DONE

    @answers("SetQHYCCDResolution")
    def _set_roi(self, camera: VendorCamera, x: int, y: int, width: int, height: int) -> Answer:
        return DONE if camera.set_roi(x, y, width, height) else REFUSED

    @answers("GetQHYCCDCurrentROI")
    def _get_roi(self, camera: VendorCamera) -> Answer:
        return _area(camera.roi)

    @answers("SetQHYCCDBitsMode")
    def _set_bits(self, camera: VendorCamera, bits: int) -> Answer:
        return DONE if camera.set_bits(bits) else REFUSED

    @answers("SetQHYCCDDebayerOnOff")
    def _debayer(self, camera: VendorCamera, on: int) -> Answer:  # noqa: ARG002
        return Answer(camera.facts.debayer_on_mono if camera.device.model.sensor.bayer is None else SUCCESS)

    @answers("GetQHYCCDMemLength")
    def _memory(self, camera: VendorCamera) -> Answer:
        width, height = camera.chip if camera.facts.chip_live else _largest(camera.facts)
        extra = camera.facts.extra_px
        return Answer((width + extra[0]) * (height + extra[1]) * camera.facts.memory_bytes_per_px)

    @answers("GetQHYCCDChipInfo")
    def _chip(self, camera: VendorCamera) -> Answer:
        width, height = camera.chip
        columns, rows = camera.facts.read_modes[camera.mode].size
        pixel_um = camera.device.model.sensor.geometry.pixel_size_um
        hardware_bin = camera.facts.read_modes[camera.mode].hardware_bin
        return Answer(
            written={
                "chip_width_mm": columns * pixel_um * hardware_bin / 1000,
                "chip_height_mm": rows * pixel_um * hardware_bin / 1000,
                "image_width": width,
                "image_height": height,
                "pixel_width_um": pixel_um * hardware_bin,
                "pixel_height_um": pixel_um * hardware_bin,
                "bpp": camera.bits,
            }
        )

    @answers("GetQHYCCDEffectiveArea")
    def _effective(self, camera: VendorCamera) -> Answer:
        return _area(camera.area(camera.facts.effective))

    @answers("GetQHYCCDOverScanArea")
    def _overscan(self, camera: VendorCamera) -> Answer:
        left, top, width, height = camera.area(camera.facts.overscan)
        if camera.facts.areas_follow_bin:
            height //= camera.bin  # the vendor's library divides it twice
        return _area((left, top, width, height))

    # Controls.

    @answers("IsQHYCCDControlAvailable")
    def _available(self, camera: VendorCamera, control: int) -> Answer:
        if control in COLOUR_QUESTIONS:
            return REFUSED if camera.device.model.sensor.bayer is None else Answer(BAYER_RG)
        known = camera.facts.controls.get(control)
        return DONE if known is not None and known.available else REFUSED

    @answers("GetQHYCCDParamMinMaxStep")
    def _limits(self, camera: VendorCamera, control: int) -> Answer:
        known = camera.facts.controls.get(control)
        if known is None or known.range is None:
            return REFUSED
        return Answer(written=dict(zip(("min", "max", "step"), known.range, strict=True)))

    @answers("SetQHYCCDParam")
    def _set(self, camera: VendorCamera, control: int, value: float) -> Answer:
        return DONE if camera.set_value(control, value) else REFUSED

    @answers("GetQHYCCDParam")
    def _get(self, camera: VendorCamera, control: int) -> Answer:
        return Answer(camera.value(control))

    @answers("ControlQHYCCDTemp")
    def _cool(self, camera: VendorCamera, target: float) -> Answer:
        return DONE if camera.set_value(18, target) else REFUSED

    @answers("GetQHYCCDType")
    def _type(self, camera: VendorCamera) -> Answer:
        return Answer(camera.facts.type)

    @answers("QHYCCD_GainValueToDbGain")
    def _to_db(self, camera: VendorCamera, gain_value: float) -> Answer:
        table = camera.facts.db_per_gain
        if not table:
            return REFUSED
        gains, decibels = zip(*table, strict=True)
        return Answer(written={"gain_db": float(np.interp(gain_value, gains, decibels))})

    @answers("QHYCCD_DbGainToGainValue")
    def _from_db(self, camera: VendorCamera, gain_db: float) -> Answer:
        table = camera.facts.db_per_gain
        if not table:
            return REFUSED
        gains, decibels = zip(*table, strict=True)
        return Answer(written={"gain_value": float(np.interp(gain_db, decibels, gains))})

    # Versions and status.

    @answers("GetQHYCCDFWVersion")
    def _firmware(self, camera: VendorCamera) -> Answer:  # noqa: ARG002
        return Answer(written={"buffer": bytes(10)})

    @answers("GetQHYCCDFPGAVersion")
    def _fpga(self, camera: VendorCamera, fpga_index: int) -> Answer:
        return Answer(FAILED if fpga_index >= camera.facts.fpgas else SUCCESS, {"buffer": bytes(4)})

    @answers("GetQHYCCDHumidity")
    def _humidity(self, camera: VendorCamera) -> Answer:
        return _reading(camera, Control.HUMIDITY_PERCENT, "humidity")

    @answers("GetQHYCCDPressure")
    def _pressure(self, camera: VendorCamera) -> Answer:
        return _reading(camera, Control.PRESSURE_HPA, "pressure")

    @answers("GetQHYCCDFPGATemp")
    def _fpga_temperature(self, camera: VendorCamera) -> Answer:
        return Answer(written={"temperature": camera.device.get_control(Control.AMBIENT_TEMPERATURE_C)})

    @answers("GetQHYCCDReadingProgress")
    def _progress(self, camera: VendorCamera) -> Answer:
        return Answer(100.0 if camera.has_exposed else 0.0)

    @answers("GetQHYCCDCameraStatus")
    def _status(self, camera: VendorCamera) -> Answer:  # noqa: ARG002
        return Answer(written={"buffer": bytes(64)})

    # Triggers.

    @answers("GetQHYCCDTrigerInterfaceNumber")
    def _interfaces(self, camera: VendorCamera) -> Answer:
        return _count(camera.facts.trigger_interfaces)

    @answers("GetQHYCCDTrigerModeNumber")
    def _trigger_modes(self, camera: VendorCamera) -> Answer:
        return _count(camera.facts.trigger_modes)

    @answers("GetQHYCCDTrigerInterfaceName")
    def _interface_name(self, camera: VendorCamera, connector: int) -> Answer:
        return _named(camera.facts.trigger_interfaces, connector)

    @answers("GetQHYCCDTrigerModeName")
    def _trigger_mode_name(self, camera: VendorCamera, mode: int) -> Answer:
        return _named(camera.facts.trigger_modes, mode)

    @answers("SetQHYCCDTrigerInterface")
    def _set_interface(self, camera: VendorCamera, connector: int) -> Answer:
        return DONE if connector < len(camera.facts.trigger_interfaces) else REFUSED

    @answers("SetQHYCCDTrigerMode")
    def _set_trigger_mode(self, camera: VendorCamera, mode: int) -> Answer:
        return DONE if mode < len(camera.facts.trigger_modes) else REFUSED

    # Single frames.

    @answers("ExpQHYCCDSingleFrame")
    def _expose(self, camera: VendorCamera) -> Answer:
        camera.start()
        return DONE

    @answers("GetQHYCCDSingleFrame")
    def _fetch(self, camera: VendorCamera) -> Answer:
        return DONE if camera.fetch() else REFUSED

    @answers("GetQHYCCDExposureRemaining")
    def _remaining(self, camera: VendorCamera) -> Answer:
        return Answer(camera.remaining_percent)

    @answers("CancelQHYCCDExposing", "CancelQHYCCDExposingAndReadout")
    def _cancel(self, camera: VendorCamera) -> Answer:
        camera.cancel()
        return DONE

    # Live.

    @answers("BeginQHYCCDLive")
    def _begin(self, camera: VendorCamera) -> Answer:
        camera.begin_live()
        return DONE

    @answers("StopQHYCCDLive")
    def _stop(self, camera: VendorCamera) -> Answer:
        camera.stop_live()
        return DONE

    @answers("ClearQHYCCDImageQueue")
    def _clear(self, camera: VendorCamera) -> Answer:
        camera.frames.forget()
        return DONE

    # Timing.

    @answers("GetQHYCCDPreciseExposureInfo")
    def _precise(self, camera: VendorCamera) -> Answer:
        timing = camera.device.precise_timing()
        lines = round(timing.frame_period_ns / timing.line_period_ns)
        return Answer(
            written={
                "pixel_period_ps": 0,
                "line_period_ns": timing.line_period_ns,
                "frame_period_us": round(timing.frame_period_ns / 1000),
                "clocks_per_line": 0,
                "lines_per_frame": lines,
                "actual_exposure_us": round(timing.exposure_ns / 1000),
                "long_exposure": int(timing.exposure_ns >= timing.frame_period_ns),
            }
        )

    @answers("GetQHYCCDRollingShutterEndOffset")
    def _row_end(self, camera: VendorCamera, row: int) -> Answer:
        facts = camera.facts
        single = camera.mode in facts.row_end_single_modes
        constant_us, lines = facts.row_end_single if single else facts.row_end_pairs
        line_us = camera.device.precise_timing().line_period_ns / 1000
        y = row + camera.roi[1]
        y += facts.live_shift[1] if camera.stream == LIVE else 0
        steps = y if single else 2 * (y // 2)
        return Answer(written={"offset_us": constant_us + (lines + steps) * line_us})

    # Filter wheel.

    @answers("IsQHYCCDCFWPlugged")
    def _plugged(self, camera: VendorCamera) -> Answer:
        return DONE if camera.wheel_slots else REFUSED

    @answers("GetQHYCCDCFWStatus")
    def _wheel(self, camera: VendorCamera) -> Answer:
        return Answer(written={"status": camera.wheel_status().encode()}) if camera.wheel_slots else REFUSED

    @answers("SendOrder2QHYCCDCFW")
    def _turn(self, camera: VendorCamera, order: str, length: int) -> Answer:  # noqa: ARG002
        if order[:1] and order[0] in "0123456789ABCDEFabcdef":
            camera.turn_wheel(int(order[0], 16))
        return DONE


_WITH_PROCESS: Final = frozenset({"OpenQHYCCD", "ReleaseQHYCCDResource"})


def _mode_name(facts: SdkFacts, mode: int) -> Answer:
    if mode >= len(facts.read_modes):
        return Answer(UNKNOWN_MODE, {"name": UNKNOWN_NAME})
    return Answer(written={"name": facts.read_modes[mode].name})


def _largest(facts: SdkFacts) -> tuple[int, int]:
    return max(mode.size[0] for mode in facts.read_modes), max(mode.size[1] for mode in facts.read_modes)


def _area(area: Sequence[int]) -> Answer:
    return Answer(written=dict(zip(("x", "y", "width", "height"), area, strict=True)))


def _count(names: tuple[str, ...]) -> Answer:
    return Answer(written={"count": len(names)}) if names else REFUSED


def _reading(camera: VendorCamera, control: Control, name: str) -> Answer:
    try:
        return Answer(written={name: camera.device.get_control(control)})
    except NotSupported:  # no such sensor: the library says so, and 0
        return Answer(FAILED, {name: 0.0})


def _named(names: tuple[str, ...], index: int) -> Answer:
    if not names:
        return REFUSED
    return (
        Answer(written={"name": names[index]}) if index < len(names) else Answer(FAILED, {"name": UNKNOWN_NAME})
    )


def handlers() -> dict[str, Any]:
    """Which functions have one."""
    return dict(_HANDLERS)
