"""The stand on which a camera is checked: known settings before each check, in the end everything as it was."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.controls import Control
from fullwell.camera.cooling import Wish
from fullwell.camera.engine import Camera
from fullwell.camera.frame import Frame, Overlay, Settings
from fullwell.camera.pins import PinSettings
from fullwell.camera.request import full_frame
from fullwell.camera.states import State
from fullwell.errors import DeviceFault, DeviceLost, FullwellError, NotSupported
from fullwell.models.facts import Window

EXPOSURE_S: Final = 0.02
SIDE_PX: Final = 252
"""Of the window in which most checks look: small enough to be quick, large enough for good statistics."""
COMING_BACK_S: Final = 30.0
"""How long a camera that was lost may take to come back by itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """How the camera was before.

    Attributes
    ----------
    settings : Settings
    window : Window or None
        None = the full frame, whatever it is.
    cooler : Wish or None
        Where the cooler was being led; None where there is none.
    slot : int or None
        Of the filter wheel.
    pins : PinSettings or None
    """

    settings: Settings
    window: Window | None
    cooler: Wish | None
    slot: int | None
    pins: PinSettings | None


class Stand:
    """An open camera under examination.

    Parameters
    ----------
    camera : Camera
    quick : bool
        Whether few examples are enough where many could be tried.
    """

    def __init__(self, camera: Camera, quick: bool) -> None:
        self.camera, self.quick = camera, quick
        self.model = camera.model
        self._lost = False
        self.found = self._look_round()
        self.wait_for_nothing()

    def _look_round(self) -> Found:
        camera = self.camera
        settings = camera.settings
        window = settings.format.window
        whole = full_frame(self.model, settings.format.bin, overscan=settings.format.overscan)
        return Found(
            settings,
            None if window == whole else window,
            self.cooler,
            camera.wheel.position if camera.wheel is not None else None,
            camera.pins.settings if camera.pins is not None else None,
        )

    def leave(self) -> str:
        """Put everything back as it was found."""
        self.ready()
        found, used = self.found, self.found.settings
        self.put_back_cooler()
        if self.camera.wheel is not None and found.slot is not None and found.slot >= 0:
            self.camera.wheel.move(found.slot)
        self.put_back_pins()
        bits = used.format.bits
        usual = self.model.mode(used.mode).output_bits[0]
        self.camera.configure(
            mode=used.mode,
            exposure_s=used.exposure_s,
            gain=used.gain,
            offset=used.offset,
            usb_traffic=used.usb_traffic,
            speed=used.speed,
            anti_glow=used.anti_glow,
            telegraph_suppression=used.telegraph_suppression,
            gps=used.gps,
            overlay=used.overlay,
            anti_rbi=used.anti_rbi,
            bin=used.format.bin,
            overscan=used.format.overscan,
            window=found.window,
            bits=None if bits == usual else bits,
        )
        return "settings, cooler, filter wheel and triggers as before"

    @property
    def cooler(self) -> Wish | None:
        """Where the cooler is being led; None where there is none, or it does not answer."""
        camera, has = self.camera, self.camera.controls
        if not {Control.TARGET_TEMPERATURE_C, Control.COOLER_ON} <= has:
            return None
        with suppress(DeviceFault, NotSupported):  # a lost camera is for the checks to find
            cooling = camera.cooling
            if cooling is not None:
                return cooling.wish
            on = bool(camera.control(Control.COOLER_ON))
            return Wish(on, camera.control(Control.TARGET_TEMPERATURE_C))
        return None

    def put_back_cooler(self) -> None:
        """Target and cooler as they were found; nothing is told to a cooler that is as it was."""
        camera, was, now = self.camera, self.found.cooler, self.cooler
        if was is None or now is None or was == now:
            return
        if now.target_c != was.target_c:
            camera.set_target_temperature(was.target_c)
        if was.percent:
            camera.set_cooler_power(was.percent)
        elif was.on != now.on or now.percent:
            camera.set_cooler(was.on)

    def reopen(self) -> None:
        """Close and open the camera; the cooler goes on as before."""
        self.camera.close()
        self.camera.open()
        self.put_back_cooler()

    def put_back_pins(self) -> None:
        """GPIO and SMA as they were found, waiting for triggers included."""
        pins, was = self.camera.pins, self.found.pins
        if pins is not None and was is not None and pins.settings != was:
            pins.configure(
                mode=was.mode.name,
                trig_out=was.trig_out,
                sma_output=was.sma_output if pins.settings.sma_output != was.sma_output else None,
                trigger_input=was.trigger_input,
                trigger_filter_s=was.trigger_filter_s,
            )

    def ready(self) -> None:
        """See that the camera is idle, whatever the check before has left.

        Raises
        ------
        DeviceLost
            If it cannot be opened again.
        """
        camera = self.camera
        if camera.state is State.CLOSED:
            camera.open()
        elif camera.state is State.ERROR:
            self._reopen()
        elif camera.state is not State.IDLE:
            camera.abort()
        self.wait_for_nothing()

    def wait_for_nothing(self) -> None:
        """See that exposures do not wait for a trigger."""
        pins = self.camera.pins
        if pins is not None and pins.settings.trigger_input != "off":
            pins.configure(trigger_input="off")

    def _reopen(self) -> None:
        end_s = time.monotonic() + COMING_BACK_S
        while self.camera.state is State.ERROR:
            with suppress(FullwellError):
                self.camera.open()
                return
            if self._lost or time.monotonic() > end_s:
                self._lost = True
                raise DeviceLost("the camera does not come back.", "Check cable and power, then start again.")
            time.sleep(0.5)

    # Settings.

    def window(self, columns: int = SIDE_PX, rows: int = SIDE_PX) -> Window:
        """A window about the middle of the image area, on a grid that suits every binning."""
        area, grid = self.model.sensor.geometry.effective, self.grid

        def side(wanted: int, there: int) -> tuple[int, int]:
            length = max(grid, min(wanted, there) // grid * grid)
            return (there - length) // 2 // grid * grid, length

        (left, width), (top, height) = side(columns, area.width), side(rows, area.height)
        return Window(left, top, width, height)

    @property
    def grid(self) -> int:
        """What every binning divides, px."""
        return math.lcm(2, *self.model.bins)

    def configure(self, **changes: Any) -> Settings:
        """Known settings, the same before each check, but for these changes."""
        model = self.model
        plain = {
            "mode": model.default_mode,
            "exposure_s": EXPOSURE_S,
            "gain": round(model.gain.default),
            "offset": round(model.offset.default),
            "usb_traffic": round(model.usb_traffic.default),
            "speed": round(model.speed.default),
            "anti_glow": False,
            "telegraph_suppression": False,
            "gps": False,
            "overlay": Overlay.NONE,
            "anti_rbi": False,
            "bin": 1,
            "overscan": False,
            "window": self.window(),
            "bits": None,
        }
        return self.camera.configure(**{**plain, **changes})

    def change(self, control: Control, value: float) -> Settings:
        """Set one control, as a setting of its name."""
        change: dict[str, Any] = {control.value: value}
        return self.camera.configure(**change)

    @property
    def shortest_s(self) -> float:
        """The shortest exposure, s."""
        return self.model.exposure_s.low

    @property
    def modes(self) -> list[int]:
        """Numbers of the read modes that this cable carries; in a quick run the default and another one."""
        found = [mode.number for mode in self.model.modes if self.camera.settings.link in mode.links]
        others = [number for number in found if number != self.model.default_mode]
        return [self.model.default_mode, *(others[:1] if self.quick else others)]

    # Frames.

    def frames(self, number: int, **changes: Any) -> list[Frame]:
        """Take single frames with known settings but for these changes; each keeps its pixels."""
        self.configure(**changes)
        return [self.camera.expose() for _ in range(number)]

    def pixels(self, number: int, **changes: Any) -> list[NDArray[np.float64]]:
        """Pixels of single frames with known settings but for these changes."""
        return [frame.data.astype(np.float64) for frame in self.frames(number, **changes)]

    @property
    def full_scale_dn(self) -> int:
        """Largest word of the present settings."""
        form = self.camera.settings.format
        return int(form.bin**2 * (2**form.bits - 1))

    @property
    def in_real_time(self) -> bool:
        """Whether the camera's clock goes like the world's."""
        before_ns = self.camera.clock.now_ns()
        time.sleep(0.01)
        return self.camera.clock.now_ns() - before_ns >= 5_000_000

    def sleep(self, seconds: float) -> None:
        """Let time pass, by the camera's clock."""
        clock = self.camera.clock
        clock.sleep_until(clock.now_ns() + round(seconds * 1e9))


@contextmanager
def put_back(restore: Any) -> Iterator[None]:
    """Call `restore` in the end, whatever happens; it must not hide what went wrong first."""
    try:
        yield
    except BaseException:
        with suppress(FullwellError):
            restore()
        raise
    restore()
