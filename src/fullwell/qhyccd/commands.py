"""What the cable asks for, done with the vendor's functions. Lives in the child process."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import Any, Final

import numpy as np

from fullwell.errors import DeviceLost, FrameTimeout, NotSupported
from fullwell.qhyccd.library import (
    ERROR,
    ERROR_VALUE,
    ID_BYTES,
    OPTIONAL,
    STARTED,
    TEXT_BYTES,
    expect_success,
    load,
)

TEMPERATURE, POWER, COOLER, MANUAL_POWER, CURRENT_FRAME_MEMORY = 14, 15, 18, 16, 48
LIVE_POLL_S: Final = 0.001
KEEP_COOLING_S: Final = 1.0
EXPOSURE_POLL_S: Final = 0.002
LONGEST_DRAIN_S: Final = 2.0


def scan() -> list[str]:
    """Ids of the cameras that the library finds.

    Raises
    ------
    MissingFile, NotSupported
        If there is no library, or it does not work.
    """
    library = load()
    expect_success(library.InitQHYCCDResource(), "InitQHYCCDResource")
    count = library.ScanQHYCCD()
    return [_identity(library, index) for index in range(0 if count == ERROR else count)]


def _identity(library: ctypes.CDLL, index: int) -> str:
    room = ctypes.create_string_buffer(ID_BYTES)
    expect_success(library.GetQHYCCDId(index, room), "GetQHYCCDId")
    return room.value.decode("ascii", "replace")


class Commands:
    """One open camera.

    Parameters
    ----------
    identity : str
        As the library names it.

    Raises
    ------
    DeviceLost
        If there is no such camera, or it cannot be opened.
    """

    def __init__(self, identity: str) -> None:
        self._library = load()
        found = scan()
        if identity not in found:
            known = ", ".join(found) or "none"
            raise DeviceLost(
                f"the camera {identity!r} is not there; found: {known}.",
                "Check cable and power. On Linux, lsusb must list 1618:...; if it does, the udev rules of the "
                "vendor's SDK may be missing, so that this user may not open it.",
            )
        handle = self._library.OpenQHYCCD(identity.encode())
        if not handle:
            raise DeviceLost(
                f"the camera {identity!r} cannot be opened.",
                "Another program may have it open, or this user may not use USB devices (udev rules).",
            )
        self._handle = ctypes.c_void_p(handle)
        self._cancelled = threading.Event()
        self._reading_out = threading.Event()
        self._live = False
        self._fetching = threading.Lock()
        self._target_c: float | None = None
        self._readings: dict[int, float] = {}

    def close(self) -> None:
        """Let the camera go."""
        self._library.CloseQHYCCD(self._handle)
        self._library.ReleaseQHYCCDResource()

    def facts(self) -> dict[str, Any]:
        """What the library knows of the camera: versions, modes, controls, geometry."""
        version = [ctypes.c_uint32() for _ in range(4)]
        self._library.GetQHYCCDSDKVersion(*map(ctypes.byref, version))
        firmware, fpga = (ctypes.create_string_buffer(64) for _ in range(2))
        self._library.GetQHYCCDFWVersion(self._handle, firmware)
        self._library.GetQHYCCDFPGAVersion(self._handle, 0, fpga)
        count = ctypes.c_uint32()
        expect_success(
            self._library.GetQHYCCDNumberOfReadModes(self._handle, ctypes.byref(count)),
            "GetQHYCCDNumberOfReadModes",
        )
        names = []
        for mode in range(count.value):
            room = ctypes.create_string_buffer(TEXT_BYTES)
            self._library.GetQHYCCDReadModeName(self._handle, mode, room)
            names.append(room.value.decode("ascii", "replace"))
        return {
            "sdk": ".".join(str(part.value) for part in version),
            "firmware": _date(firmware.raw[:2]),
            "fpga": "-".join(str(part) for part in fpga.raw[:4]) if any(fpga.raw[:4]) else "",
            "read_modes": names,
            "controls": [number for number in range(100) if self._available(number)],
            "wheel": self._library.IsQHYCCDCFWPlugged(self._handle) == 0,
            "functions": [name for name in OPTIONAL if hasattr(self._library, name)],
            "memory_bytes": self._library.GetQHYCCDMemLength(self._handle),
        }

    def wheel_plugged(self) -> bool:
        """Whether there is a filter wheel that answers; not while it homes."""
        plugged: bool = self._library.IsQHYCCDCFWPlugged(self._handle) == 0
        return plugged

    def reset_undervoltage(self) -> None:
        """Erase the memory of under-voltage in the camera's flash."""
        reset = getattr(self._library, "QHYCCDResetFlashULVOError", None)
        if reset is None:
            raise NotSupported("this libqhyccd cannot erase the memory of under-voltage.", "Install a newer one.")
        reset.argtypes, reset.restype = (ctypes.c_void_p,), None
        reset(self._handle)

    def _available(self, number: int) -> bool:
        return bool(self._library.IsQHYCCDControlAvailable(self._handle, number) == 0)

    def initialise(self, read_mode: int, stream: int) -> None:
        """Mode, stream, initialisation; no binning and no colour by the library."""
        expect_success(self._library.SetQHYCCDReadMode(self._handle, read_mode), "SetQHYCCDReadMode")
        expect_success(self._library.SetQHYCCDStreamMode(self._handle, stream), "SetQHYCCDStreamMode")
        expect_success(self._library.InitQHYCCD(self._handle), "InitQHYCCD")
        expect_success(self._library.SetQHYCCDBinMode(self._handle, 1, 1), "SetQHYCCDBinMode")
        self._library.SetQHYCCDDebayerOnOff(self._handle, False)

    def configure(self, left: int, top: int, width: int, height: int, bits: int) -> None:
        """Window of the raw frame and depth."""
        expect_success(self._library.SetQHYCCDBitsMode(self._handle, bits), "SetQHYCCDBitsMode")
        expect_success(
            self._library.SetQHYCCDResolution(self._handle, left, top, width, height), "SetQHYCCDResolution"
        )

    def call(self, name: str, *arguments: float) -> bool:
        """Call one of the optional functions; whether the camera has accepted it.

        Raises
        ------
        NotSupported
            If the library does not have it.
        """
        if not hasattr(self._library, name):
            raise NotSupported(f"the vendor's library has no function {name}.", "Install a newer one.")
        return bool(getattr(self._library, name)(self._handle, *arguments) == 0)

    def set_control(self, number: int, value: float) -> float:
        """Set a control and read it back."""
        expect_success(self._library.SetQHYCCDParam(self._handle, number, value), f"SetQHYCCDParam({number})")
        return float(self._library.GetQHYCCDParam(self._handle, number))

    def get_control(self, number: int) -> float:
        """Read a control; during a read-out, what was read last: the library would make us wait for its end.

        Raises
        ------
        NotSupported
            If the camera has none.
        """
        if self._reading_out.is_set() and number in self._readings:
            return self._readings[number]
        value = float(self._library.GetQHYCCDParam(self._handle, number))
        if value == ERROR_VALUE:
            raise NotSupported(f"the camera gives no value for control {number}.")
        self._readings[number] = value
        return value

    def cool(self, target_c: float | None) -> None:
        """Regulate to a temperature, or stop."""
        self._target_c = target_c
        if target_c is None:
            self._library.SetQHYCCDParam(self._handle, MANUAL_POWER, 0.0)
        else:
            expect_success(self._library.ControlQHYCCDTemp(self._handle, target_c), "ControlQHYCCDTemp")

    def set_power(self, power: float) -> None:
        """Give the cooler a fixed power, 0 to 255; it does not regulate then."""
        self._target_c = None
        expect_success(self._library.SetQHYCCDParam(self._handle, MANUAL_POWER, power), "SetQHYCCDParam")

    def keep_cooling(self) -> None:
        """Some cameras regulate only while they are told to: tell them, unless that would disturb a read-out."""
        if self._target_c is not None and not self._reading_out.is_set():
            self._library.ControlQHYCCDTemp(self._handle, self._target_c)
            for number in (TEMPERATURE, POWER):
                self._readings[number] = float(self._library.GetQHYCCDParam(self._handle, number))

    def humidity(self) -> float | None:
        """Relative humidity in the chamber, %; None without a sensor."""
        return self._reading("GetQHYCCDHumidity")

    def pressure(self) -> float | None:
        """Pressure in the chamber, hPa; None without a sensor."""
        return self._reading("GetQHYCCDPressure")

    def _reading(self, name: str) -> float | None:
        value = ctypes.c_double()
        result = getattr(self._library, name)(self._handle, ctypes.byref(value))
        return value.value if result == 0 and value.value > 0 else None

    def timing(self) -> tuple[int, ...] | None:
        """Line period (ns), frame period (us), actual exposure (us), and of row 0 the end after the stamp (ns).

        None if the camera has not said them yet.
        """
        words = [ctypes.c_uint32() for _ in range(6)]
        long_exposure = ctypes.c_uint8()
        result = self._library.GetQHYCCDPreciseExposureInfo(
            self._handle, *map(ctypes.byref, words), ctypes.byref(long_exposure)
        )
        offset_us = ctypes.c_double()
        self._library.GetQHYCCDRollingShutterEndOffset(self._handle, 0, ctypes.byref(offset_us))
        if result != 0 or words[1].value == 0:
            return None
        return words[1].value, words[2].value, words[5].value, round(offset_us.value * 1000)

    def start_exposure(self) -> int:
        """Begin; UTC of the call, ns."""
        self._cancelled.clear()
        begin_ns = time.time_ns()
        result = self._library.ExpQHYCCDSingleFrame(self._handle)
        if result not in STARTED:
            expect_success(result or ERROR, "ExpQHYCCDSingleFrame")
        return begin_ns

    def read_frame(self, frame: np.ndarray[Any, Any], end_s: float) -> bool:
        """Wait for the end of the exposure (monotonic clock, s), then fetch; False = cancelled.

        Raises
        ------
        FrameTimeout
            If the library reports an error, or success with nothing but zeros, as it does after a time-out.
        """
        while time.monotonic() < end_s:
            if self._cancelled.wait(min(EXPOSURE_POLL_S * 10, max(0.0, end_s - time.monotonic()))):
                return False
        if self._cancelled.is_set():
            return False
        self._reading_out.set()
        try:
            result = self._fetch(self._library.GetQHYCCDSingleFrame, frame)
        finally:
            self._reading_out.clear()
        if self._cancelled.is_set():
            return False
        if result != 0:
            raise FrameTimeout("the vendor's library gave no frame.", "Check the cable, then open() again.")
        if not frame.any():
            raise FrameTimeout(
                "the vendor's library reported success and gave a frame of zeros: the transfer timed out.",
                "Lower the USB traffic or use a shorter cable, then open() again.",
            )
        return True

    def _fetch(self, function: Any, frame: np.ndarray[Any, Any]) -> int:
        words = [ctypes.c_uint32() for _ in range(4)]
        result = int(function(self._handle, *map(ctypes.byref, words), frame.ctypes.data))
        width, height, bits, _ = (word.value for word in words)
        if result == 0 and (height, width, bits) != (*frame.shape, 8 * frame.itemsize):
            raise FrameTimeout(
                f"the camera gave {width} x {height} px of {bits} bits; asked for were {frame.shape[1]} x "
                f"{frame.shape[0]} px of {8 * frame.itemsize} bits.",
                "open() again.",
            )
        return result

    def cancel(self) -> None:
        """Abandon an exposure; a waiting `read_frame` returns."""
        self._cancelled.set()
        self._library.CancelQHYCCDExposingAndReadout(self._handle)

    def begin_live(self) -> None:
        """Let the sensor run freely; frames of an earlier run that wait in the camera are forgotten."""
        self._library.SetQHYCCDParam(self._handle, CURRENT_FRAME_MEMORY, 1.0)
        expect_success(self._library.BeginQHYCCDLive(self._handle), "BeginQHYCCDLive")
        self._live = True

    def release_burst(self) -> bool:
        """Forget the frames that are on their way, then let a new burst begin; whether it was accepted.

        To be called while the frame counter stands: else frames never cease to come.
        """
        if self._live:
            scratch = np.empty(self._library.GetQHYCCDMemLength(self._handle), np.uint8)
            end_s = time.monotonic() + LONGEST_DRAIN_S
            with self._fetching:
                while self._take_live(scratch) == 0 and time.monotonic() < end_s:
                    pass
        return self.call("ReleaseQHYCCDBurstIDLE")

    def _take_live(self, scratch: np.ndarray[Any, Any]) -> int:
        words = [ctypes.c_uint32() for _ in range(4)]
        return int(self._library.GetQHYCCDLiveFrame(self._handle, *map(ctypes.byref, words), scratch.ctypes.data))

    def read_live(self, frame: np.ndarray[Any, Any], timeout_s: float) -> bool:
        """Wait for the next live frame; False = none came, or the run was stopped."""
        end_s = time.monotonic() + timeout_s
        while self._live:
            with self._fetching:
                result = self._fetch(self._library.GetQHYCCDLiveFrame, frame)
            if result == 0:
                return True
            if time.monotonic() >= end_s:
                return False
            time.sleep(LIVE_POLL_S)
        return False

    def stop_live(self) -> None:
        """Stop the free run."""
        if self._live:
            self._live = False
            self._library.StopQHYCCDLive(self._handle)


def _date(raw: bytes) -> str:
    """The firmware's two bytes as a date: year and month share the first."""
    if not any(raw):
        return ""
    year = raw[0] >> 4
    return f"{2000 + (year + 16 if year <= 9 else year)}-{raw[0] & 15:02d}-{raw[1]:02d}"
