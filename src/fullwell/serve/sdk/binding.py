"""A libqhyccd by ctypes, every function of the header with its types from the table."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, Final

from fullwell.errors import NotSupported
from fullwell.serve.sdk.exports import Parameter, exports

CTYPES: Final[dict[str, Any]] = {
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


def bind(path: Path | str) -> ctypes.CDLL:
    """Load a library and give its functions their types.

    Parameters
    ----------
    path : Path or str

    Raises
    ------
    NotSupported
        If it cannot be loaded.
    """
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise NotSupported(
            f"the library {path} cannot be loaded: {error}.", "Give the path of another."
        ) from error
    for export in exports():
        if export.exported == "yes" and hasattr(library, export.name):
            function = getattr(library, export.name)
            function.argtypes = [_type(each) for each in export.parameters]
            function.restype = CTYPES[export.returns]
    return library


def _type(parameter: Parameter) -> Any:
    """Pointers through which is written are given as addresses of rooms of any kind."""
    return ctypes.c_void_p if parameter.written else CTYPES[parameter.kind]
