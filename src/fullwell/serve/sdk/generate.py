"""The part of the C source that is a table: one small function for each export."""

from __future__ import annotations

from typing import Final

from fullwell.serve.sdk.exports import C_TYPES, Export, Parameter, exports, table_digest

FAILED: Final = "FAILED"
FAILED_F64: Final = "4294967295.0"

OWN: Final = {
    "OpenQHYCCD": "return open_camera(id);",
    "CloseQHYCCD": "return close_camera(handle);",
    "GetQHYCCDSingleFrame": "return fetch_single(handle, width, height, bpp, channels, image);",
    "GetQHYCCDLiveFrame": "return fetch_live(handle, width, height, bpp, channels, image);",
    "QHYCCDEqualizeHistogram": "equalize_histogram(image, width, height, bpp);",
    "Bits16ToBits8": "(void)handle; stretch_to_8_bits(source, target, width, height, black, white);",
}
"""Functions that are written by hand."""

SILENT: Final = frozenset(
    {
        "EnableQHYCCDLogFile",
        "EnableQHYCCDMessage",
        "HistInfo192x130",
        "OutputQHYCCDDebug",
        "QHYCCDQuit",
        "RegisterDataEventLive",
        "RegisterDataEventSingle",
        "RegisterPnpEventIn",
        "RegisterPnpEventOut",
        "RegisterTransferEventError",
        "SetQHYCCDAutoDetectCamera",
        "SetQHYCCDBufferNumber",
        "SetQHYCCDCallBack",
        "SetQHYCCDLogFunction",
        "SetQHYCCDLogLevel",
        "SetQHYCCDLogPath",
        "set_histogram_equalization",
    }
)
"""Functions that need no engine: they set up messages that we never print, or calls back that never come.

HistInfo192x130 writes nothing in the vendor's library either.
"""

CLOSED: Final = {"StopQHYCCDLive": "0", "GetQHYCCDReadingProgress": "0.0"}
"""What the vendor's library returns for a handle that is not open, where it is not its error value."""

_PICTURES: Final = """void equalize_histogram(uint8_t *image, int32_t width, int32_t height, int32_t bpp);
void stretch_to_8_bits(const uint8_t *source, uint8_t *target, uint32_t width,
                       uint32_t height, uint16_t black, uint16_t white);
"""
HEAD: Final = "/* Made by `fullwell sdk build` from tables. */\n"
"""First line of each file."""


def calls() -> str:
    """The C functions."""
    parts = [
        HEAD,
        '#include "engine.h"\n\n#include <stdio.h>\n#include <string.h>\n',
        '#define PUBLIC __attribute__((visibility("default")))\n',
        _PICTURES,
        f"const uint32_t table_digest = {table_digest():#x}u;",
    ]
    for each in exports():
        purpose = {"OpenQHYCCD": "open", "CloseQHYCCD": "close", "GetQHYCCDSingleFrame": "single"}.get(each.name)
        if purpose:
            parts.append(f"const uint32_t function_{purpose} = {each.number};")
    parts += ["", *(_function(each) for each in exports())]
    return "\n".join(parts) + "\n"


def prototype(export: Export) -> str:
    """How C declares a function."""
    parameters = ", ".join(_declared(parameter) for parameter in export.parameters)
    returns = C_TYPES[export.returns]
    gap = "" if returns.endswith("*") else " "
    return f"{returns}{gap}{export.name}({parameters or 'void'})"


def _declared(parameter: Parameter) -> str:
    gap = "" if parameter.c_type.endswith("*") else " "
    return f"{parameter.c_type}{gap}{parameter.name}"


def _function(export: Export) -> str:
    if export.name in OWN:
        body = [OWN[export.name]]
    elif export.name in SILENT:
        body = [f"(void){parameter.name};" for parameter in export.parameters] + _return("0", export)
    else:
        body = _question(export)
    lines = "\n".join(f"    {line}" for line in body)
    return f"PUBLIC {prototype(export)} {{\n{lines}\n}}\n"


def _return(value: str, export: Export) -> list[str]:
    return [] if export.returns == "void" else [f"return {value};"]


def _question(export: Export) -> list[str]:
    """Ask the engine and write what it answers, if the caller wants it."""
    failed = FAILED_F64 if export.returns == "f64" else "0" if export.returns == "u8" else FAILED
    camera = "camera_number(handle)" if export.takes_handle else "0"
    body = [
        f"struct question question = {{.function = {export.number}, .camera = {camera}}};",
        "struct answer reply;",
    ]
    if export.takes_handle:
        closed = "" if export.returns == "void" else f" {CLOSED.get(export.name, failed)}"
        body.append(f"if (!question.camera) return{closed};")
    behaves = export.tier != "C"
    for place, parameter in enumerate(export.parameters):
        if parameter.kind == "handle":
            if place:
                body.append(f"(void){parameter.name};")
        elif behaves:
            body.append(_put(place, parameter))
        else:
            body.append(f"(void){parameter.name};")
    if export.returns == "f64":
        body.append(f"if (!ask(&question, &reply)) return {failed};")
    else:
        body.append("ask(&question, &reply);")
    if behaves:
        body += [_get(place, parameter) for place, parameter in enumerate(export.parameters) if parameter.written]
    match export.returns:
        case "void":
            pass
        case "f64":
            body.append("return as_double(reply.result);")
        case "text":
            body.append("static _Thread_local char words[TEXT_BYTES];")
            body.append('snprintf(words, sizeof words, "%.*s", (int)reply.text_bytes, reply.text);')
            body.append("return words;")
        case kind:
            body.append(f"return ({C_TYPES[kind]})reply.result;")
    return body


def _put(place: int, parameter: Parameter) -> str:
    if parameter.written or parameter.kind == "pointer":
        return f"if (!{parameter.name}) question.absent |= 1u << {place};"
    match parameter.kind:
        case "text":
            return f"put_text(&question, {place}, {parameter.name});"
        case "f64" | "f32":
            return f"put_double(&question, {place}, {parameter.name});"
        case "i32":
            return f"question.number[{place}] = (uint32_t){parameter.name};"
        case _:
            return f"question.number[{place}] = {parameter.name};"


def _get(place: int, parameter: Parameter) -> str:
    wanted = f"if ({parameter.name} && reply.present >> {place} & 1)"
    match parameter.kind:
        case "text":
            return f"{wanted} memcpy({parameter.name}, reply.text, reply.text_bytes);"
        case "block" | "chars":
            bound = f"reply.text_bytes < {parameter.size_bytes} ? reply.text_bytes : {parameter.size_bytes}"
            return f"{wanted} memcpy({parameter.name}, reply.text, {bound});"
        case "f64":
            return f"{wanted} *{parameter.name} = as_double(reply.number[{place}]);"
        case kind:
            return f"{wanted} *{parameter.name} = ({C_TYPES[kind]})reply.number[{place}];"
