"""Calls and differences as people and programs read them."""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fullwell.serve.sdk.trace.calls import NO_CAMERA, Call, State, Trace, Value
from fullwell.serve.sdk.trace.replay import Difference
from fullwell.serve.sdk.wire import FAILED

ERROR: Final = "ERROR"
HEADING: Final = f"{'number':>6} {'after s':>12} {'thread':>8} {'took':>9} call = answer"


@cache
def control_names() -> dict[int, str]:
    """Names of the controls by number.

    Examples
    --------
    >>> control_names()[8]
    'CONTROL_EXPOSURE'
    """
    text = (files("fullwell.serve.sdk") / "constants.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {int(row["value"], 0): row["name"] for row in rows if row["group"] == "CONTROL_ID"}


def as_line(call: Call, first_ns: int) -> str:
    """A call in one line: number, seconds after the first, thread, time taken, call and answer.

    Parameters
    ----------
    call : Call
    first_ns : int
        When the first call of the trace began, ns.
    """
    after_s = (call.start_ns - first_ns) * 1e-9
    took = duration(call.busy_ns) if call.state is not State.BEGUN else ""
    times = f" x {call.repeats}" if call.repeats > 1 else ""
    return f"{call.number:6d} {after_s:12.6f} {call.thread:8d} {took:>9} {asked(call)} {answered(call)}{times}"


def as_record(call: Call, trace: Trace) -> str:
    """A call as JSON.

    Parameters
    ----------
    call : Call
    trace : Trace
        It is in.
    """
    record: dict[str, Any] = {
        "number": call.number,
        "function": call.export.name,
        "process": call.process,
        "thread": call.thread,
        "utc_ns": trace.utc_ns + call.start_ns - trace.start_ns,
        "start_ns": call.start_ns,
        "until_ns": call.until_ns,
        "busy_ns": call.busy_ns,
        "longest_ns": call.longest_ns,
        "repeats": call.repeats,
        "returned": call.state is not State.BEGUN,
        "given": call.given,
        "null": sorted(call.absent),
        "result": call.result,
        "told": {name: value.hex() if isinstance(value, bytes) else value for name, value in call.told.items()},
        "frame": {"bytes": call.frame.size_bytes, "hash": f"{call.frame.hash:016x}"} if call.frame else None,
    }
    return json.dumps(record)


def asked(call: Call) -> str:
    """The call as a line of C would say it."""
    words = (_given(parameter.name, call) for parameter in call.export.parameters)
    return f"{call.export.name}({', '.join(word for word in words if word)})"


def answered(call: Call) -> str:
    """What came back."""
    if call.state is State.BEGUN:
        return "... never returned"
    result = "" if call.export.returns == "void" else f"= {_result(call)} "
    told = [f"{name}={shown(value)}" for name, value in call.told.items()]
    if call.frame:
        told.append(
            f"pixels={call.frame.hash:016x}" if call.frame.hash else f"frame={call.frame.size_bytes} bytes"
        )
    return f"{result}{' '.join(told)}".rstrip()


def explained(difference: Difference) -> str:
    """A difference in some lines."""
    rule = difference.rule
    lines = [
        f"call {difference.call.number}: {asked(difference.call)}",
        f"  {difference.answer} recorded: {shown(difference.recorded)}",
        f"  {difference.answer} now:      {shown(difference.now)}",
    ]
    return "\n".join(lines + ([f"  compared as: {rule.text} ({rule.why})"] if rule else []))


def duration(time_ns: int) -> str:
    """A time in the unit that suits it.

    Examples
    --------
    >>> duration(850), duration(45_300), duration(12_000_000), duration(2_500_000_000)
    ('850 ns', '45.3 us', '12.0 ms', '2.5 s')
    """
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if time_ns >= size:
            return f"{time_ns / size:.1f} {unit}"
    return f"{time_ns} ns"


def _given(name: str, call: Call) -> str:
    if name in call.absent:
        return f"{name}=NULL"
    value = call.given.get(name)
    if value is None:
        return ""
    if name == "handle":
        return "handle=NULL" if value == 0 else "unknown handle" if value == NO_CAMERA else f"camera {value!s}"
    if name == "control" and isinstance(value, int) and value in control_names():
        return control_names()[value]
    return f"{name}={shown(value)}"


def _result(call: Call) -> str:
    if call.export.returns == "handle":
        return f"camera {call.result!s}" if call.result else "NULL"
    return shown(call.result)


def shown(value: Value | None) -> str:
    """A value as it is read best."""
    if value is None:
        return "nothing"
    if value in (FAILED, float(FAILED)):
        return ERROR
    if isinstance(value, bytes):
        return value.hex(" ")
    return (
        json.dumps(value)
        if isinstance(value, str)
        else f"{value:.10g}"
        if isinstance(value, float)
        else str(value)
    )
