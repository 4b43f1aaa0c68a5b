"""Calls a libqhyccd in every way that can be compared, and prints what it answers: one JSON line a call.

Run in a process of its own: ``call_script.py LIBRARY EXPORTS.CSV STREAM MODE``. Needs nothing but ctypes, so the
same script runs against the vendor's library and against ours. Whatever a call does not write keeps a pattern,
which shows in the answer as "untouched".
"""

from __future__ import annotations

import csv
import ctypes
import json
import os
import sys
from pathlib import Path

TYPES = {
    "void": None,
    "handle": ctypes.c_void_p,
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "i32": ctypes.c_int32,
    "bool": ctypes.c_bool,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
    "text": ctypes.c_char_p,
    "pointer": ctypes.c_void_p,
}
PATTERN = {"u8": 0xA5, "u32": 0xA5A5A5A5, "i32": -1515870811, "f64": -12345.678}
ROOM = 256
FILL = b"\xee"


class Library:
    """Functions by name, with their types from the table."""

    def __init__(self, path: str, table: str) -> None:
        self.library = ctypes.CDLL(path)
        with Path(table).open(encoding="utf-8") as file:
            rows = csv.DictReader(line for line in file if not line.startswith("#"))
            self.table = {
                row["name"]: (row["returns"], [p.split(":") for p in row["parameters"].split()]) for row in rows
            }

    def call(self, name: str, *given):
        """Call; the result and what was written, by parameter."""
        returns, parameters = self.table[name]
        function = getattr(self.library, name)
        function.restype = TYPES[returns]
        arguments, rooms, values = [], {}, iter(given)
        types = []
        for label, kind in parameters:
            base = kind.rstrip(">")
            if not kind.endswith(">"):
                types.append(TYPES[base])
                arguments.append(next(values))
            elif base == "text" or base.startswith(("block", "chars")):
                rooms[label] = ctypes.create_string_buffer(FILL * ROOM, ROOM)
                types.append(ctypes.c_char_p)
                arguments.append(rooms[label])
            else:
                rooms[label] = TYPES[base](PATTERN[base])
                types.append(ctypes.POINTER(TYPES[base]))
                arguments.append(ctypes.byref(rooms[label]))
        function.argtypes = types
        result = function(*arguments)
        written = {}
        for label, kind in parameters:
            if label in rooms:
                base = kind.rstrip(">")
                room = rooms[label]
                if base == "text" or base.startswith(("block", "chars")):
                    raw = bytes(room)
                    if raw == FILL * ROOM:
                        written[label] = "untouched"
                    elif base == "text":
                        written[label] = raw.split(b"\0")[0].rstrip(FILL).decode("latin-1")
                    else:
                        written[label] = len(raw.rstrip(FILL))
                else:
                    written[label] = "untouched" if room.value == TYPES[base](PATTERN[base]).value else room.value
        return result, written


