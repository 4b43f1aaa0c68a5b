"""Pre-trigger: the last seconds before an event are kept, and handed over when it comes, then all that follows.

>>> import fullwell
>>> from fullwell.models import Window
>>> from fullwell.scene import Dark
>>> with fullwell.open("twin:qhy42-pro", scene=Dark(), clock="instant") as camera:
...     used = camera.configure(exposure_s=0.1, window=Window(0, 0, 64, 64))
...     period_ns = camera.timing().frame_period_ns
...     event_ns = camera.clock.now_ns() + 20 * period_ns
...     before = PreTrigger(seconds=5 * period_ns * 1e-9, trigger=AtInstant(event_ns))
...     with camera.live(frames=25) as live:
...         numbers = [frame.report.sequence for frame in before.watch(live)]
>>> numbers
[14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]

Frame 19 holds the instant: its last rows end after it.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.engine import Camera
from fullwell.camera.frame import Frame
from fullwell.camera.ledger import Fate
from fullwell.camera.live import Live
from fullwell.camera.request import real, whole
from fullwell.errors import InvalidValue, OutOfRange, UnknownName

__all__ = ["AtInstant", "BrightnessStep", "OnCall", "PreTrigger", "Trigger", "available_bytes"]

log = logging.getLogger(__name__)

MEMORY_SHARE: Final = 0.8
"""Part of the free memory that the kept frames may fill."""

SAMPLED: Final = 64
"""A brightness is measured on so many rows and columns at most."""

Direction = Literal["rise", "fall", "either"]


class Trigger(Protocol):
    """What ends the waiting. It sees every frame once, in order."""

    def fires(self, frame: Frame) -> str:
        """Why it fires at this frame; "" if it does not."""
        ...


class OnCall:
    """Fires when somebody calls `PreTrigger.fire`: for keys, buttons, other programs. Alone it never fires."""

    def fires(self, frame: Frame) -> str:
        """Never by itself."""
        del frame
        return ""


class AtInstant:
    """Fires at the first frame whose exposure ends after an instant, so the frame that holds it is there.

    Parameters
    ----------
    instant_ns : int
        UTC, for instance a whole second that was agreed on. It is compared with the time of the frames: that of
        the GPS box where there is one.
    """

    def __init__(self, instant_ns: int) -> None:
        self._instant_ns = whole("instant", instant_ns)

    def fires(self, frame: Frame) -> str:
        """See `Trigger.fires`."""
        return f"the instant {self._instant_ns} ns" if frame.end_ns > self._instant_ns else ""


class BrightnessStep:
    """Fires when the mean of a region leaves the scatter that it had in the frames before.

    The mean of up to 64 x 64 pixels of the region, evenly spread, is compared with the mean of the `window`
    frames before it, in units of their scatter.

    Parameters
    ----------
    region : tuple of int, optional
        (top, left, height, width) in rows and columns of the frame; default is the whole frame.
    sigmas : float
        How far, in standard deviations of one frame's mean, above 0.
    window : int
        How many frames before are looked at, 5 or more; before so many have come it does not fire.
    direction : {"rise", "fall", "either"}

    Raises
    ------
    OutOfRange, InvalidValue, UnknownName
        If an argument is impossible.

    Notes
    -----
    For white scatter the ratio follows Student's t with ``window - 1`` degrees of freedom: with 50 frames and
    6 sigma a false alarm has the probability 2.3e-7 per frame. Drifts slower than the window are followed.
    """

    def __init__(
        self,
        region: tuple[int, int, int, int] | None = None,
        sigmas: float = 6.0,
        window: int = 50,
        direction: Direction = "either",
    ) -> None:
        if not real("sigmas", sigmas) > 0:
            raise OutOfRange("sigmas", sigmas, 0, math.inf)
        if whole("window", window) < 5:
            raise OutOfRange("window", window, 5, math.inf, "frames")
        if direction not in get_args(Direction):
            raise UnknownName("direction", direction, get_args(Direction))
        if region is not None and (min(region[:2]) < 0 or min(region[2:]) < 1):
            raise InvalidValue(f"the region {region} is none.", "Give (top, left, height, width) in pixels.")
        self._region, self._sigmas, self._direction = region, sigmas, direction
        self._means: deque[float] = deque(maxlen=window)

    def fires(self, frame: Frame) -> str:
        """See `Trigger.fires`.

        Raises
        ------
        InvalidValue
            If the region is not inside the frame.
        """
        pixels = self._sample(frame.data)
        mean = float(pixels.mean())
        before = np.array(self._means)
        self._means.append(mean)
        if len(before) < (self._means.maxlen or 0):
            return ""
        # One count rounds to 0.29: a scatter below that of rounding is not known.
        least = math.sqrt(1.0 / 12.0 / pixels.size)
        scatter = max(float(before.std(ddof=1)), least) * math.sqrt(1.0 + 1.0 / len(before))
        step = (mean - float(before.mean())) / scatter
        if self._direction == "rise":
            far = step > self._sigmas
        elif self._direction == "fall":
            far = step < -self._sigmas
        else:
            far = abs(step) > self._sigmas
        return f"a step in brightness of {step:+.1f} sigma" if far else ""

    def _sample(self, data: NDArray[Any]) -> NDArray[Any]:
        top, left, height, width = self._region or (0, 0, *data.shape)
        if top + height > data.shape[0] or left + width > data.shape[1]:
            raise InvalidValue(
                f"the region {self._region} does not lie in a frame of {data.shape[0]} x {data.shape[1]} px.",
                "Give (top, left, height, width) in rows and columns of the frame.",
            )
        rows, columns = -(-height // SAMPLED), -(-width // SAMPLED)
        return data[top : top + height : rows, left : left + width : columns]


class PreTrigger:
    """Keeps the last seconds of a live run until a trigger fires.

    Parameters
    ----------
    seconds : float
        How much to keep, s, above 0. A frame counts until its end is that old.
    trigger : Trigger
        Default is `OnCall`. `fire` works with every trigger.

    Attributes
    ----------
    fired : str
        Why it has fired; "" until then.
    fired_ns : int or None
        UTC, start of the frame at which it has fired.

    Raises
    ------
    OutOfRange, InvalidValue
        If `seconds` is no such number.
    """

    def __init__(self, seconds: float, trigger: Trigger | None = None) -> None:
        if not real("pre-trigger", seconds) > 0:
            raise OutOfRange("pre-trigger", seconds, 0, math.inf, "s")
        self._span_ns = round(seconds * 1e9)
        self._trigger: Trigger = OnCall() if trigger is None else trigger
        self._called = threading.Event()
        self._held: deque[Frame] = deque()
        self._most: int | None = None
        self.fired = ""
        self.fired_ns: int | None = None

    @property
    def held(self) -> int:
        """How many frames are kept now."""
        return len(self._held)

    def fire(self) -> None:
        """Hand over from the next frame on. From any thread."""
        self._called.set()

    def require_room(self, camera: Camera) -> int:
        """See that the frames to be kept fit into the memory of the computer; later no more are kept than fit.

        Parameters
        ----------
        camera : Camera
            Configured as it will run.

        Returns
        -------
        int
            How many frames will be kept.

        Raises
        ------
        InvalidValue
            If they would fill more than `MEMORY_SHARE` of what is free.
        """
        period_ns = camera.timing().frame_period_ns
        frames = -(-self._span_ns // period_ns) + 1
        used = camera.settings.format
        rows, columns = used.shape(len(camera.model.mode(camera.settings.mode).chains))
        frame_bytes = rows * columns * used.dtype.itemsize
        free_bytes = available_bytes()
        if free_bytes is None:
            return frames
        self._most = int(MEMORY_SHARE * free_bytes // frame_bytes)
        if frames > self._most:
            most_s = max(0, self._most - 1) * period_ns * 1e-9
            raise InvalidValue(
                f"a pre-trigger of {self._span_ns * 1e-9:g} s keeps {frames} frames of {frame_bytes / 1e6:.3g}"
                f" MB, but only {free_bytes / 1e9:.3g} GB of memory are free.",
                f"Ask for at most {most_s:.3g} s, or for smaller or fewer frames.",
            )
        return frames

    def watch(self, live: Live) -> Iterator[Frame]:
        """The frames of a live run from `seconds` before the trigger on, in order.

        Frames that grow too old before it fires are skipped on purpose, and so are those that are kept when the
        run ends without it. While the kept ones are handed over, those that arrive wait behind them.

        Parameters
        ----------
        live : Live

        Yields
        ------
        Frame
        """
        try:
            for frame in live:
                self._held.append(frame)
                self._forget_old(live)
                self.fired = "a call" if self._called.is_set() else self._trigger.fires(frame)
                del frame
                if self.fired:
                    self.fired_ns = self._held[-1].start_ns
                    log.info("triggered by %s: %d frames were kept", self.fired, len(self._held))
                    yield from self._hand_over(live)
                    return
        finally:
            while self._held:
                _skip(live, self._held.popleft())

    def _hand_over(self, live: Live) -> Iterator[Frame]:
        """All that is kept, with what arrives meanwhile behind it; then what follows."""
        room = len(self._held) + 1
        while self._held:
            yield self._held.popleft()
            while len(self._held) < room and (frame := live.poll()) is not None:
                self._held.append(frame)
                del frame
        yield from live

    def _forget_old(self, live: Live) -> None:
        limit_ns = self._held[-1].end_ns - self._span_ns
        while self._held[0].end_ns < limit_ns:
            _skip(live, self._held.popleft())
        if self._most is not None and len(self._held) > self._most:  # the exposure was made shorter meanwhile
            log.warning("memory holds only %d frames before the trigger", self._most)
            _skip(live, self._held.popleft())


def _skip(live: Live, frame: Frame) -> None:
    """Write down that a frame was not wanted; one whose number came twice stands there already."""
    if live.ledger.fate(frame.report.sequence) is Fate.DELIVERED:
        live.ledger.settle(frame.report.sequence, Fate.SKIPPED)


def available_bytes() -> int | None:
    """Memory that programs can still have without swapping; None where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
