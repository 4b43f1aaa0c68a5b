"""Traces without a program: what is kept of a frame, how answers are compared, what a listing says."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fullwell.errors import FullwellError, InvalidFacts, InvalidValue, MissingFile, NotWritable
from fullwell.serve.sdk.exports import exports
from fullwell.serve.sdk.trace import calls as layout
from fullwell.serve.sdk.trace.caller import Answer
from fullwell.serve.sdk.trace.calls import Call, Frame, State, create, finish, read
from fullwell.serve.sdk.trace.listing import answered, as_line, as_record, asked, explained
from fullwell.serve.sdk.trace.recording import load_tracer
from fullwell.serve.sdk.trace.replay import compare
from fullwell.serve.sdk.trace.rules import rules, rules_of

BY_NAME = {each.name: each for each in exports()}
ERROR = 0xFFFFFFFF
PRIMES = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F
MASK = (1 << 64) - 1


def a_call(name: str, **fields: object) -> Call:
    return replace(Call(1, BY_NAME[name], 10, 11, State.DONE, 1, 5_000, 7_500, 2_500, 2_500), **fields)


def mixed(state: int, word: int) -> int:
    state = (state + word * PRIMES[1]) & MASK
    return (state << 31 | state >> 33) * PRIMES[0] & MASK


def hash_by_the_definition(data: bytes) -> int:
    padded = data + bytes(-len(data) % 64)
    lanes = list(range(1, 9))
    for place, (word,) in enumerate(struct.iter_unpack("<Q", padded)):
        lanes[place % 8] = mixed(lanes[place % 8], word)
    whole = len(data)
    for lane in lanes:
        whole = mixed(whole, lane)
    return whole ^ whole >> 32


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 4096])
def test_the_hash_of_a_frame(tracer: Path, size: int) -> None:
    hashed = load_tracer(tracer).fullwell_frame_hash
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    assert hashed(data, size) == hash_by_the_definition(data)


def test_one_bit_changes_the_hash(tracer: Path) -> None:
    """Of any pixel, also when the same bit of another pixel of the same lane changes with it."""
    hashed = load_tracer(tracer).fullwell_frame_hash
    frame = np.zeros(256, np.uint16)
    seen = {hashed(frame.tobytes(), frame.nbytes)}
    changes = [(place, bit) for place in range(256) for bit in range(16)]
    for place, bit in changes:
        for other in (None, (place + 32) % 256):
            frame[:] = 0
            frame[place] ^= 1 << bit
            if other is not None and other > place:
                frame[other] ^= 1 << bit
            seen.add(hashed(frame.tobytes(), frame.nbytes))
    pairs = sum(place + 32 < 256 for place, _ in changes)
    assert len(seen) == 1 + len(changes) + pairs


@pytest.mark.parametrize(
    ("function", "given", "recorded", "now", "agrees"),
    [
        ("GetQHYCCDParam", {"control": 14}, 20.0, 17.5, True),
        ("GetQHYCCDParam", {"control": 14}, 20.0, float(ERROR), False),
        ("GetQHYCCDParam", {"control": 14}, float(ERROR), float(ERROR), True),
        ("GetQHYCCDParam", {"control": 15}, 0.0, 256.0, False),
        ("GetQHYCCDParam", {"control": 6}, 20.0, 21.0, False),
        ("GetQHYCCDParam", {"control": 6}, float("nan"), float("nan"), True),
        ("GetQHYCCDExposureRemaining", {}, 100, 3, True),
        ("GetQHYCCDExposureRemaining", {}, 100, ERROR, False),
        ("SetQHYCCDParam", {"control": 6}, 0, ERROR, False),
    ],
)
def test_results_are_compared_by_their_rule(
    function: str, given: dict[str, int], recorded: float, now: float, agrees: bool
) -> None:
    call = a_call(function, given=given, result=recorded)
    found = compare(call, Answer(now), rules_of(call, vendor=False))
    assert [each.answer for each in found] == ([] if agrees else ["result"])


@pytest.mark.parametrize(
    ("told", "now", "unchanged", "different"),
    [
        ({"x": 1, "y": 2}, {"x": 1, "y": 2}, (), []),
        ({"x": 1, "y": 2}, {"x": 1, "y": 3}, (), ["y"]),
        ({"x": 1, "y": 2}, {"x": 1}, (), ["y"]),
        ({"x": 1, "y": 2}, {"x": 1}, ("y",), []),
        ({"x": 1, "y": 2}, {"x": 1, "y": 3}, ("y",), ["y"]),
        ({"x": 1}, {"x": 1, "y": 3}, (), []),
    ],
)
def test_what_is_written_is_compared(
    told: dict[str, int], now: dict[str, int], unchanged: tuple[str, ...], different: list[str]
) -> None:
    call = a_call("GetQHYCCDCurrentROI", told=told, unchanged=frozenset(unchanged))
    assert [each.answer for each in compare(call, Answer(0, now), {})] == different


@pytest.mark.parametrize(
    ("recorded", "now", "different"),
    [
        (Frame(64, 5), Frame(64, 5), []),
        (Frame(64, 5), Frame(64, 6), ["pixels"]),
        (Frame(64, 0), Frame(64, 6), []),
        (Frame(64, 5), Frame(32, 5), ["frame size"]),
    ],
)
def test_frames_are_compared(recorded: Frame, now: Frame, different: list[str]) -> None:
    call = a_call("GetQHYCCDLiveFrame", frame=recorded)
    assert [each.answer for each in compare(call, Answer(0, {}, now), {})] == different


def test_serial_numbers_differ_between_libraries_only() -> None:
    call = a_call("GetQHYCCDId", given={"index": 0}, told={"id": "QHY600M-1"})
    now = Answer(0, {"id": "QHY600M-2"})
    assert compare(call, now, rules_of(call, vendor=True)) == []
    assert [each.answer for each in compare(call, now, rules_of(call, vendor=False))] == ["id"]
    other = Answer(0, {"id": "QHY268M-1"})
    assert [each.answer for each in compare(call, other, rules_of(call, vendor=True))] == ["id"]


def test_rules_are_of_functions_and_answers_that_are_there() -> None:
    for rule in rules():
        export = BY_NAME[rule.function]
        written = [each.name for each in export.parameters if each.written]
        assert rule.answer in ("result", *written), rule
        assert set(rule.where) <= {each.name for each in export.parameters}, rule
        assert rule.why


def test_a_rule_that_nobody_understands(monkeypatch: pytest.MonkeyPatch) -> None:
    from fullwell.serve.sdk.trace import rules as room

    with pytest.raises(InvalidFacts, match="roughly"):
        room._understand("roughly the same")


def test_a_line_of_a_listing() -> None:
    call = a_call("SetQHYCCDParam", given={"handle": 1, "control": 8, "value": 20000.0}, repeats=3)
    assert as_line(call, 4_000).split() == [
        *("1", "0.000001", "11", "2.5", "us"),
        *("SetQHYCCDParam(camera", "1,", "CONTROL_EXPOSURE,", "value=20000)", "=", "0", "x", "3"),
    ]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (a_call("CloseQHYCCD", given={"handle": 0}), "CloseQHYCCD(handle=NULL) = 0"),
        (a_call("CloseQHYCCD", given={"handle": MASK}, result=ERROR), "CloseQHYCCD(unknown handle) = ERROR"),
        (a_call("OpenQHYCCD", given={"id": "QHY-1"}, result=1), 'OpenQHYCCD(id="QHY-1") = camera 1'),
        (a_call("OpenQHYCCD", absent=frozenset({"id"})), "OpenQHYCCD(id=NULL) = NULL"),
        (a_call("ScanQHYCCD", state=State.BEGUN), "ScanQHYCCD() ... never returned"),
        (a_call("GetQHYCCDCFWStatus", given={"handle": 1}, told={"status": b"1"}), "31"),
        (a_call("GetQHYCCDLiveFrame", frame=Frame(8, 0xAB)), "pixels=00000000000000ab"),
        (a_call("SetQHYCCDLogLevel", given={"level": 2}), "SetQHYCCDLogLevel(level=2) "),
    ],
)
def test_calls_in_words(call: Call, text: str) -> None:
    assert text in f"{asked(call)} {answered(call)}"


def test_a_difference_in_words() -> None:
    call = a_call("GetQHYCCDParam", given={"handle": 1, "control": 14}, result=20.0)
    (difference,) = compare(call, Answer(float(ERROR)), rules_of(call, vendor=False))
    assert explained(difference).splitlines() == [
        "call 1: GetQHYCCDParam(camera 1, CONTROL_CURTEMP)",
        "  result recorded: 20",
        "  result now:      ERROR",
        "  compared as: between -60 and 60 (a reading: temperature of the sensor (C))",
    ]


def test_calls_as_json(tmp_path: Path) -> None:
    create(tmp_path / "empty", {"library": "twin"})
    trace = read(tmp_path / "empty")
    call = a_call("GetQHYCCDCFWStatus", given={"handle": 1}, told={"status": b"1"}, frame=Frame(8, 2))
    record = json.loads(as_record(call, trace))
    assert record["function"] == "GetQHYCCDCFWStatus"
    assert record["utc_ns"] == trace.utc_ns + 5_000 - trace.start_ns
    assert record["told"] == {"status": "31"}
    assert record["frame"] == {"bytes": 8, "hash": f"{2:016x}"}


def test_an_empty_trace(tmp_path: Path) -> None:
    path = tmp_path / "run.trace"
    create(path, {"library": "twin", "program": ["a", "b"]})
    trace = read(path)
    assert (trace.calls, trace.ended, trace.about["program"]) == ((), False, ["a", "b"])
    finish(path, 3)
    assert (read(path).ended, read(path).exit_status) == (True, 3)


def test_files_that_are_no_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.trace"
    with pytest.raises(MissingFile):
        read(path)
    path.write_bytes(b"text")
    with pytest.raises(MissingFile, match="no trace"):
        read(path)
    with pytest.raises(NotWritable):
        create(path, {})
    create(path, {}, overwrite=True)
    monkeypatch.setattr(layout, "table_digest", lambda: 1)
    with pytest.raises(InvalidValue, match="another version"):
        read(path)
    with pytest.raises(FullwellError):
        create(tmp_path / "long", {"program": ["x" * 70_000]})
