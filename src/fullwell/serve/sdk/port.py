"""The trigger functions of the library, turned into the controls of the camera's connectors."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final

from fullwell.camera.controls import Control
from fullwell.camera.device import Device, Triggerable
from fullwell.camera.port import TRIGGER_INPUTS, trigger_inputs
from fullwell.errors import FullwellError, NotSupported
from fullwell.models.sdk import SdkFacts

log = logging.getLogger(__name__)

DEFAULT_FILTER_MS: Final = 100
LEFT_BEHIND: Final = (Control.GPS, Control.OVERLAY, Control.ANTI_RBI, Control.TRIGGER_INPUT, Control.TRIG_OUT)


class Port:
    """What the library remembers of the connectors.

    Parameters
    ----------
    device : Device
    facts : SdkFacts
    """

    def __init__(self, device: Device, facts: SdkFacts) -> None:
        self._device, self._facts = device, facts
        self._connector = 0
        self._listens = False
        self._filter_on, self._filter_ms = True, DEFAULT_FILTER_MS

    def forget(self) -> None:
        """Set back what a program before may have left behind."""
        for control in LEFT_BEHIND:
            with suppress(NotSupported):
                self._device.set_control(control, 0.0)

    def choose_connector(self, number: int) -> bool:
        """Where triggers come in; False = there is no such connector."""
        if number >= len(self._facts.trigger_interfaces):
            return False
        self._connector = number
        if self._listens:
            self.listen(True)
        return True

    def choose_mode(self, number: int) -> bool:
        """What the pins carry; False = there is no such mode."""
        if number >= len(self._facts.trigger_modes):
            return False
        self.try_set(Control.GPIO_MODE, number)
        return True

    def listen(self, on: bool) -> None:
        """Whether exposures wait for a trigger; only for soft ones where the connector has no input."""
        self._listens = on
        self.try_set(Control.TRIGGER_INPUT, TRIGGER_INPUTS.index(self._input()) if on else 0)

    def let_out(self, on: bool) -> None:
        """Whether pulses leave the pins."""
        self.try_set(Control.TRIG_OUT, float(on))

    def filter_edges(self, on: bool | None = None, time_ms: int | None = None) -> None:
        """Switch the filter of the trigger input, or set its time, ms."""
        self._filter_on = self._filter_on if on is None else on
        self._filter_ms = self._filter_ms if time_ms is None else time_ms
        self.try_set(Control.TRIGGER_FILTER_S, self._filter_ms / 1000 if self._filter_on else 0.0)

    def soft_trigger(self) -> None:
        """A trigger by the program."""
        if isinstance(self._device, Triggerable):
            self._device.soft_trigger()

    def try_set(self, control: Control, value: float) -> None:
        """Set a control of the camera; where it cannot, the log says so, and the program gets its success."""
        try:
            self._device.set_control(control, float(value))
        except FullwellError as error:
            log.warning("%s", error)

    def _input(self) -> str:
        connector = self._device.model.connector
        wanted = self._facts.trigger_interfaces[self._connector].split()[0].lower()
        return wanted if connector is not None and wanted in trigger_inputs(connector) else "soft"
