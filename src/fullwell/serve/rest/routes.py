"""Addresses and what they do.

======  ==============================================  ======================================================
GET     /fullwell/v1/cameras                            all cameras: state, alarms
GET     /fullwell/v1/cameras/{camera}                   one of them, by number or identity
GET     /fullwell/v1/cameras/{camera}/alarms            what is wrong; with ``?after=N`` the events since number N
GET     /fullwell/v1/cameras/{camera}/troubles          what can be set, and what is
PUT     /fullwell/v1/cameras/{camera}/troubles/{name}   set one; the body holds its parameters, and ``for_s``
DELETE  /fullwell/v1/cameras/{camera}/troubles          clear all
DELETE  /fullwell/v1/cameras/{camera}/troubles/{name}   clear one
======  ==============================================  ======================================================

Everything is JSON. What cannot be done is answered with ``error``, ``message`` and ``remedy``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fullwell import errors
from fullwell.camera.engine import Camera
from fullwell.serve.rest.answers import (
    active_answer,
    alarm_answer,
    camera_answer,
    error_answer,
    event_answer,
    trouble_answer,
)

ROOT: Final = "/fullwell/v1/cameras"
MOST_BYTES: Final = 4096
"""Longest body; parameters of a trouble take some 100."""

STATUS: Final[dict[type[errors.FullwellError], int]] = {
    errors.UnknownName: 404,
    errors.InvalidValue: 400,
    errors.NotSupported: 409,
    errors.InvalidOperation: 409,
    errors.FullwellError: 500,
}

Act = Callable[[Sequence[Camera], Request, bytes], object]


def rest_routes(cameras: Sequence[Camera]) -> list[Route]:
    """The routes of this door.

    Parameters
    ----------
    cameras : sequence of Camera
        Open. They stay the caller's.
    """
    one = ROOT + "/{camera}"
    table: list[tuple[str, str, Act]] = [
        ("GET", ROOT, _all),
        ("GET", one, _one),
        ("GET", one + "/alarms", _alarms),
        ("GET", one + "/troubles", _troubles),
        ("DELETE", one + "/troubles", _clear),
        ("PUT", one + "/troubles/{name}", _set),
        ("DELETE", one + "/troubles/{name}", _clear),
    ]
    return [Route(path, _endpoint(cameras, act), methods=[method]) for method, path, act in table]


def _endpoint(cameras: Sequence[Camera], act: Act) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            body = await _body(request)
            return _reply(200, await run_in_threadpool(act, cameras, request, body))
        except errors.FullwellError as error:
            status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
            return _reply(status, error_answer(error))

    return answer


def _reply(status: int, value: object) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise errors.InvalidValue(f"the body has more than {MOST_BYTES} bytes.", "Send the parameters only.")
    return body


def _all(cameras: Sequence[Camera], request: Request, body: bytes) -> object:
    del request, body
    return {"cameras": [camera_answer(number, camera) for number, camera in enumerate(cameras)]}


def _one(cameras: Sequence[Camera], request: Request, body: bytes) -> object:
    del body
    number, camera = _find(cameras, request)
    return camera_answer(number, camera)


def _alarms(cameras: Sequence[Camera], request: Request, body: bytes) -> object:
    del body
    _, camera = _find(cameras, request)
    after = request.query_params.get("after", "0")
    if not after.isdecimal():
        raise errors.InvalidValue(f"after={after!r} is no number of an event.", "Give a whole number.")
    return {
        "alarms": [alarm_answer(alarm) for alarm in camera.alarms.standing],
        "events": [event_answer(event) for event in camera.alarms.events(int(after))],
    }


def _troubles(cameras: Sequence[Camera], request: Request, body: bytes) -> object:
    del body
    _, camera = _find(cameras, request)
    board = camera.troubles
    return {
        "known": [trouble_answer(trouble) for trouble in board.known.values()],
        "active": [active_answer(trouble) for trouble in board.active],
    }


def _set(cameras: Sequence[Camera], request: Request, body: bytes) -> object:
    _, camera = _find(cameras, request)
    return {"set": active_answer(camera.troubles.set(request.path_params["name"], **_parameters(body)))}


def _clear(cameras: Sequence[Camera], request: Request, body: bytes) -> object:
    del body
    _, camera = _find(cameras, request)
    cleared = camera.troubles.clear(request.path_params.get("name"))
    return {"cleared": [active_answer(trouble) for trouble in cleared]}


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError as error:
        raise errors.InvalidValue(f"the body is no JSON: {error}.", 'Send e.g. {"rate": 0.1}.') from None
    if not isinstance(told, dict) or "name" in told:
        raise errors.InvalidValue(
            "the body must be an object that holds the parameters.", 'Send e.g. {"rate": 0.1}.'
        )
    return told


def _find(cameras: Sequence[Camera], request: Request) -> tuple[int, Camera]:
    wanted = request.path_params["camera"]
    for number, camera in enumerate(cameras):
        if wanted in (str(number), camera.identity.id):
            return number, camera
    raise errors.UnknownName("camera", wanted, [str(number) for number in range(len(cameras))])
