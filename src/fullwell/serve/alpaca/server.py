"""Runs the application: sockets, uvicorn, discovery, Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.routing import Route

from fullwell.camera.engine import Camera
from fullwell.errors import InvalidOperation, OutOfRange, UnknownName
from fullwell.serve.alpaca.application import application_of, devices_of
from fullwell.serve.alpaca.discovery import DISCOVERY_PORT, Discovery
from fullwell.serve.alpaca.guard import is_loopback

PORT: Final = 11111
KEEP_ALIVE_S: Final = 75
GRACE_S: Final = 3
BACKLOG: Final = 128
STOP_S: Final = 10.0
POLL_S: Final = 0.002
TURN_S: Final = 0.0002
"""How long one Python thread may run while another waits for its turn."""

log = logging.getLogger(__name__)


def serve(
    cameras: Sequence[Camera],
    host: str = "127.0.0.1",
    port: int = PORT,
    discovery_port: int | None = DISCOVERY_PORT,
) -> None:
    """Serve cameras to Alpaca clients until Ctrl-C.

    Parameters
    ----------
    cameras : sequence of Camera
        Open. They stay the caller's.
    host : str
        Address or name to listen at. The protocol has no passwords: with any address but that of this computer
        everybody on the network can use the cameras, and a warning says so.
    port : int
        TCP, 0 to 65535; 0 takes a free one.
    discovery_port : int or None
        UDP; None = clients must be told the address.

    Raises
    ------
    OutOfRange, UnknownName
        If a port is no port, or the host does not exist.
    InvalidOperation
        If the address cannot be had.
    """
    with contextlib.suppress(KeyboardInterrupt):
        AlpacaServer(cameras, host, port, discovery_port).run()


class AlpacaServer:
    """A server that listens from the moment it is made; `run` serves here, the context manager in a thread.

    Parameters
    ----------
    cameras, host, port, discovery_port
        See `serve`. Here the defaults suit tests: any free port, no discovery.
    more : sequence of Route
        Of other doors that hang in the same server.

    Attributes
    ----------
    devices : list of AlpacaDevice
        What is served.
    port : int
        TCP port in use.
    address : str
        "host:port" as clients write it.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        host: str = "127.0.0.1",
        port: int = 0,
        discovery_port: int | None = None,
        more: Sequence[Route] = (),
    ) -> None:
        if discovery_port is not None and not 0 < discovery_port <= 65535:
            raise OutOfRange("discovery port", discovery_port, 1, 65535)
        self.devices = devices_of(cameras)
        self._sockets = listen(host, port)
        self.port: int = self._sockets[0].getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self._thread: threading.Thread | None = None
        config = uvicorn.Config(
            application_of(self.devices, self._discovery(host, discovery_port), more),
            http="httptools",
            loop="auto",
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            backlog=BACKLOG,
        )
        self._server = uvicorn.Server(config)

    def _discovery(self, host: str, port: int | None) -> Discovery | None:
        neighbours = not all(is_loopback(listener.getsockname()[0]) for listener in self._sockets)
        if neighbours:
            log.warning(
                "listening at %s: everybody on the network can use these cameras, Alpaca has no passwords", host
            )
        if port is None:
            return None
        return Discovery(self.port, families_of(self._sockets), neighbours=neighbours, port=port)

    def run(self) -> None:
        """Serve until Ctrl-C (in the main thread) or `stop`."""
        with short_turns():
            self._server.run(sockets=self._sockets)

    def stop(self) -> None:
        """Ask `run` to end. Exposures under way are abandoned."""
        self._server.should_exit = True

    def __enter__(self) -> Self:
        """Serve in a thread."""
        self._thread = threading.Thread(target=self.run, name="alpaca", daemon=True)
        self._thread.start()
        while self._thread.is_alive() and not self._server.started:
            time.sleep(POLL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait for it."""
        self.stop()
        if self._thread is not None:
            self._thread.join(STOP_S)


@contextlib.contextmanager
def short_turns() -> Iterator[None]:
    """Let Python's threads take turns of `TURN_S` at most.

    A member that asks the camera is answered by a worker thread. Python gives a busy thread, here the event loop
    during a download, 5 ms before another may run; with a few changes of thread per request that made every
    hundredth of them wait 60 ms.
    """
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(min(usual_s, TURN_S))
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets at every address that a host name has ("localhost" has two).

    Raises
    ------
    OutOfRange, UnknownName
        If the port is no port, or the host does not exist.
    InvalidOperation
        If none of the addresses can be had, or the port is taken at one of them.
    """
    if not 0 <= port <= 65535:
        raise OutOfRange("port", port, 0, 65535)
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as reason:
        raise UnknownName("host", host, ("127.0.0.1", "localhost", "0.0.0.0", "::")) from reason
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    sockets: list[socket.socket] = []
    failure: OSError | None = None
    for family, address in addresses:
        chosen = sockets[0].getsockname()[1] if sockets else port
        try:
            sockets.append(_listener(family, (address[0], chosen, *address[2:]), alone=len(addresses) == 1))
        except OSError as reason:
            failure = reason
            if reason.errno == errno.EADDRINUSE:
                break
    if not sockets or (failure is not None and failure.errno == errno.EADDRINUSE):
        for opened in sockets:
            opened.close()
        raise InvalidOperation(
            f"cannot listen at {host} port {port}: {failure}.", "Choose another port, or stop the other server."
        ) from failure
    return sockets


def _listener(family: int, address: tuple[object, ...], *, alone: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" alone means IPv4 as well; beside an IPv4 socket it must keep out of its way
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not alone))
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def families_of(sockets: Sequence[socket.socket]) -> set[socket.AddressFamily]:
    """By which families clients can reach these sockets."""
    families = {listener.family for listener in sockets}
    if any(listener.getsockname()[0] == "::" for listener in sockets):
        families.add(socket.AF_INET)
    return families
