"""What the pins of a camera do: from GPIO mode, row timing and the starts of the frames to edges in ns.

The clock of it all is the vsync of each frame, which stands ``reference_to_row0_end_ns`` before the end of the
exposure of the first row of the window (`fullwell.readout.rows.RowTiming`):

* shutter measure: high from start to end of row 0 of the sensor, or, on cameras that give only the vsync, high
  for the width of the vsync and falling with it;
* TrigOut and VSYNC: low for the width of the vsync, falling with it;
* line period and HSYNC: low for the same width at the beginning of each line. Lines are counted from each
  vsync; before the first one they run up to it. Where the link makes frames wait, the last line before a vsync
  is longer;
* GPS box: after each vsync control falls, and each byte is clocked in;
* LED: high at a set delay after each vsync.

Inputs show what was fed in.

Limits: rows of one frame are spaced by the nominal line period; edges have no rise time; the opto-isolators of
the SMA ports delay what they pass on, which is not drawn; the sync inputs of a slave are drawn with its own rows,
which follow the master's by the way through the cable and a tick of logic, some 10 ns.

References
----------
QHY42 Pro product page, advanced shutter measurement; QHY600 Pro product page, GPIO modes and precise time
measurement (46 line periods and 21.52 us from the pulse to the end of rows 1 and 2, counted in falling edges of
HSYNC). What they leave open stands in the facts of each model as assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fullwell.errors import InvalidValue, NotSupported
from fullwell.models.connector import PortMode, Signal
from fullwell.models.facts import CameraModel
from fullwell.readout.rows import RowTiming
from fullwell.readout.timing import shutter_edges_ns
from fullwell.readout.waveforms import Trace, Waveform, pulses

__all__ = ["LedPulse", "PortUse", "Shot", "pin_trace"]

MOST_EDGES: Final = 20_000_000
"""Of one waveform: beyond, a picture or file of it is of no use."""

GPS_BYTES: Final = 44
TRIGGER_PULSE_NS: Final = 1_000_000
"""How long an external trigger is drawn low, at most; only its falling edge counts."""

SMA_OUT: Final = "SMA out"
SMA_IN: Final = "SMA in"


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame as the pins see it.

    Attributes
    ----------
    row0_start_ns : int
        UTC, start of exposure of the first row of the window.
    timing : RowTiming
    gps : bytes
        What the GPS box sends after its vsync; empty without a box.
    """

    row0_start_ns: int
    timing: RowTiming
    gps: bytes = b""

    @property
    def row0_end_ns(self) -> int:
        """UTC, end of exposure of the first row of the window."""
        return self.row0_start_ns + self.timing.exposure_ns


@dataclass(frozen=True, slots=True)
class LedPulse:
    """A flash of the calibration LED in each frame.

    Attributes
    ----------
    delay_ns : int
        After the vsync; negative = before.
    width_ns : int
        Above 0.
    """

    delay_ns: int
    width_ns: int


@dataclass(frozen=True, slots=True)
class PortUse:
    """How the connectors are used.

    Attributes
    ----------
    mode : PortMode
    trig_out : bool
        Whether the pins of modes that need it are enabled.
    sma_output : Signal
        What the SMA output carries; no signal where there is none.
    levels : tuple of tuple
        Levels of the outputs of mode 0 as they were set: (instant in ns, bit 0 = GPIO1 ...), ascending.
    led : LedPulse or None
    triggers_ns : tuple of int
        Falling edges at the trigger input.
    sma_input : bool
        Whether that is the SMA port and not a pin.
    """

    mode: PortMode
    trig_out: bool = False
    sma_output: Signal = Signal.NONE
    levels: tuple[tuple[int, int], ...] = ((0, 0),)
    led: LedPulse | None = None
    triggers_ns: tuple[int, ...] = ()
    sma_input: bool = False

    def is_silent(self, pin: str) -> bool:
        """Whether no pulse comes out of a pin."""
        return not self.trig_out and (self.mode.needs_trig_out or pin == SMA_OUT)


