"""The row calibration of a camera: a lamp that its shutter signal fires is moved through the read-out.

The camera, its frames and the lamp are all that is used: it works alike on a twin and on a real camera, whose
lamp is an LED on the LED pin (GPIO mode 6) or on a pulse generator that the shutter signal triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.device import Stream
from fullwell.camera.engine import Camera
from fullwell.camera.timekeeper import conditions
from fullwell.errors import InvalidValue, NotSupported, OutOfRange
from fullwell.measure.led import CLEAR, Flash, RowFit, fit_rows
from fullwell.models.connector import Signal
from fullwell.readout.calibration import RowOffset
from fullwell.readout.rows import RowTiming

__all__ = ["FLASH_STEPS", "Lamp", "LedPin", "RowCalibration", "calibrate_rows", "flash_ns"]

FLASH_STEPS: Final = 3
"""Length of the flash in steps of rows: as short as possible, but no edge may fall between two rows."""

EXPOSURE_STEPS: Final = 24
"""How much longer than the flash the rows are exposed, in steps: less in windows of few rows."""

SLACK_LINES: Final = 500
"""How late row 0 may end after the signal, beyond the rows above the window, in line periods."""

MOST_PROBES: Final = 24
TOO_BRIGHT: Final = 0.8
"""Share of the largest word that a lit row may reach."""

GOLDEN: Final = 0.618034
NO_FLASH: Final = (0, 0)


class Lamp(Protocol):
    """Something that flashes after each falling edge of the camera's shutter signal."""

    def flash(self, delay_ns: int, width_ns: int) -> None:
        """Set how long after the edge it goes on, and for how long; width 0 = it stays dark."""
        ...


class LedPin:
    """The lamp of a calibration is an LED on the camera's LED pin.

    Parameters
    ----------
    camera : Camera
        Open and idle; its GPIO socket is switched to the mode with the LED pin.

    Raises
    ------
    NotSupported
        If it has no such pin.
    """

    def __init__(self, camera: Camera) -> None:
        pins = camera.pins
        mode = next((mode for mode in pins.modes if Signal.LED in mode.pins), None) if pins is not None else None
        if pins is None or mode is None:
            raise NotSupported(
                f"the {camera.model.name} has no LED pin.",
                "Use a pulse generator that its shutter signal triggers.",
            )
        pins.configure(mode=mode.number, trig_out=True)
        self._pins = pins

    def flash(self, delay_ns: int, width_ns: int) -> None:
        """See `Lamp`."""
        self._pins.flash_led(delay_ns, width_ns)


@dataclass(frozen=True, eq=False, slots=True)
class RowCalibration:
    """What a calibration has found.

    Attributes
    ----------
    record : RowOffset
        To be kept, and to be used for row times.
    fit : RowFit
        The clockwork as light tells it.
    flashes : tuple of Flash
        What was fitted.
    told : RowTiming
        What the camera says of itself under the same settings, the vendor's figure for the offset included.
    """

    record: RowOffset
    fit: RowFit
    flashes: tuple[Flash, ...]
    told: RowTiming


def flash_ns(timing: RowTiming) -> int:
    """Length of the flashes of a calibration, ns: what the brightness of the lamp has to be chosen for."""
    return FLASH_STEPS * timing.rows_per_step * timing.line_period_ns


def calibrate_rows(
    camera: Camera, lamp: Lamp, *, flashes: int = 12, stream: Stream = Stream.SINGLE
) -> RowCalibration:
    """Find when the rows of a camera end their exposure after its shutter signal, for the settings in force.

    The exposure is changed meanwhile and set back at the end, when the lamp is dark again.

    Parameters
    ----------
    camera : Camera
        Open and idle, with the mode, window, word depth, traffic and speed that the calibration is to be for.
    lamp : Lamp
        Lights all its rows alike.
    flashes : int
        How many frames are fitted, 2 to 1000.
    stream : Stream
        How frames are taken: the offset may differ between single frames and live ones.

    Raises
    ------
    OutOfRange
        If `flashes` is.
    InvalidValue
        If frames are binned, or the rows do not show the flashes: too faint, too bright, or not there at all.
    """
    if not 2 <= flashes <= 1000:
        raise OutOfRange("number of flashes", flashes, 2, 1000)
    if camera.settings.format.bin > 1:
        raise InvalidValue("rows of binned frames are sums of rows.", "Calibrate the same window with bin 1.")
    with _borrowed(camera, lamp):
        scan = _Scan(camera, lamp, stream)
        taken = tuple(scan.flashes(flashes, scan.find_ns()))
        told = camera.timing()
    fit = fit_rows(taken, line_period_ns=told.line_period_ns, exposure_ns=told.exposure_ns, top=told.top)
    record = RowOffset(
        offset_ns=round(fit.offset_ns.value),
        uncertainty_ns=max(1, ceil(fit.offset_ns.standard_error)),
        conditions=conditions(camera.model, camera.settings, stream.value),
        source=f"LED calibration, {flashes} flashes",
        made_ns=camera.clock.now_ns(),
    )
    return RowCalibration(record, fit, taken, told)


