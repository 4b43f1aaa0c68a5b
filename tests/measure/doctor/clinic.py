"""Cameras drawn at random for the doctor: healthy ones, and ones with one trouble each.

Nothing of a case is told to the doctor. Strengths are drawn from what docs/doctor.md says that it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import fullwell
from fullwell import models
from fullwell.camera.clock import InstantClock
from fullwell.camera.controls import Control
from fullwell.camera.device import Stream
from fullwell.camera.engine import Camera
from fullwell.connect import find_device
from fullwell.measure import doctor
from fullwell.measure.doctor import Report, Trouble
from fullwell.models.facts import CameraModel
from fullwell.scene import Dark, Uniform
from fullwell.twin.device import TwinDevice
from fullwell.twin.gpsbox import GpsBox
from fullwell.twin.surroundings import Surroundings

KEYS = ("qhy600-pro", "qhy268m-pro", "qhy42-pro", "qhy600c-pro")
LAMP_E_PER_S = 5000.0


@dataclass
class Case:
    """One camera and how it is to be examined.

    Attributes
    ----------
    key : str
        Model.
    options : dict
        Of `fullwell.open`.
    settings : dict
        As the doctor finds it.
    befall : callable
        Makes the open camera ill.
    expected : set of Trouble
        Any of these names the trouble; empty for a healthy camera.
    kind : str
        For people who read the outcome.
    """

    key: str
    options: dict[str, Any]
    settings: dict[str, Any]
    kind: str = "healthy"
    lit: bool = False
    befall: Callable[[Camera], None] = lambda _camera: None
    expected: frozenset[Trouble] = frozenset()
    told: dict[str, Any] = field(default_factory=dict)

    def open(self) -> Camera:
        scene = Uniform(LAMP_E_PER_S) if self.lit else Dark()
        return fullwell.open(f"twin:{self.key}", scene=scene, **self.options)

    def examined(self) -> Report:
        """The doctor's report, once the camera is set and ill."""
        with self.open() as camera:
            camera.configure(**self.settings)
            self.befall(camera)
            return doctor.examine(camera, lit=self.lit, quick=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.told} {self.settings} {self.options}"


def drawn(chance: np.random.Generator) -> Case:
    """A healthy camera: body, settings and surroundings within what the vendor allows."""
    key = KEYS[chance.integers(len(KEYS))]
    model = models.load(key)
    link = model.links[chance.integers(len(model.links))].name
    modes = [mode.number for mode in model.modes if link in mode.links]
    settings = {
        "mode": modes[chance.integers(len(modes))],
        "gain": int(chance.integers(model.gain.low, min(model.gain.high, 100) + 1)),
        "offset": int(chance.integers(10, min(model.offset.high, 120) + 1)),
        "exposure_s": float(10 ** chance.uniform(-3, -1)),
    }
    options: dict[str, Any] = {
        "seed": int(chance.integers(1, 2**31)),
        "clock": InstantClock(int(1.75e18) + int(chance.integers(0, 10**17))),
        "link": link,
        "surroundings": Surroundings(
            ambient_temperature_c=float(chance.uniform(0.0, 30.0)),
            humidity_percent=float(chance.uniform(20.0, 90.0)),
            supply_voltage_v=float(chance.uniform(12.0, 13.5)),
            cable_ohm=float(chance.uniform(0.02, 0.18)),
            supply_noise_v=float(chance.uniform(0.002, 0.03)),
        ),
        "oscillator_ppm": float(chance.uniform(-50.0, 50.0)),
    }
    if chance.random() < 0.3:
        air_c = options["surroundings"].ambient_temperature_c
        options["temperature_c"] = max(-10.0, air_c - float(chance.uniform(5.0, 25.0)))
    return Case(key, options, settings, lit=bool(chance.random() < 0.25))


def sickened(case: Case, name: str, expected: set[Trouble], **values: float) -> Case:
    """A case whose camera gets a trouble of the board."""
    case.kind, case.told, case.expected = name, values, frozenset(expected)
    case.befall = lambda camera: camera.troubles.set(name, **values) and None
    return case


def factor(chance: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(chance.uniform(np.log(low), np.log(high))))


def interference(case: Case, chance: np.random.Generator) -> Case:
    width = float(chance.uniform(4.0, 20.0))
    quiet = float(chance.uniform(1.5 * width, max(60.0, 1.5 * width + 1.0)))
    return sickened(
        case,
        "interference",
        {Trouble.PERIODIC_BANDING},
        amplitude_e=factor(chance, 0.7, 5.0),
        frequency_hz=factor(chance, 300.0, 5000.0),
        quiet_traffic=quiet,
        traffic_width=width,
    )


