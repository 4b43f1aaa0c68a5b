"""Answers the question by which clients find Alpaca servers: UDP, IPv4 broadcast and IPv6 multicast.

References
----------
ASCOM Alpaca API reference, section 4 "Alpaca discovery protocol": https://ascom-standards.org/api/
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from types import TracebackType
from typing import Any, Final, Self, cast

from fullwell.serve.alpaca.guard import is_loopback

DISCOVERY_PORT: Final = 32227
MULTICAST_GROUP: Final = "ff12::a1:9aca"
QUESTION: Final = b"alpacadiscovery1"

log = logging.getLogger(__name__)


class _Answerer(asyncio.DatagramProtocol):
    def __init__(self, alpaca_port: int, neighbours: bool) -> None:
        self._answer = b'{"AlpacaPort":%d}' % alpaca_port
        self._neighbours = neighbours
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # uvloop's own class, with the same methods

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        asked = data.startswith(QUESTION)
        if asked and self._transport is not None and (self._neighbours or is_loopback(address[0])):
            self._transport.sendto(self._answer, address)

    def error_received(self, reason: Exception) -> None:
        log.debug("discovery: %s", reason)


class Discovery:
    """Answers while it is entered.

    A server that listens to its own computer only answers questions from there only: an answer to others would
    lead them to a door that is shut.

    Parameters
    ----------
    alpaca_port : int
        Where the server listens.
    families : set of socket.AddressFamily
        Where it listens: AF_INET, AF_INET6 or both.
    neighbours : bool
        Whether other computers can reach the server.
    port : int
        UDP; 32227 unless clients are told otherwise.
    """

    def __init__(
        self,
        alpaca_port: int,
        families: set[socket.AddressFamily],
        *,
        neighbours: bool,
        port: int = DISCOVERY_PORT,
    ) -> None:
        self._alpaca_port, self._families, self._neighbours = alpaca_port, families, neighbours
        self._port = port
        self._transports: list[asyncio.BaseTransport] = []

    async def __aenter__(self) -> Self:
        """Begin to answer. A port that cannot be had is reported in the log and does not stop the server."""
        for family in sorted(self._families):
            try:
                await self._listen(family)
            except OSError as reason:
                name = "IPv6" if family is socket.AF_INET6 else "IPv4"
                log.warning(
                    "discovery over %s is off, clients need the address: UDP port %d: %s",
                    name,
                    self._port,
                    reason,
                )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop answering."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()

    async def _listen(self, family: socket.AddressFamily) -> None:
        endpoint = shared_udp_socket(family, self._port)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answerer(self._alpaca_port, self._neighbours), sock=endpoint
        )
        self._transports.append(transport)


def shared_udp_socket(family: socket.AddressFamily, port: int) -> socket.socket:
    """A UDP socket on all interfaces that lets other Alpaca servers of this computer have the same port.

    Bound to one address it would not hear broadcasts. Over IPv6 it joins the multicast group on every interface
    that has multicast.

    Raises
    ------
    OSError
        If the port cannot be had.
    """
    endpoint = socket.socket(family, socket.SOCK_DGRAM)
    try:
        endpoint.setblocking(False)
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family is socket.AF_INET6:
            endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        endpoint.bind(("", port))
        if family is socket.AF_INET6:
            _join_group(endpoint)
    except OSError:
        endpoint.close()
        raise
    return endpoint


def _join_group(endpoint: socket.socket) -> None:
    group = socket.inet_pton(socket.AF_INET6, MULTICAST_GROUP)
    for index, name in socket.if_nameindex():
        try:
            endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("@I", index))
        except OSError as reason:
            log.debug("discovery: no IPv6 multicast on %s: %s", name, reason)
