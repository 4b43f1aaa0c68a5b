"""The headers that programs are compiled with, in words of our own: names, numbers and types are the vendor's."""

from __future__ import annotations

import csv
from importlib.resources import files
from itertools import groupby
from typing import Final

from fullwell.serve.sdk.exports import exports
from fullwell.serve.sdk.generate import HEAD, prototype

MAIN: Final = "qhyccd.h"
OTHERS: Final = ("qhyccdcamdef.h", "qhyccderr.h", "qhyccdstruct.h")
"""Parts of the vendor's header, which some programs ask for by name."""

_CALLED_BACK: Final = {
    "SetQHYCCDCallBack": "uint64_t SetQHYCCDCallBack(QHYCCDProcCallBack callback, int32_t flag)",
    "RegisterDataEventLive": "void RegisterDataEventLive(void (*callback)(char *id, uint8_t *image))",
    "RegisterDataEventSingle": "void RegisterDataEventSingle(void (*callback)(char *id, uint8_t *image))",
    "RegisterPnpEventIn": "void RegisterPnpEventIn(void (*callback)(char *id))",
    "RegisterPnpEventOut": "void RegisterPnpEventOut(void (*callback)(char *id))",
    "RegisterTransferEventError": "void RegisterTransferEventError(void (*callback)(void))",
}
"""Declarations with the type of the function that a program gives; the library sees a pointer."""

_CXX: Final = {
    "SetQHYCCDLogFunction": "template <class Function> inline void SetQHYCCDLogFunction(Function) {}",
    "QHYCCDSolve": """extern "C" uint32_t QHYCCDSolve(
    int32_t time_out_s, float scale_low, float scale_high, float centre_ra, float centre_dec, float radius,
    float &ra, float &dec, float &size_x, float &size_y, float &rotation);""",
}
"""What only C++ can call, by a function object (its type has changed over the versions) or references."""


def headers() -> dict[str, str]:
    """Every header.

    Returns
    -------
    dict of str
        Text of each file by its name.

    Examples
    --------
    >>> sorted(headers())
    ['qhyccd.h', 'qhyccdcamdef.h', 'qhyccderr.h', 'qhyccdstruct.h']
    """
    return {MAIN: _main()} | dict.fromkeys(OTHERS, f'{HEAD}#include "{MAIN}"\n')


def _main() -> str:
    plain = [each for each in exports() if each.exported == "yes" and each.name not in _CXX]
    declared = "\n".join(_CALLED_BACK.get(each.name, prototype(each)) + ";" for each in plain)
    cxx = "\n".join(_CXX.values())
    return f"""{HEAD}#ifndef QHYCCD_H
#define QHYCCD_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
#define EXPORTC extern "C"
#else
#define EXPORTC
#endif
#define EXPORTFUNC EXPORTC
#define STDCALL

{_constants()}

typedef void qhyccd_handle;
typedef uint64_t QHYDWORD;
typedef QHYDWORD (*QHYCCDProcCallBack)(void *handle, QHYDWORD message, QHYDWORD w, QHYDWORD l);

#ifdef __cplusplus
extern "C" {{
#endif

{declared}

#ifdef __cplusplus
}}
{cxx}
#endif

#endif
"""


def _constants() -> str:
    text = (files(__package__) / "constants.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    parts = []
    for group, members in groupby(rows, key=lambda row: row["group"]):
        if group:
            inside = "\n".join(f"    {row['name']} = {row['value']}," for row in members)
            parts.append(f"typedef enum {group} {{\n{inside}\n}} {group};")
        else:
            parts += [f"#define {row['name']} {row['value']}" for row in members]
    return "\n".join(parts)
