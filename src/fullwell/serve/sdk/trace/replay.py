"""Makes the calls of a trace again and compares the answers."""

from __future__ import annotations

import ctypes
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from fullwell.errors import InvalidValue
from fullwell.serve.sdk.exports import Export
from fullwell.serve.sdk.trace.caller import Answer, Caller
from fullwell.serve.sdk.trace.calls import Call, State, Trace, Value
from fullwell.serve.sdk.trace.rules import RESULT, Rule, agree, rules_of

PAUSE_S: Final = 0.001
"""Between two questions where an answer is waited for."""
OURS: Final = "twin"


@dataclass(frozen=True, slots=True)
class Difference:
    """An answer that is not what was recorded.

    Attributes
    ----------
    call : Call
    answer : str
        "result", a parameter, "frame size" or "pixels".
    recorded, now : object
    rule : Rule or None
        By which they were compared.
    """

    call: Call
    answer: str
    recorded: Value | None
    now: Value | None
    rule: Rule | None = None


@dataclass(slots=True)
class Times:
    """Time that a function took in all.

    Attributes
    ----------
    calls : int
    recorded_ns, recorded_longest_ns : int
        In the traced program.
    now_ns, now_longest_ns : int
        In the replay.
    """

    calls: int = 0
    recorded_ns: int = 0
    recorded_longest_ns: int = 0
    now_ns: int = 0
    now_longest_ns: int = 0


@dataclass(slots=True)
class Outcome:
    """What a replay has found.

    Attributes
    ----------
    compared : int
        Calls whose answers were compared.
    frames, hashed : int
        Frames among them; those whose pixels were compared.
    left_out : Counter of str
        Calls that were not made again, by reason.
    differences : list of Difference
        In the order of the trace.
    times : dict of str to Times
        By function.
    """

    compared: int = 0
    frames: int = 0
    hashed: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    times: dict[str, Times] = field(default_factory=dict)


def processes(trace: Trace) -> list[int]:
    """The processes in a trace, those with most calls first."""
    return [process for process, _ in Counter(each.process for each in trace.calls).most_common()]


