"""The connectors of a camera as numbers: what their controls accept, and the registers behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fullwell.camera.controls import Control
from fullwell.errors import InvalidValue, NotSupported, UnknownName
from fullwell.models.connector import Connector, RegisterField, Signal
from fullwell.models.facts import CameraModel, Range

TRIGGER_INPUTS: Final = ("off", "soft", "gpio", "sma")
"""Values of `Control.TRIGGER_INPUT`, from 0. A soft trigger works with all but the first."""

PORT_CONTROLS: Final = (
    Control.GPIO_MODE,
    Control.TRIG_OUT,
    Control.GPIO_OUTPUTS,
    Control.SMA_OUTPUT,
    Control.TRIGGER_INPUT,
    Control.TRIGGER_FILTER_S,
    Control.LED_DELAY_NS,
    Control.LED_WIDTH_NS,
)
"""Controls of the connectors, in the order in which they are sent."""

LONGEST_FILTER_S: Final = 100.0
LONGEST_LED_NS: Final = 3.6e12


def port_controls(model: CameraModel) -> tuple[Control, ...]:
    """The controls of the connectors that a camera has.

    Parameters
    ----------
    model : CameraModel
    """
    if model.connector is None:
        return ()
    missing = set() if model.connector.sma_outputs else {Control.SMA_OUTPUT}
    if not any(Signal.LED in mode.pins for mode in model.connector.modes):
        missing |= {Control.LED_DELAY_NS, Control.LED_WIDTH_NS}
    return tuple(control for control in PORT_CONTROLS if control not in missing)


def port_range(model: CameraModel, control: Control) -> Range:
    """What a control of the connectors accepts.

    Parameters
    ----------
    model : CameraModel
    control : Control
        One of `PORT_CONTROLS`.

    Raises
    ------
    NotSupported
        If the camera does not have it.
    """
    connector = model.connector
    if connector is None or control not in port_controls(model):
        raise NotSupported(f"the {model.name} has no control {control.value!r} to set.")
    if control is Control.TRIGGER_FILTER_S:
        return Range(0.0, LONGEST_FILTER_S, 0.001, connector.trigger_filter_s)
    if control in (Control.LED_DELAY_NS, Control.LED_WIDTH_NS):
        return Range(0.0 if control is Control.LED_WIDTH_NS else -LONGEST_LED_NS, LONGEST_LED_NS, 1.0, 0.0)
    highest = {
        Control.GPIO_MODE: len(connector.modes) - 1,
        Control.TRIG_OUT: 1,
        Control.GPIO_OUTPUTS: 15,
        Control.SMA_OUTPUT: len(connector.sma_outputs) - 1,
        Control.TRIGGER_INPUT: len(TRIGGER_INPUTS) - 1,
    }[control]
    return Range(0.0, highest, 1.0, 0.0)


def trigger_inputs(connector: Connector) -> tuple[str, ...]:
    """What may start exposures: "off" and "soft", and the connectors of this camera that listen."""
    return tuple(name for name in TRIGGER_INPUTS if name in ("off", "soft", *connector.trigger_inputs))


def encode_registers(connector: Connector, values: Mapping[str, int]) -> dict[int, int]:
    """The registers that stand for some controls.

    Parameters
    ----------
    connector : Connector
    values : mapping of str to int
        By name of the control.

    Returns
    -------
    dict of int to int
        Value by register; empty for cameras without such registers.

    Examples
    --------
    >>> from fullwell import models
    >>> socket = models.load("qhy42-pro").connector
    >>> encode_registers(socket, {"gpio_mode": 2, "sma_output": 1, "trig_out": 1})
    {39: 66, 142: 1}
    """
    registers = dict.fromkeys((field.register for field in connector.registers), 0)
    for field in connector.registers:
        registers[field.register] |= field.checked(values.get(field.control, 0)) << field.low_bit
    return registers


def decode_register(connector: Connector, register: int, value: int) -> dict[str, int]:
    """The controls that a value of a register stands for.

    Parameters
    ----------
    connector : Connector
    register : int
        Its number.
    value : int

    Returns
    -------
    dict of str to int
        Value by name of the control.

    Raises
    ------
    NotSupported
        If the camera has no registers for its connectors.
    UnknownName
        If it has others.
    InvalidValue
        If some bits have an undefined value.

    Examples
    --------
    >>> from fullwell import models
    >>> socket = models.load("qhy42-pro").connector
    >>> decode_register(socket, 39, 0b0100_0010)
    {'gpio_mode': 2, 'sma_output': 1}
    >>> decode_register(socket, 39, 0b1000_0010)
    Traceback (most recent call last):
    ...
    fullwell.errors.InvalidValue: REG39[7:6] = 2 is undefined. Known: 0 shutter measure, 1 TrigOut.
    """
    if not connector.registers:
        raise NotSupported("the connectors of this camera are not switched by registers.", "Use configure().")
    fields = [field for field in connector.registers if field.register == register]
    if not fields:
        known = sorted({field.register for field in connector.registers})
        raise UnknownName("register of the connectors", register, map(str, known))
    used = sum(_mask(field) for field in fields)
    if value < 0 or value & ~used:
        raise InvalidValue(
            f"REG{register} = {value} sets bits that are not described.", f"Its bits are {used:#x}."
        )
    return {
        field.control: checked
        for field in fields
        for checked in [field.checked((value & _mask(field)) >> field.low_bit)]
        if field.control
    }


def _mask(field: RegisterField) -> int:
    return ((1 << field.high_bit - field.low_bit + 1) - 1) << field.low_bit


def require_firmware(model: CameraModel, versions: str) -> None:
    """See that the logic of a camera is new enough for its connectors.

    Parameters
    ----------
    model : CameraModel
    versions : str
        As the camera tells them: ``NAME_Vyyyymmdd``, separated by blanks; "" = it does not tell, and is trusted.

    Raises
    ------
    NotSupported
        If one is missing or older than needed.
    """
    if model.connector is None or not versions:
        return
    present = dict(version.rpartition("_V")[::2] for version in versions.split())
    for needed in model.connector.firmware_needed:
        name, _, date = needed.rpartition("_V")
        if present.get(name, "") < date:
            raise NotSupported(
                f"the connectors of the {model.name} need {needed}; this camera has {versions}.",
                "Update its logic with the vendor's tool; it is done over USB.",
            )