def frames(name: str, trouble: Trouble) -> Callable[[Case, np.random.Generator], Case]:
    def make(case: Case, chance: np.random.Generator) -> Case:
        return sickened(case, name, {trouble}, rate=factor(chance, 0.08, 0.5))

    return make


def stale(case: Case, chance: np.random.Generator) -> Case:
    return sickened(case, "stale-frame", {Trouble.STALE_FRAMES})


def dark_current(case: Case, chance: np.random.Generator) -> Case:
    case.lit = False
    case.options.pop("temperature_c", None)
    return sickened(case, "dark-current", {Trouble.HIGH_DARK_CURRENT}, factor=factor(chance, 8.0, 50.0))


def hot_pixels(case: Case, chance: np.random.Generator) -> Case:
    case.lit = False
    case.options.pop("temperature_c", None)
    return sickened(case, "hot-pixels", {Trouble.HOT_PIXELS}, factor=factor(chance, 8.0, 30.0))


def quiet_mode(case: Case, chance: np.random.Generator) -> None:
    """A setting whose read noise does not drown the jumps."""
    model: CameraModel = models.load(case.key)
    mode, gain = case.settings["mode"], case.settings["gain"]
    while model.mode(mode).chains[0].curve.at(gain).gaussian_median_e > 2.5:
        possible = [each.number for each in model.modes if case.options["link"] in each.links]
        mode = possible[chance.integers(len(possible))]
        gain = int(chance.integers(model.gain.low, min(model.gain.high, 100) + 1))
    case.settings |= {"mode": mode, "gain": gain}


def telegraph(case: Case, chance: np.random.Generator) -> Case:
    case.lit = False
    quiet_mode(case, chance)
    return sickened(case, "telegraph-noise", {Trouble.TELEGRAPH_NOISE}, factor=factor(chance, 3.0, 8.0))


def read_noise(case: Case, chance: np.random.Generator) -> Case:
    case.lit = False
    quiet_mode(case, chance)
    return sickened(case, "read-noise", {Trouble.HIGH_READ_NOISE}, factor=factor(chance, 1.7, 4.0))


def bias(case: Case, chance: np.random.Generator) -> Case:
    case.lit = False
    shift = factor(chance, 120.0, 400.0) * float(chance.choice((-1.0, 1.0)))
    return sickened(case, "bias-drift", {Trouble.WRONG_BIAS}, shift_dn16=shift)


def gain(case: Case, chance: np.random.Generator) -> Case:
    case.lit = True
    change = factor(chance, 1.25, 1.8)
    return sickened(
        case, "gain-drift", {Trouble.WRONG_GAIN}, factor=change if chance.random() < 0.5 else 1.0 / change
    )


def no_lock(case: Case, chance: np.random.Generator) -> Case:
    case.kind, case.expected = "no GPS lock", frozenset({Trouble.NO_GPS_LOCK})
    case.options["gps_box"] = GpsBox(faults=[("lock lost", "pps lost")[chance.integers(2)]])
    return case


def bogus_lock(case: Case, chance: np.random.Generator) -> Case:
    case.kind, case.expected = "bogus lock", frozenset({Trouble.CLOCK_WRONG, Trouble.NO_GPS_LOCK})
    case.options["gps_box"] = GpsBox(faults=["bogus lock"])
    return case


def clock(case: Case, chance: np.random.Generator) -> Case:
    step_s = factor(chance, 3.0, 40_000.0) * float(chance.choice((-1.0, 1.0)))
    return sickened(case, "clock-jump", {Trouble.CLOCK_WRONG, Trouble.CLOCK_JUMP}, step_s=step_s)


def warm(case: Case) -> Surroundings:
    """The camera is found with its cooler off; in what surroundings."""
    case.options.pop("temperature_c", None)
    around: Surroundings = case.options["surroundings"]
    return around


def cable(case: Case, chance: np.random.Generator) -> Case:
    around = warm(case)
    case.options["surroundings"] = replace(around, supply_voltage_v=float(chance.uniform(12.5, 13.5)))
    expected = {Trouble.CABLE_RESISTANCE}
    return sickened(case, "poor-cable", expected, cable_ohm=factor(chance, 0.3, 0.7))