def replay(
    trace: Trace,
    library: ctypes.CDLL,
    tracer: ctypes.CDLL | None,
    *,
    process: int | None = None,
    ignore: Sequence[str] = (),
    in_time: bool = False,
    stop_at_first: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Outcome:
    """Make the calls of a trace again.

    Calls of one thread follow each other; a call begins when all calls are over that were over when it began in
    the traced program, so that what ran side by side does so again.

    Parameters
    ----------
    trace : Trace
    library : ctypes.CDLL
        Asked now, by `fullwell.serve.sdk.binding.bind`.
    tracer : ctypes.CDLL or None
        Takes the hash of frames; None = pixels are not compared.
    process : int, optional
        Whose calls; default is the process with most of them.
    ignore : sequence of str
        Functions whose answers are not compared; they are called all the same.
    in_time : bool
        Whether calls begin no earlier than they did after the first one.
    stop_at_first : bool
        Whether to end with the first difference.
    progress : callable
        Is told how many calls are done, of how many.

    Returns
    -------
    Outcome

    Raises
    ------
    InvalidValue
        If there is nothing to replay.
    """
    known = processes(trace)
    chosen = known[0] if process is None and known else process
    calls = [each for each in trace.calls if each.process == chosen]
    if not calls:
        raise InvalidValue(
            f"{trace.path} holds no call{'' if process is None else f' of process {process}'}.",
            f"Processes in it: {', '.join(map(str, known))}."
            if known
            else "Trace a program that calls the library.",
        )
    run = _Replay(calls, Caller(library, tracer), trace.about.get("library") != OURS, frozenset(ignore))
    return run.run(in_time, stop_at_first, progress)


class _Replay:
    def __init__(self, calls: list[Call], caller: Caller, vendor: bool, ignored: frozenset[str]) -> None:
        self._calls, self._caller = calls, caller
        self._rules = {each.number: rules_of(each, vendor) for each in calls}
        self._ignored = ignored
        self._overtaken = _overtaken(calls, self._rules)
        self._keeping = threading.Lock()
        self._outcome = Outcome()
        self._found: dict[int, list[Difference]] = {}

    def run(self, in_time: bool, stop_at_first: bool, progress: Callable[[int, int], None]) -> Outcome:
        begin_s, first_ns = time.monotonic(), self._calls[0].start_ns
        side_by_side = _side_by_side(self._calls)
        workers: dict[int, ThreadPoolExecutor] = {}
        under_way: dict[Future[None], int] = {}
        try:
            for done, call in enumerate(self._calls):
                progress(done, len(self._calls))
                if in_time:
                    time.sleep(max(0.0, begin_s + (call.start_ns - first_ns) * 1e-9 - time.monotonic()))
                for future in [each for each, until_ns in under_way.items() if until_ns <= call.start_ns]:
                    future.result()
                    del under_way[future]
                if stop_at_first and self._found:
                    break
                if call.number in side_by_side:
                    worker = workers.setdefault(call.thread, ThreadPoolExecutor(1))
                    under_way[worker.submit(self._repeat, call)] = call.until_ns
                else:
                    self._repeat(call)
            for future in under_way:
                future.result()
        finally:
            for worker in workers.values():
                worker.shutdown(wait=False)
        progress(len(self._calls), len(self._calls))
        self._outcome.differences = [each for number in sorted(self._found) for each in self._found[number]]
        return self._outcome

    def _repeat(self, call: Call) -> None:
        reason = self._reason_to_leave_out(call)
        if reason:
            self._outcome.left_out[reason] += call.repeats
            return
        rules = self._rules[call.number]
        for _ in range(1 if rules else call.repeats):
            answer, differences = self._ask(call, rules)
            if differences:
                break
        with self._keeping:
            self._keep(call, answer, differences)

    def _keep(self, call: Call, answer: Answer, differences: list[Difference]) -> None:
        times = self._outcome.times.setdefault(call.export.name, Times())
        times.calls += 1
        times.now_ns += answer.busy_ns
        times.now_longest_ns = max(times.now_longest_ns, answer.busy_ns)
        times.recorded_ns += call.busy_ns // call.repeats
        times.recorded_longest_ns = max(times.recorded_longest_ns, call.longest_ns)
        self._outcome.compared += 1
        if answer.frame and call.frame:
            self._outcome.frames += 1
            self._outcome.hashed += bool(answer.frame.hash and call.frame.hash)
        if differences and call.export.name not in self._ignored:
            self._found[call.number] = differences

    def _reason_to_leave_out(self, call: Call) -> str:
        rule = self._rules[call.number].get(RESULT)
        if call.state is State.BEGUN:
            return "never returned"
        if not self._caller.can_repeat(call):
            return "given data that a trace does not hold"
        if rule and rule.is_frame and call.result != 0:
            return "frame not there yet"
        return "asked again and again" if call.number in self._overtaken else ""

    def _ask(self, call: Call, rules: dict[str, Rule]) -> tuple[Answer, list[Difference]]:
        """Call, where it is a matter of time until the answer is the recorded one."""
        patience_s = max((rule.patience_s for rule in rules.values()), default=0.0)
        end_s = time.monotonic() + patience_s
        while True:
            answer = self._caller.call(call)
            differences = compare(call, answer, rules)
            came = answer.frame is not None and call.frame is not None
            if not differences or came or time.monotonic() >= end_s:
                return answer, differences
            time.sleep(PAUSE_S)


def compare(call: Call, answer: Answer, rules: dict[str, Rule]) -> list[Difference]:
    """What differs between a recorded call and what it gives now.

    Parameters
    ----------
    call : Call
    answer : Answer
    rules : mapping of str to Rule
        By answer.
    """
    found = []
    rule = rules.get(RESULT)
    if not agree(rule, call.result, answer.result):
        found.append(Difference(call, RESULT, call.result, answer.result, rule))
    elif not _is_error(call.export, call.result):
        for name, recorded in call.told.items():
            now, rule = answer.told.get(name), rules.get(name)
            if (name in call.unchanged and now is None) or (now is not None and agree(rule, recorded, now)):
                continue
            found.append(Difference(call, name, recorded, now, rule))
    if not found and call.frame and answer.frame:
        found += _compare_frames(call, answer)
    return found


def _compare_frames(call: Call, answer: Answer) -> list[Difference]:
    if call.frame is None or answer.frame is None:
        return []
    if call.frame.size_bytes != answer.frame.size_bytes:
        return [Difference(call, "frame size", call.frame.size_bytes, answer.frame.size_bytes)]
    both = call.frame.hash and answer.frame.hash
    if both and call.frame.hash != answer.frame.hash:
        return [Difference(call, "pixels", f"{call.frame.hash:016x}", f"{answer.frame.hash:016x}")]
    return []


def _is_error(export: Export, result: Value) -> bool:
    return export.returns == "u32" and result == 0xFFFFFFFF


def _overtaken(calls: list[Call], rules: dict[int, dict[str, Rule]]) -> frozenset[int]:
    """Questions that are asked again later, nothing but questions in between: only the last is compared."""
    found = set()
    waiting: dict[int, dict[tuple[object, ...], int]] = {}
    for call in calls:
        mine = waiting.setdefault(call.thread, {})
        if not rules[call.number]:
            mine.clear()
            continue
        patient = any(rule.patience_s and not rule.is_frame for rule in rules[call.number].values())
        if patient:
            key = (call.export.name, *call.given.items())
            if key in mine:
                found.add(mine[key])
            mine[key] = call.number
    return frozenset(found)


def _side_by_side(calls: list[Call]) -> frozenset[int]:
    """Calls during which another thread began one."""
    found = set()
    for place, call in enumerate(calls):
        end_ns = float("inf") if call.state is State.BEGUN else call.until_ns
        for later in calls[place + 1 :]:
            if later.start_ns >= end_ns:
                break
            if later.thread != call.thread:
                found.add(call.number)
                break
    return frozenset(found)
