"""Facts of the connectors at the back of a camera: what each pin carries in each mode, and who may switch it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fullwell.errors import InvalidValue, UnknownName
from fullwell.models.tables import Table

PINS: Final = 4
"""Pins of the GPIO socket besides ground and supply."""


class Signal(StrEnum):
    """What a pin carries."""

    NONE = "not connected"
    OUTPUT = "output"
    SHUTTER_MEASURE = "shutter measure"
    SHUTTER_MEASURE_INVERTED = "shutter measure inverted"
    TRIGGER_IN = "trigger in"
    LINE_PERIOD = "line period"
    TRIG_OUT = "trig out"
    HSYNC = "hsync"
    VSYNC = "vsync"
    HSYNC_IN = "hsync in"
    VSYNC_IN = "vsync in"
    LED = "led"
    GPS_CONTROL = "gps control"
    GPS_DATA_IN = "gps data in"
    GPS_CLOCK = "gps clock"

    @property
    def is_input(self) -> bool:
        """Whether the camera listens."""
        return self in (Signal.TRIGGER_IN, Signal.HSYNC_IN, Signal.VSYNC_IN, Signal.GPS_DATA_IN)


@dataclass(frozen=True, slots=True)
class PortMode:
    """One way to use the GPIO socket.

    Attributes
    ----------
    number : int
        The vendor's; on cameras that are switched by a register, the value of its field.
    name : str
        As commands take it ("five-pin").
    title : str
        One line for people.
    pins : tuple of Signal
        What GPIO1 to GPIO4 carry.
    needs_trig_out : bool
        Whether the pins are silent until TrigOut is enabled.
    """

    number: int
    name: str
    title: str
    pins: tuple[Signal, ...]
    needs_trig_out: bool


@dataclass(frozen=True, slots=True)
class RegisterField:
    """Some bits of a register of the camera's logic.

    Attributes
    ----------
    register, high_bit, low_bit : int
        Where they are.
    control : str
        Which control they are ("gpio_mode"); "" for bits without a meaning.
    meanings : tuple of str
        Of the values from 0; all further values are undefined. Empty = every value is.
    """

    register: int
    high_bit: int
    low_bit: int
    control: str
    meanings: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the vendor writes it: "REG39[3:0]", "REG142[0]"."""
        bits = f"{self.high_bit}:{self.low_bit}" if self.high_bit > self.low_bit else f"{self.low_bit}"
        return f"REG{self.register}[{bits}]"

    def checked(self, value: int) -> int:
        """The value, if it has a meaning (0 is the value of bits that never have one).

        Raises
        ------
        InvalidValue
            If it is undefined.
        """
        if not 0 <= value < max(1, len(self.meanings)):
            known = ", ".join(f"{i} {meaning}" for i, meaning in enumerate(self.meanings)) or "leave it 0"
            raise InvalidValue(f"{self.name} = {value} is undefined.", f"Known: {known}.")
        return value


