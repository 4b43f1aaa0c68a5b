"""What a camera may do in which state: one table, complete by construction of its tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fullwell.errors import Busy, DeviceFault, FullwellError, InvalidOperation, NoImage, NotConnected


class State(StrEnum):
    """What a camera is doing."""

    CLOSED = "closed"
    IDLE = "idle"
    ARMED = "armed"
    EXPOSING = "exposing"
    READING = "reading"
    LIVE = "live"
    ERROR = "error"


class Command(StrEnum):
    """What a client asks for; each value reads as "cannot <value> while ..."."""

    OPEN = "open"
    CLOSE = "close"
    CONFIGURE = "change these settings"
    ADJUST = "change exposure, gain or offset"
    CONTROL = "read or set controls"
    START = "start an exposure"
    READ = "read a frame"
    STOP = "stop"
    ABORT = "abort"
    GO_LIVE = "go live"
    TRIGGER = "trigger"
    BURST = "take a burst"
    UPDATE = "change the firmware"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command is not possible now.

    Attributes
    ----------
    error : type of FullwellError
    why : str
        Completes "cannot ...: ".
    remedy : str
        What to do about it.
    """

    error: type[FullwellError]
    why: str
    remedy: str


_CLOSED: Final = Refusal(NotConnected, "the camera is not open", "Call open() first.")
_EXPOSING: Final = Refusal(Busy, "an exposure is running", "Wait for its frame, stop() or abort() it.")
_READING: Final = Refusal(Busy, "a frame waits to be read", "read() it or abort().")
_LIVE: Final = Refusal(Busy, "the camera is live", "End the live run or burst first: stop() or abort().")
_NOTHING: Final = Refusal(NoImage, "no exposure was started", "Call start() first.")
_UNARMED: Final = Refusal(
    InvalidOperation, "nothing waits for a trigger", "Choose pins.configure(trigger_input=...), then start()."
)
_ARMED: Final = Refusal(Busy, "an exposure waits for its trigger", "trigger() it, or abort() it.")
_NOT_BEGUN: Final = Refusal(
    InvalidOperation, "the exposure waits for its trigger, so there is nothing to keep", "Use abort()."
)
_ITERATE: Final = Refusal(
    Busy, "the camera is live", "Take frames from the iterator that live() or burst() returned."
)
_FAULT: Final = Refusal(DeviceFault, "the camera has failed", "Call open() again, or close().")

