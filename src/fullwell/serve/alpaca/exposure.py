"""The one exposure that a camera may have under way for Alpaca: started, waited for, kept until the next."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from fullwell.camera.buffers import Pool
from fullwell.camera.engine import Camera
from fullwell.errors import Busy, DeviceFault, ExposureAborted, FullwellError, NoImage
from fullwell.models.facts import Window
from fullwell.serve.alpaca.device import AlpacaDevice
from fullwell.serve.alpaca.images import Picture

ABORT_WAIT_S: Final = 0.8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished exposure.

    Attributes
    ----------
    picture : Picture
    exposure_s : float
        What the sensor did, not what was asked for.
    start_ns : int
        UTC, start of the exposure of the first row.
    """

    picture: Picture
    exposure_s: float
    start_ns: int


class Exposure:
    """Takes frames of one camera in worker threads.

    Parameters
    ----------
    camera : Camera
    device : AlpacaDevice
        Lends its worker threads.

    Attributes
    ----------
    starting : bool
        Whether the camera is being told of an exposure at this moment.
    last : tuple or None
        True length in s and true start in UTC ns of the last exposure of the session.
    """

    def __init__(self, camera: Camera, device: AlpacaDevice) -> None:
        self._camera = camera
        self._device = device
        self._pictures = Pool()
        self._task: asyncio.Task[None] | None = None
        self.starting = False
        self._taken: Taken | None = None
        self._failure: FullwellError | None = None
        self.last: tuple[float, int] | None = None

    @property
    def under_way(self) -> bool:
        """Whether an exposure is going on, from its start until its picture is ready."""
        return self.starting or (self._task is not None and not self._task.done())

    @property
    def failed(self) -> bool:
        """Whether the last exposure ended with a fault."""
        return self._failure is not None

    def ready(self) -> bool:
        """Whether a picture waits. Raises what made the last exposure fail."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)  # which would grow each time that a client asks
        return self._taken is not None

    def taken(self) -> Taken:
        """The finished exposure. Raises `NoImage`, or what made the exposure fail."""
        if not self.ready() or self._taken is None:
            raise NoImage("there is no image.", "Start an exposure and wait until ImageReady is True.")
        return self._taken

    def forget(self) -> None:
        """Let go of the picture and of the memory of earlier exposures."""
        self._taken = self._failure = self.last = None

    async def start(self, duration_s: float, window: Window, binning: int) -> None:
        """Begin an exposure; the camera's own checks are passed when this returns."""
        if self.under_way:
            raise Busy("the camera is exposing.", "Wait until CameraState is Idle, or abort the exposure.")
        self.starting = True
        try:
            await self._device.in_worker(self._begin, duration_s, window, binning)
            self._taken = self._failure = None
            self._task = asyncio.get_running_loop().create_task(self._collect())
        finally:
            self.starting = False

    async def stop(self) -> None:
        """End the exposure early and keep the picture. Harmless when none goes on."""
        if self.under_way:
            await self._device.in_worker(self._camera.stop)

    async def abort(self) -> None:
        """Abandon the exposure, picture and all. Harmless when none goes on."""
        task = self._task
        if task is None or task.done():
            return
        await self._device.in_worker(self._camera.abort)
        if self._task is task:
            self._task = self._taken = self._failure = None
        await asyncio.wait([task], timeout=ABORT_WAIT_S)

    def _begin(self, duration_s: float, window: Window, binning: int) -> None:
        self._camera.configure(exposure_s=duration_s, window=window, bin=binning)
        self._camera.start()

    async def _collect(self) -> None:
        taken: Taken | None = None
        failure: FullwellError | None = None
        try:
            taken = await self._device.in_worker(self._read)
        except ExposureAborted:
            pass
        except FullwellError as reason:
            failure = reason
        except Exception as reason:  # a client that polls must learn of it, whatever it was
            log.exception("an exposure ended unexpectedly")
            failure = DeviceFault(f"the exposure ended unexpectedly: {reason!r}.", "See the log of the server.")
        if self._task is not asyncio.current_task():
            return  # abandoned: a picture that was all but ready must not turn up afterwards
        self._taken, self._failure = taken, failure
        if taken is not None:
            self.last = taken.exposure_s, taken.start_ns

    def _read(self) -> Taken:
        frame = self._camera.read()
        picture = Picture(frame.data, self._pictures)
        return Taken(picture, frame.report.timing.exposure_ns * 1e-9, frame.start_ns)
