"""The part of the tracer that is a table: one function for each that the library's header declares."""

from __future__ import annotations

from typing import Final

from fullwell.serve.sdk.exports import C_TYPES, Export, Parameter, exports, table_digest
from fullwell.serve.sdk.generate import FAILED_F64, prototype

FRAMES: Final = frozenset({"GetQHYCCDSingleFrame", "GetQHYCCDLiveFrame"})
"""Functions that deliver a frame, all with the same parameters."""

BYTES: Final = ("block", "chars")
"""Kinds of parameters that are some bytes."""


def traced() -> tuple[Export, ...]:
    """The functions that are recorded: those of the header that the library has.

    What is in the library but in no header keeps its unknown parameters to itself: it is left alone.
    """
    return tuple(each for each in exports() if each.exported == "yes")


def tracer() -> str:
    """The C functions."""
    names = "\n".join(f'    [{each.number}] = "{each.name}",' for each in traced())
    parts = [
        "/* Made by `fullwell sdk trace` from exports.csv. */",
        '#include "trace.h"\n',
        f"const uint32_t table_digest = {table_digest():#x}u;",
        f"const char *const function_names[] = {{\n{names}\n}};\n",
        *(_function(each) for each in traced()),
    ]
    return "\n".join(parts) + "\n"


def _function(export: Export) -> str:
    types = ", ".join(each.c_type for each in export.parameters) or "void"
    returns = C_TYPES[export.returns]
    arguments = ", ".join(each.name for each in export.parameters)
    given = "" if export.returns == "void" else "return "
    result = "" if export.returns == "void" else f"{returns} result = "
    body = [
        f"{returns} (*next)({types}) = ({returns} (*)({types}))next_function({export.number});",
        f"if (!next) return{_failed(export)};",
        f"if (called_by_library(__builtin_return_address(0))) {_last(given, arguments)}",
        f"struct call call = {{.function = {export.number}, .values = {len(export.parameters)}}};",
        *(_before(place, export) for place in range(len(export.parameters))),
        *(["expect_part(&call, OUT_TEXT_BYTES);"] if export.returns == "text" else []),
        "begin_call(&call);",
        f"{result}next({arguments});",
        "end_call(&call);",
        *_after(export),
        "keep_call(&call);",
        *([] if export.returns == "void" else ["return result;"]),
    ]
    lines = "\n".join(f"    {line}" for line in body)
    return f"PUBLIC {prototype(export)} {{\n{lines}\n}}\n"


def _last(given: str, arguments: str) -> str:
    return f"{given}next({arguments});" if given else f"{{ next({arguments}); return; }}"


def _failed(export: Export) -> str:
    values = {"void": "", "f64": f" {FAILED_F64}", "u8": " 0", "handle": " NULL", "text": ' ""'}
    return values.get(export.returns, " 0xFFFFFFFFu")


def _before(place: int, export: Export) -> str:
    parameter = export.parameters[place]
    if parameter.written:
        if parameter.kind == "text":
            return f"watch_part(&call, {place}, {parameter.name}, OUT_TEXT_BYTES);"
        if parameter.kind in BYTES:
            return f"watch_part(&call, {place}, {parameter.name}, {parameter.size_bytes});"
        return f"watch(&call, {place}, {parameter.name}, sizeof *{parameter.name});"
    match parameter.kind:
        case "handle" | "pointer":
            return f"take_{parameter.kind}(&call, {place}, {parameter.name});"
        case "text":
            return f"take_text(&call, {place}, {parameter.name}, {_most(place, export)});"
        case "f64" | "f32":
            return f"take_double(&call, {place}, {parameter.name});"
        case "i32":
            return f"take_number(&call, {place}, (uint64_t)(int64_t){parameter.name});"
        case _:
            return f"take_number(&call, {place}, {parameter.name});"


def _most(place: int, export: Export) -> str:
    """How far a text reaches that need not end with a NUL: what the parameter after it says."""
    after = export.parameters[place + 1 : place + 2]
    return "length" if after and after[0].name == "length" else "SIZE_MAX"


def _after(export: Export) -> list[str]:
    lines = [_result(export)] if export.returns != "void" else []
    told = [_told(place, each) for place, each in enumerate(export.parameters) if each.written]
    if told and export.returns == "u32":
        lines += ["if (result != 0xFFFFFFFFu) {", *(f"    {line}" for line in told), "}"]
    else:
        lines += told
    if export.name in FRAMES:
        lines.append("tell_frame(&call, width, height, bpp, channels, image);")
    return lines


def _result(export: Export) -> str:
    match export.returns:
        case "f64":
            return "call.result = double_bits(result);"
        case "handle":
            return "call.result = number_of_handle(result);"
        case "text":
            return "tell_result_text(&call, result);"
        case "i32":
            return "call.result = (uint64_t)(int64_t)result;"
        case _:
            return "call.result = result;"


def _told(place: int, parameter: Parameter) -> str:
    if parameter.kind in ("text", *BYTES):
        is_text = "true" if parameter.kind == "text" else "false"
        return f"tell_part(&call, {place}, {parameter.name}, {is_text});"
    return f"tell(&call, {place}, {parameter.name}, sizeof *{parameter.name});"
