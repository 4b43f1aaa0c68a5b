"""Frames of one body: drawn on demand, each with its report, and the answer key of the last ones."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.frame import FrameFormat, FrameReport, Observation, Truth
from fullwell.errors import InvalidValue, NoImage, UnknownName
from fullwell.models.facts import CameraModel
from fullwell.scene.light import BoundScene, Interval, Pointing, Scene, Triggered
from fullwell.scene.limits import require_whole_number
from fullwell.scene.misted import Mist, Misted
from fullwell.sensor.dark import even_temperature_c
from fullwell.twin.body import Body, BodyState
from fullwell.twin.freerun import Exposure
from fullwell.twin.fused import compile_kernels, expected_electrons, expose
from fullwell.twin.plan import Plan, plan
from fullwell.twin.wear import Wear

REMEMBERED: Final = 16
"""Frames whose answer key is kept."""

_HIGHEST_SEED: Final = 2**63 - 1
_MOST_THREADS: Final = 256


@dataclass(frozen=True, slots=True)
class Memory:
    """What it takes to draw a frame, or its answer key, once more."""

    plan: Plan
    light: BoundScene
    temperature_c: float
    fault: str = ""


class FrameGenerator:
    """Draws the frames of one camera body.

    Parameters
    ----------
    model : CameraModel
    scene : Scene
        What it looks at.
    coating : str or None
        Of the sensor; None = the first.
    seed : int
        Of the body, 0 to 2^63 - 1.
    threads : int or None
        How many draw a frame, 1 to 256; None = one per processor.

    Attributes
    ----------
    wear : Wear
        How its sensor differs from its facts.

    Raises
    ------
    UnknownName
        If the sensor has no such coating.
    InvalidValue, OutOfRange
        If a number is none, or outside its limits.
    """

    def __init__(
        self,
        model: CameraModel,
        scene: Scene,
        coating: str | None = None,
        seed: int = 1,
        threads: int | None = None,
    ) -> None:
        require_whole_number("seed", seed, 0, _HIGHEST_SEED)
        if threads is not None:
            require_whole_number("threads", threads, 1, _MOST_THREADS)
        coatings = [each.name for each in model.sensor.coatings]
        if coating is not None and coating not in coatings:
            raise UnknownName("coating", coating, coatings)
        self._model = model
        self.wear = Wear(model)
        self._scene = scene
        self._coating = coatings[0] if coating is None else coating
        self._seed = seed
        self._threads = threads if threads is not None else os.cpu_count() or 1
        self._lights: dict[str, BoundScene] = {}
        self._memories: OrderedDict[int, Memory] = OrderedDict()

    def light(self, filter_name: str) -> BoundScene:
        """The scene as the sensor sees it through a filter. The first time for each filter may take a while."""
        if filter_name not in self._lights:
            self._lights[filter_name] = self._scene.bind(
                self._model.sensor, self._coating, filter_name, self._seed
            )
        return self._lights[filter_name]

    def warm_up(self, filter_name: str) -> None:
        """Do now what would delay the first frame: bind the scene, have the kernels compiled."""
        corner = np.empty((2, 8), np.float32)
        instants_ns = np.zeros(2, np.int64)
        self.light(filter_name).expose(corner, 0, 0, Interval(instants_ns, instants_ns + 1, key=0))
        _compile_once()

    def forget(self) -> None:
        """Drop all answer keys."""
        self._memories.clear()

    def check(self, out: NDArray[Any], frame_format: FrameFormat, mode: int) -> None:
        """Raise `InvalidValue` unless a frame fits exactly into `out`."""
        shape = frame_format.shape(len(self._model.mode(mode).chains))
        if out.shape != shape or out.dtype != frame_format.dtype or not out.flags.c_contiguous:
            raise InvalidValue(
                f"a buffer of shape {out.shape} and type {out.dtype} cannot take this frame.",
                f"Give a C-contiguous array of shape {shape} and type {frame_format.dtype}.",
            )

    def draw(
        self,
        exposure: Exposure,
        sequence: int,
        body: Body,
        out: NDArray[Any],
        counter: int,
        edges_ns: Sequence[int] = (),
        led_pin: tuple[int, int] | None = None,
    ) -> FrameReport:
        """Fill `out` with a frame and say what it is.

        Parameters
        ----------
        exposure : Exposure
            When, and with which settings.
        sequence : int
            Number of the frame; together with the body's seed it decides the noise.
        body : Body
            For the sensor temperature during the exposure.
        out : ndarray
            See `check`.
        counter : int
            What the frame counter of the camera shows.
        edges_ns : sequence of int
            UTC, falling edges of the shutter signal in and round this frame, for lamps that it fires.
        led_pin : tuple of int, optional
            See `fullwell.scene.light.Triggered`.
        """
        setup, timing = exposure.setup, exposure.setup.timing
        light = self.light(setup.filter_name)
        if isinstance(light, Triggered):
            light = light.triggered(edges_ns, led_pin)
        middle_ns = exposure.start_ns + (timing.exposure_ns + timing.read_ns) // 2
        temperatures_c = body.sensor_c(exposure.start_ns, 2 * middle_ns - exposure.start_ns)
        temperature_c = even_temperature_c(self._model.sensor.dark, temperatures_c)
        worn = self.wear.model
        mode = worn.mode(setup.settings.mode)
        whole = plan(worn, mode, setup.settings, temperature_c, self._seed, sequence, timing, exposure.start_ns)
        light = self._through_films(light, body.state(middle_ns), whole)
        expose(whole, light, out, self._threads)
        self._remember(sequence, Memory(whole, light, temperature_c))
        return FrameReport(
            sequence=sequence,
            shape=whole.shape,
            settings=setup.settings,
            timing=timing,
            row0_start_ns=exposure.start_ns,
            time_source="twin",
            time_uncertainty_ns=0,
            readings=body.readings(middle_ns),
            observation=_observation(light.pointing),
            counter=counter,
        )

    def _through_films(self, light: BoundScene, state: BodyState, whole: Plan) -> BoundScene:
        """The light as dew on the window and frost on the sensor let it through."""
        mist = Mist(state.window_dew_um, state.window_inner_dew_um, state.sensor_frost_um)
        if not mist:
            return light
        geometry, rows = self._model.sensor.geometry, whole.interval(0, whole.area.height)
        return Misted(light, geometry, mist, self._seed, whole.area.top - whole.effective.top, rows)

    def note(self, sequence: int, fault: str) -> None:
        """Keep with the answer key of a frame what was done to its pixels afterwards."""
        if sequence in self._memories:
            self._memories[sequence] = replace(self._memories[sequence], fault=fault)

    def truth(self, sequence: int) -> Truth:
        """The answer key of one of the last 16 frames.

        Raises
        ------
        NoImage
            If that frame is not remembered.
        """
        memory = self._memories.get(sequence)
        if memory is None:
            raise NoImage(
                f"the answer key of frame {sequence} is not remembered (only those of the last {REMEMBERED}).",
                "Ask for it before further frames are taken.",
            )
        whole = memory.plan
        answers = memory.light.answers(whole.area.top - whole.effective.top, whole.interval(0, whole.area.height))
        electrons = expected_electrons(whole, memory.light, self._threads)
        effects = {**answers.effects, **self._effects(memory)}
        if memory.fault:
            effects["fault"] = memory.fault
        return Truth(electrons, answers.stars, effects, int(whole.row_start_ns[0]))

    def _remember(self, sequence: int, memory: Memory) -> None:
        before = self._memories.pop(sequence, None)
        self._memories[sequence] = memory if before is None else replace(memory, fault=before.fault)
        while len(self._memories) > REMEMBERED:
            self._memories.popitem(last=False)

    def _effects(self, memory: Memory) -> Mapping[str, str]:
        """What the camera adds to the light, in words with units."""
        whole, sensor = memory.plan, self.wear.model.sensor
        effects = {
            "shot noise": "Poisson",
            "pixel response": f"{100 * whole.prnu_fraction:.3g} % rms",
            "dark current": f"{whole.dark_e:.4g} e- per pixel at {memory.temperature_c:.1f} C",
            "telegraph noise": f"in {100 * sensor.telegraph.fraction:.3g} % of the pixels",
            "row noise": f"{sensor.banding.row_noise_e:.3g} e- rms",
            "pixel well": f"{whole.chains[0].pixel_well_e:.0f} e-",
        }
        if np.any(whole.glow_row_e):
            effects["glow"] = f"up to {whole.glow_row_e.max() * whole.glow_column_share.max():.4g} e-"
        for number, chain in enumerate(whole.chains):
            effects[f"read-out {number}"] = (
                f"{chain.e_per_dn:.4g} e-/DN, median read noise {chain.gaussian_median_e:.3g} e-, "
                f"bias {chain.bias_dn:.1f} DN, {chain.adc_bits} bits"
            )
        return effects


@cache
def _compile_once() -> None:
    compile_kernels()


def _observation(pointing: Pointing) -> Observation:
    return Observation(
        object_name=pointing.object_name,
        filter_name=pointing.filter_name,
        ra_deg=pointing.ra_deg,
        dec_deg=pointing.dec_deg,
        focal_length_mm=pointing.focal_length_mm,
        aperture_mm=pointing.aperture_mm,
        crpix=pointing.crpix,
        cd_deg=pointing.cd_deg,
    )
