"""From an HTTP request to a member and back: the order of the checks, the shape of the replies."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from fullwell.errors import FullwellError
from fullwell.serve.alpaca.device import AlpacaDevice
from fullwell.serve.alpaca.error_numbers import error_number
from fullwell.serve.alpaca.images import INT32, Picture
from fullwell.serve.alpaca.members import BLANKS, Kind, Member, Where
from fullwell.serve.alpaca.parameters import UINT32_MAX, Fields, Malformed

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
IMAGEBYTES: Final = "application/imagebytes"
MOST_BODY_BYTES: Final = 16_384
PIECE_BYTES: Final = 1 << 20

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transaction:
    """Who asks, and the two numbers that tie a reply to its request.

    Attributes
    ----------
    client : int
        ClientID.
    number : int
        ClientTransactionID.
    server_number : int
        ServerTransactionID, from 1.
    """

    client: int
    number: int
    server_number: int

    def envelope(self) -> dict[str, object]:
        """What every JSON reply carries."""
        return {"ClientTransactionID": self.number, "ServerTransactionID": self.server_number}


class Router:
    """Answers requests to ``/api/v1/{type}/{number}/{member}``.

    Order of the checks: address (404, 405; unknown device 400), identifiers and parameters (400), connection,
    then the member itself. From the connection on, errors are replies with status 200 and an error number.

    Parameters
    ----------
    devices : sequence of AlpacaDevice
    """

    def __init__(self, devices: Sequence[AlpacaDevice]) -> None:
        self._devices = {(device.kind, device.number): device for device in devices}
        self._server_numbers = itertools.count()

    def transaction(self, fields: Fields) -> Transaction:
        """Identifiers of a request, and a fresh server number."""
        fresh = next(self._server_numbers) % UINT32_MAX + 1
        return Transaction(fields.client_id(), fields.identifier("ClientTransactionID"), fresh)

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            device = self._device(request.path_params["kind"], request.path_params["number"])
        except Malformed as reason:
            return PlainTextResponse(str(reason), 400)
        methods = device.members.get(request.path_params["member"])
        if methods is None:
            return PlainTextResponse(f"A {device.kind} has no member {request.path_params['member']!r}.", 404)
        member = methods.get("GET" if request.method == "HEAD" else request.method)
        if member is None:
            allowed = ", ".join(sorted(methods))
            return PlainTextResponse(f"{allowed} only.", 405, {"Allow": allowed})
        try:
            fields = await read_fields(request)
            transaction = self.transaction(fields)
            values = [fields.value_of(parameter) for parameter in member.parameters]
        except Malformed as reason:
            return PlainTextResponse(str(reason), 400)
        try:
            if member.connected:
                device.require_connected(transaction.client)
            value = await run(member, device, transaction.client, values)
        except FullwellError as error:
            return error_reply(member, transaction, error)
        except Exception as defect:  # left to the server it would also close the client's connection
            log.exception("%s %s", request.method, request.url.path)
            return PlainTextResponse(f"A defect of this server, see its log: {defect!r}.", 500)
        if isinstance(value, Picture):
            return image_reply(value, transaction, accepts_imagebytes(request.headers.get("accept", "")))
        return json_reply(member, transaction, value)

    def _device(self, kind: str, number: str) -> AlpacaDevice:
        known = [device for device in self._devices.values() if device.kind == kind]
        if not known:
            raise Malformed(f"There is no device type {kind!r} here (device types are in lower case).")
        device = self._devices.get((kind, int(number))) if _NUMBER.fullmatch(number) else None
        if device is None:
            raise Malformed(f"There is no {kind} {number!r}; numbers go from 0 to {len(known) - 1}.")
        return device


async def read_fields(request: Request) -> Fields:
    """The parameters: of the query for GET, of the form for PUT."""
    if request.method != "PUT":
        return Fields(request.scope["query_string"], exact=False)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise Malformed(f"The form is longer than {MOST_BODY_BYTES} bytes.")
    content_type = request.headers.get("content-type", FORM).split(";")[0].strip().lower()
    if body and content_type != FORM:
        raise Malformed(f"The parameters of a PUT come as {FORM}, not as {content_type}.")
    return Fields(bytes(body), exact=True)


async def run(member: Member, device: AlpacaDevice, client: int, values: list[object]) -> Any:
    """Let the member act, where it belongs."""
    arguments = [client, *values] if member.wants_client else values
    if member.where is Where.WORKER:
        return await device.in_worker(member.act, device, *arguments)
    result = member.act(device, *arguments)
    return await result if member.where is Where.TASK else result


def json_reply(member: Member, transaction: Transaction, value: object) -> Response:
    """A reply without error."""
    reply = {**transaction.envelope(), "ErrorNumber": 0, "ErrorMessage": ""}
    if member.kind is not Kind.NOTHING:
        reply["Value"] = value
    return Response(orjson.dumps(reply), media_type=JSON)


def error_reply(member: Member, transaction: Transaction, error: FullwellError) -> Response:
    """A reply that carries an error; images too, because not every client reads errors in ImageBytes."""
    reply = {**transaction.envelope(), "ErrorNumber": error_number(error), "ErrorMessage": str(error)}
    if member.kind is Kind.IMAGE:
        reply |= {"Type": INT32, "Rank": 2}
    if member.kind is not Kind.NOTHING:
        reply["Value"] = BLANKS[member.kind]
    return Response(orjson.dumps(reply), media_type=JSON)


def accepts_imagebytes(accept: str) -> bool:
    """Whether an Accept header names ImageBytes.

    Examples
    --------
    >>> accepts_imagebytes("application/json, Application/ImageBytes;q=0.9")
    True
    >>> accepts_imagebytes("*/*"), accepts_imagebytes("application/imagebytes;q=0")
    (False, False)
    """
    for choice in accept.lower().split(","):
        media, *options = (part.strip() for part in choice.split(";"))
        if media == IMAGEBYTES:
            return not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", option) for option in options)
    return False


def image_reply(picture: Picture, transaction: Transaction, imagebytes: bool) -> Response:
    """An image: header and pixels as they lie in memory, or JSON; both piece by piece."""
    if not imagebytes:
        return StreamingResponse(picture.json(transaction.number, transaction.server_number), media_type=JSON)
    header = picture.header(transaction.number, transaction.server_number)
    payload = picture.payload()

    async def body() -> AsyncIterator[bytes | memoryview]:
        yield header
        for begin in range(0, len(payload), PIECE_BYTES):
            yield payload[begin : begin + PIECE_BYTES]
            await asyncio.sleep(0)  # a write lasts as long as the client keeps up: let the others have their turn

    length = {"content-length": str(len(header) + len(payload))}
    return StreamingResponse(body(), media_type=IMAGEBYTES, headers=length)
