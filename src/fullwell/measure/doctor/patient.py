"""The camera on the doctor's table: what is wished of it, how it was found, and frames taken for examinations."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fullwell.camera.chamber import gas_temperature_c
from fullwell.camera.controls import Control
from fullwell.camera.engine import Camera, State
from fullwell.camera.frame import Frame
from fullwell.errors import FrameTimeout, NoImage
from fullwell.measure.doctor.climate import CoolingRun, run_cooler
from fullwell.models.facts import CameraModel, GainPoint, ReadMode, Window
from fullwell.readout.dew import frost_point_c

FALSE_ALARM: Final = 1e-6
"""Probability with which each verdict may call a healthy camera ill."""

SIGMAS: Final = float(stats.norm.isf(FALSE_ALARM / 2))
"""The same in standard deviations, either way: 4.9."""

WARM_UP_STEP_NS: Final = 5_000_000_000
WARM_UP_STEPS: Final = 240

TRIES: Final = 20
"""How many frames are taken to get a good one: enough where half of them are false."""

STACK: Final = (64, 192, 256)
"""Frames, rows and columns of the stack of bias frames."""


@dataclass(frozen=True)
class Wish:
    """What the user wants of the camera, and of the doctor.

    Parameters
    ----------
    frame_rate_fps : float or None
        Which the camera shall reach with the settings as found; None = whatever it does.
    quick : bool
        Look at less: at every sixth value of the USB traffic, at fewer frames.
    lit : bool
        An even light is before the camera, which is else taken to be covered.
    folder : Path or None
        Where frames shall be written; None = the disk is not looked at.
    apply : bool
        Set the USB traffic that was found.
    """

    frame_rate_fps: float | None = None
    quick: bool = False
    lit: bool = False
    folder: Path | None = None
    apply: bool = False


class Patient:
    """A camera while it is examined.

    Parameters
    ----------
    camera : Camera
        Open and idle.
    wish : Wish
    progress : callable
        Gets the fraction of the examination under way that is done.

    Attributes
    ----------
    found : Settings
        In force when it came.
    advised_traffic : int or None
        The quietest USB traffic, once it was looked for.
    """

    def __init__(
        self, camera: Camera, wish: Wish, progress: Callable[[float], None] = lambda _fraction: None
    ) -> None:
        self.camera, self.wish, self.progress = camera, wish, progress
        self.found = camera.settings
        self.advised_traffic: int | None = None
        self._cooling = {
            control: camera.control(control)
            for control in (Control.COOLER_ON, Control.TARGET_TEMPERATURE_C, Control.COOLER_POWER_PERCENT)
            if control in camera.controls
        }

    @property
    def model(self) -> CameraModel:
        """The facts of the camera."""
        return self.camera.model

    @property
    def mode(self) -> ReadMode:
        """The read mode as found."""
        return self.model.mode(self.found.mode)

    @property
    def gain(self) -> GainPoint:
        """What the facts promise of the first read-out chain at the gain as found."""
        return self.mode.chains[0].curve.at(self.found.gain)

    @property
    def dn_per_dn16(self) -> float:
        """Counts of the chain's ADC per count of 16 bits."""
        return float(2.0 ** (self.mode.chains[0].adc_bits - 16))

    def bias_dn(self, offset: int) -> float:
        """Level without light by the facts, counts of the ADC."""
        return (self.model.offset_dn_zero + self.model.offset_dn_per_step * offset) * self.dn_per_dn16

    @property
    def quiet_offset(self) -> int:
        """The offset as found, or the lowest above it that keeps noise and jumps above zero."""
        room_dn = max(30.0, 8.0 * self.gain.read_noise_rms_e) / self.gain.e_per_dn
        steps = (room_dn / self.dn_per_dn16 - self.model.offset_dn_zero) / self.model.offset_dn_per_step
        return int(np.clip(math.ceil(steps), self.found.offset, self.model.offset.high))

    @property
    def still_exposure_s(self) -> float:
        """An exposure in which neither light nor dark current gathers, s."""
        return self.model.exposure_s.low

    def middle(self, rows: int, columns: int) -> Window:
        """A window in the middle of the image area, of that size or of what there is."""
        area = self.model.sensor.geometry.effective
        height, width = min(rows, area.height), min(columns, area.width)
        return Window((area.width - width) // 4 * 2, (area.height - height) // 4 * 2, width, height)

    def set_up(self, window: Window, exposure_s: float, **others: Any) -> None:
        """Counts of the ADC from a window, at a quiet offset; other settings as found unless they are given."""
        settings: dict[str, Any] = {
            "window": window,
            "exposure_s": exposure_s,
            "overscan": False,
            "bin": 1,
            "bits": self._adc_bits,
            "offset": self.quiet_offset,
            "gps": False,
            "overlay": "none",
            "usb_traffic": self.found.usb_traffic,
        }
        self.camera.configure(**(settings | others))

    @property
    def _adc_bits(self) -> int:
        bits = self.mode.chains[0].adc_bits
        return bits if bits in self.mode.output_bits else 16

    @property
    def counts_per_word(self) -> float:
        """What a word of the frame has to be multiplied with to be a count of the ADC."""
        return float(2.0 ** (self.mode.chains[0].adc_bits - self._adc_bits))

    def first_chain(self, frame: Frame) -> NDArray[Any]:
        """The image of the first read-out chain, a view."""
        return frame.data[:, : frame.data.shape[1] // len(self.mode.chains)]

    def expose(self) -> Frame:
        """A single frame that nothing speaks against; other examinations tell of those that are passed over.

        Raises
        ------
        NoImage
            If none comes.
        """
        for _ in range(TRIES):
            with suppress(FrameTimeout):
                frame = self.camera.expose()
                if not frame.doubts:
                    return frame
            if self.camera.state is State.ERROR:
                self.camera.open()
        raise NoImage(f"none of {TRIES} frames was whole and new.", "Look at the verdict about frames.")

    def take(self) -> NDArray[np.float32]:
        """The first chain of `expose`, counts of the ADC."""
        return self.first_chain(self.expose()).astype(np.float32) * np.float32(self.counts_per_word)

    @cached_property
    def bias_stack_dn(self) -> NDArray[np.float32]:
        """Still frames from the middle of the sensor, counts of the ADC, shape `STACK`."""
        frames, rows, columns = STACK
        self.set_up(self.middle(rows, columns), self.still_exposure_s)
        return np.stack([self.take() for _ in range(frames)])

    def restore_settings(self) -> None:
        """Set the camera as it was found."""
        found, form = self.found, self.found.format
        geometry = self.model.sensor.geometry
        area = (
            (geometry.total_width, geometry.total_height)
            if form.overscan
            else (geometry.effective.width, geometry.effective.height)
        )
        self.camera.configure(
            mode=found.mode,
            exposure_s=found.exposure_s,
            gain=found.gain,
            offset=found.offset,
            bin=form.bin,
            window=None if form.window == Window(0, 0, *area) else form.window,
            bits=None if form.bits == self.mode.output_bits[0] else form.bits,
            overscan=form.overscan,
            usb_traffic=found.usb_traffic,
            speed=found.speed,
            gps=found.gps,
            overlay=found.overlay,
        )

    @cached_property
    def frost_point_c(self) -> float | None:
        """Of the chamber, C, from the readings when first asked; None where they do not tell."""
        readings = self.camera.readings()
        humidity, sensor_c, air_c = (
            readings.humidity_percent,
            readings.sensor_temperature_c,
            readings.ambient_temperature_c,
        )
        if humidity is None or sensor_c is None or humidity <= 0.0:
            return None
        gas_c = sensor_c if air_c is None else gas_temperature_c(self.model, sensor_c, air_c)
        return frost_point_c(gas_c, min(humidity, 100.0))

    @cached_property
    def cooling_run(self) -> CoolingRun | str:
        """What the cooler does, or why it was not run."""
        return run_cooler(self.camera, self.frost_point_c)

    def restore_cooling(self) -> None:
        """Set the cooler as it was found; one that was off is warmed up before, which takes minutes."""
        camera, found = self.camera, self._cooling
        on = found.get(Control.COOLER_ON)
        if on is None or camera.control(Control.COOLER_ON) == on:
            return
        camera.set_cooler(bool(on))
        for _ in range(WARM_UP_STEPS):
            if camera.control(Control.COOLER_ON) == on:
                break
            camera.clock.sleep_until(camera.clock.now_ns() + WARM_UP_STEP_NS)
        camera.set_target_temperature(found[Control.TARGET_TEMPERATURE_C])
