"""Functions of an open camera that set it up: read modes, geometry, controls, versions."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np

from fullwell.camera.controls import Control
from fullwell.errors import NotSupported
from fullwell.models.sdk import SdkFacts
from fullwell.serve.sdk.memory import LIVE, SINGLE
from fullwell.serve.sdk.registry import DONE, REFUSED, answers, area
from fullwell.serve.sdk.vendor_camera import VendorCamera
from fullwell.serve.sdk.wire import FAILED, SUCCESS, Answer

UNKNOWN_MODE: Final = 0xFFFF
UNKNOWN_NAME: Final = "NON-EXIST"
COLOUR_QUESTIONS: Final = frozenset({20, 59})
BAYER_RG: Final = 4


def mode_name(facts: SdkFacts, mode: int) -> Answer:
    """The name of a read mode."""
    if mode >= len(facts.read_modes):
        return Answer(UNKNOWN_MODE, {"name": UNKNOWN_NAME})
    return Answer(written={"name": facts.read_modes[mode].name})


# Read modes.


@answers("GetQHYCCDNumberOfReadModes")
def _mode_count(camera: VendorCamera) -> Answer:
    return Answer(written={"count": len(camera.facts.read_modes)})


@answers("GetQHYCCDReadModeName")
def _mode_name_of(camera: VendorCamera, mode: int) -> Answer:
    return mode_name(camera.facts, mode)


@answers("GetQHYCCDReadModeResolution")
def _mode_size(camera: VendorCamera, mode: int) -> Answer:
    if mode >= len(camera.facts.read_modes):
        return Answer(UNKNOWN_MODE, {"width": 0, "height": 0})
    facts = camera.facts.read_modes[mode]
    width, height = facts.live_size if camera.memory.stream == LIVE and camera.memory.initialised else facts.size
    return Answer(written={"width": width, "height": height})


@answers("SetQHYCCDReadMode")
def _set_mode(camera: VendorCamera, mode: int) -> Answer:
    if mode >= len(camera.facts.read_modes):
        return Answer(UNKNOWN_MODE)
    camera.memory.next_mode = mode
    return DONE


@answers("GetQHYCCDReadMode")
def _get_mode(camera: VendorCamera) -> Answer:
    return Answer(written={"mode": camera.memory.mode})


# Set-up.


@answers("SetQHYCCDStreamMode")
def _set_stream(camera: VendorCamera, mode: int) -> Answer:
    if mode not in (SINGLE, LIVE):
        return REFUSED
    camera.stop_live()
    camera.memory.stream = mode
    return DONE


@answers("InitQHYCCD")
def _init(camera: VendorCamera) -> Answer:
    camera.initialise()
    return DONE


@answers("SetQHYCCDBinMode")
def _set_bin(camera: VendorCamera, horizontal: int, vertical: int) -> Answer:
    camera.memory.set_bin(horizontal, vertical)
    return DONE


@answers("SetQHYCCDResolution")
def _set_roi(camera: VendorCamera, x: int, y: int, width: int, height: int) -> Answer:
    return DONE if camera.memory.set_roi(x, y, width, height) else REFUSED


@answers("GetQHYCCDCurrentROI")
def _get_roi(camera: VendorCamera) -> Answer:
    return area(camera.memory.roi)


@answers("SetQHYCCDBitsMode")
def _set_bits(camera: VendorCamera, bits: int) -> Answer:
    return DONE if camera.memory.set_bits(bits) else REFUSED


@answers("SetQHYCCDDebayerOnOff")
def _debayer(camera: VendorCamera, on: int) -> Answer:  # noqa: ARG001
    return Answer(camera.facts.debayer_on_mono if camera.device.model.sensor.bayer is None else SUCCESS)


@answers("GetQHYCCDMemLength")
def _memory(camera: VendorCamera) -> Answer:
    width, height = camera.memory.chip if camera.facts.chip_live else _largest(camera.facts)
    extra = camera.facts.extra_px
    return Answer((width + extra[0]) * (height + extra[1]) * camera.facts.memory_bytes_per_px)


@answers("GetQHYCCDChipInfo")
def _chip(camera: VendorCamera) -> Answer:
    width, height = camera.memory.chip
    columns, rows = camera.facts.read_modes[camera.memory.mode].size
    pixel_um = camera.device.model.sensor.geometry.pixel_size_um
    return Answer(
        written={
            "chip_width_mm": columns * pixel_um / 1000,
            "chip_height_mm": rows * pixel_um / 1000,
            "image_width": width,
            "image_height": height,
            "pixel_width_um": pixel_um,
            "pixel_height_um": pixel_um,
            "bpp": camera.memory.bits,
        }
    )


@answers("GetQHYCCDEffectiveArea")
def _effective(camera: VendorCamera) -> Answer:
    return area(camera.memory.effective)


@answers("GetQHYCCDOverScanArea")
def _overscan(camera: VendorCamera) -> Answer:
    return area(camera.memory.overscan)


# Controls.


@answers("IsQHYCCDControlAvailable")
def _available(camera: VendorCamera, control: int) -> Answer:
    if control in COLOUR_QUESTIONS:
        return REFUSED if camera.device.model.sensor.bayer is None else Answer(BAYER_RG)
    known = camera.facts.controls.get(control)
    return DONE if known is not None and known.available else REFUSED


@answers("GetQHYCCDParamMinMaxStep")
def _limits(camera: VendorCamera, control: int) -> Answer:
    known = camera.facts.controls.get(control)
    if known is None or known.range is None:
        return REFUSED
    return Answer(written=dict(zip(("min", "max", "step"), known.range, strict=True)))


@answers("SetQHYCCDParam")
def _set(camera: VendorCamera, control: int, value: float) -> Answer:
    return DONE if camera.set_value(control, value) else REFUSED


@answers("GetQHYCCDParam")
def _get(camera: VendorCamera, control: int) -> Answer:
    return Answer(camera.value(control))


@answers("ControlQHYCCDTemp")
def _cool(camera: VendorCamera, target: float) -> Answer:
    return DONE if camera.set_value(18, target) else REFUSED


@answers("GetQHYCCDType")
def _type(camera: VendorCamera) -> Answer:
    return Answer(camera.facts.type)


@answers("QHYCCD_GainValueToDbGain")
def _to_db(camera: VendorCamera, gain_value: float) -> Answer:
    table = camera.facts.db_per_gain
    if not table:
        return REFUSED
    gains, decibels = np.array(table).T
    ratio = np.interp(gain_value, gains, 10 ** (-decibels / 20))
    return Answer(written={"gain_db": float(-20 * np.log10(ratio))})


@answers("QHYCCD_DbGainToGainValue")
def _from_db(camera: VendorCamera, gain_db: float) -> Answer:
    table = camera.facts.db_per_gain
    if not table:
        return REFUSED
    gains, decibels = np.array(table).T
    ratio = 10 ** (-min(max(gain_db, 0.0), decibels[-1]) / 20)
    return Answer(written={"gain_value": float(np.interp(-ratio, -(10 ** (-decibels / 20)), gains))})


# Versions and status.


@answers("GetQHYCCDFWVersion")
def _firmware(camera: VendorCamera) -> Answer:
    """Year and month share the first byte: what is below 10 means 16 more."""
    day = _day(camera.device.identity.firmware)
    packed = bytes([day[0] % 16 << 4 | day[1], day[2]]) if day else b""
    return Answer(written={"buffer": packed.ljust(10, b"\0")})


@answers("GetQHYCCDFPGAVersion")
def _fpga(camera: VendorCamera, fpga_index: int) -> Answer:
    version = bytes(_day(camera.device.identity.fpga)).ljust(4, b"\0")
    return Answer(FAILED if fpga_index >= camera.facts.fpgas else SUCCESS, {"buffer": version})


def _day(version: str) -> tuple[int, ...]:
    """Year of the century, month and day of a version that is one; empty for others."""
    try:
        day = date.fromisoformat(version)
    except ValueError:
        return ()
    return day.year % 100, day.month, day.day


@answers("GetQHYCCDHumidity")
def _humidity(camera: VendorCamera) -> Answer:
    return _reading(camera, Control.HUMIDITY_PERCENT, "humidity")


@answers("GetQHYCCDPressure")
def _pressure(camera: VendorCamera) -> Answer:
    return _reading(camera, Control.PRESSURE_HPA, "pressure")


@answers("GetQHYCCDFPGATemp")
def _fpga_temperature(camera: VendorCamera) -> Answer:
    return Answer(written={"temperature": camera.device.get_control(Control.AMBIENT_TEMPERATURE_C)})


@answers("GetQHYCCDReadingProgress")
def _progress(camera: VendorCamera) -> Answer:
    return Answer(100.0 if camera.has_exposed else 0.0)


@answers("GetQHYCCDCameraStatus")
def _status(camera: VendorCamera) -> Answer:  # noqa: ARG001
    return Answer(written={"buffer": bytes(64)})


def _largest(facts: SdkFacts) -> tuple[int, int]:
    return max(mode.size[0] for mode in facts.read_modes), max(mode.size[1] for mode in facts.read_modes)


def _reading(camera: VendorCamera, control: Control, name: str) -> Answer:
    try:
        return Answer(written={name: camera.device.get_control(control)})
    except NotSupported:  # no such sensor: the library says so, and 0
        return Answer(FAILED, {name: 0.0})
