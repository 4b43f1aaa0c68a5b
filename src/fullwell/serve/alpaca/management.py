"""The management interface: which versions, which server, which devices."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import fullwell
from fullwell.serve.alpaca.device import AlpacaDevice
from fullwell.serve.alpaca.parameters import Malformed
from fullwell.serve.alpaca.router import JSON, Router, read_fields

TYPE_NAMES = {
    "camera": "Camera",
    "filterwheel": "FilterWheel",
    "switch": "Switch",
    "observingconditions": "ObservingConditions",
}


def api_versions() -> list[int]:
    """Versions of the device interface."""
    return [1]


def description() -> dict[str, str]:
    """Who serves."""
    return {
        "ServerName": "fullwell",
        "Manufacturer": "fullwell",
        "ManufacturerVersion": fullwell.__version__,
        "Location": socket.gethostname(),
    }


def configured_devices(devices: Sequence[AlpacaDevice]) -> list[dict[str, object]]:
    """What is served."""
    return [
        {
            "DeviceName": device.name,
            "DeviceType": TYPE_NAMES[device.kind],
            "DeviceNumber": device.number,
            "UniqueID": device.unique_id,
        }
        for device in devices
    ]


def management_routes(router: Router, devices: Sequence[AlpacaDevice]) -> list[Route]:
    """The three addresses of the management interface."""

    def route(path: str, value: Callable[[], object]) -> Route:
        async def answer(request: Request) -> Response:
            try:
                transaction = router.transaction(await read_fields(request))
            except Malformed as reason:
                return PlainTextResponse(str(reason), 400)
            return Response(orjson.dumps({"Value": value(), **transaction.envelope()}), media_type=JSON)

        return Route(path, answer, methods=["GET"])

    return [
        route("/management/apiversions", api_versions),
        route("/management/v1/description", description),
        route("/management/v1/configureddevices", lambda: configured_devices(devices)),
    ]
