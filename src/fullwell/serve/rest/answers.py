"""What the door says, as plain values for JSON."""

from __future__ import annotations

from fullwell.camera.alarms import Alarm, AlarmEvent
from fullwell.camera.engine import Camera, State
from fullwell.camera.troubles import ActiveTrouble, Trouble
from fullwell.errors import FullwellError


def camera_answer(number: int, camera: Camera) -> dict[str, object]:
    """Who a camera is, what it is doing, and what is wrong with it."""
    state = camera.state
    return {
        "number": number,
        "id": camera.identity.id,
        "model": camera.model.name,
        "backend": camera.identity.backend,
        "state": str(state),
        "connected": state not in (State.CLOSED, State.ERROR),
        "recoveries": camera.recoveries,
        "time_ns": camera.clock.now_ns(),
        "alarms": [alarm_answer(alarm) for alarm in camera.alarms.standing],
    }


def alarm_answer(alarm: Alarm) -> dict[str, object]:
    """Something that is wrong."""
    return {
        "kind": str(alarm.kind),
        "severity": alarm.severity.name.lower(),
        "since_ns": alarm.since_ns,
        "text": alarm.text,
        "remedy": alarm.remedy,
    }


def event_answer(event: AlarmEvent) -> dict[str, object]:
    """Something that has happened."""
    return {
        "number": event.number,
        "at_ns": event.at_ns,
        "change": event.change,
        "alarm": alarm_answer(event.alarm),
    }


def trouble_answer(trouble: Trouble) -> dict[str, object]:
    """Something that can be set."""
    return {
        "name": trouble.name,
        "title": trouble.title,
        "part": trouble.part,
        "parameters": [
            {
                "name": each.name,
                "unit": each.unit,
                "low": each.low,
                "high": each.high,
                "default": each.default,
                "meaning": each.meaning,
            }
            for each in trouble.parameters
        ],
        "description": trouble.description,
        "source": trouble.source,
    }


def active_answer(trouble: ActiveTrouble) -> dict[str, object]:
    """Something that is set."""
    return {
        "name": trouble.name,
        "parameters": dict(trouble.values),
        "since_ns": trouble.since_ns,
        "until_ns": trouble.until_ns,
    }


def error_answer(error: FullwellError) -> dict[str, object]:
    """What went wrong, and what to do."""
    return {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
