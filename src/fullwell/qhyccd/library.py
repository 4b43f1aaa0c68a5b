"""The vendor's libqhyccd: where it is, and its functions with their types."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from fullwell.errors import DeviceFault, MissingFile, NotSupported

VARIABLE: Final = "FULLWELL_QHYCCD_LIBRARY"
ERROR: Final = 0xFFFFFFFF
ERROR_VALUE: Final = 4294967295.0
STARTED: Final = frozenset({0, 0x2000, 0x2001})
"""What `ExpQHYCCDSingleFrame` returns when the exposure runs."""
ID_BYTES: Final = 128
TEXT_BYTES: Final = 256

_HANDLE, _U32, _U8, _F64 = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint8, ctypes.c_double
_OUT_U32, _OUT_U8, _OUT_F64 = ctypes.POINTER(_U32), ctypes.POINTER(_U8), ctypes.POINTER(_F64)
_TEXT = ctypes.c_char_p

TYPES: Final[dict[str, tuple[Any, ...]]] = {
    "EnableQHYCCDMessage": (ctypes.c_bool,),
    "EnableQHYCCDLogFile": (ctypes.c_bool,),
    "InitQHYCCDResource": (),
    "ReleaseQHYCCDResource": (),
    "ScanQHYCCD": (),
    "GetQHYCCDId": (_U32, _TEXT),
    "OpenQHYCCD": (_TEXT,),
    "CloseQHYCCD": (_HANDLE,),
    "GetQHYCCDSDKVersion": (_OUT_U32, _OUT_U32, _OUT_U32, _OUT_U32),
    "GetQHYCCDNumberOfReadModes": (_HANDLE, _OUT_U32),
    "GetQHYCCDReadModeName": (_HANDLE, _U32, _TEXT),
    "SetQHYCCDReadMode": (_HANDLE, _U32),
    "SetQHYCCDStreamMode": (_HANDLE, _U8),
    "InitQHYCCD": (_HANDLE,),
    "SetQHYCCDBinMode": (_HANDLE, _U32, _U32),
    "SetQHYCCDResolution": (_HANDLE, _U32, _U32, _U32, _U32),
    "SetQHYCCDBitsMode": (_HANDLE, _U32),
    "SetQHYCCDDebayerOnOff": (_HANDLE, ctypes.c_bool),
    "GetQHYCCDEffectiveArea": (_HANDLE, _OUT_U32, _OUT_U32, _OUT_U32, _OUT_U32),
    "GetQHYCCDMemLength": (_HANDLE,),
    "IsQHYCCDControlAvailable": (_HANDLE, ctypes.c_int),
    "SetQHYCCDParam": (_HANDLE, ctypes.c_int, _F64),
    "GetQHYCCDParam": (_HANDLE, ctypes.c_int),
    "ControlQHYCCDTemp": (_HANDLE, _F64),
    "ExpQHYCCDSingleFrame": (_HANDLE,),
    "GetQHYCCDSingleFrame": (_HANDLE, _OUT_U32, _OUT_U32, _OUT_U32, _OUT_U32, ctypes.c_void_p),
    "CancelQHYCCDExposingAndReadout": (_HANDLE,),
    "BeginQHYCCDLive": (_HANDLE,),
    "StopQHYCCDLive": (_HANDLE,),
    "GetQHYCCDLiveFrame": (_HANDLE, _OUT_U32, _OUT_U32, _OUT_U32, _OUT_U32, ctypes.c_void_p),
    "GetQHYCCDPreciseExposureInfo": (_HANDLE, *([_OUT_U32] * 6), _OUT_U8),
    "GetQHYCCDRollingShutterEndOffset": (_HANDLE, _U32, _OUT_F64),
    "GetQHYCCDHumidity": (_HANDLE, _OUT_F64),
    "GetQHYCCDPressure": (_HANDLE, _OUT_F64),
    "GetQHYCCDFWVersion": (_HANDLE, ctypes.c_void_p),
    "GetQHYCCDFPGAVersion": (_HANDLE, _U8, ctypes.c_void_p),
    "IsQHYCCDCFWPlugged": (_HANDLE,),
}
"""Functions that are used, with the types of their parameters."""

OPTIONAL: Final[dict[str, tuple[Any, ...]]] = {
    "ClearQHYCCDImageQueue": (_HANDLE,),
    "EnableQHYCCDBurstMode": (_HANDLE, ctypes.c_bool),
    "SetQHYCCDBurstModeStartEnd": (_HANDLE, _U32, _U32),
    "SetQHYCCDBurstModePatchNumber": (_HANDLE, _U32),
    "SetQHYCCDBurstIDLE": (_HANDLE,),
    "ReleaseQHYCCDBurstIDLE": (_HANDLE,),
    "ResetQHYCCDFrameCounter": (_HANDLE,),
    "EnableQHYCCDImageOSD": (_HANDLE, _U32),
    "SetQHYCCDEnableLiveModeAntiRBI": (_HANDLE, _U32),
    "SetQHYCCDSingleFrameTimeOut": (_HANDLE, _U32),
    "SetQHYCCDTrigerInterface": (_HANDLE, _U32),
    "SetQHYCCDTrigerMode": (_HANDLE, _U32),
    "SetQHYCCDTrigerFunction": (_HANDLE, ctypes.c_bool),
    "SetQHYCCDTrigerInOnly": (_HANDLE, ctypes.c_bool),
    "EnableQHYCCDTrigerOut": (_HANDLE,),
    "SendSoftTriger2QHYCCDCam": (_HANDLE,),
    "SetQHYCCDTrigerFilterOnOff": (_HANDLE, ctypes.c_bool),
    "SetQHYCCDTrigerFilterTime": (_HANDLE, _U32),
}
"""Functions that older libraries lack; what needs them is not supported then."""

RETURNS: Final = {
    "OpenQHYCCD": ctypes.c_void_p,
    "GetQHYCCDParam": _F64,
    "EnableQHYCCDMessage": None,
    "EnableQHYCCDLogFile": None,
}


def candidates() -> Iterator[str]:
    """Where the library may be: where the user says, in the system, inside the PyPI wheel ``qhyccd``."""
    if given := os.environ.get(VARIABLE):
        yield given
        return
    if found := ctypes.util.find_library("qhyccd"):
        yield found
    try:
        wheel = metadata.distribution("qhyccd")
    except metadata.PackageNotFoundError:
        return
    for file in wheel.files or ():
        if file.name.startswith("libqhyccd") and ".so" in file.name:
            yield str(Path(str(wheel.locate_file(file))))


def load() -> ctypes.CDLL:
    """The library, its functions typed, its messages off.

    Raises
    ------
    MissingFile
        If there is none.
    NotSupported
        If it cannot be loaded, or lacks a function.
    """
    for path in candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise NotSupported(
                f"the library {path} cannot be loaded: {error}.",
                f"Set {VARIABLE} to a libqhyccd for this machine.",
            ) from error
        return _typed(library, path)
    raise MissingFile(
        "the vendor's library libqhyccd is not on this machine.",
        f"Install the vendor's SDK, or `pip install qhyccd`, or set {VARIABLE} to the path of libqhyccd.so.",
    )


def _typed(library: ctypes.CDLL, path: str) -> ctypes.CDLL:
    for name, parameters in {**TYPES, **OPTIONAL}.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            if name in OPTIONAL:
                continue
            raise NotSupported(f"the library {path} has no function {name}.", "Install a newer one.") from error
        function.argtypes = parameters
        function.restype = RETURNS.get(name, _U32)
    library.EnableQHYCCDMessage(False)
    library.EnableQHYCCDLogFile(False)
    return library


def expect_success(result: int, name: str) -> None:
    """Raise `DeviceFault` if a function did not return success."""
    if result != 0:
        raise DeviceFault(
            f"the vendor's library refused {name} (returned {result:#x}).", "Check the cable, then open() again."
        )
