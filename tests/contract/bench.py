"""What the suite needs to know of a kind of device: how to get one that looks at an even light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.clock import Clock, InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Device, Stream
from fullwell.camera.frame import FrameFormat, FrameReport
from fullwell.models import keys, load
from fullwell.models.facts import CameraModel, Window
from fullwell.scene import Uniform
from fullwell.twin.device import TwinDevice
from tiny.model import tiny_model

START_NS = 1_767_225_600_000_000_000
"""UTC of every simulated clock: 2026-01-01."""

WINDOW = Window(16, 6, 24, 18)
"""A small window that every sensor has, with edges on no common grid."""


class DeviceMaker(Protocol):
    """Gives a closed device that looks at an even light."""

    def __call__(
        self, model: CameraModel, *, rate_e_per_s: float = 200.0, seed: int = 7, clock: Clock | None = None
    ) -> Device: ...


def twin(
    model: CameraModel, *, rate_e_per_s: float = 200.0, seed: int = 7, clock: Clock | None = None
) -> TwinDevice:
    """A twin in Python, on simulated time unless another clock is given."""
    return TwinDevice(
        model,
        Uniform(rate_e_per_s),
        filter_name="none",
        seed=seed,
        clock=InstantClock(START_NS) if clock is None else clock,
        temperature_c=-10.0,
    )


MAKERS: dict[str, DeviceMaker] = {"twin": twin}


@dataclass(frozen=True)
class Bench:
    """A kind of device and a model, ready to make devices."""

    make: DeviceMaker
    model: CameraModel

    @property
    def mode(self) -> int:
        """The mode in which the camera wakes up; it has one chain on every model."""
        return self.model.default_mode

    def device(self, **wishes: Any) -> Device:
        """A closed device."""
        return self.make(self.model, **wishes)

    def ready(self, stream: Stream = Stream.SINGLE, **wishes: Any) -> Device:
        """An open, initialised device with the small window."""
        device = self.make(self.model, **wishes)
        prepare(device, self.mode, stream)
        return device


def benches() -> Iterator[tuple[str, Bench]]:
    """Every kind of device with every model, and with one that does not exist."""
    for maker_name, maker in MAKERS.items():
        yield f"{maker_name}-tiny", Bench(maker, tiny_model())
        for key in keys():
            yield f"{maker_name}-{key}", Bench(maker, load(key))


def prepare(
    device: Device, mode: int | None = None, stream: Stream = Stream.SINGLE, **changes: Any
) -> FrameFormat:
    """Open and initialise with the small window (or what `changes` say) and short exposures."""
    mode = device.model.default_mode if mode is None else mode
    device.open()
    device.initialise(mode, stream)
    changes = {"window": WINDOW, "bits": device.model.mode(mode).output_bits[0], **changes}
    frame_format = FrameFormat(**changes)
    device.configure(frame_format)
    device.set_control(Control.EXPOSURE_S, 0.01)
    return frame_format


def buffer_for(frame_format: FrameFormat, chains: int = 1) -> NDArray[Any]:
    """Memory for a frame, filled with a value that no frame has everywhere."""
    return np.full(frame_format.shape(chains), 77, frame_format.dtype)


def expose(device: Device, frame_format: FrameFormat, chains: int = 1) -> tuple[NDArray[Any], FrameReport]:
    """Take one single frame of a format that has been configured."""
    out = buffer_for(frame_format, chains)
    device.start_exposure()
    return out, device.read_frame(out)


def total_top(bench: Bench, frame_format: FrameFormat) -> int:
    """First row of a frame, in rows of the whole sensor output."""
    return frame_format.window.top + (0 if frame_format.overscan else bench.model.sensor.geometry.effective.top)


def take(
    bench: Bench, mode: int | None = None, part_of: FrameFormat | None = None, **wishes: Any
) -> NDArray[Any]:
    """The first frame of a fresh device: same body, same number, so only the wishes make a difference.

    Fields of the format, ``exposure_s``, ``gain``, ``offset``, ``rate_e_per_s`` and ``seed`` may be given. A part
    of a larger frame of format `part_of` is exposed when its rows are in that frame.
    """
    mode = bench.mode if mode is None else mode
    controls = {name: wishes.pop(name) for name in ("exposure_s", "gain", "offset") if name in wishes}
    made = {name: wishes.pop(name) for name in ("rate_e_per_s", "seed") if name in wishes}
    device = bench.device(**made)
    frame_format = prepare(device, mode, **wishes)
    for name, value in controls.items():
        device.set_control(Control(name), value)
    if part_of is not None:
        device.configure(part_of)
        first_row = np.array([total_top(bench, frame_format) - total_top(bench, part_of)])
        delay_ns = int(device.precise_timing().offsets_ns(first_row)[0])
        device.clock.sleep_until(device.clock.now_ns() + delay_ns)
        device.configure(frame_format)
    data, _ = expose(device, frame_format, len(bench.model.mode(mode).chains))
    device.close()
    return data