def pin_trace(
    model: CameraModel, use: PortUse, shots: Sequence[Shot], between_ns: tuple[int, int] | None = None
) -> Trace:
    """The waveforms of all connected pins for some frames.

    Parameters
    ----------
    model : CameraModel
        Facts of the camera.
    use : PortUse
    shots : sequence of Shot
        In order of time, at least one.
    between_ns : tuple of int, optional
        Begin and end, UTC; default is from a line before the first frame to a line after the last read-out.

    Raises
    ------
    InvalidValue
        If there are no frames, or a waveform would have more than 20 million edges.
    NotSupported
        If the camera has no such socket.
    """
    if not shots:
        raise InvalidValue("there are no frames to draw the pins for.", "Take one, or ask for at least one.")
    draw = _Draughtsman(model, use, shots, between_ns)
    signals = {f"GPIO{number}": signal for number, signal in enumerate(use.mode.pins, start=1)}
    signals[SMA_OUT] = use.sma_output
    signals[SMA_IN] = Signal.TRIGGER_IN if use.sma_input else Signal.NONE
    waves = (draw.waveform(pin, signal) for pin, signal in signals.items() if signal is not Signal.NONE)
    return Trace(draw.begin_ns, draw.end_ns, tuple(wave.between(draw.begin_ns, draw.end_ns) for wave in waves))


