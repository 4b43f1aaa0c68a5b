"""Keeps web pages of strangers away from the cameras.

A page from anywhere can make the reader's browser send requests to this server. Browsers say where such a
request comes from (Origin), and by which name they found the server (Host): a foreign origin is refused, and so
is a name that is no name of this computer while the server listens to this computer only, because a foreign
page may point its own name here (DNS rebinding). Programs that are not browsers send no Origin.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def host_name(authority: str) -> str:
    """Name or address without the port.

    Examples
    --------
    >>> host_name("[::1]:11111"), host_name("localhost:11111")
    ('::1', 'localhost')
    """
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def is_loopback(address: str) -> bool:
    """Whether an address or the name localhost means this very computer."""
    if address.casefold().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


class SameOriginOnly:
    """Refuses, with status 403, what a browser sends on behalf of a foreign page.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse one request."""
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else ""
        if refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @staticmethod
    def _refusal(scope: Scope) -> str:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if origin is not None and origin.casefold() != f"{scope['scheme']}://{host}".casefold():
            return f"Pages of {origin} may not use this server."
        server = scope.get("server")
        if server and is_loopback(server[0]) and host and not is_loopback(host_name(host)):
            return f"This server listens to its own computer only, which is not called {host!r}."
        return ""
