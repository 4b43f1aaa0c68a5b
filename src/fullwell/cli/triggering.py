"""What ends the waiting of a pre-trigger, from the command line."""

from __future__ import annotations

import re
import sys
import threading
from contextlib import suppress
from typing import Final

from fullwell.camera.pretrigger import AtInstant, BrightnessStep, OnCall, PreTrigger, Trigger
from fullwell.cli.talk import say
from fullwell.errors import InvalidValue, UnknownName
from fullwell.record.instants import instant_ns, iso

KEY: Final = "key"
DAY_NS: Final = 86_400_000_000_000
TIME_OF_DAY: Final = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?")
DATE_AND_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")


def pre_triggered(seconds: float | None, trigger: str | None, now_ns: int) -> PreTrigger | None:
    """A pre-trigger as it was asked for; None if it was not.

    Parameters
    ----------
    seconds : float or None
        How much to keep, s.
    trigger : str or None
        "key", "step", a time of day or a date with a time, UTC.
    now_ns : int
        UTC; a time of day is the next one after it.

    Raises
    ------
    InvalidValue
        If there is a trigger, but nothing to keep before it, or its instant is past.
    UnknownName
        If there is no such trigger.
    """
    if seconds is None:
        if trigger is not None:
            raise InvalidValue(
                f"a trigger ({trigger}) needs the seconds before it.", "Add --pre-trigger SECONDS."
            )
        return None
    return PreTrigger(seconds, _trigger(trigger or KEY, now_ns))


def listen_for_enter(before: PreTrigger, seconds: float) -> None:
    """Let the Enter key fire a pre-trigger, and say so.

    Parameters
    ----------
    before : PreTrigger
    seconds : float
        How much it keeps, s.
    """
    say(f"keeping {seconds:g} s; press Enter to record.")
    threading.Thread(target=_wait_for_enter, args=(before,), name="fullwell-key", daemon=True).start()


def _trigger(trigger: str, now_ns: int) -> Trigger:
    if trigger == KEY:
        return OnCall()
    if trigger == "step":
        return BrightnessStep()
    with suppress(ValueError):  # "25:00:00" looks like a time
        if DATE_AND_TIME.fullmatch(trigger):
            return AtInstant(_to_come(trigger, now_ns))
        if TIME_OF_DAY.fullmatch(trigger):
            today_ns = instant_ns(f"{iso(now_ns)[:10]}T{trigger}")
            return AtInstant(today_ns if today_ns > now_ns else today_ns + DAY_NS)
    raise UnknownName("trigger", trigger, (KEY, "step", "21:30:05", "2026-11-21T21:30:05"))


def _to_come(trigger: str, now_ns: int) -> int:
    wanted_ns = instant_ns(trigger)
    if wanted_ns <= now_ns:
        raise InvalidValue(
            f"the trigger at {trigger} is past: it is {iso(now_ns, 1)} UTC.", "Give an instant to come, in UTC."
        )
    return wanted_ns


def _wait_for_enter(before: PreTrigger) -> None:
    if sys.stdin.readline():
        before.fire()