TRANSITIONS: Final[dict[State, dict[Command, State | Refusal]]] = {
    State.CLOSED: {
        Command.OPEN: State.IDLE,
        Command.CLOSE: State.CLOSED,
        Command.CONFIGURE: _CLOSED,
        Command.ADJUST: _CLOSED,
        Command.CONTROL: _CLOSED,
        Command.START: _CLOSED,
        Command.READ: _CLOSED,
        Command.STOP: _CLOSED,
        Command.ABORT: _CLOSED,
        Command.GO_LIVE: _CLOSED,
        Command.BURST: _CLOSED,
        Command.TRIGGER: _CLOSED,
        Command.UPDATE: _CLOSED,
    },
    State.IDLE: {
        Command.OPEN: State.IDLE,
        Command.CLOSE: State.CLOSED,
        Command.CONFIGURE: State.IDLE,
        Command.ADJUST: State.IDLE,
        Command.CONTROL: State.IDLE,
        Command.START: State.EXPOSING,
        Command.READ: _NOTHING,
        Command.STOP: State.IDLE,
        Command.ABORT: State.IDLE,
        Command.GO_LIVE: State.LIVE,
        Command.BURST: State.LIVE,
        Command.TRIGGER: _UNARMED,
        Command.UPDATE: State.IDLE,
    },
    State.ARMED: {
        Command.OPEN: State.ARMED,
        Command.CLOSE: State.CLOSED,
        Command.CONFIGURE: _ARMED,
        Command.ADJUST: _ARMED,
        Command.CONTROL: State.ARMED,
        Command.START: _ARMED,
        Command.READ: State.ARMED,
        Command.STOP: _NOT_BEGUN,
        Command.ABORT: State.IDLE,
        Command.GO_LIVE: _ARMED,
        Command.BURST: _ARMED,
        Command.TRIGGER: State.ARMED,
        Command.UPDATE: _ARMED,
    },
    State.EXPOSING: {
        Command.OPEN: State.EXPOSING,
        Command.CLOSE: State.CLOSED,
        Command.CONFIGURE: _EXPOSING,
        Command.ADJUST: _EXPOSING,
        Command.CONTROL: State.EXPOSING,
        Command.START: _EXPOSING,
        Command.READ: State.EXPOSING,
        Command.STOP: State.READING,
        Command.ABORT: State.IDLE,
        Command.GO_LIVE: _EXPOSING,
        Command.BURST: _EXPOSING,
        Command.TRIGGER: _EXPOSING,
        Command.UPDATE: _EXPOSING,
    },
    State.READING: {
        Command.OPEN: State.READING,
        Command.CLOSE: State.CLOSED,
        Command.CONFIGURE: _READING,
        Command.ADJUST: _READING,
        Command.CONTROL: State.READING,
        Command.START: _READING,
        Command.READ: State.READING,
        Command.STOP: State.READING,
        Command.ABORT: State.IDLE,
        Command.GO_LIVE: _READING,
        Command.BURST: _READING,
        Command.TRIGGER: _READING,
        Command.UPDATE: _READING,
    },
    State.LIVE: {
        Command.OPEN: State.LIVE,
        Command.CLOSE: State.CLOSED,
        Command.CONFIGURE: _LIVE,
        Command.ADJUST: State.LIVE,
        Command.CONTROL: State.LIVE,
        Command.START: _LIVE,
        Command.READ: _ITERATE,
        Command.STOP: State.IDLE,
        Command.ABORT: State.IDLE,
        Command.GO_LIVE: _LIVE,
        Command.BURST: _LIVE,
        Command.TRIGGER: State.LIVE,
        Command.UPDATE: _LIVE,
    },
    State.ERROR: {
        Command.OPEN: State.IDLE,
        Command.CLOSE: State.CLOSED,
        Command.CONFIGURE: _FAULT,
        Command.ADJUST: _FAULT,
        Command.CONTROL: _FAULT,
        Command.START: _FAULT,
        Command.READ: _FAULT,
        Command.STOP: _FAULT,
        Command.ABORT: _FAULT,
        Command.GO_LIVE: _FAULT,
        Command.BURST: _FAULT,
        Command.TRIGGER: _FAULT,
        Command.UPDATE: _FAULT,
    },
}
"""State after each command, or why it is refused. START leads to ARMED where exposures wait for a trigger. Beside
commands, a trigger moves ARMED to EXPOSING, time EXPOSING to READING, a delivered frame READING to IDLE, the last
frame of a live run or burst LIVE to IDLE, and a device fault any open state to ERROR."""


def after(state: State, command: Command, cause: Exception | None = None) -> State:
    """The state that a command leads to.

    Parameters
    ----------
    state : State
    command : Command
    cause : Exception, optional
        What put the camera into the state ERROR; told to whoever is refused for it.

    Raises
    ------
    NotConnected, Busy, NoImage, DeviceFault
        Where the table refuses the command.

    Examples
    --------
    >>> after(State.EXPOSING, Command.ABORT)
    <State.IDLE: 'idle'>
    >>> after(State.EXPOSING, Command.START)
    Traceback (most recent call last):
    ...
    fullwell.errors.Busy: cannot start an exposure: an exposure is running. Wait for its frame, stop() or ...
    """
    step = TRANSITIONS[state][command]
    if isinstance(step, Refusal):
        told = f" ({cause})" if step is _FAULT and cause is not None else ""
        raise step.error(f"cannot {command}: {step.why}{told}.", step.remedy) from cause
    return step