class Script:
    """Prints each call."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.stage = ""
        self.identity = b""

    def say(self, name: str, *given, label: str = ""):
        result, written = self.library.call(name, *given)
        first = 1 if self.library.table[name][1][:1] and self.library.table[name][1][0][1] == "handle" else 0
        shown = given[first:]
        words = ["ID" if a == self.identity else a.decode() if isinstance(a, bytes) else a for a in shown]
        print(
            json.dumps(
                {
                    "stage": self.stage,
                    "call": name,
                    "with": words,
                    "label": label,
                    "result": result,
                    "written": written,
                }
            ),
            flush=True,
        )
        return result, written

    def areas(self, handle) -> None:
        for name in (
            "GetQHYCCDChipInfo",
            "GetQHYCCDEffectiveArea",
            "GetQHYCCDOverScanArea",
            "GetQHYCCDCurrentROI",
            "GetQHYCCDMemLength",
        ):
            self.say(name, handle)

    def remembered(self, handle, label: str) -> None:
        """What outlasts an initialisation, or the camera being closed."""
        for control in (6, 7, 8, 9, 10, 12, 18, 36):
            self.say("GetQHYCCDParam", handle, control, label=label)
        for name in (
            "GetQHYCCDEffectiveArea",
            "GetQHYCCDOverScanArea",
            "GetQHYCCDCurrentROI",
            "GetQHYCCDChipInfo",
        ):
            self.say(name, handle, label=label)
        self.say("GetQHYCCDReadMode", handle, label=label)

    def controls(self, handle) -> None:
        for control in [*range(100), *range(1024, 1040), 999, 5000]:
            self.say("IsQHYCCDControlAvailable", handle, control)
            self.say("GetQHYCCDParamMinMaxStep", handle, control)
            if control not in (14, 15, 32, 62, 63, 67, 51):
                self.say("GetQHYCCDParam", handle, control)

    def modes(self, handle, count: int) -> None:
        self.say("GetQHYCCDNumberOfReadModes", handle)
        for mode in [*range(count), count, 100]:
            self.say("GetQHYCCDReadModeName", handle, mode)
            self.say("GetQHYCCDReadModeResolution", handle, mode)
        self.say("GetQHYCCDReadMode", handle)


def main(path: str, table: str, stream: int, mode: int) -> None:
    library = Library(path, table)
    library.call("EnableQHYCCDMessage", False)
    library.call("EnableQHYCCDLogFile", False)
    s = Script(library)
    s.stage = "library"
    s.say("GetQHYCCDSDKVersion")
    s.say("InitQHYCCDResource")
    s.say("InitQHYCCDResource", label="again")
    s.say("ScanQHYCCD")
    _, written = library.call("GetQHYCCDId", 0)
    full = s.identity = written["id"].encode()
    s.say("GetQHYCCDId", 1)
    s.say("GetQHYCCDModel", full)
    s.say("GetQHYCCDModel", b"QHY999-0")
    s.say("GetQHYCCDReadModeNumberFromID", full)
    s.say("GetReadModesNumber", full)
    count = library.call("GetQHYCCDReadModeNumberFromID", full)[1]["count"]
    for each in (0, count):
        s.say("GetQHYCCDReadModeNameFromID", full, each)
        s.say("GetReadModeName", full, each)
    s.say("GetCameraIsSuperSpeedFromID", full)
    print(
        json.dumps(
            {
                "stage": "library",
                "call": "OpenQHYCCD",
                "with": ["unknown"],
                "label": "",
                "result": library.call("OpenQHYCCD", b"QHY999-0")[0],
                "written": {},
            }
        )
    )
    opened = library.call("OpenQHYCCD", full)[0]
    handle = ctypes.c_void_p(opened)
    s.stage = "before init"
    print(
        json.dumps(
            {
                "stage": s.stage,
                "call": "OpenQHYCCD",
                "with": ["again"],
                "label": "",
                "result": library.call("OpenQHYCCD", full)[0] == opened,
                "written": {},
            }
        )
    )
    s.say("GetQHYCCDType", handle)
    s.areas(handle)
    s.controls(handle)
    s.modes(handle, count)
    s.say("GetQHYCCDReadingProgress", handle)
    s.say("SetQHYCCDStreamMode", handle, 7)
    s.say("SetQHYCCDReadMode", handle, count)
    s.say("SetQHYCCDParam", handle, 6, 12.0)
    s.say("GetQHYCCDParam", handle, 6)
    s.stage = "init"
    s.say("SetQHYCCDReadMode", handle, mode)
    s.say("SetQHYCCDStreamMode", handle, stream)
    s.say("InitQHYCCD", handle)
    s.stage = "after init"
    s.areas(handle)
    s.modes(handle, count)
    s.controls(handle)
    s.say("GetQHYCCDReadingProgress", handle)
    s.say("GetQHYCCDExposureRemaining", handle)
    s.stage = "controls"
    for control in [*range(100), *range(1024, 1034), 999]:
        if control in (
            14,
            15,
            16,
            17,
            18,
            20,
            36,
            42,
            57,
            58,
            59,
            48,
            43,
            10,
            78,
            88,
            93,
            94,
            95,
            64,
            65,
            87,
            67,
            68,
            73,
            74,
        ):
            continue
        for value in (0.0, 1.0, 1000.0, -5.0):
            s.say("SetQHYCCDParam", handle, control, value)
            s.say("GetQHYCCDParam", handle, control, label=f"after {value:g}")
    s.say("SetQHYCCDParam", handle, 8, 20000.0)
    for control in (14, 15, 20, 57, 58, 59, 36, 48, 18, 16):
        s.say("SetQHYCCDParam", handle, control, 0.0)
    for target in (-10.0, 60.0):
        s.say("ControlQHYCCDTemp", handle, target)
        s.say("GetQHYCCDParam", handle, 18)
    s.stage = "bits"
    for bits in (8, 16, 32, 12, 0, 16):
        s.say("SetQHYCCDBitsMode", handle, bits)
        s.say("GetQHYCCDParam", handle, 10)
        s.say("GetQHYCCDChipInfo", handle)
    s.stage = "bins"
    for pair in ((1, 1), (2, 2), (3, 3), (4, 4), (1, 2), (0, 0), (1672, 433), (6, 6), (8, 8), (1, 1)):
        s.say("SetQHYCCDBinMode", handle, *pair)
        s.areas(handle)
    s.stage = "windows"
    for window in (
        (0, 0, 640, 480),
        (24, 34, 101, 33),
        (0, 0, 0, 0),
        (0, 0, 20000, 10),
        (9000, 6000, 600, 422),
        (1, 1, 9600, 6422),
        (0, 0, 640, 480),
    ):
        s.say("SetQHYCCDResolution", handle, *window)
        s.say("GetQHYCCDCurrentROI", handle)
    s.stage = "optional"
    for name, *values in (
        ("GetQHYCCDTrigerInterfaceNumber",),
        ("GetQHYCCDTrigerInterfaceName", 0),
        ("GetQHYCCDTrigerInterfaceName", 1),
        ("GetQHYCCDTrigerInterfaceName", 9),
        ("GetQHYCCDTrigerModeNumber",),
        ("GetQHYCCDTrigerModeName", 0),
        ("SetQHYCCDTrigerMode", 0),
        ("SetQHYCCDTrigerMode", 5),
        ("SetQHYCCDTrigerInterface", 0),
        ("SetQHYCCDTrigerInterface", 9),
        ("SetQHYCCDTrigerFunction", True),
        ("SetQHYCCDTrigerFunction", False),
        ("EnableQHYCCDTrigerOut",),
        ("EnableQHYCCDTrigerOutA",),
        ("SendSoftTriger2QHYCCDCam",),
        ("SetQHYCCDTrigerInOnly", False),
        ("SetQHYCCDTrigerOutOnly", False),
        ("SetQHYCCDTrigerFilterOnOff", True),
        ("SetQHYCCDTrigerFilterTime", 10),
        ("EnableQHYCCDBurstMode", True),
        ("SetQHYCCDBurstModeStartEnd", 1, 6),
        ("EnableQHYCCDBurstCountFun", True),
        ("ResetQHYCCDFrameCounter",),
        ("SetQHYCCDBurstIDLE",),
        ("ReleaseQHYCCDBurstIDLE",),
        ("SetQHYCCDBurstModePatchNumber", 32001),
        ("RereadQHYCCDBurstFrame",),
        ("EnableQHYCCDBurstMode", False),
        ("SetQHYCCDEnableLiveModeAntiRBI", 1),
        ("SetQHYCCDEnableLiveModeAntiRBI", 0),
        ("EnableQHYCCDImageOSD", 1),
        ("EnableQHYCCDImageOSD", 0),
        ("SetQHYCCDGPSVCOXFreq", 100),
        ("SetQHYCCDGPSLedCalMode", 1),
        ("SetQHYCCDGPSLedCalMode", 0),
        ("SetQHYCCDGPSMasterSlave", 0),
        ("SetQHYCCDTwoChannelCombineParameter", 3000.0, 1.0, 0.0, 20.0, 0.0),
        ("SetQHYCCDWriteFPGA", 0, 39, 1),
        ("SetQHYCCDWriteCMOS", 0, 1, 1),
        ("SetQHYCCDDebayerOnOff", True),
        ("SetQHYCCDDebayerOnOff", False),
        ("ControlQHYCCDGuide", 1, 100),
        ("ControlQHYCCDShutter", 0),
        ("GetQHYCCDShutterStatus",),
        ("SendOrder2QHYCCDCFW", b"1", 1),
        ("IsQHYCCDCFWPlugged",),
        ("SetQHYCCDSingleFrameTimeOut", 2000),
        ("SetQHYCCDFrameDetectOnOff", True),
        ("SetQHYCCDFrameDetectOnOff", False),
        ("SetQHYCCDFocusSetting", 100, 100),
        ("ClearQHYCCDImageQueue",),
        ("SetQHYCCDCalibrationOnOff", False),
        ("GetQHYCCDControlName", 6),
        ("GetQHYCCDSensorName",),
        ("GetQHYCCDFWVersion",),
        ("GetQHYCCDFPGAVersion", 0),
        ("GetQHYCCDFPGAVersion", 1),
        ("GetQHYCCDCameraStatus",),
        ("GetQHYCCDHumidity",),
        ("GetQHYCCDPressure",),
        ("GetQHYCCDFPGATemp",),
        ("QHYCCD_GainValueToDbGain", 26.0),
        ("QHYCCD_GainValueToDbGain", 56.0),
        ("QHYCCD_GainValueToDbGain", 0.0),
        ("QHYCCD_curveSystemGain", 10.0),
        ("QHYCCD_curveFullWell", 10.0),
        ("QHYCCD_curveReadoutNoise", 10.0),
        ("GetQHYCCDImageStabilizationGravity",),
        ("SetQHYCCDArrayCamSync", False),
    ):
        s.say(name, handle, *values)
    s.say("GetQHYCCDPreciseExposureInfo", handle)
    for row in (0, 1, 2, 100, 101):
        s.say("GetQHYCCDRollingShutterEndOffset", handle, row)
    s.stage = "order"
    s.say("StopQHYCCDLive", handle, label="none")
    s.say("CancelQHYCCDExposingAndReadout", handle, label="idle")
    s.say("CancelQHYCCDExposing", handle, label="idle")
    if stream == 1:
        s.say("BeginQHYCCDLive", handle)
        s.say("StopQHYCCDLive", handle)
    s.stage = "again"
    s.say("InitQHYCCD", handle, label="first")
    for factor in (2, 3, 1):
        for control, value in ((6, 33.0), (7, 44.0), (8, 200000.0), (12, 20.0), (18, -5.0)):
            s.say("SetQHYCCDParam", handle, control, value)
        s.say("SetQHYCCDBinMode", handle, factor, factor)
        s.say("SetQHYCCDResolution", handle, 10, 20, 640, 480)
        s.say("SetQHYCCDBitsMode", handle, 8)
        s.remembered(handle, f"bin {factor}")
        s.say("InitQHYCCD", handle, label=f"bin {factor}")
        s.remembered(handle, f"init in bin {factor}")
    s.say("SetQHYCCDBinMode", handle, 1, 1)
    s.say("SetQHYCCDResolution", handle, 10, 20, 640, 480)
    s.say("SetQHYCCDParam", handle, 8, 200000.0)
    library.call("CloseQHYCCD", handle)
    handle = ctypes.c_void_p(library.call("OpenQHYCCD", full)[0])
    s.remembered(handle, "reopened")
    s.say("InitQHYCCD", handle, label="reopened")
    s.remembered(handle, "reopened, init")
    library.call("CloseQHYCCD", handle)
    s.say("ReleaseQHYCCDResource", label="in between")
    s.say("InitQHYCCDResource", label="in between")
    s.say("ScanQHYCCD", label="in between")
    handle = ctypes.c_void_p(library.call("OpenQHYCCD", full)[0])
    s.remembered(handle, "released")
    s.stage = "closed"
    library.call("CloseQHYCCD", handle)
    strange = {"closed": handle, "null": ctypes.c_void_p(0), "invented": ctypes.c_void_p(0xDEADBEEF0)}
    for label, bad in strange.items():
        for name, *values in (
            ("GetQHYCCDParam", 14),
            ("SetQHYCCDParam", 18, 0.0),
            ("GetQHYCCDType",),
            ("ExpQHYCCDSingleFrame",),
            ("BeginQHYCCDLive",),
            ("StopQHYCCDLive",),
            ("GetQHYCCDChipInfo",),
            ("IsQHYCCDControlAvailable", 6),
            ("GetQHYCCDMemLength",),
            ("CancelQHYCCDExposingAndReadout",),
            ("SetQHYCCDStreamMode", 0),
            ("InitQHYCCD",),
            ("GetQHYCCDExposureRemaining",),
            ("GetQHYCCDReadingProgress",),
            ("CloseQHYCCD",),
        ):
            s.say(name, bad, *values, label=label)
    s.stage = "end"
    s.say("ReleaseQHYCCDResource")
    s.say("ReleaseQHYCCDResource", label="again")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
