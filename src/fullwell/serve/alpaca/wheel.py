"""The filter wheel of a camera as an Alpaca IFilterWheelV3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from fullwell.camera.engine import Camera
from fullwell.camera.wheel import Wheel
from fullwell.errors import OutOfRange
from fullwell.serve.alpaca.device import COMMON_MEMBERS, AlpacaDevice
from fullwell.serve.alpaca.members import Kind, Member, Where, by_address
from fullwell.serve.alpaca.parameters import Parameter, integer

MOVING: Final = -1


class AlpacaWheel(AlpacaDevice):
    """IFilterWheelV3 over the wheel on a camera's port.

    Parameters
    ----------
    camera : Camera
        Its owner.
    wheel : Wheel
    number : int
        Alpaca device number.
    identity : str
        Unique and stable.
    """

    kind: ClassVar[str] = "filterwheel"
    interface_version: ClassVar[int] = 3

    def __init__(self, camera: Camera, wheel: Wheel, number: int, identity: str) -> None:
        super().__init__(
            camera, number, f"Filter wheel of {camera.model.name} {camera.identity.id}", identity, WHEEL_TABLE
        )
        self.wheel = wheel
        self._owner = camera.model.name

    @property
    def description(self) -> str:
        """Where it sits and how many filters it holds."""
        return f"{len(self.wheel.names)} filters on the port of a {self._owner}"

    async def begin_session(self) -> None:
        """Nothing to prepare: the wheel goes with its camera."""

    async def end_session(self) -> None:
        """Nothing to clear up: a wheel on its way arrives by itself."""

    def operational_state(self) -> Mapping[str, object]:
        """See `AlpacaDevice.operational_state`."""
        return {"Position": self.position()}

    def position(self) -> int:
        """Slot in the light path, from 0; -1 while the wheel moves."""
        return self.wheel.position

    def move(self, position: int) -> None:
        """Begin to turn to a slot."""
        last = len(self.wheel.names) - 1
        if not 0 <= position <= last:
            raise OutOfRange("Position", position, 0, last)
        self.wheel.move(position)


WHEEL_MEMBERS: Final = (
    *COMMON_MEMBERS,
    Member("Names", "GET", Kind.LIST, lambda w: list(w.wheel.names), "Names of the filters."),
    Member(
        "FocusOffsets",
        "GET",
        Kind.LIST,
        lambda w: [0] * len(w.wheel.names),
        "Focus shift of each filter, focuser steps: all 0, the wheel does not know the focuser.",
    ),
    Member(
        "Position",
        "GET",
        Kind.INTEGER,
        AlpacaWheel.position,
        "Filter in the light path, from 0; -1 while the wheel moves.",
        where=Where.WORKER,
    ),
    Member(
        "Position",
        "PUT",
        Kind.NOTHING,
        AlpacaWheel.move,
        "Begins to turn to a filter.",
        (Parameter("Position", integer),),
        Where.WORKER,
    ),
)

WHEEL_TABLE: Final = by_address(WHEEL_MEMBERS)
