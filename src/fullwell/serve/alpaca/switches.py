"""What can be switched on a camera, and what of its supply can be read, as an Alpaca ISwitchV3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final

from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.engine import Camera
from fullwell.errors import InvalidOperation, NotSupported, OutOfRange
from fullwell.models.connector import PINS, Signal
from fullwell.serve.alpaca.device import COMMON_MEMBERS, AlpacaDevice
from fullwell.serve.alpaca.members import Kind, Member, Where, by_address
from fullwell.serve.alpaca.parameters import Parameter, boolean, integer, number, text


@dataclass(frozen=True, slots=True)
class Switch:
    """One number that can be read, and perhaps set.

    Attributes
    ----------
    name, meaning : str
        For people; the meaning ends with the unit where there is one.
    read : callable
        Gives the value. May wait for the camera.
    write : callable or None
        Sets it; None = it can only be read.
    low, high, step : float
        It goes from `low` to `high` in steps of `step`.
    """

    name: str
    meaning: str
    read: Callable[[], float]
    write: Callable[[float], None] | None = None
    low: float = 0.0
    high: float = 1.0
    step: float = 1.0

    def to_step(self, value: float) -> float:
        """The nearest step, as ASCOM wants it of values between two of them.

        Raises
        ------
        OutOfRange
            If it is not from `low` to `high`.
        """
        if not self.low <= value <= self.high:
            raise OutOfRange(self.name, value, self.low, self.high)
        return self.low + round((value - self.low) / self.step) * self.step


def switches_of(camera: Camera) -> tuple[Switch, ...]:
    """The switches that a camera has, in the order of their numbers.

    Parameters
    ----------
    camera : Camera
        Open, or opened once: a camera that never was does not know its controls.
    """
    found: list[Switch] = []
    for control, write in (
        (Control.WINDOW_HEATER, camera.set_window_heater),
        (Control.FAN, camera.set_fan),
    ):
        if control in camera.controls:
            facts = CONTROLS[control]
            found.append(
                Switch(facts.title, facts.description, partial(camera.control, control), _as_boolean(write))
            )
    if camera.pins is not None and any(Signal.OUTPUT in mode.pins for mode in camera.pins.modes):
        found += [
            Switch(
                f"GPIO{pin + 1}",
                f"Level of pin GPIO{pin + 1} in the mode in which pins are outputs.",
                partial(_output, camera, pin),
                partial(_set_output, camera, pin),
            )
            for pin in range(PINS)
        ]
    for control, high, step in ((Control.SUPPLY_VOLTAGE_V, 20.0, 0.01), (Control.UVLO_STATUS, 9.0, 1.0)):
        if control in camera.controls:
            facts = CONTROLS[control]
            meaning = f"{facts.description} ({facts.unit})" if facts.unit else facts.description
            found.append(Switch(facts.title, meaning, partial(camera.control, control), high=high, step=step))
    return tuple(found)


class AlpacaSwitches(AlpacaDevice):
    """ISwitchV3 over what a camera lets switch and measures of its supply.

    Parameters
    ----------
    camera : Camera
        Its owner.
    switches : tuple of Switch
    number : int
        Alpaca device number.
    """

    kind: ClassVar[str] = "switch"
    interface_version: ClassVar[int] = 3

    def __init__(self, camera: Camera, switches: tuple[Switch, ...], number: int) -> None:
        identity = camera.identity.id
        super().__init__(camera, number, f"Switches of {camera.model.name} {identity}", identity, SWITCH_TABLE)
        self.switches = switches
        self._owner = camera.model.name

    @property
    def description(self) -> str:
        """Whose switches they are."""
        return f"heater, fan, pins and supply of a {self._owner}"

    async def begin_session(self) -> None:
        """Nothing to prepare: the switches go with their camera."""

    async def end_session(self) -> None:
        """Nothing to clear up: they stay as they are."""

    def operational_state(self) -> Mapping[str, object]:
        """See `AlpacaDevice.operational_state`."""
        state: dict[str, object] = {}
        for place, one in enumerate(self.switches):
            value = float(one.read())
            state[f"GetSwitch{place}"] = value > one.low
            state[f"GetSwitchValue{place}"] = value
        return state

    def switch(self, place: int) -> Switch:
        """A switch by its number, from 0.

        Raises
        ------
        OutOfRange
            If there is none of that number.
        """
        if not 0 <= place < len(self.switches):
            raise OutOfRange("Id", place, 0, len(self.switches) - 1)
        return self.switches[place]

    def value(self, place: int) -> float:
        """What a switch stands at."""
        return float(self.switch(place).read())

    def state(self, place: int) -> bool:
        """Whether a switch stands above its smallest value."""
        return self.value(place) > self.switch(place).low

    def can_async(self, place: int) -> bool:
        """Never: switches of cameras act at once."""
        self.switch(place)
        return False

    def set_state(self, place: int, on: bool) -> None:
        """Set a switch to its largest or smallest value."""
        one = self.switch(place)
        self.set_value(place, one.high if on else one.low)

    def set_value(self, place: int, value: float) -> None:
        """Set a switch to the step nearest to a value.

        Raises
        ------
        NotSupported
            If it can only be read.
        OutOfRange
            If the value is outside its range.
        """
        one = self.switch(place)
        if one.write is None:
            raise NotSupported(f"{one.name} can only be read.")
        one.write(one.to_step(value))

    def refuse(self, place: int, *_: object) -> None:
        """What no switch of a camera can.

        Raises
        ------
        NotSupported
            Always, for a switch that exists.
        """
        raise NotSupported(f"{self.switch(place).name} acts at once and keeps its name.", "Use SetSwitchValue.")


def _as_boolean(write: Callable[[bool], None]) -> Callable[[float], None]:
    return lambda value: write(bool(value))


def _output(camera: Camera, pin: int) -> float:
    return float(camera.pins is not None and camera.pins.outputs[pin])


def _set_output(camera: Camera, pin: int, value: float) -> None:
    if camera.pins is None or Signal.OUTPUT not in camera.pins.settings.mode.pins:
        raise InvalidOperation(
            "the pins carry signals of the camera at present.", "Choose the mode in which they are outputs first."
        )
    levels = list(camera.pins.outputs)
    levels[pin] = bool(value)
    camera.pins.set_outputs(*levels)


_ID = Parameter("Id", integer)
_ACTS_AT_ONCE: Final = "Not supported: switches act at once."


def _asked(name: str, kind: Kind, act: Callable[..., Any], meaning: str, where: Where = Where.LOOP) -> Member:
    return Member(name, "GET", kind, act, meaning, (_ID,), where)


def _told(name: str, act: Callable[..., Any], meaning: str, *parameters: Parameter) -> Member:
    return Member(name, "PUT", Kind.NOTHING, act, meaning, (_ID, *parameters), Where.WORKER)


SWITCH_MEMBERS: Final = (
    *COMMON_MEMBERS,
    Member("MaxSwitch", "GET", Kind.INTEGER, lambda s: len(s.switches), "How many switches there are."),
    _asked("CanWrite", Kind.BOOLEAN, lambda s, n: s.switch(n).write is not None, "Whether it can be set."),
    _asked("CanAsync", Kind.BOOLEAN, AlpacaSwitches.can_async, "Never: all act at once."),
    _asked("GetSwitchName", Kind.TEXT, lambda s, n: s.switch(n).name, "Its name."),
    _asked("GetSwitchDescription", Kind.TEXT, lambda s, n: s.switch(n).meaning, "What it does or measures."),
    _asked("MinSwitchValue", Kind.NUMBER, lambda s, n: s.switch(n).low, "Its smallest value."),
    _asked("MaxSwitchValue", Kind.NUMBER, lambda s, n: s.switch(n).high, "Its largest value."),
    _asked("SwitchStep", Kind.NUMBER, lambda s, n: s.switch(n).step, "Its smallest step."),
    _asked("GetSwitch", Kind.BOOLEAN, AlpacaSwitches.state, "Whether it is above its smallest.", Where.WORKER),
    _asked("GetSwitchValue", Kind.NUMBER, AlpacaSwitches.value, "What it stands at.", Where.WORKER),
    _asked("StateChangeComplete", Kind.BOOLEAN, AlpacaSwitches.refuse, _ACTS_AT_ONCE),
    _told("SetSwitch", AlpacaSwitches.set_state, "Largest or smallest value.", Parameter("State", boolean)),
    _told(
        "SetSwitchValue",
        AlpacaSwitches.set_value,
        "Sets it to the nearest step.",
        Parameter("Value", number),
    ),
    _told("SetSwitchName", AlpacaSwitches.refuse, "Not supported: names are fixed.", Parameter("Name", text)),
    _told("SetAsync", AlpacaSwitches.refuse, _ACTS_AT_ONCE, Parameter("State", boolean)),
    _told("SetAsyncValue", AlpacaSwitches.refuse, _ACTS_AT_ONCE, Parameter("Value", number)),
    _told("CancelAsync", AlpacaSwitches.refuse, _ACTS_AT_ONCE),
)

SWITCH_TABLE: Final = by_address(SWITCH_MEMBERS)
