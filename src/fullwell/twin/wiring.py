"""What hangs on the connectors of a twin, and what of it starts exposures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from fullwell.camera.controls import Control
from fullwell.camera.port import TRIGGER_INPUTS
from fullwell.errors import InvalidValue
from fullwell.models.connector import Signal
from fullwell.models.facts import CameraModel
from fullwell.twin.crystal import Crystal
from fullwell.twin.driven import Driver
from fullwell.twin.freerun import Setup
from fullwell.twin.knobs import Knobs
from fullwell.twin.sync import SlaveDriver, SyncCable
from fullwell.twin.trigger import TriggerGate, TriggerLine

Wire = TypeVar("Wire", TriggerLine, SyncCable)


class Wiring:
    """The connectors of a twin.

    Parameters
    ----------
    model : CameraModel
    knobs : Knobs
        Hold how the connectors are used.
    trigger_line : TriggerLine or None
        Plugged into the trigger input that is chosen.
    cable : SyncCable or None
    crystal : Crystal
        The camera's oscillator.
    wake : callable
        Called whenever something happens on the wires.

    Raises
    ------
    InvalidValue
        If line or cable are something else.
    """

    def __init__(
        self,
        model: CameraModel,
        knobs: Knobs,
        trigger_line: TriggerLine | None,
        cable: SyncCable | None,
        crystal: Crystal,
        wake: Callable[[], None],
    ) -> None:
        self._connector, self._knobs, self._crystal = model.connector, knobs, crystal
        self._line = _plugged("trigger_line", trigger_line, TriggerLine)
        self._cable = _plugged("sync", cable, SyncCable)
        self._gate = None if self._connector is None else TriggerGate(self._connector, self._line, crystal)
        self._line.listen(wake)
        self._cable.listen(wake)

    def driver(self) -> Driver | None:
        """What starts exposures; None = they start at once."""
        if self._gate is None:
            return None
        if self._carries(Signal.VSYNC_IN):
            return SlaveDriver(self._cable, self._crystal)
        self._gate.listens_to = self._trigger_input
        self._gate.filter_ns = round(self._knobs[Control.TRIGGER_FILTER_S] * 1e9)
        return None if self._trigger_input == "off" else self._gate

    def paced(self, setup: Setup) -> Setup:
        """A set-up as it runs on the camera's own oscillator."""
        return replace(setup, timing=self._crystal.paced(setup.timing))

    def soft_trigger(self, now_ns: int) -> None:
        """A trigger by the program."""
        if self._gate is not None:
            self._gate.soft(now_ns)

    def edges_ns(self, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        """What comes in at the trigger input that is chosen."""
        listens = self._gate is not None and self._trigger_input in ("gpio", "sma")
        return self._line.edges_ns(begin_ns, end_ns) if listens else ()

    def begin(self, setup: Setup, now_ns: int) -> None:
        """A free run begins; a master drives the others with it."""
        if self._carries(Signal.VSYNC):
            self._cable.drive(self, self.paced(setup), now_ns, self._crystal)

    def change(self, setup: Setup, now_ns: int) -> None:
        """The free run goes on with other settings."""
        self._cable.change(self, self.paced(setup), now_ns)

    def end(self, now_ns: int) -> None:
        """The free run is over."""
        self._cable.release(self, now_ns)

    def led_pin(self) -> tuple[int, int] | None:
        """Delay and width of the pulse on the LED pin, ns; None where the socket is not used for it."""
        if not self._carries(Signal.LED):
            return None
        return int(self._knobs[Control.LED_DELAY_NS]), int(self._knobs[Control.LED_WIDTH_NS])

    @property
    def _trigger_input(self) -> str:
        return TRIGGER_INPUTS[int(self._knobs[Control.TRIGGER_INPUT])]

    def _carries(self, signal: Signal) -> bool:
        """Whether a pin carries a signal, and is enabled."""
        if self._connector is None or not self._knobs[Control.TRIG_OUT]:
            return False
        return signal in self._connector.modes[int(self._knobs[Control.GPIO_MODE])].pins


def _plugged(name: str, given: Wire | None, kind: type[Wire]) -> Wire:
    """What is plugged in; where nothing is, a wire that leads nowhere."""
    if given is None:
        return kind()
    if not isinstance(given, kind):
        raise InvalidValue(
            f"{name} must be a {kind.__name__}, not {given!r}.", f"Give fullwell.{kind.__name__}()."
        )
    return given
