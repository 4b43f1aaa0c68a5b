"""The ASGI application: devices from cameras, routes, guard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from fullwell.camera.engine import Camera
from fullwell.errors import InvalidValue
from fullwell.serve.alpaca.camera import AlpacaCamera
from fullwell.serve.alpaca.camera_members import CAMERA_TABLE
from fullwell.serve.alpaca.conditions import AlpacaConditions, has_conditions
from fullwell.serve.alpaca.device import AlpacaDevice
from fullwell.serve.alpaca.guard import SameOriginOnly
from fullwell.serve.alpaca.management import management_routes
from fullwell.serve.alpaca.pages import page_routes
from fullwell.serve.alpaca.router import Router
from fullwell.serve.alpaca.switches import AlpacaSwitches, switches_of
from fullwell.serve.alpaca.wheel import AlpacaWheel


def devices_of(cameras: Sequence[Camera]) -> list[AlpacaDevice]:
    """The devices that cameras are made of, those of each type numbered from 0.

    One camera device per camera; a filter wheel, switches and the conditions in the chamber for each camera that
    has them.

    Parameters
    ----------
    cameras : sequence of Camera
        Open: a closed camera does not know its wheel and its controls.

    Raises
    ------
    InvalidValue
        If two cameras have the same identity.
    """
    identities = [camera.identity.id for camera in cameras]
    twice = sorted({identity for identity in identities if identities.count(identity) > 1})
    if twice:
        raise InvalidValue(
            f"two cameras are called {twice[0]}, clients could not tell them apart.",
            "Give twins different seeds.",
        )
    found: list[AlpacaDevice] = [
        AlpacaCamera(camera, number, camera.identity.id, CAMERA_TABLE) for number, camera in enumerate(cameras)
    ]
    wheels = [(camera, camera.wheel) for camera in cameras]
    fitted = [(camera, wheel) for camera, wheel in wheels if wheel is not None]
    found += [AlpacaWheel(camera, wheel, n, camera.identity.id) for n, (camera, wheel) in enumerate(fitted)]
    switches = [(camera, switches_of(camera)) for camera in cameras]
    switched = [(camera, some) for camera, some in switches if some]
    found += [AlpacaSwitches(camera, some, n) for n, (camera, some) in enumerate(switched)]
    measuring = [camera for camera in cameras if has_conditions(camera)]
    found += [AlpacaConditions(camera, n) for n, camera in enumerate(measuring)]
    return found


def application(cameras: Sequence[Camera]) -> Starlette:
    """The Alpaca server as an ASGI application, for any ASGI server or for tests.

    Parameters
    ----------
    cameras : sequence of Camera
        Open. They stay the caller's: the application does not close them.

    Returns
    -------
    Starlette
        Its shutdown abandons exposures under way.
    """
    return application_of(devices_of(cameras))


def application_of(
    devices: Sequence[AlpacaDevice],
    beside: AbstractAsyncContextManager[object] | None = None,
    more: Sequence[Route] = (),
) -> Starlette:
    """The application around devices that exist already.

    Parameters
    ----------
    devices : sequence of AlpacaDevice
    beside : asynchronous context manager, optional
        Entered while the application runs.
    more : sequence of Route
        Of other doors that hang in the same server, behind the same guard.
    """
    router = Router(devices)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with beside or nullcontext():
            yield
        for device in devices:
            await device.close()

    device_route = Route(
        "/api/v1/{kind}/{number}/{member}",
        router.answer,
        methods=["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"],
    )
    app = Starlette(
        routes=[device_route, *management_routes(router, devices), *page_routes(devices), *more],
        middleware=[Middleware(SameOriginOnly)],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app