@dataclass(frozen=True, slots=True)
class Connector:
    """GPIO socket and SMA ports of a camera.

    Attributes
    ----------
    modes : tuple of PortMode
        In order of number.
    sync_pulse_ns : int
        Width of the low pulses of VSYNC, TrigOut and of the line signals, ns.
    output_level_v : float
        High level of the GPIO outputs.
    gps_bit_ns : int
        One bit on the wire of the GPS box, ns.
    trigger_inputs : tuple of str
        Where an external trigger may come in: "gpio", "sma".
    gpio_latency_ns, sma_latency_ns, soft_latency_ns : int
        From the edge (or the call) until the camera's logic has seen it, ns.
    trigger_filter_s : float
        Default time after a trigger in which further edges are taken for bounce.
    sma_outputs : tuple of Signal
        What the SMA output can carry; empty where there is none.
    registers : tuple of RegisterField
        Where the logic of the camera is switched by registers; empty where the library alone does it.
    firmware_needed : tuple of str
        Versions of the logic from which on the port works; empty where any does.
    """

    modes: tuple[PortMode, ...]
    sync_pulse_ns: int
    output_level_v: float
    gps_bit_ns: int
    trigger_inputs: tuple[str, ...]
    gpio_latency_ns: int
    sma_latency_ns: int
    soft_latency_ns: int
    trigger_filter_s: float
    sma_outputs: tuple[Signal, ...]
    registers: tuple[RegisterField, ...]
    firmware_needed: tuple[str, ...]

    def mode(self, name_or_number: str | int) -> PortMode:
        """A mode by number, or by name regardless of case.

        Raises
        ------
        InvalidValue
            If a register that is known to hold the number leaves it undefined.
        UnknownName
            If there is no such mode.
        """
        wanted = str(name_or_number).strip().casefold()
        for mode in self.modes:
            if wanted in (str(mode.number), mode.name.casefold()):
                return mode
        for field in self.registers:
            if field.control == "gpio_mode" and wanted.isdecimal():
                field.checked(int(wanted))
        raise UnknownName("GPIO mode", name_or_number, (f"{mode.number} ({mode.name})" for mode in self.modes))

    @property
    def slowest_ns(self) -> int:
        """The longest of the three latencies, ns."""
        return max(self.gpio_latency_ns, self.sma_latency_ns, self.soft_latency_ns)

    def latency_ns(self, trigger_input: str) -> int:
        """From an edge at "gpio" or "sma", or a "soft" trigger, until the camera's logic has seen it, ns."""
        return {"gpio": self.gpio_latency_ns, "sma": self.sma_latency_ns, "soft": self.soft_latency_ns}[
            trigger_input
        ]


def read_connector(table: Table) -> Connector:
    """Read and check the table ``connector`` of a facts file.

    Raises
    ------
    InvalidFacts
        If an entry is missing, unknown or impossible.
    """
    connector = Connector(
        modes=tuple(_mode(one) for one in table.tables("mode")),
        sync_pulse_ns=table.integer("sync_pulse_ns", 1),
        output_level_v=table.number("output_level_v", 0.1, 24),
        gps_bit_ns=table.integer("gps_bit_ns", 2),
        trigger_inputs=table.texts("trigger_inputs"),
        gpio_latency_ns=table.integer("gpio_latency_ns", 0),
        sma_latency_ns=table.integer("sma_latency_ns", 0),
        soft_latency_ns=table.integer("soft_latency_ns", 0),
        trigger_filter_s=table.number("trigger_filter_s", 0, 100),
        sma_outputs=_signals(table, "sma_outputs") if "sma_outputs" in table else (),
        registers=tuple(_register(one) for one in table.tables("register")),
        firmware_needed=table.texts("firmware_needed") if "firmware_needed" in table else (),
    )
    if [mode.number for mode in connector.modes] != list(range(len(connector.modes))) or not connector.modes:
        raise table.wrong("mode", "must be numbered 0, 1, 2 ... in order")
    if not set(connector.trigger_inputs) <= {"gpio", "sma"}:
        raise table.wrong("trigger_inputs", "may name gpio and sma only")
    table.finish()
    return connector


def _signals(table: Table, key: str) -> tuple[Signal, ...]:
    texts = table.texts(key)
    unknown = [text for text in texts if text not in list(Signal)]
    if unknown:
        raise table.wrong(key, f"names {unknown}: no such signal")
    return tuple(map(Signal, texts))


def _mode(table: Table) -> PortMode:
    mode = PortMode(
        number=table.integer("number", 0),
        name=table.text("name"),
        title=table.text("title"),
        pins=_signals(table, "pins"),
        needs_trig_out=table.integer("number", 0) != 0,
    )
    if len(mode.pins) != PINS:
        raise table.wrong("pins", f"needs {PINS} items, GPIO1 to GPIO{PINS}")
    table.finish()
    return mode


def _register(table: Table) -> RegisterField:
    field = RegisterField(
        register=table.integer("number", 0),
        high_bit=table.integer("high_bit", 0, 15),
        low_bit=table.integer("low_bit", 0, 15),
        control=table.optional_text("control") or "",
        meanings=table.texts("meanings") if "meanings" in table else (),
    )
    if field.high_bit < field.low_bit or len(field.meanings) > 2 ** (field.high_bit - field.low_bit + 1):
        raise table.wrong("high_bit", "leaves no room for the meanings")
    table.finish()
    return field