def supply(case: Case, chance: np.random.Generator) -> Case:
    """So little that the lock-out is near, or is met, at full cooling."""
    around = warm(case)
    at_camera_v = float(chance.uniform(10.3, 10.85))
    supply_v = at_camera_v + around.cable_ohm * 40.0 / at_camera_v
    case.options["surroundings"] = replace(around, supply_voltage_v=supply_v)
    case.kind, case.expected = "low supply", frozenset({Trouble.LOW_SUPPLY, Trouble.UNDERVOLTAGE})
    case.told = {"supply_v": supply_v}
    return case


def fan(case: Case, chance: np.random.Generator) -> Case:
    warm(case)
    return sickened(case, "fan-stopped", {Trouble.FAN, Trouble.WEAK_COOLING, Trouble.TARGET_NOT_REACHED})


def cooler(case: Case, chance: np.random.Generator) -> Case:
    warm(case)
    expected = {Trouble.WEAK_COOLING, Trouble.TARGET_NOT_REACHED}
    return sickened(case, "weak-cooler", expected, strength=float(chance.uniform(0.05, 0.5)))


def thermometer(case: Case, chance: np.random.Generator) -> Case:
    air_c = warm(case).ambient_temperature_c
    expected = {Trouble.THERMOMETER_STUCK, Trouble.TARGET_NOT_REACHED, Trouble.HIGH_DARK_CURRENT}
    return sickened(case, "stuck-thermometer", expected, reading_c=float(chance.uniform(-20.0, air_c + 5.0)))


def heater(case: Case, chance: np.random.Generator) -> Case:
    return sickened(case, "dead-heater", {Trouble.HEATER_DEAD})


def wet(case: Case, chance: np.random.Generator) -> Case:
    around = warm(case)
    air_c, humidity = float(chance.uniform(5.0, 30.0)), float(chance.uniform(45.0, 95.0))
    case.options["surroundings"] = replace(around, ambient_temperature_c=air_c, humidity_percent=humidity)
    return sickened(case, "wet-chamber", {Trouble.DEW})


def wheel(case: Case, chance: np.random.Generator) -> Case:
    while not models.load(case.key).wheel_slots:
        case = drawn(chance)
    return sickened(case, ("stuck-wheel", "wheel-unplugged")[chance.integers(2)], {Trouble.WHEEL_STUCK})


def gone(case: Case, chance: np.random.Generator) -> Case:
    return sickened(case, ("unplug", "hang")[chance.integers(2)], {Trouble.NO_ANSWER})


class Forgetful(TwinDevice):
    """A camera that takes gain and offset of its own after each change of the read mode, and says nothing."""

    def set_control(self, control: Control, value: float) -> None:
        if control is self.forgets and self.changes > 1:
            return
        super().set_control(control, value)

    def initialise(self, mode: int, stream: Stream) -> None:
        self.changes = getattr(self, "changes", 0) + 1
        super().initialise(mode, stream)

    forgets: Control
    changes: int


def forgetful(case: Case, chance: np.random.Generator) -> Case:
    case.kind, case.expected = "settings not kept", frozenset({Trouble.SETTINGS_NOT_KEPT})
    forgets = (Control.GAIN, Control.OFFSET, Control.EXPOSURE_S)[chance.integers(3)]
    case.told = {"forgets": forgets.value}

    def ordinary() -> Camera:
        device = find_device(
            f"twin:{case.key}", scene=Uniform(LAMP_E_PER_S) if case.lit else Dark(), **case.options
        )
        device.__class__ = Forgetful
        device.forgets, device.changes = forgets, 0  # type: ignore[attr-defined]
        camera = Camera(device)
        camera.open()
        return camera

    case.open = ordinary  # type: ignore[method-assign]
    return case


ILLNESSES: tuple[Callable[[Case, np.random.Generator], Case], ...] = (
    interference,
    frames("zero-frames", Trouble.ZERO_FRAMES),
    frames("repeated-frames", Trouble.REPEATED_FRAMES),
    frames("torn-frames", Trouble.TORN_FRAMES),
    frames("lost-packets", Trouble.LOST_FRAMES),
    stale,
    dark_current,
    hot_pixels,
    telegraph,
    read_noise,
    bias,
    gain,
    no_lock,
    bogus_lock,
    clock,
    forgetful,
    cable,
    supply,
    fan,
    cooler,
    thermometer,
    heater,
    wet,
    wheel,
    gone,
)


def troubled(chance: np.random.Generator) -> Case:
    """A camera with one trouble."""
    return ILLNESSES[chance.integers(len(ILLNESSES))](drawn(chance), chance)
