"""What all Alpaca devices have in common: who is connected, worker threads, the common members."""

from __future__ import annotations

import asyncio
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, ParamSpec, TypeVar

import fullwell
from fullwell.camera.engine import Camera, State
from fullwell.errors import DeviceLost, FullwellError, NotConnected, NotSupported
from fullwell.serve.alpaca.error_numbers import ActionNotImplemented
from fullwell.serve.alpaca.members import Kind, Member, Where
from fullwell.serve.alpaca.parameters import Parameter, boolean, text

P = ParamSpec("P")
T = TypeVar("T")

IDENTITY_NAMESPACE: Final = uuid.UUID("6ff3e9d2-9d0e-4e0b-8c5c-0f1f6f6e2f0b")


class AlpacaDevice(ABC):
    """A device with a type and a number.

    A device is connected for each client apart. The first client to connect begins a session, the last one to
    leave ends it.

    Parameters
    ----------
    camera : Camera
        The camera that it is, or hangs on.
    number : int
        0-based, among the devices of its type.
    name : str
        For people.
    identity : str
        Unique and stable; the UniqueID is made of it.
    members : mapping
        What it answers to: member by path, then by HTTP method.
    """

    kind: ClassVar[str]
    interface_version: ClassVar[int]

    def __init__(
        self, camera: Camera, number: int, name: str, identity: str, members: Mapping[str, Mapping[str, Member]]
    ) -> None:
        self.camera = camera
        self.members = members
        self.number = number
        self.name = name
        self.unique_id = str(uuid.uuid5(IDENTITY_NAMESPACE, f"{self.kind}:{identity}"))
        self._clients: set[int] = set()
        self._membership = asyncio.Lock()
        self._changing: dict[int, asyncio.Task[None]] = {}
        self._failures: dict[int, FullwellError] = {}
        self._workers: ThreadPoolExecutor | None = None

    @property
    @abstractmethod
    def description(self) -> str:
        """What it is, at most 68 characters so that it fits on a FITS card."""

    @property
    def lost(self) -> str:
        """Why its camera cannot be reached any more, as a sentence; "" when it can."""
        error = self.camera.last_error if self.camera.state is State.ERROR else None
        return str(error) if isinstance(error, DeviceLost) else ""

    @abstractmethod
    async def begin_session(self) -> None:
        """The first client connects."""

    @abstractmethod
    async def end_session(self) -> None:
        """The last client has left."""

    @abstractmethod
    def operational_state(self) -> Mapping[str, object]:
        """Name and value of the operational properties that can be read at present. May wait for the camera."""

    async def in_worker(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that may wait on a thread of this device."""
        if self._workers is None:
            self._workers = ThreadPoolExecutor(4, thread_name_prefix=f"alpaca-{self.kind}{self.number}")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers, lambda: call(*args, **kwargs))

    async def close(self) -> None:
        """End the session and the threads."""
        for task in tuple(self._changing.values()):
            task.cancel()
        if self._clients:
            self._clients.clear()
            await self.end_session()
        if self._workers is not None:
            self._workers.shutdown(wait=False)
            self._workers = None

    def is_connected(self, client: int) -> bool:
        """Whether this client is connected, and the camera there."""
        return client in self._clients and not self.lost

    def require_connected(self, client: int) -> None:
        """Raise `NotConnected` unless this client is, and the camera there."""
        if client in self._clients and (why := self.lost):
            raise NotConnected(f"{self.name} is lost: {why}", "Wait until it is back, or call Connect.")
        if client not in self._clients:
            raise NotConnected(
                f"client {client} is not connected to {self.name}.", "Call Connect, or set Connected to True."
            )

    async def set_connected(self, client: int, connected: bool) -> None:
        """Connect or disconnect one client, and wait until that is done."""
        await (self.connect(client) if connected else self.disconnect(client))
        task = self._changing.get(client)
        if task is not None:
            await asyncio.shield(task)
        failure = self._failures.pop(client, None)
        if failure is not None:
            raise failure

    async def connect(self, client: int) -> None:
        """Begin to connect a client; `connecting` tells when it is done."""
        if client not in self._clients or self.lost:
            self._change(client, self._join)

    async def disconnect(self, client: int) -> None:
        """Begin to disconnect a client."""
        if client in self._clients or client in self._changing:
            self._change(client, self._leave)

    def connecting(self, client: int) -> bool:
        """Whether connecting or disconnecting goes on for this client. Raises what made the last one fail."""
        failure = self._failures.pop(client, None)
        if failure is not None:
            raise failure
        return client in self._changing

    def _change(self, client: int, change: Callable[[int], Any]) -> None:
        earlier = self._changing.get(client)
        self._failures.pop(client, None)

        async def run() -> None:
            if earlier is not None:
                await asyncio.wait([earlier])
            try:
                await change(client)
            except FullwellError as failure:
                self._failures[client] = failure
            finally:
                if self._changing.get(client) is asyncio.current_task():
                    del self._changing[client]

        self._changing[client] = asyncio.get_running_loop().create_task(run())

    async def _join(self, client: int) -> None:
        async with self._membership:
            if self.lost:
                await self.in_worker(self.camera.open)
            if not self._clients:
                await self.begin_session()
            self._clients.add(client)

    async def _leave(self, client: int) -> None:
        async with self._membership:
            if self._clients == {client}:
                await self.end_session()
            self._clients.discard(client)

    def device_state(self) -> list[dict[str, object]]:
        """Operational properties in one answer, with the time at which they were read."""
        state = [{"Name": name, "Value": value} for name, value in self.operational_state().items()]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        return [*state, {"Name": "TimeStamp", "Value": now}]

    def actions(self) -> list[str]:
        """Names of the actions of this device."""
        return []

    def action(self, name: str, parameters: str) -> str:
        """Run an action. Base: there is none."""
        del parameters
        known = ", ".join(self.actions()) or "none"
        raise ActionNotImplemented(f"{self.name} has no action {name!r}.", f"Known actions: {known}.")

    def command(self, command: str, raw: bool) -> None:
        """CommandBlind, CommandBool, CommandString: devices of this project have no such commands."""
        del raw
        raise NotSupported(f"{self.name} takes no raw commands ({command!r} was sent).", "Use Action.")


def _driver_info(device: AlpacaDevice) -> str:
    identity = device.camera.identity
    versions = f"{identity.id}, firmware {identity.firmware or 'not told'}, FPGA {identity.fpga or 'not told'}"
    return f"fullwell {fullwell.__version__}: scientific CMOS cameras, real or in software; {versions}"


def _driver_version(_: AlpacaDevice) -> str:
    return ".".join(fullwell.__version__.split(".")[:2])


_RAW_COMMAND = (Parameter("Command", text), Parameter("Raw", boolean))

COMMON_MEMBERS: Final = (
    Member(
        "Connected",
        "GET",
        Kind.BOOLEAN,
        AlpacaDevice.is_connected,
        "Whether the asking client is connected.",
        connected=False,
        wants_client=True,
    ),
    Member(
        "Connected",
        "PUT",
        Kind.NOTHING,
        AlpacaDevice.set_connected,
        "Connects or disconnects the asking client and waits until it is done.",
        (Parameter("Connected", boolean),),
        Where.TASK,
        connected=False,
        wants_client=True,
    ),
    Member(
        "Connect",
        "PUT",
        Kind.NOTHING,
        AlpacaDevice.connect,
        "Begins to connect the asking client.",
        where=Where.TASK,
        connected=False,
        wants_client=True,
    ),
    Member(
        "Disconnect",
        "PUT",
        Kind.NOTHING,
        AlpacaDevice.disconnect,
        "Begins to disconnect the asking client.",
        where=Where.TASK,
        connected=False,
        wants_client=True,
    ),
    Member(
        "Connecting",
        "GET",
        Kind.BOOLEAN,
        AlpacaDevice.connecting,
        "Whether connecting or disconnecting goes on.",
        connected=False,
        wants_client=True,
    ),
    Member(
        "Description",
        "GET",
        Kind.TEXT,
        lambda device: device.description,
        "What the device is.",
        connected=False,
    ),
    Member(
        "DriverInfo",
        "GET",
        Kind.TEXT,
        _driver_info,
        "What serves the device.",
        connected=False,
    ),
    Member("DriverVersion", "GET", Kind.TEXT, _driver_version, "Major and minor version.", connected=False),
    Member(
        "InterfaceVersion",
        "GET",
        Kind.INTEGER,
        lambda device: device.interface_version,
        "Version of the ASCOM interface.",
        connected=False,
    ),
    Member("Name", "GET", Kind.TEXT, lambda device: device.name, "Name of the device.", connected=False),
    Member(
        "SupportedActions",
        "GET",
        Kind.LIST,
        lambda device: device.actions(),
        "Names that Action accepts.",
        connected=False,
    ),
    Member(
        "DeviceState",
        "GET",
        Kind.LIST,
        AlpacaDevice.device_state,
        "All operational properties at once.",
        where=Where.WORKER,
    ),
    Member(
        "Action",
        "PUT",
        Kind.TEXT,
        lambda device, name, parameters: device.action(name, parameters),
        "Runs one of the supported actions.",
        (Parameter("Action", text), Parameter("Parameters", text, default="")),
        Where.WORKER,
    ),
    Member("CommandBlind", "PUT", Kind.NOTHING, AlpacaDevice.command, "Not supported.", _RAW_COMMAND),
    Member("CommandBool", "PUT", Kind.BOOLEAN, AlpacaDevice.command, "Not supported.", _RAW_COMMAND),
    Member("CommandString", "PUT", Kind.TEXT, AlpacaDevice.command, "Not supported.", _RAW_COMMAND),
)
