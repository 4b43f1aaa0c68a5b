"""The pictures that the computer gets: with what the camera writes into them, and with the faults asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fullwell.camera.frame import FrameReport, Settings
from fullwell.models.facts import ShutterSignal
from fullwell.readout.timing import shutter_edges_ns
from fullwell.twin.body import Body
from fullwell.twin.faults import FaultPlan
from fullwell.twin.frames import FrameGenerator
from fullwell.twin.freerun import Exposure
from fullwell.twin.imprints import Imprints


@dataclass(frozen=True, slots=True)
class Order:
    """What it takes to draw a picture, now or once more.

    Attributes
    ----------
    exposure : Exposure
    number : int
        Hardware frame number.
    counter : int
        What the camera's own frame counter shows.
    around : tuple of int
        Frames whose edges the lamps see that the shutter signal fires, counted from this one.
    led_pin : tuple of int or None
        Delay and width of the pulse on the LED pin, ns; None where there is none.
    """

    exposure: Exposure
    number: int
    counter: int
    around: tuple[int, ...]
    led_pin: tuple[int, int] | None


class Pictures:
    """Fills buffers with frames.

    Parameters
    ----------
    frames : FrameGenerator
    body : Body
    imprints : Imprints
    signal : ShutterSignal
    faults : FaultPlan
    """

    def __init__(
        self, frames: FrameGenerator, body: Body, imprints: Imprints, signal: ShutterSignal, faults: FaultPlan
    ) -> None:
        self._frames, self._body, self._imprints = frames, body, imprints
        self._signal, self._faults = signal, faults
        self._last: Order | None = None
        self._told: tuple[Order, NDArray[Any]] | None = None
        self._last_told: NDArray[Any] | None = None

    def forget(self) -> None:
        """Nothing has been handed over yet."""
        self._last = self._told = self._last_told = None
        self._frames.forget()

    def handed_over(self, order: Order) -> None:
        """It has reached the computer, whose buffer still holds it."""
        self._last = order
        told, self._told = self._told, None
        self._last_told = told[1] if told is not None and told[0] is order else None

    def draw(self, order: Order, out: NDArray[Any]) -> FrameReport:
        """Fill `out` as the computer gets it."""
        report = self._draw_well(order, out)
        settings = report.settings
        fault = self._faults.spoil(
            out, order.number, order.exposure.start_ns, lambda other: self.draw_last(settings, other)
        )
        if fault:
            self._frames.note(order.number, fault)
            self._told = order, out.copy()  # not what the sensor made: it cannot be drawn again
        return report

    def draw_last(self, settings: Settings, out: NDArray[Any]) -> FrameReport | None:
        """Fill `out` with what was handed over last once more; None if that was of another mode or format."""
        if self._last is None:
            return None
        then = self._last.exposure.setup.settings
        if (then.mode, then.format) != (settings.mode, settings.format):
            return None
        report = self._draw_well(self._last, out)
        if self._last_told is not None:
            out[...] = self._last_told
        return report

    def _draw_well(self, order: Order, out: NDArray[Any]) -> FrameReport:
        shot = order.exposure
        edges_ns = [
            shutter_edges_ns(self._signal, shot.setup.timing, shot.later(n).start_ns)[1] for n in order.around
        ]
        report = self._frames.draw(shot, order.number, self._body, out, order.counter, edges_ns, order.led_pin)
        self._imprints.write(report, out)
        return report
