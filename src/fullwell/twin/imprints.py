"""What the camera writes into a picture when asked to: text, and the stamp of the GPS box."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fullwell.camera.frame import FrameReport, Overlay
from fullwell.models.facts import ShutterSignal
from fullwell.twin.gpsbox import StampSource
from fullwell.twin.overlay import overlay_text, rail_dn, write_text


class Imprints:
    """The only two things that alter raw pixels.

    Parameters
    ----------
    stamps : StampSource
    signal : ShutterSignal
        Which edges the box stamps, and how many bytes the camera overwrites.
    """

    def __init__(self, stamps: StampSource, signal: ShutterSignal) -> None:
        self._stamps, self._signal = stamps, signal

    def write(self, report: FrameReport, out: NDArray[Any]) -> None:
        """Alter a frame as its settings say; the text first, so that the stamp stays whole.

        Parameters
        ----------
        report : FrameReport
            Of the frame.
        out : ndarray
            The frame, C-contiguous.
        """
        settings = report.settings
        if settings.overlay is not Overlay.NONE:
            counter = report.sequence if report.counter is None else report.counter
            text = overlay_text(settings.overlay, counter, self._stamps.of_frame(report, self._signal))
            write_text(out, text, rail_dn(settings.format))
        if settings.gps:
            self._stamps.write(report, self._signal, out)