class _Draughtsman:
    """Draws one signal after the other for the same frames."""

    def __init__(
        self, model: CameraModel, use: PortUse, shots: Sequence[Shot], between_ns: tuple[int, int] | None
    ) -> None:
        if model.connector is None:
            raise NotSupported(f"the {model.name} has no GPIO socket.")
        self._connector, self._use, self._shots = model.connector, use, shots
        self._width_ns = model.connector.sync_pulse_ns
        edges_ns = [shutter_edges_ns(model.shutter_signal, shot.timing, shot.row0_start_ns) for shot in shots]
        self._shutter_ns = np.array(edges_ns, np.int64)
        self._vsyncs_ns = self._shutter_ns[:, 1]
        self.begin_ns, self.end_ns = between_ns or self._extent_ns()

    def _extent_ns(self) -> tuple[int, int]:
        first, last = self._shots[0], self._shots[-1]
        begin_ns = min(first.row0_start_ns, int(self._shutter_ns[0, 0]), *self._use.triggers_ns)
        return (
            begin_ns - first.timing.line_period_ns,
            last.row0_end_ns + last.timing.read_ns + last.timing.line_period_ns,
        )

    def waveform(self, pin: str, signal: Signal) -> Waveform:
        drawn = self._drawers()[signal](pin, signal)
        if self._use.is_silent(pin) and not signal.is_input:
            return Waveform(pin, signal, drawn.starts_high, np.empty(0, np.int64))
        return drawn

    def _drawers(self) -> dict[Signal, Callable[[str, Signal], Waveform]]:
        return {
            Signal.OUTPUT: self._output,
            Signal.SHUTTER_MEASURE: self._shutter_measure,
            Signal.SHUTTER_MEASURE_INVERTED: lambda pin, signal: self._shutter_measure(pin, signal).inverted(),
            Signal.TRIGGER_IN: self._trigger,
            Signal.LINE_PERIOD: self._lines,
            Signal.HSYNC: self._lines,
            Signal.HSYNC_IN: self._lines,
            Signal.TRIG_OUT: self._vsync,
            Signal.VSYNC: self._vsync,
            Signal.VSYNC_IN: self._vsync,
            Signal.LED: self._led,
            Signal.GPS_CONTROL: self._gps_control,
            Signal.GPS_CLOCK: self._gps_clock,
            Signal.GPS_DATA_IN: self._gps_data,
        }

    def _shutter_measure(self, pin: str, signal: Signal) -> Waveform:
        return pulses(pin, signal, self._shutter_ns[:, 0], self._shutter_ns[:, 1])

    def _vsync(self, pin: str, signal: Signal) -> Waveform:
        return pulses(pin, signal, self._vsyncs_ns, self._vsyncs_ns + self._width_ns, low=True)

    def _lines(self, pin: str, signal: Signal) -> Waveform:
        starts_ns = self._line_starts_ns()
        return pulses(pin, signal, starts_ns, starts_ns + self._width_ns, low=True)

    def _line_starts_ns(self) -> NDArray[np.int64]:
        """The beginnings of all lines in the stretch of time, and one before it."""
        periods_ns = [shot.timing.line_period_ns for shot in self._shots]
        if (self.end_ns - self.begin_ns) // min(periods_ns) > MOST_EDGES // 2:
            raise InvalidValue(
                f"the lines of {(self.end_ns - self.begin_ns) * 1e-9:.3g} s are more than {MOST_EDGES} edges.",
                "Ask for fewer frames, a shorter exposure, or a shorter stretch of time.",
            )
        vsyncs_ns = self._vsyncs_ns.tolist()
        before = (vsyncs_ns[0] - self.begin_ns) // periods_ns[0] + 1
        pieces = [vsyncs_ns[0] + np.arange(-before, 0, dtype=np.int64) * periods_ns[0]]
        for (vsync, following), period_ns in zip(pairwise(vsyncs_ns), periods_ns, strict=False):
            lines = max(1, (following - vsync) // period_ns)
            pieces.append(vsync + np.arange(lines, dtype=np.int64) * period_ns)
        lines = max(0, self.end_ns - vsyncs_ns[-1]) // periods_ns[-1] + 1
        pieces.append(vsyncs_ns[-1] + np.arange(lines, dtype=np.int64) * periods_ns[-1])
        return np.concatenate(pieces)

    def _led(self, pin: str, signal: Signal) -> Waveform:
        led = self._use.led
        starts_ns = self._vsyncs_ns[:0] if led is None else self._vsyncs_ns + led.delay_ns
        return pulses(pin, signal, starts_ns, starts_ns + (0 if led is None else led.width_ns))

    def _trigger(self, pin: str, signal: Signal) -> Waveform:
        heard = self._use.sma_input == (pin == SMA_IN)
        falls_ns = np.array(self._use.triggers_ns if heard else (), np.int64)
        longest_ns = np.append(np.diff(falls_ns) // 2, TRIGGER_PULSE_NS) if len(falls_ns) else falls_ns
        return pulses(pin, signal, falls_ns, falls_ns + np.minimum(longest_ns, TRIGGER_PULSE_NS), low=True)

    def _output(self, pin: str, signal: Signal) -> Waveform:
        bit = int(pin.removeprefix("GPIO")) - 1
        instants = np.array([instant for instant, _ in self._use.levels], np.int64)
        high = np.array([levels >> bit & 1 for _, levels in self._use.levels], np.int64)
        return Waveform(pin, signal, bool(high[0]), instants[1:][np.diff(high) != 0])

    def _gps_control(self, pin: str, signal: Signal) -> Waveform:
        length_ns = 8 * GPS_BYTES * self._connector.gps_bit_ns
        return pulses(pin, signal, self._vsyncs_ns, self._vsyncs_ns + length_ns, low=True)

    def _gps_clock(self, pin: str, signal: Signal) -> Waveform:
        bit_ns = self._connector.gps_bit_ns
        bits = np.arange(8 * GPS_BYTES, dtype=np.int64) * bit_ns
        starts_ns = (self._vsyncs_ns[:, None] + bits + bit_ns // 2).ravel()
        return pulses(pin, signal, starts_ns, starts_ns + bit_ns // 2)

    def _gps_data(self, pin: str, signal: Signal) -> Waveform:
        bit_ns = self._connector.gps_bit_ns
        pieces = [np.empty(0, np.int64)]
        for vsync, shot in zip(self._vsyncs_ns, self._shots, strict=True):
            bits = np.unpackbits(np.frombuffer(shot.gps, np.uint8)).astype(np.int8)
            changes = np.flatnonzero(np.diff(bits, prepend=0, append=0))
            pieces.append(vsync + changes * bit_ns)
        return Waveform(pin, signal, False, np.concatenate(pieces))
