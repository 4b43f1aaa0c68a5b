"""The vendor's library as a whole: the cameras on the bus, who has which open, and which function answers a call.

Names and orders are the library's; what they mean is measured on version 26.6.4 (see ``models/sdk/*.toml`` and
docs/decisions/0014-drop-in-library.md). Functions of an open camera are in `camera_setup`, `camera_frames` and
`camera_ports`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fullwell.camera.device import Device, SpeedTeller
from fullwell.errors import FullwellError
from fullwell.models.sdk import SdkFacts, load_sdk
from fullwell.serve.sdk import camera_frames, camera_ports  # noqa: F401 -- they register what they answer
from fullwell.serve.sdk.camera_setup import mode_name
from fullwell.serve.sdk.memory import Memory
from fullwell.serve.sdk.quirks import Quirks
from fullwell.serve.sdk.registry import (
    CAMERA_HANDLERS,
    DONE,
    LIBRARY_HANDLERS,
    REFUSED,
    library_answers,
)
from fullwell.serve.sdk.vendor_camera import ERROR_VALUE, VendorCamera
from fullwell.serve.sdk.wire import FAILED, SUCCESS, Answer, Question

log = logging.getLogger(__name__)

VERSION: Final = (26, 6, 4, 16)
HARMLESS: Final = frozenset(
    {"SetQHYCCDFocusSetting", "SetQHYCCDFrameDetectOnOff", "SetQHYCCDWriteCMOS", "SetQHYCCDWriteFPGA"}
)
"""Functions that the vendor's library always calls a success where the camera knows them at all."""
READINGS_OF_CAMERA: Final = frozenset({14, 15, 17, 32, 44, 51, 62, 63, 67})
"""Controls that are read off the camera each time."""


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


