"""What a member of an Alpaca interface is: a row of a table that the router, the pages and the tests read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from fullwell.serve.alpaca.parameters import Parameter


class Kind(Enum):
    """Type of what a member answers."""

    NOTHING = "nothing"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    LIST = "list"
    IMAGE = "image"


BLANKS: Final[Mapping[Kind, object]] = {
    Kind.BOOLEAN: False,
    Kind.INTEGER: 0,
    Kind.NUMBER: 0.0,
    Kind.TEXT: "",
    Kind.LIST: (),
    Kind.IMAGE: (),
}
"""What stands as Value in an error reply. Clients read the reply into a fixed type before they look at the error
number, so a missing or null value would hide the error from them."""


class Where(Enum):
    """What runs a member."""

    LOOP = "at once, on the event loop: touches memory only"
    WORKER = "on a worker thread: may wait for the camera"
    TASK = "as a coroutine on the event loop"


@dataclass(frozen=True, slots=True)
class Member:
    """One readable property (GET) or one method or writable property (PUT).

    Attributes
    ----------
    name : str
        As documented; its place in the address is the same in lower case.
    method : str
        "GET" or "PUT".
    kind : Kind
        Type of the answer.
    act : callable
        Called with the device and the parsed parameters (`wants_client`: the caller's ClientID first).
    meaning : str
        One sentence for people.
    parameters : tuple of Parameter
    where : Where
    connected : bool
        Whether the caller must be connected.
    wants_client : bool
        Whether `act` needs to know who calls.
    """

    name: str
    method: str
    kind: Kind
    act: Callable[..., Any]
    meaning: str
    parameters: tuple[Parameter, ...] = ()
    where: Where = Where.LOOP
    connected: bool = True
    wants_client: bool = False

    @property
    def path(self) -> str:
        """Last part of the address."""
        return self.name.lower()


def by_address(members: Iterable[Member]) -> Mapping[str, Mapping[str, Member]]:
    """Members by path, then by HTTP method."""
    table: dict[str, dict[str, Member]] = {}
    for member in members:
        methods = table.setdefault(member.path, {})
        if member.method in methods:
            raise ValueError(f"{member.method} {member.path} stands twice in the table of members")
        methods[member.method] = member
    return table
