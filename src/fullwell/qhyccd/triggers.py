"""The connectors of a real camera as far as the vendor's library reaches: triggers in and out, and their filter.

The library has no call for the levels of the output pins, for what an SMA output carries, or for the modes of the
GPIO socket beyond those that it lists; of these only the state after switching on can be had.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.port import TRIGGER_INPUTS, port_controls
from fullwell.errors import DeviceFault, NotSupported
from fullwell.models.facts import CameraModel
from fullwell.models.sdk import SdkFacts

UNREACHABLE: Final = frozenset({Control.GPIO_OUTPUTS, Control.SMA_OUTPUT})
"""Controls for which the library has no call."""
LED: Final = frozenset({Control.LED_DELAY_NS, Control.LED_WIDTH_NS})
"""The library takes positions of the pulse in a unit that is nowhere stated."""
SOFT_TRIGGER: Final = "SendSoftTriger2QHYCCDCam"
OFF: Final = TRIGGER_INPUTS.index("off")
NO_LIMIT_MS: Final = 0
USUAL_LIMIT_MS: Final = 60_000


class TriggerPort:
    """What exposures wait for, and what comes out.

    Parameters
    ----------
    model : CameraModel
    facts : SdkFacts
    do : callable
        Has a command carried out in the process of the library.
    """

    def __init__(self, model: CameraModel, facts: SdkFacts, do: Callable[..., object]) -> None:
        self._model, self._facts, self._do = model, facts, do
        has = facts.trigger_interfaces and model.connector is not None
        self.controls = frozenset(port_controls(model) if has else ()) - LED
        self.connect()

    def connect(self) -> None:
        """Forget everything: the camera has just been connected."""
        self._values = dict.fromkeys(self.controls, 0.0)
        if self._model.connector is not None and Control.TRIGGER_FILTER_S in self.controls:
            self._values[Control.TRIGGER_FILTER_S] = self._model.connector.trigger_filter_s

    @property
    def input(self) -> str:
        """What exposures wait for: "off", "soft", "gpio" or "sma"."""
        return TRIGGER_INPUTS[int(self._values.get(Control.TRIGGER_INPUT, OFF))]

    def get(self, control: Control) -> float:
        """A control of the connectors.

        Raises
        ------
        NotSupported
            If the library does not reach it.
        """
        if control not in self.controls:
            raise NotSupported(f"the library knows no {CONTROLS[control].title.lower()} of this camera.")
        return self._values[control]

    def set(self, control: Control, value: float) -> None:
        """Set a control of the connectors; nothing is sent where nothing changes.

        Raises
        ------
        NotSupported
            If the library does not reach it, or not this value.
        DeviceFault
            If the camera refuses.
        """
        if self.get(control) == value:
            return
        if control in UNREACHABLE:
            raise NotSupported(
                f"the vendor's library has no call for {CONTROLS[control].title.lower()}.", "Leave it as it is."
            )
        match control:
            case Control.GPIO_MODE:
                self._choose_mode(int(value))
            case Control.TRIG_OUT:
                self._let_out(bool(value))
            case Control.TRIGGER_INPUT:
                self._listen(TRIGGER_INPUTS[int(value)])
            case Control.TRIGGER_FILTER_S:
                value = self._filter(value)
        self._values[control] = value

    def send_again(self) -> None:
        """After an initialisation, which may have set the camera back."""
        if self.input != "off":
            self._listen(self.input)

    def _choose_mode(self, number: int) -> None:
        if number >= len(self._facts.trigger_modes):
            known = ", ".join(self._facts.trigger_modes)
            raise NotSupported(f"the vendor's library lists for this camera only the modes {known}.")
        self._call("SetQHYCCDTrigerMode", number)

    def _let_out(self, on: bool) -> None:
        if on:
            self._call("EnableQHYCCDTrigerOut")
        else:
            self._call("SetQHYCCDTrigerInOnly", True)

    def _listen(self, wanted: str) -> None:
        """Soft triggers work with every connector, so for them none is chosen."""
        if wanted == "soft":
            self.require(SOFT_TRIGGER)
        names = [name.split()[0].lower() for name in self._facts.trigger_interfaces]
        if wanted in names:
            self._call("SetQHYCCDTrigerInterface", names.index(wanted))
        elif wanted not in ("off", "soft"):
            raise NotSupported(f"the vendor's library lists no trigger input {wanted!r}.")
        self._call("SetQHYCCDTrigerFunction", wanted != "off")
        self._call("SetQHYCCDSingleFrameTimeOut", USUAL_LIMIT_MS if wanted == "off" else NO_LIMIT_MS)

    def _filter(self, seconds: float) -> float:
        """The library takes whole milliseconds, 1 at the least."""
        self._call("SetQHYCCDTrigerFilterOnOff", seconds > 0)
        if seconds == 0:
            return 0.0
        time_ms = max(1, round(1000 * seconds))
        self._call("SetQHYCCDTrigerFilterTime", time_ms)
        return time_ms / 1000

    def require(self, name: str) -> None:
        """See that this camera takes a function of the library.

        Raises
        ------
        NotSupported
            If the library refuses it for this model.
        """
        if name in self._facts.refused:
            raise NotSupported(f"the vendor's library refuses {name} for the {self._model.name}.")

    def _call(self, name: str, *arguments: float) -> None:
        self.require(name)
        if not self._do("call", name, *arguments):
            raise DeviceFault(f"the vendor's library refused {name}.", "Check the cable, then open() again.")