@contextmanager
def _borrowed(camera: Camera, lamp: Lamp) -> Iterator[None]:
    """The exposure is the user's again afterwards, and the lamp dark."""
    exposure_s = camera.settings.exposure_s
    try:
        yield
    finally:
        lamp.flash(0, 0)
        camera.configure(exposure_s=exposure_s)


class _Scan:
    """Takes frames of a camera with flashes at chosen times."""

    def __init__(self, camera: Camera, lamp: Lamp, stream: Stream) -> None:
        self._camera, self._lamp, self._stream = camera, lamp, stream
        self._width_ns = flash_ns(camera.timing())
        self._stamp_bytes = camera.model.shutter_signal.stamp_bytes if camera.settings.gps else 0

    def find_ns(self) -> int:
        """A rough value of the offset: flashes before row 0 ends light all rows, late ones light none."""
        timing, geometry = self._camera.timing(), self._camera.model.sensor.geometry
        early_ns, late_ns = 0, (geometry.total_height + SLACK_LINES) * timing.line_period_ns
        self._expose_for(late_ns)
        dark = self._frame(NO_FLASH, Stream.SINGLE)
        delay_ns = timing.top * timing.line_period_ns + timing.read_ns // 2
        for _ in range(MOST_PROBES):
            lit = self._lit_rows(delay_ns, dark)
            if lit.any() and not lit.all():
                first = int(np.argmax(lit))
                line = timing.offsets_ns(np.array([first], np.int64))[0]
                return delay_ns + self._width_ns // 2 - int(line)
            early_ns, late_ns = (delay_ns, late_ns) if lit.all() else (early_ns, delay_ns)
            delay_ns = (early_ns + late_ns) // 2
        raise InvalidValue(
            f"no flash from 0 to {late_ns * 1e-6:.0f} ms after the shutter signal shows where rows end.",
            "Check that the lamp is triggered by the camera, lights its sensor, and is bright enough.",
        )

    def flashes(self, number: int, offset_ns: int) -> Iterator[Flash]:
        """Frames with flashes spread over the read-out, each at another place between the rows."""
        step_ns = self._width_ns // FLASH_STEPS
        steps = self._camera.timing().read_ns // step_ns
        self._expose_for(self._width_ns + min(EXPOSURE_STEPS, max(1, steps // 3)) * step_ns)
        timing = self._camera.timing()
        dark = self._frame(NO_FLASH, self._stream)
        period_ns = timing.frame_period_ns if self._stream is Stream.LIVE else 0
        span_ns = timing.read_ns + self._width_ns
        for index in range(number):
            steps_on = span_ns * (index + 0.5) / number // step_ns + index * GOLDEN % 1.0
            delay_ns = max(0, round(offset_ns - self._width_ns + steps_on * step_ns))
            frame = self._frame((delay_ns, self._width_ns), self._stream)
            self._refuse_saturated(frame)
            yield Flash.seen(
                frame,
                dark,
                delay_ns=delay_ns,
                width_ns=self._width_ns,
                period_ns=period_ns,
                skip_bytes=self._stamp_bytes,
            )

    def _expose_for(self, time_ns: int) -> None:
        allowed = self._camera.model.exposure_s
        self._camera.configure(exposure_s=min(max(allowed.low, time_ns * 1e-9), allowed.high))

    def _frame(self, flash: tuple[int, int], stream: Stream) -> NDArray[Any]:
        """The image of the first chain, with a flash of that delay and width."""
        self._lamp.flash(*flash)
        if stream is Stream.SINGLE:
            frame = self._camera.expose()
        else:
            *_, frame = self._camera.live(frames=2)  # the first one lacks the flash of the frame before
        chains = len(self._camera.model.mode(self._camera.settings.mode).chains)
        return frame.data[:, : frame.data.shape[1] // chains].copy()

    def _lit_rows(self, delay_ns: int, dark: NDArray[Any]) -> NDArray[np.bool_]:
        """Which rows of a single frame caught something; those under a GPS stamp are like the first below it."""
        frame = self._frame((delay_ns, self._width_ns), Stream.SINGLE)
        seen = Flash.seen(frame, dark, delay_ns=delay_ns, width_ns=self._width_ns, skip_bytes=self._stamp_bytes)
        lit = seen.level_dn > CLEAR * np.sqrt(np.median(seen.variance_dn2 + seen.rounding_dn2))
        first = int(np.argmax(np.isfinite(seen.level_dn)))
        lit[:first] = lit[first]
        return lit

    def _refuse_saturated(self, frame: NDArray[Any]) -> None:
        highest = float(np.median(frame[int(np.argmax(frame.mean(axis=1)))]))
        rail = 2**self._camera.settings.format.bits - 1
        if highest > TOO_BRIGHT * rail:
            raise InvalidValue(
                f"the flash fills the pixels to {highest:.0f} of {rail} DN: their response is bent there.",
                "Dim the lamp, or choose a lower gain.",
            )