class VendorLibrary:
    """All cameras, and all functions.

    Parameters
    ----------
    devices : sequence of Device
        What hangs on the bus, not yet open.
    in_real_time : bool
        Whether functions take as long as the vendor's do.
    quirks : Quirks, optional
        What goes wrong; default is nothing.
    """

    def __init__(
        self, devices: Sequence[Device], in_real_time: bool = True, quirks: Quirks | None = None
    ) -> None:
        self.quirks = Quirks() if quirks is None else quirks
        self._attached = [Attached(device, load_sdk(device.model.key)) for device in devices]
        self._in_real_time = in_real_time
        self._lock = threading.Lock()
        self._memories: dict[tuple[int, str], Memory] = {}
        self._number = 0
        self._ready = False

    def answer(self, question: Question, process: int) -> Answer:
        """Answer one call of a process.

        Functions without a handler return what the vendor's library returns for the camera.
        """
        name = question.export.name
        arguments = {key: value for key, value in question.values.items() if key != "handle"}
        if name == "CloseQHYCCD":
            return self._close_number(question.camera, process)
        if not question.export.takes_handle:
            own = LIBRARY_HANDLERS.get(name)
            if own is None:
                return Answer(SUCCESS)
            extra = {"process": process} if name in _WITH_PROCESS else {}
            return own(self, **arguments, **extra)
        attached = self._open_camera(question.camera, process)
        if attached is None or attached.camera is None:
            return Answer(ERROR_VALUE if question.export.returns == "f64" else FAILED)
        self._take_time(attached, name)
        if name in attached.facts.refused:
            return REFUSED
        handler = CAMERA_HANDLERS.get(name)
        if self._unplugged and name not in _FROM_MEMORY:
            return self._answer_unplugged(question, attached.camera)
        if handler is None:
            return DONE if question.export.tier == "A" or name in HARMLESS else REFUSED
        return handler(attached.camera, **arguments)

    @property
    def _unplugged(self) -> bool:
        return "cable-out" in self.quirks or "cable-out-success" in self.quirks

    def _answer_unplugged(self, question: Question, camera: VendorCamera) -> Answer:
        """What a function that needs the camera answers without it."""
        name = question.export.name
        if name == "GetQHYCCDParam":
            control = int(question.values["control"])
            return Answer(ERROR_VALUE if control in READINGS_OF_CAMERA else camera.value(control))
        if question.export.returns == "f64":
            return Answer(ERROR_VALUE)
        if "cable-out-success" not in self.quirks or name.startswith("Get"):
            black = name == "GetQHYCCDSingleFrame" and "cable-out-success" in self.quirks
            return DONE if black and camera.fetch_black() else REFUSED
        return DONE

    def camera_file(self, number: int) -> int | None:
        """Descriptor of the shared memory of an open camera."""
        for each in self._attached:
            if each.camera is not None and each.camera.number == number:
                return each.camera.frames.file
        return None

    def forget_process(self, process: int) -> None:
        """A program is gone: close what it had open, as the system does with a USB device."""
        self._close_all(process)
        with self._lock:
            for key in [key for key in self._memories if key[0] == process]:
                del self._memories[key]

    def _close_all(self, process: int) -> None:
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

    def _close_number(self, number: int, process: int) -> Answer:
        attached = self._open_camera(number, process)
        if attached is not None:
            self._close(attached)
        return DONE

    def _take_time(self, attached: Attached, name: str) -> None:
        seconds = attached.facts.duration_s.get(name, 0.0)
        if seconds and self._in_real_time:
            attached.device.clock.sleep_until(attached.device.clock.now_ns() + round(seconds * 1e9))

    def _by_id(self, identity: str) -> Attached | None:
        return next((each for each in self._attached if each.device.identity.id == identity), None)

    @library_answers("InitQHYCCDResource")
    def _init_resource(self) -> Answer:
        if not self._ready and self._in_real_time:
            time.sleep(1.0)
        self._ready = True
        return DONE

    @library_answers("ReleaseQHYCCDResource")
    def _release_resource(self, process: int) -> Answer:
        self._close_all(process)
        return DONE

    @library_answers("ScanQHYCCD")
    def _scan(self) -> Answer:
        return Answer(0 if self._unplugged else len(self._attached))

    @library_answers("GetQHYCCDId")
    def _id(self, index: int) -> Answer:
        if self._unplugged or index >= len(self._attached):
            return REFUSED
        identity = self._attached[index].device.identity.id
        if "id-36-bytes" in self.quirks:
            return Answer(written={"id": identity.encode().ljust(36, b"\0")})
        return Answer(written={"id": identity})

    @library_answers("GetQHYCCDModel")
    def _model(self, id: str) -> Answer:
        model, dash, _ = id.partition("-")
        return Answer(written={"model": model}) if dash else REFUSED

    @library_answers("OpenQHYCCD")
    def _open(self, id: str, process: int) -> Answer:
        attached = self._by_id(id)
        if attached is None:
            return Answer(0)
        with self._lock:
            if attached.camera is not None:
                return Answer(attached.camera.number if attached.owner == process else 0)
            self._number += 1
            memory = self._memories.setdefault((process, id), Memory(attached.facts))
            try:
                attached.camera = VendorCamera(attached.device, attached.facts, self._number, memory, self.quirks)
            except FullwellError as error:
                log.warning("%s cannot be opened: %s", id, error)
                return Answer(0)
            attached.owner = process
            return Answer(self._number)

    @library_answers("GetQHYCCDSDKVersion")
    def _version(self) -> Answer:
        return Answer(written=dict(zip(("year", "month", "day", "subday"), VERSION, strict=True)))

    @library_answers("GetCameraIsSuperSpeedFromID")
    def _super_speed(self, id: str) -> Answer:
        attached = self._by_id(id)
        if attached is None:
            return Answer(0)
        slow = isinstance(attached.device, SpeedTeller) and not attached.device.super_speed
        return Answer(int(not slow))

    @library_answers("GetQHYCCDReadModeNumberFromID", "GetReadModesNumber")
    def _mode_count_by_id(self, id: str) -> Answer:
        attached = self._by_id(id)
        return REFUSED if attached is None else Answer(written={"count": len(attached.facts.read_modes)})

    @library_answers("GetQHYCCDReadModeNameFromID")
    def _mode_name_by_id(self, id: str, mode: int) -> Answer:
        attached = self._by_id(id)
        return REFUSED if attached is None else mode_name(attached.facts, mode)

    @library_answers("GetReadModeName")
    def _mode_name_shortly(self, id: str, mode: int) -> Answer:
        attached = self._by_id(id)
        known = attached is not None and mode < len(attached.facts.read_modes)
        return mode_name(attached.facts, mode) if attached is not None and known else REFUSED


_WITH_PROCESS: Final = frozenset({"OpenQHYCCD", "ReleaseQHYCCDResource"})
_FROM_MEMORY: Final = frozenset(
    {
        "CloseQHYCCD",
        "GetQHYCCDChipInfo",
        "GetQHYCCDCurrentROI",
        "GetQHYCCDEffectiveArea",
        "GetQHYCCDExposureRemaining",
        "GetQHYCCDMemLength",
        "GetQHYCCDNumberOfReadModes",
        "GetQHYCCDOverScanArea",
        "GetQHYCCDParamMinMaxStep",
        "GetQHYCCDReadMode",
        "GetQHYCCDReadModeName",
        "GetQHYCCDReadModeResolution",
        "GetQHYCCDType",
        "IsQHYCCDControlAvailable",
        "StopQHYCCDLive",
    }
)
"""Functions that the library answers without the camera."""
